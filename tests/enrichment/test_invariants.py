"""What must hold for every organisation (the invariants of docs/the-scores.md), over the public `score()`.

One organisation of many random accounts is one example: scoring it costs a second, so examples are few and wide.
"""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from enrichment.fields import ACCOUNT_FIELDS, OPPORTUNITY_FIELDS
from enrichment.inputs import INPUTS, KNOWN_BY
from enrichment.scores.reclaimable import RECLAIMABLE

SIGNED = ("balance", "asymmetry", "momentum")
few = settings(
    max_examples=2, phases=[Phase.generate], deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
seeds = given(seed=st.integers(0, 10**6))


def random_organisation(organisation, seed, size=30, as_of=None):
    """Accounts of every sort: prospects, customers, chased, chasing, silent; families, contracts, rivals,
    currencies.
    """
    chance = random.Random(seed)
    org = organisation.Organisation(as_of or organisation.AS_OF)
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
    assert len({row["bothways_stance"] for row in result.accounts.values()}) >= 3
    for name, row in result.accounts.items():
        audit = result.account_audit[name]
        one, other = row["bothways_customer_dependence"], row["bothways_seller_dependence"]
        if not (audit["benefit_observed"] and audit["cost_observed"]):
            assert one is None  # never the priors alone
        if audit["newest_act"] is None:
            assert row["bothways_reciprocity_balance"] is None
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
            assert row["bothways_confidence_effort"] >= 25 or row["bothways_stance"] in ("prospect", "lapsed")
            assert hours == 0 or row["bothways_stance"] in (*RECLAIMABLE, "prospect")
        if hours:
            spent, given = audit["own_seller_hours"], audit["own_discretionary_hours"]
            assert hours <= given + 0.05 <= spent + 0.1
            assert given - hours >= max(audit["own_own_accord_hours"], audit["expected_hours"]) - 0.05
            assert other is None or other < 60
    shares = {a["family"]: a["revenue_share"] for a in result.account_audit.values() if a["revenue_share"] is not None}
    assert sum(shares.values()) == pytest.approx(1)
    for family in {audit["family"] for audit in result.account_audit.values()}:
        members = [a for a in result.account_audit.values() if a["family"] == family]
        (head,) = (a for a in members if a["account"] == a["family"])  # its numbers are those of all
        assert (head["year_seller"] or 0) == pytest.approx(head["family_seller"], abs=1e-4)
        assert head["seller_hours"] == pytest.approx(sum(a["own_seller_hours"] for a in members), abs=1e-4)


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
    # Of every table, by every time that makes a row known: what is learned later, however it reads, and edited once
    # more.
    past = {name: list(rows) for name, rows in org.rows.items()}
    for change in (1, 2):
        chance = random.Random(seed + change)
        for name, by in KNOWN_BY.items():
            for time in by.times if past[name] else ():
                others = [column for column in INPUTS[name].names if not by.times.count(column)]
                for _ in range(5):
                    row = {column: chance.choice(past[name]).get(column) for column in others}
                    row |= dict.fromkeys(by.times) | {time: org.as_of + timedelta(seconds=change)}
                    org.rows[name].append(row)
        assert org.score(deals=True) == first
        org.rows = {name: list(rows) for name, rows in past.items()}


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


def test_shifting_every_time_with_the_as_of_changes_nothing(organisation):
    """By 400 years: the Gregorian calendar repeats then, weekdays and months included, and business hours and months
    count.
    """
    shifted = organisation.AS_OF + timedelta(days=146_097)
    one, other = (
        random_organisation(organisation, 11, as_of=at).score(deals=True) for at in (organisation.AS_OF, shifted)
    )
    timeless = [
        [
            {k: v for k, v in row.items() if not k.endswith("asof")}
            for table in (r.accounts, r.deals)
            for row in table.values()
        ]
        for r in (one, other)
    ]
    assert timeless[0] == timeless[1]
    assert sum(row.get("bothways_customer_dependence") is not None for row in timeless[0]) > 5


@few
@seeds
def test_changing_one_accounts_activity_changes_only_it(organisation, seed):
    org = random_organisation(organisation, seed)
    first = org.score()
    chosen = random.Random(seed).randrange(len(org.rows["accounts"]))
    for k in range(4):
        org.meeting(chosen, "inbound", 3 + k, 90, person=9_000_000, seller_user=9_000_000 + k)
    second = org.score()
    family = first.account_audit[f"A{chosen:02}"]["family"]
    shared = ("seller_dependence", "mutual", "asymmetry", "symmetry", "vs_book", "initiation", "responsiveness")
    # what follows from those, and from what is measured over the whole organisation
    through = ("stance", "reclaimable", "drivers", "confidence")
    measured = ("logging_reach", "mail_share", "reference_hours", "usual_opening", "channel_coverage")
    for name, row in second.accounts.items():
        before = first.accounts[name]
        if second.account_audit[name]["family"] == family:
            continue
        moved = {field for field, value in row.items() if value != before[field]}
        assert not [f for f in moved if not any(word in f for word in shared + through)], (name, moved)
        facts = ([a[fact] for fact in measured] for a in (first.account_audit[name], second.account_audit[name]))
        if before["bothways_seller_dependence"] == row["bothways_seller_dependence"] and next(facts) == next(facts):
            assert not [f for f in moved if any(word in f for word in through)], (name, moved)
    assert second.accounts[f"A{chosen:02}"] != first.accounts[f"A{chosen:02}"]
