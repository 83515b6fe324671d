"""One table of how a run can end, read by everything that reports or retries it."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import connectors
import sync
from connectors.errors import BothwaysError
from sync.errors import _CODES, ENDINGS, ending, exit_code

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


def error_classes() -> set[type[BothwaysError]]:
    """Every error class of the modules that a run loads, found by importing them."""
    for package in (connectors, sync):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".emulator" not in module.name and ".units" not in module.name:
                importlib.import_module(module.name)
    reached, todo = set(), [BothwaysError]
    while todo:
        kind = todo.pop()
        reached.add(kind)
        todo += kind.__subclasses__()
    return {kind for kind in reached if kind.__module__.startswith(("connectors.", "sync."))}


def test_every_error_class_ends_with_the_code_of_the_table():
    for kind in error_classes():
        error = kind.__new__(kind)
        assert exit_code(error) in ENDINGS, kind
    public = {k for k in error_classes() if k.__module__ in ("connectors.errors", "sync.errors")}
    assert public == set(_CODES)


def test_a_class_that_is_not_in_the_table_counts_as_its_nearest_base():
    class OutOfMoney(ValueError, *[k for k in _CODES if k.__name__ == "QuotaReached"]):
        pass

    assert exit_code(OutOfMoney("Nothing left.")) == 7


def test_what_needs_a_person_is_never_retried_and_success_is_never_a_failure():
    for code, end in ENDINGS.items():
        assert end.code == code
        assert not (end.success and (end.failure or end.retry)), code
        assert end.needs_a_person == (code in (1, 2, 4, 5)), code
    assert ending(99).failure


def test_the_guide_lists_every_code_and_those_to_retry():
    text = OPERATIONS.read_text(encoding="utf-8")
    table = text[text.index("| code | meaning |") : text.index("## Looking after it")]
    listed = {
        int(n) for line in table.splitlines() for n in re.findall(r"\d+", line.split("|")[1] if "|" in line else "")
    }
    assert listed == set(ENDINGS)
    retried = re.search(r"Only retry ([\d, and]+) automatically", table)
    assert retried is not None
    assert {int(n) for n in re.findall(r"\d", retried[1])} == {code for code, end in ENDINGS.items() if end.retry}
