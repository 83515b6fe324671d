"""What a backtest says in plain words. The figures decide; nothing is claimed that they do not show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from enrichment.evaluation.ranking import Interval

LEAST_EVENTS = 50
"""Of the rarer of the two results: with fewer, nothing is said."""
LEAST_KNOWN = 0.2
"""The share of records that must have a score."""
SIGNIFICANT = 0.05

Code = Literal[
    "not_enough_outcomes", "not_enough_scores", "no_better_than_chance", "points_the_wrong_way", "no_better", "adds"
]


@dataclass(frozen=True, slots=True)
class Evidence:
    """`gain` is what the score adds to the trained baseline (None: no earlier date to learn from); `p` is Holm's.

    `beyond_volume` is what a score of effort adds where the baseline knows the decayed volume too (None: not asked).
    """

    records: int
    events: int
    known: int
    auc: Interval
    auc_known: Interval
    p: float
    gain: Interval | None
    baseline: str
    baseline_auc: float | None
    beyond_volume: Interval | None = None

    @property
    def rarer(self) -> int:
        return min(self.events, self.records - self.events)


@dataclass(frozen=True, slots=True)
class Verdict:
    code: Code
    text: str


def enough(records: int, events: int) -> bool:
    """Whether there are outcomes enough to say anything."""
    return min(events, records - events) >= LEAST_EVENTS


def judge(found: Evidence) -> Verdict:
    """The verdict on one score and outcome."""
    if not found.records:
        return Verdict("not_enough_outcomes", "Not enough outcomes: there is nobody here of whom this could be asked.")
    if found.rarer < LEAST_EVENTS:
        return Verdict(
            "not_enough_outcomes",
            f"Not enough outcomes: {found.events:,} of {found.records:,} records had it; at least "
            f"{LEAST_EVENTS} with and "
            f"{LEAST_EVENTS} without are needed.",
        )
    if found.known < LEAST_KNOWN * found.records:
        return Verdict(
            "not_enough_scores",
            f"Not enough scores: only {found.known:,} of {found.records:,} records have one. See the coverage "
            f"of your data.",
        )
    shown = f"AUC {spoken(found.auc)}"
    unknown = found.records - found.known
    left = (
        f" {unknown:,} of {found.records:,} records have no score, and pairs with them count one half; "
        f"where both are known the AUC is {found.auc_known.value:.3f}."
        if unknown
        else ""
    )
    if found.auc.high < 0.5:
        return Verdict("points_the_wrong_way", f"Points the wrong way here: {shown}.{left}")
    if not (found.p < SIGNIFICANT and found.auc.low > 0.5):
        return Verdict("no_better_than_chance", f"No better than chance: {shown}, p = {found.p:.3g}.{left}")
    begun = f"Better than chance ({shown}, p = {found.p:.3g})"
    if found.gain is None or found.baseline_auc is None:
        return Verdict(
            "no_better",
            f"{begun}; whether it adds to {found.baseline} is not known: give an earlier --as-of to learn "
            f"that from.{left}",
        )
    against = f"{found.baseline} alone has {found.baseline_auc:.3f}, the score adds {spoken(found.gain, signed=True)}"
    beyond = found.beyond_volume
    volume = (
        f" Beyond decayed volume it adds {spoken(beyond, signed=True)} over all records." if beyond is not None else ""
    )
    if found.gain.above_zero and beyond is not None and not beyond.above_zero:
        return Verdict(
            "no_better", f"{begun} and adds to {found.baseline}, but no better than volume: {against}.{volume}{left}"
        )
    if found.gain.above_zero:
        return Verdict("adds", f"{begun}, and adds to {found.baseline}: {against}.{volume}{left}")
    return Verdict("no_better", f"{begun}, but no better than {found.baseline}: {against}.{volume}{left}")


def spoken(found: Interval, *, signed: bool = False) -> str:
    """`.726 (.710 to .741)`."""
    sign = "+" if signed else ""
    return f"{found.value:{sign}.3f} ({found.low:{sign}.3f} to {found.high:{sign}.3f})"
