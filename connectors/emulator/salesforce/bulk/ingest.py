"""Bulk API 2.0 ingest: `/jobs/ingest`, one upload, results in another order than the rows came."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field

from connectors.emulator.salesforce.bulk import jobs as bulk_jobs
from connectors.emulator.salesforce.bulk.jobs import DELIMITERS, LINE_ENDS, Job, Json
from connectors.emulator.salesforce.call import no_content
from connectors.emulator.salesforce.store.access import Rights
from connectors.emulator.salesforce.store.dates import stamp
from connectors.emulator.salesforce.store.errors import ApiError, RowError
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.salesforce.store.schema import Object
from connectors.emulator.salesforce.store.writes import WriteOptions, Writer
from connectors.emulator.server.http import Response

_BATCH = 10_000
_NULL = "#N/A"
_MOST_BYTES = 150_000_000
_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")


@dataclass(slots=True)
class _IngestJob:
    job: Job
    body: bytes = b""
    uploaded: bool = False
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    succeeded: list[tuple[str, bool, list[str]]] = field(default_factory=list)
    failed: list[tuple[str, str, list[str]]] = field(default_factory=list)
    unprocessed: list[list[str]] = field(default_factory=list)

    @property
    def user_id(self) -> str:
        return self.job.user_id

    @property
    def version(self) -> str:
        return self.job.version


class BulkIngests:
    """All ingest jobs of one organisation. `newline_in_quotes_fails`: whether a line break inside a quoted value trips
    the line-ending check, as several reports say it does.
    """

    def __init__(self, org: Org, writer: Writer, *, polls: int = 1, newline_in_quotes_fails: bool = True) -> None:
        self._org = org
        self._writer = writer
        self._polls = polls
        self._strict = newline_in_quotes_fails
        self._jobs: dict[str, _IngestJob] = {}
        self.batches = 0

    def create(self, body: object, rights: Rights, version: str) -> Json:
        job = bulk_jobs.new_job(self._org, body, rights.user_id, version, state="Open")
        given = body if isinstance(body, dict) else {}
        thing = self._org.schema.object(str(given.get("object", "")))
        if thing is None or not rights.allows(thing, "read"):
            raise ApiError(400, "INVALIDENTITY", f"InvalidEntity : Unknown object: {given.get('object')}")
        if job.operation not in _OPERATIONS:
            raise ApiError(400, "INVALIDJOB", f"InvalidJob : Invalid operation {job.operation!r}")
        if job.operation == "upsert" and not given.get("externalIdFieldName"):
            raise ApiError(400, "INVALIDJOB", "InvalidJob : externalIdFieldName is required for upsert")
        if not rights.allows(
            thing, "delete" if "elete" in job.operation else "create" if job.operation == "insert" else "edit"
        ):
            raise ApiError(400, "INSUFFICIENT_ACCESS", f"User not allowed to {job.operation} {thing.name}")
        job.object, job.polls = thing.name, self._polls
        if given.get("externalIdFieldName"):
            job.extra["externalIdFieldName"] = given["externalIdFieldName"]
        if given.get("assignmentRuleId"):
            job.extra["assignmentRuleId"] = given["assignmentRuleId"]
        self._jobs[job.id[:15]] = _IngestJob(job)
        return self._head(job)

    def all(self, rights: Rights) -> Json:
        mine = [made for made in self._jobs.values() if made.user_id == rights.user_id]
        return {
            "done": True,
            "records": [{**m.job.head(), "jobType": "V2Ingest"} for m in mine],
            "nextRecordsUrl": None,
        }

    def upload(self, job_id: str, data: bytes, content_type: str, rights: Rights, version: str) -> None:
        made = self._find(job_id, rights, version)
        if made.job.state != "Open":
            raise ApiError(400, "INVALIDJOBSTATE", f"InvalidJobState : upload to a job in state {made.job.state}")
        if made.uploaded:
            raise ApiError(400, "INVALIDBATCH", "InvalidBatch : data has already been uploaded for this job")
        if not content_type.lower().startswith("text/csv"):
            raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", f"Content-Type {content_type!r} is not text/csv")
        if len(data) * 4 // 3 > _MOST_BYTES:
            raise ApiError(413, "REQUEST_ENTITY_TOO_LARGE", "The data exceeds 150 MB after encoding")
        made.body, made.uploaded = data, True

    def change(self, job_id: str, body: object, rights: Rights) -> Json:
        made = self._find(job_id, rights, None)
        state = body.get("state") if isinstance(body, dict) else None
        if state == "UploadComplete" and made.job.state == "Open":
            made.job.state = "UploadComplete"
        elif state == "Aborted" and made.job.state in ("Open", "UploadComplete", "InProgress"):
            made.job.state = "Aborted"
            self._parse(made)
            made.unprocessed = made.rows
        else:
            message = f"InvalidJobState : a job in state {made.job.state} cannot become {state}"
            raise ApiError(400, "INVALIDJOBSTATE", message)
        made.job.changed = stamp(self._org.now())
        return made.job.head()

    def status(self, job_id: str, rights: Rights) -> Json:
        made = self._find(job_id, rights, None)
        job = made.job
        if job.state in ("UploadComplete", "InProgress"):
            if job.polls > 0:
                job.state = "InProgress"
                job.polls -= 1
            else:
                self._run(made, rights)
        answer = {
            **self._head(job),
            "jobType": "V2Ingest",
            "retries": 0,
            "totalProcessingTime": 100 if job.processed else 0,
            "apiActiveProcessingTime": 50 if job.processed else 0,
            "apexProcessingTime": 0,
            "numberRecordsProcessed": job.processed,
            "numberRecordsFailed": job.failed,
        }
        if job.error:
            answer["errorMessage"] = job.error
        if job.state != "Open":
            answer.pop("contentUrl")
        return answer

    def delete(self, job_id: str, rights: Rights) -> Response:
        made = self._find(job_id, rights, None)
        if made.job.state in ("UploadComplete", "InProgress"):
            raise ApiError(400, "INVALIDJOBSTATE", "InvalidJobState : only a job that has ended can be deleted")
        del self._jobs[job_id[:15]]
        return no_content()

    def results(self, job_id: str, kind: str, rights: Rights, version: str) -> bytes:
        """`kind`: successfulResults, failedResults or unprocessedrecords."""
        made = self._find(job_id, rights, version)
        if kind == "successfulResults":
            head, rows = ["sf__Id", "sf__Created"], [[i, str(new).lower(), *row] for i, new, row in made.succeeded]
        elif kind == "failedResults":
            head, rows = ["sf__Id", "sf__Error"], [[i, error, *row] for i, error, row in made.failed]
        else:
            head, rows = [], made.unprocessed
        out = io.StringIO()
        writer = csv.writer(
            out,
            quoting=csv.QUOTE_ALL,
            delimiter=DELIMITERS[made.job.delimiter],
            lineterminator=LINE_ENDS[made.job.line_ending],
        )
        writer.writerow([*head, *made.header])
        writer.writerows(rows)
        return out.getvalue().encode()

    def _head(self, job: Job) -> Json:
        head = {**job.head(), **job.extra, "lineEnding": job.line_ending, "columnDelimiter": job.delimiter}
        return {**head, "contentUrl": f"services/data/v{job.version}/jobs/ingest/{job.id}/batches"}

    def _find(self, job_id: str, rights: Rights, version: str | None) -> _IngestJob:
        found: _IngestJob = bulk_jobs.find(self._jobs, job_id, rights.user_id, version)
        return found

    def _run(self, made: _IngestJob, rights: Rights) -> None:
        job = made.job
        job.error = self._line_ending_error(made) or self._parse(made) or self._header_error(made, rights)
        job.changed = stamp(self._org.now())
        if job.error:
            job.state = "Failed"
            made.unprocessed = made.rows
            return
        thing = self._org.schema.objects[job.object]
        with self._org.store.lock:
            for row in made.rows:
                self._apply(made, thing, row, rights)
        self.batches += max(1, -(-len(made.rows) // _BATCH))
        job.processed, job.failed = len(made.rows), len(made.failed)
        made.succeeded.sort(key=lambda done: done[0][::-1])
        made.failed.reverse()
        job.state = "JobComplete"

    def _line_ending_error(self, made: _IngestJob) -> str | None:
        wrong = (
            f"ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is "
            f"{made.job.line_ending}"
        )
        has_crlf = b"\r\n" in made.body
        if (made.job.line_ending == "LF" and has_crlf) or (
            made.job.line_ending == "CRLF" and b"\n" in made.body.replace(b"\r\n", b"")
        ):
            return wrong
        if self._strict and made.body.count(b'"') and _newline_in_quotes(made.body):
            return wrong
        return None

    def _parse(self, made: _IngestJob) -> str | None:
        if made.header:
            return None
        try:
            text = made.body.decode("utf-8")
        except UnicodeDecodeError:
            return "InvalidBatch : the data is not UTF-8"
        if text.startswith("\ufeff"):
            text = text[1:]
        rows = [
            row for row in csv.reader(io.StringIO(text, newline=""), delimiter=DELIMITERS[made.job.delimiter]) if row
        ]
        if not rows:
            return "InvalidBatch : The CSV file is empty"
        made.header, made.rows = rows[0], rows[1:]
        return None

    def _header_error(self, made: _IngestJob, rights: Rights) -> str | None:
        thing = self._org.schema.objects[made.job.object]
        visible = rights.fields(thing)
        unknown = [name for name in made.header if "." not in name and name.lower() not in visible]
        if unknown:
            return f"InvalidBatch : Field name not found : {unknown[0]}"
        if made.job.operation in ("update", "delete", "hardDelete") and "id" not in [
            name.lower() for name in made.header
        ]:
            return "InvalidBatch : Field name not found : Id"
        return None

    def _apply(self, made: _IngestJob, thing: Object, row: list[str], rights: Rights) -> None:
        cells = dict(zip(made.header, row, strict=False))
        record_id = next((value for name, value in cells.items() if name.lower() == "id"), "")
        values = {
            name: None if value == _NULL else value
            for name, value in cells.items()
            if value != "" and name.lower() != "id"
        }
        options = WriteOptions(auto_assign="assignmentRuleId" in made.job.extra, csv=True)
        try:
            if len(row) != len(made.header):
                raise RowError("INVALID_CSV", f"the row has {len(row)} cells, the header {len(made.header)}")
            done, created = self._one(made.job, thing, record_id, values, rights, options)
            made.succeeded.append((done, created, row))
        except RowError as error:
            made.failed.append((record_id, error.bulk(), row))

    def _one(
        self,
        job: Job,
        thing: Object,
        record_id: str,
        values: dict[str, str | None],
        rights: Rights,
        options: WriteOptions,
    ) -> tuple[str, bool]:
        if job.operation == "insert":
            return self._writer.create(thing, values, rights, options), True
        if job.operation == "update":
            self._writer.update(thing, record_id, values, rights, options)
            return record_id, False
        if job.operation == "upsert":
            return self._writer.upsert(
                thing, str(job.extra["externalIdFieldName"]), {"Id": record_id, **values}, rights, options
            )
        self._writer.delete(thing, record_id, rights)
        return record_id, False


def _newline_in_quotes(body: bytes) -> bool:
    """Whether some line break lies inside quotes: then an odd number of quotes precedes it."""
    return any(part.count(b"\n") for part in body.split(b'"')[1::2])
