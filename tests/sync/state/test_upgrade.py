"""The state and settings of every past release still load: upgraded at once or not at all, with a copy kept; never
downgraded.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from fake_crm import AS_OF, FakeConnector, FakeCrm
from scorer import SPECS

from config import settings as config_settings
from connectors.errors import StateError
from enrichment.model import ScoringModel
from sync.options import RunContext, RunOptions, Workspace
from sync.progress import NullProgress
from sync.run import run_sync
from sync.state import tables
from sync.state.database import open_state

FROZEN = Path(__file__).parents[2] / "data" / "states"
RELEASES = sorted((p.name for p in FROZEN.iterdir() if p.name.isdigit()), key=int)
NAMES = [s.name for s in SPECS]


@pytest.fixture
def left(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A workspace as a release left it."""
    folder = tmp_path / "ws"
    folder.mkdir()
    shutil.copy(FROZEN / request.param / "state.sqlite", folder)
    return folder


def contents(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        version = connection.execute("pragma user_version").fetchone()[0]
        return [f"version {version}", *connection.iterdump()]


def test_the_present_tables_are_frozen_too():
    assert str(tables.VERSION) in RELEASES, "run tests/data/states/make.py and commit what it made"


@pytest.mark.parametrize(("left", "release"), [(r, r) for r in RELEASES], indirect=["left"])
def test_every_row_of_a_past_release_is_there(left, release):
    expected = json.loads((FROZEN / release / "expected.json").read_text())
    before = contents(left / "state.sqlite")
    state = open_state(left)
    with state.engine.connect() as connection:
        rows = {
            name: connection.execute(sa.select(sa.func.count()).select_from(tables.metadata.tables[name])).scalar_one()
            for name in expected["rows"]
        }
        version = connection.execute(sa.select(tables.meta.c.value).where(tables.meta.c.key == "version")).scalar_one()
    state.close()
    assert (state.moved_aside, rows, version) == (None, expected["rows"], str(tables.VERSION))
    copy = left / f"state.sqlite.version-{release}"
    assert copy.exists() == (int(release) < tables.VERSION)
    assert not copy.exists() or contents(copy) == before


@pytest.mark.usefixtures("quick_scores")
@pytest.mark.parametrize(("left", "release"), [(r, r) for r in RELEASES], indirect=["left"])
def test_a_run_of_a_past_release_is_gone_on_with(left, release):
    """What was sent without an answer is sent again, what was refused is tried again, nothing else is written twice."""
    expected = json.loads((FROZEN / release / "expected.json").read_text())
    crm = FakeCrm.load(FROZEN / release / "crm.json")
    crm.path = None
    before = len(crm.writes)

    def sync():
        options = RunOptions(as_of=AS_OF)
        return run_sync(
            RunContext(FakeConnector(crm, SPECS), Workspace(left), ScoringModel(), SPECS, options, NullProgress())
        )

    told = sync()
    while told.resumed:
        told = sync()
    assert (told.exit_code, told.dead_letters) == (0, 0)
    assert len(crm.writes) - before <= expected["journal"]["unknown"] + expected["rows"]["dead_letters"]
    assert sync().changed == 0


@pytest.mark.parametrize("release", RELEASES)
def test_the_settings_of_a_past_release_load(release, monkeypatch):
    monkeypatch.setenv("BOTHWAYS_CRM_TOKEN", "not-a-token")
    assert config_settings.load(FROZEN / release / "bothways.toml").crm.kind == "salesforce"


@pytest.mark.parametrize("left", [r for r in RELEASES if int(r) < tables.VERSION][:1], indirect=True)
def test_an_upgrade_that_breaks_off_has_changed_nothing(left, monkeypatch):
    before = contents(left / "state.sqlite")

    def full(self):
        raise sa.exc.OperationalError("update meta", None, OSError(28, "No space left on device"))

    with monkeypatch.context() as patch:
        patch.setattr(type(tables.meta), "update", full)
        with pytest.raises(sa.exc.OperationalError):
            open_state(left)
    assert contents(left / "state.sqlite") == before
    open_state(left).close()
    assert contents(left / "state.sqlite") != before


@pytest.mark.parametrize("left", RELEASES[-1:], indirect=True)
def test_a_state_is_never_downgraded(left, monkeypatch):
    before = contents(left / "state.sqlite")
    monkeypatch.setattr(tables, "VERSION", tables.VERSION - 1)
    with pytest.raises(StateError, match="Install the newer bothways"):
        open_state(left)
    assert contents(left / "state.sqlite") == before
