"""Decides from SQLite's own error code whether a state file is damaged; renames one that is.

Only two codes (CORRUPT, NOTADB) and a failed check mean damage. Every other error is about the disk, the rights, the
memory or another program: the file is sound, and nothing may rename it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from connectors.errors import StateError
from sync.state import seals, tables

APPLICATION_ID = 0x62770001
"""Marks the SQLite file as ours ("bw")."""

SET_ASIDE, ACCEPTED = ".corrupt-", ".accepted-"
"""In the names of files that were set aside: until a person decides, and afterwards."""
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_SIDES = ("-wal", "-shm")
_ELSEWHERE = "Check the disk and the folder's owner, then run again: the state itself is untouched."
_OTHER_PROGRAM = ("is locked by another program", "Close it, then run again.")
_RIGHTS = ("may not be opened by this user", "Give the folder and the file to the user that runs bothways.")
_WORDS: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_FULL: ("cannot be used: its disk is full", "Free some space, then run again: nothing was lost."),
    sqlite3.SQLITE_IOERR: ("cannot be used: its disk fails to read or write", _ELSEWHERE),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", _ELSEWHERE),
    sqlite3.SQLITE_READONLY: (
        "cannot be written: the file or its file system is read-only",
        "Make it writable for the user that runs bothways, then run again.",
    ),
    sqlite3.SQLITE_NOMEM: ("cannot be used: memory is not enough", "Free some memory, then run again."),
    sqlite3.SQLITE_BUSY: _OTHER_PROGRAM,
    sqlite3.SQLITE_LOCKED: _OTHER_PROGRAM,
    sqlite3.SQLITE_PROTOCOL: _OTHER_PROGRAM,
    sqlite3.SQLITE_PERM: _RIGHTS,
    sqlite3.SQLITE_AUTH: _RIGHTS,
    sqlite3.SQLITE_TOOBIG: ("holds a value that is too large for SQLite", _ELSEWHERE),
    sqlite3.SQLITE_NOLFS: ("is too large for its file system", _ELSEWHERE),
}
_DAMAGED_REMEDY = (
    "`bothways state check` shows more. The next sync sets the file aside and reads everything again from the CRM; "
    "restore a backup before that if you have one."
)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of a state file found. `damage` is "" for a sound one; `version` 0 for one without tables."""

    version: int = 0
    damage: str = ""


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that the file itself is broken; the extended codes count as their primary one."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in _DAMAGED


def explained(path: Path, error: BaseException) -> StateError:
    """The error to raise for what SQLite said about a file."""
    if is_damage(error):
        return damaged(path, str(error))
    code = getattr(error, "sqlite_errorcode", None)
    words, remedy = _WORDS.get(code & 0xFF if isinstance(code, int) else 0, ("cannot be used", _ELSEWHERE))
    return StateError(f"The state {path} {words} (SQLite: {error}).", remedy=remedy)


def damaged(path: Path, damage: str) -> StateError:
    """The error of a command that only reads, for a state that a check found damaged."""
    return StateError(f"The state {path} is damaged: {damage}.", remedy=_DAMAGED_REMEDY)


def newer(where: str, version: int) -> StateError:
    """The error for a state that a later release wrote."""
    return StateError(
        f"The state {where} is of version {version}; this program knows {tables.VERSION}.",
        remedy="Install the newer bothways again, or give another workspace.",
    )


def connect_reading(path: Path) -> sqlite3.Connection:
    """A connection that writes nothing to the file, and works on a full or read-only disk too. Raises sqlite3.Error."""
    wal = path.with_name(path.name + "-wal")
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    connection = sqlite3.connect(address, uri=True, timeout=30)
    try:
        connection.execute("select 1 from sqlite_master limit 1").fetchall()
    except sqlite3.OperationalError as error:
        connection.close()
        if is_damage(error) or (wal.exists() and wal.stat().st_size):
            raise
        # SQLite's shared memory file cannot be made here. Without a write-ahead log the file alone is the whole state.
        return sqlite3.connect(f"{address}&immutable=1", uri=True, timeout=30)
    except UnicodeDecodeError:  # SQLite's message quotes damaged bytes of the schema, which Python cannot decode
        connection.close()
        damaged = sqlite3.DatabaseError("malformed database schema")
        damaged.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise damaged from None
    except BaseException:
        connection.close()
        raise
    return connection


