"""How much of the day's calls is left to the customer's other tools: more while people work with the CRM, less at
night.
"""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

_HOURS = re.compile(r"(\d{1,2})-(\d{1,2})")
_WEEKEND = 5


def hours(text: str) -> tuple[int, int] | None:
    """The hours of "8-18", None for "". Raises ValueError for anything else."""
    if not text:
        return None
    found = _HOURS.fullmatch(text)
    if not found or not 0 <= int(found[1]) < int(found[2]) <= 24:
        raise ValueError(f'{text!r} is not a span of hours like "8-18"; "" is for none')
    return int(found[1]), int(found[2])


def kept_share(quiet: float, busy: float, span: str, now: datetime | None, zone: str) -> float:
    """The share of the day's calls to leave: `busy` on weekdays within the span in the zone, else `quiet`.

    `now` is the server's clock; while it is unknown the larger share is left.
    """
    within = hours(span)
    if within is None:
        return quiet
    if now is None:
        return max(quiet, busy)
    local = now.astimezone(ZoneInfo(zone))
    working = local.weekday() < _WEEKEND and within[0] <= local.hour < within[1]
    return max(quiet, busy) if working else quiet
