"""The four questions about a product family, what people type in answer, and what of it the model keeps.

Two questions share one number. The model has three ratings (`strategic`, `critical`, `modular`); a product that is
costly to switch is as hard to swap out as one that cannot be replaced piece by piece, so `modular` keeps the stronger
of the two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

STEPS = (0.0, 0.3, 0.6, 0.9)
"""What the answers 0 to 3 are in the model; never 1, since nobody knows it for certain."""
CLEAR = -1.0
"""The answer that forgets a rating: it is unknown again."""


class Question(NamedTuple):
    """A question: the flag that answers it, and what it says at a terminal."""

    name: str
    text: str


QUESTIONS = (
    Question("strategic", "Is it part of what they want to become, of their strategy?"),
    Question("critical", "If it stops working, does their work stop?"),
    Question("costly", "Would switching to another supplier cost them much: money, time, training, risk?"),
    Question("modular", "Could they replace it piece by piece, some of it from another supplier?"),
)
SCALE = "0 not at all · 1 a little · 2 mostly · 3 entirely · Enter leaves it as it is · ? unknown · q stop"
_WORDS = {
    0: ("no", "never", "not at all", "not", "n"),
    1: ("a little", "little", "low", "some", "somewhat", "hardly"),
    2: ("mostly", "medium", "much", "partly", "often"),
    3: ("entirely", "yes", "very", "high", "fully", "completely", "always", "y"),
}
_UNKNOWN = ("?", "-", "unknown", "don't know", "dont know", "skip", "none", "x")


@dataclass(frozen=True, slots=True)
class Ratings:
    """Four answers as values from 0 to 1 (0: not at all); None is unknown."""

    strategic: float | None = None
    critical: float | None = None
    costly: float | None = None
    modular: float | None = None

    @property
    def known(self) -> bool:
        """Whether anything is."""
        return any(value is not None for value in (self.strategic, self.critical, self.costly, self.modular))

    def changed(self, answers: dict[str, float | None]) -> Ratings:
        """With these answers; None leaves one as it is, CLEAR forgets it."""
        values = {name: getattr(self, name) if answers.get(name) is None else answers[name] for name in _NAMES}
        return Ratings(**{name: None if value == CLEAR else value for name, value in values.items()})

    def of_the_model(self) -> dict[str, float | None]:
        """The three numbers that the model keeps."""
        return {
            "strategic": self.strategic,
            "critical": self.critical,
            "modular": swappable(self.costly, self.modular),
        }


_NAMES = tuple(question.name for question in QUESTIONS)


def swappable(costly: float | None, modular: float | None) -> float | None:
    """How easily it is swapped out: as easily as the harder of the two makes it."""
    found = [value for value in (None if costly is None else 1.0 - costly, modular) if value is not None]
    return round(min(found), 4) if found else None


def parse(answer: str) -> float | None:
    """0 to 3, a share (0.7, 70 %) or a word; None for nothing, CLEAR for unknown. Raises ValueError that says what is
    taken.
    """
    text = " ".join(answer.strip().lower().split())
    if not text:
        return None
    if text in _UNKNOWN:
        return CLEAR
    for step, words in _WORDS.items():
        if text in words:
            return STEPS[step]
    if number := re.fullmatch(r"([0-3])(?: ?(?:/|of|out of) ?3)?", text):
        return STEPS[int(number[1])]
    if share := re.fullmatch(r"(\d{1,3}(?:[.,]\d+)?) ?%", text):
        value = float(share[1].replace(",", ".")) / 100
    elif re.fullmatch(r"[01]?[.,]\d+", text):
        value = float(text.replace(",", "."))
    else:
        raise ValueError(f"{answer.strip()!r} is no answer: give 0 to 3, a share such as 0.7 or 70%, or ? for unknown")
    if value > 1:
        raise ValueError(f"{answer.strip()!r} is more than the whole: give 0 to 3, or a share up to 1")
    return round(value, 4)


def shown(value: float | None) -> str:
    """A rating as it is typed: 0 to 3 where it is one of these, else the share; `?` for unknown."""
    if value is None:
        return "?"
    return str(STEPS.index(value)) if value in STEPS else f"{value:g}" if value % 1 else f"{value:.1f}"


def parse_compact(text: str) -> tuple[str, dict[str, float | None]]:
    """`Pumps=3,2,3,0`: a family and its answers in the order of the questions. Raises ValueError."""
    family, equals, answers = text.rpartition("=")
    parts = re.split(r"[,;]", answers) if equals else []
    if not family.strip() or not 1 <= len(parts) <= len(QUESTIONS):
        raise ValueError(f'{text!r} is not like "Pumps=3,2,3,0": a family, then {", ".join(_NAMES)}, each 0 to 3 or ?')
    return family.strip(), {name: parse(part) for name, part in zip(_NAMES, parts, strict=False)}
