"""The HubSpot connector against the emulated portal, over a real socket."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import urllib3

from connectors.base import Organisation, PropertySpec, Value
from connectors.emulator.hubspot.app import HubSpotEmulator
from connectors.emulator.organisation.model import Organisation as Emulated
from connectors.emulator.server.http import EmulatorServer
from connectors.hubspot.config import HubSpotConfig, HubSpotMapping
from connectors.hubspot.connector import HubSpotConnector
from connectors.records import STREAMS, Stream
from connectors.testing.harness import Harness
from connectors.testing.organisation import OWN_DOMAIN, ROWS, Rows, tables
from connectors.testing.suite import ContractSuite
from enrichment.fields import fields

MAPPINGS = Path(__file__).parents[2] / "config" / "mappings"
OBJECTS = "/crm/objects/2026-03"
_PLURALS: dict[Stream, str] = {"accounts": "companies", "opportunities": "deals", "people": "contacts"}


def _merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(under)
    for key, value in over.items():
        both[key] = _merge(both[key], value) if isinstance(value, dict) and isinstance(both.get(key), dict) else value
    return both


def _mapping() -> HubSpotMapping:
    shipped, demo = (tomllib.loads((MAPPINGS / n).read_text("utf-8")) for n in ("hubspot.toml", "hubspot-demo.toml"))
    return HubSpotMapping.model_validate(_merge(shipped, demo))


@dataclass
class HubSpotHarness(Harness):
    server: EmulatorServer
    app: HubSpotEmulator
    token_file: Path
    name: str = "hubspot"
    streams: frozenset[Stream] = frozenset(STREAMS) - {"rivals", "currency_rates"}
    unheld: Mapping[Stream, frozenset[str]] = field(
        default_factory=lambda: {
            "users": frozenset({"time_zone"}),
            "line_items": frozenset({"product_id"}),
            "activities": frozenset({"date_only"}),  # every HubSpot act has an hour
        }
    )
    essential: Sequence[PropertySpec] = fields("essential")
    full: Sequence[PropertySpec] = fields("full")
    opened: list[HubSpotConnector] = field(default_factory=list)

    def connect(self, owned: Sequence[PropertySpec] = ()) -> HubSpotConnector:
        config = HubSpotConfig.model_validate(
            {
                "url": self.server.url,
                "auth": {"method": "token", "token": {"file": str(self.token_file)}},
                "rate_limit": 1000,
                "search_limit": 1000,
            }
        )
        organisation = Organisation((OWN_DOMAIN,), "EUR", "Europe/London")
        self.opened.append(HubSpotConnector(config, _mapping(), owned, organisation))
        return self.opened[-1]

    def id_of(self, stream: Stream, key: str) -> str:
        if stream == "opportunity_people":
            row = next(r for r in ROWS[stream] if r["id"] == key)
            return f"{self.id_of('opportunities', row['opportunity_id'])}-{self.id_of('people', row['person_id'])}"
        record = self.app.ids[stream][key]
        if stream == "activities":
            row = next(r for r in ROWS[stream] if r["id"] == key)
            return f"{row['channel']}s-{record}"
        return record

    def edit(self, stream: Stream, key: str, column: str, value: Value) -> None:
        name = {"name": "name" if stream == "accounts" else "dealname"}.get(column, column)
        self._send("PATCH", f"{OBJECTS}/{_PLURALS[stream]}/{self.id_of(stream, key)}", {"properties": {name: value}})

    def delete(self, stream: Stream, key: str) -> None:
        self._send("DELETE", f"{OBJECTS}/{_PLURALS[stream]}/{self.id_of(stream, key)}")

    def merge(self, loser: str, survivor: str) -> None:
        ids = {"primaryObjectId": self.id_of("accounts", survivor), "objectIdToMerge": self.id_of("accounts", loser)}
        self._send("POST", f"{OBJECTS}/companies/merge", ids)

    def revoke(self, spec: PropertySpec) -> None:
        self._send("DELETE", f"/crm/properties/2026-03/{_PLURALS[spec.stream]}/{spec.name}")

    def _send(self, method: str, path: str, body: object = None) -> None:
        headers = {"Authorization": f"Bearer {self.app.token}", "Content-Type": "application/json"}
        raw = None if body is None else orjson.dumps(body)
        with urllib3.PoolManager() as pool:
            answer = pool.request(method, self.server.url + path, body=raw, headers=headers)
            assert answer.status < 300, answer.data


@contextmanager
def start(tmp_path: Path) -> Iterator[HubSpotHarness]:
    """A portal that holds `ROWS`, whose survivors of a merge keep their id."""
    rates: Rows = {"currency_rates": [{"id": "EUR", "currency": "EUR", "rate": 1.0}]}
    emulated = Emulated(
        tables=tables(rates),
        own_domains=(OWN_DOMAIN,),
        corporate_currency="EUR",
        time_zone="Europe/London",
        now=datetime.now(UTC),
    )
    app = HubSpotEmulator(emulated, rate_limits=False, merge_makes_new_id=False, associates_more=False)
    token_file = tmp_path / "token"
    token_file.write_text(app.token)
    with EmulatorServer(app) as server:
        harness = HubSpotHarness(server, app, token_file)
        yield harness
        for connector in harness.opened:
            connector.close()


class TestHubSpot(ContractSuite):
    @pytest.fixture
    def harness(self, tmp_path: Path) -> Iterator[Harness]:
        with start(tmp_path) as harness:
            yield harness
