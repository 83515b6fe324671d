"""What the organisation holds, as metadata files: the inventory, and fields and permission sets as XML."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from connectors.emulator.salesforce.metadata.apply import Metadata
from connectors.emulator.salesforce.seed.setup import ACTIVITY_OBJECTS
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.salesforce.store.schema import Field, Object

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_XMLNS = ' xmlns="http://soap.sforce.com/2006/04/metadata"'
_TYPES = {
    "double": "Number",
    "currency": "Currency",
    "percent": "Percent",
    "boolean": "Checkbox",
    "datetime": "DateTime",
    "date": "Date",
    "email": "Email",
    "phone": "Phone",
    "url": "Url",
    "reference": "Lookup",
    "picklist": "Picklist",
    "multipicklist": "MultiselectPicklist",
    "string": "Text",
}
FOLDERS = {
    "CustomObject": ("objects", "object", ("CustomField", "ValidationRule")),
    "PermissionSet": ("permissionsets", "permissionset", ()),
    "LightningComponentBundle": ("lwc", None, ()),
    "FlexiPage": ("flexipages", "flexipage", ()),
    "Layout": ("layouts", "layout", ()),
    "CustomTab": ("tabs", "tab", ()),
    "CustomApplication": ("applications", "app", ()),
    "ApexClass": ("classes", "cls", ()),
    "ApexTrigger": ("triggers", "trigger", ()),
    "Flow": ("flows", "flow", ()),
    "Report": ("reports", "report", ()),
    "ReportType": ("reportTypes", "reportType", ()),
}
"""Type -> folder, suffix and the types inside it."""


@dataclass(frozen=True, slots=True)
class Held:
    """One component that is there."""

    type: str
    name: str
    id: str | None
    file: str


def inventory(org: Org, metadata: Metadata, kind: str) -> list[Held]:
    """All components of one type."""
    if kind == "CustomObject":
        objects = org.schema.objects.values()
        return [
            Held(kind, t.name, None, f"objects/{t.name}.object") for t in objects if "setup" not in t.flags
        ] + [Held(kind, "Activity", None, "objects/Activity.object")]  # fmt: skip
    if kind == "CustomField":
        return [
            Held(kind, name, _id(metadata, kind, name), f"objects/{name.partition('.')[0]}.object")
            for name in custom_fields(org)
        ]
    if kind == "PermissionSet":
        rows = org.store.tuples("SELECT Name, Id FROM PermissionSet WHERE IsOwnedByProfile = 0 ORDER BY Name")
        return [Held(kind, name, record, f"permissionsets/{name}.permissionset") for name, record in rows]
    if kind == "ValidationRule":
        rules = org.behaviours.validation_rules.items()
        return [Held(kind, f"{owner}.{r.name}", r.id, f"objects/{owner}.object") for owner, held in rules for r in held]
    if kind in ("Flow", "ApexTrigger"):
        folder, suffix, _ = FOLDERS[kind]
        found = [each for each in org.behaviours.automations if each.kind == kind]
        return [Held(kind, each.name, each.id, f"{folder}/{each.name}.{suffix}") for each in found]
    if kind == "WorkflowRule":
        found = [each for each in org.behaviours.automations if each.kind == kind]
        return [Held(kind, f"{e.object}.{e.name}", e.id, f"workflows/{e.object}.workflow") for e in found]
    folder, suffix, _ = FOLDERS.get(kind, ("unknown", None, ()))
    end = f".{suffix}" if suffix else ""
    return [
        Held(kind, name, held.id, f"{folder}/{name}{end}")
        for (held_kind, name), held in sorted(metadata.components.items())
        if held_kind == kind
    ]


def custom_fields(org: Org) -> dict[str, Field]:
    """Full name -> field; those of tasks and events are Activity's."""
    found: dict[str, Field] = {}
    for thing in org.schema.objects.values():
        owner = "Activity" if thing.name in ACTIVITY_OBJECTS else thing.name
        found |= {f"{owner}.{f.name}": f for f in thing.fields.values() if f.custom}
    return found


def field_xml(f: Field, name: str | None = None) -> str:
    """The inside of a field's definition, children in alphabetical order after the name."""
    kind = "LongTextArea" if f.long else "TextArea" if f.type == "textarea" else _TYPES.get(f.type, "Text")
    parts: dict[str, object] = {"externalId": f.external_id, "inlineHelpText": f.help_text, "label": f.label}
    if kind in ("Text", "LongTextArea"):
        parts["length"] = f.length
    if kind in ("Number", "Currency", "Percent"):
        parts |= {"precision": f.precision, "scale": f.scale}
    if kind == "Checkbox":
        parts["defaultValue"] = bool(f.default)
    if kind == "Lookup":
        parts |= {"referenceTo": f.refers_to[0], "relationshipName": f.name.removesuffix("__c")}
    if kind == "LongTextArea":
        parts["visibleLines"] = 3
    parts |= {"required": f.required, "type": kind, "unique": f.unique}
    made = "".join(_element(key, value) for key, value in sorted(parts.items()))
    return _element("fullName", name or f.name) + made + (_value_set(f) if "Picklist" in kind else "")


