"""A running Salesforce emulator, and a plain HTTP client that knows nothing of ours."""

from __future__ import annotations

import gzip
import http.client
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest

from connectors.emulator.organisation.model import Organisation, demo_organisation
from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.emulator.server.http import EmulatorServer

BASE = "/services/data/v68.0"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.raw = body

    @property
    def body(self) -> bytes:
        return gzip.decompress(self.raw) if self.headers.get("content-encoding") == "gzip" else self.raw

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Sends requests as one user."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.token = token

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        full = path if path.startswith("/services") else f"{BASE}/{path}"
        connection.request(method, full, data, {name: value for name, value in sent.items() if value})
        response = connection.getresponse()
        answer = Answer(response.status, dict(response.getheaders()), response.read())
        connection.close()
        return answer

    def query(self, soql: str, verb: str = "query", **headers: str) -> Answer:
        return self("GET", f"{verb}?q={quote(soql)}", **headers)

    def rows(self, soql: str, verb: str = "query") -> list[dict[str, Any]]:
        """All pages."""
        answer = self.query(soql, verb).json()
        found = list(answer["records"])
        while not answer["done"]:
            answer = self("GET", answer["nextRecordsUrl"]).json()
            found += answer["records"]
        return found

    def one(self, soql: str) -> dict[str, Any]:
        (row,) = self.rows(soql)
        return row


class Running:
    """An emulator with a client for its integration user (`call`) and one for its administrator (`admin`)."""

    def __init__(self, app: SalesforceEmulator, server: EmulatorServer) -> None:
        self.app = app
        self.server = server
        self.call = Client(server.port, app.runtime_token)
        self.admin = Client(server.port, app.token)

    def as_user(self, token: str) -> Client:
        return Client(self.server.port, token)


@pytest.fixture(scope="session")
def organisation() -> Organisation:
    return demo_organisation(7, 40, now=NOW, opportunities_per_account=4, activities_per_account=80)


@pytest.fixture(scope="session")
def org(organisation: Organisation) -> Iterator[Running]:
    """Shared: for reading only."""
    app = SalesforceEmulator(organisation)
    with EmulatorServer(app) as server:
        yield Running(app, server)


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    """Starts an emulator of its own for a test, with options."""
    small = demo_organisation(7, 0, now=NOW)
    servers = []

    def made(**options: Any) -> Running:
        app = SalesforceEmulator(small, **options)
        server = EmulatorServer(app)
        servers.append(server)
        server.__enter__()
        return Running(app, server)

    yield made
    for server in servers:
        server.__exit__()


FIELDS = """<CustomObject xmlns="http://soap.sforce.com/2006/04/metadata">
<fields><fullName>Bw_Score__c</fullName><label>Score</label><precision>5</precision><scale>2</scale><type>Number</type></fields>
<fields><fullName>Bw_Reason__c</fullName><label>Reason</label><length>20</length><type>Text</type></fields>
<fields><fullName>Bw_Stance__c</fullName><label>Stance</label><type>Picklist</type><valueSet><restricted>true</restricted>
<valueSetDefinition><sorted>false</sorted><value><fullName>protect</fullName><default>false</default><label>Protect</label></value>
</valueSetDefinition></valueSet></fields>
<fields><fullName>Bw_As_Of__c</fullName><label>As of</label><type>DateTime</type></fields>
</CustomObject>"""
NAMES = ("Bw_Score__c", "Bw_Reason__c", "Bw_Stance__c", "Bw_As_Of__c")
PERMISSIONS = (
    '<PermissionSet xmlns="http://soap.sforce.com/2006/04/metadata">'
    + "".join(
        f"<fieldPermissions><editable>true</editable><field>Account.{name}</field><readable>true</readable></fieldPermissions>"
        for name in NAMES
    )
    + "<label>Bw</label><objectPermissions><allowCreate>false</allowCreate><allowDelete>false</allowDelete>"
    "<allowEdit>true</allowEdit><allowRead>true</allowRead><modifyAllRecords>false</modifyAllRecords>"
    "<object>Account</object><viewAllRecords>true</viewAllRecords></objectPermissions></PermissionSet>"
)


def manifest(**types: tuple[str, ...]) -> str:
    inside = "".join(
        f"<types>{''.join(f'<members>{m}</members>' for m in members)}<name>{kind}</name></types>"
        for kind, members in types.items()
    )
    return f'<Package xmlns="http://soap.sforce.com/2006/04/metadata">{inside}<version>62.0</version></Package>'


def package(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def score_package(**changed: str) -> bytes:
    files = {
        "package.xml": manifest(CustomField=tuple(f"Account.{n}" for n in NAMES), PermissionSet=("Bw",)),
        "objects/Account.object": FIELDS,
        "permissionsets/Bw.permissionset": PERMISSIONS,
    }
    return package({**files, **changed})


def deploy(client: Client, data: bytes, **options: bool) -> dict[str, Any]:
    """Deploys and polls to the end: `deployResult`."""
    started = start_deploy(client, data, **options)
    assert started.status == 201, started.body
    result: dict[str, Any] = started.json()["deployResult"]
    while not result["done"]:
        result = client("GET", f"metadata/deployRequest/{started.json()['id']}?includeDetails=true").json()[
            "deployResult"
        ]
    return result


def start_deploy(client: Client, data: bytes, **options: bool) -> Answer:
    settings = {"deployOptions": {"singlePackage": True, "rollbackOnError": True, "testLevel": "NoTestRun", **options}}
    body = (
        b'--edge\r\nContent-Disposition: form-data; name="entity_content"\r\nContent-Type: application/json\r\n\r\n'
        + json.dumps(settings).encode()
        + b'\r\n--edge\r\nContent-Disposition: form-data; name="file"; filename="package.xml"\r\n'
        + b"Content-Type: application/zip\r\n\r\n"
        + data
        + b"\r\n--edge--\r\n"
    )
    return client("POST", "metadata/deployRequest", body, Content_Type="multipart/form-data; boundary=edge")


@pytest.fixture
def scored(start: Callable[..., Running]) -> Callable[..., Running]:
    """Starts an emulator where the score fields are deployed and assigned to the integration user."""

    def made(**options: Any) -> Running:
        running = start(**options)
        assert deploy(running.admin, score_package())["status"] == "Succeeded"
        permission_set = running.admin.one("SELECT Id FROM PermissionSet WHERE Name = 'Bw'")["Id"]
        body = {"AssigneeId": running.app.seeded.integration_user, "PermissionSetId": permission_set}
        assert running.admin("POST", "sobjects/PermissionSetAssignment", body).status == 201
        return running

    return made


@pytest.fixture(scope="session")
def kit() -> SimpleNamespace:
    """The builders above, for tests to use."""
    return SimpleNamespace(
        deploy=deploy,
        start_deploy=start_deploy,
        package=package,
        manifest=manifest,
        score_package=score_package,
        names=NAMES,
    )


@pytest.fixture(scope="session")
def start_once() -> Iterator[Running]:
    """One emulator for tests that may write anything to it."""
    app = SalesforceEmulator(demo_organisation(7, 0, now=NOW))
    with EmulatorServer(app) as server:
        yield Running(app, server)
