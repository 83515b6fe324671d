"""The reference itself against values worked by hand: the specification's examples and small cases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from oracle.plain import balance, index, rounded
from oracle.situations import AS_OF, Town


def town(*acts: tuple[str, str, float], **values: object) -> Town:
    """One account with acts (channel, direction, days ago)."""
    t = Town(0)
    t.account("Mill")
    t.monthly("Mill", 1000.0)
    for channel, direction, days in acts:
        t.act("Mill", channel, direction, days, **values)
    return t


def minutes(t: Town) -> tuple[float, float]:
    """Ours and theirs of 90 days."""
    hours = t.reference().own[0][1].hours
    return round(hours[0] * 60, 6), round(hours[1] * 60, 6)


@pytest.mark.parametrize(
    ("ours", "theirs", "a11", "a10"), [(120, 20, 50.0, 20.0), (600, 560, 3.3, 91.8), (5, 0, 7.7, 0.0)]
)
def test_reciprocity(ours, theirs, a11, a10):
    assert rounded(balance(ours, theirs, 30)) == a11
    assert rounded(index(ours, theirs, 30)) == a10


def test_nobody_reads_what_nobody_answers():
    t = Town(0)
    t.account("Mill")
    t.mails("Mill", "inbound", 6, 0, 0)
    engagement = t.reference().own[0][1]
    assert (engagement.work.seller, engagement.work.customer) == (0, 30)
    assert rounded(engagement.balance) == -33.3


@pytest.mark.parametrize("first", ["inbound", "outbound"])
def test_a_question_and_its_answer_cost_both_the_same(first):
    t = Town(0)
    t.account("Mill")
    for k in range(25):
        t.exchange("Mill", 2 + k, first, after=0.5)
    assert minutes(t) == (187.5, 187.5)
    assert abs(t.reference().own[0][1].balance) <= 5


@pytest.mark.parametrize(
    ("thread", "expected"),
    [
        ("io", (7.5, 7.5)),  # we wrote later: read; theirs came first after nothing, ours first after theirs
        ("oii", (7.5, 12.5)),  # the first after ours is read, the second is not
        ("oiio", (5 + 2.5 + 2.5 + 5, 5 + 5 + 2.5 + 2.5)),  # now both are
        ("iii", (0, 15)),
        ("oi", (7.5, 7.5)),
    ],
)
def test_reading(thread, expected):
    ways = {"i": "inbound", "o": "outbound"}
    t = town(*(("email", ways[w], 9 - n) for n, w in enumerate(thread)), thread=5)
    assert minutes(t) == expected


def test_opening_costs_the_one_who_opens():
    assert minutes(town(("call", "inbound", 3), minutes=10.0)) == (10, 15)
    assert minutes(town(("call", "outbound", 3), outcome="not_connected")) == (7, 0)
    assert minutes(town(("meeting", "outbound", 3), minutes=60.0)) == (75, 60)
    assert minutes(town(("meeting", "inbound", 3), minutes=60.0, outcome="no_show")) == (30, 15)
    assert minutes(town(("meeting", "outbound", 3), minutes=600.0)) == (480, 480)


@pytest.mark.parametrize(("logged", "ours"), [(None, 5), (0.5, 5), (1.5, 10)])
def test_a_first_reply_that_nobody_logged_counts(logged, ours):
    t = town()
    t.case("Mill", 20, reply=3)
    if logged is not None:
        t.act("Mill", "case_reply", "outbound", 17 - logged, case=0)
    assert minutes(t) == (ours, 10)


@pytest.mark.parametrize("values", [{"automated": True}, {"sender": "no-reply"}, {"sender": "alerts"}])
def test_automatic_messages_count_nothing(values):
    assert minutes(town(("email", "inbound", 3), **values)) == (0, 0)


def test_a_month_with_only_a_contract_counts_half():
    t = Town(0)
    t.account("Runs")
    t.account("Buys")
    t.contract("Runs", 10, -300)
    t.buy("Buys", 100.0, 0.5)
    reference = t.reference()
    runs, buys = (reference.own[k][0].need.components["reliance"] for k in (0, 1))
    assert runs == pytest.approx(0.5 / 2.5)
    assert buys == pytest.approx(1 / 3, abs=1e-3)


def test_a_deal_is_closed_from_its_last_change_of_stage():
    t = Town(0)
    t.account("Early")
    t.deal("Early", 500.0, -30, "Bolts", is_closed=True, is_won=True, stage_changed_at=t.ago(5), created_at=t.ago(50))
    assert t.reference().books.revenue(frozenset({0})) == 500
    before = t.reference(as_of=AS_OF - timedelta(days=6))
    assert before.books.revenue(frozenset({0})) == 0
    assert [d.closed for d in before.books.deals] == [False]


@pytest.mark.parametrize(("lag", "deals", "late"), [(40, 20, True), (40, 19, False), (10, 20, False)])
def test_books_that_are_entered_late(lag, deals, late):
    t = Town(0)
    t.account("Old")
    t.deal("Old", 1.0, 700, "Bolts", created_at=t.ago(720))
    for n in range(deals):
        t.deal("Old", 1.0, 50 + n, "Bolts", is_closed=True, is_won=True, created_at=t.ago(50 + n - lag))
    assert t.reference().books.entered_late is late


def test_an_import_is_no_late_entry():
    t = Town(0)
    t.account("Old")
    for n in range(30):
        t.deal("Old", 1.0, 100 + n, "Bolts", is_closed=True, is_won=True, created_at=t.ago(10))
    assert not t.reference().books.entered_late
