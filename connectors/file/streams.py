# ruff: noqa: S608 - the SQL is put together from the mapping of the person who runs it; names and texts are quoted
"""Canonical streams of a folder: each computed once into a table of the embedded database, one row per id, then
paged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from connectors.base import Reject
from connectors.duckdb_memory import within_memory
from connectors.errors import ConfigError
from connectors.file.activity.people import add_acts, add_people, add_users
from connectors.file.config import FilesMapping, Part, Table
from connectors.file.query import MISFITS, RECORD_SEPARATOR, UNIT_SEPARATOR, canonical_part, explain_failure, stream_sql
from connectors.file.readers.casts import quoted
from connectors.file.record_rows import second_ones, table_of, totals, without_id
from connectors.file.sources import Sources
from connectors.file.understanding.references import Reference, references, resolve
from connectors.records import SCHEMAS, STREAMS, Stream

_CANONICAL_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".parquet", ".xlsx")


def canonical_files(files: Sequence[str]) -> dict[Stream, str]:
    """Files named after a stream, at the top of the folder. Raises ConfigError if two would give the same stream."""
    found: dict[Stream, str] = {}
    for stream in STREAMS:
        names = [f"{stream}{suffix}" for suffix in _CANONICAL_SUFFIXES if f"{stream}{suffix}" in files]
        if len(names) > 1:
            raise ConfigError(
                f"Both {names[0]} and {names[1]} would be the stream {stream}.", remedy="Remove one, or map the stream."
            )
        if names:
            found[stream] = names[0]
    return found


@dataclass(slots=True)
class Streams:
    """What `sources` give through the mapping, else from files in canonical columns."""

    sources: Sources
    mapping: FilesMapping
    canonical: dict[Stream, str]
    _prepared: dict[Stream, tuple[int, tuple[Reject, ...]]] = field(default_factory=dict)
    _ids: dict[Stream, frozenset[str]] = field(default_factory=dict)
    references: dict[Stream, list[Reference]] = field(default_factory=dict)
    """Of each prepared stream: where its references lead, for streams that are there."""
    deleted: dict[Stream, int] = field(default_factory=dict)
    """Of each prepared stream: the rows that the export itself calls deleted."""

    @property
    def available(self) -> tuple[Stream, ...]:
        more: tuple[Stream, ...] = ("people", "users", "activities") if self.sources.activity.present else ()
        return tuple(s for s in STREAMS if s in self.mapping.streams or s in self.canonical or s in more)

    @property
    def prepared(self) -> tuple[Stream, ...]:
        """The streams that were computed."""
        return tuple(s for s in self.available if s in self._prepared)

    def used_files(self) -> list[Path]:
        """Every file that some available stream reads. Raises ConfigError if one that is named is not there."""
        keys = {key for stream in self.available for key in self._tables(stream)}
        names = {file for key in sorted(keys) for file in self._files_of(key)}
        return [self.sources.folder / name for name in sorted(names.union(self.sources.activity.files()))]

    def tables(self, stream: Stream) -> list[str]:
        """Keys of the tables behind a stream, each once."""
        return self._tables(stream)

    def _files_of(self, key: str) -> list[str]:
        table = self._inline().get(key) or self.sources.definition(key)[2]
        return [] if table.sql else self.sources.files(table)

    def _inline(self) -> dict[str, Table]:
        parts = (part for parts in self.mapping.streams.values() for part in parts)
        return {key: table for key, _, table in (self.sources.definition(p.origin) for p in parts)}

    def _tables(self, stream: Stream) -> list[str]:
        """Keys of the tables behind a stream, each once."""
        if stream not in self.mapping.streams:
            return [self.canonical[stream]] if stream in self.canonical else []
        origins = [o for part in self.mapping.streams[stream] for o in (part.origin, *(j.table for j in part.joins))]
        return list(dict.fromkeys(key for origin in origins for key in self.sources.tables_below(origin)))

    def parts(self, stream: Stream) -> tuple[Part, ...]:
        """The queries behind a stream; loads what they read."""
        if stream in self.mapping.streams:
            return self.mapping.streams[stream]
        return (canonical_part(self.sources, stream, self.canonical[stream]),) if stream in self.canonical else ()

    def prepare(self, stream: Stream) -> tuple[int, tuple[Reject, ...]]:
        """Computes the stream if need be: (records, rejects that belong to none of them).

        Raises ConfigError naming the stream, the column and the expression that cannot be computed.
        """
        with self.sources.lock:
            if stream not in self._prepared:
                with self.sources.session() as con:
                    what = f"The stream {stream}"
                    self._prepared[stream] = self.sources.bounded(con, what, lambda: self._prepare(con, stream))
            return self._prepared[stream]

    def _prepare(self, con: duckdb.DuckDBPyConnection, stream: Stream) -> tuple[int, tuple[Reject, ...]]:
        parts = self.parts(stream)
        sql = stream_sql(self.sources, con, stream, parts)
        try:
            con.execute(f"CREATE OR REPLACE TABLE {table_of(stream)} AS {sql}")
        except (duckdb.OutOfMemoryException, duckdb.InterruptException):
            raise
        except duckdb.Error as error:
            raise explain_failure(self.sources, con, stream, parts, error) from None
        self._add_activity(con, stream)
        self.deleted[stream] = len(con.execute(f"DELETE FROM {table_of(stream)} WHERE deleted RETURNING 1").fetchall())
        joined = any(part.joins for part in parts)
        lost = (*self._malformed(stream), *self._unread(stream), *without_id(con, stream), *totals(con, stream))
        lost = (*lost, *second_ones(con, stream, joined))
        self.references[stream] = [
            resolve(con, stream, table_of(stream), column, is_list, target, self._target(stream, target))
            for column, target, is_list in references(stream)
            if target in self.available
        ]
        count = con.execute(f"SELECT count(*) FROM {table_of(stream)}").fetchone()
        return count[0] if count else 0, lost

    def _add_activity(self, con: duckdb.DuckDBPyConnection, stream: Stream) -> None:
        """What mail, calendars and call logs add: their people and our users who are not there yet, and the acts."""
        activity = self.sources.activity
        if not activity.present or stream not in ("people", "users", "activities"):
            return
        activity.load(con)
        if stream == "users":  # before accounts, whose owners they are
            add_users(con, table_of(stream))
            return
        accounts = self._target(stream, "accounts") if "accounts" in self.available else None
        if stream == "people":
            add_people(con, table_of(stream), accounts)
        else:
            region = self.mapping.calls.region if self.mapping.calls else None
            people, users = self._target(stream, "people"), self._target(stream, "users")
            if unknown := add_acts(con, table_of(stream), people, users, accounts, region):
                activity.acts[0].left_out[f"domains whose account is not known ({unknown})"] = unknown.count(",") + 1

    def _unread(self, stream: Stream) -> Iterator[Reject]:
        for acts in self.sources.activity.acts if stream == "activities" else ():
            yield from acts.rejects

    def _target(self, stream: Stream, target: Stream) -> str:
        if target != stream:
            self.prepare(target)
        return table_of(target)

    def rows(self, stream: Stream, offset: int, at_most: int) -> Iterator[pa.RecordBatch]:
        """Batches of a prepared stream in the order of ids, from `offset`; MISFITS is the last column."""
        query = f"SELECT * FROM {table_of(stream)} ORDER BY id OFFSET {int(offset)}"
        with self.sources.session() as con:
            # All are sorted before the first comes, so that what does not fit is seen here.
            for batch in within_memory(con, lambda: con.sql(query).to_arrow_reader(at_most)):
                for start in range(0, batch.num_rows, at_most):
                    yield batch.slice(start, at_most)

    def ids(self, stream: Stream) -> frozenset[str]:
        """The ids of all records of a stream."""
        if stream not in self._ids:
            self._ids[stream] = self.texts(stream, "id")
        return self._ids[stream]

    def texts(self, stream: Stream, column: str) -> frozenset[str]:
        """The distinct values of a text column."""
        self.prepare(stream)
        con = self.sources.session()
        rows = con.execute(f"SELECT DISTINCT {quoted(column)} FROM {table_of(stream)}").fetchall()
        con.close()
        return frozenset(r[0] for r in rows if r[0] is not None)

    def filled(self, stream: Stream) -> dict[str, float]:
        """Share of the records that have a value, by column, of a prepared stream that is not empty."""
        names = [n for n in SCHEMAS[stream].names if n != "id"]
        con = self.sources.session()
        counts = ", ".join(f"count({quoted(n)}) / count(*)" for n in names)
        row = con.execute(f"SELECT {counts} FROM {table_of(stream)}").fetchone() or ()
        con.close()
        return dict(zip(names, row, strict=True))

    def misfits(self, stream: Stream) -> int:
        """How many values of a prepared stream did not fit their columns."""
        con = self.sources.session()
        notes = f"sum(len({quoted(MISFITS)}) - len(replace({quoted(MISFITS)}, '{RECORD_SEPARATOR}', '')) + 1)"
        row = con.execute(f"SELECT {notes} FROM {table_of(stream)} WHERE {quoted(MISFITS)} <> ''").fetchone()
        con.close()
        return int(row[0] or 0) if row else 0

    def notes(self, stream: Stream, at_most: int) -> Iterator[tuple[str, str, str]]:
        """(record, column, text) of values of a prepared stream that did not fit, of the first records."""
        sql = (
            f"SELECT id, {quoted(MISFITS)} FROM {table_of(stream)} WHERE {quoted(MISFITS)} <> '' "
            f"ORDER BY id LIMIT {at_most}"
        )
        for record, notes in self.query(sql):
            for note in notes.split(RECORD_SEPARATOR):
                column, _, text = note.partition(UNIT_SEPARATOR)
                yield record, column, text

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query over prepared streams."""
        con = self.sources.session()
        try:
            rows: list[tuple[Any, ...]] = con.execute(sql).fetchall()
            return rows
        finally:
            con.close()

    def _malformed(self, stream: Stream) -> Iterator[Reject]:
        """Rows that no table holds, told once: with the first stream that reads the file."""
        earlier = self.available[: self.available.index(stream)]
        told = {key for other in earlier for key in self._tables(other)}
        for key in self._tables(stream):
            for m in () if key in told else self.sources.malformed.get(key, ()):
                yield Reject(stream, "", m.column, m.message, f"{m.file}:{m.line}")
