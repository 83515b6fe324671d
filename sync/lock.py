"""One run at a time in a workspace: a lock that the operating system (or PostgreSQL) frees when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from sync.errors import LockHeld
from sync.state import State

_REMEDY = "Wait for it to end, or find it with `bothways status`."


@contextmanager
def run_lock(workspace: Path) -> Iterator[None]:
    """Holds the workspace's run lock. Raises LockHeld at once when another process (or thread) has it."""
    path = workspace / "run.lock"
    # flock, not a PID file: a lock left by a dead process is free, and a PID used again means nothing.
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
            raise LockHeld(
                f"Another run works in {workspace} (process {holder or 'unknown'}).", remedy=_REMEDY
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)


@contextmanager
def server_lock(state: State) -> Iterator[None]:
    """Holds the state database's run lock too, where several machines may share it. Raises LockHeld."""
    if state.path is not None:
        yield
        return
    # The name of the schema, hashed by the server, keeps two workspaces on one server apart.
    key = sa.text(
        "select pg_try_advisory_lock(hashtextextended('bothways/' || current_database() || current_schema(), 0))"
    )
    with state.engine.connect() as connection:
        if not connection.execute(key).scalar_one():
            raise LockHeld("Another run works on this state database.", remedy=_REMEDY)
        connection.commit()  # keeps the session, and with it the lock, but no transaction open
        try:
            yield
        finally:
            connection.execute(
                sa.text(
                    "select pg_advisory_unlock(hashtextextended('bothways/' || current_database() || current_schema(), 0))"
                )
            )
            connection.commit()
