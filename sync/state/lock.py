"""One run at a time in a workspace: a lock that the operating system (or PostgreSQL) frees when its holder dies."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa

from connectors.errors import AuthError, BothwaysError, ConfigError, StateError
from sync.errors import LockHeld, StateUnavailable
from sync.state.database import State

_REMEDY = "Wait for it to end, or find it with `bothways status`."
_REFUSED = ("authentication failed", "no password supplied", "no pg_hba.conf entry", "permission denied")
_KEY = "hashtextextended('bothways/' || current_database() || current_schema(), 0)"
"""Of the advisory lock: the name of the schema keeps two workspaces on one server apart."""


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
    """Holds the state database's run lock too, where several machines may share it. Raises LockHeld.

    The server frees the lock when it loses the connection that holds it. So that no work is done without it, that
    connection is asked for a sign of life before each transaction: StateUnavailable when it has none.
    """
    if state.path is not None:
        yield
        return
    with _server_errors(), state.engine.connect() as holder:
        if not holder.execute(sa.text(f"select pg_try_advisory_lock({_KEY})")).scalar_one():
            raise LockHeld("Another run works on this state database.", remedy=_REMEDY)
        holder.commit()  # keeps the session, and with it the lock, but no transaction open
        one_at_a_time = threading.Lock()

        def alive(connection: sa.Connection) -> None:
            if connection is not holder:
                with one_at_a_time, _server_errors():
                    holder.exec_driver_sql("select 1")
                    holder.commit()

        sa.event.listen(state.engine, "begin", alive)
        try:
            yield
        finally:
            sa.event.remove(state.engine, "begin", alive)
            with suppress(sa.exc.SQLAlchemyError):  # with the connection the lock is gone as well
                holder.execute(sa.text(f"select pg_advisory_unlock({_KEY})"))
                holder.commit()


@contextmanager
def _server_errors() -> Iterator[None]:
    try:
        yield
    except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.PendingRollbackError) as error:
        raise server_failed(error) from error


def server_failed(error: sa.exc.SQLAlchemyError) -> BothwaysError:
    """The error to raise when the server of the state does not do what it is asked: an outage passes, a refusal does
    not.
    """
    cause = getattr(error, "orig", None) or error
    words = (str(cause).splitlines() or [type(cause).__name__])[0]
    state = str(getattr(cause, "sqlstate", None) or "")
    no_such = "does not exist" in words
    if state.startswith("28") or any(part in words for part in _REFUSED) or (no_such and 'role "' in words):
        return AuthError(
            f"The state database refuses the sign-in: {words}.",
            remedy="Check workspace.state_url and workspace.state_password.",
        )
    if state == "3D000" or (no_such and 'database "' in words):
        return ConfigError(
            f"The state database does not exist: {words}.", remedy="Create it (createdb), or check workspace.state_url."
        )
    if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError | sa.exc.PendingRollbackError):
        return StateUnavailable(
            f"The state database failed: {words}.",
            remedy="Check that the server of workspace.state_url runs, then run again: it resumes.",
        )
    return StateError(f"The state database failed: {words}.", remedy="Check the server, then run again: it resumes.")
