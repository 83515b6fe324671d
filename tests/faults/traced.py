"""Kills and disk errors placed by strace at the n-th system call of a kind, without touching the code."""

from __future__ import annotations

import functools
import multiprocessing
import os
import shutil
import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import one_run
import pytest
from case import NOW, SPECS, TOKEN, VARIABLE, Case

from config import settings as config_settings
from connectors.emulator.organisation.model import Organisation, demo_organisation
from sync.onboarding.demo import build_emulator, write_demo_settings
from sync.registry import connect

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["duckdb", "ibis", "ibis.backends.duckdb", "sync.cli.run", "sync.run", "sync.write", "one_run"]
)


@functools.cache
def tracing() -> str:
    """Empty when strace can attach to a process here; else why it cannot."""
    if shutil.which("strace") is None:
        return "strace is missing: bench/install_faults.sh gets it"
    with subprocess.Popen(["sleep", "2"]) as victim:
        tried = subprocess.run(
            [
                "strace",
                "-f",
                "-o",
                os.devnull,
                "-e",
                "trace=none",
                "-e",
                "inject=getpid:error=EIO",
                "-p",
                str(victim.pid),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    return "" if tried.returncode == 0 else f"ptrace is not allowed here: {tried.stderr.strip()[:120]}"


@functools.cache
def small() -> Organisation:
    """As few records as the demo's stories need."""
    return demo_organisation(7, 6, now=NOW, opportunities_per_account=1, activities_per_account=1)


@contextmanager
def provisioned(crm: str, folder: Path) -> Iterator[Case]:
    """A fresh emulated CRM of the small organisation, provisioned, and a workspace that no run has seen."""
    folder.mkdir(parents=True)
    with (
        build_emulator(crm, small(), limits=False, token=TOKEN) as server,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.setenv(VARIABLE, TOKEN)
        path = write_demo_settings(crm, server.url, small(), folder)
        settings = config_settings.load(path)
        connector = connect(settings)
        connector.provision(SPECS)
        connector.close()
        yield Case(crm, server, settings, folder)
    shutil.rmtree(folder)


@dataclass(frozen=True)
class Ran:
    """How a process ended; `code` is negative for a signal."""

    code: int
    said: str

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


def run(case: Case, *strace: str, kill: str = "", most: float = 300.0) -> Ran:
    """One sync of the case in a process of its own, with strace attached to it (given these arguments) if there are
    any; `kill` names a failpoint.
    """
    said, (gate, inner) = case.folder / "said.txt", PROCESSES.Pipe()
    arguments = (str(case.folder / "bothways.toml"), TOKEN, str(said), kill, inner if strace else None)
    process = PROCESSES.Process(target=one_run.main, args=arguments)
    process.start()
    if strace:
        tracer = _attached(process.pid, strace)
        gate.send_bytes(b"go")
        tracer.communicate(timeout=most)
    process.join(most)
    code = process.exitcode
    assert code is not None, "it did not end"
    case.said.append(said.read_text(errors="replace"))
    for end in (gate, inner, process):
        end.close()
    return Ran(code, case.said[-1])


def _attached(pid: int | None, arguments: tuple[str, ...]) -> subprocess.Popen[str]:
    tracer = subprocess.Popen(["strace", "-f", *arguments, "-p", str(pid)], stderr=subprocess.PIPE, text=True)
    assert tracer.stderr is not None
    assert "attached" in tracer.stderr.readline()
    return tracer


def inject(call: str, what: str, number: int) -> tuple[str, ...]:
    """Arguments that do something at the n-th such call of a thread."""
    return ("-o", os.devnull, "-e", f"trace={call}", "-e", f"inject={call}:{what}:when={number}")


def most_calls(crm: str, folder: Path, calls: list[str]) -> Counter[str]:
    """How often the busiest thread of an undisturbed sync makes each call."""
    counts: Counter[tuple[str, str]] = Counter()
    with provisioned(crm, folder / "counted") as case:
        log = folder / "counted.trace"
        assert run(case, "-o", str(log), "-e", f"trace={','.join(calls)}").code == 0
        for line in log.read_text(errors="replace").splitlines():
            words = line.split(maxsplit=1)
            call = words[1].split("(")[0] if len(words) == 2 else ""
            if call in calls:
                counts[words[0], call] += 1
    most: Counter[str] = Counter()
    for (_, call), count in counts.items():
        most[call] = max(most[call], count)
    return most


def spread(most: int, points: int) -> list[int]:
    """At most so many numbers from 1 to `most`, evenly apart, both ends among them."""
    if most <= points:
        return list(range(1, most + 1))
    return sorted({1 + round(i * (most - 1) / (points - 1)) for i in range(points)})


def unanswered(case: Case) -> int:
    """Rows that the state left by a killed process calls unknown; looked at in a copy, so that nothing is mended."""
    state = case.settings.workspace.dir / "state.sqlite"
    if not state.exists():
        return 0
    copy = case.folder / "looked-at"
    copy.mkdir()
    try:
        for path in state.parent.glob("state.sqlite*"):
            shutil.copy(path, copy / path.name)
        with closing(sqlite3.connect(copy / state.name)) as connection:
            return int(connection.execute("select count(*) from journal where status = 'unknown'").fetchone()[0])
    except sqlite3.OperationalError:  # begun, and killed before it had tables
        return 0
    finally:
        shutil.rmtree(copy)


def records_sent(case: Case) -> int:
    """Records that the CRM was given values for, those sent twice counted twice."""
    return sum(max(fields.values(), default=0) for kind, fields in ours(case).items())


def ours(case: Case) -> dict[str, dict[str, int]]:
    """What was written to the CRM of our properties, by object."""
    written = case.server.stats()["records_written"]
    mine = {k: {n: c for n, c in f.items() if n.lower().startswith("bothways_")} for k, f in written.items()}
    return {kind: fields for kind, fields in mine.items() if fields}
