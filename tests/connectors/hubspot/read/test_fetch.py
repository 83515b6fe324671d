"""Reading an emulated portal: nothing missed, nothing invented, nothing asked for that is not needed."""

from __future__ import annotations

import dataclasses
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest

from connectors.emulator.hubspot.access import ALL_SCOPES
from connectors.emulator.hubspot.store import search
from connectors.emulator.server.http import Request, Response
from connectors.errors import ConfigError, RetriableError, SchemaError, StateError
from connectors.hubspot.read import fetch
from connectors.hubspot.read import parallel_list as spreading
from enrichment.fields import fields

STREAMS = ("accounts", "people", "opportunities", "line_items", "activities", "cases", "contracts", "assets")
ESSENTIAL = fields("essential")


class Clock:
    """The portal's time, moved on by the test."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


def ids(app: Any, stream: str) -> list[str]:
    return sorted(app.ids[stream].values(), key=int)


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_every_version_reads_the_same(portal: Any, use: Any, version: str) -> None:
    one = portal(association_page=2)
    default, other = one.connect(), one.connect(api_version=version)
    for stream in default.capabilities.streams:
        assert use.rows(use.read(default, stream)) == use.rows(use.read(other, stream)), stream


@pytest.mark.parametrize("switches", [{}, {"calculated_null_in_search": True}], ids=["plain", "calculated null"])
def test_a_search_gives_what_the_list_gives(portal: Any, use: Any, switches: dict[str, bool]) -> None:
    connector = portal(**switches).connect()
    for stream in STREAMS:
        full, searched = use.everything(connector, stream)
        assert use.rows(full), stream
        assert use.rows(full) == use.rows(searched), stream


def test_more_records_than_a_search_can_page_through(portal: Any, use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator's 10,000 are brought down to 400, so that a thousand records are too many."""
    monkeypatch.setattr(search, "MAX_OFFSET", 400)
    full, searched = use.everything(portal(accounts=400, activities_per_account=0).connect(), "people")
    assert len(use.rows(full)) > 800
    assert use.rows(full) == use.rows(searched)
    assert sum(page.batch.num_rows for page in searched) == len(use.rows(full))


