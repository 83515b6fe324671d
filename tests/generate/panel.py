"""What a seller sees on a record: the wording and the rules of the panel, once for every CRM's component.

`catalogue()` is the part that a component ships with, `to_panel` the reference of what it must make of a record's
properties. `panel_cases.py` has the table of cases that every component is tested with. Pure: no I/O, no clock.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, TypedDict

from enrichment.fields import ACCOUNT_FIELDS, DEAL_STANCES, FIELDS, OPPORTUNITY_FIELDS, STANCES, fields
from enrichment.words import ENGLISH

Kind = Literal["account", "deal"]
Given = str | float | int | None
"""A property as a CRM's component gets it: text or a number, null when it is empty."""
State = Literal["scored", "stale", "unscored", "unreadable"]
Tone = Literal["good", "attention", "urgent", "neutral"]

FORMAT = 1
STALE_AFTER = timedelta(days=7)
FROZEN = "closed"
"""The stance whose figures are those of a moment in the past, and so never grow stale."""
SEPARATOR = "; "

TONES: Mapping[str, Tone] = {
    "protect": "attention",
    "respond": "urgent",
    "partner": "good",
    "earn_value": "attention",
    "build_close": "good",
    "test_reciprocity": "attention",
    "rebalance": "attention",
    "advance": "good",
    "ask_for_effort": "attention",
    "do_not_chase": "attention",
}
"""Of the other stances: neutral."""
CONFIDENCE: tuple[tuple[int, str], ...] = ((70, "high"), (40, "medium"), (25, "low"), (0, "too low to judge"))
"""From which confidence on it is called what."""
WORDS: Mapping[str, str] = {
    "unknown": "unknown",
    "why": "Why",
    "confidence": "How sure",
    "as_of": "As of",
    "stale": "These scores are {n} days old. Ask an admin whether bothways still runs.",
    "unscored": "No score yet. A record is scored by the first run after it was created.",
    "unreadable": (
        "The scores cannot be read. Ask an admin whether bothways is set up and whether you may see its fields."
    ),
}
_NOTES: Mapping[str, tuple[str, str, str]] = {
    "customer_dependence": ("of 100",) * 3,
    "seller_dependence": ("of 100",) * 3,
    "reciprocity_balance": ("they put in more", "even", "we put in more"),
}


class Figure(TypedDict):
    """A number with its words: `value` is a whole number, null when unknown."""

    label: str
    value: int | None
    text: str
    note: str


class Reason(TypedDict):
    """`sign` is "+" for what raises dependence, "-" for what lowers it, "" for a plain fact."""

    sign: str
    text: str


class Panel(TypedDict):
    """Everything that a component shows, in its order."""

    state: State
    stance: str
    tone: Tone
    advice: str
    notice: str
    figures: list[Figure]
    reasons: list[Reason]
    confidence: str
    as_of: str


class _Figure(TypedDict):
    property: str
    label: str
    low: int
    high: int
    notes: list[str]


class _Object(TypedDict):
    stance: str
    reasons: str
    confidence: str
    as_of: str
    figures: list[_Figure]
    properties: list[str]
    optional: list[str]


class _Stance(TypedDict):
    label: str
    tone: Tone
    advice: str


class Catalogue(TypedDict):
    """`notes` of a figure are those of a value below, at and above 0. `optional` are those `properties` that are not
    there in the essential profile: reading them must not keep a component from reading the others.
    """

    format: int
    stale_after_days: int
    frozen: str
    separator: str
    objects: dict[Kind, _Object]
    stances: dict[Kind, dict[str, _Stance]]
    confidence: list[tuple[int, str]]
    words: dict[str, str]


def catalogue() -> Catalogue:
    """All that a component needs to know, as JSON values."""
    return {
        "format": FORMAT,
        "stale_after_days": STALE_AFTER.days,
        "frozen": FROZEN,
        "separator": SEPARATOR,
        "objects": {"account": _object("account"), "deal": _object("deal")},
        "stances": {"account": _stances(STANCES), "deal": _stances(DEAL_STANCES)},
        "confidence": list(CONFIDENCE),
        "words": dict(WORDS),
    }


def properties(kind: Kind) -> tuple[str, ...]:
    """The properties that a component reads."""
    return tuple(_object(kind)["properties"])


