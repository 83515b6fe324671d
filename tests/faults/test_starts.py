"""A hundred starts at once, by a hundred processes: one works, the others end at once and have done nothing."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from multiprocessing.connection import Connection, wait
from pathlib import Path

import pytest
from fake_crm import AS_OF, FakeConnector, FakeCrm, organisation
from rows import told
from scorer import SPECS, by_acts, scoring_by

from enrichment.model import ScoringModel
from sync.errors import LockHeld, exit_code
from sync.options import RunContext, RunOptions, Workspace
from sync.progress import NullProgress
from sync.run import run_sync

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["duckdb", "ibis", "ibis.backends.duckdb", "sync.run", "sync.write", "test_starts"])


class Waiting(FakeConnector):
    """Tells that it reads, and reads only when it is told that all have started."""

    parent: Connection

    def read(self, stream, since):
        if stream == "accounts":
            self.parent.send("works")
            self.parent.recv()
        yield from super().read(stream, since)


def start(folder: str, parent: Connection) -> None:
    crm = FakeCrm.load(Path(folder) / "crm.json")
    connector = Waiting(crm, SPECS)
    connector.parent = parent
    parent.recv()
    try:
        options = RunOptions(as_of=AS_OF)
        with scoring_by(by_acts):
            run_sync(
                RunContext(connector, Workspace(Path(folder) / "ws"), ScoringModel(), SPECS, options, NullProgress())
            )
    except LockHeld as error:
        parent.send(f"exit {exit_code(error)}, {connector.read_calls + connector.write_calls} calls")
        return
    crm.save()
    parent.send("done")


@pytest.mark.parametrize("starts", [pytest.param(100, marks=pytest.mark.slow)])
def test_one_of_many_starts_works(starts: int, tmp_path: Path) -> None:
    organisation(3, path=tmp_path / "crm.json")
    pairs = [PROCESSES.Pipe() for _ in range(starts)]
    with told("C1", "starts at once in one workspace: one works, the others end with 6", "fake CRM") as outcome:
        running = [PROCESSES.Process(target=start, args=(str(tmp_path), theirs)) for _, theirs in pairs]
        for process in running:
            process.start()
        for ours, _ in pairs:
            ours.send("go")
        said: Counter[str] = Counter()
        worker = None
        silent = [ours for ours, _ in pairs]
        while silent:
            for ours in wait(silent, timeout=300):
                assert isinstance(ours, Connection)
                word = ours.recv()
                said[word] += 1
                silent.remove(ours)
                worker = ours if word == "works" else worker
        assert said == {"works": 1, "exit 6, 0 calls": starts - 1}
        assert worker is not None
        worker.send("go on")
        assert worker.recv() == "done"
        for process in running:
            process.join(60)
        assert [process.exitcode for process in running] == [0] * starts
        outcome.times = starts
    assert FakeCrm.load(tmp_path / "crm.json").writes != []
    assert os.listdir(tmp_path / "ws") != []
