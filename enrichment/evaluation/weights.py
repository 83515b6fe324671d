"""Weights of the dependence components learnt from outcomes: signs constrained, shrunk to the shape of the defaults.

Minimises, over an intercept, weights b >= 0 and a scale s >= 0,

    sum_i log(1 + exp(-y_i (b_0 + sum_k b_k x_ik))) + strength * sum_k (b_k - s w_k)^2

where w are the weights in use. A component that does not vary here tells nothing: its b stays s w. No other one
counts for more than twice the mean of its group, so that learnt weights are within 0 and 2. The problem is convex.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from enrichment.evaluation.fit import Flags, log_losses, sigmoid
from enrichment.evaluation.minimise import minimise, minimise_within
from enrichment.evaluation.ranking import Ranking, Reals, Wholes, mean_rank
from enrichment.model import BENEFIT, COMPONENTS, COST

STRENGTHS = (0.1, 1.0, 10.0, 100.0, 1000.0)
EVENTS_PER_WEIGHT = 10
SIGNIFICANT = 0.05
EXPONENTS = (0.3, 0.4, 0.5, 0.6, 0.7)
"""Shares of benefit against cost to leave that may be learnt."""
GREATEST = 2.0
"""The greatest learnt weight, in means of its group."""
_VARIES = 1e-6


@dataclass(frozen=True, slots=True)
class Sample:
    """Components (columns in the order of COMPONENTS, priors in place of what is missing) and the outcome wished
    for.
    """

    columns: Reals
    happened: Flags
    family: Wholes

    @property
    def varies(self) -> Flags:
        """Which components differ between records."""
        if not len(self.columns):
            return np.zeros(self.columns.shape[1], np.bool_)
        return np.asarray(self.columns.std(axis=0) > _VARIES)

    @property
    def rarer(self) -> int:
        events = int(self.happened.sum())
        return min(events, len(self.happened) - events)


def together(samples: Sequence[Sample]) -> Sample:
    """Several samples as one."""
    return Sample(
        np.concatenate([s.columns for s in samples]),
        np.concatenate([s.happened for s in samples]),
        np.concatenate([s.family for s in samples]),
    )


@dataclass(frozen=True, slots=True)
class Fitted:
    """`weights` are the b of all components, `scale` is s."""

    intercept: float
    weights: Reals
    scale: float

    def predict(self, columns: Reals) -> Reals:
        return sigmoid(self.intercept + columns @ self.weights)

    def in_groups(self, shape: Reals) -> dict[str, float]:
        """Weights whose mean is 1 in each group, as the model file has them; `shape` where a group has learnt
        nothing.
        """
        found: dict[str, float] = {}
        for group in (BENEFIT, COST):
            places = [COMPONENTS.index(name) for name in group]
            part = self.weights[places] if self.weights[places].sum() > 0.0 else shape[places]
            found |= {n: round(float(w), 6) for n, w in zip(group, part * len(group) / part.sum(), strict=True)}
        return found


def fit(sample: Sample, shape: Reals, strength: float) -> Fitted:
    """The constrained minimum by projected Newton steps. An infinite strength keeps b = s w and learns s alone."""
    free = np.flatnonzero(sample.varies)
    kept = np.isinf(strength)
    centre = sample.columns.mean(axis=0)
    x = sample.columns - centre
    y = sample.happened.astype(np.float64)
    if kept:
        design, penalty = np.column_stack([np.ones(len(x)), x @ shape]), np.zeros((2, 2))
    else:
        design = np.column_stack([np.ones(len(x)), x[:, free], np.zeros(len(x))])
        # (b_k - s w_k)^2 over the free components, as a quadratic form in (b_0, b, s)
        pull = np.column_stack([np.zeros(len(free)), np.eye(len(free)), -shape[free]])
        penalty = strength * pull.T @ pull
    found = minimise(design, y, penalty)
    if not kept and (limits := _limits(free, shape)) is not None and (limits @ found[1:] < -_VARIES).any():
        found = minimise_within(design, y, penalty, limits)
    scale = float(found[-1])
    weights = scale * shape
    if not kept:
        weights = weights.copy()
        weights[free] = found[1:-1]
    return Fitted(float(found[0] - centre @ weights), weights, scale)


def _limits(free: Wholes, shape: Reals) -> Reals | None:
    """Rows r with r @ (b of the free components, s) >= 0 where everything is in bounds. None where even equal weights
    are not: a group whose other components neither vary nor count has no mean to be measured by."""
    weights = np.zeros((len(COMPONENTS), len(free) + 1))  # the b of all components, by (b of the free ones, s)
    weights[:, -1] = shape
    weights[free] = np.eye(len(free), len(free) + 1)
    rows = [np.eye(len(free) + 1)]
    for group in (BENEFIT, COST):
        places = [COMPONENTS.index(name) for name in group]
        moving = [place for place in places if place in set(free.tolist())]
        rows.append(GREATEST * weights[places].mean(axis=0) - weights[moving])
    limits = np.concatenate(rows)
    return limits if (limits @ np.ones(len(free) + 1) > 0.0).all() else None


def choose_exponent(folds: Sequence[tuple[Sample, Sample]], shape: Reals, strength: float, in_use: float) -> float:
    """The exponent with which the learnt score ranks the later part of the folds best; ties go to the nearest of that
    in use."""

    def ranked(exponent: float) -> float:
        found = 0.0
        for earlier, later in folds:
            event = later.happened.astype(np.float64)
            weights = fit(earlier, shape, strength).in_groups(shape)
            found += Ranking(index(later.columns, weights, exponent)).auc(event, 1.0 - event)
        return found

    known = sorted({*EXPONENTS, in_use}, key=lambda exponent: abs(exponent - in_use))
    return max(known, key=lambda exponent: round(ranked(exponent), 6))


def choose_strength(folds: Sequence[tuple[Sample, Sample]], shape: Reals) -> float:
    """The strength with the least log-loss on the later part of each (earlier, later) fold; ties go to the stronger."""
    losses = {
        strength: sum(
            float(log_losses(fit(earlier, shape, strength).predict(later.columns), later.happened).sum())
            for earlier, later in folds
        )
        for strength in (*STRENGTHS, float("inf"))
    }
    return min(losses, key=lambda strength: (losses[strength], -strength))


@dataclass(frozen=True, slots=True)
class Improvement:
    """Log-loss per record on the test moment: of the weights in use, of the learnt ones, and how much less (± one
    standard error, families taken as one)."""

    in_use: float
    learnt: float
    gain: float
    error: float


def improvement(old: Fitted, new: Fitted, test: Sample) -> Improvement:
    """Both fits on records that neither has seen."""
    before = log_losses(old.predict(test.columns), test.happened)
    after = log_losses(new.predict(test.columns), test.happened)
    gain = before - after
    _, member = np.unique(test.family, return_inverse=True)
    sums = np.bincount(member, gain - gain.mean())
    error = float(np.sqrt((sums**2).sum())) / len(gain)
    return Improvement(float(before.mean()), float(after.mean()), float(gain.mean()), error)


def refusals(
    free: int, learnt_from: Sample, strength: float, better: Improvement, p: float, index_auc: tuple[float, float]
) -> list[str]:
    """Why the weights in use stay; empty when the learnt ones are accepted. `index_auc` is of the score before and
    after.
    """
    found = []
    if free == 0:
        found.append("no component of customer dependence varies between the records")
    if learnt_from.rarer < EVENTS_PER_WEIGHT * max(free, 1):
        found.append(
            f"{learnt_from.rarer:,} outcomes of the rarer kind are fewer than {EVENTS_PER_WEIGHT} for each of "
            f"{free} weights"
        )
    if np.isinf(strength):
        found.append("on later dates no learnt weights did better than those in use")
    if not better.gain > better.error:
        found.append(
            f"log-loss on the last date improves by {better.gain:.5f}, not by more than its standard error "
            f"{better.error:.5f}"
        )
    if not p < SIGNIFICANT:
        found.append(f"outcomes permuted at random do as well (p = {p:.3g})")
    if index_auc[1] < index_auc[0]:
        found.append(f"the score itself would rank worse (AUC {index_auc[1]:.3f}, now {index_auc[0]:.3f})")
    return found


def shape_of(weights: Mapping[str, float]) -> Reals:
    """The weights in use, in the order of COMPONENTS, with a mean of 1 in each group."""
    found = np.ones(len(COMPONENTS))
    for group in (BENEFIT, COST):
        total = sum(weights[name] for name in group)
        for name in group:
            found[COMPONENTS.index(name)] = weights[name] * len(group) / total
    return found


def index(columns: Reals, weights: Mapping[str, float], exponent: float) -> Reals:
    """Customer dependence before its null rule, 0..100, as `enrichment.scores.dependence.weigh` has it."""
    shape = shape_of(weights)
    parts = []
    for group in (BENEFIT, COST):
        places = [COMPONENTS.index(name) for name in group]
        parts.append(columns[:, places] @ shape[places] / len(group))
    return np.asarray(100.0 * parts[0] ** exponent * parts[1] ** (1.0 - exponent), np.float64)


def spearman(one: Reals, other: Reals) -> float:
    """Rank correlation of two columns where both are known; NaN when either does not vary."""
    known = ~(np.isnan(one) | np.isnan(other))
    a, b = mean_rank([one[known]]), mean_rank([other[known]])
    if not known.any() or a.std() < _VARIES or b.std() < _VARIES:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])
