"""Custom fields from their metadata, with the refusals of a real deployment."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from connectors.emulator.salesforce.metadata.package import child_text
from connectors.emulator.salesforce.store.schema import Field

_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9]|_(?!_|\Z))*__c\Z")
_SIMPLE = {
    "DateTime": "datetime",
    "Date": "date",
    "Email": "email",
    "Phone": "phone",
    "Url": "url",
    "TextArea": "textarea",
}
_NUMERIC = {"Number": "double", "Currency": "currency", "Percent": "percent"}
_LENGTHS = {"email": 80, "phone": 40, "url": 255, "textarea": 255}


class Problem(Exception):
    """Why a component cannot be deployed."""


def field_from_xml(xml: ET.Element) -> Field:
    """Raises Problem in the words of the Metadata API."""
    name, label, kind = (child_text(xml, key) for key in ("fullName", "label", "type"))
    if not _NAME.match(name) or len(name) > 43:
        raise Problem(
            f"Field Name: The field name provided, {name}, is not valid: it must begin with a letter, hold "
            f"only letters, digits "
            "and single underscores, not end with an underscore, and have at most 40 characters before __c"
        )
    if not label:
        raise Problem("Required fields are missing: [MasterLabel]")
    if len(label) > 40:
        raise Problem(f"Field Label: data value too large: {label} (max length=40)")
    help_text = child_text(xml, "inlineHelpText") or None
    if help_text and len(help_text) > 510:
        raise Problem("Help Text: data value too large (max length=510)")
    made = Field(name, "string", label, custom=True, help_text=help_text)
    made.external_id = child_text(xml, "externalId") == "true"
    made.unique = child_text(xml, "unique") == "true"
    made.required = child_text(xml, "required") == "true"
    made.permissionable = not made.required
    made.indexed = made.external_id or made.unique
    _type(made, kind, xml)
    return made


def _type(made: Field, kind: str, xml: ET.Element) -> None:
    if kind in _NUMERIC:
        made.type = _NUMERIC[kind]
        made.precision, made.scale = _whole(xml, "precision"), _whole(xml, "scale")
        if not 1 <= made.precision <= 18 or made.scale > made.precision:
            raise Problem(f"Number precision must be 1 to 18 and hold the scale: {made.precision}, {made.scale}")
    elif kind == "Text":
        made.length = _whole(xml, "length")
        if not 1 <= made.length <= 255:
            raise Problem("Text length must be from 1 to 255")
    elif kind == "LongTextArea":
        made.type, made.filterable, made.length = "textarea", False, _whole(xml, "length")
        if not 256 <= made.length <= 131_072:
            raise Problem("Long text area length must be from 256 to 131072")
        _whole(xml, "visibleLines")
    elif kind in ("Picklist", "MultiselectPicklist"):
        _picklist(made, kind, xml)
    elif kind == "Checkbox":
        made.type, made.defaulted = "boolean", True
        if child_text(xml, "defaultValue") not in ("true", "false"):
            raise Problem("Must specify either true or false for a checkbox's defaultValue")
        made.default = child_text(xml, "defaultValue") == "true"
    elif kind == "Lookup":
        target = child_text(xml, "referenceTo")
        relation = child_text(xml, "relationshipName")
        if not target or not relation:
            raise Problem("referenceTo and relationshipName are required for a lookup")
        made.type, made.length, made.refers_to = "reference", 18, (target,)
        made.relationship = made.name.removesuffix("__c") + "__r"
        made.indexed = True
    elif kind in _SIMPLE:
        made.type = _SIMPLE[kind]
        made.length = _LENGTHS.get(made.type, 0)
    else:
        raise Problem(f"Field type {kind or '(none)'} is not supported")


def _picklist(made: Field, kind: str, xml: ET.Element) -> None:
    made.type = "picklist" if kind == "Picklist" else "multipicklist"
    made.length = 255 if kind == "Picklist" else 4099
    definition = xml.find("valueSet/valueSetDefinition")
    values = definition.findall("value") if definition is not None else []
    if not values:
        raise Problem("Must specify a valueSet with values for a picklist")
    made.restricted = (xml.findtext("valueSet/restricted") or "").strip() == "true"
    for value in values:
        name = child_text(value, "fullName")
        if not name:
            raise Problem("A picklist value needs a fullName")
        if name in made.values:
            raise Problem(f"Duplicate picklist value: {name}")
        if child_text(value, "isActive") == "false":
            continue
        made.values.append(name)
        made.labels[name] = child_text(value, "label") or name
        if child_text(value, "default") == "true":
            made.default = name


def _whole(xml: ET.Element, name: str) -> int:
    text = child_text(xml, name)
    if not text.isdigit():
        raise Problem(f"Must specify '{name}' for a CustomField of type {child_text(xml, 'type')}")
    return int(text)
