"""The runs of one CRM in the state database: begun, resumed, finished."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from sync.errors import PlanChanged
from sync.result import RunResult
from sync.state.database import State, now
from sync.state.tables import runs
from sync.system import checksums, logs
from sync.system.times import format_time, parse_time

PREFIX = 8
"""So much of a plan's digest is enough to name it."""
PLAN_KEPT = timedelta(hours=24)
"""An unfinished run goes on with its plan (or its pull) for so long; after that a new one begins."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `phase` is `pull` until its plan is committed, then `write`."""

    run_id: str
    kind: str
    phase: str
    as_of: datetime
    previous_dir: Path | None
    scores_dir: Path | None = None
    plan_path: Path | None = None
    plan_digest: str = ""
    profile: str = ""
    result: str = ""
    resumed: bool = False


class RunLog:
    """One writer, the holder of the run lock."""

    def __init__(self, state: State, crm: str) -> None:
        self._state, self._crm = state, crm

    def resume_or_begin(self, kind: str, as_of: datetime | None, model_version: str, profile: str) -> Run:
        """The unfinished sync if it is still fresh, else a new run; a stale one is closed as abandoned.

        An `as_of` asked for that is not that of the unfinished run begins a new one too. Only a sync is resumed: a plan
        or a score is a question about now.
        """
        for row in self._unfinished(kind):
            begun = parse_time(row.plan_at or row.started_at)
            fresh = datetime.now(UTC) - begun < PLAN_KEPT
            same = (
                as_of in (None, parse_time(row.as_of)) and row.profile == profile and row.model_version == model_version
            )
            if kind == "sync" and fresh and same and (row.phase != "write" or _plan_holds(row)):
                self._update(row.run_id, status="running", error=None)
                return self._run(row, resumed=True)
            self._update(row.run_id, status="abandoned", ended_at=now())
        return self._begin(kind, as_of, model_version, profile)

    def _begin(self, kind: str, as_of: datetime | None, model_version: str, profile: str) -> Run:
        at = datetime.now(UTC)
        run_id = f"{at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        moment = (as_of or at).astimezone(UTC).replace(microsecond=0)
        previous = self._last_scores()
        values = {
            "run_id": run_id,
            "crm": self._crm,
            "kind": kind,
            "status": "running",
            "phase": "pull",
            "as_of": format_time(moment),
            "started_at": format_time(at),
            "model_version": model_version,
            "profile": profile,
            "previous_dir": None if previous is None else str(previous),
        }
        with self._state.engine.begin() as connection:
            connection.execute(runs.insert().values(**values))
        return Run(run_id, kind, "pull", moment, previous, profile=profile)

    def planned(
        self, run: Run, scores_dir: Path, plan_path: Path, digest: str, result: RunResult, connection: sa.Connection
    ) -> Run:
        """Marks the plan committed, in the caller's transaction."""
        connection.execute(
            runs.update()
            .where(runs.c.run_id == run.run_id)
            .values(
                phase="write",
                scores_dir=str(scores_dir),
                plan_path=str(plan_path),
                plan_sha256=checksums.of(plan_path),
                plan_digest=digest,
                plan_at=now(),
                result=result.dumps(),
            )
        )
        return replace(
            run, phase="write", scores_dir=scores_dir, plan_path=plan_path, plan_digest=digest, result=result.dumps()
        )

    def close(self, run: Run, status: str, result: RunResult) -> None:
        """`finished`, or `interrupted` when a later run should go on with it."""
        ended = now() if status == "finished" else None
        self._update(
            run.run_id,
            status=status,
            ended_at=ended,
            result=result.dumps(),
            error=result.error,
            scores_dir=None if result.scores_dir is None else str(result.scores_dir),
            plan_digest=result.digest,
        )

    def end(self, run: Run, status: str, error: str) -> None:
        """Ends a run that has no RunResult: a rollback, a retry."""
        self._update(run.run_id, status=status, error=error, ended_at=now())

    def abandon(self, kind: str) -> None:
        """Unfinished runs of a kind are not gone on with."""
        for row in self._unfinished(kind):
            self._update(row.run_id, status="abandoned", ended_at=now())

    def broke(self, run: Run, error: str) -> None:
        """Notes why a run stopped before its end; it can be resumed."""
        self._update(run.run_id, status="interrupted", error=error)

    def refused(self, run: Run, error: str) -> None:
        """Notes that a brake stopped a run: it is not resumed, the next one looks afresh."""
        self._update(run.run_id, status="refused", error=error, ended_at=now())

    def plan_of(self, digest: str) -> tuple[str, datetime] | None:
        """The digest and moment of the last preview whose digest begins so; None when there is none.

        Raises PlanChanged when several begin so, or fewer than PREFIX characters are given.
        """
        if len(digest) < PREFIX:
            raise PlanChanged(
                f"{digest!r} is too short for a digest.", remedy=f"Give at least {PREFIX} characters of it."
            )
        query = (
            sa.select(runs.c.plan_digest, runs.c.as_of)
            .where((runs.c.crm == self._crm) & (runs.c.kind == "plan"))
            .where(runs.c.plan_digest.startswith(digest.lower(), autoescape=True))
            .order_by(runs.c.started_at.desc())
        )
        with self._state.engine.begin() as connection:
            matching = connection.execute(query).all()
        if len({row.plan_digest for row in matching}) > 1:
            raise PlanChanged(f"Several plans have a digest that begins with {digest}.", remedy="Give more of it.")
        return (str(matching[0].plan_digest), parse_time(matching[0].as_of)) if matching else None

    def last_model(self, run: Run) -> str | None:
        """The model version of the newest other sync whose plan was committed; None without one."""
        query = (
            sa.select(runs.c.model_version)
            .where((runs.c.crm == self._crm) & (runs.c.kind == "sync") & (runs.c.run_id != run.run_id))
            .where(runs.c.plan_at.is_not(None))
            .order_by(runs.c.started_at.desc())
            .limit(1)
        )
        with self._state.engine.begin() as connection:
            return connection.execute(query).scalar_one_or_none()

    def _last_scores(self) -> Path | None:
        query = (
            sa.select(runs.c.scores_dir)
            .where((runs.c.crm == self._crm) & (runs.c.kind == "sync") & (runs.c.status == "finished"))
            .order_by(runs.c.ended_at.desc())
            .limit(1)
        )
        with self._state.engine.begin() as connection:
            folder = connection.execute(query).scalar_one_or_none()
        return _whole(Path(folder)) if folder else None

    def _unfinished(self, kind: str) -> list[sa.Row[tuple[object, ...]]]:
        query = (
            sa.select(runs)
            .where(
                (runs.c.crm == self._crm)
                & (runs.c.kind == kind)
                & runs.c.status.in_(["running", "interrupted", "failed"])
            )
            .order_by(runs.c.started_at.desc())
        )
        with self._state.engine.begin() as connection:
            return list(connection.execute(query).all())

    def _update(self, run_id: str, **values: object) -> None:
        with self._state.engine.begin() as connection:
            connection.execute(runs.update().where(runs.c.run_id == run_id).values(**values))

    def _run(self, row: sa.Row[tuple[object, ...]], *, resumed: bool) -> Run:
        values = row._asdict()
        paths = {n: Path(values[n]) if values[n] else None for n in ("previous_dir", "scores_dir", "plan_path")}
        paths["previous_dir"] = _whole(paths["previous_dir"]) if paths["previous_dir"] else None
        return Run(
            run_id=values["run_id"],
            kind=values["kind"],
            phase=values["phase"],
            as_of=parse_time(values["as_of"]),
            plan_digest=values["plan_digest"] or "",
            profile=values["profile"] or "",
            result=values["result"] or "",
            resumed=resumed,
            **paths,
        )


def _plan_holds(row: sa.Row[tuple[object, ...]]) -> bool:
    """Whether the plan of a run is still there as it was written."""
    values = row._asdict()
    path = Path(str(values["plan_path"]))
    return path.exists() if values["plan_sha256"] is None else checksums.holds(path, values["plan_sha256"])


def _whole(scores: Path) -> Path | None:
    """The folder, unless it is gone or damaged: then what the CRM holds stands for the run before."""
    if checksums.folder_holds(scores):
        return scores
    if scores.is_dir():
        logs.write("warning", f"The scores in {scores} are damaged; the stances in the CRM stand for them.")
    return None
