"""Reads that were announced: the same records as without it, in fewer calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from connectors.base import Page
from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.emulator.server.http import EmulatorServer
from connectors.errors import RetriableError
from connectors.optional import Expecting
from connectors.records import Stream


@pytest.fixture(scope="module")
def organisation(demo: Any) -> Any:
    deleted = tuple((stream, i) for stream, i in demo.deleted if stream != "activities")
    return replace(demo, tables={**demo.tables, "activities": demo.tables["activities"].slice(0, 200)}, deleted=deleted)


@pytest.fixture
def marks(connect: Any) -> dict[Stream, str]:
    """Where a read of everything has ended."""
    connector = connect(overlap_minutes=0)
    return {stream: list(connector.read(stream, None))[-1].cursor for stream in connector.capabilities.streams}


def rows(pages: list[Page]) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for page in pages for row in page.batch.to_pylist()}


def read(connector: Any, marks: Mapping[Stream, str]) -> dict[Stream, list[Page]]:
    return {stream: list(connector.read(stream, marks[stream])) for stream in connector.capabilities.streams}


def announced(connector: Any, marks: Mapping[Stream, str]) -> dict[Stream, list[Page]]:
    assert isinstance(connector, Expecting)
    connector.expect(marks)
    return read(connector, marks)


def some(app: SalesforceEmulator, name: str) -> str:
    return str(next(row["Id"] for row in app.records(name) or [] if not row["IsDeleted"]))


def stir(app: SalesforceEmulator) -> None:
    """Something happens in every kind of record."""
    for name, values in {
        "Account": {"Name": "Stirred"},
        "Contact": {"Title": "Stirred"},
        "Opportunity": {"Name": "Stirred"},
        "EmailMessage": {"Subject": "Stirred"},
        "Event": {"Subject": "Stirred"},
        "Task": {"Subject": "Stirred"},
        "Case": {"Priority": "High"},
    }.items():
        app.change(name, some(app, name), values)
    accounts = [row["Id"] for row in app.records("Account") or [] if not row["IsDeleted"]]
    app.delete("Account", accounts[-1])
    app.merge("Account", accounts[-2], [accounts[-3]])


def test_a_quiet_day_takes_six_calls(connect: Any, marks: dict[Stream, str]) -> None:
    connector = connect(overlap_minutes=0)
    quiet = announced(connector, marks)
    assert connector.calls().read <= 6
    assert connector.calls().minimum <= connector.calls().read
    assert all(rows(pages) == {} for stream, pages in quiet.items() if stream != "currency_rates")


def test_it_reads_the_same(connect: Any, app: SalesforceEmulator, marks: dict[Stream, str]) -> None:
    stir(app)
    plain, together = connect(), connect()
    one, two = read(plain, marks), announced(together, marks)
    assert {stream: rows(pages) for stream, pages in one.items()} == {s: rows(pages) for s, pages in two.items()}
    for what in ("deleted", "merged"):
        assert [[getattr(p, what) for p in each] for each in one.values()] == [
            [getattr(p, what) for p in each] for each in two.values()
        ]
    assert sum(map(len, map(rows, two.values()))) > 6
    assert together.calls().read <= 8 < plain.calls().read


def test_long_answers_go_on(connect: Any, app: SalesforceEmulator, marks: dict[Stream, str]) -> None:
    for row in [row for row in app.records("Opportunity") or [] if not row["IsDeleted"]]:
        app.change("Opportunity", row["Id"], {"Name": "Stirred"})
    pages = announced(connect(page_rows=200), marks)
    assert len(pages["opportunities"]) > 1
    assert rows(pages["opportunities"]) == rows(read(connect(), marks)["opportunities"])


def test_what_changes_before_a_read_has_its_turn_is_read_next_time(
    connect: Any, app: SalesforceEmulator, marks: dict[Stream, str]
) -> None:
    """Its first page was fetched before; without a word from us the new watermark would lie behind the change."""
    connector = connect(overlap_minutes=0)
    connector.expect(marks)
    list(connector.read("accounts", marks["accounts"]))
    changed = some(app, "Opportunity")
    app.change("Opportunity", changed, {"Name": "Between"})
    for _ in range(3):
        connector._client.limits()  # the clock of the server is heard again
    pages = list(connector.read("opportunities", marks["opportunities"]))
    assert changed in rows(pages) or changed in rows(list(connector.read("opportunities", pages[-1].cursor)))


def test_other_cursors_and_second_reads_are_not_answered_from_it(
    connect: Any, app: SalesforceEmulator, marks: dict[Stream, str]
) -> None:
    connector = connect()
    connector.expect({**marks, "people": None, "cases": "damaged"})
    list(connector.read("accounts", marks["accounts"]))
    stir(app)
    again = rows(list(connector.read("accounts", marks["accounts"])))
    assert "Stirred" in {row["name"] for row in again.values()}
    assert len(rows(list(connector.read("people", None)))) > 10


def test_a_call_for_all_that_fails_harms_only_the_read_that_made_it(
    connect: Any, server: EmulatorServer, app: SalesforceEmulator, marks: dict[Stream, str]
) -> None:
    stir(app)
    connector = connect()
    assert connector.capabilities.streams
    connector.expect(marks)
    server.faults.add({"kind": "html", "status": 503, "match": {"path": "composite"}, "times": None})
    with pytest.raises(RetriableError):
        list(connector.read("accounts", marks["accounts"]))
    server.faults.clear()
    assert rows(list(connector.read("accounts", marks["accounts"])))
    assert rows(list(connector.read("opportunities", marks["opportunities"])))
