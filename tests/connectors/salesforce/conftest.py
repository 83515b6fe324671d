"""An emulated organisation behind a real socket, and connectors to it."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import simple_salesforce
from lxml import etree

from connectors.base import Organisation
from connectors.emulator.organisation.model import Organisation as Emulated
from connectors.emulator.organisation.model import demo_organisation
from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.emulator.server.http import EmulatorServer
from connectors.salesforce.config import SalesforceConfig, SalesforceMapping
from connectors.salesforce.connector import SalesforceConnector
from enrichment.fields import fields

SHIPPED = Path(__file__).parents[3] / "config/mappings/salesforce.toml"
Connect = Callable[..., SalesforceConnector]


@pytest.fixture(autouse=True)
def private_files() -> Iterator[None]:
    """Files with secrets are refused when others may read them."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture(scope="session")
def metadata_types() -> etree.XMLSchema:
    """The official metadata types, from the WSDL that simple-salesforce ships."""
    xsd = "http://www.w3.org/2001/XMLSchema"
    wsdl = etree.parse(str(Path(simple_salesforce.__file__).parent / "metadata.wsdl"))
    types = etree.fromstring(etree.tostring(wsdl.find(f".//{{{xsd}}}schema")))
    names = (
        "CustomField",
        "PermissionSet",
        "Package",
        "CustomObject",
        "LightningComponentBundle",
        "ListView",
        "ReportType",
    )
    for name in names:
        etree.SubElement(types, f"{{{xsd}}}element", {"name": name, "type": f"tns:{name}"})
    return etree.XMLSchema(types)


@pytest.fixture(scope="session")
def demo() -> Emulated:
    return demo_organisation(seed=3, accounts=45, now=datetime(2026, 11, 1, tzinfo=UTC))


@pytest.fixture(scope="session")
def organisation(demo: Emulated) -> Emulated:
    """The demo with few of its activities, which take the longest to fill in; a module may ask for all of them."""
    deleted = tuple((stream, i) for stream, i in demo.deleted if stream != "activities")
    return replace(demo, tables={**demo.tables, "activities": demo.tables["activities"].slice(0, 40)}, deleted=deleted)


@pytest.fixture
def app(organisation: Emulated) -> SalesforceEmulator:
    return SalesforceEmulator(organisation, job_polls=1)


@pytest.fixture
def server(app: SalesforceEmulator) -> Iterator[EmulatorServer]:
    with EmulatorServer(app) as running:
        yield running


@pytest.fixture
def mapping() -> SalesforceMapping:
    return SalesforceMapping.model_validate(tomllib.loads(SHIPPED.read_text("utf-8")))


@pytest.fixture
def connect(
    server: EmulatorServer,
    app: SalesforceEmulator,
    organisation: Emulated,
    mapping: SalesforceMapping,
    tmp_path: Path,
) -> Iterator[Connect]:
    """Builds a connector; settings by keyword, `token` (default: the administrator's), `owned` (default: none)."""
    made: list[SalesforceConnector] = []

    def build(
        token: str | None = None, owned: Any = (), mapping: SalesforceMapping = mapping, **settings: Any
    ) -> SalesforceConnector:
        file = tmp_path / f"token{len(made)}"
        file.write_text(token or app.token)
        auth = {"method": "token", "token": {"file": str(file)}}
        config = SalesforceConfig.model_validate({"kind": "salesforce", "url": server.url, "auth": auth, **settings})
        ours = Organisation(organisation.own_domains, organisation.corporate_currency, organisation.time_zone)
        made.append(SalesforceConnector(config, mapping, owned, ours))
        return made[-1]

    yield build
    for connector in made:
        connector.close()


@pytest.fixture
def provisioned(connect: Connect) -> SalesforceConnector:
    """A connector of an organisation that has all our fields."""
    connect().provision(fields("full"))
    return connect(owned=fields("full"))


@pytest.fixture
def client_credentials(app: SalesforceEmulator, tmp_path: Path) -> dict[str, Any]:
    """Settings of the client credentials flow."""
    secret = tmp_path / "secret"
    secret.write_text("emulated-consumer-secret")
    return {
        "method": "client_credentials",
        "client_id": "3MVG9emulatedConsumerKey",
        "client_secret": {"file": str(secret)},
    }
