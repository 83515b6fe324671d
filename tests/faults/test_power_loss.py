"""The power goes while a run works: whatever the disk forgot of what was not flushed, the next run converges."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fake_crm import AS_OF, FakeConnector, FakeCrm, organisation
from powerloss import STRACE, Call, Disk, calls
from rows import told
from scorer import SPECS, by_acts, scoring_by
from traced import tracing

from enrichment.model import ScoringModel
from sync.options import RunContext, RunOptions, Workspace
from sync.progress import NullProgress
from sync.run import run_sync

NAMES = [s.name for s in SPECS]
HERE = Path(__file__).parent
LOSSES, PARTS = 200, 5
SYNC = f"""
import sys
sys.path[:0] = [{str(HERE.parent / "sync")!r}, {str(HERE.parents[1])!r}]
from pathlib import Path
import sync_once
folder = Path(sys.argv[1])
sync_once.main(folder / "crm.json", folder / "ws", folder / "answer.json", "")
"""


def sync(folder: Path) -> Any:
    crm = FakeCrm.load(folder / "crm.json")
    options = RunOptions(as_of=AS_OF)
    with scoring_by(by_acts):
        told = run_sync(
            RunContext(
                FakeConnector(crm, SPECS, write_batch=5),
                Workspace(folder / "ws"),
                ScoringModel(),
                SPECS,
                options,
                NullProgress(),
            ),
        )
    crm.save()
    return told


def recorded(folder: Path) -> list[Call]:
    """A sync in a process of its own, and every change of a file that it made."""
    log = folder.with_suffix(".trace")
    subprocess.run(
        ["strace", "-f", "-o", str(log), *STRACE, sys.executable, "-W", "ignore", "-c", SYNC, str(folder)],
        check=True,
        timeout=300,
    )
    return calls(log, folder)


@dataclass(frozen=True)
class Recording:
    """A run: the files before and after it, the changes it made to them, and what the CRM holds at its end."""

    folder: Path
    before: dict[str, bytes]
    made: list[Call]
    after: dict[str, bytes]
    expected: Any


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    """Of a first run, and of one that adds to what is there."""
    folder, found = tmp_path_factory.mktemp("power") / "machine", []
    folder.mkdir()
    organisation(6, path=folder / "crm.json")
    for late in (0, 4):
        crm = FakeCrm.load(folder / "crm.json")
        for n in range(late):
            crm.put(
                "activities", f"new{n}", channel="call", direction="inbound", occurred_at=AS_OF, person_ids=[f"P00{n}0"]
            )
        crm.save()
        before = _files(folder)
        made = recorded(folder)
        found.append(Recording(folder, before, made, _files(folder), FakeCrm.load(folder / "crm.json").held(NAMES)))
    return found


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.slow
@pytest.mark.skipif(bool(tracing()), reason=tracing())
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("which", [0, 1], ids=["first run", "later run"])
def test_the_power_goes(which: int, part: int, recordings: list[Recording]) -> None:
    """Two hundred losses in all; after each the next run converges, and another has nothing to do."""
    it = recordings[which]
    with told("K5", "power loss: names and bytes that were not flushed are forgotten", "fake CRM") as outcome:
        for seed in range(LOSSES // 2 // PARTS):
            lose(it.folder, it.before, it.made, random.Random(f"{which}/{part}/{seed}"))
            assert sync(it.folder).exit_code == 0
            assert FakeCrm.load(it.folder / "crm.json").held(NAMES) == it.expected, f"loss {which}/{part}/{seed}"
            assert sync(it.folder).changed == 0
            outcome.times += 1


@pytest.mark.slow
@pytest.mark.skipif(bool(tracing()), reason=tracing())
def test_what_a_run_that_ended_has_left_is_whole(recordings: list[Recording]) -> None:
    """Nothing that a later run reads may be found torn: state, landing, scores and plan are flushed before they
    count.
    """
    for it in recordings:
        disk = Disk(it.before)
        for call in it.made:
            disk.do(call)
        kept = {
            p: d for p, d in it.after.items() if any(f"/ws/{part}/" in p for part in ("landing", "scores", "plans"))
        }
        assert len(kept) >= 10
        for seed in range(20):
            left = dict(disk.after_a_loss(random.Random(seed)))
            assert [p for p, data in kept.items() if left.get(p) != data] == []


def lose(folder: Path, before: dict[str, bytes], made: list[Any], dice: random.Random) -> None:
    """Leaves in the folder what the disk holds when the power goes at a moment of the recorded run."""
    disk, crm = Disk(before), str(folder / "crm.json")
    for call in made[: min(len(made), dice.randrange(1, len(made) + len(made) // 10))]:  # some right after its end
        disk.do(call)
    held = disk.as_seen(crm)  # the CRM is elsewhere: it forgets nothing
    files = [
        (p, d)
        for p, d in disk.after_a_loss(dice)
        if not p.startswith((crm, str(folder / "crm.tmp"))) and not p.endswith("-shm")
    ]
    lay(folder, [*files, (crm, held)])


def lay(folder: Path, files: Any) -> None:
    shutil.rmtree(folder)
    for name, data in files:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(data)


def test_what_was_not_flushed_may_be_forgotten_and_what_was_is_not() -> None:
    disk, seen = Disk(), set()
    for call in (Call("write", "/d/a", offset=0, data=b"old"), Call("flush", "/d/a"), Call("flush", "/d")):
        disk.do(call)
    disk.do(Call("write", "/d/a", offset=0, data=b"new"))
    disk.do(Call("rename", "/d/a", "/d/b"))
    for seed in range(40):
        seen |= {tuple(disk.after_a_loss(random.Random(seed)))}
    assert seen == {((f"/d/{name}", data),) for name in "ab" for data in (b"old", b"new")}
