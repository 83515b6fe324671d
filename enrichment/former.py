"""What earlier releases called fields and stances: labels that `provision` may replace with today's."""

from __future__ import annotations

FORMER_STANCES: tuple[tuple[str, str], ...] = (
    ("protect", "Protect"),
    ("respond", "Respond"),
    ("partner", "Partner"),
    ("earn_value", "Earn value"),
    ("build_close", "Build close"),
    ("test_reciprocity", "Test reciprocity"),
    ("maintain", "Maintain"),
    ("rebalance", "Rebalance"),
    ("keep_transactional", "Keep transactional"),
    ("insufficient_evidence", "Insufficient evidence"),
)
"""What releases with model 1 called them: labels that `provision` may replace."""
FORMER_LABELS: dict[str, str] = {
    "bothways_customer_dependence": "Customer dependence",
    "bothways_dependence_benefit": "Dependence: benefit",
    "bothways_dependence_cost": "Dependence: cost to leave",
    "bothways_seller_dependence": "Seller dependence",
    "bothways_mutual_dependence": "Mutual dependence",
    "bothways_dependence_asymmetry": "Dependence asymmetry",
    "bothways_dependence_symmetry": "Dependence symmetry",
    "bothways_seller_effort_hours": "Seller effort (h, 90 days)",
    "bothways_customer_effort_hours": "Customer effort (h, 90 days)",
    "bothways_reciprocity_index": "Reciprocity index",
    "bothways_reciprocity_balance": "Reciprocity balance",
    "bothways_reciprocity_vs_book": "Reciprocity against the book",
    "bothways_customer_initiation_share": "Customer initiation share (%)",
    "bothways_customer_responsiveness": "Customer responsiveness",
    "bothways_seller_responsiveness": "Seller responsiveness",
    "bothways_customer_reply_hours": "Customer reply (business h)",
    "bothways_seller_reply_hours": "Seller reply (business h)",
    "bothways_two_way_contacts": "Two-way contacts",
    "bothways_stance": "Stance",
    "bothways_reclaimable_hours": "Reclaimable hours (90 days)",
    "bothways_confidence": "Confidence",
    "bothways_confidence_dependence": "Confidence in dependence",
    "bothways_confidence_effort": "Confidence in effort",
    "bothways_coverage": "Coverage (%)",
    "bothways_deal_reciprocity_index": "Deal reciprocity index",
    "bothways_deal_reciprocity_balance": "Deal reciprocity balance",
    "bothways_deal_customer_effort_hours": "Deal customer effort (h)",
    "bothways_deal_seller_effort_hours": "Deal seller effort (h)",
    "bothways_deal_momentum": "Deal momentum",
    "bothways_deal_two_way_contacts": "Deal two-way contacts",
    "bothways_deal_days_since_customer_act": "Days since customer act",
    "bothways_deal_customer_dependence": "Deal customer dependence",
    "bothways_deal_seller_dependence": "Deal seller dependence",
    "bothways_deal_asymmetry": "Deal asymmetry",
    "bothways_deal_stance": "Deal stance",
    "bothways_deal_confidence": "Deal confidence",
    "bothways_deal_top_drivers": "Deal: why",
}
"""What fields were called before 2.0: labels that `provision` may replace. A label that an administrator chose
stays.
"""
