"""The state database: opened safely or not at all.

SQLite (WAL, synchronous=FULL) in the workspace by default, PostgreSQL by URL. A damaged or foreign SQLite file is moved
aside (`state.sqlite.corrupt-<time>`) and a new one is begun: everything in it can be read again from the CRM. One of a
newer version is refused: the program is older than its data. One of an older version is brought up to date in one
transaction; of a file, a copy as it was is kept beside it (`state.sqlite.version-<n>`).
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from connectors.errors import StateError
from sync.state import tables
from sync.system.times import format_time

APPLICATION_ID = 0x62770001
"""Marks the SQLite file as ours ("bw")."""

_NAME = "state.sqlite"


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


def open_state(workspace: Path, url: str | None = None) -> State:
    """Opens (or begins, or upgrades) the state of a workspace.

    Raises StateError if it was written by a newer version, or if its server does not answer or lacks a column.
    """
    workspace.mkdir(parents=True, exist_ok=True, mode=0o700)
    if url is not None:
        # No ping and silent reconnection: a lost server has lost the run lock too, and the run must end.
        return _on_a_server(State(sa.create_engine(url), None))
    path = workspace / _NAME
    moved = _set_aside_if_damaged(path)
    if moved is None:
        _keep_older(path)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))  # so that it never exists with wider rights
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
    sa.event.listen(engine, "connect", _pragmas)
    state = State(engine, path, moved)
    _begin(state)
    return state


def _pragmas(connection: sqlite3.Connection, _: object) -> None:
    with closing(connection.cursor()) as cursor:
        cursor.execute("pragma journal_mode=wal")
        cursor.execute("pragma synchronous=full")
        cursor.execute("pragma foreign_keys=on")


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
    except sa.exc.OperationalError as error:
        state.close()
        raise StateError(
            f"The state database {where} cannot be used: {str(error.orig).splitlines()[0]}.",
            remedy="Look after the server or workspace.state_url, then run again.",
        ) from error
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
            raise _newer(state.engine.url.render_as_string(hide_password=True), int(version))
        elif int(version) < tables.VERSION:  # so far every upgrade only added tables, which are made above
            connection.execute(
                tables.meta.update().where(tables.meta.c.key == "version").values(value=str(tables.VERSION))
            )
        if state.path is not None:
            connection.exec_driver_sql(f"pragma application_id={APPLICATION_ID}")
            connection.exec_driver_sql(f"pragma user_version={tables.VERSION}")


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


def _newer(where: str, version: int) -> StateError:
    return StateError(
        f"The state {where} is of version {version}; this program knows {tables.VERSION}.",
        remedy="Install the newer bothways again, or give another workspace.",
    )


def _set_aside_if_damaged(path: Path) -> Path | None:
    if not path.exists() or path.stat().st_size == 0:
        return None
    reason = _damage(path)
    if reason is None:
        return None
    aside = path.with_name(f"{path.name}.corrupt-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
    for suffix in ("-wal", "-shm"):
        side = path.with_name(path.name + suffix)
        if side.exists():
            side.rename(aside.with_name(aside.name + suffix))
    path.rename(aside)
    return aside


def _damage(path: Path) -> str | None:
    """Why this file cannot be used, or None. Raises StateError for one that is sound but of a newer version."""
    try:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            application = connection.execute("pragma application_id").fetchone()[0]
            version = connection.execute("pragma user_version").fetchone()[0]
            check = connection.execute("pragma integrity_check").fetchone()[0]
            found = connection.execute(
                "select m.name, c.name from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table'"
            ).fetchall()
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            raise StateError(
                f"The state {path} is locked by another program.", remedy="Close it, then try again."
            ) from error
        return str(error)
    except UnicodeDecodeError as error:  # SQLite quotes damaged names as they are
        return str(error)
    if check != "ok":
        return str(check)
    if application == 0 and not found:
        return None  # begun and killed before its first commit
    if application != APPLICATION_ID:
        return "written by another program"
    if version > tables.VERSION:
        raise _newer(str(path), version)
    wanted = {
        (table.name, column.name)
        for table in tables.metadata.tables.values()
        if tables.ADDED.get(table.name, 1) <= version
        for column in table.columns
    }
    return None if wanted <= set(found) else "tables or columns are missing"
