"""Rows of every stream but activities."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.records import STREAMS, Stream, schema
from connectors.salesforce.config import SalesforceMapping
from connectors.salesforce.translate.columns import from_json
from connectors.salesforce.translate.records import Translated, domain, records
from enrichment.fields import fields

SHIPPED = tomllib.loads((Path(__file__).parents[4] / "config/mappings/salesforce.toml").read_text("utf-8"))
MAPPING = SalesforceMapping.model_validate(SHIPPED)
STAMP = "2026-01-02T17:38:59.000+0000"


def translate(
    stream: Stream, *rows: dict[str, Any], percents: frozenset[str] = frozenset(), full: bool = False
) -> Translated:
    mapping = MAPPING.of(stream)
    assert mapping is not None
    paths = sorted({key for row in rows for key in row} | {"Id", "SystemModstamp"} | set(mapping.fields.values()))
    frame = from_json([{"SystemModstamp": STAMP, **row} for row in rows], paths)
    return records(stream, mapping, frame, fields("full") if full else (), percents)


def one(stream: Stream, row: dict[str, Any], **kw: Any) -> dict[str, Any]:
    made = translate(stream, row, **kw)
    assert made.rejects == ()
    rows: list[dict[str, Any]] = made.batch.to_pylist()
    return rows[0]


def test_every_stream_has_its_schema_even_when_empty() -> None:
    for stream in STREAMS:
        if MAPPING.of(stream) is not None:
            made = translate(stream, full=True)
            assert made.batch.schema.equals(schema(stream, fields("full")))
            assert made.batch.num_rows == 0


def test_an_opportunity() -> None:
    row = one(
        "opportunities",
        {"Id": "006000000000001", "AccountId": "001D000000IRFma", "Amount": -12.5, "Probability": 75, "IsClosed": True,
         "IsWon": False, "CloseDate": "2026-03-31", "OwnerId": "005D000000IRFma"},
        percents=frozenset({"Probability"}),
    )  # fmt: skip
    assert row["id"] == "006000000000001AAA"
    assert (row["account_id"], row["owner_id"]) == ("001D000000IRFmaIAH", "005D000000IRFmaIAH")
    assert (row["amount"], row["probability"], row["is_closed"], row["is_won"]) == (-12.5, 0.75, True, False)
    assert row["close_at"] == datetime(2026, 3, 31, tzinfo=UTC)
    assert row["modified_at"] == datetime(2026, 1, 2, 17, 38, 59, tzinfo=UTC)
    assert row["name"] is None


def test_unknown_is_null_and_zero_is_zero() -> None:
    rows = translate("accounts", {"Id": "001A", "NumberOfEmployees": 0, "AnnualRevenue": None}).batch.to_pylist()
    assert (rows[0]["employees"], rows[0]["annual_revenue"]) == (0, None)


def test_a_queue_owns_nothing() -> None:
    assert one("cases", {"Id": "500A", "OwnerId": "00G000000000001AAA"})["owner_id"] is None


@pytest.mark.parametrize(("origin", "by"), [("Email", True), ("Phone", True), ("Internal", False), (None, None)])
def test_who_raised_a_case(origin: str | None, by: bool | None) -> None:
    assert one("cases", {"Id": "500A", "Origin": origin})["by_customer"] is by


@pytest.mark.parametrize(("status", "active"), [("Activated", True), ("Draft", False), (None, None)])
def test_contracts_count_when_activated(status: str | None, active: bool | None) -> None:
    assert one("contracts", {"Id": "800A", "StatusCode": status})["active"] is active


def test_an_asset_of_a_rival() -> None:
    row = one(
        "assets", {"Id": "02iA", "IsCompetitorProduct": True, "Status": "Obsolete", "Product2": {"Family": "Pumps"}}
    )
    assert (row["is_rival"], row["active"], row["product_family"]) == (True, False, "Pumps")


def test_rates_are_corporate_units_per_unit() -> None:
    rows = translate(
        "currency_rates",
        {
            "Id": "a",
            "IsoCode": "JPY",
            "ConversionRate": 160.0,
            "StartDate": "2026-01-01",
            "NextStartDate": "2026-02-01",
        },
        {"Id": "b", "IsoCode": "EUR", "ConversionRate": 1},
        {"Id": "c", "IsoCode": "XXX", "ConversionRate": 0},
    ).batch.to_pylist()
    assert [row["rate"] for row in rows] == [1 / 160, 1.0, None]
    assert rows[0]["end_at"] == datetime(2026, 2, 1, tzinfo=UTC)


def test_held_properties_are_parsed_at_their_scale() -> None:
    row = one(
        "accounts",
        {"Id": "001A", "Bothways_Confidence__c": 70.04999, "Bothways_Two_Way_Contacts__c": 3.0,
         "Bothways_Stance__c": "protect", "Bothways_Asof__c": STAMP},
        full=True,
    )  # fmt: skip
    assert (row["bothways_confidence"], row["bothways_two_way_contacts"]) == (70.0, 3)
    assert (row["bothways_stance"], row["bothways_asof"].hour) == ("protect", 17)
    assert row["bothways_seller_dependence"] is None


@pytest.mark.parametrize(
    ("site", "host"),
    [
        ("https://www.Acme.example/shop?x=1", "acme.example"),
        ("acme.example", "acme.example"),
        ("WWW.ACME.EXAMPLE:8080/", "acme.example"),
        ("n/a", None),
        ("http://[", None),
        ("see our page", None),
        (None, None),
    ],
)
def test_domains_as_people_type_them(site: str | None, host: str | None) -> None:
    assert domain(site) == host
