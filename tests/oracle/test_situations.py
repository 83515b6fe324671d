"""The rules give the advice that each known situation asks for: the specification's cases, by the reference alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from oracle.situations import AS_OF, Advice, Town

SILENT = ("maintain_silent", "build_close_silent", "keep_unknown", "keep_ideal")


@pytest.fixture(scope="module")
def town() -> dict[str, Advice]:
    """Situations that do not disturb each other, in one town."""
    t = Town()
    t.needed("Hospital")
    t.mails("Hospital", "inbound", 42, 1, 2)
    t.mails("Hospital", "outbound", 3, 20, 20)
    for k in range(10):
        t.act("Hospital", "call", "inbound", 3 + 8 * k, minutes=10.0)
    for name, count in (("Needed unheard", 90), ("Bolts unheard", 45)):
        t.needed(name) if name == "Needed unheard" else t.account(name)
        t.monthly(name, 3_000)
        t.mails(name, "inbound", count, 1, 1.9)
    for name, reply in (("Answered cases", 0.9), ("Backlog", None)):
        t.account(name)
        t.monthly(name, 9_000)
        for k in range(80):
            t.case(name, 2 + k, reply)
    for name, way in (("They ring", "inbound"), ("We ring", "outbound")):
        t.account(name)
        t.monthly(name, 9_000, family="Care")
        for k in range(20):
            t.act(name, "call", way, 2 + 4 * k, minutes=5.0)
    t.account("Courted bank")
    t.buy("Courted bank", 3_000, 40)
    t.buy("Courted bank", 3_000, 420)
    t.mails("Courted bank", "outbound", 43, 2, 2)
    t.mails("Courted bank", "inbound", 2, 30, 20)
    for k in range(9):
        t.act("Courted bank", "meeting", "outbound", 5 + 9 * k, minutes=60.0, seller_people=2)
    t.needed("Mutual", 140_000)
    for k in range(18):
        t.exchange("Mutual", 12 + 5 * k, ("inbound", "outbound")[k % 2])
    t.account("Never bought", type="Prospect")
    t.deal("Never bought", 500_000, -40, "Turbine", probability=0.4)
    for k in range(7):
        t.exchange("Never bought", 5 + 7 * k, "outbound")
    t.account("Lost prospect", type="Prospect")
    t.deal("Lost prospect", 90_000, 120, "Turbine", is_closed=True)
    t.exchange("Lost prospect", 150, "outbound")
    t.mails("Lost prospect", "outbound", 19, 4, 5)
    t.account("Slow prospect", type="Prospect")
    t.mails("Slow prospect", "outbound", 10, 2, 4)
    for k in range(3):
        t.act("Slow prospect", "meeting", "outbound", 6 + 12 * k, minutes=30.0)
    t.account("Once")
    t.buy("Once", 4_000, 425)
    for name in ("Five good years", "The same, unasked"):
        t.account(name)
        for k in range(40):
            t.buy(name, 15_000, 335 + 45 * k)
        t.exchange(name, 340, "outbound")
    t.mails("Five good years", "outbound", 13, 10, 22)
    t.account("Churned")
    t.monthly("Churned", 14_000, 20, newest=260)
    t.contract("Churned", 970, 240)
    t.deal("Churned", 160_000, 240, "Bolts", is_closed=True)
    t.exchange("Churned", 270, "outbound")
    t.mails("Churned", "outbound", 12, 5, 15)
    t.account("Back again")
    t.monthly("Back again", 9_000, 12, newest=400)
    t.mails("Back again", "inbound", 1, 0.2, 1)
    t.account("New")
    t.buy("New", 60_000, 14, "Turbine")
    t.contract("New", 14, -716)
    t.asset("New", "Turbine")
    t.mails("New", "outbound", 14, 0.5, 1)
    t.mails("New", "inbound", 3, 1, 3)
    for k in range(3):
        t.act("New", "meeting", "outbound", 3 + 4 * k, minutes=90.0, seller_people=2, customer_people=3)
    for name in ("Web shop", "Newsletter", "One mail 100", "One mail 300"):
        t.account(name)
        t.monthly(name, 1_500)
    for k in range(29):
        t.act("Newsletter", "email", "outbound", 3 + 9 * k, automated=True)
    t.mails("One mail 100", "inbound", 1, 100, 1)
    t.mails("One mail 300", "inbound", 1, 300, 1)
    t.account("Holding")
    t.account("Plant", "Holding")
    t.monthly("Plant", 25_000, family="Turbine")
    t.contract("Plant", 200, -500)
    t.asset("Plant", "Turbine")
    for k in range(15):
        t.exchange("Holding", 3 + 6 * k, "outbound")
    t.account("Ignored holding")
    t.account("Ignored plant", "Ignored holding")
    t.monthly("Ignored plant", 25_000, family="Turbine")
    t.mails("Ignored holding", "inbound", 60, 1, 1.4)
    t.needed("Utility")
    t.mails("Utility", "outbound", 44, 1, 2)
    t.mails("Utility", "inbound", 2, 30, 20)
    for n, (count, after) in enumerate(((20, 1), (25, 5))):
        t.account(f"In the thread {n}")
        t.account(f"In new ones {n}")
        for name in (f"In the thread {n}", f"In new ones {n}"):
            t.monthly(name, 9_000)
        for k in range(count):
            t.exchange(f"In the thread {n}", 8 + 3 * k, "inbound", after)
        t.mails(f"In new ones {n}", "inbound", count, 8, 3)
        t.mails(f"In new ones {n}", "outbound", count, 8 - after, 3)
    t.account("Ignored long ago")
    t.monthly("Ignored long ago", 9_000)
    t.mails("Ignored long ago", "inbound", 25, 290, 1)
    for k in range(20):
        t.exchange("Ignored long ago", 10 + 9 * k, "inbound")
    t.account("Confirmations")
    t.monthly("Confirmations", 9_000)
    t.mails("Confirmations", "inbound", 7, 3, 9, sender="noreply")
    t.needed("Silent and needed")
    return t.advice()


def test_those_who_reach_out_unheard_are_answered(town):
    for name in ("Hospital", "Needed unheard", "Bolts unheard", "Backlog"):
        assert town[name].stance == "respond", name
    assert (town["Hospital"].case.unanswered, town["Hospital"].case.due) == (22, 37)  # 3 of ours answer 5 mails each
    assert town["Backlog"].case.unanswered == town["Backlog"].case.due == 71
    assert not [n for n, a in town.items() if n.startswith("Ordinary") and a.stance == "respond"]


def test_those_who_are_answered_are_not_called_unheard(town):
    assert town["Answered cases"].stance in ("maintain", "keep_transactional")
    assert town["Answered cases"].reciprocity_balance <= -30
    assert town["Answered cases"].seller_responsiveness >= 60
    for name in ("In the thread 0", "In the thread 1", "In new ones 0", "In new ones 1", "Ignored long ago"):
        assert town[name].stance != "respond", name
        assert town[name].case.unanswered == 0, name


def test_it_matters_who_rings(town):
    they, we = town["They ring"], town["We ring"]
    assert they.reciprocity_balance < -15
    assert we.reciprocity_balance > 15
    assert they.customer_initiation_share > 70
    assert we.customer_initiation_share < 15
    assert we.row["_why"] != they.row["_why"]


def test_much_effort_on_somebody_who_does_not_want_it(town):
    bank = town["Courted bank"]
    assert bank.stance == "rebalance"
    assert bank.reclaimable_hours > 0.8 * bank.seller_effort_hours


def test_both_depend_on_each_other(town):
    assert 0.09 < town["Mutual"].case.share < 0.4
    assert town["Mutual"].stance == "partner"


def test_prospects(town):
    assert (town["Never bought"].stance, town["Never bought"].text) == ("prospect", "prospect_open")
    assert (town["Lost prospect"].stance, town["Lost prospect"].text) == ("prospect", "prospect_stop")
    assert town["Lost prospect"].reclaimable_hours > 0
    assert (town["Slow prospect"].stance, town["Slow prospect"].text) == ("prospect", "prospect")


def test_lapsed_customers(town):
    texts = {
        n: (town[n].stance, town[n].text) for n in ("Five good years", "The same, unasked", "Churned", "Back again")
    }
    assert texts == {
        "Five good years": ("lapsed", "lapsed_chased"),
        "The same, unasked": ("lapsed", "lapsed_unasked"),
        "Churned": ("lapsed", "lapsed_lost"),
        "Back again": ("lapsed", "lapsed_back"),
    }
    assert town["Once"].stance == "lapsed"


def test_a_new_customer_is_left_in_peace(town):
    assert town["New"].stance in ("maintain", "build_close")


def test_silence_that_is_known(town):
    for name in ("Web shop", "Newsletter", "One mail 100", "One mail 300", "Confirmations"):
        assert (town[name].stance, town[name].text) == ("keep_transactional", "keep_ideal"), name
        assert town[name].reciprocity_balance is None
    for name in ("One mail 100", "One mail 300"):
        assert town[name].confidence >= town["Web shop"].confidence
    assert town["Confirmations"].customer_effort_hours == 0
    assert (town["Silent and needed"].stance, town["Silent and needed"].text) == ("build_close", "build_close_silent")


def test_a_family_is_judged_together(town):
    plant, holding = town["Plant"], town["Holding"]
    assert plant.stance == holding.stance
    assert plant.stance in ("maintain", "build_close", "partner")
    assert (plant.reciprocity_balance, plant.seller_effort_hours) == (None, 0)
    assert plant.customer_dependence is not None
    assert holding.customer_dependence is not None
    assert town["Ignored holding"].stance == "respond"
    assert town["Ignored plant"].stance != "respond"
    assert town["Ignored plant"].text not in SILENT


def test_we_do_most_of_the_reaching(town):
    assert (town["Utility"].stance, town["Utility"].text) == ("build_close", "build_close_one_sided")


@pytest.mark.parametrize("open_deal", [False, True])
def test_a_giant(open_deal):
    """A fifth of the revenue: partner or protect; with most of the pipeline, a commodity and rivals: protect."""
    t = Town()
    t.account("Giant")
    t.monthly("Giant", 123_000)
    if open_deal:
        deal = t.deal("Giant", 900_000, -40, "Bolts", probability=0.5)
        t.rivals("Giant", deal, "Acme", "Bolt", "Cord")
        t.deal("Ordinary 3", 550_000, -40, "Bolts", probability=0.5)
    for k in range(12):
        t.exchange("Giant", 4 + 7 * k, "outbound")
    giant = t.advice()["Giant"]
    assert 0.19 < giant.case.share < 0.24
    assert giant.stance in (("protect",) if open_deal else ("partner", "protect"))


@pytest.mark.parametrize(("customers", "found"), [(12, 0), (3, 3)])
def test_equal_customers(customers, found):
    t = Town(0)
    for n in range(customers):
        t.account(f"Equal {n}")
        t.monthly(f"Equal {n}", 20_000)
        for k in range(12):
            t.exchange(f"Equal {n}", 4 + 7 * k, ("inbound", "outbound")[k % 2])
    told = t.advice()
    assert all(a.row["bothways_seller_dependence"] >= 60 for a in told.values())
    assert sum(a.stance == "protect" for a in told.values()) == found


def test_seasons_are_no_lapses():
    """Yearly, January and April-to-September buyers, at the start of each month of a year."""
    t = Town(6)
    t.account("January")
    for name in ("Yearly", "Summer"):
        t.account(name)
    for year in range(5):
        for day in (172, 165):  # about New Year before the as-of
            t.buy("January", 5_000, day + 365 * year)
        t.buy("Yearly", 9_000, 100 + 365 * year)
        for month in range(6):
            t.buy("Summer", 4_000, 90 + 30 * month + 365 * year)
    rows = t.rows["opportunities"]
    for month in range(12):
        as_of = AS_OF - timedelta(days=30 * month)
        t.rows["opportunities"] = [r for r in rows if r["created_at"] <= as_of]
        told = t.advice(as_of=as_of)
        assert not [n for n in ("January", "Yearly", "Summer") if told[n].case.lifecycle == "lapsed"], as_of


def test_small_accounts_of_whom_nothing_is_logged_are_not_called_silent():
    t = Town(40, logged=False)
    sizes = {n: sum(r["amount"] for r in t.rows["opportunities"] if r["account"] == k) for n, k in t.keys.items()}
    for name in sorted(sizes, key=lambda n: -sizes[n])[:13]:
        for k in range(10):
            t.exchange(name, 4 + 8 * k, ("inbound", "outbound")[k % 2])
    told = t.advice()
    small = sorted(sizes, key=lambda n: sizes[n])[:13]
    assert {told[n].stance for n in small} == {"insufficient_evidence"}


def test_nobody_is_a_prospect_where_sales_are_not_recorded():
    t = Town(30, sales=False)
    assert not [n for n, a in t.advice().items() if a.case.lifecycle == "prospect"]


def test_customers_who_buy_elsewhere_are_no_prospects():
    t = Town(30)
    for n in range(20):
        t.account(f"Elsewhere {n}")
        t.exchange(f"Elsewhere {n}", 30, "inbound")
    assert not [n for n, a in t.advice().items() if a.case.lifecycle == "prospect"]
