"""The journal of writes: what was to be written, what was sent, what the CRM said. Its confirmed rows are the ledger.

A row goes `intent` -> `unknown` (committed *before* the batch is sent) -> `confirmed`, `rejected`, `gone` or
`deferred`. An unknown row is never assumed either way: it is sent again, by this run or by the next plan, until it is
answered. `superseded` rows were unknown or deferred when a later run closed the same record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from connectors.base import WriteError
from connectors.records import Stream
from sync.state.database import State, now
from sync.state.tables import confirmed, dead_letters, journal

Key = tuple[Stream, str]
"""A stream and the id of a record in it."""

OPEN = ("intent", "unknown", "deferred")
"""Still to be sent."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One row of a plan: the change of one record, as JSON texts (old and new values; all our values once it is
    done).
    """

    stream: Stream
    record_id: str
    parent_id: str | None
    old: str
    new: str
    full: str

    @property
    def key(self) -> Key:
        return (self.stream, self.record_id)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one row: `error` None means confirmed."""

    row: Planned
    error: WriteError | None


_STATUS = {"retry": "deferred", "gone": "gone", "rejected": "rejected", "auth": "deferred", "schema": "deferred"}


class Journal:
    """The journal of one CRM. Every method is one transaction. One writer."""

    def __init__(self, state: State, crm: str) -> None:
        self._state, self._crm = state, crm

    def intend(self, run_id: str, rows: Iterable[Planned], connection: sa.Connection) -> int:
        """Adds the intents of a plan, in the caller's transaction; returns how many."""
        count, at, chunk = 0, now(), []
        for row in rows:
            chunk.append(self._intent(run_id, row, at))
            if len(chunk) == 5_000:
                connection.execute(journal.insert(), chunk)
                count, chunk = count + len(chunk), []
        if chunk:
            connection.execute(journal.insert(), chunk)
        return count + len(chunk)

    def sending(self, run_id: str, rows: Sequence[Planned]) -> None:
        """Marks rows unknown: they are about to be sent."""
        self._set(run_id, [{"s": r.stream, "i": r.record_id} for r in rows], status="unknown", tried=1)

    def record_results(self, run_id: str, verdicts: Sequence[Verdict]) -> None:
        """Commits what the CRM answered; dead letters are made of what it rejected and dropped of what it took."""
        at = now()
        statement = (
            journal.update()
            .where(self._row(run_id))
            .values(status=sa.bindparam("new_status"), code=sa.bindparam("c"), message=sa.bindparam("m"), updated_at=at)
        )
        values = [
            {
                "s": v.row.stream,
                "i": v.row.record_id,
                "new_status": _STATUS[v.error.kind] if v.error else "confirmed",
                "c": v.error.code if v.error else "",
                "m": v.error.message if v.error else "",
            }
            for v in verdicts
        ]
        if not values:
            return
        done = [v for v in verdicts if v.error is None]
        gone = [v for v in verdicts if v.error is not None and v.error.kind == "gone"]
        with self._state.engine.begin() as connection:
            connection.execute(statement, values)
            self._hold(run_id, done, connection)
            self._supersede(run_id, [*done, *gone], at, connection)
            self._bury(run_id, [v for v in verdicts if v.error and v.error.kind == "rejected"], at, connection)
            for table in (dead_letters, confirmed) if gone else ():
                connection.execute(table.delete().where(self._in(table)), self._keys(gone))
            if done:
                connection.execute(dead_letters.delete().where(self._in(dead_letters)), self._keys(done))

    def counts(self, run_id: str) -> dict[str, int]:
        """Rows of a run by status."""
        query = sa.select(journal.c.status, sa.func.count()).where(journal.c.run_id == run_id)
        with self._state.engine.begin() as connection:
            return {str(s): int(n) for s, n in connection.execute(query.group_by(journal.c.status)).all()}

    def open_keys(self, run_id: str) -> set[Key]:
        """Rows of a run that are still to be sent."""
        query = sa.select(journal.c.stream, journal.c.record_id).where(
            (journal.c.run_id == run_id) & journal.c.status.in_(OPEN)
        )
        with self._state.engine.begin() as connection:
            return {(r.stream, r.record_id) for r in connection.execute(query)}

    def forced(self) -> dict[Key, str]:
        """Records that every plan must include, and why: sent without an answer (`unknown`) or refused before
        (`rejected`).
        """
        unknown = sa.select(journal.c.stream, journal.c.record_id).where(
            (journal.c.crm == self._crm) & (journal.c.status == "unknown")
        )
        letters = sa.select(dead_letters.c.stream, dead_letters.c.record_id).where(dead_letters.c.crm == self._crm)
        with self._state.engine.begin() as connection:
            status_of: dict[Key, str] = {(r.stream, r.record_id): "rejected" for r in connection.execute(letters)}
            return status_of | {(r.stream, r.record_id): "unknown" for r in connection.execute(unknown)}

    def last_confirmed(self, stream: Stream) -> Iterator[tuple[str, str]]:
        """Record id and JSON of all our values that the CRM last confirmed, by id. Damaged ones count as never
        confirmed.
        """
        query = (
            sa.select(confirmed.c.record_id, confirmed.c.held)
            .where((confirmed.c.crm == self._crm) & (confirmed.c.stream == stream))
            .order_by(confirmed.c.record_id)
        )
        with self._state.engine.begin() as connection:
            rows = connection.execution_options(yield_per=10_000).execute(query)
            yield from ((r.record_id, r.held) for r in rows if _sound(r.held))

    def forget_confirmed(self, connection: sa.Connection) -> None:
        """What the CRM holds now is where we begin, whoever wrote it; in the caller's transaction."""
        connection.execute(confirmed.delete().where(confirmed.c.crm == self._crm))

    def letters(self) -> int:
        """How many changes the CRM refuses at present."""
        query = sa.select(sa.func.count()).select_from(dead_letters).where(dead_letters.c.crm == self._crm)
        with self._state.engine.begin() as connection:
            return int(connection.execute(query).scalar_one())

    def _intent(self, run_id: str, row: Planned, at: str) -> dict[str, Any]:
        return {
            "run_id": run_id,
            "crm": self._crm,
            "stream": row.stream,
            "record_id": row.record_id,
            "old": row.old,
            "new": row.new,
            "status": "intent",
            "created_at": at,
            "updated_at": at,
        }

    def _set(self, run_id: str, keys: list[dict[str, str]], *, status: str, tried: int) -> None:
        statement = (
            journal.update()
            .where(self._row(run_id))
            .values(status=status, attempts=journal.c.attempts + tried, updated_at=now())
        )
        with self._state.engine.begin() as connection:
            connection.execute(statement, keys)

    def _row(self, run_id: str) -> sa.ColumnElement[bool]:
        return (
            (journal.c.run_id == run_id)
            & (journal.c.stream == sa.bindparam("s"))
            & (journal.c.record_id == sa.bindparam("i"))
        )

    def _in(self, table: sa.Table) -> sa.ColumnElement[bool]:
        return (
            (table.c.crm == self._crm)
            & (table.c.stream == sa.bindparam("s"))
            & (table.c.record_id == sa.bindparam("i"))
        )

    def _keys(self, verdicts: Sequence[Verdict]) -> list[dict[str, str]]:
        return [{"s": v.row.stream, "i": v.row.record_id} for v in verdicts]

    def _hold(self, run_id: str, done: Sequence[Verdict], connection: sa.Connection) -> None:
        rows = [
            {
                "crm": self._crm,
                "stream": v.row.stream,
                "record_id": v.row.record_id,
                "held": v.row.full,
                "run_id": run_id,
            }
            for v in done
        ]
        self._state.upsert(confirmed, rows, connection)

    def _supersede(self, run_id: str, closed: Sequence[Verdict], at: str, connection: sa.Connection) -> None:
        if closed:
            open_still = (journal.c.status == "unknown") | (journal.c.status == "deferred")
            older = self._in(journal) & (journal.c.run_id != run_id) & open_still
            connection.execute(
                journal.update().where(older).values(status="superseded", updated_at=at), self._keys(closed)
            )

    def _bury(self, run_id: str, refused: Sequence[Verdict], at: str, connection: sa.Connection) -> None:
        known = {}
        for v in refused:
            here = (
                (dead_letters.c.crm == self._crm)
                & (dead_letters.c.stream == v.row.stream)
                & (dead_letters.c.record_id == v.row.record_id)
            )
            known[v.row.key] = connection.execute(
                sa.select(dead_letters.c.attempts, dead_letters.c.first_at).where(here)
            ).one_or_none()
        rows = []
        for v in refused:
            before = known[v.row.key]
            rows.append(
                {
                    "crm": self._crm,
                    "stream": v.row.stream,
                    "record_id": v.row.record_id,
                    "new": v.row.new,
                    "code": v.error.code if v.error else "",
                    "message": v.error.message if v.error else "",
                    "remedy": v.error.remedy if v.error else "",
                    "attempts": before.attempts + 1 if before else 1,
                    "first_at": before.first_at if before else at,
                    "last_at": at,
                    "run_id": run_id,
                }
            )
        self._state.upsert(dead_letters, rows, connection)


def _sound(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False


def values_of(text: str) -> dict[str, Any]:
    """The values of a JSON object of the journal."""
    values: dict[str, Any] = json.loads(text)
    return values
