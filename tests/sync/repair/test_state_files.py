"""`bothways state`: what a damaged state knew comes back, whatever was learned since stays, and the loss is said until
decided.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from fake_crm import FakeConnector
from scorer import SPECS

from connectors.base import WriteError
from connectors.errors import ConfigError, StateError
from sync.options import Workspace
from sync.repair import state_files
from sync.state import tables
from sync.state.database import open_state

REFUSED = WriteError("rejected", "RULE", "A rule says no.")


def letters(workspace):
    state = open_state(workspace.dir)
    with state.engine.connect() as connection:
        found = sorted(row.record_id for row in connection.execute(tables.dead_letters.select()))
    state.close()
    return found


@pytest.fixture
def lost(crm, workspace, sync):
    """A workspace whose state was damaged after a run with a dead letter, and begun again by another run with one."""
    connector = FakeConnector(crm, SPECS)
    connector.refuse["A001"] = REFUSED
    run = sync(connector).run_id
    path = workspace.dir / "state.sqlite"
    path.write_bytes(path.read_bytes().replace(b"A rule says no.", b"A rule says yo."))
    connector = FakeConnector(crm, SPECS)
    connector.refuse["A001"] = connector.refuse["A002"] = REFUSED
    for account in ("A001", "A002"):
        crm.put("accounts", account, bothways_customer_dependence=1.0)
    sync(connector)
    return run


def test_a_loss_is_shown_until_somebody_decides(lost, workspace, capsys):
    report = state_files.show(workspace)
    (aside,) = report.waiting
    kinds = {file.name: (file.kind, bool(file.damage)) for file in report.files}
    assert kinds == {"state.sqlite": ("present", False), aside: ("set aside", True)}
    assert state_files.check(workspace).sound
    open_state(workspace.dir).close()
    assert aside in capsys.readouterr().err
    assert state_files.accept(workspace) == [aside]
    open_state(workspace.dir).close()
    assert capsys.readouterr().err == ""
    assert [f.kind for f in state_files.show(workspace).files] == ["present", "accepted"]
    assert state_files.accept(workspace, remove=True) == []
    assert [f.kind for f in state_files.show(workspace).files] == ["present"]


def test_a_restore_adds_what_is_sound_and_overwrites_nothing(lost, workspace):
    assert letters(workspace) == ["A001", "A002"]
    state = open_state(workspace.dir)
    with state.engine.begin() as connection:
        assert lost not in {r.run_id for r in connection.execute(tables.runs.select())}
        connection.execute(tables.dead_letters.update().values(attempts=9))
    state.close()
    done = state_files.restore(workspace)
    assert done.unreadable == 2, "the words of the CRM stand in the journal and in the dead letter"
    assert done.added["runs"] == 1
    assert done.added["journal"] > 0
    state = open_state(workspace.dir)
    with state.engine.begin() as connection:
        assert lost in {r.run_id for r in connection.execute(tables.runs.select())}
        assert {r.attempts for r in connection.execute(tables.dead_letters.select())} == {9}
    state.close()
    assert not state_files.show(workspace).waiting
    assert state_files.restore(workspace, state_files.show(workspace).files[1].name).added["runs"] == 0


def test_a_backup_restores_what_a_lost_workspace_knew(crm, workspace, sync, tmp_path):
    connector = FakeConnector(crm, SPECS)
    connector.refuse["A001"] = REFUSED
    sync(connector)
    with (
        closing(sqlite3.connect(workspace.dir / "state.sqlite")) as source,
        closing(sqlite3.connect(tmp_path / "backup.sqlite")) as backup,
    ):
        source.backup(backup)
    (workspace.dir / "state.sqlite").unlink()
    done = state_files.restore(workspace, str(tmp_path / "backup.sqlite"))
    assert (done.added["dead_letters"], done.unreadable) == (1, 0)
    assert letters(workspace) == ["A001"]


def test_what_cannot_be_restored_is_refused_by_name(workspace, tmp_path):
    with pytest.raises(ConfigError, match="There is no workspace"):
        state_files.show(workspace)
    open_state(workspace.dir).close()
    with pytest.raises(ConfigError, match="No state was set aside"):
        state_files.restore(workspace)
    (tmp_path / "noise").write_bytes(b"<html>" * 500)
    with pytest.raises(StateError, match="Nothing can be read from"):
        state_files.restore(workspace, str(tmp_path / "noise"))
    with pytest.raises(ConfigError, match="is in PostgreSQL"):
        state_files.show(Workspace(workspace.dir, "postgresql://nowhere"))


def test_a_check_names_every_damaged_file(crm, workspace, sync):
    first = sync(FakeConnector(crm, SPECS))
    assert state_files.check(workspace).sound
    (part,) = (workspace.dir / "landing/fake/accounts").glob("gen-*/part-*")
    for path in (part, first.plan_path, first.scores_dir / "accounts.parquet"):
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    found = state_files.check(workspace)
    assert not found.sound
    assert {name.rsplit("/", 1)[-1] for name in found.damaged} == {part.name, first.plan_path.name, first.run_id}
