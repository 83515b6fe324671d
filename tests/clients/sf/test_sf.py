"""Salesforce's own command line deploys the shipped projects to the emulated organisation, and takes the extras away
again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from generate.extras import LIST_VIEWS, REPORT_TYPE

from connectors.emulator.organisation.model import demo_organisation
from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.emulator.server.http import EmulatorServer
from connectors.salesforce.names import OBJECTS
from connectors.salesforce.setup.component import COMPONENT
from connectors.salesforce.setup.metadata import INTEGRATION, VIEWER, full_name
from enrichment.fields import FIELDS

HERE = Path(__file__).parent
PACKAGE = HERE.parents[2] / "connectors/salesforce/package"
QUIET = {
    "SF_DISABLE_TELEMETRY": "true",
    "SF_AUTOUPDATE_DISABLE": "true",
    "SF_SKIP_NEW_VERSION_CHECK": "true",
    "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
}
Sf = Callable[..., dict[str, Any]]
pytestmark = [pytest.mark.slow, pytest.mark.node]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("needs Node.js and npm")
    folder = tmp_path_factory.mktemp("cli")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=600)
    return folder / "node_modules/.bin/sf"


@pytest.fixture
def app() -> SalesforceEmulator:
    return SalesforceEmulator(demo_organisation(accounts=24, activities_per_account=1))


@pytest.fixture
def sf(installed: Path, app: SalesforceEmulator, tmp_path: Path) -> Iterator[Sf]:
    """Runs a command in a copy of the project, signed in as `admin` and as `runtime`; its JSON."""
    shutil.copytree(PACKAGE, tmp_path / "project")
    (tmp_path / "home").mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), **QUIET}

    def run(*words: str, folder: str = ".", **variables: str) -> dict[str, Any]:
        done = subprocess.run(
            [str(installed), *words, "--json"],
            cwd=tmp_path / "project" / folder,
            env={**environment, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        assert done.stdout.startswith("{"), done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    with EmulatorServer(app) as server:
        for alias, token in (("admin", app.token), ("runtime", app.runtime_token)):
            words = ("org", "login", "access-token", "--no-prompt", "--instance-url", server.url, "--alias", alias)
            assert run(*words, SF_ACCESS_TOKEN=token)["status"] == 0
        yield run


def deployed(told: dict[str, Any]) -> set[str]:
    """Components that a deployment has reported."""
    return {f"{each['type']} {each['fullName']}" for each in told["result"]["files"]}


def test_an_administrator_deploys_the_project_and_the_extras(sf: Sf, app: SalesforceEmulator) -> None:
    start = ("project", "deploy", "start", "--source-dir", "force-app", "--target-org", "admin")
    told = sf(*start)
    assert told["status"] == 0, told
    assert deployed(told) == {
        *(f"CustomField {full_name(spec)}" for spec in FIELDS),
        f"LightningComponentBundle {COMPONENT}",
        f"PermissionSet {INTEGRATION}",
        f"PermissionSet {VIEWER}",
    }
    assert sf("org", "assign", "permset", "--name", VIEWER, "--target-org", "admin")["status"] == 0
    query = "SELECT Id, Bothways_Stance__c FROM Account"
    rows = sf("data", "query", "--query", query, "--target-org", "admin")["result"]["records"]
    assert len(rows) == sum(not row["IsDeleted"] for row in app.records("Account") or [])

    views = {f"ListView {OBJECTS[view.stream]}.{view.name}" for view in LIST_VIEWS}
    assert deployed(sf(*start, folder="extras")) == {*views, f"ReportType {REPORT_TYPE}"}
    kinds = {kind for kind, _ in app.deployments.metadata.components}
    assert {"ListView", "ReportType"} <= kinds
    delete = ("project", "delete", "source", "--source-dir", "force-app", "--no-prompt", "--target-org", "admin")
    assert sf(*delete, folder="extras")["status"] == 0
    kinds = {kind for kind, _ in app.deployments.metadata.components}
    assert kinds == {"CustomField", "LightningComponentBundle"}


def test_the_runtime_user_deploys_nothing(sf: Sf, app: SalesforceEmulator) -> None:
    told = sf("project", "deploy", "start", "--source-dir", "force-app", "--target-org", "runtime")
    assert told["status"] != 0
    assert "ModifyMetadata" in told["message"]
    assert app.deployments.metadata.components == {}
