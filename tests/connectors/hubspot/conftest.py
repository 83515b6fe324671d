"""An emulated portal over a real socket, and connectors for it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import urllib3

from connectors.base import Organisation, Page, PropertySpec
from connectors.emulator.hubspot.app import HubSpotEmulator
from connectors.emulator.organisation.model import CORPORATE_CURRENCY, OWN_DOMAINS, demo_organisation
from connectors.emulator.organisation.model import Organisation as Emulated
from connectors.emulator.server.http import EmulatorServer, Request, Response
from connectors.http import retry
from connectors.hubspot.config import HubSpotConfig, HubSpotMapping
from connectors.hubspot.connector import HubSpotConnector
from connectors.records import Stream

MAPPINGS = Path(__file__).parents[3] / "config" / "mappings"
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def mapping_of(*names: str) -> HubSpotMapping:
    """The named mapping files, each merged over the one before."""
    merged: dict[str, Any] = {}
    for name in names:
        merged = _merge(merged, tomllib.loads((MAPPINGS / name).read_text("utf-8")))
    return HubSpotMapping.model_validate(merged)


def _merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(under)
    for key, value in over.items():
        both[key] = _merge(both[key], value) if isinstance(value, dict) and isinstance(both.get(key), dict) else value
    return both


DEMO = mapping_of("hubspot.toml", "hubspot-demo.toml")


@dataclass
class Portal:
    """A running emulator."""

    server: EmulatorServer
    app: HubSpotEmulator
    organisation: Emulated
    monkeypatch: pytest.MonkeyPatch
    made: list[HubSpotConnector] = field(default_factory=list)
    refused: int = 0
    """Calls that were answered with 429."""

    def connect(
        self,
        owned: Sequence[PropertySpec] = (),
        mapping: HubSpotMapping = DEMO,
        organisation: Organisation | None = None,
        **settings: Any,
    ) -> HubSpotConnector:
        self.monkeypatch.setenv("HUBSPOT_TEST_TOKEN", self.app.token)
        auth = settings.pop("auth", {"method": "token", "token": {"env": "HUBSPOT_TEST_TOKEN"}})
        fast = {"rate_limit": 1000, "search_limit": 1000}
        config = HubSpotConfig.model_validate({"url": self.server.url, "auth": auth, **fast, **settings})
        organisation = organisation or Organisation(OWN_DOMAINS, CORPORATE_CURRENCY)
        connector = HubSpotConnector(config, mapping, owned, organisation)
        self.made.append(connector)
        return connector

    def fault(self, **rule: Any) -> None:
        self.server.faults.add(rule)

    def api(self, method: str, path: str, body: object = None) -> Any:
        """What a person or another program does to the portal."""
        headers = {"Authorization": f"Bearer {self.app.token}", "Content-Type": "application/json"}
        raw = None if body is None else orjson.dumps(body)
        with urllib3.PoolManager() as pool:
            answer = pool.request(method, self.server.url + path, body=raw, headers=headers)
            assert answer.status < 300, answer.data
            return orjson.loads(answer.data or b"{}")

    def edit(self, kind: str, record: str, **properties: str) -> None:
        self.api("PATCH", f"/crm/objects/2026-03/{kind}/{record}", {"properties": properties})

    def properties(self, kind: str, record: str, *names: str) -> dict[str, str | None]:
        found = self.api("GET", f"/crm/objects/2026-03/{kind}/{record}?properties={','.join(names)}")["properties"]
        return {name: found.get(name) for name in names}

    @property
    def calls(self) -> dict[str, int]:
        return dict(self.server.calls)


@dataclass
class Helpers:
    """The plain functions of this file, for tests that cannot import it."""

    rows: Callable[..., Any]
    read: Callable[..., Any]
    everything: Callable[..., Any]
    gone: Callable[..., Any]
    mapping_of: Callable[..., Any]


PortalFactory = Callable[..., Portal]


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[PortalFactory]:
    """Makes a running portal: `portal(accounts=30, **behaviours)`."""
    started: list[Portal] = []
    retry.without_waiting(on=True)

    def make(accounts: int = 0, *, activities_per_account: float = 10, **behaviours: Any) -> Portal:
        organisation = demo_organisation(7, accounts, now=NOW, activities_per_account=activities_per_account)
        app = HubSpotEmulator(organisation, **{"rate_limits": False, **behaviours})
        server = EmulatorServer(app)
        server.__enter__()
        started.append(Portal(server, app, organisation, monkeypatch))
        _count_refusals(started[-1])
        return started[-1]

    yield make
    retry.without_waiting(on=False)
    for one in started:
        for connector in one.made:
            connector.close()
        one.server.__exit__()


def _count_refusals(portal: Portal) -> None:
    handle = portal.app.handle

    def counted(request: Request) -> Response:
        response = handle(request)
        portal.refused += response.status == 429
        return response

    portal.monkeypatch.setattr(portal.app, "handle", counted)


def everything(connector: HubSpotConnector, stream: Stream) -> tuple[list[Page], list[Page]]:
    """A full read, and an incremental read from the beginning of time."""
    full = read(connector, stream)
    long_ago = orjson.dumps({**orjson.loads(full[-1].cursor), "since": 0, "swept": 0}).decode()
    return full, read(connector, stream, long_ago)


def gone(pages: Sequence[Page]) -> set[str]:
    return {record for page in pages for record in page.deleted}


def rows(pages: Sequence[Page]) -> dict[str, dict[str, Any]]:
    """The newest version of each record."""
    return {row["id"]: row for page in pages for row in page.batch.to_pylist()}


def read(connector: HubSpotConnector, stream: Stream, since: str | None = None) -> list[Page]:
    return list(connector.read(stream, since))


@pytest.fixture
def use() -> Helpers:
    return Helpers(rows, read, everything, gone, mapping_of)
