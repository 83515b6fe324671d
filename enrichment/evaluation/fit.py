"""Probabilities from scores, learnt on earlier dates and judged on a later one: logistic fits, calibration, lift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enrichment.evaluation.ranking import Reals

Flags = NDArray[np.bool_]
_STEPS = 50
_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Logistic:
    """Coefficients on standardised columns."""

    intercept: float
    weights: Reals
    centre: Reals
    spread: Reals

    def predict(self, columns: Reals) -> Reals:
        """Probabilities, one per row."""
        return sigmoid(self.intercept + ((columns - self.centre) / self.spread) @ self.weights)


def sigmoid(value: Reals) -> Reals:
    return 1.0 / (1.0 + np.exp(-np.clip(value, -40.0, 40.0)))


def logistic(columns: Reals, outcome: Flags, *, ridge: float = 1.0) -> Logistic:
    """Logistic regression by Newton's method; `ridge` on the standardised slopes keeps a separable sample finite."""
    centre, spread = columns.mean(axis=0), columns.std(axis=0)
    spread = np.where(spread > _TINY, spread, 1.0)
    x = np.column_stack([np.ones(len(columns)), (columns - centre) / spread])
    y = np.asarray(outcome, np.float64)
    penalty = np.diag([_TINY, *([ridge] * columns.shape[1])])
    beta = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        p = sigmoid(x @ beta)
        slope = x.T @ (p - y) + penalty @ beta
        step = np.linalg.solve((x * (p * (1.0 - p))[:, None]).T @ x + penalty, slope)
        beta = beta - np.clip(step, -5.0, 5.0)
        if float(np.abs(step).max()) < 1e-10:
            break
    return Logistic(float(beta[0]), beta[1:], centre, spread)


def log_losses(probability: Reals, outcome: Flags) -> Reals:
    """Each row's log-loss."""
    p = np.clip(probability, _TINY, 1.0 - _TINY)
    return -np.where(outcome, np.log(p), np.log1p(-p))


@dataclass(frozen=True, slots=True)
class Bin:
    """Records of similar predicted probability; `low` and `high` are Wilson's 95 % interval of the observed rate."""

    count: int
    predicted: float
    observed: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """`slope` 1 and `intercept` 0 are perfect; the base figures are those of predicting the earlier rate for
    everybody.
    """

    slope: float
    intercept: float
    brier: float
    brier_base: float
    log_loss: float
    log_loss_base: float
    bins: tuple[Bin, ...]


def calibration(probability: Reals, outcome: Flags, base_rate: float, bins: int = 10) -> Calibration:
    """How far predicted probabilities hold on records they were not learnt from."""
    y = np.asarray(outcome, np.float64)
    p = np.clip(probability, _TINY, 1.0 - _TINY)
    base = np.full(len(y), base_rate)
    odds = np.log(p / (1.0 - p))
    if float(odds.std()) > 1e-6:
        line = logistic(odds[:, None], outcome, ridge=_TINY)
        slope = float(line.weights[0] / line.spread[0])
        intercept = float(line.intercept - slope * line.centre[0])
    else:
        slope = intercept = float("nan")
    parts = [part for part in np.array_split(np.argsort(p, kind="stable"), bins) if len(part)]
    return Calibration(
        slope,
        intercept,
        float(np.mean((p - y) ** 2)),
        float(np.mean((base - y) ** 2)),
        float(log_losses(p, outcome).mean()),
        float(log_losses(base, outcome).mean()),
        tuple(_bin(p[part], y[part]) for part in parts),
    )


def _bin(p: Reals, y: Reals) -> Bin:
    low, high = wilson(int(y.sum()), len(y))
    return Bin(len(y), float(p.mean()), float(y.mean()), low, high)


def wilson(events: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a rate."""
    z = 1.959964
    rate, scale = events / count, 1.0 + z * z / count
    middle = (rate + z * z / (2 * count)) / scale
    half = z * float(np.sqrt(rate * (1.0 - rate) / count + z * z / (4.0 * count * count))) / scale
    return max(0.0, middle - half), min(1.0, middle + half)


def gains(score: Reals, outcome: Flags, parts: int = 10) -> list[float]:
    """The share of the events found among the highest 1/parts, 2/parts, ... of the known scores; ties share evenly."""
    known = ~np.isnan(score)
    value, event = score[known], np.asarray(outcome, np.float64)[known]
    if not len(value) or not event.sum():
        return []
    levels, place, count = np.unique(-value, return_inverse=True, return_counts=True)
    rate = np.bincount(place, event, len(levels)) / count
    upto = np.concatenate(([0.0], np.cumsum(count)))
    found = np.concatenate(([0.0], np.cumsum(rate * count)))
    cuts = np.arange(1, parts + 1) / parts * len(value)
    return [float(share) for share in np.interp(cuts, upto, found) / event.sum()]


def segment_rates(train: Reals, outcome: Flags, test: Reals) -> Reals:
    """The earlier outcome rate of each record's segment (the overall rate where a segment is new)."""
    rates = {segment: float(outcome[train == segment].mean()) for segment in np.unique(train)}
    overall = float(np.mean(outcome))
    return np.array([rates.get(segment, overall) for segment in test])
