"""Custom objects: deployed with their fields, used like any other object, taken away whole."""

from __future__ import annotations

import io
import zipfile

import pytest

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
XMLNS = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
FIELD = (
    "<fields><fullName>Weight__c</fullName><label>Weight</label><precision>5</precision><scale>1</scale>"
    "<type>Number</type></fields>"
)
OBJECT = (
    f"{HEAD}<CustomObject {XMLNS}><deploymentStatus>Deployed</deploymentStatus>{FIELD}<label>Crate</label>"
    "<nameField><label>Crate Name</label><type>Text</type></nameField><pluralLabel>Crates</pluralLabel>"
    "<sharingModel>ReadWrite</sharingModel></CustomObject>"
)
GRANT = (
    f"{HEAD}<PermissionSet {XMLNS}><fieldPermissions><editable>true</editable><field>Crate__c.Weight__c</field>"
    "<readable>true</readable></fieldPermissions><label>Crates</label></PermissionSet>"
)


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def package(**types):
    listed = "".join(f"<types><members>{m}</members><name>{t}</name></types>" for t, m in types.items())
    return f"{HEAD}<Package {XMLNS}>{listed}<version>62.0</version></Package>"


def deploy(running, files, check_only="false"):
    boundary, options = (
        "b",
        f'{{"deployOptions":{{"singlePackage":true,"rollbackOnError":true,"checkOnly":{check_only}}}}}',
    )
    parts = (
        f'--b\r\nContent-Disposition: form-data; name="entity_content"\r\nContent-Type: application/json\r\n'
        f"\r\n{options}\r\n"
        '--b\r\nContent-Disposition: form-data; name="file"; filename="package.zip"\r\nContent-Type: '
        "application/zip\r\n\r\n"
    )
    body = parts.encode() + zipped(files) + b"\r\n--b--\r\n"
    sent = running.admin(
        "POST", "metadata/deployRequest", body, Content_Type=f"multipart/form-data; boundary={boundary}"
    )
    for _ in range(6):
        state = running.admin("GET", f"metadata/deployRequest/{sent.json()['id']}?includeDetails=true").json()[
            "deployResult"
        ]
    return state


@pytest.fixture
def files():
    manifest = package(CustomObject="Crate__c", PermissionSet="Crates")
    return {"package.xml": manifest, "objects/Crate__c.object": OBJECT, "permissionsets/Crates.permissionset": GRANT}


def test_a_custom_object_lives_like_any_other(start, files):
    running = start()
    before = {one["name"] for one in running.admin("GET", "sobjects").json()["sobjects"]}
    assert deploy(running, files)["status"] == "Succeeded"
    described = running.admin("GET", "sobjects/Crate__c/describe").json()
    assert (described["custom"], described["labelPlural"]) == (True, "Crates")
    assert "Weight__c" not in {f["name"] for f in described["fields"]}, "a deployed field is granted to nobody"
    admin = running.admin.one("SELECT Id FROM User WHERE Username LIKE 'admin@%'")["Id"]
    grant = running.admin.one("SELECT Id FROM PermissionSet WHERE Name = 'Crates'")["Id"]
    running.admin("POST", "sobjects/PermissionSetAssignment", {"AssigneeId": admin, "PermissionSetId": grant})
    made = running.admin("POST", "sobjects/Crate__c", {"Name": "One", "Weight__c": 2.25}).json()
    assert made["id"].startswith(described["keyPrefix"])
    row = running.admin.one("SELECT Name, Weight__c, Owner.Name FROM Crate__c")
    assert (row["Name"], row["Weight__c"]) == ("One", 2.3)
    query = f"SELECT Id FROM PermissionSetAssignment WHERE PermissionSetId = {grant!r}"
    running.admin(
        "DELETE",
        f"sobjects/PermissionSetAssignment/{running.admin.one(query)['Id']}",
    )
    gone = {
        "package.xml": package(),
        "destructiveChangesPost.xml": package(CustomObject="Crate__c", PermissionSet="Crates"),
    }
    assert deploy(running, gone)["status"] == "Succeeded"
    assert before == {one["name"] for one in running.admin("GET", "sobjects").json()["sobjects"]}
    assert running.admin.query("SELECT Id FROM Crate__c").json()[0]["errorCode"] == "INVALID_TYPE"


def test_neither_a_validation_nor_a_failure_leaves_an_object_behind(start, files):
    running = start()
    assert deploy(running, files, check_only="true")["status"] == "Succeeded"
    broken = {**files, "permissionsets/Crates.permissionset": GRANT.replace("Weight__c", "Height__c")}
    assert deploy(running, broken)["status"] == "Failed"
    nameless = {**files, "objects/Crate__c.object": OBJECT.replace("<sharingModel>ReadWrite</sharingModel>", "")}
    assert deploy(running, nameless)["status"] == "Failed"
    assert running.admin("GET", "sobjects/Crate__c").status == 404
