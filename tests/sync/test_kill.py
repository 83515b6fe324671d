"""Killed at any point, any number of times, a run converges on what an uninterrupted one would have written."""

from __future__ import annotations

import json
import multiprocessing
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import sync_once
from fake_crm import FakeCrm, organisation
from scorer import SPECS

from sync.system.failpoints import FAILPOINTS

ROOT = Path(__file__).parents[2]
NAMES = [s.name for s in SPECS]
IN_FLIGHT = 2 * 5
"""Two workers, batches of five."""


# A server that has imported the heavy libraries once, and forks a fresh process for each run from there.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["duckdb", "ibis", "ibis.backends.duckdb", "sync.run", "sync.write"])


def once(crm: Path, workspace: Path, kill: str = "") -> tuple[int | None, dict[str, Any]]:
    """Exit code and result of one run."""
    answer = workspace.with_suffix(".json")
    answer.unlink(missing_ok=True)
    process = PROCESSES.Process(target=sync_once.main, args=(crm, workspace, answer, kill))
    process.start()
    process.join(120)
    code = process.exitcode
    process.close()
    return code, json.loads(answer.read_text()) if answer.exists() else {}


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, object]]:
    folder = tmp_path_factory.mktemp("clean")
    organisation(8, path=folder / "crm.json")
    assert once(folder / "crm.json", folder / "ws")[0] == 0
    return FakeCrm.load(folder / "crm.json").held(NAMES)


def test_every_failpoint_is_in_the_code():
    source = "".join(p.read_text() for p in (ROOT / "sync").rglob("*.py"))
    assert [name for name in FAILPOINTS if f'failpoint("{name}")' not in source] == []


@pytest.mark.parametrize(
    "point", [*FAILPOINTS, "batch.unknown:3", "batch.sent:2", "batch.confirmed:2", "pull.landed:4"]
)
def test_a_run_killed_at_a_failpoint_converges(point: str, tmp_path: Path, clean) -> None:
    """The next run ends as an uninterrupted one does, repeats no more than what was in flight, and leaves nothing to
    do.
    """
    crm = tmp_path / "crm.json"
    organisation(8, path=crm)
    assert once(crm, tmp_path / "ws", point)[0] == -signal.SIGKILL
    code, told = once(crm, tmp_path / "ws")
    assert code == 0
    after = FakeCrm.load(crm)
    assert after.held(NAMES) == clean
    again = sum(n - 1 for n in Counter(after.writes).values())
    assert again <= IN_FLIGHT
    assert told["resumed"]
    assert told["changed"] == told["written"] == 24
    _, third = once(crm, tmp_path / "ws")
    assert (third["written"], third["resumed"]) == (0, False)


def test_killed_again_and_again_while_recovering(tmp_path: Path, clean) -> None:
    crm = tmp_path / "crm.json"
    organisation(8, path=crm)
    for point in ("pull.landed:2", "normalized", "batch.sent", "batch.unknown", "batch.confirmed", "run.end"):
        assert once(crm, tmp_path / "ws", point)[0] == -signal.SIGKILL
    _, last = once(crm, tmp_path / "ws")
    assert FakeCrm.load(crm).held(NAMES) == clean
    assert last["written"] == last["changed"] == 24
