"""What was written when, old and new; and how the last runs went. Read from the journal, nothing is asked of a CRM."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from config.settings import Settings
from connectors.errors import ConfigError
from sync.errors import ending
from sync.state import damage
from sync.state import flags as holds
from sync.state.database import state_path
from sync.state.run_queries import finished_runs, has_state, rows_of
from sync.state.tables import dead_letters, journal, meta, runs
from sync.system.times import parse_time


@dataclass(frozen=True, slots=True)
class Written:
    """One change of one record. `status`: confirmed, rejected, gone, or still open (intent, unknown, deferred)."""

    run_id: str
    kind: str
    at: str
    stream: str
    record_id: str
    status: str
    old: dict[str, Any]
    new: dict[str, Any]
    code: str = ""
    message: str = ""


def history(settings: Settings, what: str, *, most: int = 1_000) -> list[Written]:
    """The changes of a run (by its id) or of a record (by its id, or its name in the last scores), the newest first.

    Raises ConfigError when there are none.
    """
    query = (
        sa.select(journal, runs.c.kind)
        .join(runs, runs.c.run_id == journal.c.run_id, isouter=True)
        .where(journal.c.crm == settings.crm.kind)
        .order_by(journal.c.updated_at.desc(), journal.c.stream, journal.c.record_id)
        .limit(most)
    )
    changes = rows_of(settings, query.where((journal.c.run_id == what) | (journal.c.record_id == what)))
    if not changes and (ids := _named(settings, what)):
        changes = rows_of(settings, query.where(journal.c.record_id.in_(ids)))
    if not changes:
        raise ConfigError(
            f"Nothing was written for {what!r}.",
            remedy="Give the id or name of a record, or a run of `bothways status`.",
        )
    return [
        Written(
            row.run_id,
            row.kind or "",
            row.updated_at,
            row.stream,
            row.record_id,
            row.status,
            json.loads(row.old),
            json.loads(row.new),
            row.code,
            row.message,
        )
        for row in changes
    ]


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in one line."""

    run_id: str
    kind: str
    status: str
    as_of: str
    started_at: str
    ended_at: str | None
    exit_code: int | None
    written: int | None
    error: str


@dataclass(frozen=True, slots=True)
class Status:
    """`install` is the id of this install, made by its first run. `last_success` is the end of the last sync with exit
    code 0 or 3; `stale` when it is older than was allowed.
    """

    crm: str
    install: str | None
    last_success: str | None
    stale: bool
    dead_letters: int
    runs: tuple[RunLine, ...]
    set_aside: tuple[str, ...] = ()
    """Damaged states about which nobody has decided yet (`bothways state`)."""

    def to_json(self) -> dict[str, Any]:
        return {"schema": 1, **asdict(self)}


def status(settings: Settings, max_age: timedelta | None = None, *, most: int = 10) -> Status:
    """How the last runs went. A workspace without a run is stale when an age is asked for."""
    workspace, crm = settings.workspace, settings.crm.kind
    aside = tuple(path.name for path in damage.aside(state_path(workspace.dir)))
    if not has_state(settings):
        return Status(crm, None, None, max_age is not None, 0, (), aside)
    mine = sa.select(runs).where(runs.c.crm == crm).order_by(runs.c.started_at.desc())
    done = [
        row.ended_at
        for row in rows_of(settings, mine.where((runs.c.kind == "sync") & (runs.c.status == "finished")).limit(200))
        if ending(json.loads(row.result or "{}").get("exit_code")).success
    ]
    last = max(done, default=None)
    letters = rows_of(settings, sa.select(sa.func.count()).select_from(dead_letters).where(dead_letters.c.crm == crm))
    stale = max_age is not None and (last is None or datetime.now(UTC) - parse_time(last) > max_age)
    install = rows_of(settings, sa.select(meta.c.value).where(meta.c.key == holds.INSTALL))
    lines = tuple(_line(r) for r in rows_of(settings, mine.limit(most)))
    return Status(crm, str(install[0][0]) if install else None, last, stale, int(letters[0][0]), lines, aside)


def _line(row: Any) -> RunLine:
    result = json.loads(row.result or "{}")
    return RunLine(
        row.run_id,
        row.kind,
        row.status,
        row.as_of,
        row.started_at,
        row.ended_at,
        result.get("exit_code") if row.status == "finished" else None,
        result.get("written"),
        row.error or "",
    )


def _named(settings: Settings, name: str) -> list[str]:
    import pyarrow.compute as pc  # here: `status` needs neither
    import pyarrow.parquet as pq

    ids: list[str] = []
    for run in finished_runs(settings):
        for stream in ("accounts", "opportunities"):
            path = run.scores_dir / f"{stream}.parquet"
            if path.exists():
                table = pq.read_table(path, columns=["id", "name"])
                hit = pc.equal(pc.utf8_lower(table.column("name")), name.lower())
                ids += table.filter(hit).column("id").to_pylist()
    return ids
