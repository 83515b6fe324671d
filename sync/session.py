"""Opening a run: the state, the lock, and whether to go on with one that did not finish."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime

import sqlalchemy as sa

from connectors.base import Connector
from connectors.errors import BothwaysError, StateError
from enrichment.model import ScoringModel
from sync.errors import BrakeReached, PlanChanged
from sync.options import RunContext, RunOptions, Workspace
from sync.result import RunResult
from sync.stages import Stages
from sync.state import damage
from sync.state import flags as holds
from sync.state.database import make_workspace, open_state, state_path
from sync.state.lock import run_lock, server_failed, server_lock
from sync.state.runs import Run, RunLog
from sync.system import checksums, logs
from sync.system.stop_soon import stopping_soon
from sync.system.times import format_time


@contextmanager
def open_run(kind: str, context: RunContext) -> Iterator[Stages]:
    """Opens the state, takes the lock, resumes or begins a run; whatever breaks it is noted in the state.

    Raises LockHeld, StateError, PlanChanged for a digest that no plan has.
    """
    with (
        _disk_is_told(context.workspace),
        _workspace_lock(context.workspace),
        closing(open_state(context.workspace.dir, context.workspace.state_url, purpose="run")) as state,
        server_lock(state),
    ):
        if state.moved_aside is not None:
            context.progress.note(
                f"The state was damaged: it is kept as {state.moved_aside}, and a new one is started."
            )
        holds.install_id(state)
        checksums.forget()
        runs = RunLog(state, context.connector.name)
        profile = ",".join(sorted(s.name for s in context.specs))
        run = runs.resume_or_begin(kind, _moment(runs, context.options), context.model.version_string, profile)
        if run.resumed:
            context.progress.note(f"Going on with run {run.run_id} of {run.as_of:%Y-%m-%d %H:%M} UTC.")
        logs.about(run.run_id)
        result = _result(run, context.connector, context.model)
        try:
            with stopping_soon(context.options.stop):
                yield Stages(context, state, runs, run, result)
        except BrakeReached as error:
            runs.refused(run, str(error))
            raise
        except BothwaysError as error:
            _note(runs, run, error)
            raise
        except _disk_errors() as error:
            _note(runs, run, error)
            raise


def _note(runs: RunLog, run: Run, error: Exception) -> None:
    with suppress(sa.exc.SQLAlchemyError):  # the state may be on the same full disk; what broke the run is what counts
        runs.broke(run, str(error))


@contextmanager
def _workspace_lock(workspace: Workspace) -> Iterator[None]:
    make_workspace(workspace.dir)
    with run_lock(workspace.dir):
        yield


@contextmanager
def _disk_is_told(workspace: Workspace) -> Iterator[None]:
    """Makes StateError of what disk and database say, from the first file that is opened on."""
    try:
        yield
    except _disk_errors() as error:
        if isinstance(error, (sa.exc.IntegrityError, sa.exc.ProgrammingError)):
            raise  # a defect of ours, not of the disk
        raise _broken(workspace, error) from error


def _broken(workspace: Workspace, error: Exception) -> BothwaysError:
    if workspace.state_url is not None and isinstance(error, sa.exc.DBAPIError):
        return server_failed(error)
    cause = getattr(error, "orig", None)
    if isinstance(cause, sqlite3.Error):
        return damage.explained(state_path(workspace.dir), cause)
    return StateError(
        f"The workspace {workspace.dir} cannot be written or read: {str(error).splitlines()[0]}.",
        remedy="Free some space or repair the disk, then run again.",
    )


def _disk_errors() -> tuple[type[Exception], ...]:
    import duckdb

    # A flush that fails is fatal to DuckDB; its files are only in the way of one stage, and made anew by the next run.
    return (OSError, sa.exc.DatabaseError, duckdb.IOException, duckdb.FatalException)


def _moment(runs: RunLog, options: RunOptions) -> datetime | None:
    if options.plan_digest is not None:
        found = runs.plan_of(options.plan_digest)
        if found is None:
            raise PlanChanged(
                f"There is no plan with the digest {options.plan_digest}.", remedy="Make one with `bothways plan`."
            )
        return found[1]
    return None if options.as_of is None else options.as_of.astimezone(UTC).replace(microsecond=0)


def _result(run: Run, connector: Connector, model: ScoringModel) -> RunResult:
    if run.phase == "write" and run.result:
        return RunResult.loads(run.result, resumed=True)
    return RunResult(run.run_id, connector.name, format_time(run.as_of), model.version_string, resumed=run.resumed)
