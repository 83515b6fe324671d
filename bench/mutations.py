"""Breaks the formulas one at a time and shows which test notices: `python bench/mutations.py [--only WORD] [--against PATH ...]`.

Each mutation replaces a piece of `enrichment/*.py` in a temporary copy of the packages and runs tests there, in a process forked
from one that has everything but the packages loaded. `--against laws` tells what the tests of the laws alone would notice.
`--write docs/mutations.md` keeps the table. Exits 1 when a mutation survives, 2 when a piece is no longer in the source or
the tests fail on the formulas as they are.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import resource
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mutation_table import LAWS, ORACLE, TABLE

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
    rubbish = shutil.ignore_patterns("__pycache__", ".*", "node_modules", "emulator")
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


def _in_child(folder: Path, tests: Sequence[str], answer: int) -> int:
    """Runs pytest on the copy in `folder`, stopping at the first failure. Never returns to the parent's code."""
    import pytest

    os.chdir(folder)
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        code = int(pytest.main(["-x", "-q", "--tb=line", "-p", "no:cacheprovider", *tests]))
    import enrichment

    if Path(enrichment.__path__[0]).parent != folder.resolve():
        code, told = 3, io.StringIO(f"the packages of {enrichment.__path__[0]} were tested")
    used = resource.getrusage(resource.RUSAGE_SELF)
    text = json.dumps({"code": code, "seconds": used.ru_utime + used.ru_stime, "output": told.getvalue()})
    with os.fdopen(answer, "w") as pipe:
        pipe.write(text)
    return 0


def tested(folder: Path, tests: Sequence[str]) -> Outcome:
    """The tests in `folder`, whose packages come before the installed ones, until one fails; seconds of processor time."""
    import duckdb  # noqa: F401  loaded once, for every child
    import ibis
    import pyarrow.parquet  # noqa: F401
    import pytest  # noqa: F401

    ibis.duckdb  # noqa: B018  loads the compiler
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        os._exit(_in_child(folder, tests, writing))
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    found = json.loads(text) if text else {"code": 3, "seconds": 0.0, "output": "the run ended without an answer"}
    if found["code"] not in (0, 1):
        raise RuntimeError(f"pytest could not run:\n{found['output']}")
    failed = _FAILED.search(found["output"])
    caught = (failed.group(1) if failed else "a failure") if found["code"] else None
    return Outcome(caught, found["seconds"], found["output"])


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


def page(outcomes: Mapping[str, Outcome], laws: Mapping[str, Outcome]) -> str:
    """The table as Markdown: what noticed each mutation, and which law did."""
    caught = sum(bool(o.caught_by) for o in outcomes.values())
    lines = [
        "# Broken on purpose",
        "",
        "Made by `python bench/mutations.py --write docs/mutations.md`: each formula is broken in one place, and the first test that notices is named.",
        f"{len(outcomes)} mutations, {caught} noticed, {len(outcomes) - caught} survived. The laws alone (`{'`, `'.join(Path(p).name for p in LAWS)}`), which",
        f"know no expected values, notice {sum(bool(o.caught_by) for o in laws.values())}: a formula can be wrong and still lawful.",
        "",
        "| broken | in | noticed by | law that notices |",
        "|---|---|---|---|",
    ]
    for name, outcome in outcomes.items():
        law = laws.get(name)
        lines.append(
            f"| {name} | `{TABLE[name][0]}` | {_test(outcome.caught_by)} | {_test(law.caught_by) if law else ''} |"
        )
    return "\n".join(lines) + "\n"


def _test(node: str | None) -> str:
    return "" if node is None else f"`{node.rsplit('/', 1)[-1].split('::', 1)[-1]}`"


def run(names: Sequence[str], against: Sequence[str] | None, kept: dict[str, Outcome]) -> list[str]:
    """Tries each mutation not yet in `kept`; returns the names of those that survive."""
    for name in names:
        kept[name] = tried(name, against)
        print(f"{name:<44} {kept[name].caught_by or 'SURVIVED':<100} {kept[name].seconds:5.0f} s", flush=True)
    survivors = [name for name in names if not kept[name].caught_by]
    print(f"{len(names)} mutations, {len(names) - len(survivors)} caught, {len(survivors)} survived.")
    return survivors


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", help="mutations whose name contains this")
    parser.add_argument("--against", nargs="+", help="tests to run instead of each mutation's own; `laws` for the laws")
    parser.add_argument("--write", type=Path, help="write the table, with what the laws alone notice, to this file")
    parser.add_argument("--outcomes", type=Path, help="write the outcomes as JSON to this file")
    options = parser.parse_args(arguments)
    names = [name for name in TABLE if options.only in name]
    against = list(LAWS) if options.against == ["laws"] else options.against
    try:
        for file, old, new, *_ in TABLE.values():
            mutated((ROOT / file).read_text("utf-8"), old, new, file)
        every = sorted({test for name in names for test in TABLE[name][3:] or ORACLE})
        first = unbroken(against or every)
    except (Stale, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 2
    if first.caught_by:
        print(f"The formulas as they are fail {first.caught_by}; nothing to compare with.", file=sys.stderr)
        return 2
    outcomes: dict[str, Outcome] = {}
    survivors = run(names, against, outcomes)
    if options.outcomes:
        options.outcomes.write_text(json.dumps({name: asdict(o) for name, o in outcomes.items()}), "utf-8")
    if options.write:
        laws: dict[str, Outcome] = {}
        run(names, LAWS, laws)
        options.write.write_text(page(outcomes, laws), "utf-8")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
