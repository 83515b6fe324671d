"""What must hold for every organisation (the invariants of docs/the-scores.md), over the public `score()`.

One organisation of many random accounts is one example: scoring it costs a second, so examples are few and wide.
"""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enrichment.fields import ACCOUNT_FIELDS, OPPORTUNITY_FIELDS
from enrichment.reclaim import RECLAIMABLE

SIGNED = ("balance", "asymmetry", "momentum")
few = settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
seeds = given(seed=st.integers(0, 10**6))


def random_organisation(organisation, seed, size=30):
    """Accounts of every sort: prospects, customers, chased, chasing, silent; families, contracts, rivals, currencies."""
    chance = random.Random(seed)
    org = organisation.Organisation()
    org.rate("EUR", 1.1)
    for n in range(size):
        parent = chance.choice([None, None, None, n - 1]) if n else None
        stated = {"industry": chance.choice(["Steel", "Glass", None])}
        for name in ("strategic_importance", "mission_criticality", "non_modularity"):
            stated[name] = chance.choice([None, round(chance.random(), 3)])
        for name, most in (("annual_revenue", 10**7), ("wallet", 10**5)):
            stated[name] = chance.choice([None, float(chance.randint(1, most))])
        account = org.account(f"A{n:02}", parent=parent, **stated)
        deals = [None]
        for _ in range(chance.randint(0, 4)):
            won = chance.choice([True, True, False, None])
            close = chance.randint(0, 700) if won is not None else -chance.randint(1, 90)
            amount = chance.choice([None, -500.0, *(float(chance.randint(1, 50_000)) for _ in range(4))])
            deal = org.deal(
                account,
                amount,
                close,
                won=won,
                created=close + chance.randint(0, 100) if won is not None else chance.randint(0, 200),
                probability=chance.choice([None, 0.3, 0.7]) if won is None else None,
                currency=chance.choice([None, "USD", "EUR", "XXX"]),
                owner=chance.randint(1, 3),
                family=chance.choice([None, "Pumps", "Valves"]),
            )
            deals.append(deal)
            if chance.random() < 0.4:
                org.rival(account, chance.choice("xyz"), deal, chance.randint(0, 800))
        if chance.random() < 0.4:
            org.contract(account, chance.randint(0, 800), -chance.randint(-100, 900))
        if chance.random() < 0.4:
            org.asset(account, family="Pumps", is_rival=chance.random() < 0.3, vendor="x", price=100.0)
        lean = chance.choice([0.1, 0.5, 0.9])
        for _ in range(chance.choice([0, 3, 12, 30])):
            direction = "inbound" if chance.random() < lean else "outbound"
            channel = chance.choice(["email", "email", "call", "meeting", "case_reply"])
            org.act(
                account,
                channel,
                direction,
                chance.randint(0, 400_000) / 1000,
                minutes=float(chance.choice([5, 30, 60])) if channel != "email" else None,
                thread=account * 100 + chance.randint(0, 4) if channel == "email" else None,
                opportunity=chance.choice(deals),
                outcome=chance.choice(["done", "done", "not_connected" if channel == "call" else None]),
                seller_user=chance.randint(1, 5),
            )
        for _ in range(chance.choice([0, 0, 4])):
            org.case(account, chance.randint(15, 300))
    return org


def scores_of(rows):
    return {i: {k: v for k, v in row.items() if k != "bothways_model_version"} for i, row in rows.items()}


