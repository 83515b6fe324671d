"""Permission sets from their metadata: checks, and the rows of the org that they become."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree as ET

from connectors.emulator.salesforce.metadata.fields import Problem
from connectors.emulator.salesforce.metadata.package import child_text
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.salesforce.store.schema import Field

_NEEDS_ACCOUNT = ("Contact", "Opportunity", "Case", "Contract", "Asset")
_OBJECT_RIGHTS = {
    "allowCreate": "PermissionsCreate",
    "allowDelete": "PermissionsDelete",
    "allowEdit": "PermissionsEdit",
    "allowRead": "PermissionsRead",
    "modifyAllRecords": "PermissionsModifyAllRecords",
    "viewAllRecords": "PermissionsViewAllRecords",
}
_SYSTEM = ("ModifyAllData", "ViewAllData", "ApiEnabled", "CustomizeApplication", "ModifyMetadata")
FindField = Callable[[str], Field | None]


def check(xml: ET.Element, org: Org, find: FindField) -> None:
    """Raises Problem; `find` also knows the fields of the same deployment."""
    if not child_text(xml, "label"):
        raise Problem("Required field is missing: label")
    for item in xml.findall("fieldPermissions"):
        name = child_text(item, "field")
        f = find(name)
        if f is None:
            raise Problem(f"In field: field - no CustomField named {name} found")
        if not f.permissionable:
            raise Problem(f"You cannot deploy to a required field: {name}")
        if child_text(item, "editable") == "true" and not (f.updateable or f.createable):
            raise Problem(f"Field {name} is read-only and cannot be editable")
    rights: dict[str, dict[str, bool]] = {}
    for item in xml.findall("objectPermissions"):
        name = child_text(item, "object")
        if org.schema.object(name) is None:
            raise Problem(f"In field: field - no CustomObject named {name} found")
        rights[name] = {key: child_text(item, key) == "true" for key in _OBJECT_RIGHTS}
    for name, held in rights.items():
        _check_object(name, held, rights)


def _check_object(name: str, held: dict[str, bool], rights: dict[str, dict[str, bool]]) -> None:
    for right, label in (("allowEdit", "Edit"), ("allowCreate", "Create"), ("viewAllRecords", "View All")):
        if held[right] and not held["allowRead"]:
            raise Problem(f"Permission {label} {name} depends on permission(s): Read {name}")
    if held["allowDelete"] and not held["allowEdit"]:
        raise Problem(f"Permission Delete {name} depends on permission(s): Edit {name}")
    if name in _NEEDS_ACCOUNT and held["allowRead"] and not rights.get("Account", {}).get("allowRead"):
        raise Problem(f"Permission Read {name} depends on permission(s): Read Account")


def apply(xml: ET.Element, name: str, org: Org, user_id: str) -> tuple[str, bool]:
    """Creates the permission set or replaces its content: its id, and whether it is new."""
    store, now = org.store, org.write_stamp()
    stamps = {"LastModifiedDate": now, "LastModifiedById": user_id, "SystemModstamp": now}
    on = {child_text(p, "name") for p in xml.findall("userPermissions") if child_text(p, "enabled") == "true"}
    values = {
        "Label": child_text(xml, "label"),
        "Description": child_text(xml, "description") or None,
        "HasActivationRequired": int(child_text(xml, "hasActivationRequired") == "true"),
        **{f"Permissions{p}": int(p in on) for p in _SYSTEM},
        **stamps,
    }
    held = store.tuples("SELECT Id FROM PermissionSet WHERE Name = ?", (name,))
    if held:
        record = str(held[0][0])
        store.update("PermissionSet", record, values)
        store.execute("DELETE FROM FieldPermissions WHERE ParentId = ?", (record,))
        store.execute("DELETE FROM ObjectPermissions WHERE ParentId = ?", (record,))
    else:
        record = org.serials.next("0PS")
        extra = {"Id": record, "Name": name, "IsOwnedByProfile": 0, "IsCustom": 1, "Type": "Regular"}
        store.insert("PermissionSet", {**extra, **values, "CreatedDate": now, "CreatedById": user_id})
    for item in xml.findall("fieldPermissions"):
        path = child_text(item, "field")
        edit, read = (int(child_text(item, key) == "true") for key in ("editable", "readable"))
        row = {"Id": org.serials.next("01k"), "ParentId": record, "SobjectType": path.partition(".")[0], "Field": path}
        store.insert(
            "FieldPermissions",
            {**row, "PermissionsEdit": edit, "PermissionsRead": int(bool(read or edit)), "SystemModstamp": now},
        )
    for item in xml.findall("objectPermissions"):
        flags = {column: int(child_text(item, key) == "true") for key, column in _OBJECT_RIGHTS.items()}
        row = {"Id": org.serials.next("110"), "ParentId": record, "SobjectType": child_text(item, "object")}
        store.insert("ObjectPermissions", {**row, **flags, **stamps, "CreatedDate": now, "CreatedById": user_id})
    org.access.forget()
    return record, not held
