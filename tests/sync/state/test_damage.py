"""What counts as damage: SQLite's own code decides, in one place; whatever else is wrong, the file keeps its name."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from connectors.errors import StateError
from sync.state import damage, seals, tables
from sync.state.database import open_state

NOT_ERRORS = {"SQLITE_OK", "SQLITE_ROW", "SQLITE_DONE", "SQLITE_DENY", "SQLITE_IGNORE", "SQLITE_NOTICE"}
CODES = {
    name: value
    for name, value in vars(sqlite3).items()
    if name.startswith("SQLITE_")
    and name not in NOT_ERRORS
    and not name.startswith(("SQLITE_LIMIT", "SQLITE_DBCONFIG", "SQLITE_NOTICE", "SQLITE_OK"))
    and not name.startswith(("SQLITE_CREATE", "SQLITE_DROP", "SQLITE_ALTER", "SQLITE_ATTACH"))
    and (value > 0xFF or getattr(sqlite3, name) <= 27)
}
DAMAGE = {"SQLITE_CORRUPT", "SQLITE_CORRUPT_INDEX", "SQLITE_CORRUPT_SEQUENCE", "SQLITE_CORRUPT_VTAB", "SQLITE_NOTADB"}


def error_of(code: int) -> sqlite3.DatabaseError:
    error = sqlite3.OperationalError("as SQLite puts it")
    error.sqlite_errorcode = code
    return error


@pytest.fixture
def path(tmp_path):
    state = open_state(tmp_path)
    with state.engine.begin() as connection:
        connection.execute(tables.meta.insert().values(key="mark", value="ours"))
    state.close()
    return tmp_path / "state.sqlite"


def test_the_table_of_codes_is_whole():
    """The primary codes of https://www.sqlite.org/rescode.html, and the extended ones that Python names."""
    assert CODES.keys() >= DAMAGE
    assert len(CODES) > 60


def test_only_two_codes_mean_damage_and_no_other_renames_the_file(path, monkeypatch):
    before, check = path.read_bytes(), damage.check
    monkeypatch.setattr("sync.state.database._checked", {})
    for name in sorted(CODES, key=DAMAGE.__contains__):  # those that move the file come last
        error = error_of(CODES[name])
        # IOERR_CORRUPTFS and READONLY_* speak of the file system, not of the file.
        assert damage.is_damage(error) == (name in DAMAGE), name

        def fails(where: Path, error: sqlite3.DatabaseError = error) -> sqlite3.Connection:
            raise error

        monkeypatch.setattr(damage, "check", lambda p, fails=fails: check(p, fails))
        for purpose in ("read", "write", *(() if name in DAMAGE else ("run",))):
            with pytest.raises(StateError):
                open_state(path.parent, purpose=purpose)
            assert path.read_bytes() == before, name
        assert not damage.aside(path), name
    open_state(path.parent, purpose="run").close()
    assert [p.read_bytes() for p in damage.aside(path)] == [before]


@pytest.mark.parametrize("name", ["FULL", "IOERR", "CANTOPEN", "READONLY", "NOMEM", "BUSY", "PERM"])
def test_what_is_wrong_elsewhere_is_said_with_its_remedy(name, path):
    error = damage.explained(path, error_of(getattr(sqlite3, f"SQLITE_{name}")))
    assert str(path) in str(error)
    assert error.remedy
    assert "damaged" not in str(error)


def test_reading_works_where_nothing_can_be_written(path):
    """A read-only mount, as the process sees it: SQLite cannot make its shared memory file there."""
    script = (
        "import sys; sys.path[:0]=sys.argv[2:]; from pathlib import Path; from sync.state.database import open_state\n"
        "from sync.state import tables\n"
        "s = open_state(Path(sys.argv[1]), purpose='read')\n"
        "print(s.engine.connect().execute(tables.meta.select().where(tables.meta.c.key == 'mark')).one().value)"
    )
    probe = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    if probe.returncode or shutil.which("mount") is None:
        pytest.skip("no mounts here")
    inner = (
        f"mount --bind -o ro {path.parent} {path.parent} && exec '{sys.executable}' -c \"$0\" {path.parent} "
        f"{' '.join(filter(None, sys.path))}"
    )
    done = subprocess.run(["unshare", "-m", "sh", "-c", inner, script], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "ours", done.stderr


@pytest.mark.parametrize("table", sorted(tables.metadata.tables))
def test_a_changed_value_of_any_row_breaks_its_seal(table, tmp_path):
    """Through the engine each row is sealed, when it is inserted, replaced and updated; past it none is."""
    state = open_state(tmp_path)
    shape = tables.metadata.tables[table]
    row = {c.name: (1 if isinstance(c.type.python_type(), int) else "x") for c in shape.columns}
    column = list(row)[-1]
    with state.engine.begin() as connection:
        connection.execute(shape.insert().values(**row))
        state.upsert(shape, [row], connection)
        connection.execute(shape.update().values({column: None if shape.c[column].nullable else False}))
    state.close()
    path = tmp_path / "state.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        assert seals.broken(connection) == ""
        connection.execute(f"update {table} set {column} = 'z' where rowid = 1")
        assert seals.broken(connection).endswith(f"rows of {table} are not what was written")


def test_a_crash_between_the_renames_loses_no_log_and_applies_none(path):
    """SQLite would apply a log that is left behind to the next file of that name."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma wal_autocheckpoint=0")
        connection.execute("insert into meta (key, value, crc) values ('late', 'x', 0)")
        connection.commit()
        wal = path.with_name("state.sqlite-wal").read_bytes()
        shm = path.with_name("state.sqlite-shm").read_bytes()
    path.unlink()  # as if killed after the database was renamed
    path.with_name("state.sqlite-wal").write_bytes(wal)
    path.with_name("state.sqlite-shm").write_bytes(shm)
    state = open_state(path.parent, purpose="run")
    with state.engine.connect() as connection:
        assert connection.execute(tables.meta.select().where(tables.meta.c.key == "late")).one_or_none() is None
    state.close()
    assert not damage.check(path).damage
