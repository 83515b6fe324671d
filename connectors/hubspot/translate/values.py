"""HubSpot's strings to typed columns and back: pure, columnar where the strings are in normal form, careful otherwise.

Everything crosses the wire as a string: numbers as "12.5", booleans as "true", instants as ISO 8601 with milliseconds
and Z or as epoch milliseconds, dates as "2026-01-02" (midnight UTC), several choices as "a;b". Empty is unknown: null.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import Value
from connectors.errors import ConfigError
from connectors.records import IDS, TIME

T = TypeVar("T")
Texts = list[str | None]
Complain = Callable[[int, str], None]
"""Called with the row and a message for each value that cannot be read; the value becomes null."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
_TRUE, _FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})


def column(kind: pa.DataType, texts: Texts, complain: Complain) -> pa.Array:
    """The strings as an Arrow column of the canonical type."""
    if kind == pa.string():
        return pa.array([text or None for text in texts], kind)
    if kind == pa.float64():
        return numbers(texts, complain)
    if kind == pa.int64():
        return _each(kind, texts, whole, complain)
    if kind == pa.bool_():
        return _each(kind, texts, flag, complain)
    if kind == TIME:
        return times(texts, complain)
    if kind == IDS:
        return pa.array([names(text) for text in texts], IDS)
    raise ConfigError(f"A HubSpot property cannot feed a column of type {kind}.")


def numbers(texts: Texts, complain: Complain) -> pa.Array:
    """Finite numbers."""
    try:
        fast = pa.array([text or None for text in texts], pa.string()).cast(pa.float64())
    except pa.ArrowInvalid:
        return _each(pa.float64(), texts, number, complain)
    if pc.all(pc.is_finite(fast)).as_py() is False:
        return _each(pa.float64(), texts, number, complain)
    return fast


def times(texts: Texts, complain: Complain) -> pa.Array:
    """UTC instants with microseconds."""
    try:
        return pa.array([text or None for text in texts], pa.string()).cast(TIME)
    except pa.ArrowInvalid:
        return _each(TIME, texts, parse_time, complain)


def number(text: str) -> float:
    """A finite number. Raises ValueError."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not a finite number")
    return value


def whole(text: str) -> int:
    """A whole number, also when written as "12.0". Raises ValueError."""
    value = Decimal(text) if text.strip().lstrip("+-").replace(".", "", 1).isdigit() else Decimal("NaN")
    if not value.is_finite() or value != value.to_integral_value() or abs(value) >= 2**63:
        raise ValueError(f"{text!r} is not a whole number")
    return int(value)


def flag(text: str) -> bool:
    """A boolean. Raises ValueError."""
    lowered = text.strip().lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ValueError(f"{text!r} is neither true nor false")


def parse_time(text: str) -> datetime:
    """An instant: ISO 8601 with a zone, a bare date (midnight UTC), or epoch milliseconds, also as "1633996800000.0".
    Raises ValueError.
    """
    text = text.strip()
    whole, point, fraction = text.partition(".")
    if whole.lstrip("-").isdigit() and (fraction.isdigit() or not point):
        milliseconds = int(whole)
        if not -62_135_596_800_000 <= milliseconds <= 253_402_214_400_000:
            raise ValueError(f"{text!r} is outside the years 1 to 9999")
        return _EPOCH + timedelta(milliseconds=milliseconds)
    if len(text) == 10:
        day = date.fromisoformat(text)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    if not _FIRST + timedelta(days=1) <= parsed <= _LAST:
        raise ValueError(f"{text!r} is outside the years 1 to 9999")
    return parsed.astimezone(UTC)


def names(text: str | None) -> list[str] | None:
    """The choices of "a;b", once each, in order; None when empty."""
    found = list(dict.fromkeys(part.strip() for part in (text or "").split(";") if part.strip()))
    return found or None


def milliseconds(instant: datetime) -> int:
    """Epoch milliseconds of an instant, rounded down."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def iso(instant: datetime) -> str:
    """An instant in HubSpot's normal form."""
    utc = instant.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def written(value: Value) -> str:
    """A value as HubSpot keeps it: "" clears; numbers have no exponent and no trailing zeros. Raises ConfigError."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ConfigError(f"{value} cannot be written to HubSpot: it is not a finite number.")
        plain = format(Decimal(repr(value)), "f")
        plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
        return "0" if plain in ("-0", "") else plain
    return iso(value) if isinstance(value, datetime) else value


def _each(kind: pa.DataType, texts: Sequence[str | None], parse: Callable[[str], T], complain: Complain) -> pa.Array:
    parsed: list[T | None] = []
    for row, text in enumerate(texts):
        value = None
        if text:
            try:
                value = parse(text)
            except (ValueError, ArithmeticError) as error:
                complain(row, str(error))
        parsed.append(value)
    return pa.array(parsed, kind)
