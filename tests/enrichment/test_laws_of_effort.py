"""Laws of who puts in the effort, over the public `score()`: a book of random accounts, each with twins that differ in
one thing, is scored at once.
"""

from __future__ import annotations

import os
import random
from itertools import pairwise

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from enrichment.inputs import INPUTS
from enrichment.model import ScoringModel
from enrichment.scores.reclaimable import RECLAIMABLE

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
NO_PSEUDO_MINUTES = ScoringModel.model_validate({"reciprocity": {"k0_minutes": 0.0}})


def history(chance, least=6, days=300.0):
    """Acts as (channel, direction, days ago, minutes, our heads, theirs), leaning to one side or the other."""
    lean = chance.choice([0.1, 0.3, 0.5, 0.7, 0.9])
    found = []
    for _ in range(chance.randint(least, 25)):
        channel = chance.choice(["call", "meeting", "case_reply", "email"])
        direction = "inbound" if chance.random() < lean else "outbound"
        heads = (chance.randint(1, 3), chance.randint(1, 3))
        found.append((channel, direction, chance.uniform(0.01, days), float(chance.randint(5, 60)), *heads))
    return found


class Book:
    """An organisation with every act of a person and a day of their own, so that no cap couples two acts."""

    def __init__(self, organisation):
        self.org, self.people = organisation.Organisation(), 1000

    def account(self, name, acts, older=0.0, **values):
        account = self.org.account(name, **values)
        for act in acts:
            self.add(account, *act, older=older)
        return account

    def add(self, account, channel, direction, days, minutes, ours, theirs, older=0.0, **values):
        self.people += 1
        facts = {"minutes": None if channel in ("email", "case_reply") else minutes}
        heads = {"seller_people": ours, "customer_people": theirs}
        people = {"person": self.people, "seller_user": self.people}
        self.org.act(account, channel, direction, days + older, **(facts | heads | people | values))


def numbers(row):
    return row["bothways_reciprocity_balance"], row["bothways_reciprocity_index"]


@wide
@seeds
def test_swapping_the_sides_negates_the_balance_exactly_and_keeps_the_index(organisation, seed):
    chance, book = random.Random(seed), Book(organisation)
    turn = {"inbound": "outbound", "outbound": "inbound"}
    for n in range(60):
        # what happens on a case is not the same from both sides; who opened what, and who read what, is
        acts = [act for act in history(chance) if act[0] != "case_reply"]
        threads = [chance.choice([None, 0, 1, 2]) for _ in acts]
        for turned in (0, 1):
            account = book.org.account(f"{n} turned" if turned else f"{n}")
            for (channel, way, days, minutes, *heads), thread in zip(acts, threads, strict=True):
                held = {} if thread is None or channel != "email" else {"thread": (2 * n + turned) * 10 + thread}
                ours, theirs = heads[::-1] if turned else heads
                book.add(account, channel, turn[way] if turned else way, days, minutes, ours, theirs, **held)
    rows = book.org.score().accounts
    known = 0
    for n in range(60):
        (balance, index), (turned, same) = numbers(rows[f"{n}"]), numbers(rows[f"{n} turned"])
        assert (balance is None) == (turned is None)
        if balance is not None:
            known += 1
            assert (balance, index) == (-turned, same)
    assert known > 30


