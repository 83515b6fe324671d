"""What people should be told of customers whose right answer is plain: one book of situations among ordinary customers.

A situation is named by what happened; `RIGHT` has the stance, and where it matters the text, that follows.
"""

from __future__ import annotations

import random

import pytest

from enrichment.model import ScoringModel

ORDINARY = 40
NEEDED = {"strategic_importance": 0.9, "mission_criticality": 0.95, "non_modularity": 0.9}
COMMODITY = {"strategic_importance": 0.2, "mission_criticality": 0.2, "non_modularity": 0.05}


def buys(org, account, amount=12_000.0, *, every=60, since=700, until=5):
    for days in range(until, since, every):
        org.deal(account, amount, days, won=True)


def holds(org, account):
    """What makes it hard to leave."""
    org.contract(account, 200, -700)
    for _ in range(4):
        org.asset(account)


def talks(org, account, thread, *, days, first="inbound", wait=0.5, answered=True):
    turn = {"inbound": "outbound", "outbound": "inbound"}
    org.email(account, first, days, thread=thread)
    if answered:
        org.email(account, turn[first], days - wait, thread=thread)


def ordinary(org, chance, count=ORDINARY):
    for n in range(count):
        account = org.account(f"ordinary {n}", type="Customer", industry="Steel", mission_criticality=0.5)
        buys(org, account, float(chance.randint(5_000, 30_000)), every=chance.choice([45, 60, 90]))
        for k in range(chance.randint(4, 9)):
            first = chance.choice(["inbound", "outbound"])
            talks(
                org, account, 1000 * account + k, days=chance.uniform(2, 200), first=first, wait=chance.uniform(0.1, 2)
            )
        if chance.random() < 0.6:
            org.meeting(account, chance.choice(["inbound", "outbound"]), chance.uniform(5, 80), 45)
        if chance.random() < 0.5:
            org.call(account, "inbound", chance.uniform(2, 60), 10)
        if n < 8:
            days = chance.uniform(12, 80)
            org.case(account, days, reply=days - 0.2)


