"""Bulk API 2.0 query: `/jobs/query`, with results as CSV pages that each begin with the header row."""

from __future__ import annotations

import base64
import gzip
from array import array
from dataclasses import dataclass, field

import orjson

from connectors.emulator.salesforce.bulk import jobs as bulk_jobs
from connectors.emulator.salesforce.bulk.jobs import DELIMITERS, LINE_ENDS, Job, Json
from connectors.emulator.salesforce.call import no_content
from connectors.emulator.salesforce.soql.parser import parse
from connectors.emulator.salesforce.soql.sql import Compiler, Output, Plan
from connectors.emulator.salesforce.soql.tree import Query
from connectors.emulator.salesforce.soql.whos import CODE, too_large
from connectors.emulator.salesforce.store.access import Rights
from connectors.emulator.salesforce.store.dates import stamp
from connectors.emulator.salesforce.store.errors import ApiError, not_found
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.server.http import Request, Response

LARGEST_PAGE = 50_000
_PARALLEL_SINCE = 58.0


@dataclass(slots=True)
class _QueryJob:
    job: Job
    plan: Plan
    rows: array[int] = field(default_factory=lambda: array("q"))

    @property
    def user_id(self) -> str:
        return self.job.user_id

    @property
    def version(self) -> str:
        return self.job.version


