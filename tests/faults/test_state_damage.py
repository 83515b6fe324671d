"""Random damage of the state: noticed and kept aside, or without any effect on what the CRM holds afterwards."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import pytest
from fake_crm import AS_OF, FakeConnector, organisation
from rows import told
from scorer import SPECS, by_acts

from connectors.errors import StateError
from enrichment.model import ScoringModel
from sync.options import RunContext, RunOptions, Workspace
from sync.progress import NullProgress
from sync.run import run_sync
from sync.state.database import open_state

NAMES = [s.name for s in SPECS]


def sync(crm, folder):
    options = RunOptions(as_of=AS_OF, scorer=by_acts)
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
            opened = open_state(folder)
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
