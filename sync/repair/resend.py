"""Journalled writes outside a sync: what `rollback` and `dead-letters retry` have in common.

Like any write: an intent for every change, *unknown* before it is sent, closed by the answer; a kill leaves nothing
lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from connectors.errors import BothwaysError, QuotaReached, RetriableError
from sync.errors import exit_code
from sync.stages import Stages
from sync.state.journal import OPEN, Journal, Planned
from sync.write import Writer


@dataclass(frozen=True, slots=True)
class Outcome:
    """Always `planned = written + rejected + deferred + gone`."""

    run_id: str
    planned: int
    written: int
    rejected: int
    deferred: int
    gone: int
    exit_code: int
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"schema": 1, **asdict(self)}


def send(stages: Stages, rows: Sequence[Planned]) -> Outcome:
    """Journals and sends the rows as the stages's run.

    A CRM that is away or whose quota is used up is told by `exit_code` 8 or 7; AuthError, SchemaError and Stopped are
    raised.
    """
    journal = Journal(stages.state, stages.context.connector.name)
    with stages.state.engine.begin() as connection:
        journal.intend(stages.run.run_id, rows, connection)
    writer = Writer(
        stages.context.connector,
        journal,
        stages.run.run_id,
        stages.context.specs,
        stages.context.progress,
        stages.context.options.stop,
    )
    broken: BothwaysError | None = None
    try:
        writer.send(rows)
    except BothwaysError as error:
        broken = error
    outcome = _outcome(stages, journal, len(rows), broken)
    stages.runs.end(stages.run, "finished" if broken is None else "abandoned", outcome.error)
    if broken is not None and not isinstance(broken, RetriableError | QuotaReached):
        raise broken
    return outcome


def _outcome(stages: Stages, journal: Journal, planned: int, broken: BothwaysError | None) -> Outcome:
    counts = journal.counts(stages.run.run_id)
    deferred = sum(counts.get(status, 0) for status in OPEN)
    rejected = counts.get("rejected", 0)
    code = exit_code(broken) if broken is not None else 7 if deferred else 3 if rejected else 0
    outcome = Outcome(
        stages.run.run_id,
        planned,
        counts.get("confirmed", 0),
        rejected,
        deferred,
        counts.get("gone", 0),
        code,
        "" if broken is None else str(broken),
    )
    if outcome.planned != outcome.written + outcome.rejected + outcome.deferred + outcome.gone:
        raise AssertionError(f"the counts of run {outcome.run_id} do not add up: {outcome}")
    return outcome
