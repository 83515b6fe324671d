"""Batches of the first Bulk API: how they are taken in, split by key, run and counted."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

from connectors.emulator.salesforce.bulk.query import bulk_plan, rows_of
from connectors.emulator.salesforce.bulk.v1_bodies import BulkError, Json, Row, read_rows
from connectors.emulator.salesforce.soql.sql import Plan
from connectors.emulator.salesforce.store.access import Rights
from connectors.emulator.salesforce.store.dates import stamp
from connectors.emulator.salesforce.store.errors import ApiError, RowError
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.salesforce.store.writes import WriteOptions, Writer
from connectors.emulator.server.http import Request

_MOST_ROWS = 10_000
_MOST_BYTES = 10_000_000
LARGEST_CHUNK, CHUNK = 250_000, 100_000
KINDS = {"text/csv": "CSV", "application/json": "JSON", "application/xml": "XML", "text/xml": "XML"}


@dataclass(slots=True)
class Batch:
    id: str
    created: str
    changed: str
    request: bytes
    state: str = "Queued"
    message: str = ""
    polls: int = 0
    processed: int = 0
    failed: int = 0
    results: list[Json] = field(default_factory=list)
    pages: dict[str, array[int]] = field(default_factory=dict)


@dataclass(slots=True)
class Job:
    id: str
    rights: Rights
    version: str
    settings: Json
    created: str
    json_replies: bool
    chunk: int | None
    state: str = "Open"
    batches: dict[str, Batch] = field(default_factory=dict)
    plan: Plan | None = None

    @property
    def operation(self) -> str:
        return str(self.settings["operation"])

    @property
    def queries(self) -> bool:
        return self.operation in ("query", "queryAll")

    @property
    def kind(self) -> str:
        return str(self.settings.get("contentType", "XML"))


class Batches:
    """Takes in and runs batches. One is seen at work for `polls` looks at it."""

    def __init__(self, org: Org, writer: Writer, polls: int) -> None:
        self._org = org
        self._writer = writer
        self._polls = polls
        self.count = 0

    def add(self, request: Request, job: Job) -> Batch:
        if job.state != "Open":
            raise BulkError("InvalidJobState", f"Job is {job.state.lower()}: no more batches")
        kind = KINDS.get(request.headers.get("content-type", "").split(";")[0].strip().lower())
        if kind != job.kind and not job.queries:
            raise BulkError("InvalidBatch", f"Content type of the batch is not that of the job ({job.kind})")
        if len(request.body) > _MOST_BYTES:
            raise BulkError("ClientInputError", "Batch data size exceeds 10000000 bytes")
        now = stamp(self._org.now())
        batch = Batch(self._org.serials.next("751"), now, now, request.body, polls=self._polls)
        job.batches[batch.id[:15]] = batch
        self.count += 1
        if job.chunk is not None and job.queries:
            self._split(job, batch)
        return batch

    def _split(self, job: Job, batch: Batch) -> None:
        """PK chunking: the batch sent is not processed itself; one more for each chunk is."""
        plan, rows = self._rows(job, batch)
        job.plan, batch.state = plan, "NotProcessed"
        for start in range(0, max(len(rows), 1), job.chunk or CHUNK):
            made = Batch(self._org.serials.next("751"), batch.created, batch.changed, batch.request, polls=self._polls)
            picked = rows[start : start + (job.chunk or CHUNK)]
            made.pages[self._org.serials.next("752")] = picked
            made.processed = len(picked)
            job.batches[made.id[:15]] = made
            self.count += 1

    def advance(self, job: Job, batch: Batch) -> None:
        if batch.state not in ("Queued", "InProgress"):
            return
        if batch.polls > 0:
            batch.polls -= 1
            batch.state = "InProgress"
            return
        batch.changed = stamp(self._org.now())
        try:
            if job.queries:
                if not batch.pages:
                    job.plan, rows = self._rows(job, batch)
                    batch.pages[self._org.serials.next("752")] = rows
                    batch.processed = len(rows)
            else:
                self._write(job, batch)
            batch.state = "Completed"
        except (BulkError, ApiError) as error:
            batch.state, batch.message = "Failed", f"InvalidBatch : {error.message}"

    def _rows(self, job: Job, batch: Batch) -> tuple[Plan, array[int]]:
        try:
            soql = batch.request.decode("utf-8").strip()
        except UnicodeDecodeError:
            raise BulkError("InvalidBatch", "The query is not UTF-8") from None
        plan = bulk_plan(self._org, soql, job.rights, everything=job.operation == "queryAll")
        if plan.object.name != job.settings["object"]:
            raise BulkError("InvalidBatch", f"The query is not of {job.settings['object']}")
        return plan, rows_of(self._org, plan)

    def _write(self, job: Job, batch: Batch) -> None:
        rows = read_rows(job.kind, batch.request)
        if len(rows) > _MOST_ROWS:
            raise BulkError("InvalidBatch", f"Records not found for this query or more than {_MOST_ROWS} in a batch")
        with self._org.store.lock:
            batch.results = [self._one(job, row) for row in rows]
        batch.processed = len(rows)
        batch.failed = sum(not result["success"] for result in batch.results)

    def _one(self, job: Job, row: Row) -> Json:
        thing = self._org.schema.objects[str(job.settings["object"])]
        by_name = {name.lower(): name for name in row}
        record_id = str(row.get(by_name.get("id", ""), "") or "")
        values = {name: value for name, value in row.items() if name.lower() not in ("id", "attributes")}
        options = WriteOptions(auto_assign="assignmentRuleId" in job.settings, csv=job.kind != "JSON")
        created = False
        try:
            if job.operation == "insert":
                record_id, created = self._writer.create(thing, values, job.rights, options), True
            elif job.operation == "update":
                self._writer.update(thing, record_id, values, job.rights, options)
            elif job.operation == "upsert":
                key = str(job.settings["externalIdFieldName"])
                given = {"Id": record_id, **values} if record_id else values
                record_id, created = self._writer.upsert(thing, key, given, job.rights, options)
            else:
                self._writer.delete(thing, record_id, job.rights)
        except RowError as error:
            return {"id": None, "success": False, "created": False, "errors": [error]}
        return {"id": record_id, "success": True, "created": created, "errors": []}
