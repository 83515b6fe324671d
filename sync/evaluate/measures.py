"""One outcome at one moment: measures, baselines, what a measure adds, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enrichment.evaluation.fit import Calibration, Flags, Logistic, calibration, gains, logistic, segment_rates
from enrichment.evaluation.ranking import Ranking, Reals, Wholes, chance, mean_rank, resample
from enrichment.evaluation.verdict import enough
from sync.evaluate.outcomes import Asked, Outcome
from sync.evaluate.replay import LABELS, Scored, measures
from sync.evaluate.result import Group, Measured

REGULAR = 4
"""Order days in the year from which a customer counts as regular."""
_LONG_AGO = 730.0
BASELINE_LABELS = {
    "segment_rate": "Earlier rate of the segment",
    "trained": "Logistic regression on {}",
    "decayed": "Logistic regression on {} + decayed minutes of both sides",
    "recency": "Recency alone",
    "frequency": "Frequency alone",
    "rank_composite": "Untrained mean rank of recency, frequency and breadth",
    "activity_count": "Plain count of acts in 90 days",
}


@dataclass(frozen=True, slots=True)
class Draws:
    count: int
    seed: int


@dataclass(frozen=True, slots=True)
class Moment:
    """Who was asked and how they were scored; every measure has the sign that its outcome expects.

    `minutes` are the decayed minutes of both sides together, as the model under test counts them; None where no effort
    of accounts is judged.
    """

    asked: Asked
    measured: Mapping[str, Reals]
    stances: NDArray[np.str_]
    minutes: Reals | None

    @classmethod
    def of(cls, outcome: Outcome, asked: Asked, scored: Scored) -> Moment:
        found = {name: outcome.sign * scored.of(outcome.stream, asked.ids, name) for name in measures(outcome.name)}
        minutes = None
        if outcome.beyond_volume:
            es, ec = (scored.of("accounts", asked.ids, side) for side in ("es", "ec"))
            minutes = np.nan_to_num(es) + np.nan_to_num(ec)
        return cls(asked, found, scored.stances(outcome.stream, asked.ids), minutes)

    def features(self, outcome: Outcome) -> Reals:
        """What a seller can count without us: the columns of the trained baseline, on a log scale."""
        columns = [np.nan_to_num(self.asked.columns[name], nan=_LONG_AGO) for name in outcome.baseline]
        return np.log1p(np.maximum(np.column_stack(columns), 0.0))

    def with_minutes(self, outcome: Outcome) -> Reals:
        """The same with the decayed volume beside it, on a log scale: what the model knows but for who did it."""
        minutes = np.empty((len(self.asked.ids), 0)) if self.minutes is None else np.log1p(self.minutes)
        return np.column_stack([self.features(outcome), minutes])


def groups(outcome: Outcome, now: Moment, before: Sequence[Moment], draws: Draws) -> tuple[Group, ...]:
    """Everybody; then regular customers (buying outcomes) or everybody within strata of equal volume (two-way)."""
    everybody = np.ones(len(now.asked.ids), np.bool_)
    found = [_group("all", outcome, now, before, everybody, None, draws)]
    if outcome.stratum:
        volume = now.asked.columns[outcome.stratum].astype(np.int64)
        found.append(_group(f"equal {outcome.stratum}", outcome, now, before, everybody, volume, draws))
    elif outcome.name == "buys_again":
        regular = now.asked.columns["frequency"] >= REGULAR
        found.insert(0, _group(f"{REGULAR} or more order days", outcome, now, before, regular, None, draws))
    return tuple(found)


def _group(
    name: str,
    outcome: Outcome,
    now: Moment,
    before: Sequence[Moment],
    here: NDArray[np.bool_],
    stratum: Wholes | None,
    draws: Draws,
) -> Group:
    happened, records = now.asked.happened[here], int(here.sum())
    events = int(happened.sum())
    if not enough(records, events):
        return Group(name, records, events, (), (), {}, {})
    learnt = _learnt(outcome, now, before)
    columns = {**now.measured, **{f"baseline:{key}": value for key, value in _baselines(outcome, now, before).items()}}
    columns |= learnt
    if "baseline:rank_composite" in columns:
        columns["baseline:rank_composite"] = _composite(outcome, now.asked, here)
    part = None if stratum is None else stratum[here]
    rankings = {key: Ranking(value[here], part) for key, value in columns.items()}
    drawn = resample(rankings, happened, now.asked.family[here], draws=draws.count, seed=draws.seed)
    strata = _strata(now.asked.segment[here], part)
    tried = {key: rankings[key] for key in now.measured}
    p = chance(tried, happened, strata, draws=draws.count, seed=draws.seed + 1)

    def told(key: str, label: str) -> Measured:
        found = gains(columns[key][here], happened)
        return Measured(
            key.removeprefix("baseline:"),
            label,
            rankings[key].known,
            drawn.interval(key),
            drawn.interval(key, known=True),
            p.get(key),
            10.0 * found[0] if found else None,
        )

    return Group(
        name,
        records,
        events,
        tuple(told(key, LABELS[key]) for key in now.measured),
        tuple(
            told(key, label(key.removeprefix("baseline:"), outcome)) for key in columns if key.startswith("baseline:")
        ),
        {key: drawn.difference(f"with:{key}", "baseline:trained") for key in now.measured if f"with:{key}" in learnt},
        {
            key: drawn.difference(f"beyond:{key}", "baseline:decayed")
            for key in now.measured
            if f"beyond:{key}" in learnt
        },
    )


def label(baseline: str, outcome: Outcome) -> str:
    """A baseline's name in words."""
    return BASELINE_LABELS[baseline].format(" + ".join(name.replace("_", " ") for name in outcome.baseline))


