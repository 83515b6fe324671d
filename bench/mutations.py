"""Breaks the formulas one at a time and shows which test notices: `python bench/mutations.py [--only WORD] [--against PATH ...]`.

Each mutation replaces a piece of `enrichment/*.py` in a temporary copy of the packages and runs the fast tests there.
`--against tests/enrichment/test_invariants.py` tells what those tests alone would notice. Exits 1 when a mutation survives,
2 when a piece is no longer in the source or the tests fail on the formulas as they are.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mutation_table import ORACLE, TABLE

ROOT = Path(__file__).parents[1]
COPIED = ("enrichment", "connectors", "config", "tests/enrichment", "tests/oracle")
FILES = ("tests/conftest.py", "pyproject.toml")
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


class Stale(Exception):
    """The text of a mutation is not, or not once, in the source."""


@dataclass(frozen=True)
class Outcome:
    caught_by: str | None
    seconds: float
    output: str


def copied(target: Path) -> None:
    """The packages and tests that a run needs."""
    rubbish = shutil.ignore_patterns("__pycache__", ".*")
    for name in COPIED:
        shutil.copytree(ROOT / name, target / name, ignore=rubbish)
    for name in FILES:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target / name)


def mutated(source: str, old: str, new: str, where: str) -> str:
    """`source` with the piece replaced. Raises Stale unless it is there exactly once and the result differs and compiles."""
    if source.count(old) != 1:
        raise Stale(f"{where}: found {source.count(old)} times instead of once: {old!r}")
    result = source.replace(old, new)
    if result == source:
        raise Stale(f"{where}: the replacement changes nothing: {old!r}")
    compile(result, where, "exec")
    return result


def tested(folder: Path, tests: Sequence[str]) -> Outcome:
    """Runs the tests in `folder`, whose packages come before the installed ones, until one fails."""
    started = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=line", "-p", "no:cacheprovider", *tests]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if run.returncode not in (0, 1):
        raise RuntimeError(f"pytest could not run:\n{run.stdout}{run.stderr}")
    failed = _FAILED.search(run.stdout)
    caught = (failed.group(1) if failed else "a failure") if run.returncode else None
    return Outcome(caught, time.monotonic() - started, run.stdout)


def tried(name: str, against: Sequence[str] | None = None) -> Outcome:
    """One mutation of the table against its tests."""
    file, old, new, *tests = TABLE[name]
    source = mutated((ROOT / file).read_text("utf-8"), old, new, file)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder)
        copied(target)
        (target / file).write_text(source, "utf-8")
        return tested(target, against or tests or ORACLE)


def unbroken(against: Sequence[str]) -> Outcome:
    """The same run on the formulas as they are."""
    with tempfile.TemporaryDirectory() as folder:
        copied(Path(folder))
        return tested(Path(folder), against)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", help="mutations whose name contains this")
    parser.add_argument("--against", nargs="+", help="tests to run instead of each mutation's own")
    options = parser.parse_args(arguments)
    names = [name for name in TABLE if options.only in name]
    try:
        for file, old, new, *_ in TABLE.values():
            mutated((ROOT / file).read_text("utf-8"), old, new, file)
        every = sorted({test for name in names for test in TABLE[name][3:] or ORACLE})
        first = unbroken(options.against or every)
    except (Stale, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 2
    if first.caught_by:
        print(f"The formulas as they are fail {first.caught_by}; nothing to compare with.", file=sys.stderr)
        return 2
    survivors = []
    for name in names:
        outcome = tried(name, options.against)
        survivors += [] if outcome.caught_by else [name]
        print(f"{name:<44} {outcome.caught_by or 'SURVIVED':<100} {outcome.seconds:5.0f} s", flush=True)
    print(f"{len(names)} mutations, {len(names) - len(survivors)} caught, {len(survivors)} survived.")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
