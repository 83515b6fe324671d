"""What each text of advice claims, as a reader would check it on the record: the written fields first, then the counts
beside them. Written from the texts, not from the conditions in the code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Row = Mapping[str, Any]


def field(row: Row, name: str) -> Any:
    return row[f"bothways_{name}"]


def _balance(row: Row, audit: Row) -> float:
    """What the record shows, or what its family's shows, or what little there is where silence is known."""
    shown = field(row, "reciprocity_balance")
    return audit["balance_score"] if shown is None else shown


def _need(row: Row, audit: Row) -> float:
    shown = field(row, "customer_dependence")
    return audit["customer_score"] if shown is None else shown


def _nobody_talks(row: Row, audit: Row) -> bool:
    hours = [field(row, f"{side}_effort_hours") or 0.0 for side in ("seller", "customer")]
    return hours == [0.0, 0.0] and field(row, "reciprocity_balance") is None and audit["silence_known"]


def _left(row: Row, audit: Row) -> bool:
    return 0 < audit["left_open"] <= audit["opened"] <= 2 * audit["left_open"]


def _buys(row: Row, audit: Row) -> bool:
    return audit["year_wins"] > 0 or bool(audit["running"])


def _relies(row: Row, audit: Row) -> bool:
    return _need(row, audit) >= 55.0


def _no_sale(row: Row, audit: Row) -> bool:
    return audit["wins"] == 0 and not audit["running"] and not audit["active_assets"]


CLAIMS: Mapping[str, Callable[[Row, Row], bool]] = {
    "respond_counted": _left,
    "respond": lambda row, audit: _balance(row, audit) <= -25.0,
    "prospect_stop": lambda row, audit: (
        _no_sale(row, audit) and _balance(row, audit) > 0 and not (audit["contact_days"] or 99) < 60
    ),
    "prospect_open": lambda row, audit: _no_sale(row, audit) and audit["open_deals"] > 0,
    "prospect": lambda row, audit: _no_sale(row, audit) and audit["open_deals"] == 0,
    "lapsed_back": lambda row, audit: audit["word_days"] < 90 and audit["word_unreturned"] == 1,
    "lapsed_lost": lambda row, audit: audit["lost_months"] <= 24.0,
    "lapsed_chased": lambda row, audit: audit["acts_since"] >= 3,
    "lapsed_unasked": lambda row, audit: audit["acts_since"] == 0 and audit["purchase_days"] >= 3,
    "lapsed": lambda row, audit: not audit["running"] and not audit["active_assets"] and audit["open_deals"] == 0,
    "unknown_need": lambda row, audit: field(row, "customer_dependence") is None,
    "unknown_stake": lambda row, audit: field(row, "seller_dependence") is None,
    "unknown_direction": lambda row, audit: (
        field(row, "reciprocity_balance") is None
        and audit["unsigned_count"] > audit["acts_seller"] + audit["acts_customer"]
    ),
    "unknown_effort": lambda row, audit: (
        field(row, "reciprocity_balance") is None or field(row, "confidence_effort") < 25.0
    ),
    "insufficient_evidence": lambda row, audit: not audit["scored"],
    "protect": lambda row, audit: field(row, "seller_dependence") > _need(row, audit),
    "protect_unreturned": lambda row, audit: (
        field(row, "seller_dependence") > _need(row, audit) and _balance(row, audit) >= 30.0
    ),
    "partner": lambda row, audit: _relies(row, audit) and field(row, "seller_dependence") >= 55.0,
    "earn_value": lambda row, audit: audit["cost_score"] > audit["benefit_score"],
    "earn_value_contract": lambda row, audit: (
        audit["cost_score"] > audit["benefit_score"] and audit["lock_until"] is not None
    ),
    "build_close": _relies,
    "build_close_silent": lambda row, audit: _relies(row, audit) and _nobody_talks(row, audit),
    "build_close_one_sided": lambda row, audit: _relies(row, audit) and audit["acts_seller"] > audit["acts_customer"],
    "build_close_opening": lambda row, audit: (
        _relies(row, audit) and (field(row, "customer_initiation_share") or audit["opening_score"]) <= 15.0
    ),
    "test_reciprocity": lambda row, audit: _balance(row, audit) > -5.0,
    "maintain": lambda row, audit: -15.0 < _balance(row, audit) < 15.0,
    "maintain_silent": _nobody_talks,
    "maintain_theirs": lambda row, audit: _balance(row, audit) <= -15.0,
    "maintain_ours": lambda row, audit: _balance(row, audit) >= 15.0,
    "rebalance": lambda row, audit: field(row, "reclaimable_hours") >= 1.0 and field(row, "seller_effort_hours") >= 1.0,
    "keep_ideal": lambda row, audit: (
        _buys(row, audit) and _nobody_talks(row, audit) and field(row, "seller_dependence") < 40.0
    ),
    "keep_unknown": lambda row, audit: (
        _buys(row, audit) and _nobody_talks(row, audit) and audit["revenue_share"] >= 0.005
    ),
    "keep_unanswered": lambda row, audit: 2 * audit["replies_customer"] <= audit["asked_customer"],
    "keep_transactional": lambda row, audit: _need(row, audit) < 45.0,
}


def untrue(rows: Mapping[str, Row], audits: Mapping[str, Row]) -> list[tuple[str, str]]:
    """(record, text) of every text that its own record contradicts, or that belongs to another stance."""
    found = []
    for name, row in rows.items():
        text = audits[name]["text"]
        if text not in CLAIMS or not CLAIMS[text](row, audits[name]):
            found.append((name, text))
    return found
