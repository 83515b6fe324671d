"""Reclaimable hours: seller time that went beyond what the relation asks for. An estimate; its direction is supported,
its amount is judgement."""

from __future__ import annotations

import ibis

from enrichment.expressions import Expr, at_least, larger, smaller
from enrichment.model import ScoringModel

RECLAIMABLE = ("rebalance", "keep_transactional", "test_reciprocity")


def expected_hours(rows: Expr, model: ScoringModel) -> Expr:
    """E*: reference hours of the segment, from a quarter of them at no dependence to all of them at full dependence."""
    r = model.reclaim
    reference = ibis.literal(float(r.reference_hours))
    if r.reference_hours_by_segment:
        segments = sorted((name.strip().lower(), hours) for name, hours in r.reference_hours_by_segment.items())
        reference = ibis.cases(
            *((rows.segment == name, float(hours)) for name, hours in segments), else_=float(r.reference_hours)
        )
    return reference * (r.base_share + (1.0 - r.base_share) * rows.customer_raw / 100.0)


def reclaimable(rows: Expr, model: ScoringModel) -> Expr:
    """A19 in hours per 90 days. Never takes our discretionary hours below what they give us, nor below E*.

    Null while the stance is insufficient_evidence, and where a stance allows it but there is under one hour to judge;
    0 in the stances that call for the effort, and wherever we depend on the account ourselves.
    """
    unknown = ibis.null("float64")
    floor = larger(rows.expected_hours, rows.customer_hours)
    spare = smaller(rows.discretionary_hours, at_least(rows.discretionary_hours - floor, 0.0))
    evident = (rows.discretionary_hours >= model.reclaim.least_evidence_hours).ifelse(spare, unknown)
    allowed = rows.bothways_stance.isin(RECLAIMABLE) & (rows.seller_score < model.stance.high)
    return (rows.bothways_stance == "insufficient_evidence").ifelse(unknown, allowed.ifelse(evident, 0.0))
