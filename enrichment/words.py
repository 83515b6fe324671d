"""The words that a seller reads in a reason: `words.toml`, or a translation laid over it, as values.

A phrase has at most one whole-number figure, and may read differently when it is 0 or 1. Names and message content
never occur.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any

from pydantic import BaseModel, ConfigDict

LONGEST = 255
"""Characters of the drivers text: the shortest text field among the CRMs."""

FIGURES: Mapping[str, str] = {
    "no_rate": "unconvertible",
    "old_commerce": "record_age_days",
    "unknown_direction": "unsigned_count",
}
"""The audit column that fills `{n}` of a phrase, where it is not `<name>_figure`."""


class Phrase(BaseModel):
    """One thing to say, for many, and if it reads differently for none and one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    many: str
    zero: str | None = None
    one: str | None = None

    def text(self, n: int = 2) -> str:
        """The phrase for a figure."""
        if n == 0 and self.zero is not None:
            return self.zero
        if n == 1 and self.one is not None:
            return self.one
        return self.many.replace("{n}", str(n))


class Words(BaseModel):
    """The catalogue, by the tables of `words.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    drivers: Mapping[str, str]
    account: Mapping[str, Phrase]
    deal: Mapping[str, Phrase]
    missing: Mapping[str, Phrase]
    effort: Mapping[str, str]
    fills: Mapping[str, str]
    advice: Mapping[str, str]
    figures: Mapping[str, str]
    counts: Mapping[str, Phrase]
    facts: Mapping[str, str]
    rules: Mapping[str, str]

    def advice_of(self, stance: str) -> str:
        """What is true of every account with this stance; a record's own text rests on its figures."""
        return self.advice.get(f"any_{stance}", self.advice.get(stance, ""))

    def reason(self, name: str, *, deal: bool = False) -> Phrase:
        """What is said of a component of an account, or of a deal."""
        return self.deal.get(name, self.account[name]) if deal else self.account[name]


def figure(name: str) -> str:
    """The audit column with the figure of a phrase."""
    return FIGURES.get(name, f"{name}_figure")


def translated(values: Mapping[str, Any]) -> Words:
    """English with `values` (a translation's tables) laid over it.

    Raises ValueError for a key that English does not have, a value that is no text, or a figure that is left out or
    made up.
    """
    found = Words.model_validate(_laid_over(_ENGLISH, values, ()))
    for path, text in _texts(values, ()):
        spoken = _figures(text)
        wanted = _figures(_at(_ENGLISH, (*path[:-1], "many") if path[-1] in ("zero", "one") else path))
        if spoken - wanted or (path[-1] not in ("zero", "one") and wanted - spoken):
            raise ValueError(f"{'.'.join(path)}: has the figures {sorted(spoken)}, not {sorted(wanted)}")
    return found


def _laid_over(base: Mapping[str, Any], over: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        here = (*path, key)
        old = base.get(key, "" if key in ("zero", "one") and "many" in base else None)
        if old is None:
            raise ValueError(f"{'.'.join(here)}: there is no such phrase")
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            merged[key] = _laid_over(old, value, here)
        elif isinstance(old, Mapping) or not isinstance(value, str):
            raise ValueError(f"{'.'.join(here)}: must be {'a table' if isinstance(old, Mapping) else 'a text'}")
        else:
            merged[key] = value
    if "many" in over:  # the English forms for none and one go with the English phrase
        merged = {k: v for k, v in merged.items() if k in over}
    return merged


def _texts(values: Mapping[str, Any], path: tuple[str, ...]) -> list[tuple[tuple[str, ...], str]]:
    found: list[tuple[tuple[str, ...], str]] = []
    for key, value in values.items():
        found += _texts(value, (*path, key)) if isinstance(value, Mapping) else [((*path, key), value)]
    return found


def _at(values: Mapping[str, Any], path: tuple[str, ...]) -> str:
    for key in path:
        values = values[key]
    return str(values)


def _figures(text: str) -> set[str]:
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from None


_ENGLISH: Mapping[str, Any] = tomllib.loads(
    resources.files("enrichment").joinpath("words.toml").read_text(encoding="utf-8")
)
ENGLISH = Words.model_validate(_ENGLISH)
