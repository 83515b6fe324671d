"""Conditions as data, so that the engine's expression and `explain` read the same: rules and texts are made of them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol

from enrichment.words import Words


class Condition(Protocol):
    """Something that holds or not for a table of columns (then an expression) or a mapping of figures (then a bool)."""

    def holds(self, row: Any, margin: float = 0.0) -> Any: ...
    def said(self, words: Words) -> str: ...


@dataclass(frozen=True, slots=True)
class Test:
    """`column` compared with `bound`, a number or the name of another column; `steady` ones take no margin."""

    column: str
    sign: str
    bound: float | str
    steady: bool = False

    def holds(self, row: Any, margin: float = 0.0) -> Any:
        """False where a figure is unknown."""
        value, bound = row[self.column], row[self.bound] if isinstance(self.bound, str) else self.bound
        if isinstance(row, Mapping) and (value is None or bound is None):
            return False
        if not self.steady:
            bound = bound - margin if self.sign in (">=", ">") else bound + margin
        compare: Callable[[Any, Any], Any] = _SIGNS[self.sign]
        met = compare(value, bound)
        return met if isinstance(row, Mapping) else met.coalesce(False)

    def said(self, words: Words) -> str:
        """The condition in words."""
        if self.column in words.facts:
            return words.facts[self.column]
        bound = words.rules[self.bound] if isinstance(self.bound, str) else f"{self.bound:g}"
        return f"{words.rules[self.column]} {self.sign} {bound}"


_SIGNS: Mapping[str, Callable[[Any, Any], Any]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "<": operator.lt,
    ">": operator.gt,
}


@dataclass(frozen=True, slots=True)
class All:
    """Every one of its conditions."""

    parts: tuple[Condition, ...]

    def holds(self, row: Any, margin: float = 0.0) -> Any:
        return reduce(operator.and_, (part.holds(row, margin) for part in self.parts))

    def said(self, words: Words) -> str:
        return words.rules["and"].join(part.said(words) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of its conditions."""

    parts: tuple[Condition, ...]

    def holds(self, row: Any, margin: float = 0.0) -> Any:
        return reduce(operator.or_, (part.holds(row, margin) for part in self.parts))

    def said(self, words: Words) -> str:
        return "(" + words.rules["or"].join(part.said(words) for part in self.parts) + ")"


@dataclass(frozen=True, slots=True)
class Unless:
    """Its condition does not hold; a margin in its favour is one against the condition."""

    part: Condition

    def holds(self, row: Any, margin: float = 0.0) -> Any:
        held = self.part.holds(row, -margin)
        return not held if isinstance(held, bool) else ~held

    def said(self, words: Words) -> str:
        return words.rules["unless"].format(what=self.part.said(words))


def flag(column: str) -> Test:
    """A column of 0 and 1."""
    return Test(column, ">=", 1, steady=True)