def situations(org):
    """Every situation as an account of its own; returns nothing."""

    def customer(name, stated=NEEDED, **values):
        bought = {k: values.pop(k) for k in ("amount", "every", "since", "until") if k in values}
        tied = values.pop("tied", False)
        account = org.account(name, type="Customer", industry="Steel", **(stated | values))
        buys(org, account, **bought)
        if tied:
            holds(org, account)
        return account

    def ours(account, count, *, start=5.0, step=5.0, answered=0):
        for n in range(count):
            talks(
                org, account, 1000 * account + n, days=start + step * n, first="outbound", answered=n < answered, wait=1
            )

    a = customer("wrote 59, 2 answered")
    for n in range(59):
        talks(org, a, 1000 * a + n, days=12 + n, answered=n > 56)
    a = customer("commodity ignored", COMMODITY)
    for n in range(45):
        talks(org, a, 1000 * a + n, days=12 + n, answered=False)
    a = customer("80 cases answered in a day", tied=True)
    for n in range(80):
        org.case(a, 14 + n / 2, reply=13.2 + n / 2)
    a = customer("80 cases never answered")
    for n in range(80):
        org.case(a, 14 + n / 2)
    for wait in (1, 5):
        a = customer(f"25 mails answered after {wait} d in new threads")
        for n in range(25):
            org.email(a, "inbound", 14 + 2 * n, thread=1000 * a + n)
            org.email(a, "outbound", 14 + 2 * n - wait, thread=1000 * a + 500 + n)
        a = customer(f"25 mails answered after {wait} d")
        for n in range(25):
            talks(org, a, 1000 * a + n, days=14 + 2 * n, wait=wait)
    a = customer("ignored long ago, answered since")
    for n in range(8):
        talks(org, a, 1000 * a + n, days=300 + n, answered=False)
        talks(org, a, 1000 * a + 100 + n, days=12 + 5 * n, wait=0.3)
    a = customer("pairs without threads")
    for n in range(6):
        org.email(a, "outbound", 20 + 12 * n)
        org.email(a, "inbound", 19.5 + 12 * n)
    for side in ("inbound", "outbound"):
        a = customer(f"20 calls {side}", mission_criticality=0.5)
        for n in range(20):
            org.call(a, side, 5 + 4 * n, 10)
    a = org.account("courted bank", type="Customer", industry="Steel", **COMMODITY)
    org.deal(a, 2_000.0, 100, won=True)
    org.deal(a, 2_000.0, 300, won=True)
    ours(a, 43, start=4, step=2, answered=2)
    for n in range(9):
        org.meeting(a, "outbound", 6 + 8 * n, 60, seller_people=2)
    a = customer("needed, 44 mails of ours, 2 back", tied=True)
    ours(a, 44, start=4, step=2, answered=2)
    a = org.account("open deal, never bought", type="Prospect", industry="Steel")
    org.deal(a, 90_000.0, -40, created=60, probability=0.5)
    ours(a, 10, start=4, step=4, answered=5)
    a = org.account("lost prospect, 19 mails since", type="Prospect", industry="Steel")
    org.deal(a, 90_000.0, 150, won=False, created=300)
    talks(org, a, 1000 * a + 999, days=160, wait=1)
    for n in range(19):
        org.email(a, "outbound", 2 + 4 * n, thread=1000 * a + n)
    a = org.account("courted prospect who meets", type="Prospect", industry="Steel")
    ours(a, 10, start=3, step=4)
    for n in range(3):
        org.meeting(a, "outbound", 4 + 12 * n, 60)
    a = org.account("one purchase 14 months ago", type="Customer", industry="Steel")
    org.deal(a, 5_000.0, 425, won=True)
    quiet = {"every": 45, "since": 2100, "until": 330}
    a = customer("five years, 11 months nothing, 13 mails", **quiet)
    for n in range(13):
        org.email(a, "outbound", 5 + 20 * n, thread=1000 * a + n)
    customer("five years, 11 months nothing, nobody wrote", **quiet)
    a = customer("lapsed and back", **quiet)
    org.email(a, "inbound", 0.2, thread=1000 * a)
    a = customer("lapsed, back three times, unknown need", stated={}, every=45, since=2100, until=1200)
    for n in range(4):
        org.email(a, "inbound", 0.2 + n, thread=1000 * a + n)
    a = customer("renewal lost", every=45, since=900, until=330)
    org.contract(a, 700, 260)
    org.deal(a, 12_000.0, 240, won=False)
    for n in range(12):
        org.email(a, "outbound", 5 + 15 * n, thread=1000 * a + n)
    customer("annual buyer", every=365, since=2000, until=340)
    a = customer("buys in spring and summer", every=10**6, since=10, until=5)
    for year in range(5):
        for days in (275, 305, 335, 180, 150):
            org.deal(a, 5_000.0, days + 365 * year + 30, won=True)
    a = org.account("two weeks old", type="Customer", industry="Steel", **NEEDED)
    org.deal(a, 20_000.0, 14, won=True)
    for n in range(3):
        org.meeting(a, "outbound", 2 + 4 * n, 60)
        talks(org, a, 1000 * a + n, days=3 + 3 * n, wait=0.3)
    customer("web shop, nobody talks", COMMODITY, every=20)
    a = customer("web shop, machine's mail", COMMODITY, every=20)
    for n in range(7):
        org.email(a, "inbound", 3 + 9 * n, sender="noreply")
    for days in (100, 300):
        a = customer(f"web shop, one mail {days} d ago", COMMODITY, every=20)
        org.email(a, "inbound", days, thread=1000 * a)
    a = customer("web shop, wrote yesterday", COMMODITY, every=20)
    org.email(a, "inbound", 1, thread=1000 * a)
    parent = org.account("parent", type="Customer", industry="Steel", **NEEDED)
    child = org.account("child", parent, type="Customer", industry="Steel", **NEEDED)
    buys(org, child, 25_000.0)
    holds(org, child)
    for n in range(15):
        talks(org, parent, 1000 * parent + n, days=4 + 5 * n, first="outbound", wait=1)
    parent = org.account("ignored parent", type="Customer", industry="Steel", **NEEDED)
    child = org.account("its child", parent, type="Customer", industry="Steel", **NEEDED)
    buys(org, child, 25_000.0)
    holds(org, child)
    for n in range(60):
        talks(org, parent, 1000 * parent + n, days=12 + n, answered=False)
    customer("needed and silent", every=30, tied=True)