def _strata(segment: NDArray[np.str_], part: Wholes | None) -> Wholes:
    """Segment (and volume, where pairs are compared within it) as one number: outcomes are permuted within."""
    _, code = np.unique(segment, return_inverse=True)
    if part is None:
        return np.asarray(code, np.int64)
    _, volume = np.unique(part, return_inverse=True)
    return np.asarray(code * (int(volume.max()) + 1) + volume, np.int64)


def _baselines(outcome: Outcome, now: Moment, before: Sequence[Moment]) -> dict[str, Reals]:
    """What the score must beat. Those that need learning are there only when an earlier moment is."""
    counted, found = now.asked.columns, {}
    if before:
        segments = np.concatenate([m.asked.segment for m in before])
        _, codes = np.unique(np.concatenate([segments, now.asked.segment]), return_inverse=True)
        learnt, here = codes[: len(segments)].astype(np.float64), codes[len(segments) :].astype(np.float64)
        found["segment_rate"] = segment_rates(learnt, _happened(before), here)
        found["trained"] = _fit(before, [m.features(outcome) for m in before]).predict(now.features(outcome))
        if outcome.beyond_volume:
            earlier = [m.with_minutes(outcome) for m in before]
            found["decayed"] = _fit(before, earlier).predict(now.with_minutes(outcome))
    if np.any(counted["frequency"] > 0):
        recency = -np.nan_to_num(counted["recency"], nan=_LONG_AGO)
        found |= {"recency": outcome.sign * recency, "frequency": outcome.sign * counted["frequency"]}
        found["rank_composite"] = np.full(len(recency), np.nan)  # ranks are taken within each group
    if np.any(counted["acts"] > 0):
        found["activity_count"] = outcome.sign * counted["acts"]
    return found


def _composite(outcome: Outcome, asked: Asked, here: NDArray[np.bool_]) -> Reals:
    """The mean rank of recency, frequency and breadth among the records of a group."""
    recency = -np.nan_to_num(asked.columns["recency"], nan=_LONG_AGO)
    found = np.full(len(recency), np.nan)
    ranks = mean_rank([c[here] for c in (recency, asked.columns["frequency"], asked.columns["breadth"])])
    found[here] = outcome.sign * ranks
    return found


def _learnt(outcome: Outcome, now: Moment, before: Sequence[Moment]) -> dict[str, Reals]:
    """Probabilities from a trained baseline's columns with each measure beside them (`with:` it, and `beyond:` decayed
    volume too, where that is asked); an unknown one has its own column.
    """
    if not before:
        return {}
    found = {}
    kinds = {"with": Moment.features} | ({"beyond": Moment.with_minutes} if outcome.beyond_volume else {})
    for kind, columns_of in kinds.items():
        for name in now.measured:
            columns = [_with(columns_of(m, outcome), m.measured[name]) for m in before]
            found[f"{kind}:{name}"] = _fit(before, columns).predict(_with(columns_of(now, outcome), now.measured[name]))
    return found


def _with(features: Reals, measure: Reals) -> Reals:
    return np.column_stack([features, np.nan_to_num(measure), np.isnan(measure).astype(np.float64)])


def _fit(before: Sequence[Moment], columns: Sequence[Reals]) -> Logistic:
    return logistic(np.concatenate(columns), _happened(before))


def _happened(moments: Sequence[Moment]) -> Flags:
    return np.concatenate([m.asked.happened for m in moments])


def calibrated(outcome: Outcome, now: Moment, before: Sequence[Moment]) -> Calibration | None:
    """The first measure as a probability, by a map learnt on the earlier moments; None without any."""
    if not before or not enough(len(now.asked.ids), int(now.asked.happened.sum())):
        return None
    name = measures(outcome.name)[0]
    none = [np.empty((len(m.asked.ids), 0)) for m in (*before, now)]
    columns = [_with(empty, m.measured[name]) for empty, m in zip(none, (*before, now), strict=True)]
    chances = _fit(before, columns[:-1]).predict(columns[-1])
    return calibration(chances, now.asked.happened, float(_happened(before).mean()))
