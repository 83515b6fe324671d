"""Laws of who needs whom, over the public `score()`: hypothesis draws a whole book of accounts, each with a twin that
differs in one thing, and one scoring checks them all.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from enrichment.model import COMPONENTS

EXAMPLES = int(os.environ.get("BOTHWAYS_EXAMPLES", "1"))
"""Whole books, each of hundreds of cases; a scoring takes about a second."""
wide = settings(
    max_examples=EXAMPLES,
    phases=[Phase.generate],
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
seeds = given(seed=st.integers(0, 10**6))


@dataclass(frozen=True)
class Customer:
    """One account. Months ago in which it bought, how many rivals, when its contract ends (days ahead), what people
    typed.
    """

    months: tuple[int, ...]
    strategic: float | None
    critical: float | None
    rigid: float | None
    wallet: float | None
    earned: float | None
    lock: float | None
    assets: int
    rivals: int
    first: int  # days ago of a first, tiny purchase
    flag: bool | None = None


def drawn(chance):
    """A customer at random. A book of hundreds is drawn from one seed: hypothesis cannot hold so much."""

    def maybe(value):
        return chance.choice([None, value])

    return Customer(
        months=tuple(chance.sample(range(12), chance.randint(0, 6))),
        strategic=maybe(round(chance.random(), 3)),
        critical=maybe(round(chance.random(), 3)),
        rigid=maybe(round(chance.random(), 3)),
        wallet=maybe(chance.uniform(1e3, 1e6)),
        earned=maybe(10 ** chance.uniform(4, 8)),
        lock=maybe(chance.uniform(1, 900)),
        assets=chance.randint(0, 6),
        rivals=chance.randint(0, 4),
        first=chance.randint(740, 4000),
    )


PRICE = 1_000.0


def settled_in(org, name, one):
    """The account `name` in `org`."""
    account = org.account(
        name,
        strategic_importance=one.strategic,
        mission_criticality=one.critical,
        non_modularity=one.rigid,
        wallet=one.wallet,
        annual_revenue=one.earned,
        strategic_customer=one.flag,
    )
    deal = org.deal(account, 1.0, one.first, won=True)
    for month in one.months:
        org.deal(account, PRICE, 3 + 30.4375 * month, won=True)
    if one.lock:
        org.contract(account, 20, -one.lock)
    for n in range(one.assets):
        org.asset(account, installed_at=org.ago(800 + n))
    lost = org.deal(account, 5.0, 4, won=False)
    for n in range(one.rivals):
        org.rival(account, f"rival {n}", lost)
    assert deal is not None
    return account


def raised(one, by):
    """Every way to need us more in one component that is observed, by name."""
    ways = {}
    for field, name in (
        ("strategic", "strategic_importance"),
        ("critical", "mission_criticality"),
        ("rigid", "non_modularity"),
    ):
        value = getattr(one, field)
        if value is not None:
            ways[name] = replace(one, **{field: min(1.0, value + by)})
    if one.wallet is not None:
        ways["share_of_wallet"] = replace(one, wallet=one.wallet / (1 + by))
    if one.earned is not None:
        ways["purchase_burden"] = replace(one, earned=one.earned / (1 + by))
    if one.lock:
        ways["contract_lock"] = replace(one, lock=one.lock + 600 * by)
    ways["installed_base"] = replace(one, assets=one.assets + 1)
    ways["tenure"] = replace(one, first=one.first + int(400 * by) + 1)
    if one.rivals:
        ways["scarcity"] = replace(one, rivals=one.rivals - 1)
    return ways


@wide
@seeds
def test_more_of_any_one_component_never_lowers_dependence_nor_what_is_known(organisation, seed):
    chance = random.Random(seed)
    org = organisation.Organisation()
    twins = []
    for n in range(25):
        one, by = drawn(chance), chance.uniform(0.01, 1)
        settled_in(org, f"{n}", one)
        for name, more in raised(one, by).items():
            settled_in(org, f"{n} {name}", more)
            twins.append((f"{n}", name))
        more_often = settled_in(org, f"{n} reliance", one)  # a purchase of the second year is reliance and nothing else
        org.deal(more_often, 1.0, 500, won=True)
        twins.append((f"{n}", "reliance"))
    result = org.score()
    seen = set()
    for base, name in twins:
        before, after = result.account_audit[base], result.account_audit[f"{base} {name}"]
        changed = {c for c in COMPONENTS if before[f"{c}_value"] != after[f"{c}_value"]}
        assert changed <= {name}
        if not changed:
            continue  # already at its greatest
        seen.add(name)
        assert after[f"{name}_value"] > before[f"{name}_value"]
        assert after["dependence_index"] > before["dependence_index"]
        one, other = (result.accounts[key]["bothways_customer_dependence"] for key in (base, f"{base} {name}"))
        assert (one is None) == (other is None)
        assert one is None or other >= one
        for measure in ("conf_dependence", "known_dependence", "benefit_coverage", "cost_coverage"):
            assert after[measure] >= before[measure]
    assert seen == set(COMPONENTS)


@wide
@seeds
def test_supplying_what_was_not_known_never_lowers_coverage_or_confidence(organisation, seed):
    chance = random.Random(seed)
    org = organisation.Organisation()
    twins = []
    for n in range(25):
        one, by = drawn(chance), chance.uniform(0.01, 1)
        settled_in(org, f"{n}", one)
        supplied = {"strategic": by, "critical": by, "rigid": by, "wallet": 5e4, "earned": 1e6, "flag": True}
        for field, value in supplied.items():
            if getattr(one, field) is None:
                settled_in(org, f"{n} {field}", replace(one, **{field: value}))
                twins.append((f"{n}", f"{n} {field}"))
        busy = settled_in(org, f"{n} act", one)
        org.meeting(busy, "inbound", 400 * by, 10 + n)
        twins.append((f"{n}", f"{n} act"))
    org.lively(org.account("lively"))
    result = org.score()
    rose = set()
    for base, name in twins:
        before, after = result.account_audit[base], result.account_audit[name]
        for measure in ("conf_dependence", "known_dependence", "conf_effort", "benefit_coverage", "cost_coverage"):
            assert after[measure] >= before[measure], (base, name, measure)
            rose |= {measure} if after[measure] > before[measure] else set()
        for field in ("bothways_confidence", "bothways_coverage"):
            assert result.accounts[name][field] >= result.accounts[base][field]
    assert rose >= {"conf_dependence", "conf_effort", "benefit_coverage", "cost_coverage"}


@wide
@seeds
def test_the_more_of_our_revenue_or_pipeline_the_more_we_need_them(organisation, seed):
    chance = random.Random(seed)
    amounts = sorted({round(10 ** chance.uniform(0, 6)) for _ in range(40)})

    def scored(new):
        """`new`: the least customer came this year, so that some of the revenue is booked with new customers."""
        org = organisation.Organisation()
        for n, amount in enumerate(amounts):
            account = org.account(f"{n:02}")
            if n or not new:
                org.deal(account, None, 500, won=True)
            org.deal(account, float(amount), 30, won=True)
            hoping = org.account(f"open {n:02}")
            org.deal(hoping, float(amount), -30, probability=0.4)
        return org.score()

    with_new, without = scored(True), scored(False)
    for kind in ("", "open "):
        line = [with_new.accounts[f"{kind}{n:02}"]["bothways_seller_dependence"] for n in range(len(amounts))]
        assert line == sorted(line)
        raw = [with_new.account_audit[f"{kind}{n:02}"]["seller_index"] for n in range(len(amounts))]
        assert raw == sorted(raw)
        assert len(set(raw)) == len(raw)
    for n in range(1, len(amounts)):  # the same shares, but longer to replace: nobody is new
        one, other = (side.account_audit[f"{n:02}"] for side in (with_new, without))
        assert one["revenue_share"] == other["revenue_share"]
        assert other["seller_index"] > one["seller_index"]


@wide
@seeds
def test_money_in_another_unit_changes_nothing_and_the_two_sides_only_swap(organisation, seed):
    chance = random.Random(seed)
    book, factor = [drawn(chance) for _ in range(40)], 10 ** chance.uniform(-2, 3)

    def scored(unit):
        org = organisation.Organisation()
        for n, one in enumerate(book):
            settled_in(org, f"{n:02}", one)
            org.deal(n, 500.0 * (n + 1), -20, probability=0.4)
        org.rows["accounts"][-1]["wallet"] = 1e4
        for table, columns in (("accounts", ("wallet", "annual_revenue")), ("opportunities", ("amount",))):
            for row in org.rows[table]:
                row.update({c: row[c] * unit for c in columns if row.get(c) is not None})
        return org.score()

    one, other = scored(1.0), scored(factor)
    for name, before in one.account_audit.items():
        after = other.account_audit[name]
        for measure in ("dependence_index", "seller_index"):
            assert after[measure] == pytest.approx(before[measure], rel=1e-4)  # money is kept to 1/10,000
        a1, a4 = before["customer_raw"], before["seller_raw"]
        row = one.accounts[name]
        fields = ("mutual_dependence", "dependence_asymmetry", "dependence_symmetry")
        found = [row[f"bothways_{field}"] for field in fields]
        if a1 is None:
            assert found == [None] * 3
            continue
        assert found[0] == pytest.approx((a4 + a1) / 2, abs=0.0501)
        assert -found[1] == pytest.approx(a4 - a1, abs=0.0501)
        assert abs(found[1]) <= 2 * min(found[0], 100 - found[0]) + 0.2
        if found[2] is not None:
            assert found[2] == pytest.approx(200 * min(a4, a1) / (a4 + a1), abs=0.0501)
        else:
            assert a1 + a4 < 10


def test_the_worked_examples(organisation):
    """A supplier needed for the work and hard to leave; a commodity; something important that is replaced at once, and
    so is bought on price: an arithmetic mean would say 41.8 of it.
    """
    org = organisation.Organisation()
    all_year = tuple(range(12))
    book = {
        "needed": Customer(all_year, 0.9, 0.85, 0.86, 13_000.0, 200_000.0, 365.25, 10, 0, 1500),
        "commodity": Customer((11,), 0.05, 0.17, 0.05, 1e5, 1e8, None, 0, 4, 740),
        "replaceable": Customer(all_year, 0.85, 0.62, 0.074, 17_500.0, 500_000.0, None, 0, 9, 740),
    }
    for name, one in book.items():
        settled_in(org, name, one)
    elsewhere = org.account("elsewhere")
    for n in range(5):  # so that rivals are recorded on more than a tenth of closed deals
        org.rival(elsewhere, "x", org.deal(elsewhere, 1.0, 9 + n, won=False))
    rows = org.score().accounts
    found = {name: rows[name]["bothways_customer_dependence"] for name in book}
    assert found == {"needed": 80.2, "commodity": 9.4, "replaceable": 28.2}
    benefit, cost = (rows["replaceable"][f"bothways_dependence_{part}"] for part in ("benefit", "cost"))
    assert (benefit + cost) / 2 == pytest.approx(41.8, abs=0.06)
