"""Marks: records that the CRM said have changed, to be read again by the next run whatever its increments bring.

A mark is durable once `put` returns, and is taken away only when a sync that has read the record has ended well: a run
that breaks off leaves it, and so does a run during which the record was marked once more.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from connectors.records import STREAMS, Stream
from connectors.webhooks import Mark
from sync.state.database import State, now
from sync.state.tables import marks

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Marked:
    """The marks as they were at one moment: by stream, the ids and the token of the delivery that marked each last."""

    tokens: Mapping[Stream, Mapping[str, str]]

    def ids(self, stream: Stream) -> tuple[str, ...]:
        """Of one stream, sorted."""
        return tuple(sorted(self.tokens.get(stream, {})))


class Marks:
    """The marks of one CRM."""

    def __init__(self, state: State, crm: str) -> None:
        self._state, self._crm = state, crm

    def put(self, marked: Iterable[Mark]) -> int:
        """Commits the marks, all or none; returns how many records they are."""
        token, at = secrets.token_hex(8), now()
        rows = [
            {"crm": self._crm, "stream": m.stream, "record_id": m.record_id, "token": token, "at": at, "run_id": None}
            for m in sorted(
                set(marked), key=lambda m: (m.stream, m.record_id)
            )  # in one order: no two writers wait in a circle
        ]
        with self._state.engine.begin() as connection:
            self._state.upsert(marks, rows, connection)
        return len(rows)

    def now(self) -> Marked:
        """All marks, whatever their stream."""
        query = sa.select(marks.c.stream, marks.c.record_id, marks.c.token).where(marks.c.crm == self._crm)
        marked: dict[Stream, dict[str, str]] = {}
        with self._state.engine.connect() as connection:
            for row in connection.execute(query):
                stream: Stream | None = next((s for s in STREAMS if s == row.stream), None)
                if stream is not None:
                    marked.setdefault(stream, {})[row.record_id] = row.token
        return Marked(marked)

    def count(self) -> int:
        """How many records are marked."""
        query = sa.select(sa.func.count()).select_from(marks).where(marks.c.crm == self._crm)
        with self._state.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def taken(self, run_id: str, stream: Stream, marked: Marked) -> None:
        """The run has landed the records of the stream; a mark that was put again since is not touched."""
        by_token: dict[str, list[str]] = {}
        for record_id, token in marked.tokens.get(stream, {}).items():
            by_token.setdefault(token, []).append(record_id)
        with self._state.engine.begin() as connection:
            for token, ids in by_token.items():
                for start in range(0, len(ids), _AT_ONCE):
                    some = marks.c.record_id.in_(ids[start : start + _AT_ONCE])
                    mine = (marks.c.crm == self._crm) & (marks.c.stream == stream) & (marks.c.token == token)
                    connection.execute(marks.update().where(mine & some).values(run_id=run_id))

    def clear(self, run_id: str) -> None:
        """The run has ended well: what it has read need not be read again."""
        with self._state.engine.begin() as connection:
            connection.execute(marks.delete().where((marks.c.crm == self._crm) & (marks.c.run_id == run_id)))
