"""Bulk API 2.0 queries: results page by page, several at a time where that is wanted and offered, every row accounted
for.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.errors import AuthError, FatalError, RetriableError
from connectors.http.retry import retrying
from connectors.salesforce.api.answers import keyed
from connectors.salesforce.api.bulk_jobs import wait, whole_lines
from connectors.salesforce.api.client import Client
from connectors.salesforce.api.failures import BulkRefused, NotFound
from connectors.salesforce.config import SalesforceConfig
from connectors.salesforce.translate.columns import Frame, from_csv

_CSV = {"Accept": "text/csv"}


@dataclass(frozen=True, slots=True)
class BulkPage:
    """Rows, and where the next ones are (None: that was all). `rows` counts them from the job's first, of
    `expected`.
    """

    frame: Frame
    job: str
    locator: str | None
    rows: int
    expected: int = 0


@dataclass(frozen=True, slots=True)
class _Link:
    """A page that can be fetched by itself; its locator is where it begins."""

    address: str
    locator: str


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
        """Result pages from a locator on, in order. As many as `bulk_download_workers` are on their way while one is
        being used, and no more are in memory. Raises RetriableError when rows are missing, BulkRefused when the job
        failed.
        """
        done = wait(self._client, f"{self._client.root}/jobs/query/{job}", self._config.bulk_seconds)
        if done["state"] == "Failed":  # the query itself is at fault; by REST it may still be answered
            raise BulkRefused(f"Bulk query {job} failed: {done.get('errorMessage') or 'no reason given'}.")
        if done["state"] != "JobComplete":
            raise RetriableError(f"Bulk query {job} was {done['state'].lower()}.")
        expected = int(done.get("numberRecordsProcessed") or 0)
        self._client.minimum += 2
        links = self._links_from(job, locator, left=expected - rows)
        found = (
            self._one_by_one(job, paths, locator, rows) if links is None else self._together(job, paths, links, rows)
        )
        for page in found:
            self._client.minimum += 1
            if page.locator is None and page.rows != expected:
                raise RetriableError(
                    f"Bulk query {job} gave {page.rows} rows of {expected}.",
                    remedy="" if links is None else "If it happens again, set crm.bulk_download_workers = 1.",
                )
            yield replace(page, expected=expected)

    def _one_by_one(self, job: str, paths: Sequence[str], locator: str | None, rows: int) -> Iterator[BulkPage]:
        """The next page is under way while one is being used."""
        address = f"{self._client.root}/jobs/query/{job}/results"

        def asked(at: str | None) -> Future[tuple[Frame, str | None]]:
            params = {"maxRecords": str(self._config.bulk_page_rows), **({"locator": at} if at else {})}
            return pool.submit(self._fetched, address, paths, params)

        pool = ThreadPoolExecutor(1, "bulk")
        try:
            running: Future[tuple[Frame, str | None]] | None = asked(locator)
            while running is not None:
                frame, locator = running.result()
                running = None if locator is None else asked(locator)
                rows += frame.size
                yield BulkPage(frame, job, locator, rows)
        finally:
            pool.shutdown(cancel_futures=True)

    def _together(self, job: str, paths: Sequence[str], links: Iterable[_Link], rows: int) -> Iterator[BulkPage]:
        """Several downloads at once, their pages in order; the locator of a page is where the next link begins."""
        ahead = itertools.chain(links, [None])
        following = next(ahead)
        running: deque[tuple[Future[tuple[Frame, str | None]], str | None]] = deque()
        pool = ThreadPoolExecutor(self._config.bulk_download_workers, "bulk")
        try:
            while running or following is not None:
                while following is not None and len(running) < self._config.bulk_download_workers:
                    link, following = following, next(ahead)
                    begun = pool.submit(self._fetched, link.address, paths, {})
                    running.append((begun, None if following is None else following.locator))
                fetched, locator = running.popleft()
                frame, _ = fetched.result()
                rows += frame.size
                yield BulkPage(frame, job, locator, rows)
        finally:
            pool.shutdown(cancel_futures=True)

    def _links_from(self, job: str, locator: str | None, left: int) -> Iterator[_Link] | None:
        """The pages from a locator on, which the server has cut for parallel download; None when it has not, when only
        one is wanted at a time, or when there is but one.
        """
        if self._config.bulk_download_workers == 1 or left <= self._config.bulk_page_rows:
            return None
        listing = self._links(f"{self._client.root}/jobs/query/{job}/resultPages")
        try:
            for link in listing:
                if locator in (None, link.locator):
                    return itertools.chain([link], listing)
        except AuthError:
            raise
        except FatalError:  # an organisation, or a version of the API, without it
            return None
        return None  # the locator is of a download one by one

    def _links(self, address: str | None) -> Iterator[_Link]:
        """Raises RetriableError when a list has not the shape of one."""
        while address:
            told = self._client.send("GET", address, shape=keyed("resultPages", list))
            yield from [_link(each) for each in told["resultPages"]]
            # the documentation writes the name of this one in two ways
            following = told.get("nextRecordsUrl") or told.get("nextRecordUrl")
            address = None if told.get("done") else following

    def _fetched(self, address: str, paths: Sequence[str], params: dict[str, str]) -> tuple[Frame, str | None]:
        return retrying(lambda: self._page(address, paths, params), on=RetriableError)

    def _page(self, address: str, paths: Sequence[str], params: dict[str, str]) -> tuple[Frame, str | None]:
        response = self._client.raw("GET", address, params=params, headers=_CSV)
        if not response.headers.get("Content-Type", "").lower().startswith("text/csv"):
            raise RetriableError("A Bulk result page is not CSV.")
        frame = from_csv(whole_lines(response.content), paths)
        declared = response.headers.get("Sforce-NumberOfRecords")
        if declared is not None and declared != str(frame.size):
            raise RetriableError(f"A Bulk result page has {frame.size} rows of {declared}.")
        following = response.headers.get("Sforce-Locator")
        if following is not None and following == params.get("locator"):
            raise RetriableError("A Bulk result page is the one before.")
        return frame, None if following in (None, "", "null") else following


def _link(told: Any) -> _Link:
    """A page's address, by whatever name. Raises FatalError for one that leads elsewhere."""
    values = told.values() if isinstance(told, dict) else ()
    address = next((v for v in values if isinstance(v, str) and v.startswith("/services/") and "/results?" in v), None)
    locators = parse_qs(urlsplit(address).query).get("locator") if address else None
    if address is None or not locators:
        raise FatalError("Salesforce lists result pages in a way that is not known.")
    return _Link(address, locators[0])
