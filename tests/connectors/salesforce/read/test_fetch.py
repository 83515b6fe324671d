"""Full and incremental reads of the demo organisation, by REST and by Bulk."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from connectors.base import Page
from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.emulator.server.http import EmulatorServer
from connectors.errors import RetriableError, SchemaError, StateError
from connectors.records import Stream
from connectors.salesforce.config import SalesforceMapping
from connectors.salesforce.connector import mapped_objects
from connectors.salesforce.read.cursor import Position, Watermark, decode
from connectors.salesforce.read.lookups import RELATION_OBJECTS


@pytest.fixture(scope="module")
def organisation(demo: Any) -> Any:
    return demo


def read(connector: Any, stream: Stream, since: str | None = None) -> list[Page]:
    return list(connector.read(stream, since))


def rows(pages: list[Page]) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for page in pages for row in page.batch.to_pylist()}


def gone(pages: list[Page]) -> set[str]:
    return {record for page in pages for record in page.deleted}


def test_rest_and_bulk_read_the_same(connect: Any) -> None:
    rest, bulk = connect(), connect(bulk_read_rows=0, bulk_page_rows=1000)
    for stream in rest.capabilities.streams:
        assert rows(read(rest, stream)) == rows(read(bulk, stream)), stream
    assert "POST jobs/query" in bulk.calls().by_endpoint
    assert "POST jobs/query" not in rest.calls().by_endpoint


def test_every_living_activity_of_the_organisation_is_read_once(
    connect: Any, app: SalesforceEmulator, organisation: Any
) -> None:
    """The emulator has a Task beside each e-mail and a child Event for each colleague; we count acts."""
    pages = read(connect(), "activities")
    ids = [i for page in pages for i in page.batch.column("id").to_pylist()]
    assert len(ids) == len(set(ids))
    deleted = {i for stream, i in organisation.deleted if stream == "activities"}
    wanted = {
        app.vendor_id("activities", i) for i in organisation.tables["activities"]["id"].to_pylist() if i not in deleted
    }
    assert set(ids) == wanted


def test_archived_activities_are_read(connect: Any, app: SalesforceEmulator) -> None:
    known = rows(read(connect(), "activities"))
    app.org.store.execute("UPDATE Event SET IsArchived = 1")
    assert rows(read(connect(), "activities")) == known
    assert rows(read(connect(bulk_read_rows=0), "activities")) == known


def test_times_directions_and_people_are_those_of_the_organisation(
    connect: Any, app: SalesforceEmulator, organisation: Any, mapping: SalesforceMapping
) -> None:
    known = rows(read(connect(), "activities"))
    for act in organisation.tables["activities"].to_pylist():
        got = known.get(app.vendor_id("activities", act["id"]))
        if got is None or act["channel"] not in ("email", "case_reply", "meeting"):
            continue
        assert got["occurred_at"] == act["occurred_at"]
        assert got["person_ids"] == [app.vendor_id("people", i) for i in act["person_ids"]]
        assert set(got["user_ids"]) == {app.vendor_id("users", i) for i in act["user_ids"]}
        if act["direction"] in ("inbound", "outbound") and act["person_ids"]:
            assert got["direction"] == act["direction"]


@pytest.mark.parametrize("bulk", [False, True])
def test_a_read_goes_on_from_any_page(connect: Any, bulk: bool) -> None:
    settings: dict[str, Any] = {"bulk_read_rows": 0, "bulk_page_rows": 1000} if bulk else {"page_rows": 600}
    pages = read(connect(**settings), "activities")
    assert len(pages) > 3
    whole = rows(pages)
    for number, page in enumerate(pages[:-1]):
        later = rows(read(connect(**settings), "activities", page.cursor))
        assert {**rows(pages[: number + 1]), **later} == whole
        assert len(later) < len(whole)


def test_a_bulk_job_that_is_gone_is_read_again(connect: Any, app: SalesforceEmulator) -> None:
    settings: dict[str, Any] = {"bulk_read_rows": 0, "bulk_page_rows": 1000}
    pages = read(connect(**settings), "activities")
    position = decode(pages[0].cursor)
    assert isinstance(position, Position)
    lost = Position(position.high, job="750000000000000AAA", locator="x", rows=1000)
    assert rows(read(connect(**settings), "activities", lost.encode())) == rows(pages)


def test_a_late_commit_is_not_lost(connect: Any, app: SalesforceEmulator) -> None:
    """The record is stamped before the read and becomes visible after it."""
    connector = connect()
    account = next(iter(rows(read(connector, "accounts"))))
    app.change_later("Account", account, {"Name": "Late"}, seconds=3600)
    mark = read(connector, "accounts")[-1].cursor
    app.commit()
    assert rows(read(connector, "accounts", mark))[account]["name"] == "Late"


def test_a_change_during_the_read_is_not_lost(connect: Any, app: SalesforceEmulator) -> None:
    connector = connect(page_rows=200)
    pages = connector.read("activities", None)
    first = next(pages)
    victim = first.batch.column("id")[0].as_py()
    app.change("EmailMessage" if victim.startswith("02s") else "Task", victim, {"Subject": "changed"})
    rest = list(pages)
    assert victim in rows(read(connector, "activities", rest[-1].cursor))
    assert victim in rows([first, *rest])


def test_an_expired_query_locator_starts_again_behind_the_last_record(server: EmulatorServer, connect: Any) -> None:
    whole = rows(read(connect(), "activities"))
    body = '[{"message":"invalid query locator","errorCode":"INVALID_QUERY_LOCATOR"}]'
    server.faults.add({"kind": "status", "status": 400, "body": body, "match": {"path": "query(All)?/0r8"}, "times": 2})
    assert rows(read(connect(page_rows=200), "activities")) == whole


def test_a_query_that_runs_too_long_is_read_by_bulk(server: EmulatorServer, connect: Any) -> None:
    whole = rows(read(connect(), "accounts"))
    body = '[{"message":"Your query request was running for too long.","errorCode":"QUERY_TIMEOUT"}]'
    server.faults.add({"kind": "status", "status": 400, "body": body, "match": {"path": "queryAll"}, "times": None})
    connector = connect()
    assert rows(read(connector, "accounts")) == whole
    assert connector.calls().by_endpoint["POST jobs/query"] == 1


def test_deleted_undeleted_and_merged_accounts(connect: Any, app: SalesforceEmulator) -> None:
    connector = connect()
    pages = read(connector, "accounts")
    mark = pages[-1].cursor
    one, two, three = list(rows(pages))[:3]
    app.delete("Account", one)
    app.merge("Account", two, [three])
    later = read(connector, "accounts", mark)
    assert one in gone(later)
    assert {three: two}.items() <= {k: v for page in later for k, v in page.merged.items()}.items()
    assert three not in gone(later)
    app.undelete("Account", one)
    assert one in rows(read(connector, "accounts", later[-1].cursor))


def test_the_task_of_a_later_email_is_taken_back(connect: Any, app: SalesforceEmulator) -> None:
    connector = connect()
    mark = read(connector, "activities")[-1].cursor
    email = next(r for r in app.records("activities") or [] if r["Id"].startswith("02s") and r["ActivityId"])
    app.change("EmailMessage", email["Id"], {"Subject": "again"})
    pages = read(connector, "activities", mark)
    assert email["Id"] in rows(pages)
    assert email["ActivityId"] in gone(pages)
    assert email["ActivityId"] not in rows(pages)


def test_every_currency_has_one_static_rate_beside_its_dated_ones(connect: Any) -> None:
    [page] = read(connect(), "currency_rates")
    table = pa.Table.from_batches([page.batch]).to_pylist()
    assert table
    always = [row["currency"] for row in table if row["start_at"] is None and row["end_at"] is None]
    dated = {row["currency"] for row in table if row["start_at"] is not None}
    assert len(always) == len(set(always))
    assert dated < set(always)
    assert all(row["rate"] > 0 for row in table)
    assert 1.0 in {row["rate"] for row in table}


def test_an_object_that_is_not_there_is_no_stream(connect: Any, mapping: SalesforceMapping) -> None:
    values = mapping.model_dump()
    values["rivals"]["object"] = "Competitor_Sighting__c"
    connector = connect(mapping=SalesforceMapping.model_validate(values))
    assert "rivals" not in connector.capabilities.streams
    [page] = read(connector, "rivals")
    assert page.batch.num_rows == 0
    assert any("Competitor_Sighting__c" in f.message and f.level == "warn" for f in connector.check().findings)


def test_a_missing_optional_field_is_null_and_a_finding(connect: Any, mapping: SalesforceMapping) -> None:
    values = mapping.model_dump()
    values["accounts"]["fields"]["wallet"] = "Wallet_That_Is_Not__c"
    connector = connect(mapping=SalesforceMapping.model_validate(values))
    assert {row["wallet"] for row in rows(read(connector, "accounts")).values()} == {None}
    assert any("Wallet_That_Is_Not__c" in f.message and f.remedy for f in connector.check().findings)


def test_a_missing_required_field_names_itself(connect: Any, mapping: SalesforceMapping) -> None:
    values = mapping.model_dump()
    values["accounts"]["fields"]["name"] = "Title_Of_Account__c"
    connector = connect(mapping=SalesforceMapping.model_validate(values))
    with pytest.raises(SchemaError, match=r"Account\.Title_Of_Account__c"):
        read(connector, "accounts")
    assert not connector.check().ok


def test_a_custom_field_feeds_an_input(connect: Any, app: SalesforceEmulator, mapping: SalesforceMapping) -> None:
    values = mapping.model_dump()
    values["accounts"]["fields"]["wallet"] = "Wallet__c"
    made = rows(read(connect(mapping=SalesforceMapping.model_validate(values)), "accounts"))
    wallets = {r["Id"]: r["Wallet__c"] for r in app.records("accounts") or [] if not r["IsDeleted"]}
    assert {i: row["wallet"] for i, row in made.items()} == wallets
    assert any(wallets.values())


def test_a_quiet_day_costs_little(connect: Any, server: EmulatorServer) -> None:
    first = connect()
    marks = {stream: read(first, stream)[-1].cursor for stream in first.capabilities.streams}
    quiet = connect(overlap_minutes=0)
    for stream, mark in marks.items():
        read(quiet, stream, mark)
    assert quiet.calls().read <= 15
    assert quiet.calls().minimum <= quiet.calls().read


def test_calls_are_near_the_least_that_page_sizes_allow(connect: Any, app: SalesforceEmulator) -> None:
    """The least is counted here from the records themselves: pages of 2,000 rows, five queries of related rows to a
    call.
    """
    connector = connect()
    for stream in connector.capabilities.streams:
        read(connector, stream)
    calls = connector.calls()
    sizes = {name: len(app.records(name) or []) for name in mapped_objects(connector._mapping) if name != "Product2"}
    page = {name: 10_000 if name in RELATION_OBJECTS else 2_000 for name in sizes}
    least = sum(-(-size // page[name]) for name, size in sizes.items())
    assert calls.read <= least * 1.05 + 10
    assert calls.read <= calls.minimum * 1.05 + 10


@pytest.mark.parametrize("cursor", ["", "x", "{}", '{"since": "yesterday"}', '{"after": 1}', "[]", "null"])
def test_a_foreign_cursor_is_refused(connect: Any, cursor: str) -> None:
    with pytest.raises(StateError, match="cursor"):
        read(connect(), "accounts", cursor)


def test_cursors_survive_the_process() -> None:
    for cursor in (
        Position("2026-01-01T00:00:00.000Z", part=2, stamp="2026-01-01T00:00:00.000Z", record="001"),
        Watermark("2026-01-01T00:00:00.000Z"),
    ):
        assert decode(cursor.encode()) == cursor


def test_a_bulk_job_that_fails_is_read_by_rest(server: EmulatorServer, connect: Any) -> None:
    whole = rows(read(connect(), "accounts"))
    body = '{"state":"Failed","errorMessage":"InvalidBatch"}'
    rule = {"kind": "status", "status": 200, "body": body, "match": {"method": "GET", "path": r"jobs/query/\w+$"}}
    server.faults.add({**rule, "times": None})
    connector = connect(bulk_read_rows=0)
    assert rows(read(connector, "accounts")) == whole
    assert connector.calls().by_endpoint["POST jobs/query"] == 2


def test_bulk_rows_that_are_missing_are_noticed(server: EmulatorServer, connect: Any) -> None:
    body = '"Id","Name"\n'
    rule = {"kind": "status", "status": 200, "body": body, "content_type": "text/csv", "match": {"path": "/results"}}
    server.faults.add({**rule, "times": None})
    with pytest.raises(RetriableError, match=r"rows|columns"):
        read(connect(bulk_read_rows=0), "accounts")


def test_a_day_on_which_every_channel_moved_costs_little(connect: Any, app: SalesforceEmulator) -> None:
    """Related rows of e-mails, meetings and tasks are asked for in one call, and mean the same as asked for one by
    one.
    """
    first = connect()
    marks = {stream: read(first, stream)[-1].cursor for stream in first.capabilities.streams}
    known = rows(read(first, "activities"))
    alive = {
        name: [r for r in app.records(name) or [] if not r["IsDeleted"]] for name in ("EmailMessage", "Event", "Task")
    }
    calls = [r for r in alive["Task"] if r["TaskSubtype"] == "Call"]
    for name, some in (*((name, each[:7]) for name, each in alive.items()), ("Task", calls[:3])):
        for row in some:
            app.change(name, row["Id"], {"Subject": "changed"})
    quiet = connect(overlap_minutes=0)
    moved: dict[str, Any] = {}
    for stream, mark in marks.items() if quiet.capabilities.streams else ():
        moved[stream] = rows(read(quiet, stream, mark))
    assert quiet.calls().read <= 15
    assert {"email", "meeting", "call"} <= {row["channel"] for row in moved["activities"].values()}
    people = {i: (row["person_ids"], row["user_ids"], row["direction"]) for i, row in known.items()}
    assert all((r["person_ids"], r["user_ids"], r["direction"]) == people[i] for i, r in moved["activities"].items())


@pytest.mark.parametrize("settings", [{}, {"bulk_read_rows": 0}], ids=["REST", "Bulk"])
def test_the_source_knows_how_much_a_read_gives(connect: Any, settings: dict[str, Any]) -> None:
    """From `totalSize` and the jobs' `numberRecordsProcessed`, with no call of its own; deleted rows are counted
    too.
    """
    connector = connect(**settings)
    assert connector.expected("activities") is None
    for stream in ("opportunities", "activities"):
        calls = None
        for page in connector.read(stream, None):
            last, calls = page, connector.calls().read
            expected = connector.expected(stream)
            assert connector.calls().read == calls
        assert last is not None
        assert expected is not None
        assert expected >= sum(p.batch.num_rows for p in connector.read(stream, None)) > 0