@few
@seeds
def test_ranges_nulls_and_ties_between_fields(organisation, seed):
    result = random_organisation(organisation, seed).score(deals=True)
    for spec in ACCOUNT_FIELDS + OPPORTUNITY_FIELDS:
        for row in (result.accounts if spec.stream == "accounts" else result.deals).values():
            value = row[spec.name]
            if value is None:
                continue
            if spec.name.endswith(("hours", "contacts", "customer_act")):
                assert value >= 0
            elif spec.type == "number":
                assert (-100 if any(word in spec.name for word in SIGNED) else 0) <= value <= 100
            elif spec.type == "enumeration":
                assert value in {code for code, _ in spec.options}
            elif spec.type == "string":
                assert len(value) <= spec.length
    assert {row["bothways_stance"] for row in result.accounts.values()} > {"insufficient_evidence"}
    for name, row in result.accounts.items():
        audit = result.account_audit[name]
        one, other = row["bothways_customer_dependence"], row["bothways_seller_dependence"]
        mutual, asymmetry = row["bothways_mutual_dependence"], row["bothways_dependence_asymmetry"]
        if one is not None and other is not None:
            assert abs(asymmetry) <= 2 * min(mutual, 100 - mutual) + 0.3
        balance, index = row["bothways_reciprocity_balance"], row["bothways_reciprocity_index"]
        if balance is not None:
            assert index <= 100 - abs(balance) + 0.1
        hours = row["bothways_reclaimable_hours"]
        if row["bothways_stance"] == "insufficient_evidence":
            assert hours is None
        else:
            assert row["bothways_confidence"] >= 25
            assert hours == 0 or row["bothways_stance"] in RECLAIMABLE
        if hours:
            assert hours <= audit["discretionary_hours"] + 0.05 <= audit["seller_hours"] + 0.1
            assert audit["discretionary_hours"] - hours >= audit["customer_hours"] - 0.05
            assert other < 60
    shares = {a["family"]: a["revenue_share"] for a in result.account_audit.values() if a["revenue_share"] is not None}
    assert sum(shares.values()) == pytest.approx(1)
    for family in {audit["family"] for audit in result.account_audit.values()}:
        members = [a for a in result.account_audit.values() if a["family"] == family]
        assert members[0]["family_seller"] == pytest.approx(sum(a["year_seller"] or 0 for a in members), abs=1e-4)


@few
@seeds
def test_order_duplicates_of_runs_and_the_future_change_nothing(organisation, seed):
    org = random_organisation(organisation, seed)
    first = org.score(deals=True)
    assert org.score(deals=True, backwards=True) == first
    later = -3.0
    account = org.account("late", created_at=org.ago(later))
    org.deal(0, 10**6, later, won=True, created=later)
    org.deal(0, 10**6, -40, created=later, probability=0.9)
    org.deal(0, 10**6, later, won=True, created=None)
    org.rows["opportunities"][-1]["created_at"] = None
    org.email(0, "inbound", later)
    org.email(0, "inbound", 2, logged=later)  # logged after the fact
    org.case(0, later)
    org.rows["contracts"].append(
        {"account": 0, "start_at": org.ago(9), "end_at": org.ago(-900), "created_at": org.ago(later)}
    )
    org.rows["assets"].append({"account": 0, "active": True, "installed_at": org.ago(later)})
    org.rows["rivals"].append({"account": 0, "name": "q", "seen_at": org.ago(later)})
    assert account
    assert org.score(deals=True) == first


@few
@seeds
def test_scoring_again_after_its_own_stances_writes_nothing(organisation, seed):
    org = random_organisation(organisation, seed)
    first = org.score(deals=True)
    second = org.score(deals=True, previous=first.stances)
    assert (second.accounts, second.deals) == (first.accounts, first.deals)
    odd = {"accounts": dict.fromkeys(first.accounts, "maintain"), "opportunities": {}}
    held = org.score(deals=True, previous=odd)
    again = org.score(deals=True, previous=held.stances)
    assert (again.accounts, again.deals) == (held.accounts, held.deals)


@few
@seeds
def test_money_in_another_unit_leaves_every_score(organisation, seed):
    org = random_organisation(organisation, seed)
    first = org.score(deals=True)
    for table, columns in {
        "accounts": ("annual_revenue", "wallet"),
        "opportunities": ("amount",),
        "assets": ("price",),
    }.items():
        for row in org.rows[table]:
            for column in columns:
                if row.get(column) is not None:
                    row[column] *= 8.0
    second = org.score(deals=True)
    assert (second.accounts, second.deals) == (first.accounts, first.deals)


