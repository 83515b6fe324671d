"""Search: limits, operators, the window of 10,000, and an index that lags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.emulator.hubspot.store.search import MAX_OFFSET

COMPANIES = "/crm/v3/objects/companies/search"


def found(portal: Any, *filters: dict[str, Any], **more: Any) -> Any:
    return portal.post(COMPANIES, {"filterGroups": [{"filters": list(filters)}], "limit": 200, **more})


def one(name: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, **({} if value is None else {"value": value}), **more}


NUMBERS = {
    "EQ": lambda a, b: a == b,
    "LT": lambda a, b: a < b,
    "LTE": lambda a, b: a <= b,
    "GT": lambda a, b: a > b,
    "GTE": lambda a, b: a >= b,
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_filters_give_exactly_the_records_whose_values_pass(portal: Any, data: Any) -> None:
    records = portal.get("/crm/v3/objects/companies?limit=100&properties=numberofemployees,industry")["results"]
    read: dict[str, Callable[[Any], Any]] = {
        "hs_object_id": lambda r: int(r["id"]),
        "numberofemployees": lambda r: (
            r["properties"]["numberofemployees"] and int(r["properties"]["numberofemployees"])
        ),
        "hs_lastmodifieddate": lambda r: r["updatedAt"],
    }
    filters, tests = [], []
    for name in data.draw(st.lists(st.sampled_from(sorted(read)), min_size=1, max_size=3)):
        operator = data.draw(st.sampled_from(sorted(NUMBERS)))
        value = data.draw(st.sampled_from([v for r in records if (v := read[name](r)) is not None]))
        filters.append(one(name, operator, str(value)))
        tests.append((read[name], NUMBERS[operator], value))
    expected = [
        r["id"]
        for r in records
        if all((held := get(r)) is not None and passes(held, value) for get, passes, value in tests)
    ]
    answer = found(portal, *filters)
    assert [r["id"] for r in answer["results"]] == expected
    assert answer["total"] == len(expected)


def test_groups_are_or_filters_are_and(portal: Any) -> None:
    first, second, third = portal.company_ids(3)
    body = {
        "filterGroups": [
            {"filters": [one("hs_object_id", "EQ", first)]},
            {"filters": [one("hs_object_id", "IN", values=[second, third]), one("hs_object_id", "NEQ", third)]},
        ]
    }
    assert [r["id"] for r in portal.post(COMPANIES, body)["results"]] == [first, second]


def test_text_compares_without_case_and_presence_can_be_asked(portal: Any) -> None:
    some = portal.get("/crm/v3/objects/companies?limit=1&properties=name")["results"][0]
    name = some["properties"]["name"]
    assert found(portal, one("name", "EQ", name.upper()))["results"][0]["id"] == some["id"]
    assert found(portal, one("name", "IN", values=[name.lower()]))["results"][0]["id"] == some["id"]
    assert found(portal, one("name", "CONTAINS_TOKEN", name.split()[0]))["total"] >= 1
    everyone = found(portal)["total"]
    assert (
        found(portal, one("wallet", "HAS_PROPERTY"))["total"]
        + found(portal, one("wallet", "NOT_HAS_PROPERTY"))["total"]
        == everyone
    )


def test_companies_can_be_found_by_an_associated_contact(portal: Any) -> None:
    [company] = portal.company_ids(1)
    [contact, *_] = portal.get(f"/crm/v4/objects/companies/{company}/associations/contacts")["results"]
    answer = found(portal, one("associations.contact", "EQ", str(contact["toObjectId"])))
    assert [r["id"] for r in answer["results"]] == [company]


def test_filters_at_the_top_and_a_numeric_after_are_taken(portal: Any) -> None:
    whole = portal.post(COMPANIES, {"filters": [one("hs_object_id", "GT", "0")], "limit": 10})
    rest = portal.post(COMPANIES, {"filters": [one("hs_object_id", "GT", "0")], "limit": 5, "after": 5})
    assert rest["results"] == whole["results"][5:]


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"limit": 200, "after": str(MAX_OFFSET - 199)},
        {"filterGroups": [{"filters": []}] * 6},
        {"filterGroups": [{"filters": [one("hs_object_id", "GT", "0")] * 7}]},
        {"filterGroups": [{"filters": [one("hs_object_id", "GT", "0")] * 5}] * 4},
        {"sorts": [{"propertyName": "name"}, {"propertyName": "domain"}]},
        {"filterGroups": [{"filters": [one("nothing_of_the_kind", "EQ", "1")]}]},
        {"filterGroups": [{"filters": [one("name", "LIKE", "1")]}]},
        {"filterGroups": [{"filters": [{"propertyName": ["name"], "operator": "EQ", "value": "1"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "name", "operator": ["EQ"], "value": "1"}]}]},
        {"filterGroups": [{"filters": [one("hs_lastmodifieddate", "GTE", "yesterday")]}]},
        {"filterGroups": [{"filters": [one("hs_object_id", "IN")]}]},
        {"filterGroups": [{"filters": [one("hs_object_id", "IN", values=["1" * 3000])]}]},
        "not json",
    ],
)
def test_what_a_search_may_not_ask(portal: Any, body: Any) -> None:
    answer = portal.call("POST", COMPANIES, body)
    assert answer.status == 400
    assert answer.json["category"] == "VALIDATION_ERROR"


def test_the_last_allowed_window_is_answered(portal: Any) -> None:
    assert portal.post(COMPANIES, {"limit": 200, "after": str(MAX_OFFSET - 200)})["results"] == []


def test_sorting_puts_unset_last_either_way(portal: Any) -> None:
    for direction in ("ASCENDING", "DESCENDING"):
        sorts = [{"propertyName": "numberofemployees", "direction": direction}]
        rows = portal.post(COMPANIES, {"sorts": sorts, "limit": 200, "properties": ["numberofemployees"]})["results"]
        held = [r["properties"]["numberofemployees"] for r in rows]
        known = [float(v) for v in held if v is not None]
        assert known == sorted(known, reverse=direction == "DESCENDING")
        assert None not in held[: len(known)]


def test_a_write_moves_a_record_into_the_window_of_later_stamps(portal: Any) -> None:
    [company] = portal.company_ids(1)
    since = str(round(portal.clock() * 1000))
    portal.clock.advance(5)
    assert found(portal, one("hs_lastmodifieddate", "GTE", since))["total"] == 0
    portal.post("/crm/v3/objects/companies/batch/update", {"inputs": [{"id": company, "properties": {"city": "Bonn"}}]})
    assert [r["id"] for r in found(portal, one("hs_lastmodifieddate", "GTE", since))["results"]] == [company]


def test_while_the_index_lags_filters_are_stale_and_values_fresh(make_portal: Callable[..., Any]) -> None:
    portal = make_portal(index_lag=30.0)
    [company] = portal.company_ids(1)
    portal.call("PATCH", f"/crm/v3/objects/companies/{company}", {"properties": {"city": "Bonn"}})
    portal.clock.advance(5)
    portal.call("PATCH", f"/crm/v3/objects/companies/{company}", {"properties": {"city": "Köln"}})
    assert found(portal, one("city", "EQ", "Köln"))["total"] == 0
    stale = found(portal, one("hs_object_id", "EQ", company), properties=["city"])
    assert stale["results"][0]["properties"]["city"] == "Köln"
    portal.clock.advance(31)
    assert found(portal, one("city", "EQ", "Köln"))["total"] == 1


def test_new_records_are_invisible_and_archived_ones_still_counted_while_the_index_lags(
    make_portal: Callable[..., Any],
) -> None:
    portal = make_portal(index_lag=30.0)
    before = found(portal)["total"]
    portal.post("/crm/v3/objects/companies", {"properties": {"name": "New"}}, 201)
    assert found(portal)["total"] == before
    [company] = portal.company_ids(1)
    portal.call("DELETE", f"/crm/v3/objects/companies/{company}")
    answer = found(portal)
    assert answer["total"] == before
    assert company not in [r["id"] for r in answer["results"]]
    portal.clock.advance(31)
    answer = found(portal)
    assert answer["total"] == len(answer["results"]) == before


def test_enrichment_bumps_a_new_record(make_portal: Callable[..., Any]) -> None:
    portal = make_portal(enrichment_after=3.0)
    made = portal.post("/crm/v3/objects/companies", {"properties": {"name": "New"}}, 201)
    portal.clock.advance(4)
    assert portal.get(f"/crm/v3/objects/companies/{made['id']}")["updatedAt"] > made["updatedAt"]


def test_calculated_properties_may_be_null_in_search_alone(make_portal: Callable[..., Any]) -> None:
    portal = make_portal(calculated_null_in_search=True)
    body = {"filters": [one("hs_is_closed_won", "EQ", "true")], "properties": ["hs_is_closed_won"], "limit": 1}
    deal = portal.post("/crm/v3/objects/deals/search", body)["results"][0]
    assert deal["properties"]["hs_is_closed_won"] is None
    read = portal.get(f"/crm/v3/objects/deals/{deal['id']}?properties=hs_is_closed_won")
    assert read["properties"]["hs_is_closed_won"] == "true"