def object_xml(org: Org, name: str) -> str | None:
    """The inside of an object's definition; None when there is none of that name."""
    thing = org.schema.objects.get(name)
    if thing is None:
        return None
    fields = "".join(f"<fields>{field_xml(f)}</fields>" for f in thing.fields.values() if f.custom)
    made = _element("fullName", name) + fields
    return made + (_object_head(thing) if thing.custom else "")


def _object_head(thing: Object) -> str:
    parts: dict[str, object] = {"deploymentStatus": "Deployed", "label": thing.label}
    made = "".join(_element(key, value) for key, value in parts.items())
    made += f"<nameField>{_children({'label': thing.fields['Name'].label, 'type': 'Text'})}</nameField>"
    return made + _element("pluralLabel", thing.plural) + _element("sharingModel", "ReadWrite")


def permission_set_xml(org: Org, name: str) -> str | None:
    """The inside of a permission set; None when there is none of that name."""
    rows = org.store.rows("SELECT * FROM PermissionSet WHERE Name = ?", (name,))
    if not rows:
        return None
    made = _element("fullName", name)
    for row in org.store.rows("SELECT * FROM FieldPermissions WHERE ParentId = ? ORDER BY Field", (rows[0]["Id"],)):
        grant = {
            "editable": bool(row["PermissionsEdit"]),
            "field": row["Field"],
            "readable": bool(row["PermissionsRead"]),
        }
        made += f"<fieldPermissions>{_children(grant)}</fieldPermissions>"
    made += _element("hasActivationRequired", bool(rows[0].get("HasActivationRequired"))) + _element(
        "label", rows[0]["Label"]
    )
    for row in org.store.rows(
        "SELECT * FROM ObjectPermissions WHERE ParentId = ? ORDER BY SobjectType", (rows[0]["Id"],)
    ):
        grant = {f"allow{right}": bool(row[f"Permissions{right}"]) for right in ("Create", "Delete", "Edit", "Read")}
        grant |= {"modifyAllRecords": bool(row["PermissionsModifyAllRecords"]), "object": row["SobjectType"],
                  "viewAllRecords": bool(row["PermissionsViewAllRecords"])}  # fmt: skip
        made += f"<objectPermissions>{_children(grant)}</objectPermissions>"
    return made


def retrieved(
    org: Org, metadata: Metadata, wanted: Mapping[str, Sequence[str]], version: str
) -> tuple[bytes, list[Held]]:
    """A zip of the wanted members ("*": all of a type) with its package.xml, and what is in it."""
    found: list[Held] = []
    for kind, members in wanted.items():
        found += [held for held in inventory(org, metadata, kind) if "*" in members or held.name in members]
    objects = [held.name for held in found if held.type == "CustomObject"]
    files = _object_files(org, [held.name for held in found if held.type == "CustomField"], objects)
    for held in found:
        if held.type == "PermissionSet":
            inside = (permission_set_xml(org, held.name) or "").replace(_element("fullName", held.name), "", 1)
            files[held.file] = f"{_HEAD}<PermissionSet{_XMLNS}>{inside}</PermissionSet>".encode()
        elif (custom := metadata.components.get((held.type, held.name))) is not None:
            files |= custom.files
    listed = "".join(
        f"<types>{''.join(_element('members', h.name) for h in found if h.type == kind)}"
        f"{_element('name', kind)}</types>"
        for kind in dict.fromkeys(h.type for h in found)
    )
    files["package.xml"] = f"{_HEAD}<Package{_XMLNS}>{listed}<version>{version}</version></Package>".encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"unpackaged/{name}", content)
    return out.getvalue(), found


def _object_files(org: Org, names: Sequence[str], objects: Sequence[str]) -> dict[str, bytes]:
    fields = custom_fields(org)
    owners: dict[str, str] = {}
    for thing in (org.schema.objects.get(name) for name in objects):
        if thing is not None and thing.custom:
            owners[thing.name] = _object_head(thing)
    for name in names:
        owner = name.partition(".")[0]
        owners[owner] = owners.get(owner, "") + f"<fields>{field_xml(fields[name])}</fields>"
    return {
        f"objects/{owner}.object": f"{_HEAD}<CustomObject{_XMLNS}>{inside}</CustomObject>".encode()
        for owner, inside in owners.items()
    }


def _id(metadata: Metadata, kind: str, name: str) -> str | None:
    held = metadata.components.get((kind, name))
    return held.id if held else None


def _value_set(f: Field) -> str:
    values = "".join(
        f"<value>{_children({'fullName': v, 'default': v == f.default, 'label': f.labels.get(v, v)})}</value>"
        for v in f.values
    )
    definition = f"<valueSetDefinition><sorted>false</sorted>{values}</valueSetDefinition>"
    return f"<valueSet>{_element('restricted', f.restricted)}{definition}</valueSet>"


def _children(parts: Mapping[str, object]) -> str:
    return "".join(_element(key, value) for key, value in parts.items())


def _element(name: str, value: object) -> str:
    if value is None:
        return ""
    return f"<{name}>{str(value).lower() if isinstance(value, bool) else escape(str(value))}</{name}>"
