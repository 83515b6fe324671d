"""Bulk API 2.0: queries page by page with every row accounted for, and ingest jobs joined on the record's id."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.errors import FatalError, RetriableError
from connectors.retry import retrying
from connectors.salesforce.client import Client, Record, keyed
from connectors.salesforce.columns import Frame, from_csv
from connectors.salesforce.config import SalesforceConfig
from connectors.salesforce.failures import BulkRefused, NotFound

_NULL = "#N/A"
_MAX_BYTES = 100 * 1000 * 1000
_POLL = (0.5, 5.0)
"""Seconds between looks at a job: at first, and at most."""


class _NotDone(RetriableError):
    """The job still runs."""


@dataclass(frozen=True, slots=True)
class BulkPage:
    """Rows, and where the next ones are (None: that was all). `rows` counts them from the job's first."""

    frame: Frame
    job: str
    locator: str | None
    rows: int


class BulkQueries:
    """Runs queries as jobs."""

    def __init__(self, client: Client, config: SalesforceConfig) -> None:
        self._client, self._config = client, config

    def start(self, soql: str, *, everything: bool) -> str:
        """Creates the job. Raises BulkRefused when the object is not for Bulk."""
        payload = {
            "operation": "queryAll" if everything else "query",
            "query": soql,
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
        return str(self._client.send("POST", f"{self._client.root}/jobs/query", payload, shape=keyed("id"))["id"])

    def is_alive(self, job: str) -> bool:
        """Whether the results of an earlier job can still be read."""
        try:
            state = self._client.send("GET", f"{self._client.root}/jobs/query/{job}", shape=keyed("state"))["state"]
        except NotFound:
            return False
        return state not in ("Failed", "Aborted")

    def pages(self, job: str, paths: Sequence[str], locator: str | None = None, rows: int = 0) -> Iterator[BulkPage]:
        """Result pages from a locator on. Raises RetriableError when rows are missing, BulkRefused when the job failed."""
        done = wait(self._client, f"{self._client.root}/jobs/query/{job}", self._config.bulk_seconds)
        if done["state"] == "Failed":  # the query itself is at fault; by REST it may still be answered
            raise BulkRefused(f"Bulk query {job} failed: {done.get('errorMessage') or 'no reason given'}.")
        if done["state"] != "JobComplete":
            raise RetriableError(f"Bulk query {job} was {done['state'].lower()}.")
        expected = int(done.get("numberRecordsProcessed") or 0)
        self._client.minimum += 2
        while True:
            page = retrying(lambda at=locator, n=rows: self._page(job, paths, at, n), on=RetriableError)  # type: ignore[misc]
            self._client.minimum += 1
            if page.locator is None and page.rows != expected:
                raise RetriableError(f"Bulk query {job} gave {page.rows} rows of {expected}.")
            yield page
            if page.locator is None:
                return
            locator, rows = page.locator, page.rows

    def _page(self, job: str, paths: Sequence[str], locator: str | None, before: int) -> BulkPage:
        params = {"maxRecords": str(self._config.bulk_page_rows), **({"locator": locator} if locator else {})}
        response = self._client.raw(
            "GET", f"{self._client.root}/jobs/query/{job}/results", params=params, headers={"Accept": "text/csv"}
        )
        if not response.headers.get("Content-Type", "").lower().startswith("text/csv"):
            raise RetriableError("A Bulk result page is not CSV.")
        frame = from_csv(whole_lines(response.content), paths)
        declared = response.headers.get("Sforce-NumberOfRecords")
        if declared is not None and declared != str(frame.size):
            raise RetriableError(f"A Bulk result page has {frame.size} rows of {declared}.")
        following = response.headers.get("Sforce-Locator")
        return BulkPage(frame, job, None if following in (None, "", "null") else following, before + frame.size)


def wait(
    client: Client,
    address: str,
    seconds: float,
    done: Sequence[str] = ("JobComplete", "Failed", "Aborted"),
    state: Callable[[Record], str] = lambda job: str(job.get("state")),
) -> Record:
    """Looks at a job until it has ended. Raises RetriableError when that takes longer than `seconds`."""
    pause = _POLL[0]

    def look() -> Record:
        nonlocal pause
        job: Record = client.send("GET", address)
        if not isinstance(job, dict):
            raise RetriableError("Salesforce answered a question about a job with something else.")
        if state(job) in done:
            return job
        pause = min(pause * 1.5, _POLL[1])
        raise _NotDone(f"The job is still {state(job)}.", retry_after=pause)

    return retrying(look, on=_NotDone, attempts=100_000, total=seconds)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row: error None is a success."""

    record_id: str
    error: str | None


class BulkUpdates:
    """Updates records by an ingest job."""

    def __init__(self, client: Client, config: SalesforceConfig) -> None:
        self._client, self._config = client, config

    def update(
        self, object_name: str, fields: Sequence[str], rows: Sequence[Mapping[str, str | None]]
    ) -> list[Outcome]:
        """One outcome per row, whatever their order in the answer. Rows have `Id` and some of `fields`; a field that a
        row does not have is left alone, None clears it. Raises RetriableError when an outcome is unknown."""
        body = ingest_csv(["Id", *fields], rows)
        if len(body) > _MAX_BYTES:
            raise FatalError("A Bulk write is larger than 100 MB.", remedy="Write fewer records at once.")
        root, send = self._client.root, self._client.send
        settings = {"object": object_name, "operation": "update", "contentType": "CSV", "lineEnding": "LF"}
        job = str(send("POST", f"{root}/jobs/ingest", settings, purpose="write", shape=keyed("id"))["id"])
        address = f"{root}/jobs/ingest/{job}"
        kind = {"Content-Type": "text/csv; charset=UTF-8"}
        self._client.raw("PUT", f"{address}/batches", data=body, headers=kind, purpose="write", repeat=False)
        send("PATCH", address, {"state": "UploadComplete"}, purpose="write", repeat=False)
        ended = wait(self._client, address, self._config.bulk_seconds)
        outcomes = [
            *(Outcome(row["sf__Id"], None) for row in self._results(f"{address}/successfulResults")),
            *(Outcome(row["Id"], row["sf__Error"]) for row in self._results(f"{address}/failedResults")),
        ]
        self._client.minimum += 6
        if len(outcomes) != len(rows):
            raise RetriableError(
                f"Bulk job {job} ended as {ended['state']} with {len(outcomes)} results for {len(rows)} rows"
                f" ({ended.get('errorMessage') or 'no reason given'})."
            )
        return outcomes

    def _results(self, address: str) -> list[dict[str, str]]:
        response = self._client.raw("GET", address, headers={"Accept": "text/csv"}, purpose="write")
        text = whole_lines(response.content).decode("utf-8")
        return list(csv.DictReader(io.StringIO(text, newline="")))


def whole_lines(body: bytes) -> bytes:
    """CSV that ends with its last line. Raises RetriableError for one that was cut inside it: no count would tell."""
    if body and not body.endswith(b"\n"):
        raise RetriableError("A CSV answer of Salesforce ends inside a line.")
    return body


def ingest_csv(header: Sequence[str], rows: Sequence[Mapping[str, str | None]]) -> bytes:
    """UTF-8, LF only. A null is #N/A, an absent value an empty cell; line breaks inside a value become spaces, because a
    quoted one can fail the whole job."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow(["" if name not in row else _cell(row[name]) for name in header])
    return out.getvalue().encode("utf-8")


def _cell(value: str | None) -> str:
    return _NULL if value is None else " ".join(value.splitlines())
