from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from connectors.hubspot.api.endpoints import Paths
from connectors.hubspot.config import DEFAULT_VERSION, HubSpotConfig, HubSpotMapping

AUTH = {"method": "token", "token": {"env": "X"}}


@pytest.mark.parametrize(
    "url", ["https://api.hubapi.com", "http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:9/p"]
)
def test_the_token_may_go_to_hubspot_or_to_this_machine(url: str) -> None:
    assert HubSpotConfig.model_validate({"url": url, "auth": AUTH}).url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://api.hubapi.com",
        "https://api.hubapi.com.evil.example",
        "https://api.hubapi.com@evil.example",
        "https://user@api.hubapi.com",
        "https://evil.example/api.hubapi.com",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
    ],
)
def test_the_token_goes_nowhere_else(url: str) -> None:
    with pytest.raises(ValidationError, match="url"):
        HubSpotConfig.model_validate({"url": url, "auth": AUTH})


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(ValidationError, match="tokne"):
        HubSpotConfig.model_validate({"auth": {**AUTH, "tokne": 1}})


def test_a_mapping_names_its_mistake() -> None:
    base = {
        k: {"object": o} for k, o in (("accounts", "companies"), ("people", "contacts"), ("opportunities", "deals"))
    }
    assert HubSpotMapping.model_validate(base).contracts.object == ""
    for section, match in (
        ({"fields": {"walet": "x"}}, "walet"),
        ({"fields": {"wallet": "Wallet Size"}}, "Wallet Size"),
        ({"fields": {"wallet": "bothways_stance"}}, "bothways_stance"),
        ({"object": "companies/../deals"}, "companies/"),
        ({"required": ["wallet"]}, "wallet"),
    ):
        with pytest.raises(ValidationError, match=match):
            HubSpotMapping.model_validate({**base, "accounts": {**base["accounts"], **section}})


def test_the_version_is_in_every_path_and_nowhere_else() -> None:
    dated, legacy = Paths(DEFAULT_VERSION), Paths("v3")
    assert dated.search("deals").path == "/crm/objects/2026-03/deals/search"
    assert legacy.search("deals").path == "/crm/v3/objects/deals/search"
    assert legacy.associations("deals", "contacts").path == "/crm/v4/associations/deals/contacts/batch/read"
    assert (
        Paths("2026-09").associations("deals", "contacts").path == "/crm/associations/2026-09/deals/contacts/batch/read"
    )


def test_the_client_library_is_loaded_by_the_first_call_only() -> None:
    code = "import sys, connectors.hubspot.connector; sys.exit('hubspot.crm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
