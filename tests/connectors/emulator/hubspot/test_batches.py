"""Batches: what is written when something is wrong, and what the answers account for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from connectors.emulator.hubspot.behaviours import ValidationRule

BATCH = "/crm/v3/objects/companies/batch"


def city(portal: Any, company: str) -> Any:
    return portal.get(f"/crm/v3/objects/companies/{company}?properties=city")["properties"]["city"]


def write(company: str, value: str = "Bonn", **more: Any) -> dict[str, Any]:
    return {"id": company, "properties": {"city": value}, **more}


def problems(message: str) -> list[dict[str, Any]]:
    return json.loads(message[message.index("[") :])


def test_without_trace_ids_one_bad_input_means_nothing_is_written(portal: Any) -> None:
    first, second = portal.company_ids(2)
    bad = {"id": second, "properties": {"nope": "1"}}
    answer = portal.post(f"{BATCH}/update", {"inputs": [write(first), bad]}, 400)
    assert [(one["error"], one["name"]) for one in problems(answer["message"])] == [("PROPERTY_DOESNT_EXIST", "nope")]
    assert city(portal, first) is None


def test_with_trace_ids_the_good_ones_are_written_and_the_bad_ones_named(portal: Any) -> None:
    first, second, third = portal.company_ids(3)
    inputs = [
        write(first, objectWriteTraceId="a"),
        {"id": second, "properties": {"nope": "1"}, "objectWriteTraceId": "b"},
        write("77", objectWriteTraceId="c"),
        write(third, objectWriteTraceId="d"),
    ]
    answer = portal.post(f"{BATCH}/update", {"inputs": inputs}, 207)
    assert {one["id"] for one in answer["results"]} == {first, third}
    assert sorted(one["context"]["objectWriteTraceId"][0] for one in answer["errors"]) == ["b", "c"]
    assert answer["numErrors"] == 2
    assert (city(portal, first), city(portal, second)) == ("Bonn", None)


def test_trace_ids_that_are_not_unique_do_not_count(portal: Any) -> None:
    first, second = portal.company_ids(2)
    bad = {"id": second, "properties": {"nope": "1"}, "objectWriteTraceId": "a"}
    portal.post(f"{BATCH}/update", {"inputs": [write(first, objectWriteTraceId="a"), bad]}, 400)


def test_an_older_path_may_ignore_trace_ids_on_update(make_portal: Callable[..., Any]) -> None:
    portal = make_portal(trace_ids_on_update=False)
    first, second = portal.company_ids(2)
    bad = {"id": second, "properties": {"nope": "1"}, "objectWriteTraceId": "b"}
    portal.post(f"{BATCH}/update", {"inputs": [write(first, objectWriteTraceId="a"), bad]}, 400)
    assert city(portal, first) is None


def test_an_unknown_id_is_reported_the_rest_written(portal: Any) -> None:
    [first] = portal.company_ids(1)
    answer = portal.post(f"{BATCH}/update", {"inputs": [write(first), write("77")]}, 207)
    assert [one["id"] for one in answer["results"]] == [first]
    assert answer["errors"][0]["context"]["ids"] == ["77"]
    assert answer["errors"][0]["category"] == "OBJECT_NOT_FOUND"


def test_a_merged_away_id_is_missing_without_a_word(portal: Any, organisation: Any) -> None:
    loser = portal.id("accounts", organisation.merges[0][0])
    [first] = portal.company_ids(1)
    answer = portal.post(f"{BATCH}/update", {"inputs": [write(first), write(loser)]})
    assert [one["id"] for one in answer["results"]] == [first]
    assert "errors" not in answer


def test_results_are_not_in_the_order_of_the_inputs(portal: Any) -> None:
    ids = portal.company_ids(12)
    answer = portal.post(f"{BATCH}/update", {"inputs": [write(one) for one in ids]})
    assert [one["id"] for one in answer["results"]] != ids
    assert {one["id"] for one in answer["results"]} == set(ids)
    names = list(answer["results"][0]["properties"])
    assert names == sorted(names) == ["city", "createdate", "hs_lastmodifieddate", "hs_object_id"]


@pytest.mark.parametrize("verb", ["read", "update", "archive"])
def test_an_id_twice_refuses_the_batch(portal: Any, verb: str) -> None:
    [first] = portal.company_ids(1)
    answer = portal.post(f"{BATCH}/{verb}", {"inputs": [write(first), write(first)]}, 400)
    assert answer["message"] == f"Duplicate IDs found in batch input: [{first}]. IDs must be unique"
    assert answer["context"]["ids"] == [first]


@pytest.mark.parametrize(("verb", "more"), [("read", {}), ("update", {}), ("create", {}), ("archive", {})])
def test_a_hundred_and_one_inputs_are_too_many(portal: Any, verb: str, more: dict[str, Any]) -> None:
    inputs = [write(str(i)) for i in range(101)]
    answer = portal.post(f"{BATCH}/{verb}", {"inputs": inputs, **more}, 400)
    assert "maximum number of inputs supported in a batch is 100" in answer["message"]


def test_a_read_with_history_takes_fifty(portal: Any) -> None:
    inputs = [{"id": str(i)} for i in range(51)]
    portal.post(f"{BATCH}/read", {"inputs": inputs, "propertiesWithHistory": ["name"]}, 400)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("annualrevenue", "a lot", "INVALID_DOUBLE"),
        ("annualrevenue", "NaN", "INVALID_DOUBLE"),
        ("hs_lastmodifieddate", "2026-01-01", "READ_ONLY_VALUE"),
        ("hs_parent_company_id", "1", "READ_ONLY_VALUE"),
        ("lifecyclestage", "Customer", "INVALID_OPTION"),
        ("strategic_customer", "yes", "INVALID_OPTION"),
        ("createdate", "soon", "INVALID_LONG"),
    ],
)
def test_values_that_a_property_cannot_hold(portal: Any, name: str, value: str, code: str) -> None:
    [first] = portal.company_ids(1)
    answer = portal.post(f"{BATCH}/update", {"inputs": [{"id": first, "properties": {name: value}}]}, 400)
    assert [one["error"] for one in problems(answer["message"])] == [code]


@pytest.mark.parametrize(
    ("name", "sent", "kept"),
    [
        ("annualrevenue", "12.50", "12.5"),
        ("annualrevenue", "1E+3", "1000"),
        ("annualrevenue", "-0.0", "0"),
        ("annualrevenue", 7, "7"),
        ("createdate", "1767225600000", "2026-01-01T00:00:00.000Z"),
        ("createdate", "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00.000Z"),
        ("strategic_customer", "TRUE", "true"),
        ("city", "", None),
    ],
)
def test_values_are_kept_in_normal_form(portal: Any, name: str, sent: Any, kept: str | None) -> None:
    [first] = portal.company_ids(1)
    portal.post(f"{BATCH}/update", {"inputs": [{"id": first, "properties": {name: sent}}]})
    assert portal.get(f"/crm/v3/objects/companies/{first}?properties={name}")["properties"][name] == kept


@pytest.mark.parametrize("bumps", [True, False])
def test_writing_the_same_value_bumps_the_stamp_or_not(make_portal: Callable[..., Any], bumps: bool) -> None:
    portal = make_portal(same_value_bumps=bumps)
    [first] = portal.company_ids(1)
    before = portal.post(f"{BATCH}/update", {"inputs": [write(first)]})["results"][0]["updatedAt"]
    portal.clock.advance(10)
    after = portal.post(f"{BATCH}/update", {"inputs": [write(first)]})["results"][0]["updatedAt"]
    assert (after > before) is bumps
    assert after >= before


def test_upsert_tells_new_from_known_and_needs_a_unique_property(portal: Any) -> None:
    known = portal.get("/crm/v3/objects/contacts?limit=1&properties=email")["results"][0]
    inputs = [
        {"id": known["properties"]["email"], "idProperty": "email", "properties": {"jobtitle": "CEO"}},
        {"id": "someone@else.example", "idProperty": "email", "properties": {"jobtitle": "CTO"}},
    ]
    answer = portal.post("/crm/v3/objects/contacts/batch/upsert", {"inputs": inputs})
    assert {one["new"] for one in answer["results"] if one["id"] == known["id"]} == {False}
    assert {one["new"] for one in answer["results"] if one["id"] != known["id"]} == {True}
    bad = {"id": "x", "idProperty": "dealname", "properties": {"dealname": "x"}}
    refused = portal.post("/crm/v3/objects/deals/batch/upsert", {"inputs": [bad]}, 400)
    assert refused["message"] == "Unable to perform update/upsert by non-unique 0-3 property dealname"


def test_validation_rules_bind_writes_of_the_latest_version_only(make_portal: Callable[..., Any]) -> None:
    portal = make_portal(validation_rules=[ValidationRule("companies", "phone")])
    [first] = portal.company_ids(1)
    answer = portal.post("/crm/objects/2026-09/companies/batch/update", {"inputs": [write(first)]}, 400)
    assert "MISSING_CONDITIONAL_REQUIRED_PROPERTY" in json.dumps(answer)
    for base in ("/crm/v3/objects", "/crm/objects/2026-03"):
        portal.post(f"{base}/companies/batch/update", {"inputs": [write(first)]})
    with_phone = {"id": first, "properties": {"city": "Ulm", "phone": "1"}}
    portal.post("/crm/objects/2026-09/companies/batch/update", {"inputs": [with_phone]})


def test_the_latest_version_says_what_it_normalised(portal: Any) -> None:
    [first] = portal.company_ids(1)
    body = {"properties": {"annualrevenue": "12.50"}}
    answer = portal.call("PATCH", f"/crm/objects/2026-09/companies/{first}", body).json
    assert answer["warnings"][0]["context"] == {"rawValue": ["12.50"], "normalizedValue": ["12.5"]}
    assert "warnings" not in portal.call("PATCH", f"/crm/v3/objects/companies/{first}", body).json


def test_a_locked_record_refuses_its_writes(make_portal: Callable[..., Any]) -> None:
    portal = make_portal()
    first, second = portal.company_ids(2)
    portal.app.behaviours.locked_ids.add(second)
    portal.post(f"{BATCH}/update", {"inputs": [write(first), write(second)]}, 423)
    assert city(portal, first) is None
    portal.app.behaviours.locked_ids.clear()
    portal.post(f"{BATCH}/update", {"inputs": [write(first), write(second)]})


def test_what_we_write_is_counted_by_field(portal: Any) -> None:
    first, second = portal.company_ids(2)
    portal.post(f"{BATCH}/update", {"inputs": [write(first), write(second)]})
    portal.post(f"{BATCH}/update", {"inputs": [write(first, "Ulm"), {"id": second, "properties": {"nope": "1"}}]}, 400)
    stats = portal.get("/__emulator__/stats")
    assert stats["records_written"] == {"companies": {"city": 2}}
    assert stats["calls"]["POST objects/companies/batch/update"] == 2


def test_a_won_deal_follows_its_stage(portal: Any) -> None:
    body = {"filters": [{"propertyName": "hs_is_closed", "operator": "EQ", "value": "false"}], "limit": 1}
    deal = portal.post("/crm/v3/objects/deals/search", body)["results"][0]["id"]
    portal.call("PATCH", f"/crm/v3/objects/deals/{deal}", {"properties": {"dealstage": "closedwon"}})
    names = "hs_is_closed,hs_is_closed_won,hs_deal_stage_probability"
    read = portal.get(f"/crm/v3/objects/deals/{deal}?properties={names}")["properties"]
    assert [read[name] for name in names.split(",")] == ["true", "true", "1"]


def test_home_amounts_follow_amount_and_currency_by_the_rate_at_the_close(portal: Any) -> None:
    made = portal.post(
        "/crm/v3/objects/deals",
        {"properties": {"dealname": "x", "amount": "100", "deal_currency_code": "USD", "closedate": "2010-01-01"}},
        201,
    )
    read = portal.get(f"/crm/v3/objects/deals/{made['id']}?properties=hs_exchange_rate,amount_in_home_currency")
    early = float(read["properties"]["hs_exchange_rate"])
    assert float(read["properties"]["amount_in_home_currency"]) == pytest.approx(100 * early)
    portal.call("PATCH", f"/crm/v3/objects/deals/{made['id']}", {"properties": {"closedate": "2099-01-01"}})
    late = portal.get(f"/crm/v3/objects/deals/{made['id']}?properties=hs_exchange_rate")["properties"]
    assert float(late["hs_exchange_rate"]) != early
    bad = portal.call("PATCH", f"/crm/v3/objects/deals/{made['id']}", {"properties": {"deal_currency_code": "XXX"}})
    assert (bad.status, "INVALID_OPTION" in bad.json["message"]) == (400, True)
