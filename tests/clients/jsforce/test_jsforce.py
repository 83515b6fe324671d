"""jsforce, unmodified, works against the Salesforce emulator."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.emulator.organisation.model import demo_organisation
from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.emulator.server.http import EmulatorServer

HERE = Path(__file__).parent
STEPS = 17
OBJECT = """<CustomObject xmlns="http://soap.sforce.com/2006/04/metadata">
<fields><fullName>Bw_Score__c</fullName><label>Score</label><precision>5</precision><scale>2</scale><type>Number</type></fields>
<fields><fullName>Bw_Reason__c</fullName><label>Reason</label><length>20</length><type>Text</type></fields>
<fields><fullName>Bw_Stance__c</fullName><label>Stance</label><type>Picklist</type><valueSet><restricted>true</restricted>
<valueSetDefinition><value><fullName>protect</fullName><default>false</default><label>Protect</label></value>
</valueSetDefinition></valueSet></fields></CustomObject>"""
FIELDS = ("Account.Bw_Score__c", "Account.Bw_Reason__c", "Account.Bw_Stance__c")
ACCESS = "".join(
    f"<fieldPermissions><editable>true</editable><field>{name}</field><readable>true</readable></fieldPermissions>"
    for name in FIELDS
)
PERMISSIONS = f"""<PermissionSet xmlns="http://soap.sforce.com/2006/04/metadata">{ACCESS}<label>Bw</label><objectPermissions>
<allowCreate>false</allowCreate><allowDelete>false</allowDelete><allowEdit>true</allowEdit><allowRead>true</allowRead>
<modifyAllRecords>false</modifyAllRecords><object>Account</object><viewAllRecords>true</viewAllRecords></objectPermissions></PermissionSet>"""
MANIFEST = f"""<Package xmlns="http://soap.sforce.com/2006/04/metadata">
<types>{"".join(f"<members>{name}</members>" for name in FIELDS)}<name>CustomField</name></types>
<types><members>Bw</members><name>PermissionSet</name></types><version>62.0</version></Package>"""


def _zip(path: Path) -> Path:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("package.xml", MANIFEST)
        archive.writestr("objects/Account.object", OBJECT)
        archive.writestr("permissionsets/Bw.permissionset", PERMISSIONS)
    path.write_bytes(out.getvalue())
    return path


@pytest.mark.slow
@pytest.mark.node
def test_jsforce_reads_writes_deploys_and_fails_as_against_the_service(tmp_path: Path) -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("needs node and npm")
    for name in ("package.json", "package-lock.json", "drive.mjs"):
        shutil.copy(HERE / name, tmp_path)
    subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=300,
    )
    app = SalesforceEmulator(
        demo_organisation(accounts=60, now=datetime(2026, 11, 1, tzinfo=UTC), opportunities_per_account=2)
    )
    app.add_validation_rule(
        "Account", lambda row: row["Fax"] == "0", "A fax number is needed", ("Fax",), name="Fax_needed"
    )
    app.add_automation("ApexTrigger", "Account", "AccountTrigger")
    app.add_automation("Flow", "Opportunity", "Notify_owner")
    with EmulatorServer(app) as server:
        run = subprocess.run(
            [node, "drive.mjs", server.url, app.runtime_token, app.token, str(_zip(tmp_path / "package.zip"))],
            cwd=tmp_path,
            capture_output=True,
            check=False,
            text=True,
            timeout=120,
            env={**os.environ, "NODE_OPTIONS": ""},
        )
    assert run.returncode == 0, run.stderr
    assert len(json.loads(run.stdout)) == STEPS
    assert app.stats()["owner_changes"] == 0