def test_more_properties_than_a_request_may_name(portal: Any, use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one = portal()
    plain = use.everything(one.connect(), "accounts")
    monkeypatch.setattr(fetch, "LONGEST_QUERY", 50)
    monkeypatch.setattr(fetch, "LONGEST_SEARCH", 50)
    for pages, other in zip(plain, use.everything(one.connect(), "accounts"), strict=True):
        assert use.rows(pages) == use.rows(other)


def test_records_that_change_under_a_search_hide_no_others(portal: Any, use: Any) -> None:
    one = portal(accounts=300)
    connector = one.connect()
    full = use.read(connector, "people")
    since = orjson.dumps({**orjson.loads(full[-1].cursor), "since": 0}).decode()
    pages = connector.read("people", since)
    first = next(pages)
    for record in list(use.rows([first]))[:20]:
        one.edit("contacts", record, jobtitle="moved")
    assert use.rows(full).keys() == use.rows([first, *pages]).keys()


def test_a_change_hidden_by_the_index_comes_with_the_next_read(portal: Any, use: Any) -> None:
    clock = Clock()
    one = portal(index_lag=30.0, clock=clock)
    connector = one.connect()
    mark = use.read(connector, "accounts")[-1].cursor
    record = ids(one.app, "accounts")[0]
    one.edit("companies", record, name="Renamed")
    hidden = use.read(connector, "accounts", mark)
    assert record not in use.rows(hidden)
    clock.now += 60
    assert use.rows(use.read(connector, "accounts", hidden[-1].cursor))[record]["name"] == "Renamed"


def test_archived_records_are_reported_once_they_are_archived(portal: Any, use: Any) -> None:
    one = portal(archived_is_thin=True)
    connector = one.connect()
    marks = {s: use.read(connector, s)[-1].cursor for s in ("accounts", "opportunities", "people")}
    company, deal, person = (ids(one.app, s)[0] for s in marks)
    for kind, record in (("companies", company), ("deals", deal), ("contacts", person)):
        one.api("DELETE", f"/crm/objects/2026-03/{kind}/{record}")
    assert {company} == use.gone(use.read(connector, "accounts", marks["accounts"]))
    assert {deal} == use.gone(use.read(connector, "opportunities", marks["opportunities"]))
    assert set() == use.gone(use.read(connector, "people", marks["people"]))
    yesterday = orjson.loads(marks["people"])
    yesterday = orjson.dumps({**yesterday, "swept": yesterday["swept"] - 90_000_000}).decode()
    assert {person} <= use.gone(use.read(connector, "people", yesterday))


def test_a_merge_that_makes_a_new_record_moves_both_old_ids(portal: Any, use: Any) -> None:
    one = portal(merge_makes_new_id=True)
    connector = one.connect()
    mark = use.read(connector, "opportunities")[-1].cursor
    kept, lost = ids(one.app, "opportunities")[:2]
    survivor = one.api("POST", "/crm/objects/2026-03/deals/merge", {"primaryObjectId": kept, "objectIdToMerge": lost})[
        "id"
    ]
    pages = use.read(connector, "opportunities", mark)
    merged = {a: b for page in pages for a, b in page.merged.items()}
    assert {kept: survivor, lost: survivor} == merged
    assert survivor in use.rows(pages)
    assert use.rows(pages)[survivor]["account_id"] is not None


@pytest.mark.parametrize("stream", ["people", "activities", "opportunity_people"])
def test_a_read_can_be_resumed_from_every_page(portal: Any, use: Any, stream: str) -> None:
    one = portal(accounts=400, activities_per_account=4)
    full, searched = use.everything(one.connect(), stream)
    for pages in (full, searched):
        everything = set(use.rows(full))
        for number in range(len(pages) - 1):
            later = use.read(one.connect(), stream, pages[number].cursor)
            assert everything <= set(use.rows(pages[: number + 1])) | set(use.rows(later))


@pytest.mark.parametrize("opaque", [False, True], ids=["positions are ids", "positions are tokens"])
def test_a_long_list_is_read_in_parts_where_the_portal_allows(
    portal: Any, use: Any, monkeypatch: pytest.MonkeyPatch, opaque: bool
) -> None:
    one = portal(accounts=500, activities_per_account=4)
    whole = {s: use.rows(use.read(one.connect(), s)) for s in ("people", "activities")}
    for name, value in (("ALONE", 2), ("LEAST_PAGES", 2)):
        monkeypatch.setattr(spreading, name, value)
    handle, positions = one.app.handle, set()

    def veiled(request: Request) -> Response:
        positions.update(request.params("after"))
        if opaque:
            query = [(k, v.removeprefix("token-") if k == "after" else v) for k, v in request.query]
            answer = handle(dataclasses.replace(request, query=query))
            answer.body = re.sub(rb'("after":")(\d+")', rb"\1token-\2", answer.body)
            return answer
        return handle(request)

    monkeypatch.setattr(one.app, "handle", veiled)
    for stream, rows in whole.items():
        pages = use.read(one.connect(), stream)
        assert rows == use.rows(pages)
        for number in (0, len(pages) // 2):
            later = use.read(one.connect(), stream, pages[number].cursor)
            assert rows.keys() == use.rows(pages[: number + 1]).keys() | use.rows(later).keys()
    assert positions
    assert opaque == all(position.startswith("token-") for position in positions)


def test_what_was_read_before_a_failure_is_good_and_the_rest_follows(portal: Any, use: Any) -> None:
    one = portal(accounts=400)
    everything = set(use.rows(use.read(one.connect(), "people")))
    one.fault(match={"method": "GET", "path": "contacts"}, kind="status", status=500, after=11, times=5)
    got: list[Any] = []
    with pytest.raises(RetriableError):
        got.extend(one.connect().read("people", None))
    assert got
    rest = use.read(one.connect(), "people", got[-1].cursor)
    assert everything == set(use.rows(got)) | set(use.rows(rest))
    assert set(use.rows(got)) != everything


def test_a_foreign_or_future_cursor_is_refused(portal: Any, use: Any) -> None:
    connector = portal().connect()
    mark = orjson.loads(use.read(connector, "accounts")[-1].cursor)
    for bad in ("", "x", "[]", '{"v":2}', json.dumps({**mark, "phase": "?"}), json.dumps({**mark, "start": 10**14})):
        with pytest.raises(StateError):
            use.read(connector, "accounts", bad)


def test_a_run_with_nothing_changed_is_cheap(portal: Any, use: Any) -> None:
    one = portal()
    first = one.connect(ESSENTIAL)
    first.provision(ESSENTIAL)
    marks = {s: use.read(first, s)[-1].cursor for s in first.capabilities.streams}
    again = one.connect(ESSENTIAL)
    for stream, mark in marks.items():
        assert stream == "users" or use.rows(use.read(again, stream, mark)) == {}
    calls = again.calls()
    assert calls.read + calls.write <= 15
    assert calls.read == calls.minimum


def test_a_full_read_makes_the_least_calls(portal: Any, use: Any) -> None:
    one = portal(accounts=200)
    connector = one.connect()
    for stream in connector.capabilities.streams:
        use.read(connector, stream)
    calls = connector.calls()
    assert calls.read == sum(one.calls.values())
    assert calls.minimum <= calls.read <= calls.minimum * 1.02 + 2


def test_people_of_deals_need_no_second_list_of_the_deals(portal: Any, use: Any) -> None:
    one = portal()
    alone = use.rows(use.read(one.connect(), "opportunity_people"))
    connector = one.connect()
    use.read(connector, "opportunities")
    before = connector.calls().by_endpoint["list deals"]
    assert alone == use.rows(use.read(connector, "opportunity_people"))
    assert before == connector.calls().by_endpoint["list deals"]


def test_people_of_deals_wait_for_the_deals_that_are_being_read(portal: Any, use: Any) -> None:
    one = portal()
    connector, alone = one.connect(), one.connect()
    wanted = use.rows(use.read(alone, "opportunity_people"))
    deals = connector.read("opportunities", None)
    next(deals)
    with ThreadPoolExecutor(1) as other:
        people = other.submit(use.read, connector, "opportunity_people")
        assert list(deals) == []
        assert wanted == use.rows(people.result())
    assert connector.calls().by_endpoint["list deals"] == alone.calls().by_endpoint["list deals"]


def test_a_new_contact_of_a_changed_deal_is_found(portal: Any, use: Any) -> None:
    one = portal()
    connector = one.connect()
    marks = {s: use.read(connector, s)[-1].cursor for s in ("opportunities", "opportunity_people")}
    deal, person = ids(one.app, "opportunities")[0], ids(one.app, "people")[40]
    pair = {"inputs": [{"from": {"id": deal}, "to": {"id": person}}]}
    one.api("POST", "/crm/v4/associations/deals/contacts/batch/associate/default", pair)
    one.edit("deals", deal, dealname="renamed")
    for order in (("opportunities", "opportunity_people"), ("opportunity_people",)):
        fresh = one.connect()
        pages = {s: use.read(fresh, s, marks[s]) for s in order}
        assert f"{deal}-{person}" in use.rows(pages["opportunity_people"])


def test_a_change_while_a_read_is_under_way_comes_with_the_next_one(portal: Any, use: Any) -> None:
    one = portal(accounts=400, activities_per_account=0)
    connector = one.connect()
    mark = orjson.loads(use.read(connector, "people")[-1].cursor)
    pages = connector.read("people", orjson.dumps({**mark, "since": 0}).decode())
    first = next(pages)
    record = min(use.rows([first]), key=int)
    one.edit("contacts", record, jobtitle="promoted meanwhile")
    rest = list(pages)
    assert record not in use.rows(rest)
    assert use.rows(use.read(one.connect(), "people", rest[-1].cursor))[record]["title"] == "promoted meanwhile"


def test_an_association_that_changed_alone_comes_with_the_next_full_read(portal: Any, use: Any) -> None:
    """It bumps nothing, so no search can find it; `sync.full_every_hours` says how long that may go unseen."""
    one = portal()
    connector = one.connect()
    full = use.read(connector, "opportunities")
    record, old = next((i, row["account_id"]) for i, row in use.rows(full).items() if row["account_id"])
    new = next(i for i in ids(one.app, "accounts") if i != old)
    one.api("DELETE", f"/crm/v4/objects/deals/{record}/associations/companies/{old}")
    one.api("PUT", f"/crm/v4/objects/deals/{record}/associations/default/companies/{new}")
    assert record not in use.rows(use.read(one.connect(), "opportunities", full[-1].cursor))
    assert use.rows(use.read(one.connect(), "opportunities"))[record]["account_id"] == new


def test_the_count_of_a_search_is_not_believed(portal: Any, use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one = portal(accounts=60)
    connector = one.connect()
    full = use.read(connector, "people")
    handle = one.app.handle

    def lying(request: Request) -> Response:
        answer = handle(request)
        if request.path.endswith("/search"):
            answer.body = re.sub(rb'"total":\d+', b'"total":1', answer.body)
        return answer

    monkeypatch.setattr(one.app, "handle", lying)
    since = orjson.dumps({**orjson.loads(full[-1].cursor), "since": 0}).decode()
    assert use.rows(full) == use.rows(use.read(connector, "people", since))


def test_subjects_and_bodies_are_never_asked_for(portal: Any, use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one = portal()
    asked: list[str] = []
    handle = one.app.handle

    def watched(request: Request) -> Response:
        asked.append(request.target + request.body.decode())
        return handle(request)

    monkeypatch.setattr(one.app, "handle", watched)
    connector = one.connect()
    for stream in connector.capabilities.streams:
        use.everything(connector, stream)
    words = ("subject", "_text", "_html", "_body", "_title", "content", "notes", "preview")
    assert [call for call in asked if any(word in call for word in words)] == []


def test_our_missing_property_stops_the_read_with_the_remedy(portal: Any, use: Any) -> None:
    one = portal()
    one.connect(ESSENTIAL).provision(ESSENTIAL)
    for stream, kind, name in (
        ("accounts", "companies", "bothways_stance"),
        ("opportunities", "deals", "bothways_deal_stance"),
    ):
        one.api("DELETE", f"/crm/properties/2026-03/{kind}/{name}")
        with pytest.raises(SchemaError, match=name) as refused:
            use.read(one.connect(ESSENTIAL), stream)
        assert "provision" in refused.value.remedy


def test_before_ours_are_installed_a_plan_can_be_made(portal: Any, use: Any) -> None:
    connector = portal().connect(ESSENTIAL)
    full, searched = use.everything(connector, "accounts")
    assert {row["bothways_stance"] for row in use.rows([*full, *searched]).values()} == {None}


def test_a_mapped_property_that_the_portal_lacks_is_null_and_a_finding(portal: Any, use: Any) -> None:
    one = portal()
    one.api("DELETE", "/crm/properties/2026-03/companies/wallet")
    connector = one.connect()
    full, searched = use.everything(connector, "accounts")
    assert {None} == {row["wallet"] for row in use.rows([*full, *searched]).values()}
    findings = [f for f in connector.check().findings if f.topic == "fields" and "wallet" in f.message]
    assert [f.level for f in findings] == ["warn"]


def test_a_required_property_that_the_portal_lacks_stops_the_read(portal: Any, use: Any) -> None:
    one = portal()
    shipped = use.mapping_of("hubspot.toml", "hubspot-demo.toml").model_dump()
    shipped["accounts"]["required"] = ["wallet"]
    one.api("DELETE", "/crm/properties/2026-03/companies/wallet")
    connector = one.connect(mapping=type(one.connect()._writer._mapping).model_validate(shipped))
    with pytest.raises(SchemaError, match="wallet"):
        use.read(connector, "accounts")


def test_the_shipped_mapping_has_no_contracts_until_they_are_mapped(portal: Any, use: Any) -> None:
    connector = portal().connect(mapping=use.mapping_of("hubspot.toml"))
    assert not {"contracts", "assets"} & set(connector.capabilities.streams)
    with pytest.raises(ConfigError, match="contracts"):
        connector.read("contracts", None)
    for stream in connector.capabilities.streams:
        assert use.rows(use.read(connector, stream)), stream


def test_check_finds_the_missing_scope_and_goes_on(portal: Any) -> None:
    one = portal()
    one.app.behaviours.scopes[one.app.token] = ALL_SCOPES - {"sales-email-read"}
    diagnosis = one.connect().check()
    assert not diagnosis.ok
    assert ["sales-email-read" in f.message for f in diagnosis.findings if f.topic == "scopes"] == [True]
    assert sum(f.topic == "objects" for f in diagnosis.findings) > 8


def test_check_of_a_revoked_token_is_one_failure(portal: Any) -> None:
    one = portal()
    one.app.behaviours.revoked_tokens.add(one.app.token)
    diagnosis = one.connect().check()
    assert [(f.level, f.topic) for f in diagnosis.findings] == [("fail", "credentials")]


def test_departed_owners_are_users_who_are_not_active(portal: Any, use: Any) -> None:
    one = portal()
    found = use.rows(use.read(one.connect(), "users"))
    assert {True, False} == {row["active"] for row in found.values()}
    assert {owner["id"] for owner in one.app.portal.owners} == found.keys()
