"""Index and balance, initiations, answers in business hours, and what activity cannot say."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import ibis
import pytest

from enrichment.expressions import business_seconds, half_even, hill, month
from enrichment.scores.reciprocity import balance, index


def at(value):
    return ibis.literal(float(value))


def real(expression):
    return duckdb.sql(ibis.to_sql(expression, dialect="duckdb")).fetchall()[0][0]


@pytest.mark.parametrize(
    ("seller", "customer", "expected"),
    [(120, 20, (50.0, 20.0)), (600, 560, (3.3, 91.8)), (5, 0, (7.7, 0.0)), (0, 0, (0.0, 0.0))],
)
def test_worked_values_of_index_and_balance(seller, customer, expected):
    found = balance(at(seller), at(customer), 30), index(at(seller), at(customer), 30)
    assert tuple(real(half_even(value)) for value in found) == expected


def test_a_sum_of_pseudo_minutes_is_monotone_where_a_factor_is_not():
    """The counter-example of a balance multiplied by n / (n + kappa): one more minute of ours must not lower it."""
    assert real(balance(at(1), at(100), 30)) > real(balance(at(0), at(100), 30))


@pytest.mark.parametrize(
    ("value", "expected"), [(0.25, 0.2), (0.35, 0.4), (-0.25, -0.2), (2.675, 2.7), (-0.04, 0.0), (99.95, 100.0)]
)
def test_half_even_rounding(value, expected):
    found = real(half_even(at(value)))
    assert (found, str(found)) == (expected, str(expected))


def test_hill_is_zero_at_zero_half_at_its_point_and_flat_below():
    assert [real(hill(at(x), 0.1)) for x in (-5, 0, 0.1)] == [0.0, 0.0, 0.5]


@pytest.mark.parametrize("moment", [(2026, 1, 1), (2024, 2, 29), (2025, 12, 31), (1999, 3, 1), (2100, 2, 28)])
def test_calendar_month_by_integers(moment):
    second = int(datetime(*moment, 23, 59, 59, tzinfo=UTC).timestamp())
    assert real(month(ibis.literal(second, "int64"))) == moment[0] * 12 + moment[1] - 1


@pytest.mark.parametrize(
    ("sent", "reply", "offset", "hours"),
    [
        ((2026, 6, 1, 10), (2026, 6, 1, 15), 0, 5),
        ((2026, 6, 1, 16), (2026, 6, 2, 10), 0, 2),  # over night
        ((2026, 6, 5, 16), (2026, 6, 8, 10), 0, 2),  # over the weekend
        ((2026, 6, 6, 12), (2026, 6, 7, 12), 0, 0),  # within it
        ((2026, 6, 1, 22), (2026, 6, 1, 23), -420, 1),  # 15 to 16 o'clock in California
        ((2026, 6, 1, 8), (2026, 6, 15, 8), 0, 80),
    ],
)
def test_business_hours_between_two_instants(sent, reply, offset, hours):
    def clock(moment):
        second = ibis.literal(int(datetime(*moment, tzinfo=UTC).timestamp()), "int64")
        return business_seconds(second, ibis.literal(offset, "int64"), 9, 8)

    assert real(clock(reply) - clock(sent)) == hours * 3600


def test_answers_are_timed_in_the_zone_of_the_one_who_answers(organisation):
    org = organisation.Organisation()  # as of Tuesday 12:00 UTC
    account = org.account("A")
    for n in range(4):
        days = 21 + 7 * n  # Tuesdays at 12:00
        org.email(account, "outbound", days, thread=n, customer_offset=120, seller_offset=0)
        org.email(account, "inbound", days - 2 / 24, thread=n, customer_offset=120, seller_offset=0)
        org.email(account, "outbound", days - 26 / 24, thread=n, customer_offset=120, seller_offset=0)
    row = org.score().accounts["A"]
    assert row["bothways_customer_reply_hours"] == 2.0  # 14 to 16 o'clock there
    assert row["bothways_seller_reply_hours"] == 8.0  # 14 o'clock here to the same time next day
    # every message of ours was due an answer; the last of each thread got none: (4 g + 4 m) / 12 with m = 4 g / 8
    g = 2 ** (-2 / 24)
    assert row["bothways_customer_responsiveness"] == pytest.approx(100 * (4 * g + 4 * g / 2) / 12, abs=0.05)
    assert row["bothways_seller_responsiveness"] == pytest.approx(100 * 2 ** (-8 / 24), abs=0.05)


def test_young_messages_are_left_out_answered_or_not(organisation):
    org = organisation.Organisation()
    account = org.account("A")
    for n in range(5):
        org.email(account, "outbound", 5, thread=n)
        org.email(account, "inbound", 4, thread=n)
    row = org.score().accounts["A"]
    assert row["bothways_customer_responsiveness"] is None
    assert row["bothways_customer_reply_hours"] is None


def test_dates_without_hours_say_nothing_about_waiting(organisation):
    org = organisation.Organisation()
    account = org.account("A")
    for n in range(5):
        org.email(account, "outbound", 40, thread=n, date_only=True)
        org.email(account, "inbound", 39, thread=n)
    result = org.score()
    assert result.account_audit["A"]["asked_customer"] is None or result.account_audit["A"]["asked_customer"] == 0
    assert result.accounts["A"]["bothways_customer_responsiveness"] is None


def test_what_was_done_on_a_case_before_it_was_opened_answers_nothing(organisation):
    """A mail that was put on the case later: it was sent before anybody asked."""
    org = organisation.Organisation()
    answered, unanswered = org.account("answered"), org.account("unanswered")
    for n in range(4):
        for account, days in ((answered, 20 + 7 * n - 1 / 24), (unanswered, 20 + 7 * n + 2)):
            org.act(account, "case_reply", "outbound", days, case=org.case(account, 20 + 7 * n))
    audit = org.score().account_audit
    assert [audit[name]["replies_seller"] for name in ("answered", "unanswered")] == [4, 0]


def test_cases_count_for_our_responsiveness(organisation):
    org = organisation.Organisation()
    account = org.account("A")
    for n in range(3):
        org.case(account, 21 + 7 * n, reply=21 + 7 * n - 1 / 24)
    key = org.case(account, 49)
    org.act(account, "case_reply", "outbound", 49 - 1 / 24, case=key)
    row = org.score().accounts["A"]
    assert row["bothways_seller_reply_hours"] == 1.0
    assert row["bothways_seller_responsiveness"] == pytest.approx(100 * 2 ** (-1 / 24), abs=0.05)


def test_only_the_first_message_of_a_thread_opens_it(organisation):
    org = organisation.Organisation()
    account = org.account("A")
    for n in range(3):
        org.email(account, "inbound", 30 + n, thread=n)
        org.email(account, "outbound", 29 + n, thread=n)
    org.email(account, "outbound", 5)
    org.call(account, "outbound", 5)
    org.meeting(account, None, 5)
    audit = org.score().account_audit["A"]
    assert (audit["initiated_customer"], audit["initiated_seller"]) == (3, 2)


def written(organisation, began: int, answered: int, alone: int = 0):
    """Threads that they began, threads of ours with an answer, mails of ours without one; and calls both ways."""
    org = organisation.Organisation()
    account, number = org.account("A"), iter(range(10_000))
    for start, reply, count in (
        ("inbound", "outbound", began),
        ("outbound", "inbound", answered),
        ("outbound", None, alone),
    ):
        for _ in range(count):
            thread = next(number)
            org.email(account, start, 30, thread=thread)
            if reply:
                org.email(account, reply, 29, thread=thread)
    for day in range(5):
        org.call(account, "outbound", 5 + day)
    org.call(account, "inbound", 4)
    return org.score().accounts["A"]


@pytest.mark.parametrize(
    ("began", "answered", "alone", "known"),
    [
        (0, 20, 0, False),
        (0, 19, 0, True),
        (1, 49, 0, True),
        (1, 60, 0, False),
        (0, 0, 19, True),
        (0, 0, 20, False),
        (2, 0, 300, True),
    ],
)
def test_who_opens_is_unknown_where_customers_own_mail_is_not_logged(organisation, began, answered, alone, known):
    """HubSpot, "Manage contact email logging rules": with *Log replies only* what a customer writes first is absent;
    with an address to put in BCC (HubSpot, "Log email in your CRM with the BCC or forwarding address"; Salesforce,
    "Email to Salesforce") only our own mail is there. On every CRM and in files.
    """
    row = written(organisation, began, answered, alone)
    assert (row["bothways_customer_initiation_share"] is not None) == known
    assert ("they opened" in (row["bothways_top_drivers"] or "")) <= known


def test_our_answers_are_not_discretionary_and_nor_are_mandated_late_or_case_work(organisation):
    org = organisation.Organisation()
    account = org.account("A")
    late = org.deal(account, 10.0, -20, probability=0.8)
    early = org.deal(account, 10.0, -20, probability=0.2)
    case = org.case(account, 30)
    org.email(account, "inbound", 21, thread=1)
    org.email(account, "outbound", 20, thread=1)
    org.meeting(account, "outbound", 20, 60, mandated=True)
    org.meeting(account, "outbound", 19, 60, opportunity=late)
    org.call(account, "outbound", 18, 60, case=case)
    org.meeting(account, "inbound", 17, 60)
    org.meeting(account, "outbound", 16, 60, opportunity=early)
    org.email(account, "outbound", 15, thread=2)
    org.email(account, "outbound", 14, thread=2)
    audit = org.score().account_audit["A"]
    assert audit["discretionary_hours"] == pytest.approx((60 + 15 + 5 + 5) / 60)


def test_an_account_without_activity(organisation):
    org = organisation.Organisation()
    busy, quiet = org.account("busy"), org.account("quiet")
    org.lively(busy)
    for account in (busy, quiet, org.account("another"), org.account("and one more")):  # most are not logged at all
        org.deal(account, 100.0, 10, won=True, family="Pumps")
        org.contract(account, 10, -300)
    row = org.score(organisation.VARIANT).accounts["quiet"]
    empty = ["index", "balance", "vs_book"]
    assert [row[f"bothways_reciprocity_{name}"] for name in empty] == [None] * 3
    assert row["bothways_customer_initiation_share"] is None
    assert row["bothways_seller_responsiveness"] is None
    assert row["bothways_reclaimable_hours"] is None
    assert row["bothways_two_way_contacts"] == 0
    assert row["bothways_stance"] == "insufficient_evidence"
    assert row["bothways_customer_dependence"] is not None
    assert row["bothways_mutual_dependence"] is not None
    assert "no activity recorded in 365 days" in row["bothways_top_drivers"]


def test_an_organisation_without_activity_has_unknown_hours_and_says_so(organisation):
    org = organisation.Organisation()
    org.deal(org.account("A"), 100.0, 10, won=True)
    row = org.score().accounts["A"]
    assert row["bothways_seller_effort_hours"] is None
    assert row["bothways_two_way_contacts"] == 0
    assert "no e-mail, call or meeting data in this organisation" in row["bothways_top_drivers"]


def test_percentile_in_the_book_needs_twenty_peers_of_the_segment(organisation):
    org = organisation.Organisation()
    for n in range(25):
        big = n < 20
        account = org.account(f"{'big' if big else 'small'}{n:02}", industry="Big" if big else "Small")
        for k in range(8):
            org.email(account, "outbound", 1 + k)
        for k in range(n // 2):
            org.email(account, "inbound", 1.5 + k)
    rows = org.score().accounts
    book = [rows[f"big{n:02}"]["bothways_reciprocity_vs_book"] for n in range(20)]
    assert book == [95.0 - 10 * (n // 2) for n in range(20)]  # pairs are tied, the one we chase most on top
    assert rows["small20"]["bothways_reciprocity_vs_book"] is None


def test_people_with_an_act_of_their_own(organisation):
    org = organisation.Organisation()
    account = org.account("A")
    for person in (1, 1, 2):
        org.email(account, "inbound", 100, person=person)
    org.email(account, "outbound", 10, person=3)
    org.email(account, "inbound", 200, person=4)
    org.case(account, 20)  # by person 0
    assert org.score().accounts["A"]["bothways_two_way_contacts"] == 3
