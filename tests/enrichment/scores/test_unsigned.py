"""Acts of which nobody knows who made them: they are no evidence of who does the work, and nothing is concluded from
them."""

from __future__ import annotations

import pytest

from enrichment.explain.explain import explain
from enrichment.model import ScoringModel
from enrichment.words import ENGLISH

EFFORT = ("seller_effort_hours", "customer_effort_hours", "reciprocity_index", "reciprocity_balance")


def customers(org, count=30):
    """Enough customers with mail both ways for the silence of others to be known."""
    for n in range(count):
        account = org.account(f"C{n}", annual_revenue=1e6, mission_criticality=0.5)
        org.deal(account, 20_000.0, 10 + n, won=True)
        org.deal(account, 20_000.0, 200 + n, won=True)
        org.email(account, "inbound", 2 + n)
        org.email(account, "outbound", 3 + n)
        if n < 2:
            org.lively(account)


def buyer(org, name):
    account = org.account(name, annual_revenue=1e6, mission_criticality=0.5)
    org.deal(account, 20_000.0, 20, won=True)
    org.deal(account, 20_000.0, 220, won=True)
    return account


@pytest.fixture(scope="module")
def result(organisation):
    org = organisation.Organisation()
    customers(org)
    chat = buyer(org, "chat")
    for n in range(20):
        org.act(chat, "message", None, 2 + 3 * n, thread=9_000 + n)
    chatted = org.deal(chat, 5_000.0, -20, created=70, probability=0.5, name="chatted", owner=1)
    org.act(chat, "message", None, 5, opportunity=chatted)
    once = buyer(org, "chat long ago")
    org.act(once, "message", None, 200)
    for name, direction in (("half", None), ("whole", "outbound")):
        account = buyer(org, name)
        for n in range(10):
            org.email(account, "inbound" if n % 2 else "outbound", 2 + n)
            org.act(account, "email", direction if n % 2 else direction and "inbound", 2 + n)
    met = buyer(org, "met")
    for n in range(5):
        org.meeting(met, None, 3 + n)
        org.call(met, None, 4 + n)
    answered = buyer(org, "answered by chat")
    for n in range(6):
        org.email(answered, "inbound", 20 + 9 * n, thread=9_500 + n)
        org.act(answered, "message", None, 19 + 9 * n)
    for name, extra in (("prospect", False), ("prospect by chat", True)):
        account = org.account(name, type="Prospect")
        org.deal(account, 100.0, 150, won=False, created=200)
        for n in range(20):
            org.email(account, "outbound", 62 + 2 * n)
        org.deal(account, 100.0, -10, created=60)
        if extra:
            org.act(account, "message", None, 8)
    for name, extra in (("lapsed", 0), ("lapsed by chat", 1), ("stopped buying, still chatting", 3)):
        account = org.account(name, annual_revenue=1e6)
        for days in (500, 560, 620, 680):
            org.deal(account, 20_000.0, days, won=True)
        for n in range(extra):
            org.act(account, "message", None, 30 + n)
    return org.score(deals=True)


def test_effort_made_of_them_alone_is_unknown_and_says_why(result):
    row, audit = result.accounts["chat"], result.account_audit["chat"]

    assert [row[f"bothways_{name}"] for name in EFFORT] == [None] * 4
    assert row["bothways_confidence_effort"] == 0.0
    assert (row["bothways_stance"], audit["text"]) == ("insufficient_evidence", "unknown_direction")
    assert row["bothways_reclaimable_hours"] is None
    assert row["bothways_top_drivers"].startswith("21 messages or calls don't say who made them")
    found = explain(audit, row, ScoringModel())
    assert "21 messages or calls don't say who made them" in found.missing
    assert found.advice == ENGLISH.advice["unknown_direction"]
    assert found.changes == ()


def test_a_deal_with_nothing_else_has_no_effort_either(result):
    row = result.deals["chatted"]

    names = ("reciprocity_index", "reciprocity_balance", "seller_effort_hours", "customer_effort_hours", "momentum")
    assert [row[f"bothways_deal_{name}"] for name in names] == [None] * 5
    assert row["bothways_deal_confidence"] == 0.0
    assert row["bothways_deal_top_drivers"].startswith("1 message or call doesn't say who made it")
    assert explain(result.deal_audit["chatted"], row, ScoringModel()).missing == (
        "1 message or call doesn't say who made it",
    )


def test_beside_known_acts_they_lower_confidence_and_change_no_score(result):
    half, whole = result.accounts["half"], result.accounts["whole"]

    assert half["bothways_reciprocity_balance"] == pytest.approx(whole["bothways_reciprocity_balance"], abs=5)
    assert 0 < half["bothways_confidence_effort"] < 0.6 * whole["bothways_confidence_effort"]


def test_calls_and_meetings_that_took_place_are_the_work_of_both_whoever_asked_for_them(result):
    row = result.accounts["met"]

    assert row["bothways_reciprocity_balance"] == 0.0
    assert row["bothways_confidence_effort"] > 50
    assert row["bothways_stance"] != "insufficient_evidence"


def test_whoever_may_have_written_is_not_silent_has_not_stopped_answering_and_has_not_lapsed(result):
    text = {name: audit["text"] for name, audit in result.account_audit.items()}

    assert result.account_audit["chat long ago"]["by_silence"]  # nothing for 90 days is silence again
    assert not result.account_audit["chat"]["by_silence"]
    assert (text["prospect"], text["prospect by chat"]) == ("prospect_stop", "prospect_open")
    assert (text["lapsed"], text["lapsed by chat"]) == ("lapsed_unasked", "lapsed")
    assert result.account_audit["stopped buying, still chatting"]["lifecycle"] == "customer"


def test_what_may_be_our_answer_is_not_counted_as_none(result):
    audit = result.account_audit["answered by chat"]

    assert (audit["opened_threads"], audit["left_threads"]) == (6, 0)


def test_only_acts_of_a_known_side_are_counted_as_evidence(organisation):
    """Twelve mails on the day of the as-of, half of them without a direction."""
    org = organisation.Organisation()
    account = org.account("A")
    for n in range(12):
        org.email(account, "inbound" if n % 2 else None, 0.001, thread=n)
    audit = org.score().account_audit["A"]
    assert 5.9 < audit["acts"] < 6.1
    assert 5.9 < audit["unsigned_acts"] < 6.1
