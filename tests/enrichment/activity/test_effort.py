"""Minutes per act, who counts and who does not (formulas 3.3 of docs/the-scores.md)."""

from __future__ import annotations

import pytest

ACTS = {
    "our mail": ("email", "outbound", {}, (5, 0)),
    "their mail": ("email", "inbound", {}, (2.5, 5)),
    "call": ("call", "outbound", {"minutes": 20, "seller_people": 2, "customer_people": 3}, (40, 60)),
    "call missed by them": ("call", "outbound", {"outcome": "not_connected", "minutes": 3}, (2, 0)),
    "call missed by us": ("call", "inbound", {"outcome": "not_connected"}, (0, 2)),
    "meeting": ("meeting", "outbound", {"minutes": 30, "seller_people": 3, "customer_people": 2}, (90, 60)),
    "meeting, nobody named": ("meeting", None, {"minutes": 30, "customer_people": 0}, (30, 30)),
    "no-show": ("meeting", "outbound", {"minutes": 30, "outcome": "no_show"}, (15, 0)),
    "our case reply": ("case_reply", "outbound", {}, (5, 0)),
    "their case reply": ("case_reply", "inbound", {}, (0, 5)),
    "an endless meeting": ("meeting", "outbound", {"minutes": 2000}, (480, 480)),
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
    assert [audit[name]["es"] for name in ("now", "quarter", "half")] == [60, 30, 15]
    assert audit["gone"]["es"] is None


def test_meetings_counted_once_and_capture_rates_are_explicit(organisation):
    org = organisation.Organisation()
    account = org.account("A")
    org.meeting(account, "outbound", 10, 30, seller_people=3, customer_people=2)
    org.email(account, "inbound", 10)
    assert spent(org, organisation.VARIANT) == {"A": (92.5, 40)}
