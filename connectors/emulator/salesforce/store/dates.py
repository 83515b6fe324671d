"""Date literals of SOQL (`TODAY`, `LAST_N_DAYS:30` ...) as half-open ranges of days, in UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

_STAMP = "%Y-%m-%dT%H:%M:%S"
_N = re.compile(
    r"(LAST|NEXT)_N_(DAYS|WEEKS|MONTHS|QUARTERS|YEARS):(\d+)\Z|N_(DAYS|WEEKS|MONTHS|QUARTERS|YEARS)_AGO:(\d+)\Z"
)
_NAMED = re.compile(r"(LAST|THIS|NEXT)_(WEEK|MONTH|QUARTER|YEAR)\Z")
_FISCAL = re.compile(r"FISCAL_(?=QUARTER|YEAR)")


def stamp(moment: datetime) -> str:
    """The text of a time in the API: UTC, milliseconds that are always zero, `+0000`."""
    return moment.astimezone(UTC).strftime(_STAMP) + ".000+0000"


def parse_time(text: str) -> datetime | None:
    """An ISO time with a zone, in any of the forms the API takes; None if it is not one."""
    shaped = re.sub(r"([+-]\d\d)(\d\d)\Z", r"\1:\2", text.strip())
    try:
        moment = datetime.fromisoformat(shaped)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def literal_stamp(text: str) -> str:
    """A SOQL time literal as stored text, milliseconds kept."""
    moment = parse_time(text)
    if moment is None:
        raise ValueError(text)
    moment = moment.astimezone(UTC)
    return f"{moment.strftime(_STAMP)}.{moment.microsecond // 1000:03d}+0000"


def day_range(word: str, today: date) -> tuple[date, date] | None:
    """First day and day after the last of a date literal; None when the word is none. Fiscal years are calendar
    years.
    """
    word = _FISCAL.sub("", word)
    if word in ("TODAY", "YESTERDAY", "TOMORROW"):
        first = today + timedelta(days={"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1}[word])
        return first, first + timedelta(days=1)
    if word == "LAST_90_DAYS":
        return today - timedelta(days=90), today + timedelta(days=1)
    if word == "NEXT_90_DAYS":
        return today + timedelta(days=1), today + timedelta(days=91)
    if named := _NAMED.match(word):
        step = {"LAST": -1, "THIS": 0, "NEXT": 1}[named.group(1)]
        unit = named.group(2)
        return _start(today, unit, step), _start(today, unit, step + 1)
    if counted := _N.match(word):
        side, unit, n, ago, n_ago = counted.groups()
        if ago:
            return _unit_range(today, ago[:-1], -int(n_ago))
        if side == "LAST":
            end = today + timedelta(days=1) if unit == "DAYS" else _start(today, unit[:-1], 0)
            return _start(today, unit[:-1], -int(n)), end
        return _start(today, unit[:-1], 1), _start(today, unit[:-1], int(n) + 1)
    return None


def _unit_range(today: date, unit: str, step: int) -> tuple[date, date]:
    return _start(today, unit, step), _start(today, unit, step + 1)


def _start(today: date, unit: str, step: int) -> date:
    """First day of the unit `step` units away from the one of today."""
    if unit == "DAY":
        return today + timedelta(days=step)
    if unit == "WEEK":
        return today - timedelta(days=(today.weekday() + 1) % 7) + timedelta(weeks=step)
    months = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[unit]
    index = (today.year * 12 + today.month - 1) // months * months + step * months
    return date(index // 12, index % 12 + 1, 1)
