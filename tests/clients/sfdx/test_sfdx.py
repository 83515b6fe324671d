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
from lxml import etree

from connectors.salesforce.component import COMPONENT, bundle
from connectors.salesforce.metadata import INTEGRATION, STANDARD_READS, VIEWER, Grants, deployable, full_name
from enrichment.fields import FIELDS

HERE = Path(__file__).parent
PACKAGE = HERE.parents[2] / "connectors/salesforce/package"


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], Path]:
    """The components that the library found, and the folder of the conversion."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("needs Node.js and npm")
    folder = tmp_path_factory.mktemp("sfdx")
    for name in ("package.json", "package-lock.json", "convert.mjs"):
        shutil.copy(HERE / name, folder)
    shutil.copytree(PACKAGE, folder / "project")
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
    done = subprocess.run(
        [node, "convert.mjs", str(folder / "project/force-app"), str(folder / "out")],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout)), folder / "out"


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
def test_the_project_converts_to_what_is_deployed(converted: tuple[set[str], Path]) -> None:
    found, folder = converted
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
    files = [path for path in folder.rglob("*") if path.is_file()]
    theirs = dict(part for path in files for part in documents(str(path.relative_to(folder)), path.read_bytes()))
    assert theirs == sent
