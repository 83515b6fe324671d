"""The state database: opened safely or not at all.

SQLite (WAL, synchronous=FULL) in the workspace by default, PostgreSQL by URL. `sync.state.damage` decides what a
damaged file is. A run renames one (`state.sqlite.corrupt-<time>`) and starts a new one, since everything in it can be
read again from the CRM; a command that only reads never renames anything. A file of another program or of a newer
version is refused. One of an older version is upgraded in one transaction, after a copy of it was kept
(`state.sqlite.version-<n>`).
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from connectors.errors import ConfigError, StateError
from sync.state import damage, seals, tables
from sync.system import files as durable
from sync.system import logs
from sync.system.times import format_time

Purpose = Literal["run", "write", "read"]
"""`run` may set a damaged file aside; `write` and `read` refuse one, and `read` changes nothing at all."""

_NAME = "state.sqlite"
_checked: dict[Path, tuple[object, ...]] = {}
"""Files that this process has checked, as they were then: a daemon's pages open the state every half minute."""
_said: set[Path] = set()


def now() -> str:
    """The present, UTC, as state and logs write it."""
    return format_time(datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class State:
    """An open state database. `path` is None when it is not a file; `moved_aside` is where a damaged one went."""

    engine: sa.Engine
    path: Path | None
    moved_aside: Path | None = None

    def close(self) -> None:
        self.engine.dispose()

    def upsert(self, table: sa.Table, rows: list[dict[str, Any]], connection: sa.Connection) -> None:
        """Inserts rows, or overwrites those with the same primary key."""
        if not rows:
            return
        make = postgresql.insert if self.engine.dialect.name == "postgresql" else sqlite.insert
        statement = make(table)
        keys = [column.name for column in table.primary_key]
        others = {name: statement.excluded[name] for name in rows[0] if name not in keys}
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=others), rows)


def state_path(workspace: Path) -> Path:
    """The state of a workspace that keeps it in SQLite."""
    return workspace / _NAME


def make_workspace(workspace: Path) -> None:
    """Makes the folder of a workspace. Raises ConfigError when that cannot be."""
    try:
        durable.make_dir(workspace)
        if not workspace.is_dir():
            raise NotADirectoryError
    except (FileExistsError, NotADirectoryError):
        raise ConfigError(
            f"workspace.dir: {workspace} is not a folder.", remedy="Set it to a folder, or to one that can be created."
        ) from None
    except PermissionError as error:
        raise ConfigError(
            f"workspace.dir: {workspace} cannot be created ({error.strerror}).",
            remedy="Choose a folder that the user who runs bothways may write.",
        ) from None


def open_state(workspace: Path, url: str | None = None, *, purpose: Purpose = "write") -> State:
    """Opens (or creates, or upgrades) the state of a workspace. `run` is for the holder of the run lock.

    Raises StateError if it was written by a newer version or another program, cannot be used, or is damaged and the
    purpose is not `run`; if its server does not answer or lacks a column.
    """
    make_workspace(workspace)
    if url is not None:
        # No ping and silent reconnection: a lost server has lost the run lock too, and the run must end.
        return _on_a_server(State(_engine(url), None))
    path = state_path(workspace)
    try:
        moved = _ready(path, purpose)
        if purpose == "read":
            engine = sa.create_engine("sqlite://", creator=lambda: damage.connect_reading(path), poolclass=sa.NullPool)
            return State(engine, path)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))  # never exists with wider rights
        engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
        sa.event.listen(engine, "connect", _pragmas)
        state = State(engine, path, moved)
        _begin(state)
    except sqlite3.DatabaseError as error:
        raise damage.explained(path, error) from error
    except sa.exc.DatabaseError as error:
        if not isinstance(error.orig, sqlite3.DatabaseError):
            raise
        raise damage.explained(path, error.orig) from error
    except OSError as error:
        raise StateError(
            f"The state {path} cannot be opened: {error.strerror}.",
            remedy="Check the disk and the folder's owner, then run again.",
        ) from error
    _checked[path] = _identity(path)
    return state


def _engine(url: str) -> sa.Engine:
    try:
        return sa.create_engine(url)
    except ImportError as error:
        raise ConfigError(
            f"workspace.state_url needs a driver that is not installed ({error.name}).",
            remedy="Write it like postgresql+psycopg://user@host/name, and install bothways[postgres].",
        ) from None


