"""Who raised a case, as organisations with words of their own have it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from connectors.salesforce.config import SalesforceMapping
from connectors.salesforce.translate.case import Cases
from connectors.salesforce.translate.columns import from_json
from connectors.salesforce.translate.participants import Sides

SHIPPED = tomllib.loads((Path(__file__).parents[4] / "config/mappings/salesforce.toml").read_text("utf-8"))
MAPPING = SalesforceMapping.model_validate(SHIPPED).cases
CONTACT = "003Bw0000000001IAA"


def raised(**fields: Any) -> bool | None:
    assert MAPPING is not None
    row = {"Id": "500Bw0000000001IAA", **fields}
    paths = ("Id", *MAPPING.fields.values())
    batch = Cases(MAPPING, Sides(frozenset({"seller.example"}))).translate(from_json([row], paths)).batch
    return batch.column("by_customer").to_pylist()[0]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"Origin": "Email", "SuppliedEmail": "ann@customer.example", "ContactId": CONTACT}, True),
        ({"Origin": "Internal"}, False),
        ({"Origin": "Partner Portal"}, None),  # an administrator's own word: unknown until it is mapped
        ({"Origin": "Email - Service Desk", "SuppliedEmail": "ann@customer.example", "ContactId": CONTACT}, True),
        ({"Origin": None, "SuppliedEmail": "ann@customer.example"}, True),
        ({"Origin": None}, None),
        ({"Origin": "Email", "SuppliedEmail": "it@seller.example"}, False),  # a colleague, for nobody
        (
            {"Origin": "Email", "SuppliedEmail": "rep@seller.example", "ContactId": CONTACT},
            True,
        ),  # forwarded for a customer
        ({"Origin": "Internal", "SuppliedEmail": "ann@customer.example", "ContactId": CONTACT}, False),
    ],
)
def test_who_raised_a_case(fields, expected):
    """Object Reference for Salesforce, Case: `Origin` is a picklist of the organisation's own; `SuppliedEmail` (label:
    Web Email) is the address that was entered when the case was created.
    """
    assert raised(**fields) is expected
