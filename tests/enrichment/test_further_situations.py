"""Situations that nobody wrote the rules for: what an outsider would advise, from the records alone. Both programs, the
scores and the plain reference, must say so.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from beside import beside

from enrichment.inputs import INPUTS
from enrichment.model import ScoringModel

TESTS = Path(__file__).parents[1]
MIDDLING = {"strategic_importance": 0.85, "mission_criticality": 0.85, "non_modularity": 0.85}


class Folk:
    """The accounts: each is added by a line or two that say what happened."""

    def __init__(self, org):
        told = beside("enrichment/test_situations.py")
        self.org, self.talks, self.buys, self.holds = org, told.talks, told.buys, told.holds
        self.stated = {"needed": told.NEEDED, "commodity": told.COMMODITY, "middling": MIDDLING}

    def customer(self, name, kind, parent=None, **bought):
        account = self.org.account(name, parent, type="Customer", industry="Steel", **self.stated[kind])
        self.buys(self.org, account, **bought)
        if kind == "needed":
            self.holds(self.org, account)
        return account

    def gone(self, name):
        return self.customer(name, "commodity", amount=4_000.0, every=45, since=1500, until=330)

    def prospect(self, name):
        return self.org.account(name, type="Prospect", industry="Steel", **self.stated["commodity"])

    def pairs(self, account, count, *, first=None, days=12.0, step=8.0, wait=1.0):
        for n in range(count):
            side = first or ("inbound", "outbound")[n % 2]
            self.talks(self.org, account, 1000 * account + n, days=days + step * n, first=side, wait=wait)

    def mails(self, account, side, count, *, days=14.0, step=4.0, **values):
        for n in range(count):
            self.org.email(account, side, days + step * n, **{"thread": 1000 * account + 500 + n} | values)


def effort(org, folk):
    for kind in ("needed", "commodity"):
        a = folk.customer(f"{kind}, 20 mails answered by phone", kind)
        folk.mails(a, "inbound", 20, step=3)
        for n in range(20):
            org.call(a, "outbound", 13.2 + 3 * n, 10)
    a = folk.customer("new person writes thrice", "needed")
    folk.pairs(a, 8)
    folk.mails(a, "inbound", 3, person=77)
    a = folk.customer("needed, stopped writing", "needed")
    folk.pairs(a, 10, days=130)
    folk.mails(a, "outbound", 15)
    a = folk.customer("all through a shared inbox", "needed")
    for n in range(10):
        for side, days in (("inbound", 8 + 8 * n), ("outbound", 7.2 + 8 * n)):
            org.email(a, side, days, thread=1000 * a + n, person=None)
    a = folk.customer("meets us only", "needed")
    for n in range(8):
        org.meeting(a, "inbound", 6 + 10 * n, 60)
    a = folk.customer("texts only", "needed")
    for n in range(10):
        for side, days in (("inbound", 8 + 8 * n), ("outbound", 7.5 + 8 * n)):
            org.act(a, "message", side, days, thread=1000 * a + n)
    a = folk.customer("rings only", "commodity")
    for n in range(12):
        org.call(a, "inbound", 4 + 6 * n, 8)
    a = folk.customer("rang ten times, not reached", "needed")
    for n in range(10):
        org.call(a, "inbound", 4 + 5 * n, None, outcome="not_connected")
    a = folk.customer("no-shows", "commodity", amount=2_000.0, every=150)
    for n in range(6):
        org.meeting(a, "outbound", 4 + 12 * n, 60, outcome="no_show")
    a = folk.customer("newsletters", "commodity")
    folk.mails(a, "outbound", 20, days=2, automated=True)
    a = folk.customer("does more", "middling")
    folk.pairs(a, 8)
    for n in range(16):
        org.call(a, "inbound", 5 + 5 * n, 5)
    a = folk.customer("hardly answers", "commodity")
    folk.mails(a, "outbound", 20, days=2)


def cases(org, folk):
    for name, count, wait in (("a day", 12, 1), ("three business days", 140, 4)):
        a = folk.customer(f"cases answered after {name}", "needed")
        for n in range(count):
            org.case(a, 14 + 0.55 * n, reply=14 + 0.55 * n - wait)
    a = folk.customer("half of the cases answered", "needed")
    for n in range(60):
        org.case(a, 14 + 1.2 * n, reply=(13 + 1.2 * n) if n % 2 else None)


def commerce(org, folk):
    for kind in ("needed", "commodity"):
        a = folk.customer(f"{kind}, contract ended last week", kind)
        org.rows["contracts"] = [row for row in org.rows["contracts"] if row["account"] != a]
        org.contract(a, 371, 6)
        folk.pairs(a, 8)
    a = folk.prospect("pilot at no charge")
    org.deal(a, 0.0, 40, won=True)
    folk.pairs(a, 6)
    a = org.account("refunded", type="Customer", industry="Steel", **folk.stated["commodity"])
    org.deal(a, 10_000.0, 100, won=True)
    org.deal(a, -10_000.0, 80, won=True)
    folk.pairs(a, 5)
    a = folk.customer("quiet, renewal open", "middling", every=60, since=1000, until=400)
    org.deal(a, 20_000.0, -20, created=90, probability=0.4)
    folk.mails(a, "outbound", 5, step=10)
    a = folk.customer("quiet, still uses ours", "middling", every=60, since=1000, until=500)
    org.asset(a)
    a = folk.customer("late deal, no answers", "commodity", amount=2_000.0, every=150)
    deal = org.deal(a, 30_000.0, -10, created=80, probability=0.8)
    folk.mails(a, "outbound", 20, days=2, opportunity=deal)
    holding = org.account("holding", type="Customer", industry="Steel", **folk.stated["needed"])
    folk.customer("its plant that buys", "needed", parent=holding)
    a = org.account("its office that talks", holding, type="Customer", industry="Steel", **folk.stated["needed"])
    folk.pairs(a, 12, days=4, step=6)


def gone(org, folk):
    folk.gone("gone, nobody asked")
    for name, count in (("met last month", 1), ("met three times", 3)):
        a = folk.gone(f"gone, {name}")
        for n in range(count):
            org.meeting(a, "outbound", 25 + 20 * n, 60)
    a = folk.gone("gone, rung thrice")
    for n in range(3):
        org.call(a, "outbound", 5 + 9 * n, None, outcome="not_connected")
    a = folk.gone("gone, wrote five times")
    folk.mails(a, "inbound", 5)
    a = folk.prospect("turned us down, wrote six times")
    org.deal(a, 40_000.0, 60, won=False, created=200)
    folk.mails(a, "inbound", 6)
    a = folk.prospect("open deal, answers")
    org.deal(a, 50_000.0, -20, created=90, probability=0.5)
    folk.pairs(a, 6, first="outbound")
    a = folk.prospect("open deal, stopped answering")
    org.deal(a, 50_000.0, -20, created=150, probability=0.5)
    folk.pairs(a, 1, first="outbound", days=140)
    folk.mails(a, "outbound", 15, days=4, step=5)


RIGHT = {
    "needed, 20 mails answered by phone": ("build_close", "build_close"),
    "commodity, 20 mails answered by phone": ("keep_transactional", "keep_transactional"),
    "new person writes thrice": ("build_close", "build_close"),
    "needed, stopped writing": ("build_close", "build_close_one_sided"),
    "all through a shared inbox": ("build_close", "build_close"),
    "meets us only": ("build_close", "build_close"),
    "texts only": ("build_close", "build_close"),
    "rings only": ("keep_transactional", "keep_transactional"),
    "rang ten times, not reached": ("respond", "respond"),
    "no-shows": ("rebalance", "rebalance"),
    "newsletters": ("keep_transactional", "keep_ideal"),
    "does more": ("maintain", "maintain_theirs"),
    "hardly answers": ("rebalance", "rebalance"),
    "cases answered after a day": ("build_close", "build_close"),
    "cases answered after three business days": ("build_close", "build_close"),
    "half of the cases answered": ("respond", "respond"),
    "needed, contract ended last week": ("maintain", "maintain"),
    "commodity, contract ended last week": ("keep_transactional", "keep_transactional"),
    "pilot at no charge": ("keep_transactional", "keep_transactional"),
    "refunded": ("keep_transactional", "keep_transactional"),
    "quiet, renewal open": ("maintain", "maintain_ours"),
    "quiet, still uses ours": ("maintain", "maintain_silent"),
    "late deal, no answers": ("keep_transactional", "keep_unanswered"),
    "holding": ("build_close", "build_close"),
    "its plant that buys": ("build_close", "build_close"),
    "its office that talks": ("build_close", "build_close"),
    "gone, nobody asked": ("lapsed", "lapsed_unasked"),
    "gone, met last month": ("lapsed", "lapsed"),
    "gone, met three times": ("lapsed", "lapsed"),
    "gone, rung thrice": ("lapsed", "lapsed_chased"),
    "gone, wrote five times": ("respond", "respond_counted"),
    "turned us down, wrote six times": ("respond", "respond_counted"),
    "open deal, answers": ("prospect", "prospect_open"),
    "open deal, stopped answering": ("prospect", "prospect_stop"),
}
ENDED = "contract ended 6 d ago, no other since"


@pytest.fixture(scope="module")
def book(organisation):
    org = organisation.Organisation()
    beside("enrichment/test_situations.py").ordinary(org, random.Random(5))
    folk = Folk(org)
    for part in (effort, cases, commerce, gone):
        part(org, folk)
    return org


@pytest.fixture(scope="module")
def result(book):
    return book.score()


def test_every_situation_gets_its_right_answer(result):
    found = {n: (result.accounts[n]["bothways_stance"], result.account_audit[n]["text"]) for n in RIGHT}
    assert found == RIGHT
    assert beside("enrichment/claims.py").untrue(result.accounts, result.account_audit) == []


def test_the_reference_gives_the_same_advice_for_the_same_figures(book, result):
    if str(TESTS) not in sys.path:
        sys.path.append(str(TESTS))
    from oracle.reference import Reference

    tables = {n: pa.Table.from_pylist(book.rows[n], schema=schema).to_pylist() for n, schema in INPUTS.items()}
    told = Reference(tables, book.as_of, ScoringModel()).account_rows()
    assert {n: (told[n]["bothways_stance"], told[n]["_why"]["text"]) for n in RIGHT} == RIGHT
    for name, row in told.items():
        said = result.accounts[name]["bothways_top_drivers"].removeprefix("judged with its group; ")
        assert said.startswith("; ".join(row["_why"]["begins"])), name


def test_reasons_of_these_situations_are_those_of_their_advice(result):
    def reasons(name):
        return result.accounts[name]["bothways_top_drivers"]

    assert reasons("half of the cases answered").startswith("we answered 30 of 60; they spent")
    assert "they spent" in reasons("cases answered after three business days")
    served = result.accounts["cases answered after three business days"]
    assert served["bothways_reciprocity_balance"] <= -30, "what would be neglect, had the cases not been answered"
    assert served["bothways_seller_responsiveness"] < 60
    assert reasons("gone, wrote five times").startswith("we reacted to 0 of 5 threads of theirs in time")
    for name in ("needed", "commodity"):
        assert ENDED in reasons(f"{name}, contract ended last week")
    assert not [n for n in RIGHT if ENDED in reasons(n) and "contract ended" not in n]
    for name in ("met last month", "met three times"):
        assert "none of theirs" not in reasons(f"gone, {name}")
    assert "3 acts of ours since, none of theirs" in reasons("gone, rung thrice")
    office = reasons("its office that talks")
    assert office.startswith("judged with its group; they spent")
    assert "bought nothing" not in office, "what it did not buy itself is not what it is judged by"
    assert result.accounts["late deal, no answers"]["bothways_reclaimable_hours"] == 0