RIGHT = {
    "wrote 59, 2 answered": ("respond", "respond_counted"),
    "commodity ignored": ("respond", "respond_counted"),
    "80 cases answered in a day": ("build_close", None),
    "80 cases never answered": ("respond", "respond_counted"),
    "courted bank": ("rebalance", "rebalance"),
    "needed, 44 mails of ours, 2 back": ("build_close", "build_close_one_sided"),
    "open deal, never bought": ("prospect", "prospect_open"),
    "lost prospect, 19 mails since": ("prospect", "prospect_stop"),
    "courted prospect who meets": ("prospect", "prospect"),
    "one purchase 14 months ago": ("lapsed", "lapsed"),
    "five years, 11 months nothing, 13 mails": ("lapsed", "lapsed_chased"),
    "five years, 11 months nothing, nobody wrote": ("lapsed", "lapsed_unasked"),
    "lapsed and back": ("lapsed", "lapsed_back"),
    "lapsed, back three times, unknown need": ("lapsed", "lapsed_back"),
    "renewal lost": ("lapsed", "lapsed_lost"),
    "web shop, nobody talks": ("keep_transactional", "keep_ideal"),
    "web shop, machine's mail": ("keep_transactional", "keep_ideal"),
    "web shop, one mail 100 d ago": ("keep_transactional", "keep_ideal"),
    "web shop, one mail 300 d ago": ("keep_transactional", "keep_ideal"),
    "web shop, wrote yesterday": ("keep_transactional", "keep_transactional"),
    "parent": ("build_close", None),
    "child": ("build_close", None),
    "ignored parent": ("respond", "respond_counted"),
    "its child": ("build_close", None),
    "needed and silent": ("build_close", "build_close_silent"),
}
NEVER = {
    "respond": ("25 mails", "ignored long ago", "pairs without threads", "its child", "20 calls", "ordinary"),
    "lapsed": ("annual buyer", "buys in spring", "two weeks old", "ordinary"),
    "insufficient_evidence": ("two weeks old", "ordinary"),
    "prospect": ("ordinary", "web shop"),
}


@pytest.fixture(scope="module")
def book(organisation):
    org = organisation.Organisation()
    ordinary(org, random.Random(5))
    situations(org)
    return org


@pytest.fixture(scope="module")
def result(book):
    return book.score()


def test_every_situation_gets_its_right_answer(result):
    found = {
        name: (result.accounts[name]["bothways_stance"], result.account_audit[name]["text"] if text else None)
        for name, (_, text) in RIGHT.items()
    }
    assert found == RIGHT


@pytest.mark.parametrize("stance", NEVER)
def test_what_nobody_may_be_told(result, stance):
    told = {n for n, row in result.accounts.items() if row["bothways_stance"] == stance and n.startswith(NEVER[stance])}
    assert told == set()


def test_figures_of_the_situations(result):
    rows, audits = result.accounts, result.account_audit
    ring, rung = (rows[f"20 calls {side}"] for side in ("inbound", "outbound"))
    assert ring["bothways_reciprocity_balance"] < 0 < rung["bothways_reciprocity_balance"]
    assert ring["bothways_customer_initiation_share"] > 60 > 40 > rung["bothways_customer_initiation_share"]
    assert "0 calls to 20" in ring["bothways_top_drivers"]
    assert "20 calls to 0" in rung["bothways_top_drivers"]
    assert "we reacted to 2 of 59 threads of theirs" in rows["wrote 59, 2 answered"]["bothways_top_drivers"]
    assert "0 of 80 cases answered" in rows["80 cases never answered"]["bothways_top_drivers"]
    bank = rows["courted bank"]
    assert bank["bothways_reclaimable_hours"] > 0.6 * bank["bothways_seller_effort_hours"]
    assert rows["lost prospect, 19 mails since"]["bothways_reclaimable_hours"] > 0
    for name in ("child", "its child"):
        assert rows[name]["bothways_top_drivers"].startswith("judged with its group")
        assert rows[name]["bothways_reciprocity_balance"] is None
        assert audits[name]["balance_score"] == rows[audits_parent(audits, name)]["bothways_reciprocity_balance"]
    assert rows["parent"]["bothways_customer_dependence"] is not None
    silent = rows["web shop, nobody talks"]
    assert silent["bothways_reciprocity_balance"] is None
    assert "nothing logged in 365 d, though" in silent["bothways_top_drivers"]
    for days in (100, 300):
        assert rows[f"web shop, one mail {days} d ago"]["bothways_confidence"] >= silent["bothways_confidence"]
    assert audits["web shop, machine's mail"]["newest_act"] is None