def to_panel(kind: Kind, given: Mapping[str, Given] | None, now: datetime) -> Panel:
    """The panel of a record at a moment; `given` is None when reading failed.

    A property that is not in `given` is not there, or hidden from this user; one that is null is empty.
    """
    it = _object(kind)
    if given is None or it["stance"] not in given:
        return _without("unreadable")
    code = str(given[it["stance"]] or "").strip()
    if not code:
        return _without("unscored")
    stance = _stances(STANCES if kind == "account" else DEAL_STANCES).get(code) or _named(code)
    scored_at = _moment(given.get(it["as_of"]))
    old = None if scored_at is None else now - scored_at
    stale = old is not None and old > STALE_AFTER and code != FROZEN
    return {
        "state": "stale" if stale else "scored",
        "stance": stance["label"],
        "tone": stance["tone"],
        "advice": stance["advice"],
        "notice": WORDS["stale"].replace("{n}", str(old.days)) if old is not None and stale else "",
        "figures": [_shown(one, given[one["property"]]) for one in it["figures"] if one["property"] in given],
        "reasons": _reasons(given.get(it["reasons"])),
        "confidence": _trust(given.get(it["confidence"])),
        "as_of": WORDS["unknown"] if scored_at is None else f"{scored_at:%Y-%m-%d}",
    }


def _without(state: Literal["unscored", "unreadable"]) -> Panel:
    return {
        "state": state,
        "stance": "",
        "tone": "neutral",
        "advice": "",
        "notice": WORDS[state],
        "figures": [],
        "reasons": [],
        "confidence": "",
        "as_of": "",
    }


def _object(kind: Kind) -> _Object:
    stem = "bothways_" if kind == "account" else "bothways_deal_"
    specs = {spec.name: spec for spec in (ACCOUNT_FIELDS if kind == "account" else OPPORTUNITY_FIELDS)}
    figures: list[_Figure] = [
        {
            "property": (spec := specs[stem + name]).name,
            "label": spec.label,
            "low": -100 if notes[0] != notes[2] else 0,
            "high": 100,
            "notes": list(notes),
        }
        for name, notes in _NOTES.items()
    ]
    named = [specs[stem + name].name for name in ("stance", "top_drivers", "confidence", "asof")]
    read = [s.name for s in FIELDS if s.name in {*named, *(f["property"] for f in figures)}]
    always = {spec.name for spec in fields("essential")}
    return {
        "stance": named[0],
        "reasons": named[1],
        "confidence": named[2],
        "as_of": named[3],
        "figures": figures,
        "properties": read,
        "optional": [name for name in read if name not in always],
    }


def _stances(options: Sequence[tuple[str, str]]) -> dict[str, _Stance]:
    return {
        code: {"label": label, "tone": TONES.get(code, "neutral"), "advice": ENGLISH.advice_of(code)}
        for code, label in options
    }


def _named(code: str) -> _Stance:
    """A stance that a newer bothways has written: its code in words, without advice."""
    words = code.replace("_", " ")
    return {"label": words[:1].upper() + words[1:], "tone": "neutral", "advice": ""}


def _shown(figure: _Figure, given: Given) -> Figure:
    value = _number(given)
    if value is None:
        return {"label": figure["label"], "value": None, "text": WORDS["unknown"], "note": ""}
    whole = _whole(min(max(value, figure["low"]), figure["high"]))
    side = 0 if whole < 0 else 1 if whole == 0 else 2
    sign = "+" if figure["low"] < 0 and whole > 0 else ""
    return {"label": figure["label"], "value": whole, "text": f"{sign}{whole}", "note": figure["notes"][side]}


def _trust(given: Given) -> str:
    value = _number(given)
    if value is None:
        return WORDS["unknown"]
    clamped = min(max(value, 0.0), 100.0)
    word = next(word for least, word in CONFIDENCE if clamped >= least)
    return f"{word} ({_whole(clamped)})"


def _reasons(given: Given) -> list[Reason]:
    parts = [part.strip() for part in str(given or "").split(SEPARATOR)]
    return [
        {"sign": part[0], "text": part[2:].strip()} if part[:2] in ("+ ", "- ") else {"sign": "", "text": part}
        for part in parts
        if part
    ]


_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_MILLISECONDS = re.compile(r"[0-9]{10,14}")
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:?[0-9]{2})", re.ASCII
)


def _number(given: Given) -> float | None:
    if given is None or isinstance(given, bool) or not _NUMBER.fullmatch(str(given).strip()):
        return None
    value = float(given)
    return value if math.isfinite(value) else None


def _whole(value: float) -> int:
    """Halves away from 0, in every language alike."""
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def _moment(given: Given) -> datetime | None:
    """ISO 8601 with a zone, or milliseconds since 1970 as text or number; anything else is unknown."""
    text = str(given if given is not None else "").strip()
    if _MILLISECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    if not _ISO.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
