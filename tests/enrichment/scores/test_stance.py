"""The decision tables, their hysteresis, and the hours that may be taken back."""

from __future__ import annotations

import duckdb
import ibis
import pyarrow as pa
import pytest

from enrichment.fields import DEAL_STANCES, STANCES
from enrichment.model import ScoringModel
from enrichment.scores.reclaimable import expected_hours, reclaimable, spare_hours
from enrichment.scores.stance import account_rules, deal_rules, decide, matched, settled

MODEL = ScoringModel()
NEUTRAL = {
    "own_confidence": 80.0, "own_balance": 0.0, "answered_score": None, "left_open": 0, "left_share": None,
    "cases_kept": 0,
    "prospect": 0, "lapsed": 0, "lacking": 0, "customer_score": 50.0, "benefit_score": 50.0, "cost_score": 50.0,
    "seller_score": 10.0, "asymmetry_score": 0.0, "balance_score": 0.0, "opening_score": None, "openings_seller": 0,
    "usual_opening": 40.0, "revenue_times_mean": 2.0, "revenue_share": 0.1, "seller_hours": 0.0,
    "expected_hours": 1.0, "spare_hours": 0.0, "previous_stance": None,
}  # fmt: skip
"""A customer of middling need in balance: every column that the rules read."""
CASES = [
    # what differs from NEUTRAL; first match wins
    ("respond", {"own_balance": -30.0}),
    ("respond", {"own_balance": -30.0, "answered_score": 59.9}),
    ("maintain", {"own_balance": -30.0, "answered_score": 60.0}),
    ("maintain", {"own_balance": -30.0, "own_confidence": 24.9}),
    ("maintain", {"own_balance": -30.0, "own_confidence": None}),  # judged with its family's effort
    ("respond", {"left_open": 5, "left_share": 0.5}),
    ("respond", {"left_open": 5, "left_share": 0.5, "lacking": 1, "customer_score": None}),
    ("maintain", {"left_open": 4, "left_share": 1.0}),
    ("maintain", {"own_balance": -90.0, "cases_kept": 1}),
    ("respond", {"left_open": 5, "left_share": 0.5, "own_balance": -90.0, "cases_kept": 1}),
    ("maintain", {"left_open": 9, "left_share": 0.49}),
    ("prospect", {"prospect": 1, "lacking": 1}),
    ("lapsed", {"lapsed": 1, "lacking": 1}),
    ("insufficient_evidence", {"lacking": 1, "customer_score": None}),
    ("protect", {"customer_score": 40.0, "seller_score": 60.0}),
    ("protect", {"customer_score": 40.0, "seller_score": 60.0, "revenue_times_mean": 1.5}),
    ("maintain", {"customer_score": 40.0, "seller_score": 60.0, "revenue_times_mean": 1.49}),  # one of twelve equals
    ("protect", {"customer_score": 40.0, "seller_score": 60.0, "revenue_times_mean": 1.0, "revenue_share": 0.25}),
    ("maintain", {"customer_score": 40.0, "seller_score": 60.0, "revenue_times_mean": None, "revenue_share": None}),
    ("partner", {"customer_score": 60.0, "seller_score": 60.0}),
    ("earn_value", {"benefit_score": 39.9, "cost_score": 60.0}),
    ("build_close", {"customer_score": 60.0, "seller_score": 59.9}),
    ("test_reciprocity", {"customer_score": 59.9, "balance_score": 30.0}),
    ("test_reciprocity", {"opening_score": 15.0, "openings_seller": 10, "balance_score": 0.1}),
    ("maintain", {"opening_score": 15.0, "openings_seller": 9, "balance_score": 0.1}),
    ("maintain", {"opening_score": 15.0, "openings_seller": 10, "balance_score": 0.0}),
    ("maintain", {"opening_score": 15.0, "openings_seller": 10, "balance_score": 0.1, "usual_opening": 19.9}),
    ("maintain", {"customer_score": 40.0, "balance_score": 29.9}),
    ("rebalance", {"customer_score": 39.9, "balance_score": 30.0, "seller_hours": 1.1, "spare_hours": 1.0}),
    ("keep_transactional", {"customer_score": 39.9, "balance_score": 30.0, "seller_hours": 1.1, "spare_hours": 0.9}),
    ("keep_transactional", {"customer_score": 39.9, "balance_score": 30.0, "seller_hours": 1.0, "spare_hours": 1.0}),
    ("keep_transactional", {"customer_score": 39.9}),
]