def test_what_its_group_buys_is_not_said_of_a_member_that_bought_nothing(organisation):
    org = organisation.Organisation()
    ordinary(org, random.Random(5))
    group = org.account("group", type="Customer", industry="Steel", **COMMODITY)
    org.account("member", group, type="Customer", industry="Steel", **COMMODITY)
    bound = org.account("bound member", group, type="Customer", industry="Steel", **COMMODITY)
    buys(org, group, 500.0)
    org.contract(bound, 200, -100)
    texts = {name: audit["text"] for name, audit in org.score().account_audit.items()}
    assert (texts["group"], texts["member"], texts["bound member"]) == (
        "keep_ideal",
        "keep_transactional",
        "keep_ideal",
    )


def audits_parent(audits, name):
    return next(n for n, a in audits.items() if a["account"] == audits[name]["family"])


def test_a_random_part_of_the_acts_less_changes_no_ordinary_stance(book, result):
    kept = list(book.rows["activities"])
    try:
        for draw in range(4):
            chance = random.Random(draw)
            book.rows["activities"] = [row for row in kept if chance.random() >= 0.05]
            rows = book.score().accounts
            moved = {n for n in rows if rows[n]["bothways_stance"] != result.accounts[n]["bothways_stance"]}
            assert not {n for n in moved if n in RIGHT}, draw
    finally:
        book.rows["activities"] = kept


def test_where_only_the_largest_are_logged_the_others_are_not_called_silent(organisation):
    org = organisation.Organisation()
    for n in range(60):
        account = org.account(f"{n:02}", type="Customer", **COMMODITY)
        buys(org, account, 1_000.0 * (60 - n))
        if n < 20:
            for k in range(4):
                talks(org, account, 100 * n + k, days=3 + 7 * k)
    result = org.score()
    assert result.accounts["59"]["bothways_stance"] == "insufficient_evidence"
    assert not result.account_audit["59"]["silence_known"]
    assert result.account_audit["05"]["silence_known"]
    said = ScoringModel.model_validate({"evidence": {"silence": "known"}})
    assert org.score(said).accounts["59"]["bothways_stance"] != "insufficient_evidence"


def test_equal_customers_are_nobodys_giant_and_three_are(organisation):
    for count, expected in ((12, False), (3, True)):
        org = organisation.Organisation()
        for n in range(count):
            account = org.account(f"{n}", type="Customer", **COMMODITY)
            buys(org, account, 1_000.0)
            for k in range(8):
                talks(org, account, 100 * n + k, days=3 + 7 * k)
            org.meeting(account, "outbound", 9, 30)
        rows = org.score().accounts
        assert {row["bothways_stance"] == "protect" for row in rows.values()} == {expected}, rows["0"]


def test_no_prospects_are_made_where_sales_are_not_recorded_or_are_elsewhere(organisation):
    org = organisation.Organisation()
    for n in range(10):
        talks(org, org.account(f"{n}"), n, days=5)
    assert "prospect" not in {row["bothways_stance"] for row in org.score().accounts.values()}
    for n in range(4):
        buys(org, org.account(f"sold {n}", type="Customer"))
        org.account(f"elsewhere {n}", type="Customer - Direct")
        org.account(f"stage {n}", lifecycle_stage="customer")
        org.account(f"lead {n}", lifecycle_stage="lead")
        org.case(org.account(f"raised {n}"), 400)
    rows = org.score().accounts
    told = {name.rstrip("0123456789 ") for name, row in rows.items() if row["bothways_stance"] == "prospect"}
    # the ten of before, whom nobody calls customers, and the leads; a case of theirs would make customers of them, were
    # their need known: so it must not take their advice away
    assert told == {"lead", "raised", ""}


def test_a_deal_made_after_the_talks_is_not_said_to_have_none_on_record(organisation):
    """People create a deal when its talks are over and put the mails on it: they stand on the deal's timeline, before
    its life (HubSpot, "Associate activities with records"; Salesforce, Task.WhatId). What is said must be true of both.
    """
    org = organisation.Organisation()
    account = org.account("A", type="Customer", **COMMODITY)
    buys(org, account, 1_000.0)
    late = org.deal(account, 100.0, -30, created=2, name="late", owner=1, probability=0.5)
    org.deal(account, 100.0, -30, created=2, name="bare", owner=1, probability=0.5)
    for days in (20, 12, 5):
        org.meeting(account, "outbound", days, 60, opportunity=late)
    rows = org.score(deals=True).deals
    assert {rows[name]["bothways_deal_reciprocity_balance"] for name in ("late", "bare")} == {None}
    for name in ("late", "bare"):
        assert "no activity since this deal was created" in rows[name]["bothways_deal_top_drivers"]
