"""Takes a run back: every value that it wrote and that nobody changed since becomes again what it was before.

What the CRM holds is read afresh first. A value that is no longer the one that the run wrote (a person, another program
or a later run changed it) is left alone. The next sync would compute and write the scores again: it stops and asks
(exit code 5) until it is run with `--accept` or with the digest of a plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from connectors.errors import ConfigError
from connectors.records import Stream
from sync.diff.diff import STREAMS
from sync.diff.sql import restoring
from sync.land.normalize import Normalized
from sync.options import RunContext
from sync.repair.resend import Outcome, send
from sync.session import open_run
from sync.stages import Stages
from sync.state import flags as holds
from sync.state.journal import Planned
from sync.state.tables import journal, runs
from sync.system.duckdb import load, parquet, session


@dataclass(frozen=True, slots=True)
class Rollback:
    """`records` of the run, `restored` those with a value to give back, `kept` values that somebody changed since."""

    rolled_back: str
    records: int
    restored: int
    kept: int
    missing: int
    """Records that are no longer there."""
    outcome: Outcome | None
    """None for a preview."""

    def to_json(self) -> dict[str, Any]:
        """One JSON object."""
        counts = {n: getattr(self, n) for n in ("rolled_back", "records", "restored", "kept", "missing")}
        return {"schema": 1, **counts, "outcome": None if self.outcome is None else self.outcome.to_json()}


def run_rollback(
    context: RunContext,
    *,
    target: str,
    preview: bool = False,
) -> Rollback:
    """Raises ConfigError for a run that is not known or wrote nothing, and whatever reading and writing raise."""
    with open_run("rollback", context) as stages:
        run_id = _run_id(stages, target)
        done = _written(stages, run_id)
        normalized = stages.land(stages.pull())
        rows: list[Planned] = []
        kept = missing = 0
        for stream in STREAMS:
            mine = [row for row in done if row.stream == stream]
            restorable = _restorable(stages, normalized, stream, mine)
            rows += restorable.rows
            kept, missing = kept + restorable.kept, missing + len(mine) - restorable.there
        if preview:
            stages.runs.end(stages.run, "finished", "")
            return Rollback(run_id, len(done), len(rows), kept, missing, None)
        # An unfinished sync must not go on with its plan afterwards, and the next one must ask.
        stages.runs.abandon("sync")
        holds.put(
            stages.state, context.connector.name, f"Run {run_id} was rolled back; a sync would write its scores again."
        )
        return Rollback(run_id, len(done), len(rows), kept, missing, send(stages, rows))


@dataclass(frozen=True, slots=True)
class _Found:
    rows: list[Planned]
    there: int
    kept: int


def _run_id(stages: Stages, target: str) -> str:
    query = sa.select(runs.c.run_id).where(
        (runs.c.crm == stages.context.connector.name) & runs.c.run_id.startswith(target, autoescape=True)
    )
    with stages.state.engine.connect() as connection:
        candidates = sorted(connection.execute(query).scalars())
    candidates = [target] if target in candidates else [run for run in candidates if run != stages.run.run_id]
    if len(candidates) != 1:
        what = "No run is" if not candidates else f"{len(candidates)} runs are"
        raise ConfigError(f"{what} called {target!r}.", remedy="`bothways status` lists the runs.")
    return str(candidates[0])


def _written(stages: Stages, run_id: str) -> list[Any]:
    # A row without an answer may have been taken; what the CRM holds now will tell.
    query = sa.select(journal).where((journal.c.run_id == run_id) & journal.c.status.in_(["confirmed", "unknown"]))
    with stages.state.engine.connect() as connection:
        rows = list(connection.execute(query.order_by(journal.c.stream, journal.c.record_id)))
    if not rows:
        raise ConfigError(f"Run {run_id} wrote nothing that could be taken back.")
    return rows


def _restorable(stages: Stages, normalized: Normalized, stream: Stream, done: Sequence[Any]) -> _Found:
    specs = [s for s in stages.context.specs if s.stream == stream]
    if not done or not specs:
        return _Found([], 0, 0)
    texts = {name: pa.array([getattr(row, name) for row in done], pa.string()) for name in ("record_id", "old", "new")}
    with session(stages.context.workspace.dir / "tmp") as connection:
        load(connection, "done", pa.table(texts))
        found = connection.execute(restoring(stream, specs, parquet([normalized.held(stream)]))).fetchall()
    rows = [
        Planned(stream, record, parent, old, new, full) for record, parent, old, new, full, _ in found if new != "{}"
    ]
    return _Found(rows, len(found), sum(row[-1] for row in found))
