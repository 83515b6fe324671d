"""Times of logs: which of day and month comes first is told by the column, or asked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_DAY = re.compile(r"(?:[A-Za-z]{2,}\.?,? )?(\d{1,2})([./-])(\d{1,2})[./-](\d{4})(?:,? +(.*))?")
_ISO = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:(?:,? +|T)(.*))?")
_CLOCKS = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_WORDS = ("%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y")


def day_first(texts: Iterable[str]) -> bool | None:
    """Whether dates such as 04/03/2026 begin with the day; None where no date of the column tells."""
    answers = set()
    for text in texts:
        if found := _DAY.fullmatch(text.strip()):
            first, second = int(found[1]), int(found[3])
            if found[2] != "." and (first > 12 or second > 12):
                answers.add(first > 12)
    return answers.pop() if len(answers) == 1 else None


def moment(text: str, zone: ZoneInfo, first: bool | None) -> datetime | None:
    """UTC; None for what is no time of 1970 to 2100, or begins with day or month and nobody knows which."""
    text = " ".join(text.replace("\u202f", " ").split())
    if re.fullmatch(r"\d{10}|\d{13}", text):
        return datetime.fromtimestamp(int(text) / (1000 if len(text) == 13 else 1), UTC)
    found = _read(text, first)
    if found is None or not 1970 <= found.year <= 2100:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def formats(text: str) -> str:
    """The formats that a time could have, for people."""
    found = _DAY.fullmatch(" ".join(text.split()))
    if not found:
        return ""
    weekday = "%a " if text[:1].isalpha() else ""
    clock = next((f" {c}" for c in _CLOCKS if _parsed(found[5] or "", c)), "")
    orders = (f"{weekday}%d{found[2]}%m{found[2]}%Y{clock}", f"{weekday}%m{found[2]}%d{found[2]}%Y{clock}")
    return " or ".join(f'"{o}"' for o in orders)


def _read(text: str, first: bool | None) -> datetime | None:
    try:
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        pass
    if found := _ISO.fullmatch(text):
        return _built(int(found[1]), int(found[2]), int(found[3]), found[4])
    if found := _DAY.fullmatch(text):
        if found[2] == ".":
            first = True
        if first is None:
            return None
        day, month = (int(found[1]), int(found[3])) if first else (int(found[3]), int(found[1]))
        return _built(int(found[4]), month, day, found[5])
    for words in _WORDS:
        for clock in ("", *(f" {c}" for c in _CLOCKS)):
            if read := _parsed(text, words + clock):
                return read
    return None


def _built(year: int, month: int, day: int, clock: str | None) -> datetime | None:
    try:
        date = datetime(year, month, day)  # noqa: DTZ001  (the zone is added by the caller)
    except ValueError:
        return None
    if not clock:
        return date
    for pattern in _CLOCKS:
        if read := _parsed(clock.replace(".", "") if "m." in clock.lower() else clock, pattern):
            return date.replace(hour=read.hour, minute=read.minute, second=read.second)
    return None


def _parsed(text: str, pattern: str) -> datetime | None:
    try:
        return datetime.strptime(text, pattern)  # noqa: DTZ007  (the zone is added by the caller)
    except ValueError:
        return None
