"""Random damage of the state: noticed and kept aside, or without any effect on what the CRM holds afterwards."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fake_crm import AS_OF, FakeConnector, FakeCrm, organisation
from rows import told
from scorer import SPECS, by_acts, scoring_by

from connectors.errors import QuotaReached, RetriableError, StateError
from enrichment.model import ScoringModel
from sync.options import RunContext, RunOptions, Workspace
from sync.progress import NullProgress
from sync.run import run_sync
from sync.state.database import open_state

NAMES = [s.name for s in SPECS]


def sync(crm, folder):
    options = RunOptions(as_of=AS_OF)
    with scoring_by(by_acts):
        return run_sync(
            RunContext(FakeConnector(crm, SPECS), Workspace(folder), ScoringModel(), SPECS, options, NullProgress())
        )


def contents(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


@pytest.mark.parametrize("damages", [50, pytest.param(1_000, marks=pytest.mark.slow)])
def test_no_damage_is_silent(damages, tmp_path):
    crm = organisation(6)
    sync(crm, tmp_path / "ws")
    expected, state = crm.held(NAMES), tmp_path / "ws" / "state.sqlite"
    connection = sqlite3.connect(state)
    connection.execute("pragma wal_checkpoint(truncate)")
    connection.close()
    whole, sound = state.read_bytes(), contents(state)
    dice, outcome = random.Random(damages), {"noticed": 0, "without effect": 0, "made good": 0}
    for _ in range(damages):
        folder = tmp_path / "damaged"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(tmp_path / "ws", folder)
        (folder / "state.sqlite").write_bytes(_damaged(whole, dice))
        try:
            opened = open_state(folder, purpose="run")
            opened.close()
            if opened.moved_aside is not None:
                outcome["noticed"] += 1
                continue
            if contents(folder / "state.sqlite") == sound:
                outcome["without effect"] += 1
                continue
            sync(crm, folder)
        except StateError:
            outcome["noticed"] += 1
            continue
        except sqlite3.OperationalError:  # text that is none any more: the run would say so
            outcome["noticed"] += 1
            continue
        assert crm.held(NAMES) == expected
        outcome["made good"] += 1
    assert sum(outcome.values()) == damages
    assert outcome["noticed"] > 0
    with told("F2", "state: bits flipped, cut short, zeros and noise; none silent", "fake CRM") as line:
        line.times = damages


@pytest.mark.parametrize("damages", [8, pytest.param(1_000, marks=pytest.mark.slow)])
def test_one_flipped_bit_in_any_file_of_a_workspace_is_noticed_or_harmless(damages, tmp_path):
    """A workspace with a finished sync and one that broke off while it wrote: landing, scores, plans, state, all else.
    The next sync must leave in the CRM, and compute, exactly what it does over the workspace as it was.
    """
    crm = organisation(6, path=tmp_path / "crm.json")
    sync(crm, tmp_path / "ws")
    for n in range(6):
        crm.put(
            "activities", f"late{n}", channel="call", direction="inbound", occurred_at=AS_OF, person_ids=[f"P00{n}0"]
        )
    connector = FakeConnector(crm, SPECS, write_batch=2, write_workers=1)
    connector.fail_calls = [None, QuotaReached("the day is over")]
    options = RunOptions(as_of=AS_OF)
    with scoring_by(by_acts):
        broken = run_sync(
            RunContext(connector, Workspace(tmp_path / "ws"), ScoringModel(), SPECS, options, NullProgress())
        )
    assert broken.deferred
    crm.save()

    def outcome(damage):
        folder = tmp_path / "damaged"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(tmp_path / "ws", folder)
        text = (folder / "state.sqlite").read_bytes()
        assert str(tmp_path / "ws").encode() in text
        copy = FakeCrm.load(tmp_path / "crm.json")
        copy.path = None
        with moved(tmp_path / "ws", tmp_path / "whole", folder):
            damage(tmp_path / "ws")
            sync(copy, tmp_path / "ws")
            last = sync(copy, tmp_path / "ws")  # what an unfinished plan did not know
            return copy.held(NAMES), pq.read_table(last.scores_dir / "accounts.parquet"), last.changed

    expected = outcome(lambda folder: None)
    assert expected[2] == 0
    files = sorted(p.relative_to(tmp_path / "ws") for p in (tmp_path / "ws").rglob("*") if p.is_file())
    assert {f.parts[0] for f in files} >= {"landing", "scores", "plans", "state.sqlite"}
    dice = random.Random(damages)
    for number in range(damages):
        name = files[number % len(files)] if number % 2 else dice.choice(files)

        def flip(folder, name=name):
            whole = bytearray((folder / name).read_bytes())
            if whole:
                whole[dice.randrange(len(whole))] ^= 1 << dice.randrange(8)
            (folder / name).write_bytes(bytes(whole))

        try:
            found = outcome(flip)
        except (StateError, RetriableError):
            continue  # said, and nothing done
        assert found[0] == expected[0], name
        assert found[1].equals(expected[1]), name
        assert found[2] == 0, name
    with told("F2", "one flipped bit in any file of a workspace; none silent", "fake CRM") as line:
        line.times = damages


@contextmanager
def moved(home, away, instead):
    """Within it another folder stands in the place of a workspace, whose state names its files by their paths."""
    home.rename(away)
    instead.rename(home)
    try:
        yield
    finally:
        shutil.rmtree(home)
        away.rename(home)


def _damaged(whole: bytes, dice: random.Random) -> bytes:
    kind, place = dice.choice(("flip", "flip", "cut", "zeros", "noise")), dice.randrange(len(whole))
    if kind == "cut":
        return whole[:place]
    size = 1 if kind == "flip" else dice.randrange(1, 600)
    piece = {
        "flip": bytes([whole[place] ^ (1 << dice.randrange(8))]),
        "zeros": b"\0" * size,
        "noise": dice.randbytes(size),
    }[kind]
    return (whole[:place] + piece + whole[place + size :])[: len(whole)]
