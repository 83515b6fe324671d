"""Minutes per act, who counts and who does not (formulas 3.3 of docs/the-scores.md)."""

from __future__ import annotations

import pytest

ACTS = {
    "our mail": ("email", "outbound", {}, (5, 0)),
    "their mail": ("email", "inbound", {}, (0, 5)),
    "call": ("call", "outbound", {"minutes": 20, "seller_people": 2, "customer_people": 3}, (45, 60)),
    "call missed by them": ("call", "outbound", {"outcome": "not_connected", "minutes": 3}, (7, 0)),
    "call missed by us": ("call", "inbound", {"outcome": "not_connected"}, (0, 7)),
    "call, nobody knows by whom": ("call", None, {"minutes": 20}, (20, 20)),
    "meeting": ("meeting", "outbound", {"minutes": 30, "seller_people": 3, "customer_people": 2}, (105, 60)),
    "meeting of theirs": ("meeting", "inbound", {"minutes": 30}, (30, 45)),
    "meeting, nobody named": ("meeting", None, {"minutes": 30, "customer_people": 0}, (30, 30)),
    "no-show": ("meeting", "outbound", {"minutes": 30, "outcome": "no_show"}, (30, 0)),
    "no-show at their meeting": ("meeting", "inbound", {"minutes": 30, "outcome": "no_show"}, (15, 15)),
    "our case reply": ("case_reply", "outbound", {}, (5, 0)),
    "their case reply": ("case_reply", "inbound", {}, (0, 5)),
    "an endless meeting": ("meeting", "outbound", {"minutes": 2000}, (480, 480)),
    "our message": ("message", "outbound", {}, (3, 0)),
    "their message": ("message", "inbound", {}, (0, 3)),
    "from a machine of theirs": ("email", "inbound", {"sender": "noreply"}, (0, 0)),
    "from a machine of ours": ("email", "outbound", {"sender": "notifications"}, (0, 0)),
    "from a desk of theirs": ("email", "inbound", {"sender": "orders"}, (0, 5)),
    "automated": ("email", "outbound", {"automated": True}, (0, 0)),
    "bounced": ("email", "outbound", {"outcome": "bounced"}, (0, 0)),
    "scheduled": ("meeting", "outbound", {"minutes": 30, "outcome": "scheduled"}, (0, 0)),
    "internal": ("email", "internal", {}, (0, 0)),
    "note": ("note", "outbound", {}, (0, 0)),
}


def spent(org, model=None):
    """Undecayed minutes of the last 90 days by account: (seller, customer)."""
    audit = org.score(model).account_audit
    return {name: (row["recent_seller"] or 0.0, row["recent_customer"] or 0.0) for name, row in audit.items()}


def test_minutes_of_each_kind_of_act(organisation):
    org = organisation.Organisation()
    for user, (name, (channel, direction, values, _)) in enumerate(ACTS.items()):
        org.act(org.account(name), channel, direction, 10, seller_user=user, **values)
    assert spent(org) == {name: expected for name, (*_, expected) in ACTS.items()}


def test_a_case_raised_by_them_is_ten_minutes_of_theirs_and_their_initiation(organisation):
    org = organisation.Organisation()
    org.case(org.account("A"), 10)
    row = org.score().account_audit["A"]
    assert (row["recent_seller"], row["recent_customer"], row["initiated_customer"]) == (0.0, 10.0, 1)


def test_reading_our_mail_counts_once_they_answer_the_thread(organisation):
    org = organisation.Organisation()
    silent, answered = org.account("silent"), org.account("answered")
    org.email(silent, "outbound", 10, thread=1)
    org.email(answered, "outbound", 10, thread=2)
    org.email(answered, "inbound", 9, thread=2)
    assert spent(org) == {"silent": (5, 0), "answered": (7.5, 7.5)}


