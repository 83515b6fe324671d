"""Reclaimable hours: seller time that went beyond what the relation asks for. An estimate; its direction is supported,
its amount is judgement."""

from __future__ import annotations

import ibis

from enrichment.as_of import AsOf
from enrichment.expressions import DAY, Expr, at_least, half_even, larger, smaller
from enrichment.model import ScoringModel

RECLAIMABLE = ("rebalance", "keep_transactional", "test_reciprocity", "lapsed")


def referenced(rows: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """`rows` with `reference_hours`: the median seller hours of customers that bought within a year and have a recent
    act whose side is known, of the segment, else of the organisation, where `least_references` of them are known."""
    r, now = model.reclaim, as_of.seconds
    bought = (rows.newest_purchase > now - model.lifecycle.recent_days * DAY).coalesce(False)
    active = (rows.newest_signed > now - model.effort.recent_days * DAY).coalesce(False)
    typical = rows.filter(rows.account >= 0, rows.scored, bought, active).select("segment", "seller_hours")
    segments = typical.group_by("segment").aggregate(peers=typical.count(), typical_hours=typical.seller_hours.median())
    segments = segments.filter(segments.peers >= r.least_references).select(
        of_segment="segment", typical_hours="typical_hours"
    )
    whole = typical.aggregate(all_peers=typical.count(), all_hours=typical.seller_hours.median())
    rows = rows.left_join(segments, [rows.segment == segments.of_segment]).drop("of_segment").cross_join(whole)
    usual = (rows.all_peers >= r.least_references).ifelse(rows.all_hours, ibis.null("float64"))
    measured = at_least(rows.typical_hours.coalesce(usual), r.least_reference_hours)
    found = measured.coalesce(float(r.reference_hours))
    if r.reference_hours_by_segment:
        set_by_hand = sorted((name.strip().lower(), hours) for name, hours in r.reference_hours_by_segment.items())
        found = ibis.cases(*((rows.segment == name, float(hours)) for name, hours in set_by_hand), else_=found)
    return rows.mutate(reference_hours=found).drop("typical_hours", "all_peers", "all_hours")


def expected_hours(rows: Expr, model: ScoringModel) -> Expr:
    """E*: from a quarter of the reference hours at no dependence to all of them at full dependence; none for those who
    lapsed and for prospects that no longer answer.
    """
    share = model.reclaim.base_share
    expected = rows.reference_hours * (share + (1.0 - share) * rows.customer_raw / 100.0)
    return ((rows.lapsed > 0) | (rows.told_to_stop > 0)).ifelse(0.0, expected)


def spare_hours(rows: Expr, model: ScoringModel) -> Expr:
    """What could be taken back if the stance allows it, in tenths. Never takes our discretionary hours below what they
    give of their own accord, nor below E*; 0 under one hour of them, and wherever we depend on the account
    ourselves.
    """
    given = rows.own_discretionary_hours
    floor = larger(rows.expected_hours, rows.own_own_accord_hours)
    spare = smaller(given, at_least(given - floor, 0.0)).coalesce(0.0)
    needed = (rows.seller_score >= model.stance.high).coalesce(False)
    return half_even(((given < model.reclaim.least_evidence_hours) | needed).ifelse(0.0, spare))


def reclaimable(rows: Expr) -> Expr:
    """A19 in hours per 90 days. Null without any activity in the organisation and where there is no advice."""
    allowed = rows.bothways_stance.isin(RECLAIMABLE) | ((rows.bothways_stance == "prospect") & (rows.told_to_stop > 0))
    unknown = ~rows.has_acts | (rows.bothways_stance == "insufficient_evidence")
    return unknown.ifelse(ibis.null("float64"), allowed.ifelse(rows.spare_hours, 0.0))
