"""Every statement that the connector sends is SOQL to a parser that nobody here wrote."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from config import settings as config_settings
from config.loading import load_model
from connectors.emulator.organisation.model import demo_organisation
from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.emulator.server.http import EmulatorServer, Request, Response
from enrichment.fields import FIELDS
from sync.onboarding.demo import write_demo_settings
from sync.options import RunContext, options_from, workspace_of
from sync.progress import NullProgress
from sync.registry import connect
from sync.run import run_sync

HERE = Path(__file__).parent
pytestmark = [pytest.mark.slow, pytest.mark.node]


class Recorder(SalesforceEmulator):
    """Keeps the statements that it is asked."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.statements: dict[str, str] = {}

    def handle(self, request: Request) -> Response:
        for statement in _statements(request):
            self.statements.setdefault(statement, self.endpoint(request))
        return super().handle(request)


def _statements(request: Request) -> Iterator[str]:
    """In an address, in the addresses of a composite call, or in a Bulk job."""
    if (direct := request.param("q")) is not None:
        yield direct
    if request.method != "POST" or not request.body.startswith(b"{"):
        return
    body = json.loads(request.body)
    if isinstance(query := body.get("query"), str):
        yield query
    for part in body.get("compositeRequest", []):
        yield from parse_qs(urlsplit(part["url"]).query).get("q", [])


def _work(path: Path) -> None:
    """Everything that a connector is for: provision, check, a full run, an incremental one, removal."""
    settings = config_settings.load(path)
    connector = connect(settings)
    try:
        connector.provision(FIELDS)
        connector.check()
        for _ in ("full", "incremental"):
            workspace, model, options = workspace_of(settings), load_model(settings), options_from(settings)
            run_sync(RunContext(connector, workspace, model, FIELDS, options, NullProgress()))
        connector.plan_unprovision(FIELDS)
        connector.unprovision(FIELDS)
    finally:
        connector.close()


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("needs Node.js and npm")
    folder = tmp_path_factory.mktemp("soql")
    for name in ("package.json", "package-lock.json", "parse.mjs"):
        shutil.copy(HERE / name, folder)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
    return folder


def refused(parser: Path, statements: list[str]) -> list[list[str]]:
    """The statements that are no SOQL."""
    done = subprocess.run(
        ["node", "parse.mjs"],
        cwd=parser,
        input=json.dumps(statements),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found: list[list[str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("bulk_from", [0, 1_000_000], ids=["bulk", "rest"])
def test_every_statement_of_the_connector_parses(
    parser: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bulk_from: int
) -> None:
    organisation = demo_organisation(accounts=24, now=datetime(2026, 11, 1, tzinfo=UTC), activities_per_account=10)
    app = Recorder(organisation)
    monkeypatch.setenv("BOTHWAYS_CRM_TOKEN", app.token)
    with EmulatorServer(app) as server:
        path = write_demo_settings("salesforce", server.url, organisation, tmp_path)
        text = path.read_text(encoding="utf-8").replace("[crm]\n", f"[crm]\nbulk_read_rows = {bulk_from}\n")
        path.write_text(text + 'profile = "full"\n', encoding="utf-8")
        _work(path)
    endpoints = set(app.statements.values())
    assert ("POST jobs/query" in endpoints) == (bulk_from == 0)
    assert len(app.statements) > 20
    assert any("SystemModstamp >=" in statement for statement in app.statements)
    assert refused(parser, list(app.statements)) == []


def test_the_parser_refuses_what_is_wrong(parser: Path) -> None:
    wrong = ["SELECT FROM Account", "SELECT Id FROM Account WHERE Name = 'O'Brien'", "SELECT Id, FROM Account"]
    assert [statement for statement, _ in refused(parser, ["SELECT Id FROM Account", *wrong])] == wrong
