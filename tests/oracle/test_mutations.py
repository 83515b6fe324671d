"""The tests of the formulas can fail: formulas broken on purpose are noticed (all of them:
`python bench/mutations.py`).
"""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def mutations(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    return importlib.import_module("mutations")


def test_every_mutation_still_changes_the_source(mutations):
    assert len(mutations.TABLE) >= 25
    for file, old, new, *tests in mutations.TABLE.values():
        assert mutations.mutated((ROOT / file).read_text("utf-8"), old, new, file)
        assert all((ROOT / test).is_file() for test in tests)


def test_a_mutation_whose_text_is_gone_is_refused(mutations):
    with pytest.raises(mutations.Stale, match=r"stance\.py: found 0 times"):
        mutations.mutated("x = 1\n", "y", "z", "stance.py")
    with pytest.raises(mutations.Stale, match="changes nothing"):
        mutations.mutated("x = 1\n", "x", "x", "stance.py")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "balance turned round",
        "prior imputed as zero",
        "no hysteresis",
        "a later outcome is read",
        "capture rate ignored",
    ],
)
def test_a_broken_formula_is_noticed(mutations, name):
    outcome = mutations.tried(name)
    assert outcome.caught_by is not None, outcome.output
