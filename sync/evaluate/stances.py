"""What became of each stance: the rate of an outcome per class, and whether the classes stand in the order of need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enrichment.evaluation.fit import Flags, wilson
from enrichment.fields import DEAL_STANCES, STANCES

LEAST_RECORDS = 30
"""Fewer records than this in a level say nothing about its place."""
LEVELS: tuple[tuple[str, ...], ...] = (
    ("keep_transactional", "rebalance"),
    ("maintain", "test_reciprocity"),
    ("build_close", "partner"),
)
"""Stances by how much the customer needs us, least first. The others are given for another reason, and have no
place.
"""


@dataclass(frozen=True, slots=True)
class StanceRate:
    """Of the records with this stance, how many had the outcome; the rate with Wilson's 95 % interval."""

    stance: str
    records: int
    events: int
    rate: float
    low: float
    high: float


def stance_rates(stances: NDArray[np.str_], happened: Flags) -> tuple[StanceRate, ...]:
    """One for each stance that somebody had, in the order of the decision tables."""
    found = []
    for stance in dict.fromkeys(code for code, _ in (*STANCES, *DEAL_STANCES)):
        here = stances == stance
        records, events = int(here.sum()), int(happened[here].sum())
        if records:
            found.append(StanceRate(stance, records, events, events / records, *wilson(events, records)))
    return tuple(found)


def in_order(rates: Sequence[StanceRate], sign: int) -> bool | None:
    """Whether the rates of the levels of need never fall from one to the next (for `sign` -1: never rise).

    None where fewer than two levels have 30 records.
    """
    by_name = {one.stance: one for one in rates}
    levels = []
    for names in LEVELS:
        members = [by_name[name] for name in names if name in by_name]
        records = sum(one.records for one in members)
        if records >= LEAST_RECORDS:
            levels.append(sign * sum(one.events for one in members) / records)
    return None if len(levels) < 2 else levels == sorted(levels)
