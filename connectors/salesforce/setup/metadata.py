"""Our fields, permission sets and component as Salesforce metadata: an SFDX source tree, a deployable zip, and one that
takes it away.

Children stand in alphabetical order after fullName, as the metadata WSDL has them. No layout and no record page is ever
deployed: either would replace the customer's.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from xml.sax.saxutils import escape

from connectors.base import PropertySpec
from connectors.salesforce.names import OBJECTS, field_name

METADATA_VERSION = "62.0"
INTEGRATION, VIEWER = "Bothways_Integration", "Bothways_Viewer"
_LABELS = {INTEGRATION: "Bothways Integration", VIEWER: "Bothways Viewer"}
_TEXTS = {
    INTEGRATION: "Reads what bothways scores and edits the fields that bothways owns.",
    VIEWER: "Shows the fields that bothways owns.",
}
NS = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_DATE = (2026, 1, 1, 0, 0, 0)
Reads = Mapping[str, Sequence[str]]

STANDARD_READS: Reads = {
    "Account": ("AnnualRevenue", "BillingAddress", "Industry", "NumberOfEmployees", "ParentId", "Type", "Website"),
    "Asset": (
        "AccountId",
        "IsCompetitorProduct",
        "InstallDate",
        "Price",
        "Product2Id",
        "Quantity",
        "Status",
        "UsageEndDate",
    ),
    "Case": ("AccountId", "ClosedDate", "ContactId", "Origin", "Priority", "SuppliedEmail"),
    "Contact": ("AccountId", "Email", "Title"),
    "Contract": (),
    "Event": ("IsAllDayEvent", "WhatId", "WhoId"),
    "Opportunity": ("AccountId", "Amount", "Probability", "Type"),
    "Product2": ("Family",),
    "Task": ("WhatId", "WhoId"),
}
"""What the shipped mapping pulls and field-level security can hide, for the project that is deployed without a look at
the organisation; only fields that descriptions recorded from real ones call permissionable, or that are so beyond
doubt, because one that is not would fail the whole deployment. `provision` works it out from the organisation
itself.
"""
_WITHOUT_VIEW_ALL = frozenset({"Product2"})
_WITH_RIGHTS = frozenset(
    {*STANDARD_READS, "Lead", "Order", "Pricebook2", "Quote", "ServiceContract"} - {"Event", "Task"}
)
"""Standard objects that a permission set grants by themselves; the others follow a parent or are open to all."""


@dataclass(frozen=True, slots=True)
class Grants:
    """What the integration permission set gives: read by object, and edit on fields of ours
    (`Account.Bothways_...`).
    """

    reads: Reads
    edits: tuple[str, ...]


def full_name(spec: PropertySpec) -> str:
    """`Account.Bothways_Stance__c`."""
    return f"{OBJECTS[spec.stream]}.{field_name(spec.name)}"


def field_type(spec: PropertySpec) -> str:
    """The metadata word for its type."""
    words = {
        "number": "Number",
        "integer": "Number",
        "string": "Text",
        "text": "LongTextArea",
        "enumeration": "Picklist",
    }
    return words.get(spec.type, "DateTime")


def field_xml(spec: PropertySpec) -> str:
    """The children of the field's element."""
    parts: dict[str, str] = {
        "inlineHelpText": escape(spec.description[:510]),
        "label": escape(spec.label[:40]),
        "required": "false",
        "trackHistory": "false",
        "type": field_type(spec),
    }
    if spec.type in ("number", "integer"):
        scale = spec.scale if spec.type == "number" else 0
        parts |= {"precision": str(spec.precision), "scale": str(scale), "unique": "false"}
    elif spec.type == "string":
        parts |= {"length": str(spec.length), "unique": "false"}
    elif spec.type == "text":
        parts |= {"length": str(max(spec.length, 256)), "visibleLines": "4"}
    elif spec.type == "enumeration":
        parts["valueSet"] = _value_set(spec)
    if spec.type not in ("text", "enumeration"):
        parts["externalId"] = "false"
    lines = [f"    <fullName>{field_name(spec.name)}</fullName>"]
    lines += [f"    <{name}>{text}</{name}>" for name, text in sorted(parts.items())]
    return "\n".join(lines)


def _value_set(spec: PropertySpec) -> str:
    values = "".join(
        f"\n            <value>\n                <fullName>{escape(code)}</fullName>\n                "
        f"<default>false</default>"
        f"\n                <label>{escape(label)}</label>\n            </value>"
        for code, label in spec.options
    )
    definition = f"<valueSetDefinition>\n            <sorted>false</sorted>{values}\n        </valueSetDefinition>"
    return f"\n        <restricted>false</restricted>\n        {definition}\n    "


def with_values(spec: PropertySpec, value_set: Mapping[str, Any]) -> dict[str, Any]:
    """The picklist's values with those that are missing added, and labels of an earlier release replaced."""
    values = value_set["valueSetDefinition"]["value"]
    there = {str(value["valueName"]): str(value["label"]) for value in values}
    new = spec.relabelled(there)
    values = [{**value, "label": new.get(value["valueName"], value["label"])} for value in values]
    added = [(code, label) for code, label in spec.options if code not in there]
    values += [{"valueName": code, "label": label, "default": False} for code, label in added]
    return {**value_set, "valueSetDefinition": {**value_set["valueSetDefinition"], "value": values}}


