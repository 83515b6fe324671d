"""The hours that a relation is worth (E*), and those that may be taken back (A19)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from oracle.decide import NONE
from oracle.plain import median

from enrichment.model import ScoringModel

TAKING = ("rebalance", "keep_transactional", "test_reciprocity", "lapsed")


class Reference:
    """h_ref by segment: the median of our hours on customers that bought and with whom something happens."""

    def __init__(self, hours: Iterable[tuple[str | None, float]], model: ScoringModel, copies: int = 1) -> None:
        self.rules, self.copies = model.reclaim, copies
        self.by_segment: dict[str | None, list[float]] = defaultdict(list)
        for segment, spent in hours:
            self.by_segment[segment].append(spent)

    def of(self, segment: str | None) -> float:
        rules = self.rules
        if segment in rules.reference_hours_by_segment:
            return float(rules.reference_hours_by_segment[segment])
        everywhere = [h for group in self.by_segment.values() for h in group]
        for group in (self.by_segment.get(segment, []), everywhere):
            if len(group) * self.copies >= rules.least_references:
                return max(rules.least_reference_hours, median(group) or 0.0)
        return float(rules.reference_hours)


def expected(a1: float | None, reference: float, model: ScoringModel) -> float | None:
    """E* of a customer: what a relation that is needed this much asks for, per 90 days."""
    if a1 is None:
        return None
    share = model.reclaim.base_share
    return reference * (share + (1 - share) * a1 / 100)


def spare(
    discretionary: float, worth: float | None, of_their_own: float, a4: float | None, model: ScoringModel
) -> float:
    """What could be taken back if the stance allowed it: never below E* or what they do of their own accord, and
    nothing from those on whom we rely.
    """
    if a4 is not None and a4 >= model.stance.high:
        return 0.0
    if worth is None or discretionary < model.reclaim.least_evidence_hours:
        return 0.0
    return min(discretionary, max(0.0, discretionary - max(worth, of_their_own)))


def reclaimable(chosen: str, text: str, hours: float) -> float | None:
    """A19 of an organisation that records activity."""
    if chosen == NONE:
        return None
    taking = chosen in TAKING or (text == "prospect_stop")
    return hours if taking else 0.0
