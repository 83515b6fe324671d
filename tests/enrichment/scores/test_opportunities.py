"""Deal fields: effort of a deal's life, momentum, dependence, frozen at the close."""

from __future__ import annotations

from datetime import timedelta

import pytest


def hill(x, h):
    return x / (x + h)


def test_effort_counts_acts_of_the_deal_and_of_its_people_with_its_owner(organisation):
    org = organisation.Organisation()
    account = org.account("A")
    deal = org.deal(account, 100.0, -30, created=100, owner=7, probability=0.5)
    org._add("opportunity_people", opportunity=deal, person=5)
    org.meeting(account, "outbound", 10, 60, opportunity=deal)
    org.meeting(account, "outbound", 120, 60, opportunity=deal)  # before the deal
    org.meeting(account, "inbound", 20, 30, person=5, seller_user=7)  # through its people
    org.meeting(account, "inbound", 20, 30, person=5, seller_user=8)  # not its owner
    org.meeting(account, "inbound", 21, 30, person=6, seller_user=7)  # not its people
    result = org.score(deals=True)
    row = result.deals["D0"]
    assert result.account_audit["A"]["meetings"] == 5  # all are the account's, also what came before the deal
    assert row["bothways_deal_seller_effort_hours"] == 1.8  # 60 and 30, and 15 for opening one
    assert row["bothways_deal_customer_effort_hours"] == 1.8
    assert row["bothways_deal_two_way_contacts"] == 1
    assert row["bothways_deal_days_since_customer_act"] == 20


def test_momentum_compares_their_share_of_two_months_and_needs_an_old_enough_deal(organisation):
    org = organisation.Organisation()
    account = org.account("A")
    old = org.deal(account, 100.0, -30, created=100)
    young = org.deal(account, 100.0, -30, created=44)
    for deal in (old, young):
        org.call(account, "inbound", 10, 0, outcome="not_connected", opportunity=deal)
        org.email(account, "inbound", 12, opportunity=deal)
        org.email(account, "outbound", 40, opportunity=deal)
    rows = org.score(deals=True).deals
    late, before = (12 + 15) / (12 + 30), 15 / (5 + 30)
    assert rows["D0"]["bothways_deal_momentum"] == pytest.approx(100 * (late - before), abs=0.05)
    assert rows["D1"]["bothways_deal_momentum"] is None


def test_dependence_of_a_deal_is_that_of_its_own_families_amount_and_rivals(organisation):
    org = organisation.Organisation()
    account = org.account("A", annual_revenue=100_000.0)
    won = org.deal(account, 1_000.0, 10, won=True, family="Valves")
    org.rival(account, "Other", won)
    org.deal(account, 3_000.0, -20, created=50, probability=0.5, owner=1, family="Pumps")
    org.deal(account, 1_000.0, -20, created=50, probability=0.5, owner=1)
    result = org.score(organisation.VARIANT, deals=True)
    own, bare = result.deal_audit["D1"], result.deal_audit["D2"]
    assert own["mission_criticality_value"] == 0.9  # its pumps
    assert bare["mission_criticality_value"] == 0.2  # no families of its own: the account's valves
    assert own["purchase_burden_value"] == pytest.approx(hill(0.03, 0.01))
    assert own["scarcity_value"] == 1.0  # the rival was on the other deal
    row = result.deals["D1"]
    assert row["bothways_deal_seller_dependence"] == pytest.approx(100 * hill(0.75, 0.25), abs=0.05)
    assert row["bothways_deal_asymmetry"] == pytest.approx(
        row["bothways_deal_customer_dependence"] - row["bothways_deal_seller_dependence"], abs=0.1
    )


def test_quarters_follow_the_fiscal_year_and_the_owner(organisation):
    org = organisation.Organisation()  # 30 June
    account = org.account("A")
    org.deal(account, 100.0, 0, probability=0.5, owner=1)  # this quarter
    org.deal(account, 100.0, -1, probability=0.5, owner=1)  # the next one
    org.deal(account, 300.0, -2, probability=0.5, owner=1)
    org.deal(account, 300.0, -2, probability=0.5, owner=2)
    org.deal(account, 300.0, -2, owner=2)  # no probability: not known
    rows = org.score(deals=True).deals
    found = [rows[f"D{n}"]["bothways_deal_seller_dependence"] for n in range(5)]
    assert found == [80.0, pytest.approx(50.0), pytest.approx(75.0), 80.0, None]


