"""What the settings of Salesforce accept."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from connectors.salesforce.config import SalesforceConfig, SalesforceMapping

TOKEN = {"method": "token", "token": {"env": "TOKEN"}}
SHIPPED = tomllib.loads((Path(__file__).parents[3] / "config/mappings/salesforce.toml").read_text("utf-8"))


def config(url: str) -> SalesforceConfig:
    return SalesforceConfig.model_validate({"kind": "salesforce", "url": url, "auth": TOKEN})


@pytest.mark.parametrize(
    "url",
    [
        "https://example.my.salesforce.com",
        "https://example--uat.sandbox.my.salesforce.com/",
        "http://127.0.0.1:8801",
        "http://localhost:1",
        "https://[::1]:8443",
    ],
)
def test_organisations_and_loopback_are_accepted(url: str) -> None:
    assert config(url).url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.my.salesforce.com",
        "https://example.com",
        "https://salesforce.com.evil.example",
        "https://evilsalesforce.com",
        "https://user:pass@example.my.salesforce.com",
        "https://example.my.salesforce.com/services",
        "http://127.0.0.1.evil.example",
        "ftp://127.0.0.1",
        "example.my.salesforce.com",
    ],
)
def test_a_token_is_never_sent_anywhere_else(url: str) -> None:
    with pytest.raises(ValidationError):
        config(url)


def test_unknown_keys_and_literal_secrets_are_refused() -> None:
    for wrong in (
        {"colour": 1},
        {"auth": {"method": "token", "token": "00D!secret"}},
        {"auth": {"method": "password"}},
    ):
        with pytest.raises(ValidationError):
            SalesforceConfig.model_validate({"kind": "salesforce", "url": "http://127.0.0.1", "auth": TOKEN, **wrong})


def test_a_custom_field_can_feed_any_input() -> None:
    values = {
        **SHIPPED,
        "accounts": {**SHIPPED["accounts"], "fields": {"name": "Name", "wallet": "Spend__c", "type": ""}},
    }
    assert SalesforceMapping.model_validate(values).accounts.fields == {"name": "Name", "wallet": "Spend__c"}


@pytest.mark.parametrize("field", ["Name FROM User", "Spend__c, Name", "a.b.c.d", "1x", "Name'", "Na-me"])
def test_what_is_no_field_name_never_reaches_a_query(field: str) -> None:
    values = {**SHIPPED, "accounts": {"object": "Account", "fields": {"name": field}}}
    with pytest.raises(ValidationError, match="API name"):
        SalesforceMapping.model_validate(values)


def test_unknown_columns_are_refused_by_name() -> None:
    for part in ("accounts", "cases"):
        values = {**SHIPPED, part: {"object": "X", "fields": {"waleet": "Spend__c"}}}
        with pytest.raises(ValidationError, match="waleet"):
            SalesforceMapping.model_validate(values)
    activities = {**SHIPPED["activities"], "email": {"object": "EmailMessage", "fields": {"sender": "FromAddress"}}}
    with pytest.raises(ValidationError, match="sender"):
        SalesforceMapping.model_validate({**SHIPPED, "activities": activities})