def run(expression):
    return duckdb.sql(ibis.to_sql(expression, dialect="duckdb"))


def decided(rows, rules=None, margin=5.0):
    """Stances of rows of numbers, through the expression that the engines run."""
    types = {name: "string" if name == "previous_stance" else "float64" for name in rows[0]}
    table = pa.table(
        {n: pa.array([r[n] for r in rows], pa.string() if t == "string" else pa.float64()) for n, t in types.items()}
    )
    duckdb.register("decide_rows", table)
    expr = ibis.table(types, name="decide_rows")
    chosen, held = decide(expr, rules or account_rules(MODEL), margin)
    return run(expr.select("n", chosen=chosen, held=held).order_by("n")).fetchall()


def row(n, values, previous=None):
    found = NEUTRAL | values | {"n": n, "previous_stance": previous}
    if found["customer_score"] is not None:
        found["asymmetry_score"] = found["customer_score"] - found["seller_score"]
    return found


def test_every_stance_is_reached_by_its_rule_first_match_wins():
    rows = [row(n, values) for n, (_, values) in enumerate(CASES)]
    found = decided(rows)
    assert [stance for _, stance, _ in found] == [case[0] for case in CASES]
    assert {case[0] for case in CASES} == {code for code, _ in STANCES}
    # explain reads the same rules on one record
    assert [matched(values, account_rules(MODEL)).stance for values in rows] == [case[0] for case in CASES]


@pytest.mark.parametrize(
    ("previous", "values", "expected"),
    [
        ("build_close", {"customer_score": 56.0}, "build_close"),
        ("build_close", {"customer_score": 54.9}, "maintain"),
        ("maintain", {"customer_score": 64.0}, "maintain"),
        ("maintain", {"customer_score": 65.0}, "build_close"),
        ("maintain", {"own_balance": -33.0}, "maintain"),
        ("maintain", {"own_balance": -35.0}, "respond"),
        ("maintain", {"own_balance": -40.0, "answered_score": 56.0}, "maintain"),
        ("maintain", {"own_balance": -40.0, "answered_score": 54.0}, "respond"),
        ("respond", {"own_balance": -25.0, "answered_score": 64.0}, "respond"),
        ("respond", {"own_balance": -25.0, "answered_score": 65.0}, "maintain"),
        ("maintain", {"left_open": 5, "left_share": 0.5}, "respond"),  # counts and shares take no margin
        ("respond", {"left_open": 4, "left_share": 0.9}, "maintain"),
        ("maintain", {"lapsed": 1}, "lapsed"),
        ("test_reciprocity", {"balance_score": 26.0}, "test_reciprocity"),
        ("test_reciprocity", {"opening_score": 19.0, "openings_seller": 10, "balance_score": -4.0}, "test_reciprocity"),
        ("test_reciprocity", {"opening_score": 19.0, "openings_seller": 9, "balance_score": -4.0}, "maintain"),
        ("keep_transactional", {"customer_score": 44.0}, "keep_transactional"),
        ("insufficient_evidence", {"customer_score": 44.0}, "maintain"),
        (None, {"customer_score": 44.0}, "maintain"),
        ("a stance of long ago", {"customer_score": 44.0}, "maintain"),
    ],
)
def test_a_stance_changes_back_only_five_points_past_its_threshold(previous, values, expected):
    one = row(0, values, previous)
    ((_, stance, held),) = decided([one])
    assert stance == expected
    assert held == (expected != decided([row(0, values)])[0][1])
    assert settled(one, account_rules(MODEL), 5.0, previous or "") == expected