def _ready(path: Path, purpose: Purpose) -> Path | None:
    """Checks the file, and makes it one that can be opened; gives where a damaged one was moved."""
    if purpose == "run":
        damage.finish_moves(path)
    moved = None
    if path.exists() and path.stat().st_size and _checked.get(path) != _identity(path):
        checked = damage.check(path)
        if checked.damage and purpose != "run":
            raise damage.damaged(path, checked.damage)
        if checked.damage:
            moved = damage.set_aside(path)
        elif 0 < checked.version < tables.VERSION:
            _keep_older(path)
            if purpose == "read":  # reading needs the present tables
                open_state(path.parent, purpose="write").close()
    waiting = damage.aside(path)
    if waiting and (purpose != "read" or path not in _said):
        _said.add(path)
        names = ", ".join(p.name for p in waiting)
        logs.write(
            "warning",
            f"A damaged state was set aside and a new one started: {names}. What the old one knew (dead letters, "
            f"writes "
            "without an answer, the history for a rollback) is missing here. See `bothways state show`; "
            "`state restore` or `state accept` ends this warning.",
        )
    return moved


def _identity(path: Path) -> tuple[object, ...]:
    """What changes when somebody else writes the file."""
    identity: list[object] = []
    for file in (path, path.with_name(path.name + "-wal")):
        if file.exists():
            status = file.stat()
            identity.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(identity)


def _pragmas(connection: sqlite3.Connection, _: object) -> None:
    with closing(connection.cursor()) as cursor:
        cursor.execute("pragma journal_mode=wal")
        cursor.execute("pragma synchronous=full")
        cursor.execute("pragma foreign_keys=on")
        cursor.execute("pragma temp_store=memory")
    seals.install(connection)


def _on_a_server(state: State) -> State:
    where = state.engine.url.render_as_string(hide_password=True)
    try:
        _begin(state)
        there = sa.inspect(state.engine)
        lacking = [
            f"{table.name}.{name}"
            for table in tables.metadata.sorted_tables
            for name in sorted({c.name for c in table.columns} - {c["name"] for c in there.get_columns(table.name)})
        ]
    except sa.exc.DBAPIError as error:
        from sync.state.lock import server_failed  # which needs the state of this module

        state.close()
        raise server_failed(error) from error
    except StateError:
        state.close()
        raise
    if lacking:
        state.close()
        raise StateError(
            f"The state database {where} lacks {', '.join(lacking)}.",
            remedy="Give bothways an empty database (or restore this one): everything is read again from the CRM.",
        )
    return state


def _begin(state: State) -> None:
    with state.engine.begin() as connection:
        if state.path is not None:
            # The driver begins a transaction at the first row only; tables would be made outside of it.
            connection.exec_driver_sql("begin immediate")
        tables.metadata.create_all(connection)
        version = connection.execute(
            sa.select(tables.meta.c.value).where(tables.meta.c.key == "version")
        ).scalar_one_or_none()
        if version is None:
            connection.execute(tables.meta.insert().values(key="version", value=str(tables.VERSION)))
        elif state.path is None and int(version) > tables.VERSION:  # of a file, its header has told
            raise damage.newer(state.engine.url.render_as_string(hide_password=True), int(version))
        elif int(version) < tables.VERSION:  # tables that an upgrade adds are made above
            _add_columns(state, connection)
            connection.execute(
                tables.meta.update().where(tables.meta.c.key == "version").values(value=str(tables.VERSION))
            )
        if state.path is not None and (version is None or int(version) < tables.VERSION):
            connection.exec_driver_sql(f"pragma application_id={damage.APPLICATION_ID}")
            connection.exec_driver_sql(f"pragma user_version={tables.VERSION}")
            seals.add(_driver(connection))
    if state.path is not None:
        with state.engine.connect() as connection:
            seals.install(_driver(connection))


def _driver(connection: sa.Connection) -> sqlite3.Connection:
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    return driver


def _add_columns(state: State, connection: sa.Connection) -> None:
    there = sa.inspect(connection)
    for name in tables.ADDED_COLUMNS:
        table, _, column = name.partition(".")
        if column not in {c["name"] for c in there.get_columns(table)}:
            kind = tables.metadata.tables[table].c[column].type.compile(state.engine.dialect)
            connection.exec_driver_sql(f"alter table {table} add column {column} {kind}")


def _keep_older(path: Path) -> None:
    """Copies a state of an older version before it is upgraded, unless that was done before."""
    if not path.exists() or path.stat().st_size == 0:
        return
    with closing(sqlite3.connect(path, timeout=30)) as connection:
        version = connection.execute("pragma user_version").fetchone()[0]
        copy = path.with_name(f"{path.name}.version-{version}")
        if version >= tables.VERSION or version == 0 or copy.exists():
            return
        part = copy.with_name(copy.name + ".tmp")
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        with closing(sqlite3.connect(part)) as beside:
            connection.backup(beside)
        part.replace(copy)
