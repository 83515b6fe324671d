"""Bulk API 2.0: waiting for jobs, and updates of records joined on their ids. Queries are in `bulk_query`."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass

import requests

from connectors.errors import FatalError, RetriableError
from connectors.http.retry import retrying
from connectors.salesforce.api.answers import Record, keyed
from connectors.salesforce.api.client import Client
from connectors.salesforce.api.failures import AlreadyDone
from connectors.salesforce.config import SalesforceConfig
from connectors.salesforce.ids import to_18

_NULL = "#N/A"
_MAX_BYTES = 100 * 1000 * 1000
_POLL = (0.5, 5.0)
"""Seconds between looks at a job: at first, and at most."""


class _NotDone(RetriableError):
    """The job still runs."""


def wait(
    client: Client,
    address: str,
    seconds: float,
    done: Sequence[str] = ("JobComplete", "Failed", "Aborted"),
    state: Callable[[Record], str] = lambda job: str(job.get("state")),
) -> Record:
    """Looks at a job until it has ended. Raises RetriableError when that takes longer than `seconds`."""
    pause, name = _POLL[0], address.split("?")[0].rsplit("/", 1)[1]

    def this_job(job: object) -> Record:
        if not isinstance(job, dict) or str(job.get("id", name))[:15] != name[:15]:
            raise RetriableError("Salesforce answered a question about a job with something else.")
        return job

    def look() -> Record:
        nonlocal pause
        job: Record = client.send("GET", address, shape=this_job)
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
        with suppress(AlreadyDone):  # it got there twice, and the job is ours alone
            self._client.raw("PUT", f"{address}/batches", data=body, headers=kind, purpose="write", repeat=False)
        with suppress(AlreadyDone):
            send("PATCH", address, {"state": "UploadComplete"}, purpose="write", repeat=False)
        ended = wait(self._client, address, self._config.bulk_seconds)
        ids = {to_18(str(row["Id"])) for row in rows}
        outcomes = [
            *(
                Outcome(row["sf__Id"], None)
                for row in self._results(f"{address}/successfulResults", "sf__Created", ids)
            ),
            *(
                Outcome(row["Id"], row["sf__Error"])
                for row in self._results(f"{address}/failedResults", "sf__Error", ids)
            ),
        ]
        self._client.minimum += 6
        if len(outcomes) != len(rows):
            raise RetriableError(
                f"Bulk job {job} ended as {ended['state']} with {len(outcomes)} results for {len(rows)} rows"
                f" ({ended.get('errorMessage') or 'no reason given'})."
            )
        return outcomes

    def _results(self, address: str, column: str, ids: AbstractSet[str]) -> list[dict[str, str]]:
        """Rows of the results that have the column, of these records only."""
        found: list[dict[str, str]] = []

        def check(response: requests.Response) -> None:
            found[:] = result_rows(response, column)
            if any(to_18(row["Id"] or row["sf__Id"]) not in ids for row in found):
                raise RetriableError("Salesforce answered with the results of another Bulk write.")

        self._client.raw("GET", address, headers={"Accept": "text/csv"}, purpose="write", check=check)
        return found


def result_rows(response: requests.Response, column: str) -> list[dict[str, str]]:
    """The rows of a result file with its id and this column. Raises RetriableError for anything else."""
    if not response.headers.get("Content-Type", "").lower().startswith("text/csv"):
        raise RetriableError("The results of a Bulk write are not CSV.")
    try:
        reader = csv.DictReader(io.StringIO(whole_lines(response.content).decode("utf-8"), newline=""), strict=True)
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise RetriableError(f"The results of a Bulk write are no CSV ({error}).") from None
    names = reader.fieldnames or ()
    ragged = any(None in row or None in row.values() for row in rows)
    if ragged or (response.content and not {"sf__Id", "Id", column} <= set(names)):
        raise RetriableError("The results of a Bulk write lack columns.")
    return rows


def whole_lines(body: bytes) -> bytes:
    """CSV that ends with its last line. Raises RetriableError for one that was cut inside it: no count would tell."""
    if body and not body.endswith(b"\n"):
        raise RetriableError("A CSV answer of Salesforce ends inside a line.")
    return body


def ingest_csv(header: Sequence[str], rows: Sequence[Mapping[str, str | None]]) -> bytes:
    """UTF-8, LF only. A null is #N/A, an absent value an empty cell; line breaks inside a value become spaces, because
    a quoted one can fail the whole job. Texts are exact: what guards a spreadsheet (`connectors.spreadsheet.guard`)
    would end up in the CRM.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow(["" if name not in row else _cell(row[name]) for name in header])
    return out.getvalue().encode("utf-8")


def _cell(value: str | None) -> str:
    return _NULL if value is None else " ".join(value.splitlines())