@wide
@seeds
def test_more_effort_of_a_side_moves_the_balance_its_way_and_the_index_to_the_lesser_side(organisation, seed):
    chance, book = random.Random(seed), Book(organisation)
    reply = {"ours": "outbound", "theirs": "inbound"}
    for n in range(60):
        acts, when = history(chance), chance.uniform(0.01, 200)
        book.account(f"{n}", acts)
        for side, direction in reply.items():
            # a reply on a case costs its author 5 minutes and the other side none
            book.account(f"{n} {side}", [*acts, ("case_reply", direction, when, 0.0, 1, 1)])
    result = book.org.score()
    rose = fell = 0
    for n in range(60):
        audit = result.account_audit[f"{n}"]
        balance, index = numbers(result.accounts[f"{n}"])
        if balance is None:
            continue
        assert index <= 100 - abs(balance) + 1e-9
        for side in reply:
            other = result.account_audit[f"{n} {side}"]
            moved, spread = numbers(result.accounts[f"{n} {side}"])
            assert other["conf_effort"] >= audit["conf_effort"]
            assert moved >= balance if side == "ours" else moved <= balance
            if abs(other["es"] - other["ec"]) < 5.1:
                continue  # the added minutes could have made the lesser side the greater one
            lesser = (audit["es"] < audit["ec"]) == (side == "ours")
            assert spread >= index if lesser else spread <= index
            raw = other["index_raw"] - audit["index_raw"]
            rose, fell = rose + (lesser and raw > 0), fell + (not lesser and raw < 0)
    assert rose > 5
    assert fell > 5


@wide
@seeds
def test_silence_takes_balance_and_index_towards_zero_and_then_to_unknown(organisation, seed):
    """The same history, older and older, beside a lively account: what `as_of` growing with no new acts would show."""
    chance, book = random.Random(seed), Book(organisation)
    ages = range(0, 361, 40)
    for n in range(30):
        acts = history(chance, least=12, days=4.0)
        for older in ages:
            book.account(f"{n} {older}", acts, older=float(older))
    book.org.lively(book.org.account("lively"))
    result = book.org.score()
    known = 0
    for n in range(30):
        audits = [result.account_audit[f"{n} {older}"] for older in ages]
        raws = [(abs(a["balance_raw"]), a["index_raw"]) for a in audits if a["balance_raw"] is not None]
        assert all(one >= other for one, other in pairwise(raws))
        assert all(one[1] >= other[1] for one, other in pairwise(raws))
        states = [result.accounts[f"{n} {older}"]["bothways_reciprocity_balance"] is not None for older in ages]
        assert states == sorted(states, reverse=True)
        assert states[-1] is False
        known += states[0] and states[2]
    assert known > 20


@wide
@seeds
def test_the_balance_of_a_merged_account_lies_between_those_of_its_parts(organisation, seed):
    """Union: effort is additive over acts. Exact without pseudo-minutes, which would be added twice."""
    chance, book = random.Random(seed), Book(organisation)
    for n in range(60):
        one, other = history(chance, least=8), history(chance, least=8)
        book.account(f"{n} one", one)
        book.account(f"{n} other", other)
        book.account(f"{n} both", one + other)
    result = book.org.score(NO_PSEUDO_MINUTES)
    apart = 0
    for n in range(60):
        parts = [result.account_audit[f"{n} {name}"] for name in ("one", "other", "both")]
        for side in ("es", "ec"):
            assert abs(parts[0][side] + parts[1][side] - parts[2][side]) < 1e-6
        low, high = sorted(part["balance_raw"] for part in parts[:2])
        assert low - 1e-6 <= parts[2]["balance_raw"] <= high + 1e-6
        for part in parts:  # without pseudo-minutes the two add up to 100
            assert abs(part["index_raw"] + abs(part["balance_raw"]) - 100) < 1e-9
        apart += high - low > 10
    assert apart > 20