def check(path: Path, connect: Callable[[Path], sqlite3.Connection] = connect_reading) -> Checked:
    """Checks a state file as a whole: SQLite's integrity check, our tables, the seal of every row. Changes nothing.

    Raises StateError when it cannot be looked at, is of a newer version, or is another program's.
    """
    try:
        with closing(connect(path)) as connection:
            connection.text_factory = bytes  # damaged text need not be text
            connection.execute("begin")  # one view of it, whoever writes meanwhile
            application = connection.execute("pragma application_id").fetchone()[0]
            version = connection.execute("pragma user_version").fetchone()[0]
            integrity = connection.execute("pragma integrity_check").fetchone()[0]
            if integrity != b"ok":
                return Checked(version, integrity.decode("utf-8", "replace"))
            columns = _columns(connection)
            if application == 0 and not columns:
                return Checked()  # created and killed before its first commit
            ours = {name for name, _ in columns} >= {"meta", "runs", "journal"}
            if application != APPLICATION_ID and not ours:
                raise StateError(
                    f"{path} belongs to another program.",
                    remedy="Give another workspace.dir, or move that file away.",
                )
            said = connection.execute("select value from meta where key = 'version'").fetchone() if ours else None
            if application != APPLICATION_ID or said != (str(version).encode(),):
                return Checked(version, "its header is not what was written")
            if version > tables.VERSION:
                raise newer(str(path), version)
            if missing := sorted(_wanted(version) - columns):
                return Checked(version, f"{missing[0][0]}.{missing[0][1]} is missing")
            return Checked(version, seals.broken(connection) if version >= seals.SINCE else "")
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return Checked(0, str(error))
        raise explained(path, error) from error


def aside(path: Path) -> list[Path]:
    """The files that were set aside and about which nobody has decided yet, oldest first."""
    return sorted(p for p in path.parent.glob(f"{path.name}{SET_ASIDE}*") if not p.name.endswith(_SIDES))


def accepted(path: Path) -> list[Path]:
    """The files whose loss a person has accepted, oldest first."""
    return sorted(p for p in path.parent.glob(f"{path.name}{ACCEPTED}*") if not p.name.endswith(_SIDES))


def set_aside(path: Path) -> Path:
    """Renames a damaged file, with the log that belongs to it; returns its new name. Only for the holder of the
    lock.
    """
    to = path.with_name(f"{path.name}{SET_ASIDE}{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
    move(path, to)
    return to


def move(path: Path, to: Path) -> None:
    """Renames a database with its log. A crash in between leaves the log alone, which `finish_moves` then removes."""
    sides = [(path.with_name(path.name + s), to.with_name(to.name + s)) for s in _SIDES]
    for side, kept in sides:
        if side.exists():
            kept.unlink(missing_ok=True)
            kept.hardlink_to(side)
    path.rename(to)
    finish_moves(path)


def finish_moves(path: Path) -> None:
    """Removes a write-ahead log whose database was moved: SQLite would apply it to the next file of that name."""
    if not path.exists():
        for suffix in _SIDES:
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def _columns(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    query = "select m.name, c.name from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table'"
    return {(t.decode("utf-8", "replace"), c.decode("utf-8", "replace")) for t, c in connection.execute(query)}


def _wanted(version: int) -> set[tuple[str, str]]:
    return {
        (table.name, column.name)
        for table in tables.metadata.tables.values()
        if tables.ADDED.get(table.name, 1) <= version
        for column in table.columns
        if tables.ADDED_COLUMNS.get(f"{table.name}.{column.name}", 1) <= version
    }
