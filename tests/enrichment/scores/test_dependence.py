"""Components, their null rules, the seller's side, and what follows from both."""

from __future__ import annotations

import math

import pytest

from enrichment.model import COMPONENTS


def hill(x, h):
    return x / (x + h)


def a_customer(org, name="A", **values):
    """An account whose ten components are all observed."""
    stated = {
        "annual_revenue": 1_000_000.0,
        "wallet": 40_000.0,
        "strategic_importance": 0.8,
        "mission_criticality": 0.9,
        "non_modularity": 0.7,
    }
    account = org.account(name, **(stated | values))
    deal = org.deal(account, 20_000.0, 10, won=True, family="Pumps")
    org.deal(account, 5_000.0, 400, won=True)
    org.contract(account, 100, -365.25)
    org.asset(account, family="Pumps")
    org.rival(account, "Other", deal)
    return account


def test_every_component_of_a_fully_known_customer(organisation):
    org = organisation.Organisation()
    a_customer(org)
    audit = org.score().account_audit["A"]
    expected = {
        "share_of_wallet": 0.5,
        "strategic_importance": 0.8,
        "mission_criticality": 0.9,
        "purchase_burden": hill(0.02, 0.01),
        "contract_lock": 0.5,
        "installed_base": hill(1, 3),
        "tenure": 1 - 2 ** (-(400.5 / 365.25) / 3),  # from the start of the day of the first close
        "non_modularity": 0.7,
        "scarcity": 0.5,
    }
    assert {name: audit[f"{name}_value"] for name in expected} == pytest.approx(expected)
    assert not any(audit[f"{name}_prior_used"] for name in COMPONENTS)
    assert audit["benefit_coverage"] == audit["cost_coverage"] == pytest.approx(1)


def test_customer_dependence_is_the_geometric_mean_of_benefit_and_cost(organisation):
    org = organisation.Organisation()
    a_customer(org)
    row = org.score().accounts["A"]
    assert row["bothways_customer_dependence"] == pytest.approx(
        math.sqrt(row["bothways_dependence_benefit"] * row["bothways_dependence_cost"]), abs=0.1
    )


def test_reliance_counts_each_month_of_buying_once_by_its_last_day(organisation):
    org = organisation.Organisation()
    account = org.account("A")
    org.deal(account, 10.0, 0, won=True)
    org.deal(account, 10.0, 20, won=True)  # the same June
    org.deal(account, 10.0, 180, won=True)
    org.deal(account, -10.0, 40, won=True)  # a credit note is no purchase
    org.deal(account, 10.0, 800, won=True)  # too long ago
    audit = org.score().account_audit["A"]
    assert (audit["buying_months"], audit["reliance_sum"]) == (2, pytest.approx(1.5, abs=1e-6))
    assert audit["reliance_value"] == pytest.approx(hill(1.5, 2), abs=1e-6)


def test_a_running_contract_is_half_a_purchase_in_every_month_that_it_runs(organisation):
    org = organisation.Organisation()
    org.contract(org.account("A"), 61, -100)  # 30 April to October: April, May, June
    audit = org.score().account_audit["A"]
    assert audit["buying_months"] == 3
    assert audit["reliance_sum"] == pytest.approx((1 + 2 ** (-30 / 180) + 2 ** (-61 / 180)) / 2, abs=1e-6)


def test_the_wallet_ladder(organisation):
    org = organisation.Organisation()
    accounts = {
        "stated": org.account("stated", wallet=4_000.0, employees=5, industry="steel"),
        "rival": org.account("rival", employees=5, industry="steel"),
        "benchmark": org.account("benchmark", employees=50, industry="steel"),
        "vendors": org.account("vendors", known_vendors=4),
        "nothing": org.account("nothing"),
    }
    for account in accounts.values():
        org.deal(account, 1_000.0, 10, won=True)
    org.asset(accounts["rival"], is_rival=True, vendor="Other", price=1_500.0, quantity=2.0)
    org.account("prospect", wallet=4_000.0)
    audit = org.score(organisation.VARIANT).account_audit
    shares = {name: row["share_of_wallet_value"] for name, row in audit.items()}
    expected = {"stated": 0.25, "rival": 0.25, "benchmark": 0.2, "vendors": 0.25, "nothing": None, "prospect": 0.0}
    assert shares == expected


def test_product_families_are_rated_by_the_greatest_and_never_by_case(organisation):
    org = organisation.Organisation()
    account, other = org.account("A"), org.account("B")
    for family in ("Pumps", "valves ", "PUMPS", "Unrated"):
        org.deal(account, 10.0, 10, won=True, family=family)
    org.deal(other, 10.0, 10, won=False, family="Pumps")  # lost: not in use
    audit = org.score(organisation.VARIANT).account_audit
    found = [audit["A"][f"{n}_value"] for n in ("mission_criticality", "strategic_importance", "non_modularity")]
    assert found == pytest.approx([0.9, 0.3, 0.6])
    assert audit["A"]["active_families"] == 3
    assert audit["B"]["mission_criticality_value"] is None


def test_what_the_organisation_does_not_record_is_missing_not_zero(organisation):
    org = organisation.Organisation()
    org.deal(org.account("A"), 10.0, 10, won=True)
    audit = org.score().account_audit["A"]
    observed = {name for name in COMPONENTS if audit[f"{name}_value"] is not None}
    assert observed == {"reliance", "tenure"}


def test_what_the_organisation_records_is_zero_for_a_customer_without_it(organisation):
    org = organisation.Organisation()
    a_customer(org)
    org.deal(org.account("B"), 10.0, 10, won=True)
    audit = org.score().account_audit["B"]
    found = {name: audit[f"{name}_value"] for name in ("contract_lock", "installed_base", "scarcity")}
    assert found == {"contract_lock": 0.0, "installed_base": 0.0, "scarcity": 1.0}