@pytest.mark.parametrize(
    ("thread", "expected"),
    [
        # (side, ...) oldest first: minutes of ours, of theirs
        ("ii", (0, 10)),  # nobody knows that we read what we never answered
        ("oo", (10, 0)),
        ("io", (7.5, 7.5)),  # we answered: we read the question; they read the answer to it
        ("iio", (10, 12.5)),
        ("ioo", (12.5, 7.5)),  # what comes after the answer may be unread
        ("ioi", (10, 12.5)),
        ("oii", (7.5, 12.5)),
        ("iioi", (12.5, 17.5)),
    ],
)
def test_a_side_reads_what_it_goes_on_to_answer_and_the_answer_to_its_own_question(organisation, thread, expected):
    """At one second too: then the order of their keys counts. The other way round it is the same from the other
    side.
    """
    org = organisation.Organisation()
    turn = {"i": "inbound", "o": "outbound"}
    for name, step in (("apart", 0.01), ("at once", 0.0)):
        for way in (1, -1):
            account = org.account(f"{name} {way}")
            for n, side in enumerate(thread):
                other = side if way == 1 else {"i": "o", "o": "i"}[side]
                org.email(account, turn[other], 10 - n * step, thread=account)
    found = spent(org)
    assert found == {f"{name} {way}": expected[::way] for name in ("apart", "at once") for way in (1, -1)}


def test_ignored_mail_is_neglect_and_questions_that_are_answered_are_not(organisation):
    org = organisation.Organisation()
    ignored, asking, asked = (org.account(name) for name in ("ignored", "asking", "asked"))
    for n in range(6):
        org.email(ignored, "inbound", 0.01 + n / 1000, thread=n)
    for n in range(25):
        for account, first, then in ((asking, "inbound", "outbound"), (asked, "outbound", "inbound")):
            org.email(account, first, 20.0 + n, thread=100 * account + n)
            org.email(account, then, 19.9 + n, thread=100 * account + n)
    org.lively(org.account("lively"))
    rows = org.score().accounts
    assert rows["ignored"]["bothways_reciprocity_balance"] == pytest.approx(-33.3, abs=0.1)
    for name in ("asking", "asked"):
        assert abs(rows[name]["bothways_reciprocity_balance"]) <= 5


@pytest.mark.parametrize(
    ("logged", "expected"),
    [
        (None, 5),  # the CRM keeps when we replied, and nothing else says so
        ({"days": 9.4}, 5),  # the same reply
        ({"days": 8.4}, 10),  # another one, a day later
        ({"days": 9.4, "direction": "inbound"}, 5),
        ({"days": 9.4, "case": 7}, 10),
    ],
)
def test_our_first_reply_to_a_case_counts_once(organisation, logged, expected):
    org = organisation.Organisation()
    account = org.account("A")
    key = org.case(account, 10, reply=9.5)
    if logged:
        values = {"direction": "outbound", "case": key} | logged
        org.act(account, "case_reply", **values)
    assert spent(org)["A"][0] == expected


def test_nobody_works_more_than_ten_hours_a_day(organisation):
    org = organisation.Organisation()
    one, other = org.account("A"), org.account("B")
    for hour in (0.01, 0.02):
        org.meeting(one, "outbound", 10 + hour, 400)
    org.meeting(other, "outbound", 10.03, 400)
    audit = org.score().account_audit
    assert pytest.approx(audit["A"]["recent_seller"] + audit["B"]["recent_seller"], abs=1e-4) == 600
    assert pytest.approx(audit["A"]["recent_customer"], abs=1e-4) == 600
    assert audit["B"]["recent_customer"] == 400


def test_effort_halves_every_ninety_days_and_ends_after_a_year(organisation):
    org = organisation.Organisation()
    for name, days in (("now", 0), ("quarter", 90), ("half", 180), ("gone", 366)):
        org.meeting(org.account(name), "outbound", days, 60)
    audit = org.score().account_audit
    assert [audit[name]["es"] for name in ("now", "quarter", "half")] == [75, 37.5, 18.75]
    assert audit["gone"]["es"] is None


def test_meetings_counted_once_and_capture_rates_are_explicit(organisation):
    org = organisation.Organisation()
    account = org.account("A")
    org.meeting(account, "outbound", 10, 30, seller_people=3, customer_people=2)
    org.email(account, "inbound", 10)
    assert spent(org, organisation.VARIANT) == {"A": (105, 40)}
