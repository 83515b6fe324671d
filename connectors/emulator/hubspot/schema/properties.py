"""Property definitions and groups: what exists on each object type, and the rules for changing that."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from connectors.emulator.hubspot.schema import standard
from connectors.emulator.hubspot.schema.objects import ObjectType
from connectors.emulator.hubspot.wire import APP_ID, ApiError, Json, bad_json, invalid, iso

LIMIT_PER_OBJECT = 1000
LIMIT_OVERALL = 10_000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_FIELD_TYPES: dict[str, tuple[str, ...]] = {
    "string": ("text", "textarea", "html", "file", "phonenumber", "calculation_equation"),
    "number": ("number", "calculation_equation"),
    "date": ("date",),
    "datetime": ("date",),
    "enumeration": ("select", "radio", "checkbox", "booleancheckbox", "calculation_equation"),
    "bool": ("booleancheckbox", "calculation_equation"),
    "phone_number": ("phonenumber", "text"),
}
_BOOLEAN = [
    {"label": "Yes", "value": "true", "displayOrder": 0, "hidden": False},
    {"label": "No", "value": "false", "displayOrder": 1, "hidden": False},
]
_JSON_TYPES: dict[str, type] = {
    **dict.fromkeys(("name", "label", "type", "fieldType", "groupName", "description", "value"), str),
    **dict.fromkeys(("numberDisplayHint", "calculationFormula", "currencyPropertyName"), str),
    **dict.fromkeys(("hidden", "formField", "hasUniqueValue"), bool),
    "options": list,
}
_EDITABLE = {
    "label",
    "type",
    "fieldType",
    "groupName",
    "description",
    "options",
    "displayOrder",
    "hidden",
    "formField",
    "calculationFormula",
    "numberDisplayHint",
    "currencyPropertyName",
}


def options(values: Iterable[Any]) -> list[Json]:
    """Options from plain values, or completed from what a client sent."""
    made = []
    for order, value in enumerate(values):
        given = value if isinstance(value, dict) else {"label": str(value), "value": str(value)}
        check_types(given)
        if not isinstance(given.get("label"), str) or not isinstance(given.get("value"), str):
            raise invalid("Each property option needs a label and a value.")
        made.append(
            {
                "label": given["label"],
                "value": given["value"],
                "displayOrder": given.get("displayOrder", order),
                "hidden": bool(given.get("hidden", False)),
                **({"description": given["description"]} if given.get("description") else {}),
            }
        )
    return made


def definition(name: str, kind: str, field_type: str, group: str, at: int, **more: Any) -> Json:
    """A property as the API shows it."""
    read_only = bool(more.pop("read_only", False))
    calculated = bool(more.pop("calculated", False))
    ours = bool(more.get("hubspotDefined"))
    return {
        "updatedAt": iso(at),
        "createdAt": iso(at),
        "name": name,
        "label": name.removeprefix("hs_").replace("_", " ").capitalize(),
        "type": kind,
        "fieldType": field_type,
        "description": "",
        "groupName": group,
        "options": [],
        "displayOrder": -1,
        "calculated": calculated,
        "externalOptions": False,
        "archived": False,
        "hasUniqueValue": False,
        "hidden": False,
        "modificationMetadata": {
            "archivable": not ours,
            "readOnlyDefinition": ours,
            "readOnlyValue": read_only or calculated,
        },
        "formField": False,
        "dataSensitivity": "non_sensitive",
        **more,
    }


class Properties:
    """The definitions of one object type. `usage` names what stands in the way of archiving a property."""

    def __init__(self, kind: ObjectType, born: int, now: Callable[[], float], delay: Callable[[], float]) -> None:
        self.kind = kind
        self._now, self._delay = now, delay
        self.live: dict[str, Json] = {}
        self.archived: dict[str, Json] = {}
        self.usage: set[str] = set()
        self._visible_from: dict[str, float] = {}
        own_group = standard.group(kind.plural)
        self.groups: dict[str, Json] = {own_group: _group(own_group, f"{kind.label} information", 0)}
        for name, type_, field_type, mark in standard.lines(kind.plural):
            given = _BOOLEAN if type_ == "bool" else options(standard.OPTIONS.get(name, ()))
            self.live[name] = definition(
                name,
                type_,
                field_type,
                own_group,
                born,
                options=given,
                hubspotDefined=True,
                read_only=mark == "!",
                calculated=mark == "=",
            )

    def add_custom(self, name: str, kind: str, field_type: str, born: int, values: Iterable[str] = ()) -> None:
        """A property that an admin of the portal had made before we came."""
        given = _BOOLEAN if kind == "bool" else options(values)
        self.live[name] = definition(
            name, kind, field_type, standard.group(self.kind.plural), born, options=given, createdUserId="1"
        )

    def get(self, name: str) -> Json | None:
        """A definition that reads and writes can already see."""
        if self._visible_from and self._visible_from.get(name, 0.0) > self._now():
            return None
        return self.live.get(name)

    def listed(self) -> list[Json]:
        return [found for name in self.live if (found := self.get(name)) is not None]

    def custom_count(self) -> int:
        return sum(1 for found in self.live.values() if not found.get("hubspotDefined"))

    def create(self, body: Any, overall: int) -> Json:
        """Makes a property, or brings an archived one back. Raises ApiError."""
        given = _checked(body)
        name = given["name"]
        if name in self.live:
            raise ApiError(
                409,
                f"A property named '{name}' already exists.",
                "OBJECT_ALREADY_EXISTS",
                subCategory="Properties.PROPERTY_WITH_NAME_EXISTS",
            )
        self._check_group(given["groupName"])
        if self.custom_count() >= LIMIT_PER_OBJECT or overall >= LIMIT_OVERALL:
            raise invalid(
                f"You have reached the limit of {LIMIT_PER_OBJECT} custom properties for {self.kind.singular}.",
                subCategory="PropertyValidationError.PROPERTY_LIMIT_EXCEEDED",
            )
        unique = sum(1 for found in self.live.values() if found["hasUniqueValue"])
        if given.get("hasUniqueValue") and unique >= 10:
            raise invalid("An object type can have at most 10 properties with unique values.")
        at = round(self._now() * 1000)
        kept = self.archived.pop(name, None)
        calculated = given["fieldType"] == "calculation_equation"
        more = {key: given[key] for key in _EDITABLE if key in given and key not in ("type", "fieldType", "groupName")}
        more["options"] = _options_of(given)
        more["hasUniqueValue"] = bool(given.get("hasUniqueValue", False))
        made = definition(
            name, given["type"], given["fieldType"], given["groupName"], at, calculated=calculated, **more
        )
        made |= {"createdUserId": str(APP_ID), "updatedUserId": str(APP_ID)}
        if kept is not None:
            made["createdAt"] = kept["createdAt"]
        self.live[name] = made
        if delay := self._delay():
            self._visible_from[name] = self._now() + delay
        return made

    def update(self, name: str, body: Any) -> Json:
        """Changes a definition; the option list is replaced as a whole. Raises ApiError."""
        found = self.require(name)
        check_types(body)
        if found["modificationMetadata"]["readOnlyDefinition"]:
            raise invalid(f"The definition of '{name}' is read only.", subCategory="PropertyValidationError.READ_ONLY")
        changed = {key: value for key, value in body.items() if key in _EDITABLE}
        if "groupName" in changed:
            self._check_group(changed["groupName"])
        merged = {**found, **changed}
        _check_pair(merged["type"], merged["fieldType"])
        merged["options"] = _options_of(merged)
        merged |= {"updatedAt": iso(round(self._now() * 1000)), "updatedUserId": str(APP_ID)}
        self.live[name] = merged
        return merged

    def archive(self, name: str) -> None:
        """Moves a property to the recycle bin; its values come back if it is restored. Raises ApiError."""
        found = self.require(name)
        if not found["modificationMetadata"]["archivable"]:
            raise invalid(f"The property '{name}' cannot be archived.", subCategory="PropertyValidationError.READ_ONLY")
        if name in self.usage:
            raise invalid(
                f"The property '{name}' is in use and cannot be deleted.",
                subCategory="PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE",
            )
        at = iso(round(self._now() * 1000))
        self.archived[name] = {**self.live.pop(name), "archived": True, "archivedAt": at}

    def require(self, name: str) -> Json:
        """The definition, or the 404 of a property that does not exist."""
        found = self.get(name)
        if found is None:
            raise ApiError(404, f"Property {name} does not exist", "OBJECT_NOT_FOUND")
        return found

    def create_group(self, body: Any) -> Json:
        check_types(body)
        if not body.get("name") or not body.get("label"):
            raise invalid("Some required fields were not set: [name, label]")
        if body["name"] in self.groups:
            raise ApiError(409, f"A property group named '{body['name']}' already exists.", "OBJECT_ALREADY_EXISTS")
        self.groups[body["name"]] = _group(body["name"], body["label"], body.get("displayOrder", -1))
        return self.groups[body["name"]]

    def require_group(self, name: str) -> Json:
        if name not in self.groups:
            raise ApiError(404, f"Property group {name} does not exist", "OBJECT_NOT_FOUND")
        return self.groups[name]

    def archive_group(self, name: str) -> None:
        self.require_group(name)
        if any(found["groupName"] == name for found in self.live.values()):
            raise invalid(
                f"The group '{name}' still has properties.",
                subCategory="PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES",
            )
        del self.groups[name]

    def _check_group(self, name: object) -> None:
        if name not in self.groups:
            raise invalid(f"The property group '{name}' does not exist.", subCategory="PropertyGroupError.NOT_FOUND")


def check_types(body: Any) -> None:
    """Raises ApiError where a field of a definition is not of its JSON type."""
    if not isinstance(body, dict):
        raise bad_json("an object was expected")
    for name, value in body.items():
        right = isinstance(value, _JSON_TYPES.get(name, object))
        if name == "displayOrder":
            right = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31
        if not right:
            raise bad_json(f"{name} has the wrong type")


def _checked(body: Any) -> Json:
    check_types(body)
    given: Json = body
    missing = [key for key in ("name", "label", "type", "fieldType", "groupName") if not body.get(key)]
    if missing:
        raise invalid(f"Some required fields were not set: [{', '.join(missing)}]")
    if not _NAME.fullmatch(str(body["name"])):
        raise invalid(
            f"Property name '{body['name']}' is invalid: it must start with a letter and hold only lower-case letters, "
            "digits and underscores.",
            subCategory="PropertyValidationError.INVALID_NAME",
        )
    _check_pair(body["type"], body["fieldType"])
    return given


def _check_pair(kind: object, field_type: object) -> None:
    if kind not in _FIELD_TYPES:
        raise invalid(f"Invalid property type '{kind}'.")
    if field_type not in _FIELD_TYPES[str(kind)]:
        raise invalid(f"Field type '{field_type}' does not go with property type '{kind}'.")


def _options_of(given: Json) -> list[Json]:
    made = options(given.get("options") or ())
    if given["type"] == "bool":
        return made or options(_BOOLEAN)
    if given["type"] == "enumeration" and not made and given["fieldType"] != "calculation_equation":
        raise invalid(f"The enumeration property '{given['name']}' needs options.")
    if len({option["value"] for option in made}) < len(made):
        raise invalid("Property option values must be unique.")
    return made


def _group(name: str, label: str, order: int) -> Json:
    return {"archived": False, "name": name, "label": label, "displayOrder": order}