class BulkQueries:
    """All query jobs of one organisation. A job is seen at work for `polls` status requests; `page_rows` is the size of
    a page.
    """

    def __init__(self, org: Org, *, polls: int = 1, page_rows: int = LARGEST_PAGE) -> None:
        self._org = org
        self._polls = polls
        self._page_rows = page_rows
        self._jobs: dict[str, _QueryJob] = {}
        self.count = 0

    def create(self, body: object, rights: Rights, version: str) -> Json:
        job = bulk_jobs.new_job(self._org, body, rights.user_id, version, state="UploadComplete")
        if job.operation not in ("query", "queryAll"):
            raise ApiError(400, "INVALIDJOB", f"InvalidJob : Invalid operation {job.operation!r}")
        soql = body.get("query") if isinstance(body, dict) else None
        if not isinstance(soql, str) or not soql.strip():
            raise ApiError(400, "INVALIDJOB", "InvalidJob : query is required")
        plan = bulk_plan(self._org, soql, rights, everything=job.operation == "queryAll")
        job.object, job.polls = plan.object.name, self._polls
        refused = too_large(self._org, plan, rights)
        if refused is not None:
            job.error = f"InvalidBatch : Failed to process query: {CODE}: {refused}"
        rows = rows_of(self._org, plan) if refused is None else array("q")
        self._jobs[job.id[:15]] = _QueryJob(job, plan, rows)
        self.count += 1
        return {**job.head(), "lineEnding": job.line_ending, "columnDelimiter": job.delimiter}

    def all(self, rights: Rights) -> Json:
        mine = [made for made in self._jobs.values() if made.user_id == rights.user_id]
        return {"done": True, "records": [{**m.job.head(), "jobType": "V2Query"} for m in mine], "nextRecordsUrl": None}

    def status(self, job_id: str, rights: Rights) -> Json:
        made = self._find(job_id, rights, None)
        job = made.job
        if job.state in ("UploadComplete", "InProgress"):
            ended = "JobComplete" if job.error is None else "Failed"
            job.state = "InProgress" if job.polls > 0 else ended
            job.polls -= 1
            job.changed = stamp(self._org.now())
        done = job.state == "JobComplete"
        return {
            **job.head(),
            "jobType": "V2Query",
            "lineEnding": job.line_ending,
            "columnDelimiter": job.delimiter,
            "numberRecordsProcessed": len(made.rows) if done else 0,
            "retries": 0,
            "totalProcessingTime": 100 if done else 0,
            "isPkChunkingSupported": made.plan.query.limit is None and not made.plan.query.order,
            **({"errorMessage": job.error} if job.state == "Failed" else {}),
        }

    def change(self, job_id: str, body: object, rights: Rights) -> Json:
        made = self._find(job_id, rights, None)
        if not isinstance(body, dict) or body.get("state") != "Aborted":
            raise ApiError(400, "INVALIDJOBSTATE", "InvalidJobState : the state can only be changed to Aborted")
        if made.job.state not in ("UploadComplete", "InProgress"):
            raise ApiError(
                400, "INVALIDJOBSTATE", f"InvalidJobState : Aborting a job in state {made.job.state} is not allowed"
            )
        made.job.state = "Aborted"
        return made.job.head()

    def delete(self, job_id: str, rights: Rights) -> Response:
        made = self._find(job_id, rights, None)
        if made.job.state in ("UploadComplete", "InProgress"):
            raise ApiError(400, "INVALIDJOBSTATE", "InvalidJobState : only a job that has ended can be deleted")
        del self._jobs[job_id[:15]]
        return no_content()

    def results(self, job_id: str, request: Request, rights: Rights, version: str) -> Response:
        """One page. Always compressed for a client that accepts it."""
        made = self._find(job_id, rights, version)
        if made.job.state != "JobComplete":
            raise ApiError(400, "INVALIDJOBSTATE", f"InvalidJobState : results of a job in state {made.job.state}")
        start = _offset(request.param("locator"))
        if start > len(made.rows):
            raise ApiError(400, "INVALIDLOCATOR", "InvalidLocator : unknown locator")
        size = _page_size(request.param("maxRecords"), self._page_rows)
        picked = made.rows[start : start + size]
        delimiter, end = DELIMITERS[made.job.delimiter], LINE_ENDS[made.job.line_ending]
        body = csv_page(self._org, made.plan, picked, delimiter, end)
        after = start + len(picked)
        headers = {
            "Sforce-NumberOfRecords": str(len(picked)),
            "Sforce-Locator": _locator(after) if after < len(made.rows) else "null",
        }
        if "gzip" in request.headers.get("accept-encoding", ""):
            body = gzip.compress(body, compresslevel=1, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return Response(200, body, "text/csv", headers)

    def result_pages(self, job_id: str, request: Request, rights: Rights, version: str) -> Json:
        """Up to five addresses of pages that can be fetched in parallel. How large a page is, the organisation
        decides.
        """
        if float(version) < _PARALLEL_SINCE:
            raise not_found()
        made = self._find(job_id, rights, version)
        if made.job.state != "JobComplete":
            raise ApiError(400, "INVALIDJOBSTATE", f"InvalidJobState : results of a job in state {made.job.state}")
        starts = range(_offset(request.param("locator")), max(len(made.rows), 1), self._page_rows)
        base = f"/services/data/v{version}/jobs/query/{made.job.id}"
        links = [{"resultUrl": f"{base}/results?locator={_locator(at)}"} for at in starts[:5]]
        answered: Json = {"resultPages": links, "done": len(starts) <= 5}
        if len(starts) > 5:
            answered["nextRecordsUrl"] = f"{base}/resultPages?locator={_locator(starts[5])}"
        return answered

    def _find(self, job_id: str, rights: Rights, version: str | None) -> _QueryJob:
        found: _QueryJob = bulk_jobs.find(self._jobs, job_id, rights.user_id, version)
        return found


def bulk_plan(org: Org, soql: str, rights: Rights, *, everything: bool) -> Plan:
    """A statement as Bulk runs it. Raises ApiError for what Bulk does not serve."""
    query = parse(soql)
    thing = org.schema.object(query.source.text)
    if thing is not None and not thing.queryable_in_bulk:
        raise ApiError(400, "INVALIDENTITY", f"Entity '{thing.name}' is not supported by the Bulk API.")
    _refuse(query)
    private = org.behaviours.private_activities
    compiler = Compiler(org.schema, rights, org.now().date(), everything=everything, private_activities=private)
    plan = compiler.compile(query)
    if any(output.type == "address" for output in plan.outputs) or plan.children or plan.typed:
        raise _unsupported("Compound data types and nested queries are not supported in Bulk Query")
    return plan


def rows_of(org: Org, plan: Plan) -> array[int]:
    """Row numbers of the whole answer, as of now."""
    org.reading()
    return array("q", (row[0] for row in org.store.tuples(plan.rows_sql(), plan.parameters)))


def csv_page(org: Org, plan: Plan, picked: array[int], delimiter: str = ",", end: str = "\n") -> bytes:
    """The rows as CSV with a header, every cell quoted."""
    cells = f" || '\"{delimiter}\"' || ".join(_cell(output) for output in plan.outputs)
    sql = (
        f"SELECT '\"' || {cells} || '\"' FROM json_each(?) page CROSS JOIN \"{plan.object.name}\" t "  # noqa: S608
        f"ON t.rowid = page.value {plan.joins} ORDER BY page.key"
    )
    org.reading()
    lines = [row[0] for row in org.store.tuples(sql, (orjson.dumps(picked.tolist()).decode(),))]
    header = delimiter.join(f'"{".".join(output.path)}"' for output in plan.outputs)
    return (end.join([header, *lines]) + end).encode()


def _cell(output: Output) -> str:
    sql = output.sql
    if output.type == "boolean":
        return f"CASE {sql} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE '' END"
    if output.type == "datetime":
        return f"coalesce(substr({sql}, 1, 23) || 'Z', '')"
    if output.type in ("double", "currency", "percent"):
        return f"coalesce({sql}, '')"
    if output.type in ("int", "date", "id", "reference"):
        return f"coalesce({sql}, '')"
    return f"coalesce(replace({sql}, '\"', '\"\"'), '')"


def _refuse(query: Query) -> None:
    if query.group or query.aggregates:
        raise _unsupported("Aggregate Relationships not supported in Bulk Query")
    if query.offset:
        raise _unsupported("OFFSET not supported in Bulk Query")
    if query.all_fields:
        raise _unsupported("FIELDS() not supported in Bulk Query")


def _unsupported(message: str) -> ApiError:
    return ApiError(400, "FEATURENOTENABLED", f"FeatureNotEnabled : {message}")


def _locator(offset: int) -> str:
    return base64.urlsafe_b64encode(f"p{offset}".encode()).decode().rstrip("=")


def _offset(locator: str | None) -> int:
    if not locator or locator == "null":
        return 0
    try:
        text = base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)).decode()
        return int(text.removeprefix("p"))
    except ValueError:
        raise ApiError(400, "INVALIDLOCATOR", "InvalidLocator : unknown locator") from None


def _page_size(text: str | None, most: int) -> int:
    if text is None:
        return most
    if not text.isdigit() or int(text) < 1:
        raise ApiError(400, "INVALIDREQUEST", "InvalidRequest : maxRecords must be a positive number")
    return min(int(text), most)
