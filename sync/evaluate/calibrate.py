"""`bothways calibrate`: component weights of customer dependence learnt from the organisation's own outcomes, or why
not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from connectors.errors import ConfigError
from enrichment.evaluation.ranking import Ranking, Reals, chance
from enrichment.evaluation.verdict import LEAST_EVENTS
from enrichment.evaluation.weights import (
    Fitted,
    Improvement,
    Sample,
    choose_exponent,
    choose_strength,
    fit,
    improvement,
    index,
    refusals,
    shape_of,
    together,
)
from enrichment.model import COMPONENTS, Calibration, ScoringModel
from sync.evaluate.changes import Changes, changes_between
from sync.evaluate.horizon import Horizon, checked, horizon_of
from sync.evaluate.outcomes import OUTCOMES, Asked, Outcome, Past
from sync.evaluate.replay import Replay, Scored
from sync.options import RunContext
from sync.session import open_run

LEAST_MOMENTS = 3
"""One to learn from, one to choose how far to trust it, one to test."""


@dataclass(frozen=True, slots=True)
class Calibrated:
    """`refused` says why the weights in use stay; empty when `model` (the learnt one) is accepted."""

    outcome: str
    learnt_from: tuple[datetime, ...]
    tested_on: datetime
    records: int
    events: int
    free: tuple[str, ...]
    strength: float
    weights: Mapping[str, tuple[float, float]]
    exponents: tuple[float, float]
    better: Improvement
    p: float
    index_auc: tuple[float, float]
    logistic_auc: tuple[float, float]
    refused: tuple[str, ...]
    changes: Changes | None
    model: ScoringModel
    horizon: Horizon

    def to_json(self) -> dict[str, Any]:
        """A JSON object; its keys are only ever added to."""
        return {
            "schema": 1,
            "outcome": self.outcome,
            "learnt_from": [moment.isoformat() for moment in self.learnt_from],
            "tested_on": self.tested_on.isoformat(),
            "records": self.records,
            "events": self.events,
            "free_weights": list(self.free),
            "strength": self.strength if math.isfinite(self.strength) else None,
            "weights": {name: {"in_use": old, "learnt": new} for name, (old, new) in self.weights.items()},
            "exponent": {"in_use": self.exponents[0], "learnt": self.exponents[1]},
            "log_loss": {
                "in_use": self.better.in_use,
                "learnt": self.better.learnt,
                "gain": self.better.gain,
                "standard_error": self.better.error,
            },
            "p": self.p,
            "score_auc": {"in_use": self.index_auc[0], "learnt": self.index_auc[1]},
            "logistic_auc": {"in_use": self.logistic_auc[0], "learnt": self.logistic_auc[1]},
            "accepted": not self.refused,
            "refused": list(self.refused),
            "changes": None
            if self.changes is None
            else {
                "rank_correlation": self.changes.rank_correlation
                if math.isfinite(self.changes.rank_correlation)
                else None,
                "classes_moved": self.changes.moved,
                "records": self.changes.records,
                "classes": dict(self.changes.classes),
            },
            "model_version": self.model.version_string,
            "horizon": asdict(self.horizon),
        }


def run_calibrate(
    context: RunContext,
    moments: Sequence[datetime],
    *,
    name: str = "buys_again",
    horizon_days: int | None = None,
    draws: int = 1000,
    seed: int = 1,
) -> Calibrated:
    """Learns on all moments but the last, tests on the last. Writes nothing.

    Raises ConfigError for fewer than three moments whose windows are over, and for an outcome that says nothing of an
    account's dependence.
    """
    outcome = learnable(name)
    checked(horizon_days)
    if not moments:
        raise ConfigError("No moment to learn from.", remedy="Give at least three --as-of.")
    with open_run("score", context) as stages:
        normalized = stages.land(stages.pull())
        folder = context.workspace.dir / "backtest"
        context.progress.stage("calibrate")
        replay = Replay(normalized.folder, folder, context.model, context.options.engine)
        try:
            horizon = horizon_of(Past(normalized.folder, folder / "tmp"), moments, horizon_days)
            found = _learn(
                normalized.folder, replay, outcome, sorted(set(moments)), folder / "tmp", (draws, seed), horizon
            )
        finally:
            replay.close()
        stages.close()
    return found


def learnable(name: str) -> Outcome:
    """The outcome of this name. Raises ConfigError when the components of customer dependence are not judged by it."""
    outcome = OUTCOMES.get(name)
    if outcome is None or outcome.score != "bothways_customer_dependence":
        fit_for = [o.name for o in OUTCOMES.values() if o.score == "bothways_customer_dependence"]
        raise ConfigError(f"Nothing can be learnt from {name!r}.", remedy=f"Choose {', '.join(fit_for)}.")
    return outcome


def _learn(
    normalized: Path,
    replay: Replay,
    outcome: Outcome,
    moments: Sequence[datetime],
    scratch: Path,
    random: tuple[int, int],
    horizon: Horizon,
) -> Calibrated:
    outcome = outcome.within(horizon.days)
    past, model = Past(normalized, scratch), replay.model
    until = past.ends()
    over = [m for m in moments if until is not None and m + outcome.reach <= until]
    if len(over) < LEAST_MOMENTS:
        raise ConfigError(
            f"{len(over)} of {len(moments)} moments lie {outcome.reach.days} days before the data end; "
            f"{LEAST_MOMENTS} are needed.",
            remedy="Give at least three --as-of: to learn from, to choose by, to test on; or a shorter --horizon.",
        )
    test_moment = over[-1]
    learnt_moments = [m for m in over[:-1] if m + outcome.reach <= test_moment]
    scored = {m: replay.at(m) for m in (*learnt_moments, test_moment)}
    asked = {m: past.ask(outcome, m) for m in scored}
    samples = {m: _sample(outcome, asked[m], scored[m], model) for m in scored}
    shape = shape_of({name: model.components[name].weight for name in COMPONENTS})
    folds = [
        (together([samples[m] for m in earlier]), samples[later])
        for later in learnt_moments
        if (earlier := [m for m in learnt_moments if m + outcome.reach <= later])
    ]
    if not folds:
        raise ConfigError(
            "The moments are too close: an earlier one's outcomes must be known before a later one.",
            remedy=f"Leave at least {outcome.reach.days} days between them.",
        )
    everything, test = together([samples[m] for m in learnt_moments]), samples[test_moment]
    if min(everything.rarer, test.rarer) < LEAST_EVENTS:
        raise ConfigError(
            f"Not enough outcomes: {everything.rarer:,} of the rarer kind to learn from, {test.rarer:,} to test on.",
            remedy=f"At least {LEAST_EVENTS} are needed of each; the default weights stay.",
        )
    strength = choose_strength(folds, shape)
    exponent = choose_exponent(folds, shape, strength, model.dependence.exponent)
    fits = fit(everything, shape, float("inf")), fit(everything, shape, strength)
    return _weighed(
        outcome,
        asked[test_moment],
        learnt_moments,
        everything,
        test,
        (strength, exponent),
        fits,
        shape,
        replay,
        random,
        scored[test_moment],
        horizon,
    )


def _weighed(
    outcome: Outcome,
    asked: Asked,
    learnt_moments: Sequence[datetime],
    everything: Sample,
    test: Sample,
    chosen: tuple[float, float],
    fits: tuple[Fitted, Fitted],
    shape: Reals,
    replay: Replay,
    random: tuple[int, int],
    scored: Scored,
    horizon: Horizon,
) -> Calibrated:
    """The learnt weights and exponent against those in use, on the test moment."""
    model = replay.model
    old, new = fits
    strength, exponent = chosen
    learnt = new.in_groups(shape)
    in_use = dict(zip(COMPONENTS, shape.tolist(), strict=True))
    exponents = model.dependence.exponent, exponent
    scores = [index(test.columns, *pair) for pair in zip((in_use, learnt), exponents, strict=True)]
    event = test.happened.astype(np.float64)
    index_auc = [Ranking(score).auc(event, 1.0 - event) for score in scores]
    logistic_auc = [Ranking(fitted.predict(test.columns)).auc(event, 1.0 - event) for fitted in fits]
    _, segment = np.unique(asked.segment, return_inverse=True)
    p = chance({"learnt": Ranking(scores[1])}, test.happened, segment, draws=random[0], seed=random[1])["learnt"]
    better = improvement(old, new, test)
    free = tuple(name for name, varies in zip(COMPONENTS, everything.varies, strict=True) if varies)
    refused = refusals(len(free), everything, strength, better, p, (index_auc[0], index_auc[1]))
    taught = _taught(model, learnt, exponent, outcome, learnt_moments, asked.as_of)
    return Calibrated(
        outcome.name,
        tuple(learnt_moments),
        asked.as_of,
        len(test.happened),
        int(test.happened.sum()),
        free,
        strength,
        {name: (in_use[name], learnt[name]) for name in COMPONENTS},
        exponents,
        better,
        p,
        (index_auc[0], index_auc[1]),
        (logistic_auc[0], logistic_auc[1]),
        tuple(refused),
        changes_between(scored, replay.with_model(taught).at(asked.as_of)),
        taught,
        horizon,
    )


def _sample(outcome: Outcome, asked: Asked, scored: Scored, model: ScoringModel) -> Sample:
    """Components as the score takes them: the model's prior where one is missing."""
    columns = [
        np.nan_to_num(scored.of("accounts", asked.ids, f"{name}_value"), nan=model.components[name].prior)
        for name in COMPONENTS
    ]
    wished = asked.happened if outcome.sign > 0 else ~asked.happened
    return Sample(np.column_stack(columns), wished, asked.family)


def _taught(
    model: ScoringModel,
    learnt: Mapping[str, float],
    exponent: float,
    outcome: Outcome,
    moments: Sequence[datetime],
    tested_on: datetime,
) -> ScoringModel:
    """`model` with the learnt weights and exponent, its second version number one higher."""
    major, minor, _ = model.version.split(".")
    components = {name: model.components[name].model_copy(update={"weight": learnt[name]}) for name in COMPONENTS}
    return model.model_copy(
        update={
            "version": f"{major}.{int(minor) + 1}.0",
            "components": model.components.model_copy(update=components),
            "dependence": model.dependence.model_copy(update={"exponent": exponent}),
            "calibration": Calibration(
                outcome=outcome.name,
                learnt_from=tuple(moments),
                tested_on=tested_on,
                replaces=model.version_string,
            ),
        }
    )
