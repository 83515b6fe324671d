"""Whatever a client sends, the portal answers as HubSpot would: never with a fault of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.emulator.hubspot.app import HubSpotEmulator
from connectors.emulator.organisation.model import Organisation
from connectors.emulator.server.http import Request
from connectors.records import SCHEMAS

PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 2**70), st.floats(), st.text(max_size=8), st.just("9999990")
)
WORDS = st.sampled_from(
    [
        "inputs",
        "id",
        "properties",
        "filterGroups",
        "filters",
        "propertyName",
        "operator",
        "value",
        "values",
        "highValue",
        "sorts",
        "limit",
        "after",
        "from",
        "to",
        "types",
        "idProperty",
        "objectWriteTraceId",
        "associations",
        "name",
        "label",
        "type",
        "fieldType",
        "groupName",
        "options",
        "primaryObjectId",
        "objectIdToMerge",
        "propertiesWithHistory",
        "archived",
        "associationTypeId",
        "objectId",
    ]
)
SAMPLES = st.sampled_from(
    ["EQ", "IN", "hs_object_id", "GT", "name", "enumeration", "select", "companyinformation", "email"]
)
JSON = st.recursive(
    PLAIN | SAMPLES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=25,
)
PATHS = [
    "/crm/v3/objects/companies",
    "/crm/v3/objects/companies/search",
    "/crm/v3/objects/companies/merge",
    "/crm/v3/objects/contacts/gdpr-delete",
    "/crm/v3/objects/companies/batch/read",
    "/crm/v3/objects/companies/batch/update",
    "/crm/objects/2026-09/companies/batch/create",
    "/crm/v3/objects/contacts/batch/upsert",
    "/crm/v3/objects/companies/batch/archive",
    "/crm/v4/associations/companies/contacts/batch/read",
    "/crm/v4/associations/companies/contacts/batch/create",
    "/crm/v4/associations/companies/contacts/batch/archive",
    "/crm/v4/associations/companies/contacts/batch/associate/default",
    "/crm/v3/associations/companies/contacts/batch/create",
    "/crm/v4/associations/companies/contacts/labels",
    "/crm/v3/properties/companies",
    "/crm/v3/properties/companies/groups",
    "/crm/v3/properties/companies/batch/create",
    "/crm/v3/properties/companies/batch/read",
    "/crm/v3/properties/companies/batch/archive",
]


def ask(app: HubSpotEmulator, method: str, path: str, body: bytes, query: list[tuple[str, str]] | None = None) -> int:
    headers = {"authorization": f"Bearer {app.token}", "host": "localhost"}
    answer = app.handle(Request(method, path, path, query or [], headers, body))
    if answer.status != 204:
        json.loads(answer.body)
    return answer.status


@pytest.fixture(scope="module")
def app(organisation: Organisation) -> HubSpotEmulator:
    return HubSpotEmulator(organisation, rate_limits=False)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(PATHS), body=JSON, batch=st.booleans())
def test_no_body_is_answered_with_a_fault(app: HubSpotEmulator, path: str, body: Any, batch: bool) -> None:
    sent = {"inputs": [body], "filterGroups": [{"filters": [body]}]} if batch else body
    assert ask(app, "POST", path, json.dumps(sent).encode()) < 500


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(
        [
            "/crm/v3/objects/companies",
            "/crm/v3/objects/companies/9999990",
            "/crm/v3/owners",
            "/crm/v4/objects/companies/9999990/associations/contacts",
            "/settings/currencies/2026-03/exchange-rates",
            "/crm/v3/pipelines/deals",
        ]
    ),
    query=st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "limit",
                    "after",
                    "archived",
                    "properties",
                    "associations",
                    "propertiesWithHistory",
                    "idProperty",
                    "email",
                ]
            ),
            st.one_of(st.text(max_size=6), st.sampled_from(["10", "true", "contacts", "name", "email", "-1", "²"])),
        ),
        max_size=4,
    ),
)
def test_no_query_is_answered_with_a_fault(app: HubSpotEmulator, path: str, query: list[tuple[str, str]]) -> None:
    assert ask(app, "GET", path, b"", query) < 500


def test_an_address_that_is_too_long_is_refused(make_portal: Callable[..., Any]) -> None:
    portal = make_portal(longest_url=200)
    assert portal.call("GET", "/crm/v3/objects/companies?properties=" + "x" * 200).status == 414


def bare(rows: dict[str, list[dict[str, Any]]]) -> Organisation:
    tables = {
        stream: pa.Table.from_pylist(
            [{name: one.get(name) for name in schema.names} for one in rows.get(stream, [])], schema
        )
        for stream, schema in SCHEMAS.items()
    }
    return Organisation(tables, (), "USD", "UTC", datetime(2026, 11, 1, tzinfo=UTC))


def test_an_empty_organisation_makes_an_empty_portal() -> None:
    app = HubSpotEmulator(bare({}))
    assert app.records("accounts") == []
    assert ask(app, "POST", "/crm/v3/objects/companies/search", b"{}") == 200


def test_records_that_know_nothing_but_their_id_are_taken(make_portal: Callable[..., Any]) -> None:
    app = HubSpotEmulator(bare({stream: [{"id": f"{stream}-1"}] for stream in SCHEMAS}), rate_limits=False)
    for plural in ("companies", "contacts", "deals", "line_items", "tickets", "contracts", "assets", "notes"):
        assert ask(app, "GET", f"/crm/v3/objects/{plural}", b"") == 200
    assert [one["source_id"] for one in app.records("opportunities") or ()] == ["opportunities-1"]


def test_only_known_behaviours_can_be_asked_for(organisation: Organisation) -> None:
    with pytest.raises(TypeError, match="index_log"):
        HubSpotEmulator(organisation, index_log=3)


@pytest.mark.parametrize(
    "base", ["/settings/v3/currencies", "/settings/currencies/2026-03", "/settings/currencies/2026-09"]
)
def test_currencies_are_settings_of_the_account(portal: Any, organisation: Organisation, base: str) -> None:
    assert portal.get(f"{base}/company-currency")["id"] == organisation.corporate_currency
    shown = portal.get(f"{base}/exchange-rates")["results"]
    expected = {(one["currency"], one["rate"]) for one in organisation.tables["currency_rates"].to_pylist()}
    assert {(one["fromCurrencyCode"], one["conversionRate"]) for one in shown} == expected - {
        (organisation.corporate_currency, 1.0)
    }
    current = portal.get(f"{base}/exchange-rates/current")["results"]
    assert len(current) == len({one["fromCurrencyCode"] for one in shown})
    paged = portal.get(f"{base}/exchange-rates?limit=1")
    assert paged["paging"]["next"]["after"] == "1"
