"""Every row of the table against the emulated CRMs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from promises import PROMISES
from rows import DONE, ELSEWHERE, NOT_HAD, ROWS, Row

IDS = [
    "K1",
    "K2",
    "K3",
    "K4",
    "K5",
    "N1",
    "N2",
    "N3",
    "N4",
    "N5",
    "N6",
    "N7",
    "N8",
    "A1",
    "A2",
    "A3",
    "A4",
    "A5",
    "Q1",
    "Q2",
    "Q3",
    "B1",
    "B2",
    "B3",
    "B4",
    "B5",
    "B6",
    "D1",
    "D2",
    "D3",
    "D4",
    "S1",
    "S2",
    "S3",
    "C1",
    "C2",
    "C3",
    "T1",
    "T2",
    "T3",
    "F1",
    "F2",
    "F3",
    "X1",
    "X2",
    "X3",
    "X4",
    "G1",
    "U1",
    "R1",
]


def test_every_fault_is_run_or_named():
    known = {row.id for row in ROWS} | set(ELSEWHERE) | set(NOT_HAD)
    assert sorted(set(IDS) - known) == []
    assert sorted(known - set(IDS) - set(PROMISES)) == []


def test_every_promise_is_tested():
    assert list(PROMISES) == [f"P{number}" for number in range(1, 16)]


def test_the_tests_that_stand_for_a_fault_or_promise_exist():
    tests = Path(__file__).parents[1]
    texts = [*ELSEWHERE.values(), *(where for _, where in PROMISES.values())]
    named = {name for text in texts for name in re.findall(r"tests/([\w/]+\.py)", text)}
    assert [name for name in sorted(named) if not (tests / name).exists()] == []


def _cases() -> list[Any]:
    return [
        pytest.param(row, crm, id=f"{row.id}-{number}-{crm}", marks=[pytest.mark.slow] if crm != row.crms[0] else [])
        for number, row in enumerate(ROWS)
        for crm in row.crms
    ]


@pytest.mark.parametrize(("row", "crm"), _cases())
def test_fault(row: Row, crm: str, emulated: Any, clean: Any) -> None:
    undisturbed = clean(crm)
    case = emulated(crm)
    DONE.append({"id": row.id, "what": row.what, "crm": crm, "times": 0, "result": "failed"})
    DONE[-1]["times"] = row.run(case, undisturbed)
    DONE[-1]["result"] = "passed"