def test_a_closed_deal_stays_as_it_was_at_its_close(organisation):
    def scored(as_of):
        org = organisation.Organisation(as_of)
        org.as_of = organisation.AS_OF
        account = org.account("A")
        deal = org.deal(account, 100.0, 30, won=True, created=120)
        for days in (100, 60, 40, 32, 31):
            org.email(account, "inbound", days, opportunity=deal)
            org.email(account, "outbound", days + 1, opportunity=deal)
        org.meeting(account, "outbound", 20, opportunity=deal)  # after the close
        org.as_of = as_of
        return org.score(deals=True).deals["D0"]

    first = scored(organisation.AS_OF)
    later = scored(organisation.AS_OF + timedelta(weeks=60))
    assert first["bothways_deal_stance"] == "closed"
    assert first["bothways_deal_asof"] == (organisation.AS_OF - timedelta(days=30)).replace(hour=0)
    assert (
        first["bothways_deal_days_since_customer_act"] == 0
    )  # at noon of the day before: half a day before the day of the close
    assert first["bothways_deal_reciprocity_balance"] is not None
    assert later == first


def test_a_deal_that_closes_after_the_as_of_is_open(organisation):
    org = organisation.Organisation()
    org.deal(org.account("A"), 100.0, -5, won=True, created=10)
    result = org.score(deals=True)
    assert result.deals["D0"]["bothways_deal_stance"] == "insufficient_evidence"
    assert result.account_audit["A"]["wins"] == 0


def test_chasing_a_silent_deal(organisation):
    org = organisation.Organisation()
    account = org.account("A")
    deal = org.deal(account, 100.0, -30, created=60, probability=0.5)
    org.lively(account)
    for days in range(1, 15):
        org.email(account, "outbound", days, opportunity=deal)
    row = org.score(deals=True).deals["D0"]
    assert row["bothways_deal_days_since_customer_act"] is None
    assert row["bothways_deal_customer_dependence"] is None
    assert row["bothways_deal_stance"] == "do_not_chase"  # which asks for no dependence


def test_a_deal_without_an_account_still_has_its_effort(organisation):
    org = organisation.Organisation()
    account = org.account("A")
    deal = org.deal(None, 100.0, -30, created=60)
    org.meeting(account, "inbound", 5, opportunity=deal)
    row = org.score(deals=True).deals["D0"]
    assert row["account_id"] is None
    assert row["bothways_deal_customer_effort_hours"] == 1.2
    assert row["bothways_deal_customer_dependence"] is None


def test_an_answer_after_the_close_is_not_read_before_it(organisation):
    org = organisation.Organisation()
    account = org.account("A")
    for thread, answer in enumerate((None, 20, 40)):  # days ago; all close 30 days ago
        deal = org.deal(account, 100.0, 30, won=True, created=120)
        for k in range(4):
            org.email(account, "inbound", 80 + k, opportunity=deal)
        org.email(account, "outbound", 50, opportunity=deal, thread=thread)
        if answer is not None:
            org.email(account, "inbound", answer, thread=thread)
    rows = org.score(deals=True).deals
    never, late, early = (rows[f"D{n}"] for n in range(3))
    hours = "bothways_deal_customer_effort_hours"
    assert {k: v for k, v in never.items() if k.endswith(("index", "balance", hours))} == {
        k: v for k, v in late.items() if k.endswith(("index", "balance", hours))
    }
    assert early["bothways_deal_reciprocity_balance"] < late["bothways_deal_reciprocity_balance"]


@pytest.mark.parametrize("won", [True, False])
def test_what_the_crm_calls_closed_is_closed_from_the_change_of_its_stage(organisation, won):
    """A deal closed before its close date (Salesforce does not move the date of a lost one): Help 004517774."""
    for days, stance, wins in ((3, "closed", int(won)), (-3, "insufficient_evidence", 0)):
        org = organisation.Organisation()
        account = org.account("A")
        org.deal(account, 100.0, -20, won=won, created=60, stage_changed_at=org.ago(days))
        org.deal(account, 100.0, -20, won=won, stage_changed_at=org.ago(days), name="undated")
        org.rows["opportunities"][-1]["created_at"] = None
        result = org.score(deals=True)
        assert ("undated" in result.deals) == (days > 0)  # known from its close on
        row = result.deals["D0"]
        assert row["bothways_deal_stance"] == stance
        assert result.account_audit["A"]["wins"] == 2 * wins
        if days > 0:
            assert row["bothways_deal_asof"] == org.ago(days).replace(hour=0)
        else:  # what it says now of its chances was not known then
            assert result.deal_audit["D0"]["chance"] is None


def test_an_act_of_several_deals_counts_for_each_that_is_open(organisation):
    org = organisation.Organisation()
    account = org.account("A")
    closed = org.deal(account, 100.0, 30, won=True, created=90)
    one, late = (org.deal(account, 100.0, -30, created=90, probability=p) for p in (0.2, 0.9))
    act = org.meeting(account, "outbound", 10, 45, opportunity=one)
    for deal in (late, closed):
        org._add("activity_opportunities", activity=act, opportunity=deal)
    result = org.score(deals=True)
    spent = [result.deals[f"D{deal}"]["bothways_deal_seller_effort_hours"] for deal in (one, late, closed)]
    assert spent == [1.0, 1.0, 0.0]
    assert result.accounts["A"]["bothways_seller_effort_hours"] == 1.0  # once for the account
    assert result.account_audit["A"]["discretionary_hours"] == 0.0  # one of them is in a late stage