def test_deciding_again_from_what_was_decided_changes_nothing():
    grid = [
        {
            "customer_score": a1,
            "benefit_score": a2,
            "cost_score": a3,
            "seller_score": a4,
            "own_balance": b,
            "balance_score": b,
        }
        for a1 in (30.0, 38.0, 42.0, 50.0, 58.0, 62.0)
        for a2, a3 in ((35.0, 70.0), (60.0, 60.0))
        for a4 in (10.0, 58.0, 62.0, 90.0)
        for b in (-40.0, -28.0, 0.0, 27.0, 33.0)
    ]
    everything = [code for code, _ in STANCES]
    rows = [row(n, values, everything[n % len(everything)]) for n, values in enumerate(grid)]
    first = decided(rows)
    again = decided([r | {"previous_stance": stance} for r, (_, stance, _) in zip(rows, first, strict=True)])
    assert [s for _, s, _ in again] == [s for _, s, _ in first]


@pytest.mark.parametrize(
    ("balance", "quiet", "dependence", "expected"),
    [
        (30, 22, 90, "do_not_chase"),
        (30, 21, 90, "ask_for_effort"),
        (30, 21, None, "ask_for_effort"),
        (None, 99, 39.9, "price_led"),  # what is not needed is known without the effort
        (None, 99, 40, "insufficient_evidence"),
        (-30, 99, 90, "respond"),
        (0, 0, 39.9, "price_led"),
        (0, 0, 40, "advance"),
        (0, 0, None, "insufficient_evidence"),
    ],
)
def test_deal_stances(balance, quiet, dependence, expected):
    dependence = None if dependence is None else float(dependence)
    balance = None if balance is None else float(balance)
    numbers = {"balance_score": balance, "quiet_days": float(quiet), "customer_score": dependence}
    ((_, stance, _),) = decided([{"n": 0, "previous_stance": None, **numbers}], deal_rules(MODEL))
    assert stance == expected
    assert stance in {code for code, _ in DEAL_STANCES}


HOURS = {
    "customer_raw": 0.0, "seller_score": 0.0, "own_discretionary_hours": 10.0, "own_own_accord_hours": 1.0,
    "reference_hours": 8.0, "lapsed": 0, "told_to_stop": 0, "has_acts": True, "bothways_stance": "rebalance",
}  # fmt: skip


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, 8.0),  # expected hours at no dependence: a quarter of 8
        ({"customer_raw": 100.0}, 2.0),
        ({"own_own_accord_hours": 7.0}, 3.0),  # never below what they give of their own accord
        ({"own_own_accord_hours": 70.0}, 0.0),
        ({"own_discretionary_hours": 0.9}, 0.0),
        ({"bothways_stance": "maintain"}, 0.0),
        ({"seller_score": 60.0}, 0.0),
        ({"seller_score": None}, 8.0),
        ({"bothways_stance": "insufficient_evidence"}, None),
        ({"has_acts": False}, None),
        ({"bothways_stance": "lapsed", "lapsed": 1, "customer_raw": None}, 9.0),  # nothing is expected any more
        ({"bothways_stance": "prospect", "told_to_stop": 1, "customer_raw": None}, 9.0),
        ({"bothways_stance": "prospect", "customer_raw": 20.0}, 0.0),
    ],
)
def test_reclaimable_hours(values, expected):
    record = HOURS | values
    types = {
        name: "string" if isinstance(v, str) else "boolean" if isinstance(v, bool) else "float64"
        for name, v in HOURS.items()
    }
    kinds = {"string": pa.string(), "boolean": pa.bool_(), "float64": pa.float64()}
    duckdb.register("reclaim_rows", pa.table({n: pa.array([record[n]], kinds[t]) for n, t in types.items()}))
    table = ibis.table(types, name="reclaim_rows")
    table = table.mutate(expected_hours=expected_hours(table, MODEL))
    table = table.mutate(spare_hours=spare_hours(table, MODEL))
    assert run(table.select(hours=reclaimable(table))).fetchall()[0][0] == pytest.approx(expected)
