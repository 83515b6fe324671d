"""The Salesforce connector against the emulated organisation, over a real socket."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.base import Organisation, PropertySpec, Value
from connectors.emulator.organisation.model import Organisation as Emulated
from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.emulator.server.http import EmulatorServer
from connectors.records import STREAMS, Stream
from connectors.salesforce.config import SalesforceConfig, SalesforceMapping
from connectors.salesforce.connector import SalesforceConnector
from connectors.salesforce.names import field_name
from connectors.testing.harness import Harness
from connectors.testing.organisation import OWN_DOMAIN, Rows, tables
from connectors.testing.suite import ContractSuite
from enrichment.fields import fields

MAPPING = Path(__file__).parents[2] / "config" / "mappings" / "salesforce.toml"
_OBJECTS: dict[Stream, str] = {"accounts": "Account", "opportunities": "Opportunity", "people": "Contact"}
_FIELDS = {"name": "Name"}


@dataclass
class SalesforceHarness(Harness):
    server: EmulatorServer
    app: SalesforceEmulator
    token_file: Path
    name: str = "salesforce"
    streams: frozenset[Stream] = frozenset(STREAMS) - {"currency_rates"}
    unheld: Mapping[Stream, frozenset[str]] = field(
        default_factory=lambda: {
            # an e-mail is related to one record: the deal, where there is one
            "activities": frozenset({"account_id"}),
            "line_items": frozenset({"product_id"}),
        }
    )
    essential: Sequence[PropertySpec] = fields("essential")
    full: Sequence[PropertySpec] = fields("full")
    opened: list[SalesforceConnector] = field(default_factory=list)

    def connect(self, owned: Sequence[PropertySpec] = ()) -> SalesforceConnector:
        config = SalesforceConfig.model_validate(
            {
                "kind": "salesforce",
                "url": self.server.url,
                "auth": {"method": "token", "token": {"file": str(self.token_file)}},
                "page_rows": 200,
            }
        )
        mapping = SalesforceMapping.model_validate(tomllib.loads(MAPPING.read_text("utf-8")))
        organisation = Organisation((OWN_DOMAIN,), "EUR", "Europe/London")
        self.opened.append(SalesforceConnector(config, mapping, owned, organisation))
        return self.opened[-1]

    @property
    def own_records(self) -> frozenset[str]:
        return frozenset({self.app.seeded.admin_user, self.app.seeded.integration_user})

    def id_of(self, stream: Stream, key: str) -> str:
        return self.app.vendor_id(stream, key)

    def edit(self, stream: Stream, key: str, column: str, value: Value) -> None:
        self.app.change(_OBJECTS[stream], self.id_of(stream, key), {_FIELDS[column]: value})

    def delete(self, stream: Stream, key: str) -> None:
        self.app.delete(_OBJECTS[stream], self.id_of(stream, key))

    def merge(self, loser: str, survivor: str) -> None:
        self.app.merge("Account", self.id_of("accounts", survivor), [self.id_of("accounts", loser)])

    def revoke(self, spec: PropertySpec) -> None:
        self.app.revoke(_OBJECTS[spec.stream], field_name(spec.name))


@contextmanager
def start(tmp_path: Path) -> Iterator[SalesforceHarness]:
    """An organisation that holds `ROWS`."""
    rates: Rows = {"currency_rates": [{"id": "EUR", "currency": "EUR", "rate": 1.0}]}
    emulated = Emulated(
        tables=tables(rates),
        own_domains=(OWN_DOMAIN,),
        corporate_currency="EUR",
        time_zone="Europe/London",
        now=datetime.now(UTC),
    )
    app = SalesforceEmulator(emulated)
    token_file = tmp_path / "token"
    token_file.write_text(app.token)
    with EmulatorServer(app) as server:
        harness = SalesforceHarness(server, app, token_file)
        yield harness
        for connector in harness.opened:
            connector.close()


class TestSalesforce(ContractSuite):
    @pytest.fixture
    def harness(self, tmp_path: Path) -> Iterator[Harness]:
        with start(tmp_path) as harness:
            yield harness
