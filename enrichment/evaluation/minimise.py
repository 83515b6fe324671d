"""The least log-loss with a quadratic penalty: Newton steps, coefficients of at least 0 or within limits."""

from __future__ import annotations

import numpy as np

from enrichment.evaluation.fit import log_losses, sigmoid
from enrichment.evaluation.ranking import Reals

_STEPS = 200
_SETTLED = 1e-9


def minimise(design: Reals, y: Reals, penalty: Reals) -> Reals:
    """Log-loss + v' penalty v over v, all but the first of which are at least 0."""
    v = np.zeros(design.shape[1])
    v[-1] = 1.0
    rate = float(np.clip(y.mean(), 1e-6, 1.0 - 1e-6))
    v[0] = np.log(rate / (1.0 - rate))

    def value(at: Reals) -> float:
        return float(log_losses(sigmoid(design @ at), y > 0.5).sum() + at @ penalty @ at)

    now = value(v)
    for _ in range(_STEPS):
        p = sigmoid(design @ v)
        slope = design.T @ (p - y) + 2.0 * penalty @ v
        bound = (v <= 0.0) & (slope > 0.0)
        bound[0] = False
        moving = np.flatnonzero(~bound)
        curve = (design * (p * (1.0 - p))[:, None]).T @ design + 2.0 * penalty + 1e-9 * np.eye(len(v))
        step = np.zeros_like(v)
        step[moving] = np.linalg.solve(curve[np.ix_(moving, moving)], slope[moving])
        length, moved = 1.0, v
        while length > 1e-8:
            moved = v - length * step
            moved[1:] = np.maximum(moved[1:], 0.0)
            if value(moved) <= now - 1e-4 * float(slope @ (v - moved)):
                break
            length /= 2.0
        else:
            break
        gained = now - value(moved)
        v, now = moved, value(moved)
        if gained < _SETTLED * max(1.0, abs(now)):
            break
    return v


def minimise_within(design: Reals, y: Reals, penalty: Reals, limits: Reals) -> Reals:
    """The same minimum as `minimise`, within `limits`: Newton steps on the loss and a barrier that fades."""
    v = np.ones(design.shape[1])
    rate = float(np.clip(y.mean(), 1e-6, 1.0 - 1e-6))
    v[0] = np.log(rate / (1.0 - rate))
    walls = np.column_stack([np.zeros(len(limits)), limits])

    def value(at: Reals, barrier: float) -> float:
        room = walls @ at
        if (room <= 0.0).any():
            return float("inf")
        losses = log_losses(sigmoid(design @ at), y > 0.5).sum()
        return float(losses + at @ penalty @ at - barrier * np.log(room).sum())

    for barrier in 10.0 ** np.arange(0.0, -9.0, -1.0):
        now = value(v, barrier)
        for _ in range(_STEPS):
            p, room = sigmoid(design @ v), walls @ v
            slope = design.T @ (p - y) + 2.0 * penalty @ v - barrier * walls.T @ (1.0 / room)
            curve = (design * (p * (1.0 - p))[:, None]).T @ design + 2.0 * penalty
            curve += barrier * (walls / room[:, None] ** 2).T @ walls + 1e-12 * np.eye(len(v))
            step = np.linalg.solve(curve, slope)
            length = 1.0
            while length > 1e-12 and value(v - length * step, barrier) > now - 1e-4 * length * float(slope @ step):
                length /= 2.0
            gained = now - value(v - length * step, barrier)
            if not gained > 1e-12 * max(1.0, abs(now)):
                break
            v, now = v - length * step, now - gained
    return v
