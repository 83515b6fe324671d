"""The decision tables, their hysteresis, and the hours that may be taken back."""

from __future__ import annotations

import duckdb
import ibis
import pyarrow as pa
import pytest

from enrichment.fields import DEAL_STANCES, STANCES
from enrichment.model import ScoringModel
from enrichment.scores.reclaimable import expected_hours, reclaimable
from enrichment.scores.stance import account_rules, deal_rules, decide

MODEL = ScoringModel()
CASES = [
    # A1, A2, A3, A4, A11, seller hours, expected hours
    ("protect", 30, 30, 30, 70, 0, 0, 1),
    ("protect", 30, 30, 30, 70, -90, 0, 1),
    ("respond", 90, 90, 90, 10, -30, 0, 1),
    ("partner", 60, 60, 60, 60, 0, 0, 1),
    ("earn_value", 50, 39.9, 60, 0, 0, 0, 1),
    ("build_close", 60, 60, 60, 59.9, 40, 0, 1),
    ("test_reciprocity", 59.9, 50, 50, 0, 30, 0, 1),
    ("maintain", 40, 50, 50, 0, 29.9, 0, 1),
    ("rebalance", 39.9, 50, 50, 0, 30, 1.1, 1),
    ("keep_transactional", 39.9, 50, 50, 0, 30, 1, 1),
    ("keep_transactional", 39.9, 50, 50, 0, 0, 9, 1),
]
NAMES = ("customer_score", "benefit_score", "cost_score", "seller_score", "balance_score")
NAMES += ("seller_hours", "expected_hours")


def run(expression):
    return duckdb.sql(ibis.to_sql(expression, dialect="duckdb"))


def decided(rows, rules=None, margin=5.0):
    """Stances of rows of numbers, through the expression that the engines run."""
    duckdb.register("decide_rows", pa.Table.from_pylist(rows))
    types = {name: "string" if name == "previous_stance" else "float64" for name in rows[0]} | {"n": "int64"}
    table = ibis.table(types, name="decide_rows").mutate(n=ibis._.n)
    chosen, held = decide(table, rules or account_rules(MODEL), margin)
    return run(table.select("n", chosen=chosen, held=held).order_by("n")).fetchall()


def row(n, values, previous=None):
    numbers = dict(zip(NAMES, map(float, values), strict=True))
    numbers["asymmetry_score"] = numbers["customer_score"] - numbers["seller_score"]
    return {"n": n, "previous_stance": previous, **numbers}


def test_every_stance_is_reached_by_its_rule_first_match_wins():
    found = decided([row(n, values) for n, (_, *values) in enumerate(CASES)])
    assert [stance for _, stance, _ in found] == [case[0] for case in CASES]
    assert {case[0] for case in CASES} | {"insufficient_evidence"} == {code for code, _ in STANCES}


@pytest.mark.parametrize(
    ("previous", "values", "expected"),
    [
        ("build_close", (56, 60, 60, 10, 0, 0, 1), "build_close"),
        ("build_close", (54.9, 60, 50, 10, 0, 0, 1), "maintain"),
        ("maintain", (64, 60, 60, 10, 0, 0, 1), "maintain"),
        ("maintain", (65, 60, 60, 10, 0, 0, 1), "build_close"),
        ("maintain", (50, 60, 60, 10, -33, 0, 1), "maintain"),
        ("maintain", (50, 60, 60, 10, -35, 0, 1), "respond"),
        ("test_reciprocity", (50, 60, 60, 10, 26, 0, 1), "test_reciprocity"),
        ("keep_transactional", (44, 60, 60, 10, 0, 0, 1), "keep_transactional"),
        ("insufficient_evidence", (44, 60, 60, 10, 0, 0, 1), "maintain"),
        (None, (44, 60, 60, 10, 0, 0, 1), "maintain"),
        ("a stance of long ago", (44, 60, 60, 10, 0, 0, 1), "maintain"),
    ],
)
def test_a_stance_changes_back_only_five_points_past_its_threshold(previous, values, expected):
    ((_, stance, held),) = decided([row(0, values, previous)])
    assert stance == expected
    assert held == (expected != decided([row(0, values)])[0][1])


def test_deciding_again_from_what_was_decided_changes_nothing():
    grid = [
        (a1, a2, a3, a4, balance, 2, 1)
        for a1 in (30, 38, 42, 50, 58, 62)
        for a2, a3 in ((35, 70), (60, 60))
        for a4 in (10, 58, 62, 90)
        for balance in (-40, -28, 0, 27, 33)
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
        (-30, 99, 90, "respond"),
        (0, 0, 39.9, "price_led"),
        (0, 0, 40, "advance"),
        (0, 0, None, "insufficient_evidence"),
    ],
)
def test_deal_stances(balance, quiet, dependence, expected):
    dependence = None if dependence is None else float(dependence)
    numbers = {"balance_score": float(balance), "quiet_days": float(quiet), "customer_score": dependence}
    ((_, stance, _),) = decided([{"n": 0, "previous_stance": None, **numbers}], deal_rules(MODEL))
    assert stance == expected
    assert stance in {code for code, _ in DEAL_STANCES}


def taken_back(stance="rebalance", a1=0.0, a4=0.0, discretionary=10.0, theirs=1.0):
    types = {"customer_raw": "float64", "seller_score": "float64", "discretionary_hours": "float64"}
    types |= {"customer_hours": "float64", "bothways_stance": "string", "segment": "string"}
    values = {"customer_raw": a1, "seller_score": a4, "discretionary_hours": discretionary}
    values |= {"customer_hours": theirs, "bothways_stance": stance, "segment": ""}
    duckdb.register("reclaim_rows", pa.Table.from_pylist([values]))
    table = ibis.table(types, name="reclaim_rows")
    table = table.mutate(expected_hours=expected_hours(table, MODEL))
    return run(table.select(hours=reclaimable(table, MODEL))).fetchall()[0][0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, 8.0),  # expected hours at no dependence: a quarter of 8
        ({"a1": 100.0}, 2.0),
        ({"theirs": 7.0}, 3.0),  # never below what they give
        ({"theirs": 70.0}, 0.0),
        ({"discretionary": 0.9}, None),
        ({"stance": "maintain"}, 0.0),
        ({"stance": "protect", "discretionary": 0.5}, 0.0),
        ({"a4": 60.0}, 0.0),
        ({"stance": "insufficient_evidence"}, None),
    ],
)
def test_reclaimable_hours(values, expected):
    assert taken_back(**values) == pytest.approx(expected)
