"""The small arithmetic of the scores, in plain Python: nothing here knows a table or a field."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

DAY = 86_400.0
YEAR_DAYS = 365.25
MONTH_DAYS = YEAR_DAYS / 12


def days_between(earlier: datetime, later: datetime) -> float:
    return (later - earlier).total_seconds() / DAY


def halved(age_days: float, half_life_days: float) -> float:
    """2^(-age/H)."""
    return float(2.0 ** (-age_days / half_life_days))


def hill(x: float, half: float) -> float:
    """0 at 0, one half at `half`, towards 1."""
    x = max(0.0, x)
    return x / (x + half)


def rounded(value: float | None, scale: int = 1) -> float | None:
    """Half-even at `scale` decimals; what is beyond the ninth decimal is noise of binary fractions."""
    if value is None:
        return None
    step = Decimal(1).scaleb(-scale)
    return float(Decimal(repr(round(float(value), 9))).quantize(step, ROUND_HALF_EVEN)) + 0.0


def millionth(minutes: float) -> float:
    """Minutes are added as whole millionths, so that their order cannot matter."""
    return round(minutes * 1e6) / 1e6


def mean(values: Iterable[float]) -> float | None:
    values = list(values)
    return sum(values) / len(values) if values else None


def median(values: Iterable[float]) -> float | None:
    ordered = sorted(values)
    if not ordered:
        return None
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def balance(seller: float, customer: float, k0: float) -> float | None:
    """A11: above 0 we put in more than they do."""
    whole = seller + customer + 2 * k0
    return 100 * (seller - customer) / whole if whole else None


def index(seller: float, customer: float, k0: float) -> float | None:
    """A10: 0 is all one way, or nothing to show."""
    whole = seller + customer + 2 * k0
    return 100 * 2 * min(seller, customer) / whole if whole else None


def shifted(time: datetime, offset_minutes: int | None) -> datetime:
    """What the clock on the wall showed, `offset_minutes` ahead of UTC (unknown: UTC)."""
    return time.astimezone(UTC).replace(tzinfo=None) + timedelta(minutes=offset_minutes or 0)


def business_hours(start: datetime, end: datetime, opens_at_hour: int, day_hours: int) -> float:
    """Hours between two wall-clock times that fall in a working day, Monday to Friday."""
    weeks = max(0, (end - start).days // 7)  # the same hours in each
    total, start = timedelta(hours=5 * day_hours * weeks), start + timedelta(days=7 * weeks)
    day = start.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
        days=1
    )  # yesterday's day may run past midnight
    while day <= end:
        if day.weekday() < 5:
            opens = day + timedelta(hours=opens_at_hour)
            total += max(timedelta(), min(end, opens + timedelta(hours=day_hours)) - max(start, opens))
        day += timedelta(days=1)
    return total.total_seconds() / 3600


def percentile(value: float, peers: list[float]) -> float:
    """Mid-rank: those below and half of those equal, of all."""
    below = sum(1 for p in peers if p < value)
    equal = sum(1 for p in peers if p == value)
    return 100 * (below + equal / 2) / len(peers)


def fading(days: float | None, fresh_days: float, fade_days: float) -> float:
    """f(d) = min(1, 2^(-(d - 30)/180)); 0 when there is nothing to be fresh."""
    return 0.0 if days is None else min(1.0, halved(days - fresh_days, fade_days))
