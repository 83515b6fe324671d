"""Reasons say what is known, since when, and begin with the figure that decided."""

from __future__ import annotations

from enrichment.explain.explain import explain
from enrichment.model import ScoringModel
from enrichment.words import ENGLISH

LOW = dict.fromkeys(("strategic_importance", "mission_criticality", "non_modularity"), 0.05)
MIDDLE = dict.fromkeys(("strategic_importance", "mission_criticality", "non_modularity"), 0.5)


def buyer(org, name, stated, months=12):
    account = org.account(name, wallet=2e4, annual_revenue=1e6, **stated)
    for month in range(months):
        org.deal(account, 500.0, 5 + 30 * month, won=True)
    return account


def test_old_activity_is_not_called_none(organisation):
    org = organisation.Organisation()
    account = buyer(org, "A", MIDDLE)
    org.deal(account, 100.0, -20, created=50)
    org.email(account, "inbound", 400)
    org.email(account, "inbound", 500)
    result = org.score(deals=True)

    assert result.accounts["A"]["bothways_seller_effort_hours"] is None
    said = "no e-mail, call or meeting in the last 365 d: the newest is 400 d old"
    assert said in result.accounts["A"]["bothways_top_drivers"]
    assert result.deals["D12"]["bothways_deal_top_drivers"].startswith(said)
    assert said in explain(result.account_audit["A"], result.accounts["A"], ScoringModel()).missing
    org.rows["activities"].clear()
    result = org.score()
    assert ENGLISH.missing["no_data"].text() in result.accounts["A"]["bothways_top_drivers"]
    assert (
        ENGLISH.missing["no_data"].text()
        in explain(result.account_audit["A"], result.accounts["A"], ScoringModel()).missing
    )


def test_who_hardly_ever_opens_is_told_by_the_openings(organisation):
    """The balance alone would not do; the reasons begin with the figure that did."""
    org = organisation.Organisation()
    for n in range(12):
        account = buyer(org, f"C{n}", MIDDLE)
        for k in range(6):
            org.call(account, "inbound", 3 + 7 * k + n, 5)
            org.call(account, "outbound", 4 + 7 * k + n, 5)
        org.email(account, "inbound", 5)
        org.meeting(account, None, 6)
    org.case(0, 9)
    for name, stated in (("ask", MIDDLE), ("less", LOW)):
        account = buyer(org, name, stated)
        for k in range(20):
            org.call(account, "outbound", 3 + 4 * k, 20)
    result = org.score()

    for name, stance in (("ask", "test_reciprocity"), ("less", "rebalance")):
        row, audit = result.accounts[name], result.account_audit[name]
        assert (row["bothways_stance"], 0 < audit["balance_score"] < 30) == (stance, True)
        assert row["bothways_top_drivers"].startswith("they opened 0 of 20 conversations; they spent ")


def test_tenure_is_told_in_months(organisation):
    """To the nearest one: beside "24 of the last 24 mo" two years less a few days cannot read as one year."""
    org = organisation.Organisation()
    account = buyer(org, "A", {}, months=0)
    for days in range(5, 728, 20):
        org.deal(account, 500.0, days, won=True)
    for n in range(3):
        org.deal(org.account(f"new {n}"), 100.0, 10, won=True)
    org.account("never")
    result = org.score()

    found = {i: explain(result.account_audit[i], row, ScoringModel()) for i, row in result.accounts.items()}
    words = {i: {part.name: part.words for part in told.parts} for i, told in found.items()}
    assert words["A"]["tenure"] == "customer for 24 mo"
    assert words["A"]["reliance"] == "bought or under contract in 24 of the last 24 mo"
    assert words["new 0"]["tenure"] == "customer for 1 mo"
    assert words["never"]["tenure"] == "not a customer yet"
