"""What a backtest found, as plain values and as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from enrichment.evaluation.fit import Calibration
from enrichment.evaluation.ranking import Interval
from enrichment.evaluation.verdict import Verdict
from sync.evaluate.horizon import Horizon
from sync.evaluate.stances import StanceRate

SCHEMA = 1
"""Version of the JSON object; its keys are only ever added to."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One measure (or baseline) against one outcome. `auc` is over all pairs, unknowns counting one half."""

    name: str
    label: str
    known: int
    auc: Interval
    auc_known: Interval
    p: float | None
    top_tenth_lift: float | None


@dataclass(frozen=True, slots=True)
class Group:
    """A part of the population, or all of it compared within strata (`equal`: of equal volume)."""

    name: str
    records: int
    events: int
    measures: tuple[Measured, ...]
    baselines: tuple[Measured, ...]
    gains: Mapping[str, Interval]
    """Of adding each measure to the trained baseline, both learnt on the earlier dates."""
    gains_beyond_volume: Mapping[str, Interval]
    """The same where the baseline knows the decayed minutes of both sides too: what who did it adds; effort of accounts
    only.
    """


@dataclass(frozen=True, slots=True)
class Tested:
    """One outcome at one moment."""

    as_of: datetime
    learnt_from: tuple[datetime, ...]
    groups: tuple[Group, ...]
    calibration: Calibration | None
    gain_curve: tuple[float, ...]
    shuffled: Mapping[str, float]
    """AUC of each measure in the last group after the direction of every act was drawn anew; empty where acts do not
    count.
    """
    shuffled_gains: Mapping[str, Interval]
    """What each measure adds to the trained baseline then: a gain that stays was volume or recency, not who wrote."""
    stances: tuple[StanceRate, ...]
    """The rate of the outcome for each stance that was given at the moment."""
    stances_in_order: bool | None
    """Whether stances of greater need have the greater rate (the lesser, where the score should mean less); None: too
    few.
    """


@dataclass(frozen=True, slots=True)
class Judged:
    """One outcome: the verdict is about the last moment (in the last group) and is corrected for the number of
    outcomes.
    """

    name: str
    question: str
    score: str
    sign: int
    tests: tuple[Tested, ...]
    too_late: tuple[datetime, ...]
    """Moments whose window is not over yet."""
    p_holm: float | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Backtest:
    crm: str
    as_of: tuple[datetime, ...]
    data_until: datetime | None
    model_version: str
    draws: int
    seed: int
    outcomes: tuple[Judged, ...]
    left_out: tuple[str, ...]
    """Fields that have no history, in words."""
    horizon: Horizon

    def to_json(self) -> dict[str, Any]:
        """A JSON object; what is not a number is null."""
        found: dict[str, Any] = _plain({"schema": SCHEMA, **asdict(self)})
        return found


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value
