"""Raw records in pages: the list, the search for what changed, associations in batches, records by id."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from connectors.errors import BothwaysError, RetriableError
from connectors.hubspot.api import response_checks as shapes
from connectors.hubspot.api.association_checks import Associations
from connectors.hubspot.api.call_counter import ASSOCIATION_BATCH, BATCH, LIST_PAGE, OWNER_PAGE, SEARCH_PAGE
from connectors.hubspot.api.client import Client
from connectors.hubspot.api.endpoints import Endpoint
from connectors.hubspot.api.failures import Refused
from connectors.hubspot.api.response_checks import Check, all_of
from connectors.hubspot.links import Link
from connectors.hubspot.read.parallel_list import spread
from connectors.hubspot.translate.records import Owner, Rate, Record

OFTEN_EMPTY = frozenset({"communications", "notes"})
"""Kinds that most portals keep none of: of the others an empty list is asked for again before it is believed."""
T = TypeVar("T")
U = TypeVar("U")

LONGEST_QUERY = 6000
"""Characters of the properties parameter; nobody says how long a URL may be, so a longer list is read by id."""
LONGEST_SEARCH = 2500
"""Characters of property names in a search, whose body may have 3,000."""


def batched(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in runs of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


class Fetcher:
    """Reads raw records. Raises what `Client.call` raises."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._paths = client.paths
        self._believed_empty: set[str] = set()
        self.totals: dict[str, int] = {}
        """How many records of a kind search counted, where a long list was read in parts."""

    def listing(
        self, kind: str, properties: Sequence[str], after: str = "", *, archived: bool = False
    ) -> Iterator[tuple[list[Record], str]]:
        """Pages of 100 by id, each with the position after it ("" after the last)."""
        seen = 0
        while True:
            records, after = self.page(kind, properties, after, archived=archived)
            seen += len(records)
            yield records, after
            if not after:
                break
        self._client.calls.needed(f"list {kind} archived={archived}", seen, LIST_PAGE)

    def listing_at_once(
        self, kind: str, properties: Sequence[str], after: str = ""
    ) -> Iterator[tuple[list[Record], str]]:
        """The same, a long list in several parts at once: in no order, and a record may come twice."""
        seen = 0
        for records, position in spread(
            after, lambda position: self.page(kind, properties, position), lambda: self._outlook(kind)
        ):
            seen += len(records)
            yield records, position
        self._client.calls.needed(f"list {kind} archived=False", seen, LIST_PAGE)

    def page(
        self, kind: str, properties: Sequence[str], after: str, *, archived: bool = False
    ) -> tuple[list[Record], str]:
        """One page of the list, and the position after it."""
        named = ",".join(properties)
        by_id = len(named) > LONGEST_QUERY
        query = [("limit", str(LIST_PAGE)), ("archived", "true" if archived else "false")]
        if properties and not by_id:
            query.append(("properties", named))
        if after:
            query.append(("after", after))
        check = all_of(shapes.records(f"list {kind}", archived=archived), shapes.goes_on(kind, after))
        if not archived and kind not in OFTEN_EMPTY:
            check = all_of(check, shapes.refuse_empty(f"list {kind}", self._believed_empty))
        body = self._client.call(self._paths.listing(kind), query=query, expects="results", check=check).body
        records: list[Record] = _results(body, kind)
        if by_id and not archived:
            records = self.by_id(kind, [r["id"] for r in records], properties)
        return records, _following(body)

    def _outlook(self, kind: str) -> tuple[int, int]:
        """The highest id that search knows, and how many records it counts."""
        request = {
            "filterGroups": [],
            "sorts": [{"propertyName": "hs_object_id", "direction": "DESCENDING"}],
            "limit": 1,
        }
        check = shapes.records(f"search {kind}")
        body = self._client.call(self._paths.search(kind), body=request, expects="results", check=check).body
        records: list[Record] = _results(body, kind)
        total = body.get("total")
        if isinstance(total, int):
            self.totals[kind] = total
        return int(records[0]["id"]) if records else 0, total if isinstance(total, int) else 0

    def changed(
        self,
        kind: str,
        properties: Sequence[str],
        stamp: str,
        windows: Sequence[tuple[int, int]],
        beyond: str,
        ended: str | None,
    ) -> Iterator[tuple[list[Record], str]]:
        """Pages of 200 by id of the records modified in one of the windows (epoch ms, both ends included), each with
        its last id.

        `ended` names an instant besides the modification that brings a record back when it falls into the window: time
        alone ends a meeting. `total` is never looked at: it counts records that the results leave out.
        """
        by_id = sum(len(p) + 3 for p in properties) > LONGEST_SEARCH
        seen, offset = 0, ""
        while True:
            request: dict[str, object] = {
                "filterGroups": [
                    _window(name, low, high, beyond) for name in (stamp, ended) if name for low, high in windows
                ],
                "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
                "properties": [] if by_id else list(properties),
                "limit": SEARCH_PAGE,
            }
            if offset:
                request["after"] = offset
            check = all_of(shapes.records(f"search {kind}", beyond=beyond), shapes.goes_on(kind, offset))
            body = self._client.call(self._paths.search(kind), body=request, expects="results", check=check).body
            records: list[Record] = _results(body, kind)
            following = _following(body)
            if records:
                beyond, offset = max((r["id"] for r in records), key=int), ""
            else:
                offset = following  # a page whose records were all archived meanwhile
            seen += len(records)
            if by_id:
                records = self.by_id(kind, [r["id"] for r in records], properties)
            yield records, beyond
            if not following:
                break
        self._client.calls.needed(f"search {kind}", seen, SEARCH_PAGE)

    def count(self, kind: str, stamp: str, low: int, high: int) -> int | None:
        """How many records the search counts that were modified from `low` to `high`; None where it does not tell."""
        request = {"filterGroups": [_window(stamp, low, high, "")], "limit": 1}
        check = shapes.records(f"search {kind}")
        body = self._client.call(self._paths.search(kind), body=request, expects="results", check=check).body
        self._client.calls.needed(f"count {kind}", 1, 1)
        total = body.get("total")
        return total if isinstance(total, int) else None

    def by_id(self, kind: str, ids: Sequence[str], properties: Sequence[str]) -> list[Record]:
        """The records that exist among the ids, 100 a call. A merged-away id answers with its survivor's record."""
        found: list[Record] = []
        for some in batched(ids, BATCH):
            request = {
                "inputs": [{"id": i} for i in some],
                "properties": list(properties),
                "propertiesWithHistory": [],
            }
            check = all_of(shapes.records(f"batch read {kind}"), shapes.up_to(f"batch read {kind}", len(some)))
            path = self._paths.batch_read(kind)
            found += _results(self._client.call(path, body=request, expects="results", check=check).body, kind)
        self._client.calls.needed(f"batch read {kind}", len(ids), BATCH)
        return found

    def links(self, source: str, target: str, ids: Sequence[str]) -> dict[str, list[Link]]:
        """Every association of the records with `target`, 1,000 records a call; records without any are left out."""
        found: dict[str, list[Link]] = {}
        if not ids:
            return found
        for some in batched(ids, ASSOCIATION_BATCH):
            inputs: list[dict[str, str]] = [{"id": i} for i in some]
            while inputs:
                read = Associations(f"associations {source} {target}", self._believed_empty)
                path = self._paths.associations(source, target)
                body = self._client.call(path, body={"inputs": inputs}, expects="results", check=read).body
                _check_errors(body, source, target)
                for origin in found.keys() & read.links.keys():
                    read.links[origin] = found[origin] + read.links[origin]
                found |= read.links
                inputs = [{"id": origin, "after": after} for origin, after in read.more.items()]
        self._client.calls.needed(f"associations {source} {target}", len(ids), ASSOCIATION_BATCH)
        return found

    def owners(self, *, archived: bool) -> list[Owner]:
        """All owners, those who left or those who did not."""
        check = shapes.settings("owners", "id", "archived", archived=archived)
        found: list[Owner] = self._pages(self._paths.owners(), OWNER_PAGE, check, [("archived", str(archived).lower())])
        self._client.calls.needed(f"owners archived={archived}", len(found), OWNER_PAGE)
        return found

    def exchange_rates(self) -> list[Rate]:
        """Every exchange rate that the account has had."""
        check = shapes.settings("exchange rates", "id", "fromCurrencyCode", "toCurrencyCode")
        found: list[Rate] = self._pages(self._paths.exchange_rates(), LIST_PAGE, check)
        self._client.calls.needed("exchange rates", len(found), LIST_PAGE)
        return found

    def _pages(self, endpoint: Endpoint, size: int, check: Check, query: Sequence[tuple[str, str]] = ()) -> list[Any]:
        """The results of all pages of a settings list."""
        found: list[Any] = []
        after = ""
        while True:
            asked = [("limit", str(size)), *query, *([("after", after)] if after else [])]
            both = all_of(check, shapes.goes_on(endpoint.name, after))
            body = self._client.call(endpoint, query=asked, expects="results", check=both).body
            found += body.get("results") or []
            following = _following(body)
            if not following:
                return found
            after = following


