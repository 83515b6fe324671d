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

from connectors.base import Connector, PropertySpec
from connectors.errors import ConfigError
from connectors.records import Stream
from enrichment.model import ScoringModel
from sync.diff.diff import STREAMS
from sync.diff.sql import restoring
from sync.land.normalize import Settled
from sync.options import RunOptions, Workspace
from sync.progress import Progress
from sync.repair.resend import Outcome, send
from sync.session import job
from sync.stages import Job
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
    connector: Connector,
    workspace: Workspace,
    model: ScoringModel,
    specs: Sequence[PropertySpec],
    options: RunOptions,
    progress: Progress,
    *,
    target: str,
    preview: bool = False,
) -> Rollback:
    """Raises ConfigError for a run that is not known or wrote nothing, and whatever reading and writing raise."""
    with job("rollback", connector, workspace, model, specs, options, progress) as this:
        run_id = _run_id(this, target)
        done = _written(this, run_id)
        settled = this.land(this.pull())
        rows: list[Planned] = []
        kept = missing = 0
        for stream in STREAMS:
            mine = [row for row in done if row.stream == stream]
            found = _restorable(this, settled, stream, mine)
            rows += found.rows
            kept, missing = kept + found.kept, missing + len(mine) - found.there
        if preview:
            this.runs.end(this.run, "finished", "")
            return Rollback(run_id, len(done), len(rows), kept, missing, None)
        # An unfinished sync must not go on with its plan afterwards, and the next one must ask.
        this.runs.abandon("sync")
        holds.put(this.state, connector.name, f"Run {run_id} was rolled back; a sync would write its scores again.")
        return Rollback(run_id, len(done), len(rows), kept, missing, send(this, rows))


@dataclass(frozen=True, slots=True)
class _Found:
    rows: list[Planned]
    there: int
    kept: int


def _run_id(this: Job, target: str) -> str:
    query = sa.select(runs.c.run_id).where(
        (runs.c.crm == this.connector.name) & runs.c.run_id.startswith(target, autoescape=True)
    )
    with this.state.engine.connect() as connection:
        found = sorted(connection.execute(query).scalars())
    found = [target] if target in found else [run for run in found if run != this.run.run_id]
    if len(found) != 1:
        what = "No run is" if not found else f"{len(found)} runs are"
        raise ConfigError(f"{what} called {target!r}.", remedy="`bothways status` lists the runs.")
    return str(found[0])


def _written(this: Job, run_id: str) -> list[Any]:
    # A row without an answer may have been taken; what the CRM holds now will tell.
    query = sa.select(journal).where((journal.c.run_id == run_id) & journal.c.status.in_(["confirmed", "unknown"]))
    with this.state.engine.connect() as connection:
        rows = list(connection.execute(query.order_by(journal.c.stream, journal.c.record_id)))
    if not rows:
        raise ConfigError(f"Run {run_id} wrote nothing that could be taken back.")
    return rows


def _restorable(this: Job, settled: Settled, stream: Stream, done: Sequence[Any]) -> _Found:
    specs = [s for s in this.specs if s.stream == stream]
    if not done or not specs:
        return _Found([], 0, 0)
    texts = {name: pa.array([getattr(row, name) for row in done], pa.string()) for name in ("record_id", "old", "new")}
    with session(this.workspace / "tmp") as connection:
        load(connection, "done", pa.table(texts))
        found = connection.execute(restoring(stream, specs, parquet([settled.held(stream)]))).fetchall()
    rows = [
        Planned(stream, record, parent, old, new, full) for record, parent, old, new, full, _ in found if new != "{}"
    ]
    return _Found(rows, len(found), sum(row[-1] for row in found))
