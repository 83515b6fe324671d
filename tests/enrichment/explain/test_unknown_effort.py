"""What would change a deal whose effort is not known."""

from __future__ import annotations

from enrichment.explain.what_if import deal_crossings
from enrichment.model import ScoringModel


def test_a_deal_judged_by_price_alone_has_no_balance_that_could_move():
    audit = {"balance_score": None, "customer_score": None, "quiet_days": None}

    assert deal_crossings(audit, "price_led", ScoringModel()) == ()
