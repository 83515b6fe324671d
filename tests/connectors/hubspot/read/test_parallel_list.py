"""A long list read in parts: every record comes, whatever `after` means to the server, and reading can stop
anywhere.
"""

from __future__ import annotations

import contextlib
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import RetriableError, StateError
from connectors.hubspot.api.failures import Refused
from connectors.hubspot.read import fetch
from connectors.hubspot.read import parallel_list as spreading
from connectors.hubspot.read.parallel_list import decode, spread
from connectors.hubspot.translate.records import Record

PAGE = 10
Where = Callable[[list[int], str], int]
"""The row from which a server's list goes on."""


def by_id(ids: list[int], after: str) -> int:
    return bisect_left(ids, int(after or 0))


def to_the_next_page(ids: list[int], after: str) -> int:
    """A server that takes only positions of whole pages, and goes on with the next one for any other."""
    return -(-by_id(ids, after) // PAGE) * PAGE


def from_the_start(ids: list[int], after: str) -> int:
    """A server that knows only its own positions: another means the beginning."""
    row = by_id(ids, after)
    return row if row < len(ids) and str(ids[row]) == after else 0


def refused(ids: list[int], after: str) -> int:
    row = by_id(ids, after)
    if after and not (row < len(ids) and str(ids[row]) == after):
        raise Refused("Invalid after", 400, {})
    return row


@dataclass
class Server:
    """A list of ids in pages."""

    ids: list[int]
    where: Where = by_id
    calls: list[str] = field(default_factory=list)
    fails_after: int | None = None

    def page(self, after: str) -> tuple[list[Record], str]:
        self.calls.append(after)
        if self.fails_after is not None and len(self.calls) > self.fails_after:
            raise RetriableError("gone")
        row = self.where(self.ids, after)
        found: list[Record] = [{"id": str(i)} for i in self.ids[row : row + PAGE]]
        return found, str(self.ids[row + PAGE]) if row + PAGE < len(self.ids) else ""

    def outlook(self) -> tuple[int, int]:
        return self.ids[-1], len(self.ids)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("LIST_PAGE", PAGE), ("LEAST_PAGES", 2), ("ALONE", 2)):
        monkeypatch.setattr(spreading, name, value)


def dense(ids: list[int]) -> list[int]:
    """Ids of which the first pages look as a list's usually do: the position after a page is the last id and one."""
    start = list(range(1, 4 * PAGE + 2))
    return start + [start[-1] + 1 + i for i in sorted(set(ids))]


@settings(max_examples=40, deadline=None)
@given(
    ids=st.one_of(
        st.lists(st.integers(0, 10_000), min_size=60, max_size=300),
        st.builds(
            lambda many, few: [i + 10**9 for i in many] + few,
            st.sets(st.integers(0, 300)),
            st.lists(st.integers(0, 10)),
        ),
    ),
    where=st.sampled_from([by_id, to_the_next_page, from_the_start, refused]),
)
def test_every_record_comes_whatever_a_position_means(ids: list[int], where: Where) -> None:
    server = Server(dense(ids), where)
    found = [int(r["id"]) for records, _ in spread("", server.page, server.outlook) for r in records]
    assert set(server.ids) == set(found)
    if where is by_id:
        assert len(found) <= len(server.ids) + PAGE * spreading.PARTS  # two neighbours may both have a page


@settings(max_examples=40, deadline=None)
@given(ids=st.lists(st.integers(0, 3_000), min_size=100, max_size=300), stop=st.integers(1, 40))
def test_reading_goes_on_from_any_page(ids: list[int], stop: int) -> None:
    server = Server(dense(ids), fails_after=stop)
    before: list[tuple[list[Record], str]] = []
    with contextlib.suppress(RetriableError):
        before.extend(spread("", server.page, server.outlook))
    again = Server(server.ids)
    position = before[-1][1]
    after = list(spread(position, again.page, again.outlook)) if position else []
    found = {int(r["id"]) for records, _ in [*before, *after] for r in records}
    assert set(server.ids) == found
    assert len(again.calls) <= len(server.ids) / PAGE - len(before) + 2 * spreading.PARTS + 3


def test_a_long_list_costs_few_calls_more_than_its_pages() -> None:
    server = Server(list(range(1, 10_001)))
    assert sum(len(records) for records, _ in spread("", server.page, server.outlook)) == 10_000
    assert len(server.calls) <= 1_000 * 1.02


def test_where_most_records_lie_close_together_the_longest_part_is_divided() -> None:
    server = Server([*range(1, 101), *range(10**9, 10**9 + 10_000), 2 * 10**9])
    asked: list[int] = []
    most = 0
    for _, position in spread("", server.page, server.outlook):
        asked.append(len(server.calls))
        most = max(most, sum(not part.over for part in decode(position)))
    assert most >= 4


def test_a_short_list_is_read_as_it_is() -> None:
    server = Server(list(range(1, 36)))
    assert [position for _, position in spread("", server.page, server.outlook)] == ["11", "21", "31", ""]
    assert server.calls == ["", "11", "21", "31"]


def test_a_position_that_does_not_look_like_an_id_is_never_guessed() -> None:
    server = Server(list(range(1, 1_001)))
    tokens = {f"t{i}": str(i) for i in server.ids}

    def page(after: str) -> tuple[list[Record], str]:
        records, following = server.page(tokens.get(after, ""))
        return records, f"t{following}" if following else ""

    def outlook() -> tuple[int, int]:
        raise AssertionError("not asked")

    assert sum(len(records) for records, _ in spread("", page, outlook)) == 1_000


@pytest.mark.parametrize("bad", ["1:x:2:3", "1:2", "a:1:2:3,"])
def test_a_damaged_position_is_said(bad: str) -> None:
    with pytest.raises(StateError, match="damaged"):
        decode(bad)


def test_the_source_knows_how_much_a_long_list_gives(portal, monkeypatch):
    """HubSpot's lists say nothing of it; the search that a long list is split by does."""
    one = portal()
    connector = one.connect()
    assert connector.expected("people") is None
    monkeypatch.setattr(spreading, "ALONE", 1)
    for module in (spreading, fetch):
        monkeypatch.setattr(module, "LIST_PAGE", 10)
    seen = [(page.batch.num_rows, connector.expected("people")) for page in connector.read("people", None)]
    assert seen[-1][1] == sum(rows for rows, _ in seen)
