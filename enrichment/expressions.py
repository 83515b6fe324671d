"""Arithmetic that gives the same answer on every engine and in every order of rows.

Sums are taken over whole numbers (micro-minutes, ten-thousandths of money): adding those is exact, so no score can
depend on the order in which an engine adds. Times are whole seconds since 1970 UTC; days and months come from integer
division.
"""

from __future__ import annotations

from typing import Any

import ibis

Expr = Any
"""An Ibis table, column or scalar: Ibis carries no static types."""

DAY = 86_400
WEEK = 7 * DAY
MICRO = 1_000_000
_MONDAY = 4 * DAY  # 1970-01-05, the first Monday after the epoch
_MONEY = "decimal(38,4)"
_MOST_MONEY = 1e15
_ROUNDER = 1.5 * 2.0**52


def seconds(time: Expr) -> Expr:
    """Whole seconds since 1970 of a UTC timestamp column. The engine's session must run in UTC."""
    return time.epoch_seconds().cast("float64").floor().cast("int64")


def constant(value: float) -> Expr:
    """A float64 literal: engines take a bare 0.3 for a decimal."""
    return ibis.literal(repr(float(value))).cast("float64")


def whole(value: Expr, unit: int = MICRO) -> Expr:
    """`value` as a whole number of 1/unit. A float64 adds whole numbers exactly up to 9e15, and faster than an
    int64.
    """
    return (value.cast("float64") * constant(unit)).round().cast("float64")


def real(total: Expr, unit: int = MICRO) -> Expr:
    """Undoes `whole` after summing."""
    return total.cast("float64") / constant(unit)


def money(value: Expr) -> Expr:
    """A money column as an exact decimal; what no ledger holds (NaN, beyond 1e15) is null."""
    return (value.abs() < _MOST_MONEY).ifelse(value, ibis.null("float64")).cast(_MONEY)


def ratio(part: Expr, base: Expr) -> Expr:
    """part / base; null where base is 0 or either is null."""
    return part.cast("float64") / base.cast("float64").nullif(0.0)


def hill(value: Expr, half: float) -> Expr:
    """max(0, x) / (max(0, x) + h): 0 at 0, one half at h, towards 1, no cliff anywhere."""
    return 1.0 - half / (at_least(value, 0.0) + half)


def at_least(value: Expr, floor: float) -> Expr:
    """The greater of the two, null where `value` is null (engines differ on nulls in `greatest`)."""
    return value.notnull().ifelse(ibis.greatest(value.cast("float64"), floor), ibis.null("float64"))


def at_most(value: Expr, ceiling: float) -> Expr:
    """The lesser of the two, null where `value` is null."""
    return value.notnull().ifelse(ibis.least(value.cast("float64"), ceiling), ibis.null("float64"))


def smaller(one: Expr, other: Expr) -> Expr:
    """The lesser of two columns, null where either is."""
    return (one.isnull() | other.isnull()).ifelse(ibis.null("float64"), (one <= other).ifelse(one, other))


def larger(one: Expr, other: Expr) -> Expr:
    """The greater of two columns, null where either is."""
    return (one.isnull() | other.isnull()).ifelse(ibis.null("float64"), (one >= other).ifelse(one, other))


def decay(age_seconds: Expr, half_life_days: float) -> Expr:
    """2 ** (-age / half-life)."""
    return ibis.literal(2.0) ** (age_seconds.cast("float64") / (-half_life_days * DAY))


def half_even(value: Expr, scale: int = 1) -> Expr:
    """Rounded half-even at `scale` decimals, never -0. Digits beyond the ninth are noise of binary fractions, dropped
    first.

    Adding and taking away 1.5 * 2**52 rounds to a whole number, half to even, by IEEE 754; engines' own `round` goes
    away from zero.
    """
    unit, rounder = 10.0**scale, constant(_ROUNDER)
    clean = (value.cast("float64") * constant(unit * 1e6)).round().cast("float64") / constant(1e6)
    return ((clean + rounder) - rounder) / constant(unit)


def month(second: Expr) -> Expr:
    """Calendar month (UTC) as year * 12 + month - 1, by the civil-calendar algorithm on days since 1970."""
    day = second // DAY + 719_468
    era = day // 146_097
    of_era = day - era * 146_097
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    from_march = (5 * of_year + 2) // 153
    return (year + era * 400) * 12 + from_march + 2


def month_starts(number: Expr) -> Expr:
    """The first second of a month of `month`: the same algorithm backwards."""
    march_based = number - 2
    year = march_based // 12
    from_march = march_based - year * 12
    era = year // 400
    of_era = year - era * 400
    day = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + (153 * from_march + 2) // 5
    return ((day - 719_468) * DAY).cast("int64")


def business_seconds(second: Expr, offset_minutes: Expr, starts_at_hour: int, hours: int) -> Expr:
    """Business seconds (Monday to Friday) from a fixed Monday to `second`, on a clock `offset_minutes` ahead of UTC.

    The difference of two of these is the business time between two instants.
    """
    local = second + offset_minutes.coalesce(0) * 60 - _MONDAY
    week = local // WEEK
    into_week = local - week * WEEK
    day = into_week // DAY
    into_day = into_week - day * DAY - starts_at_hour * 3_600
    length = hours * 3_600
    today = (into_day < 0).ifelse(0, (into_day > length).ifelse(length, into_day))
    return week * (5 * length) + (day >= 5).ifelse(5 * length, day * length + today)
