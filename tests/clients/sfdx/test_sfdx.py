"""Salesforce's own library reads the shipped project, and makes of it what `bothways provision` sends."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from generate.extras import LIST_VIEWS, REPORT_TYPE
from lxml import etree

from connectors.emulator.organisation.model import demo_organisation
from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.emulator.salesforce.metadata.package import read_package
from connectors.salesforce.names import OBJECTS
from connectors.salesforce.setup.component import COMPONENT, bundle
from connectors.salesforce.setup.metadata import INTEGRATION, STANDARD_READS, VIEWER, Grants, deployable, full_name
from enrichment.fields import FIELDS

HERE = Path(__file__).parent
PACKAGE = HERE.parents[2] / "connectors/salesforce/package"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library, and the projects to be read."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("needs Node.js and npm")
    made = tmp_path_factory.mktemp("sfdx")
    for name in ("package.json", "package-lock.json", "convert.mjs"):
        shutil.copy(HERE / name, made)
    shutil.copytree(PACKAGE, made / "project")
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=made, check=True, capture_output=True, timeout=300)
    return made


def converted(folder: Path, project: str, out: str) -> tuple[set[str], Path]:
    """The components that the library found, and the folder of the conversion."""
    done = subprocess.run(
        ["node", "convert.mjs", str(folder / project / "force-app"), str(folder / out)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout)), folder / out


def documents(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    """A file's parts by name, without regard to order and white space."""
    if not name.endswith((".object", ".permissionset", "package.xml")):
        yield name, content.decode()
        return
    root = etree.fromstring(content, etree.XMLParser(remove_blank_text=True))
    for index, child in enumerate(sorted(etree.tostring(each, method="c14n") for each in root)):
        if b"<version" not in child:
            yield f"{name} {index}", child.decode()


@pytest.mark.slow
@pytest.mark.node
def test_the_project_converts_to_what_is_deployed(folder: Path) -> None:
    found, out = converted(folder, "project", "out")
    ours = {f"CustomField {full_name(spec)}" for spec in FIELDS}
    assert found - {"CustomObject Account", "CustomObject Opportunity"} == {
        *ours,
        f"LightningComponentBundle {COMPONENT}",
        f"PermissionSet {INTEGRATION}",
        f"PermissionSet {VIEWER}",
    }
    grants = Grants(STANDARD_READS, tuple(full_name(spec) for spec in FIELDS))
    with zipfile.ZipFile(io.BytesIO(deployable(FIELDS, grants, bundle()))) as archive:
        sent = dict(part for name in archive.namelist() for part in documents(name, archive.read(name)))
    files = [path for path in out.rglob("*") if path.is_file()]
    theirs = dict(part for path in files for part in documents(str(path.relative_to(out)), path.read_bytes()))
    assert theirs == sent


@pytest.mark.slow
@pytest.mark.node
def test_the_extras_convert_and_deploy(folder: Path) -> None:
    found, out = converted(folder, "project/extras", "extras")
    ours = {
        *(f"ListView {OBJECTS[view.stream]}.{view.name}" for view in LIST_VIEWS),
        f"ReportType {REPORT_TYPE}",
    }
    assert found - {"CustomObject Account", "CustomObject Opportunity"} == ours
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        for path in out.rglob("*"):
            if path.is_file():
                made.write(path, path.relative_to(out))
    app = SalesforceEmulator(demo_organisation(accounts=24, activities_per_account=0, opportunities_per_account=0))
    package = read_package(archive.getvalue())
    done, failed = app.deployments.metadata.deploy(package, app.seeded.admin_user, check_only=False, rollback=True)
    assert failed == []
    assert {f"{each['componentType']} {each['fullName']}" for each in done} == ours
