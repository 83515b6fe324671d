"""What HubSpot takes as a property's value, and the normal form it keeps."""

from __future__ import annotations

import re
from typing import Any

from connectors.emulator.hubspot.schema.standard import OPEN_OPTIONS
from connectors.emulator.hubspot.wire import Json, epoch_ms, iso, number

_DAY = 86_400_000
_EARLIEST, _LATEST = -30_000_000_000_000, 250_000_000_000_000
_LONGEST = 65_536
_EMAIL = re.compile(r"[^@\s;,]+@[^@\s;,]+\.[^@\s;,]+")


class Unacceptable(ValueError):
    """A value that the property cannot hold; `code` is HubSpot's word for why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def normal(definition: Json, given: Any) -> str | None:
    """The stored form of a value, None when it clears the property. Raises Unacceptable."""
    if isinstance(given, bool):
        given = "true" if given else "false"
    if isinstance(given, int | float):
        given = str(given)
    if not isinstance(given, str):
        raise Unacceptable("INVALID_STRING", f"{given!r} was not a valid string.")
    if given == "":
        return None
    kind = definition["type"]
    if kind == "number":
        return _number(given)
    if kind == "date":
        return _date(given)
    if kind == "datetime":
        return _instant(given)
    if kind in ("enumeration", "bool"):
        return _option(definition, given)
    if len(given) > _LONGEST:
        raise Unacceptable("INVALID_LENGTH", f"Property values must be at most {_LONGEST} characters.")
    if definition["name"] == "email" and not _EMAIL.fullmatch(given):
        raise Unacceptable("INVALID_EMAIL", f"Email address {given} is invalid")
    return given


def _number(given: str) -> str:
    value = number(given)
    if value is None:
        raise Unacceptable("INVALID_DOUBLE", f"{given} was not a valid number.")
    return value


def _date(given: str) -> str:
    ms = epoch_ms(given)
    if ms is None or ms % _DAY or not _EARLIEST <= ms < _LATEST:
        raise Unacceptable("INVALID_DATE", f"{given} is not a date at midnight UTC.")
    return iso(ms)[:10]


def _instant(given: str) -> str:
    ms = epoch_ms(given)
    if ms is None:
        raise Unacceptable("INVALID_LONG", f"{given} was not a valid long.")
    if not _EARLIEST <= ms < _LATEST:
        raise Unacceptable("INVALID_DATE", f"{given} is out of range.")
    return iso(ms)


def _option(definition: Json, given: str) -> str:
    if definition["type"] == "bool" and given.lower() in ("true", "false"):
        return given.lower()
    allowed = [option["value"] for option in definition["options"]]
    if definition["type"] == "enumeration" and (definition["name"] in OPEN_OPTIONS):
        return given
    parts = given.strip(";").split(";") if definition["fieldType"] == "checkbox" else [given]
    for part in parts:
        if part not in allowed:
            raise Unacceptable("INVALID_OPTION", f"{part} was not one of the allowed options: {definition['options']}")
    return ";".join(parts)