def test_nothing_known_at_all_gives_nulls_and_never_the_priors(organisation):
    org = organisation.Organisation()
    org.account("A")
    row = org.score().accounts["A"]
    written = {name for name, value in row.items() if value is not None and name.startswith("bothways_")}
    assert row["bothways_stance"] == "insufficient_evidence"
    assert written == {
        "bothways_two_way_contacts",
        "bothways_stance",
        "bothways_confidence",
        "bothways_confidence_dependence",
        "bothways_confidence_effort",
        "bothways_coverage",
        "bothways_top_drivers",
        "bothways_asof",
        "bothways_model_version",
    }


def test_seller_dependence_is_scored_for_the_family_and_copied_to_its_members(organisation):
    org = organisation.Organisation()
    parent = org.account("parent")
    child = org.account("child", parent=parent)
    other = org.account("other")
    for account, amount in ((parent, 1_000.0), (child, 2_000.0), (other, 7_000.0)):
        org.deal(account, amount, 500, won=True)
        org.deal(account, amount, 10, won=True)
        org.deal(account, amount, -30, probability=0.5)
    result = org.score()
    # no new customers in the year, so nobody can be replaced: X is 1
    importance = max(hill(0.3, 0.1), hill(0.3, 0.2))  # of revenue, of pipeline
    expected = round(100 * math.sqrt(importance), 1)
    assert result.accounts["parent"]["bothways_seller_dependence"] == pytest.approx(expected)
    assert result.accounts["child"]["bothways_seller_dependence"] == pytest.approx(expected)
    assert sum(r["revenue_share"] for n, r in result.account_audit.items() if n != "child") == pytest.approx(1)


def test_months_to_replace_come_from_the_bookings_of_new_customers(organisation):
    org = organisation.Organisation()
    old, new = org.account("old"), org.account("new")
    org.deal(old, 6_000.0, 500, won=True)
    org.deal(old, 6_000.0, 10, won=True)
    org.deal(new, 12_000.0, 10, won=True)
    audit = org.score().account_audit
    assert audit["old"]["months_to_replace"] == pytest.approx(6)
    assert audit["old"]["replacement_pull"] == pytest.approx(0.5)


def test_credits_are_netted_and_clipped_for_shares_but_kept_in_the_audit(organisation):
    org = organisation.Organisation()
    one, other = org.account("A"), org.account("B")
    org.deal(one, 100.0, 20, won=True)
    org.deal(one, -300.0, 10, won=True)
    org.deal(other, 500.0, 10, won=True)
    audit = org.score().account_audit
    assert (float(audit["A"]["revenue"]), audit["A"]["revenue_share"]) == (-200.0, 0.0)
    assert audit["B"]["revenue_share"] == 1.0


def test_an_amount_without_a_rate_leaves_the_money_lowers_coverage_and_is_named(organisation):
    def scored(rate):
        org = organisation.Organisation()
        account = a_customer(org)
        org.lively(account)
        org.deal(account, 9_000.0, 15, won=True, currency="CHF")
        if rate:
            org.rate("CHF", rate, 1000, 100)
            org.rate("CHF", 2 * rate, 100)
        return org.score()

    without, with_rate = scored(None), scored(1.0)
    assert float(without.account_audit["A"]["revenue"]) == 20_000
    assert float(with_rate.account_audit["A"]["revenue"]) == 38_000
    assert without.accounts["A"]["bothways_coverage"] < with_rate.accounts["A"]["bothways_coverage"]
    assert "1 amount left out: no exchange rate" in without.accounts["A"]["bothways_top_drivers"]


def test_a_null_amount_is_no_money_but_still_a_customer_since(organisation):
    org = organisation.Organisation()
    account = org.account("A")
    org.deal(account, None, 300, won=True, family="Pumps")
    audit = org.score().account_audit["A"]
    assert audit["revenue"] is None
    assert audit["tenure_value"] > 0
    assert audit["active_families"] == 1


def test_excluded_account_types_are_not_scored_and_say_so(organisation):
    org = organisation.Organisation()
    partner = a_customer(org, type="Partner")
    org.lively(partner)
    for n in range(40):  # whatever they do
        org.email(partner, "inbound", 12 + n, thread=n)
    row = org.score(organisation.VARIANT).accounts["A"]
    assert row["bothways_stance"] == "insufficient_evidence"
    assert row["bothways_customer_dependence"] is None
    assert row["bothways_seller_dependence"] is None
    assert row["bothways_top_drivers"].startswith("not scored")


def test_we_need_a_prospect_for_its_pipeline_only(organisation):
    org = organisation.Organisation()
    prospect, lapsed, customer = org.account("prospect"), org.account("lapsed"), org.account("customer")
    org.deal(customer, 900.0, 20, won=True)
    org.deal(lapsed, 900.0, 500, won=True)
    org.deal(prospect, 3_000.0, -20, probability=0.5)
    org.deal(customer, 1_000.0, -20, probability=0.5)
    result = org.score()
    scores = {name: row["bothways_seller_dependence"] for name, row in result.accounts.items()}
    # nobody works on them either: the share of hours is not observed, the prior of .30 stands in
    assert scores["prospect"] == round(100 * math.sqrt(hill(0.75, 0.2) * 0.3), 1)
    assert scores["lapsed"] == 0.0
    assert result.account_audit["prospect"]["revenue_share"] is None
    assert result.account_audit["lapsed"]["revenue_share"] == 0.0
