"""What `explain` says would change a stance does change it, and a step less does not."""

from __future__ import annotations

import random

from enrichment.explain.explain import explain
from enrichment.model import ScoringModel

TYPED = ("strategic_importance", "mission_criticality", "non_modularity")
STEP = 0.01


def evident_accounts(organisation, seed, size=90):
    """Accounts with a stance each, of several sorts."""
    org, chance = organisation.Organisation(), random.Random(seed)
    for n in range(size):
        need, lean = round(chance.random(), 2), chance.choice([0.2, 0.45, 0.55, 0.8])
        account = org.account(f"A{n:02}", wallet=700.0, annual_revenue=3e4, **dict.fromkeys(TYPED, need))
        for month in range(chance.randint(1, 12)):
            org.deal(account, 50.0, 5 + 30 * month, won=True)
        org.deal(account, 50.0, -30, created=60, probability=0.5, owner=1)
        org.contract(account, 100, -round(700 * need) - 10)
        for _ in range(4):
            org.asset(account)
        for _ in range(20):
            side = "outbound" if chance.random() < lean else "inbound"
            org.act(account, "case_reply", side, 1 + chance.randint(0, 50), seller_user=100 + n)
        for channel in ("email", "call", "meeting"):
            org.act(account, channel, "inbound", 3, minutes=1.0, seller_user=100 + n)
    return org


def opened(result):
    return {name: explain(result.account_audit[name], row, ScoringModel()) for name, row in result.accounts.items()}


def test_a_typed_value_at_the_boundary_gives_the_stance_that_was_told(organisation):
    org = evident_accounts(organisation, 3, size=130)
    first = org.score()
    settled = org.score(previous=first.stances)
    told = {}
    for name, found in opened(settled).items():
        place = int(name[1:])  # results come in the order of ids, A100 before A11
        ways = [c for c in found.changes if c.what in TYPED]
        if ways:
            told[name] = (place, ways[place % len(ways)])
    assert len(told) > 15
    assert len({crossing.stance for _, crossing in told.values()}) >= 2

    def after(step):
        for place, crossing in told.values():
            before = settled.account_audit[f"A{place:02}"][f"{crossing.what}_value"]
            back = STEP if crossing.then > before else -STEP
            org.rows["accounts"][place][crossing.what] = round(crossing.then - step * back, 2)
        rows = org.score(previous=first.stances).accounts
        for place, crossing in told.values():
            org.rows["accounts"][place][crossing.what] = settled.account_audit[f"A{place:02}"][f"{crossing.what}_value"]
        return {name: rows[name]["bothways_stance"] for name in told}

    assert after(0) == {name: crossing.stance for name, (_, crossing) in told.items()}
    assert after(1) == {name: settled.accounts[name]["bothways_stance"] for name in told}


def test_hysteresis_and_the_unknown_are_in_the_answer(organisation):
    org = evident_accounts(organisation, 3)
    result = org.score()
    margin = ScoringModel().stance.hysteresis
    beyond = 0
    for name, found in opened(result).items():
        row = result.accounts[name]
        by = {(c.what, c.then > c.counted_as): c for c in found.changes}
        low, near = by.get(("balance_score", False)), 30 + margin  # not at 30 already
        if row["bothways_stance"] in ("maintain", "keep_transactional", "build_close"):
            assert (low.then, low.stance) == (-near, "respond")
            beyond += 1
        if row["bothways_stance"] == "test_reciprocity":
            assert (low.then, low.stance) == (round(30 - margin - 0.1, 1), "maintain")
            beyond += 1
        assert [c for c in found.changes if c.what in TYPED and c.now is None] == []
        assert found.needs == ()
    assert beyond > 10


def test_what_a_stance_is_missing_is_told_in_figures(organisation):
    org = organisation.Organisation()
    quiet, new = org.account("quiet"), org.account("new", type="Customer")
    org.deal(quiet, 100.0, 300, won=True)
    org.lively(org.account("busy"))
    org.email(new, "inbound", 3)
    org.email(quiet, "inbound", 3)
    result = org.score()
    found = opened(result)
    assert all(f.stance == "insufficient_evidence" and f.changes == () for f in (found["quiet"], found["new"]))
    needs = " ".join(found["new"].needs)
    assert "customer dependence: 0.0 of 25 is known" in needs
    # 8 q / (1 - q) with q = .25 squared, all four channels being alive
    assert "0.5 recent acts with their people would do, 1.0 are counted" in needs or "effort" not in needs
    assert "seller dependence" in needs
