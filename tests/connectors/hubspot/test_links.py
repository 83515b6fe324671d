"""Addresses of records in the portal's own user interface."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.hubspot.links import record_form


def test_a_record_is_linked_to_where_hubspot_itself_says_it_is(portal: Any) -> None:
    """Records of 2026-03 carry their own `url`. The account's `uiDomain` is "the domain used for accessing the HubSpot
    user interface" (developers.hubspot.com, Account information API, Retrieve account details).
    """
    one = portal()
    connector = one.connect()
    assert connector.record_form("accounts") == ""  # nothing was asked yet, and nothing is for its sake
    for _ in connector.read("currency_rates", None):
        pass
    company = one.api("GET", "/crm/objects/2026-03/companies?limit=1")["results"][0]
    assert connector.record_form("accounts").replace("{id}", company["id"]) == company["url"]
    assert connector.record_form("opportunities").endswith("/record/0-3/{id}")


@pytest.mark.parametrize(
    ("account", "kind", "address"),
    [
        (
            {"portalId": 7, "uiDomain": "app-eu1.hubspot.com"},
            "companies",
            "https://app-eu1.hubspot.com/contacts/7/record/0-2/{id}",
        ),
        ({"portalId": 7}, "2-123", "https://app.hubspot.com/contacts/7/record/2-123/{id}"),
        ({"portalId": 7, "uiDomain": "elsewhere.example"}, "deals", ""),
        ({"portalId": 7}, "wishes", ""),
        ({}, "deals", ""),
    ],
)
def test_an_address_is_only_made_of_what_is_known(account: dict[str, Any], kind: str, address: str) -> None:
    assert record_form(account, kind) == address
