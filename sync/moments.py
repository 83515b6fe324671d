"""Moments as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

from connectors.errors import ConfigError


def moment(text: str) -> datetime:
    """An ISO date (its first instant) or time; without an offset it is UTC. Raises ConfigError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{text!r} is not a date or time.", remedy="Write it like 2026-06-01 or 2026-06-01T12:00:00Z."
        ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
