"""The first Bulk API: `/services/async/XX.0/job`, batches of CSV, JSON or XML, queries and changes."""

from __future__ import annotations

import re

from connectors.emulator.salesforce.bulk.query import csv_page
from connectors.emulator.salesforce.bulk.v1_batches import CHUNK, KINDS, LARGEST_CHUNK, Batch, Batches, Job
from connectors.emulator.salesforce.bulk.v1_bodies import (
    NAMESPACE,
    XML,
    BulkError,
    Json,
    info_answer,
    read_info,
    results_answer,
    rows_answer,
    tagged,
)
from connectors.emulator.salesforce.rest.query import picked_records
from connectors.emulator.salesforce.store.access import Rights
from connectors.emulator.salesforce.store.dates import stamp
from connectors.emulator.salesforce.store.errors import ApiError
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.salesforce.store.writes import Writer
from connectors.emulator.server.http import Request, Response

_PATH = re.compile(
    r"/services/async/(\d+)\.0/job(?:/(\w{15,18})(?:/(batch)(?:/(\w{15,18})(?:/(request|result)(?:/(\w{15,18})"
    r")?)?)?)?)?/?\Z"
)
_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete", "query", "queryAll")


class BulkV1:
    """All jobs of one organisation in the old API. A batch is seen at work for `polls` looks at it."""

    def __init__(self, org: Org, writer: Writer, *, polls: int = 1) -> None:
        self._org = org
        self._work = Batches(org, writer, polls)
        self._jobs: dict[str, Job] = {}

    @property
    def batches(self) -> int:
        """Batches so far; they share a daily limit with Bulk 2.0 ingest."""
        return self._work.count

    def serves(self, path: str) -> bool:
        return path.startswith("/services/async/")

    def handle(self, request: Request, rights: Rights | None) -> Response:
        """Answers a call, or an error in XML (JSON for who sends JSON). `rights`: None for no valid session."""
        wants_json = _wants_json(request)
        try:
            if rights is None:
                raise BulkError("InvalidSessionId", "Invalid session id")
            match = _PATH.match(request.path)
            if match is None:
                raise BulkError("InvalidUrl", f"Destination URL not found: {request.path}", 404)
            version, job_id, batches, batch_id, part, result_id = match.groups()
            if job_id is None:
                return self._create(request, rights, f"{version}.0", wants_json)
            job = self._find(job_id, rights)
            if batches is None:
                return self._job(request, job, wants_json)
            if batch_id is None:
                return self._batches(request, job)
            return self._batch(job, batch_id, part, result_id)
        except BulkError as error:
            return error.answer(as_json=wants_json)
        except ApiError as error:
            code = error.code.title().replace("_", "") if error.code.isupper() else error.code
            return BulkError(code, error.message, error.status).answer(as_json=wants_json)

    # jobs

    def _create(self, request: Request, rights: Rights, version: str, wants_json: bool) -> Response:
        if request.method != "POST":
            raise BulkError("ClientInputError", f"HTTP method {request.method} is not allowed here", 405)
        given = read_info(request, "jobInfo")
        operation = str(given.get("operation", ""))
        thing = self._org.schema.object(str(given.get("object", "")))
        if thing is None or not rights.allows(thing, "read"):
            raise BulkError("InvalidJob", f"Unable to find object: {given.get('object')}")
        if operation not in _OPERATIONS:
            raise BulkError("InvalidJob", f"Unknown operation: {operation}")
        if operation == "upsert" and not given.get("externalIdFieldName"):
            raise BulkError("InvalidJob", "External id was blank for upsert")
        kind = str(given.get("contentType") or "XML")
        if kind not in ("CSV", "JSON", "XML"):
            raise BulkError("InvalidJob", f"contentType {kind} is not served")
        if "query" in operation.lower() and not thing.queryable_in_bulk:
            raise BulkError("InvalidEntity", f"Entity '{thing.name}' is not supported by the Bulk API.")
        settings = {"operation": operation, "object": thing.name, "contentType": kind,
                    "concurrencyMode": given.get("concurrencyMode") or "Parallel"}  # fmt: skip
        for name in ("externalIdFieldName", "assignmentRuleId"):
            if given.get(name):
                settings[name] = given[name]
        chunk = _chunk_size(request.headers.get("sforce-enable-pkchunking", ""))
        job = Job(self._org.serials.next("750"), rights, version, settings, stamp(self._org.now()), wants_json, chunk)
        self._jobs[job.id[:15]] = job
        return info_answer("jobInfo", self._head(job), as_json=wants_json, status=201)

    def _job(self, request: Request, job: Job, wants_json: bool) -> Response:
        if request.method == "POST":
            state = read_info(request, "jobInfo").get("state")
            if state not in ("Closed", "Aborted") or job.state != "Open":
                raise BulkError("InvalidJobState", f"Job in state {job.state} cannot become {state}")
            job.state = str(state)
            for batch in job.batches.values():
                if state == "Aborted" and batch.state in ("Queued", "InProgress"):
                    batch.state = "NotProcessed"
        return info_answer("jobInfo", self._head(job), as_json=wants_json or (_unsaid(request) and job.json_replies))

    def _head(self, job: Job) -> Json:
        states = [batch.state for batch in job.batches.values()]
        counted = {
            f"numberBatches{name}": states.count(name) for name in ("Queued", "InProgress", "Completed", "Failed")
        }
        return {
            "id": job.id,
            "operation": job.operation,
            "object": job.settings["object"],
            "createdById": job.rights.user_id,
            "createdDate": job.created,
            "systemModstamp": job.created,
            "state": job.state,
            **(
                {"externalIdFieldName": job.settings["externalIdFieldName"]}
                if "externalIdFieldName" in job.settings
                else {}
            ),
            "concurrencyMode": job.settings["concurrencyMode"],
            "contentType": job.kind,
            **counted,
            "numberBatchesTotal": len(states),
            "numberRecordsProcessed": sum(batch.processed for batch in job.batches.values()),
            "numberRetries": 0,
            "apiVersion": float(job.version),
            "numberRecordsFailed": sum(batch.failed for batch in job.batches.values()),
            "totalProcessingTime": 0,
            "apiActiveProcessingTime": 0,
            "apexProcessingTime": 0,
        }

    def _find(self, job_id: str, rights: Rights) -> Job:
        job = self._jobs.get(job_id[:15])
        if job is None or job.rights.user_id != rights.user_id:
            raise BulkError("InvalidJob", f"Unable to find job with id: {job_id}", 404)
        return job

    # batches: JSON for JSON jobs, otherwise XML whatever the job itself was written in

    def _batches(self, request: Request, job: Job) -> Response:
        as_json = job.kind == "JSON"
        if request.method == "POST":
            return info_answer("batchInfo", self._info(job, self._work.add(request, job)), as_json=as_json, status=201)
        for batch in job.batches.values():
            self._work.advance(job, batch)
        infos = [self._info(job, batch) for batch in job.batches.values()]
        if as_json:
            return info_answer("", {"batchInfo": infos}, as_json=True)
        inside = "".join(tagged("batchInfo", info) for info in infos)
        body = f'<?xml version="1.0" encoding="UTF-8"?><batchInfoList xmlns="{NAMESPACE}">{inside}</batchInfoList>'
        return Response(200, body.encode(), XML)

    def _batch(self, job: Job, batch_id: str, part: str | None, result_id: str | None) -> Response:
        batch = job.batches.get(batch_id[:15])
        if batch is None:
            raise BulkError("InvalidBatch", f"Unable to find batch with id: {batch_id}", 404)
        as_json = job.kind == "JSON"
        if part is None:
            self._work.advance(job, batch)
            return info_answer("batchInfo", self._info(job, batch), as_json=as_json)
        kinds = {held: kind for kind, held in reversed(KINDS.items())}
        if part == "request":
            return Response(200, batch.request, kinds[job.kind])
        if batch.state != "Completed":
            raise BulkError("InvalidBatch", f"Batch not completed: {batch.state}")
        if not job.queries:
            return results_answer(job.kind, batch.results)
        if result_id is None:
            return _result_list(list(batch.pages), as_json=as_json)
        picked = batch.pages.get(result_id)
        if picked is None or job.plan is None:
            raise BulkError("InvalidUrl", f"Unable to find result {result_id}", 404)
        if job.kind == "CSV":
            return Response(200, csv_page(self._org, job.plan, picked), "text/csv", compress=True)
        return rows_answer(job.kind, picked_records(self._org, job.plan, picked, job.version))

    def _info(self, job: Job, batch: Batch) -> Json:
        return {
            "id": batch.id,
            "jobId": job.id,
            "state": batch.state,
            **({"stateMessage": batch.message} if batch.message else {}),
            "createdDate": batch.created,
            "systemModstamp": batch.changed,
            "numberRecordsProcessed": batch.processed,
            "numberRecordsFailed": batch.failed,
            "totalProcessingTime": 0,
            "apiActiveProcessingTime": 0,
            "apexProcessingTime": 0,
        }


def _wants_json(request: Request) -> bool:
    """Jobs are described in the form that they were sent in."""
    said = request.headers.get("content-type", "") or request.headers.get("accept", "")
    return "json" in said


def _unsaid(request: Request) -> bool:
    return not request.headers.get("content-type")


def _chunk_size(header: str) -> int | None:
    if not header or header.strip().lower() == "false":
        return None
    match = re.search(r"chunkSize\s*=\s*(\d+)", header)
    return min(LARGEST_CHUNK, max(1, int(match.group(1)))) if match else CHUNK


def _result_list(ids: list[str], *, as_json: bool) -> Response:
    if as_json:
        return info_answer("", ids, as_json=True)
    inside = "".join(f"<result>{result}</result>" for result in ids)
    body = f'<?xml version="1.0" encoding="UTF-8"?><result-list xmlns="{NAMESPACE}">{inside}</result-list>'
    return Response(200, body.encode(), XML)