@few
@seeds
def test_swapping_the_sides_negates_the_balance_and_keeps_the_index(organisation, seed):
    chance = random.Random(seed)
    org, mirror = organisation.Organisation(), organisation.Organisation()
    for n in range(25):
        for side in (org, mirror):
            side.account(f"A{n:02}")
        for k in range(chance.randint(1, 20)):
            channel, days = chance.choice(["call", "meeting", "case_reply"]), chance.random() * 300
            ours, theirs = chance.randint(1, 3), chance.randint(1, 3)
            direction = chance.choice(["inbound", "outbound"])
            outcome = "not_connected" if channel == "call" and chance.random() < 0.5 else "done"
            facts = {"minutes": float(chance.randint(5, 60)), "outcome": outcome}
            users = {"person": n * 100 + k, "seller_user": n * 100 + k}
            org.act(n, channel, direction, days, seller_people=ours, customer_people=theirs, **facts, **users)
            turned = "inbound" if direction == "outbound" else "outbound"
            mirror.act(n, channel, turned, days, seller_people=theirs, customer_people=ours, **facts, **users)
    one, other = org.score().accounts, mirror.score().accounts
    known = 0
    for name, row in one.items():
        balance, turned = row["bothways_reciprocity_balance"], other[name]["bothways_reciprocity_balance"]
        assert (balance is None) == (turned is None)
        if balance is not None:
            known += 1
            assert balance == -turned
            assert row["bothways_reciprocity_index"] == other[name]["bothways_reciprocity_index"]
    assert known > 5


@few
@seeds
def test_more_of_a_component_never_lowers_dependence_and_more_effort_never_lowers_the_balance(organisation, seed):
    org = random_organisation(organisation, seed)
    first = org.score()
    for n, row in enumerate(org.rows["accounts"]):
        for name in ("strategic_importance", "mission_criticality", "non_modularity"):
            if row.get(name) is not None:
                row[name] = min(1.0, row[name] + 0.1)
        if row.get("wallet") is not None:
            row["wallet"] *= 0.8
        org.meeting(n, None, 1, 30, customer_people=1, seller_people=3, seller_user=100 + n, person=10**6 + n)
        org.rows["activities"][-1]["outcome"] = "no_show"
    second = org.score()
    seen = 0
    for name, before in first.accounts.items():
        after, audit = second.accounts[name], (first.account_audit[name], second.account_audit[name])
        if before["bothways_customer_dependence"] is not None:
            seen += 1
            assert after["bothways_customer_dependence"] >= before["bothways_customer_dependence"]
        if before["bothways_reciprocity_balance"] is not None:
            assert after["bothways_reciprocity_balance"] >= before["bothways_reciprocity_balance"]
        assert audit[1]["conf_effort"] >= audit[0]["conf_effort"]
        assert after["bothways_coverage"] >= before["bothways_coverage"]
    assert seen > 5


def test_silence_decays_to_unknown_never_to_a_verdict(organisation):
    def after(weeks):
        org = organisation.Organisation(organisation.AS_OF + timedelta(weeks=weeks))
        org.as_of = organisation.AS_OF
        account, other = org.account("A"), org.account("busy")
        for days in range(1, 40):
            org.email(account, "outbound", days)
        org.as_of = organisation.AS_OF + timedelta(weeks=weeks)
        org.lively(other)
        return org.score().accounts["A"]

    assert after(0)["bothways_reciprocity_balance"] > 50
    late = after(60)
    assert late["bothways_reciprocity_balance"] is None
    assert late["bothways_stance"] == "insufficient_evidence"


def test_changing_one_accounts_activity_changes_only_it(organisation):
    org = random_organisation(organisation, 7)
    first = org.score()
    org.meeting(0, "inbound", 3, 90)
    second = org.score()
    family = first.account_audit["A00"]["family"]
    shared = ("seller_dependence", "mutual", "asymmetry", "symmetry", "vs_book", "initiation", "responsiveness")
    for name, row in second.accounts.items():
        if second.account_audit[name]["family"] == family:
            continue
        for field, value in row.items():
            if not any(word in field for word in shared):
                assert value == first.accounts[name][field], (name, field)