@wide
@seeds
def test_a_prompter_answer_or_an_answer_at_all_never_lowers_responsiveness(organisation, seed):
    chance, book = random.Random(seed), Book(organisation)
    turn = {"customer": ("outbound", "inbound"), "seller": ("inbound", "outbound")}
    threads = 0
    pairs = []
    for n in range(40):
        side = chance.choice(["customer", "seller"])
        asks, answers = turn[side]
        waits = [chance.choice([None, chance.uniform(0.05, 9.0)]) for _ in range(chance.randint(3, 10))]
        sent = [chance.uniform(20.0, 300.0) for _ in waits]
        place = chance.randrange(len(waits))
        better = list(waits)
        better[place] = chance.uniform(0.05, 20.0) if waits[place] is None else waits[place] / 2
        for name, given_waits in ((f"{n}", waits), (f"{n} better", better)):
            account = book.org.account(name)
            for days, wait in zip(sent, given_waits, strict=True):
                threads += 1
                book.org.email(account, asks, days, thread=threads)
                if wait is not None:
                    book.org.email(account, answers, days - wait, thread=threads)
        pairs.append((f"{n}", side))
    result = book.org.score()
    higher = 0
    for name, side in pairs:
        field = f"bothways_{side}_responsiveness"
        before, after = result.accounts[name][field], result.accounts[f"{name} better"][field]
        assert (before is None) == (after is None)
        if before is not None:
            assert 0 <= before <= after <= 100
            higher += after > before
    assert higher > 10


@wide
@seeds
def test_hours_to_take_back_fall_with_need_and_with_what_they_give_and_rise_with_what_we_start(organisation, seed):
    chance, book = random.Random(seed), Book(organisation)

    def known_customer(name, acts, need):
        # bought, with a contract: dependence is known; typed values say how much they need us
        stated = dict.fromkeys(("strategic_importance", "mission_criticality", "non_modularity"), need)
        account = book.account(name, acts, wallet=1e6, annual_revenue=1e9, **stated)
        book.org.deal(account, 100.0, 20, won=True)
        book.org.contract(account, 400, -30)
        return account

    large = book.org.account("large")
    book.org.deal(large, 1e6, 20, won=True)
    book.org.deal(large, 1e6, 400, won=True)
    for n in range(40):
        need = chance.uniform(0.0, 0.4)
        acts = [("meeting", "outbound", chance.uniform(0.1, 80), 60.0, 6, 1) for _ in range(chance.randint(1, 3))]
        acts += [("email", "outbound", chance.uniform(0.1, 80), 0.0, 1, 1) for _ in range(chance.randint(0, 20))]
        acts += [("case_reply", "inbound", chance.uniform(0.1, 80), 0.0, 1, 1) for _ in range(chance.randint(3, 10))]
        known_customer(f"{n}", acts, need)
        known_customer(f"{n} needier", acts, need + 0.05)
        known_customer(
            f"{n} giving", [*acts, *[("case_reply", "inbound", 9.0 + k / 2, 0.0, 1, 1) for k in range(120)]], need
        )
        known_customer(f"{n} pushing", [*acts, *[("email", "outbound", 5.0 + k, 0.0, 1, 1) for k in range(12)]], need)
    for channel in ("email", "call", "meeting", "case_reply"):
        book.add(large, channel, "inbound", 3.0, 5.0, 1, 1)
    result = book.org.score()

    def hours(name):
        row, audit = result.accounts[name], result.account_audit[name]
        back = row["bothways_reclaimable_hours"]
        if back:
            assert row["bothways_stance"] in RECLAIMABLE
            assert row["bothways_seller_dependence"] < 60
            assert back <= audit["own_discretionary_hours"] + 0.0501 <= audit["own_seller_hours"] + 0.0502
            assert audit["own_discretionary_hours"] - back >= audit["own_own_accord_hours"] - 0.0501
            assert audit["own_discretionary_hours"] - back >= audit["expected_hours"] - 0.0501
        return row["bothways_stance"], back

    compared = {"needier": 0, "giving": 0, "pushing": 0}
    for n in range(40):
        stance, back = hours(f"{n}")
        for way in compared:
            other, then = hours(f"{n} {way}")
            if not back or then is None or (way == "pushing" and other != stance):
                continue
            assert then >= back if way == "pushing" else then <= back
            compared[way] += then != back
    assert all(count > 5 for count in compared.values()), compared


def test_nothing_of_ours_is_an_input():
    assert not [c for schema in INPUTS.values() for c in schema.names if c.startswith("bothways")]
