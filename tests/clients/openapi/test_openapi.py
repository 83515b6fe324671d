"""HubSpot's own OpenAPI files as judges of the emulator's answers.

The files are HubSpot's (repository HubSpot/HubSpot-public-api-spec-collection) and are not kept here. Name a folder of
them in `BOTHWAYS_HUBSPOT_SPECS`, each file as `<version>-<area>.json` (`v3-companies.json`, `v4-associations.json`,
`2026-03-lists.json` ...); without it these tests are skipped.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.emulator.hubspot.app import HubSpotEmulator
from connectors.emulator.organisation.model import demo_organisation
from connectors.emulator.server.http import EmulatorServer

pytest.importorskip("jsonschema")
from tests.clients.openapi import conversation
from tests.clients.openapi.contract import Contract

SPECS = os.environ.get("BOTHWAYS_HUBSPOT_SPECS")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SPECS, reason="BOTHWAYS_HUBSPOT_SPECS names no folder of HubSpot's OpenAPI files"),
]
AREAS = (
    "accountInfo",
    "associations",
    "associationsSchema",
    "calls",
    "communications",
    "companies",
    "contacts",
    "crmOwners",
    "customObjects",
    "deals",
    "emails",
    "exports",
    "limitsTracking",
    "lineItems",
    "lists",
    "meetings",
    "notes",
    "objects",
    "pipelines",
    "products",
    "properties",
    "schemas",
    "tasks",
    "tickets",
)
VERSIONS = ("v3", "2026-03", "2026-09")


@pytest.fixture(scope="module")
def contract() -> Contract:
    return Contract(Path(SPECS or ""), AREAS)


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer(HubSpotEmulator(demo_organisation(accounts=30), rate_limits=False)) as running:
        yield running


@pytest.fixture
def ask(contract: Contract, server: EmulatorServer) -> Iterator[Callable[..., tuple[int, Any]]]:
    problems: list[str] = []

    def asked(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        headers = {"Authorization": f"Bearer {server.app.token}", "Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        wrong = contract.problems(
            method, path.split("?")[0], answer.status, answer.headers.get("Content-Type", ""), content
        )
        problems.extend(f"{method} {path} -> {answer.status}: {one}" for one in wrong)
        return answer.status, json.loads(content) if content else None

    yield asked
    assert problems == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", conversation.TYPES)
def test_records(ask, version, kind):
    conversation.objects(ask, version, kind)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["companies", "deals", "contacts"])
def test_properties(ask, version, kind):
    conversation.properties(ask, version, kind)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["deals", "tickets"])
def test_pipelines(ask, version, kind):
    conversation.pipelines(ask, version, kind)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("part", [conversation.account, conversation.associations, conversation.lists_and_exports])
def test_the_rest(ask, version, part):
    part(ask, version)


def test_a_wrong_answer_is_noticed(contract):
    """The judge can fail: a list without `results`, a number where text is due, a status that no file declares."""
    asked = ("GET", "/crm/v3/objects/companies", 200, "application/json;charset=utf-8")
    assert contract.problems(*asked, b'{"results":[]}') == []
    assert contract.problems(*asked, b"{}")
    assert contract.problems(*asked, b'{"results":[{"id":5}]}')
    assert contract.problems("GET", "/crm/v3/objects/companies", 200, "text/html", b"<html>")
    assert contract.problems("GET", "/crm/v3/nothing/here", 200, "application/json", b"{}")
