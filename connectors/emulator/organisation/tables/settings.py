"""`organisation.toml`: what the tables do not say of an organisation."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa

from connectors.emulator.organisation.model import Organisation
from connectors.errors import ConfigError
from connectors.records import STREAMS, Stream


def with_settings(tables: dict[Stream, pa.Table], path: Path) -> Organisation:
    """The organisation of these tables, told by the file where there is one. Raises ConfigError naming file and key."""
    given: dict[str, object] = {}
    if path.is_file():
        try:
            given = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: not valid TOML: {error}.", remedy="Correct the line it names.") from None
    values = _DEFAULTS | given
    for key, value in values.items():
        if key not in _CHECKS:
            raise ConfigError(f"{path}: unknown key {key!r}.", remedy=f"The keys are {', '.join(_CHECKS)}.")
        wanted, holds = _CHECKS[key]
        if not holds(value):
            raise ConfigError(f"{path}: {key} must be {wanted}, not {value!r}.", remedy="Correct it.")
    now = cast("datetime | None", values["now"]) or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Organisation(
        tables,
        own_domains=tuple(cast("list[str]", values["own_domains"])),
        corporate_currency=cast("str", values["corporate_currency"]),
        time_zone=cast("str", values["time_zone"]),
        now=now.replace(tzinfo=UTC) if now.tzinfo is None else now.astimezone(UTC),
        merges=tuple((loser, winner) for loser, winner in cast("list[list[str]]", values["merges"])),
        deleted=tuple(
            (cast("Stream", stream), record) for stream, record in cast("list[list[str]]", values["deleted"])
        ),
    )


def _pairs(value: object) -> bool:
    return isinstance(value, list) and all(_texts(pair) and len(pair) == 2 for pair in value)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


def _zone(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(ZoneInfo(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


_DEFAULTS: dict[str, object] = {
    "own_domains": [],
    "corporate_currency": "USD",
    "time_zone": "UTC",
    "now": None,
    "merges": [],
    "deleted": [],
}
_CHECKS: dict[str, tuple[str, Callable[[object], bool]]] = {
    "own_domains": ("a list of domains", _texts),
    "corporate_currency": (
        "a currency code of three capitals",
        lambda v: isinstance(v, str) and len(v) == 3 and v.isascii() and v.isalpha() and v.isupper(),
    ),
    "time_zone": ("a time zone such as Europe/Berlin", _zone),
    "now": ("a date and time", lambda v: v is None or isinstance(v, datetime)),
    "merges": ("a list of [loser, winner] account ids", _pairs),
    "deleted": (
        "a list of [stream, id]",
        lambda v: _pairs(v) and all(s in STREAMS for s, _ in cast("list[list[str]]", v)),
    ),
}


def settings_toml(organisation: Organisation) -> str:
    """The text of the file that `with_settings` reads."""

    def text(value: object) -> str:
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

    return "\n".join(
        [
            f"own_domains = {text(organisation.own_domains)}",
            f"corporate_currency = {text(organisation.corporate_currency)}",
            f"time_zone = {text(organisation.time_zone)}",
            f"now = {organisation.now.isoformat()}",
            f"merges = {text(organisation.merges)}",
            f"deleted = {text(organisation.deleted)}",
            "",
        ]
    )
