"""Breaks the formulas one at a time and shows which test notices:
`python bench/mutations.py [--only WORD] [--against PATH ...]`.

Each mutation replaces a piece of `enrichment/*.py` in a temporary copy of the packages. First random organisations are
scored there and compared with the plain-Python reference (`mutation_worker.py`); only a mutation that this does not
notice runs its tests. `--against laws` runs the tests of the laws instead. `--write docs/mutations.md` keeps the table.
Exits 1 when a mutation survives, 2 when a piece is no longer in the source or the tests fail on the formulas as they
are.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mutation_table import LAWS, ORACLE, TABLE
from mutation_worker import keep_cases, noticed

ROOT = Path(__file__).parents[1]
COPIED = ("enrichment", "connectors", "config", "tests/enrichment", "tests/oracle")
FILES = ("tests/conftest.py", "tests/beside.py", "tests/witness.py", "pyproject.toml")
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
    rubbish = shutil.ignore_patterns("__pycache__", ".*", "node_modules")
    for name in COPIED:
        shutil.copytree(ROOT / name, target / name, ignore=rubbish)
    for name in FILES:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target / name)


def mutated(source: str, old: str, new: str, where: str) -> str:
    """`source` with the piece replaced. Raises Stale unless it is there exactly once and the result differs and
    compiles.
    """
    if source.count(old) != 1:
        raise Stale(f"{where}: found {source.count(old)} times instead of once: {old!r}")
    result = source.replace(old, new)
    if result == source:
        raise Stale(f"{where}: the replacement changes nothing: {old!r}")
    compile(result, where, "exec")
    return result


def tested(folder: Path, tests: Sequence[str]) -> Outcome:
    """The tests in `folder`, whose packages come before the installed ones, until one fails; seconds of processor
    time.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["BOTHWAYS_CACHE"] = str(folder / "cache")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=line", "-p", "no:cacheprovider", *tests]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if run.returncode not in (0, 1):
        raise RuntimeError(f"pytest could not run:\n{run.stdout}{run.stderr}")
    failed = _FAILED.search(run.stdout)
    caught = (failed.group(1) if failed else "a failure") if run.returncode else None
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Outcome(caught, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, run.stdout)


def tried(name: str, against: Sequence[str] | None = None, known: Path | None = None) -> Outcome:
    """One mutation of the table against the reference's figures for `known`, then against its tests."""
    file, old, new, *tests = TABLE[name]
    source = mutated((ROOT / file).read_text("utf-8"), old, new, file)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder)
        copied(target)
        (target / file).write_text(source, "utf-8")
        if known and not against:
            try:
                figure, seconds = noticed(target, known)
            except RuntimeError as error:  # the formulas as they are could be scored before
                return Outcome("reference, which can be scored", 0.0, str(error))
            if figure is not None:
                return Outcome(f"reference, {figure}", seconds, figure)
        return tested(target, against or tests or ORACLE)


def unbroken(against: Sequence[str], known: Path | None = None) -> Outcome:
    """The same run on the formulas as they are."""
    with tempfile.TemporaryDirectory() as folder:
        copied(Path(folder))
        if known:
            figure, seconds = noticed(Path(folder), known)
            return Outcome(figure, seconds, figure or "")
        return tested(Path(folder), against)


def page(outcomes: Mapping[str, Outcome]) -> str:
    """The table as Markdown: what noticed each mutation."""
    caught = sum(bool(o.caught_by) for o in outcomes.values())
    lines = [
        "# Broken on purpose",
        "",
        "Made by `python bench/mutations.py --write docs/mutations.md`: each formula is broken in one place. "
        "`reference` is the plain-Python",
        "reference of `tests/oracle` with the organisation and the first figure that differed; otherwise the "
        "test that failed is named.",
        "",
        f"{len(outcomes)} mutations, {caught} noticed, {len(outcomes) - caught} survived.",
        "",
        "| broken | in | noticed by |",
        "|---|---|---|",
    ]
    for name, outcome in outcomes.items():
        lines.append(f"| {name} | `{TABLE[name][0]}` | {_said(outcome.caught_by)} |")
    return "\n".join(lines) + "\n"


def _said(caught: str | None) -> str:
    if caught is None:
        return "**survived**"
    return caught if caught.startswith("reference") else f"`{caught.rsplit('/', 1)[-1]}`"


def run(names: Sequence[str], against: Sequence[str] | None, known: Path | None) -> dict[str, Outcome]:
    """Tries each mutation and prints what came of it."""
    found = {}
    for name in names:
        found[name] = tried(name, against, known)
        print(f"{name:<44} {found[name].caught_by or 'SURVIVED':<100} {found[name].seconds:5.0f} s", flush=True)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", help="mutations whose name contains this")
    parser.add_argument("--part", default="1/1", help="2/5: the second of five parts of the table")
    parser.add_argument("--against", nargs="+", help="tests to run instead of each mutation's own; `laws` for the laws")
    parser.add_argument("--write", type=Path, help="write the table to this file")
    parser.add_argument("--outcomes", type=Path, help="keep outcomes in this JSON file, those of earlier parts too")
    options = parser.parse_args(arguments)
    part, parts = map(int, options.part.split("/"))
    names = [name for name in TABLE if options.only in name][part - 1 :: parts]
    against = list(LAWS) if options.against == ["laws"] else options.against
    with tempfile.TemporaryDirectory() as folder:
        known = None if against else Path(folder) / "cases"
        if known is not None:
            keep_cases(known)
        return _all(options, names, against, known)


def _all(options: argparse.Namespace, names: Sequence[str], against: Sequence[str] | None, known: Path | None) -> int:
    try:
        for file, old, new, *_ in TABLE.values():
            mutated((ROOT / file).read_text("utf-8"), old, new, file)
        first = unbroken(against or ORACLE, known)
    except (Stale, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 2
    if first.caught_by:
        print(f"The formulas as they are fail {first.caught_by}; nothing to compare with.", file=sys.stderr)
        return 2
    outcomes = run(names, against, known)
    survivors = [name for name in names if not outcomes[name].caught_by]
    print(f"{len(names)} mutations, {len(names) - len(survivors)} caught, {len(survivors)} survived.")
    if options.outcomes:
        kept = json.loads(options.outcomes.read_text("utf-8")) if options.outcomes.exists() else {}
        kept |= {name: asdict(outcome) for name, outcome in outcomes.items()}
        options.outcomes.write_text(json.dumps(kept, indent=1), "utf-8")
        outcomes = {name: Outcome(**kept[name]) for name in TABLE if name in kept}
    if options.write:
        options.write.write_text(page(outcomes), "utf-8")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
