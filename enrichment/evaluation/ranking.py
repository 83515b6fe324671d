"""How well scores order outcomes: AUC by rank sum, its interval and its chance distribution. Nothing is read or drawn
here.

A score may be unknown (NaN). `auc` counts every pair of an event and a non-event; a pair in which either score is
unknown counts one half, because an unknown score says nothing. `auc_known` leaves such pairs out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Wholes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with the middle 95 % of its bootstrap draws; NaN where there is nothing to count."""

    value: float
    low: float
    high: float

    @property
    def excludes_half(self) -> bool:
        return bool(self.low > 0.5 or self.high < 0.5)

    @property
    def above_zero(self) -> bool:
        return bool(self.low > 0.0)


class Ranking:
    """Scores in order, ready to be compared with many outcomes or weights. Pairs are counted within a stratum only."""

    def __init__(self, score: Reals, stratum: Wholes | None = None) -> None:
        score = np.asarray(score, np.float64)
        _, part = np.unique(np.zeros(len(score)) if stratum is None else stratum, return_inverse=True)
        rows = np.flatnonzero(~np.isnan(score))
        order = rows[np.lexsort((score[rows], part[rows]))]
        here, value = part[order], score[order]
        apart = np.flatnonzero((np.diff(here) != 0) | (np.diff(value) != 0)) + 1
        self._order = order
        self._starts = np.concatenate(([0], apart)).astype(np.int64) if len(order) else np.empty(0, np.int64)
        of_tie = here[self._starts]
        self._part_starts = (
            np.flatnonzero(np.concatenate(([True], np.diff(of_tie) != 0))) if len(of_tie) else np.empty(0, np.int64)
        )
        self._first = self._part_starts[np.cumsum(np.isin(np.arange(len(of_tie)), self._part_starts)) - 1]
        self._part = part
        self._parts = int(part.max()) + 1 if len(part) else 0
        self.known = len(order)

    def auc(self, positive: Reals, negative: Reals) -> float:
        """Over all pairs, weights `positive` of events against `negative` of the others; unknowns count one half."""
        won, known = self._won(positive, negative)
        events = np.bincount(self._part, positive, self._parts)
        pairs = float(events @ np.bincount(self._part, negative, self._parts))
        return (won + (pairs - known) / 2.0) / pairs if pairs > 0.0 else float("nan")

    def auc_known(self, positive: Reals, negative: Reals) -> float:
        """Over the pairs in which both scores are known."""
        won, known = self._won(positive, negative)
        return won / known if known > 0.0 else float("nan")

    def _won(self, positive: Reals, negative: Reals) -> tuple[float, float]:
        """Pairs won (a tie is half a win) and pairs counted, both scores known."""
        if not len(self._order):
            return 0.0, 0.0
        events = np.add.reduceat(positive[self._order], self._starts)
        others = np.add.reduceat(negative[self._order], self._starts)
        below = np.cumsum(others) - others
        below = below - below[self._first]
        pairs = np.add.reduceat(events, self._part_starts) @ np.add.reduceat(others, self._part_starts)
        return float(events @ (below + others / 2.0)), float(pairs)


def auc(score: Reals, outcome: NDArray[np.bool_], stratum: Wholes | None = None) -> float:
    """AUC over all pairs (within a stratum, if given), unknown scores counting one half."""
    event = np.asarray(outcome, np.float64)
    return Ranking(score, stratum).auc(event, 1.0 - event)


@dataclass(frozen=True, slots=True)
class Resampled:
    """Each ranking's AUC in the data and in every draw, draws shared by all: differences of two are paired."""

    all_pairs: Mapping[str, tuple[float, Reals]]
    known_pairs: Mapping[str, tuple[float, Reals]]

    def interval(self, name: str, *, known: bool = False) -> Interval:
        return _interval(*(self.known_pairs if known else self.all_pairs)[name])

    def difference(self, one: str, other: str) -> Interval:
        """AUC of `one` less that of `other`, over all pairs."""
        (value, draws), (less, fewer) = self.all_pairs[one], self.all_pairs[other]
        return _interval(value - less, draws - fewer)


def resample(
    rankings: Mapping[str, Ranking], outcome: NDArray[np.bool_], family: Wholes, *, draws: int, seed: int
) -> Resampled:
    """Bootstrap by family: whole families are drawn with replacement, so relatives do not count as independent."""
    event = np.asarray(outcome, np.float64)
    _, member = np.unique(family, return_inverse=True)
    families = int(member.max()) + 1 if len(member) else 0
    rng = np.random.default_rng(seed)
    everything = {name: np.empty(draws) for name in rankings}
    known = {name: np.empty(draws) for name in rankings}
    for draw in range(draws):
        weight = np.bincount(rng.integers(0, families, families), minlength=families)[member].astype(np.float64)
        positive, negative = weight * event, weight * (1.0 - event)
        for name, ranking in rankings.items():
            everything[name][draw] = ranking.auc(positive, negative)
            known[name][draw] = ranking.auc_known(positive, negative)
    return Resampled(
        {name: (r.auc(event, 1.0 - event), everything[name]) for name, r in rankings.items()},
        {name: (r.auc_known(event, 1.0 - event), known[name]) for name, r in rankings.items()},
    )


def _interval(value: float, draws: Reals) -> Interval:
    found = draws[~np.isnan(draws)]
    if not len(found) or np.isnan(value):
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(found, (0.025, 0.975))
    return Interval(value, float(low), float(high))


def chance(
    rankings: Mapping[str, Ranking], outcome: NDArray[np.bool_], stratum: Wholes, *, draws: int, seed: int
) -> dict[str, float]:
    """p of each ranking: (1 + draws with an AUC at least as high) / (1 + draws), outcomes permuted within each
    stratum.
    """
    event = np.asarray(outcome, np.float64)
    _, part = np.unique(stratum, return_inverse=True)
    place = np.argsort(part, kind="stable")
    rng = np.random.default_rng(seed)
    found = {name: ranking.auc(event, 1.0 - event) for name, ranking in rankings.items()}
    reached = dict.fromkeys(rankings, 1)
    shuffled = np.empty_like(event)
    for _ in range(draws):
        shuffled[place] = event[np.argsort(part + rng.random(len(event)), kind="stable")]
        for name, ranking in rankings.items():
            # An AUC is a ratio of sums: equal arrangements may differ in the last bits.
            reached[name] += bool(ranking.auc(shuffled, 1.0 - shuffled) >= found[name] - 1e-12)
    return {name: count / (1 + draws) for name, count in reached.items()}


def holm(p: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment for having tried len(p) outcomes, in the order given."""
    adjusted, worst = [0.0] * len(p), 0.0
    for rank, index in enumerate(sorted(range(len(p)), key=lambda i: (p[i], i))):
        worst = max(worst, min(1.0, (len(p) - rank) * p[index]))
        adjusted[index] = worst
    return adjusted


def mean_rank(columns: Sequence[Reals]) -> Reals:
    """The untrained composite: the mean of the columns' mid-ranks (higher is better in each)."""
    total = np.zeros(len(columns[0]))
    for column in columns:
        _, place, count = np.unique(column, return_inverse=True, return_counts=True)
        total += (np.cumsum(count) - (count - 1) / 2.0)[place]
    return total / len(columns)
