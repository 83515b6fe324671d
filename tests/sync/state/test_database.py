"""The state database: opened whole, moved aside when damaged, refused when newer; and the run lock."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connectors.base import WriteError
from connectors.errors import ConfigError, StateError
from sync.errors import LockHeld
from sync.state import tables
from sync.state.database import open_state
from sync.state.journal import Journal, Planned, Verdict
from sync.state.lock import run_lock


def mark(folder: Path) -> None:
    state = open_state(folder, purpose="run")
    with state.engine.begin() as connection:
        connection.execute(tables.meta.insert().values(key="mark", value="ours"))
    state.close()


def marked(folder: Path) -> bool:
    state = open_state(folder, purpose="run")
    with state.engine.begin() as connection:
        found = connection.execute(tables.meta.select().where(tables.meta.c.key == "mark")).one_or_none()
    state.close()
    return found is not None


def test_what_was_committed_is_there_when_opened_again(tmp_path):
    mark(tmp_path)
    assert marked(tmp_path)


def test_only_its_owner_may_read_it(tmp_path):
    mark(tmp_path / "ws")
    assert stat.S_IMODE((tmp_path / "ws").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "ws" / "state.sqlite").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:5000]),
        lambda path: path.write_bytes(b"\x00" * 100 + path.read_bytes()[100:]),
        lambda path: path.write_bytes(b"<html>" * 2000),
        lambda path: path.write_bytes(path.read_bytes().replace(b"markours", b"markoups")),
    ],
    ids=["truncated", "header", "not a database", "one bit of a text"],
)
def test_only_a_run_sets_a_damaged_file_aside(tmp_path, damage, capsys):
    mark(tmp_path)
    path = tmp_path / "state.sqlite"
    damage(path)
    before = path.read_bytes()
    for purpose in ("read", "write"):
        with pytest.raises(StateError, match="is damaged"):
            open_state(tmp_path, purpose=purpose)
    assert path.read_bytes() == before
    state = open_state(tmp_path, purpose="run")
    state.close()
    assert state.moved_aside is not None
    assert state.moved_aside.read_bytes() == before
    assert not marked(tmp_path)
    capsys.readouterr()
    open_state(tmp_path).close()
    assert state.moved_aside.name in capsys.readouterr().err


@pytest.mark.parametrize("purpose", ["run", "write", "read"])
def test_a_file_of_another_program_is_left_alone(tmp_path, purpose):
    path = tmp_path / "state.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table theirs (x)")
        connection.execute("pragma application_id=7")
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(StateError, match="belongs to another program"):
        open_state(tmp_path, purpose=purpose)
    assert path.read_bytes() == before


def test_an_empty_file_is_begun(tmp_path):
    (tmp_path / "state.sqlite").touch()
    assert not marked(tmp_path)


def test_one_of_a_newer_version_is_refused_and_left_alone(tmp_path):
    mark(tmp_path)
    with closing(sqlite3.connect(tmp_path / "state.sqlite")) as connection:
        connection.execute(f"pragma user_version={tables.VERSION + 1}")
        connection.execute("update meta set value = ? where key = 'version'", (str(tables.VERSION + 1),))
        connection.commit()
    with pytest.raises(StateError, match=f"of version {tables.VERSION + 1}; this program knows {tables.VERSION}"):
        open_state(tmp_path)
    assert not list(tmp_path.glob("*.corrupt-*"))


def older(folder: Path) -> bytes:
    """Makes the state what version 1 left behind; gives the bytes of the file."""
    mark(folder)
    path = folder / "state.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        for name, since in tables.ADDED.items():
            assert since > 1
            connection.execute(f"drop table {name}")
        for name in tables.ADDED_COLUMNS:
            connection.execute("alter table {} drop column {}".format(*name.split(".")))
        for (name,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
            connection.execute(f"alter table {name} drop column crc")
        connection.execute("update meta set value = '1' where key = 'version'")
        connection.execute("pragma user_version=1")
        connection.commit()
        connection.execute("pragma wal_checkpoint(truncate)")
    return path.read_bytes()


def test_one_of_the_first_version_is_upgraded_and_kept_as_it_was(tmp_path):
    before = older(tmp_path)
    assert marked(tmp_path)
    with closing(sqlite3.connect(tmp_path / "state.sqlite")) as connection:
        assert connection.execute("pragma user_version").fetchone()[0] == tables.VERSION
        assert connection.execute("select value from meta where key = 'version'").fetchone()[0] == str(tables.VERSION)
        assert connection.execute("select count(*) from marks").fetchone()[0] == 0
    copy = tmp_path / "state.sqlite.version-1"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("pragma user_version").fetchone()[0] == 1
        assert connection.execute("select value from meta where key = 'mark'").fetchone()[0] == "ours"
    assert len(copy.read_bytes()) == len(before)
    assert marked(tmp_path)
    assert not list(tmp_path.glob("*.corrupt-*"))


def test_an_upgrade_that_was_cut_short_is_done_again(tmp_path):
    older(tmp_path)
    (tmp_path / "state.sqlite.version-1.tmp").write_bytes(b"half a copy")
    assert marked(tmp_path)
    assert not (tmp_path / "state.sqlite.version-1.tmp").exists()


def test_one_of_the_present_version_without_a_table_of_it_is_damaged(tmp_path):
    mark(tmp_path)
    with closing(sqlite3.connect(tmp_path / "state.sqlite")) as connection:
        connection.execute("drop table marks")
        connection.commit()
    assert not marked(tmp_path)
    assert len(list(tmp_path.glob("state.sqlite.corrupt-*"))) >= 1


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), damage=st.binary(min_size=1, max_size=64))
@example(place=0.027846561975379384, damage=b"\x00\x80")  # SQLite's message then holds bytes that are no text
def test_random_damage_is_noticed_or_harmless(tmp_path_factory, place, damage):
    """Whatever bytes are overwritten, opening works and what is then written can be read again."""
    folder = tmp_path_factory.mktemp("damaged")
    mark(folder)
    path = folder / "state.sqlite"
    whole = bytearray(path.read_bytes())
    start = int(place * len(whole))
    whole[start : start + len(damage)] = damage
    path.write_bytes(bytes(whole))
    state = open_state(folder, purpose="run")
    with state.engine.begin() as connection:
        state.upsert(tables.meta, [{"key": "after", "value": "yes"}], connection)
        read = connection.execute(tables.meta.select().where(tables.meta.c.key == "after")).one()
    state.close()
    assert read.value == "yes"


def _hold(folder: Path, ready: object) -> None:
    with run_lock(folder):
        ready.set()
        signal.pause()


def test_the_lock_of_a_dead_process_is_free(tmp_path):
    context = multiprocessing.get_context("forkserver")
    ready = context.Event()
    holder = context.Process(target=_hold, args=(tmp_path, ready))
    holder.start()
    assert ready.wait(60)
    with pytest.raises(LockHeld, match=f"process {holder.pid}"), run_lock(tmp_path):
        pass
    os.kill(holder.pid, signal.SIGKILL)
    holder.join(60)
    with run_lock(tmp_path):
        pass


@pytest.fixture
def journal(tmp_path):
    state = open_state(tmp_path)
    yield Journal(state, "fake")
    state.close()


ROW = Planned("accounts", "A", None, "{}", '{"x":1}', '{"x":1}')


def intend(journal: Journal, run_id: str) -> None:
    with journal._state.engine.begin() as connection:
        journal.intend(run_id, [ROW], connection)


def test_a_final_row_supersedes_the_open_ones_of_earlier_runs(journal):
    intend(journal, "one")
    journal.sending("one", [ROW])
    assert journal.forced() == {("accounts", "A"): "unknown"}
    intend(journal, "two")
    journal.sending("two", [ROW])
    journal.record_results("two", [Verdict(ROW, None)])
    assert (journal.counts("one"), journal.counts("two")) == ({"superseded": 1}, {"confirmed": 1})
    assert journal.forced() == {}


def test_a_dead_letter_keeps_its_first_day_and_counts_its_tries(journal):
    refusal = WriteError("rejected", "VALIDATION", "no")
    for run_id in ("one", "two"):
        intend(journal, run_id)
        journal.record_results(run_id, [Verdict(ROW, refusal)])
    with journal._state.engine.begin() as connection:
        (letter,) = connection.execute(tables.dead_letters.select()).all()
    assert (letter.attempts, letter.run_id, letter.code) == (2, "two", "VALIDATION")
    assert letter.first_at < letter.last_at
    assert journal.letters() == 1


def test_a_record_that_is_gone_is_forgotten(journal):
    for run_id, error in (
        ("one", None),
        ("two", WriteError("rejected", "VALIDATION", "no")),
        ("three", WriteError("gone", "404", "")),
    ):
        intend(journal, run_id)
        journal.record_results(run_id, [Verdict(ROW, error)])
    assert list(journal.last_confirmed("accounts")) == []
    assert journal.letters() == 0


def test_a_driver_that_is_not_installed_is_named_with_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError, match="driver that is not installed") as error:
        open_state(tmp_path, url="postgresql+psycopg://user@127.0.0.1:9/name")
    assert "bothways[postgres]" in error.value.remedy
