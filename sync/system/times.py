"""Times as text: as people write them on the command line, and as state and logs keep them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.errors import ConfigError


def time_argument(text: str) -> datetime:
    """An ISO date (its first instant) or time; without an offset it is UTC. Raises ConfigError."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{text!r} is not a date or time.", remedy="Write it like 2026-06-01 or 2026-06-01T12:00:00Z."
        ) from None
    if not _YEARS[0] <= time.year <= _YEARS[1]:
        raise ConfigError(
            f"{text!r} is too long ago or too far ahead.", remedy="Give a moment of this or the last decades."
        )
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


_SKEW = 300.0
"""Seconds that our clock may differ from a server's before it is said."""
_YEARS = (1970, 2200)
_LONGEST = timedelta(days=20 * 366)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def duration_argument(text: str) -> timedelta:
    """`26h`, `90m`, `30d`, `2w`. Raises ConfigError for anything else."""
    number, unit = text.strip()[:-1], text.strip()[-1:].lower()
    if unit not in _UNITS or not number.isdecimal() or len(number) > 6:
        raise ConfigError(f"{text!r} is not a length of time.", remedy="Write it like 26h, 90m or 30d.")
    duration = timedelta(**{_UNITS[unit]: int(number)})
    if duration > _LONGEST:
        raise ConfigError(f"{text!r} is longer than twenty years.", remedy="Write it like 26h, 90m or 30d.")
    return duration


def format_time(instant: datetime) -> str:
    """A UTC instant as text that sorts by time."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> datetime:
    """The inverse of `format_time`. Raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def clock_notes(server: datetime | None) -> list[str]:
    """What to say of this machine's clock beside a server's; nothing within five minutes, or where it gives no time."""
    skew = 0.0 if server is None else (datetime.now(UTC) - server).total_seconds()
    if abs(skew) <= _SKEW:
        return []
    return [f"This machine's clock is {skew:+.0f} s from the CRM's; set it right, or give --as-of."]
