"""What other weights would do to the scores of a moment: ranks that move and stances that change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from enrichment.evaluation.weights import spearman
from sync.evaluate.replay import Scored


@dataclass(frozen=True, slots=True)
class Changes:
    """What the learnt weights would do to the scores of the last moment. `classes` counts (stance now, stance then)."""

    rank_correlation: float
    moved: int
    records: int
    classes: Mapping[str, int]


def changes_between(before: Scored, after: Scored) -> Changes:
    """Ranks and stances of every account scored, before and after."""
    ids = np.asarray(before.accounts["id"].to_pylist(), np.str_)
    one, other = (s.of("accounts", ids, "dependence_before_null_rule") for s in (before, after))
    was, will = (s.accounts["bothways_stance"].to_pylist() for s in (before, after))
    moved: dict[str, int] = {}
    for old, new in zip(was, will, strict=True):
        if old != new:
            moved[f"{old} -> {new}"] = moved.get(f"{old} -> {new}", 0) + 1
    return Changes(spearman(one, other), sum(moved.values()), len(ids), dict(sorted(moved.items())))
