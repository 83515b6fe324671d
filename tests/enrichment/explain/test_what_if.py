"""What `explain` says would change a stance does change it, and a step less does not."""

from __future__ import annotations

import random

from enrichment.explain.explain import explain
from enrichment.model import ScoringModel
from enrichment.words import ENGLISH
from sync.report.explain import change_in_words

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


def opened(result, only=None):
    if only:
        return explain(result.account_audit[only], result.accounts[only], ScoringModel())
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


def neglected(organisation, *, left, balance):
    """A book with two accounts of a stance each, of whom one rings and is not called back, and another opens threads
    to which nobody reacts: `A` does both."""
    org = evident_accounts(organisation, 5, size=30)
    account = org.account("A", wallet=700.0, annual_revenue=3e4, **dict.fromkeys(TYPED, 0.5))
    for month in range(6):
        org.deal(account, 50.0, 5 + 30 * month, won=True)
    for n in range(left):
        org.email(account, "inbound", 30 + n, thread=900 + n)
    for n in range(balance):
        org.call(account, "inbound", 15 + n, 0, outcome="not_connected")
    return org


def test_two_reasons_for_an_answer_are_told_as_the_pair_that_ends_both(organisation):
    org = neglected(organisation, left=8, balance=30)
    result = org.score()
    found = opened(result, "A")

    assert found.stance == "respond"
    (pair,) = (c for c in found.changes if c.also.what == "balance_score")
    assert (pair.what, pair.now, pair.then) == ("left_open", 8, 4)  # five are needed
    assert pair.also.now == result.accounts["A"]["bothways_reciprocity_balance"]
    assert pair.also.then == -24.9  # 5 points of hysteresis past -30
    assert {c.also is None for c in found.changes} == {False}
    said = change_in_words(pair, ENGLISH.rules, deal=False)
    assert said.startswith("what they opened and we left from 8 to 4 together with balance from -")
    # The same by scoring again: reacting to four threads alone leaves the balance, more of our work alone the threads.
    for n in range(4):
        org.email(30, "outbound", 29.9 + n)
    assert org.score(previous=result.stances).accounts["A"]["bothways_stance"] == "respond"
    for n in range(35):
        org.act(30, "case_reply", "outbound", 1 + n / 10)
    assert org.score(previous=result.stances).accounts["A"]["bothways_stance"] != "respond"


def test_what_they_opened_is_a_figure_of_its_own(organisation):
    org = neglected(organisation, left=8, balance=0)
    for n in range(6):
        org.call(30, "outbound", 60 + n, 20)
    for n in range(8):
        org.act(30, "case_reply", "outbound", 60 + n)
    result = org.score()
    found = opened(result, "A")
    assert found.stance == "respond"
    assert result.accounts["A"]["bothways_reciprocity_balance"] > -25
    (crossing,) = (c for c in found.changes if c.what == "left_open")
    assert (crossing.now, crossing.then) == (8, 4)
    for n in range(4):
        org.email(30, "outbound", 29.9 + n)
    assert org.score(previous=result.stances).accounts["A"]["bothways_stance"] == crossing.stance


def test_a_balance_that_nobody_knows_is_not_told_as_a_figure(organisation):
    """The silence of an account is known: it counts as balance 0, and the record has none."""
    org = evident_accounts(organisation, 5, size=40)
    account = org.account("silent", wallet=700.0, annual_revenue=3e4, **dict.fromkeys(TYPED, 0.5))
    for month in range(6):
        org.deal(account, 50.0, 5 + 30 * month, won=True)
    result = org.score()
    found = opened(result, "silent")

    assert result.accounts["silent"]["bothways_reciprocity_balance"] is None
    moves = [c for c in found.changes if c.what == "balance_score"]
    assert moves
    assert all(c.now is None for c in moves)
    assert all("unknown now" in change_in_words(c, ENGLISH.rules, deal=False) for c in moves)


def test_the_familys_balance_is_told_as_the_groups(organisation):
    """Children of whom nothing is logged, needed little to much: some would change their stance by the group's
    balance."""
    org = evident_accounts(organisation, 5, size=20)
    needs = (0.3, 0.45, 0.6, 0.75)
    for need in needs:
        child = org.account(f"child {need}", parent=0, wallet=700.0, annual_revenue=3e4, **dict.fromkeys(TYPED, need))
        for month in range(12):
            org.deal(child, 50.0, 5 + 30 * month, won=True)
        org.contract(child, 100, -round(700 * need))
        for _ in range(4):
            org.asset(child)
    result = org.score()
    moves = []
    for name in (f"child {need}" for need in needs):
        assert result.account_audit[name]["with_family_effort"]
        moves += [c for c in opened(result, name).changes if c.what == "balance_score"]

    assert moves
    assert all(change_in_words(c, ENGLISH.rules, deal=False).startswith("the group's balance from ") for c in moves)