def in_order(source: Iterable[T], work: Callable[[T], U], workers: int) -> Iterator[U]:
    """`work` on every item in threads, results in the order of the items, few of them waiting.

    When the source fails, what it gave before is worked on and yielded first.
    """
    failure: BothwaysError | None = None
    items = iter(source)
    waiting: deque[Future[U]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                try:
                    item = next(items)
                except StopIteration:
                    break
                except BothwaysError as error:
                    failure = error
                    break
                waiting.append(pool.submit(work, item))
                if len(waiting) >= workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for late in waiting:
                late.cancel()
    if failure is not None:
        raise failure


def _window(stamp: str, low: int, high: int, beyond: str) -> dict[str, object]:
    return {
        "filters": [
            {"propertyName": stamp, "operator": "GTE", "value": str(low)},
            {"propertyName": stamp, "operator": "LTE", "value": str(high)},
            {"propertyName": "hs_object_id", "operator": "GT", "value": beyond or "0"},
        ]
    }


def _results(body: dict[str, Any], kind: str) -> list[Any]:
    results = body.get("results")
    if not isinstance(results, list):
        raise RetriableError(f"The answer for {kind} has no results in it.")
    return results


def _following(body: dict[str, Any]) -> str:
    return str(((body.get("paging") or {}).get("next") or {}).get("after") or "")


def _check_errors(body: dict[str, Any], source: str, target: str) -> None:
    """A record without associations is answered as an error; any other error is one."""
    for error in body.get("errors") or ():
        if not str(error.get("subCategory", "")).endswith("NO_ASSOCIATIONS_FOUND"):
            message = f"associations {source} {target}: {error.get('message', 'unknown error')}"
            if error.get("category") == "OBJECT_NOT_FOUND":
                continue  # archived since it was listed: the sweep of archived records reports it
            raise Refused(message, 207, {"message": message})