def permission_set_xml(name: str, grants: Grants) -> str:
    """The document of one of the two permission sets."""
    integration = name == INTEGRATION
    editable = dict.fromkeys(grants.edits, integration)
    if integration:
        editable |= {f"{o}.{f}": False for o, fields in grants.reads.items() for f in fields}
    rows = [
        f"    <fieldPermissions>\n        <editable>{str(edit).lower()}</editable>\n        <field>{full}</field>\n"
        "        <readable>true</readable>\n    </fieldPermissions>"
        for full, edit in sorted(editable.items())
    ]
    document = [f"    <description>{_TEXTS[name]}</description>", *rows]
    document += ["    <hasActivationRequired>false</hasActivationRequired>", f"    <label>{_LABELS[name]}</label>"]
    if integration:
        granted = {each for each in grants.reads if each in _WITH_RIGHTS or each.endswith("__c")}
        document += [_object_permissions(each) for each in sorted(granted | {*OBJECTS.values()})]
        document.append(
            "    <userPermissions>\n        <enabled>true</enabled>\n        <name>ApiEnabled</name>\n    "
            "</userPermissions>"
        )
    return f"{HEAD}<PermissionSet {NS}>\n" + "\n".join(document) + "\n</PermissionSet>\n"


def _object_permissions(name: str) -> str:
    flags = {
        "allowCreate": False,
        "allowDelete": False,
        "allowEdit": name in OBJECTS.values(),
        "allowRead": True,
        "modifyAllRecords": False,
    }
    lines = [f"        <{flag}>{str(on).lower()}</{flag}>" for flag, on in flags.items()]
    lines += [f"        <object>{name}</object>"]
    lines += [f"        <viewAllRecords>{str(name not in _WITHOUT_VIEW_ALL).lower()}</viewAllRecords>"]
    return "    <objectPermissions>\n" + "\n".join(lines) + "\n    </objectPermissions>"


def package_xml(members: Mapping[str, Sequence[str]]) -> str:
    """package.xml (or destructive changes) for members by metadata type."""
    types = [
        "    <types>\n"
        + "".join(f"        <members>{member}</members>\n" for member in sorted(names))
        + f"        <name>{kind}</name>\n    </types>\n"
        for kind, names in sorted(members.items())
        if names
    ]
    return f"{HEAD}<Package {NS}>\n{''.join(types)}    <version>{METADATA_VERSION}</version>\n</Package>\n"


def source_tree(specs: Sequence[PropertySpec], reads: Reads = STANDARD_READS) -> dict[str, str]:
    """The SFDX project: path -> content, what an administrator deploys with the sf command line."""
    root = "force-app/main/default"
    grants = Grants(reads, tuple(full_name(spec) for spec in specs))
    tree = {"sfdx-project.json": project_json()}
    for spec in specs:
        path = f"{root}/objects/{OBJECTS[spec.stream]}/fields/{field_name(spec.name)}.field-meta.xml"
        tree[path] = f"{HEAD}<CustomField {NS}>\n{field_xml(spec)}\n</CustomField>\n"
    for name in (INTEGRATION, VIEWER):
        tree[f"{root}/permissionsets/{name}.permissionset-meta.xml"] = permission_set_xml(name, grants)
    return tree


def project_json() -> str:
    """The file that makes a folder an SFDX project."""
    project = {
        "packageDirectories": [{"path": "force-app", "default": True}],
        "namespace": "",
        "sourceApiVersion": METADATA_VERSION,
    }
    return json.dumps(project, indent=2) + "\n"


def deployable(
    specs: Sequence[PropertySpec], grants: Grants, component: Mapping[str, str] = MappingProxyType({})
) -> bytes:
    """A zip in metadata format with these fields, both permission sets and the files of the component (none: without
    it).

    The same bytes for the same input.
    """
    files: dict[str, str] = {}
    for object_name in sorted({OBJECTS[spec.stream] for spec in specs}):
        mine = [spec for spec in specs if OBJECTS[spec.stream] == object_name]
        body = "\n".join(f"  <fields>\n{field_xml(spec)}\n  </fields>" for spec in mine)
        files[f"objects/{object_name}.object"] = f"{HEAD}<CustomObject {NS}>\n{body}\n</CustomObject>\n"
    for name in (INTEGRATION, VIEWER):
        files[f"permissionsets/{name}.permissionset"] = permission_set_xml(name, grants)
    members = {
        "CustomField": [full_name(spec) for spec in specs],
        "LightningComponentBundle": sorted({path.split("/")[1] for path in component}),
        "PermissionSet": [INTEGRATION, VIEWER],
    }
    return _zip({"package.xml": package_xml(members), **files, **component})


def removal(
    *, fields: Sequence[str] = (), permission_sets: Sequence[str] = (), components: Sequence[str] = ()
) -> bytes:
    """A zip that deletes exactly these."""
    members = {"CustomField": fields, "LightningComponentBundle": components, "PermissionSet": permission_sets}
    return _zip({"package.xml": package_xml({}), "destructiveChangesPost.xml": package_xml(members)})


def _zip(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path, _DATE), text)
    return buffer.getvalue()
