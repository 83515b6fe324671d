"""Wanted against held: which records to write, and with what. In DuckDB over Parquet, one query per stream.

Both sides are rounded to the property's scale. A record is a change when a number moved by at least `min_delta` (a
whole
number: by 1), something became or ceased to be empty, an enumeration changed, a text is not the one we last wrote (a
person or another program changed it), or the written as-of is older than `max_age`; then *all* its differing properties
go in one change. A record whose last write was refused or never answered is always written, with all its properties.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.base import PropertySpec
from connectors.records import Stream
from sync.diff.sql import TOTALS, Rules, statements
from sync.state.journal import Journal, Planned
from sync.system import files as durable
from sync.system.duckdb import Session, fill, literal, load, load_each, number, parquet, session

_AT_ONCE = 10_000
STREAMS: tuple[Stream, ...] = ("accounts", "opportunities")


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes found, in `path` (Parquet, sorted by stream, parent and id)."""

    path: Path
    digest: str
    """SHA-256 of what would be written; does not depend on order, run or as-of."""
    changes: int
    by_stream: Mapping[Stream, int]
    by_field: Mapping[str, int]
    unchanged_by_stream: Mapping[Stream, int]
    drift: int
    """Records of which somebody else changed what we had written."""
    calls: int
    """The least number of write calls for these changes."""
    stances_held: int
    stances_changed: int
    numbers_held: int
    numbers_cleared: int
    records_held: int
    """Records that held a score of ours before."""
    known: int = 0
    """Records of which we know what we last wrote."""
    foreign: int = 0
    """Those of them that hold a later score than the one we wrote."""

    @property
    def unchanged(self) -> int:
        return sum(self.unchanged_by_stream.values())


def diff(
    scores: Path,
    held: Mapping[Stream, Path],
    out: Path,
    specs: Sequence[PropertySpec],
    journal: Journal,
    rules: Rules,
    write_batch: int,
    scratch: Path,
) -> Plan:
    """Compares `scores/<stream>.parquet` with what the CRM holds and writes the plan to `out`, durably."""
    totals = [0] * 9
    unchanged: dict[Stream, int] = {}
    by_stream: dict[Stream, int] = {}
    by_field: dict[str, int] = {}
    with session(scratch) as connection:
        for stream in STREAMS:
            names = {n: f"{n}_{stream}" for n in ("compared", "judged", "plan", "confirmed", "forced")}
            _remembered(connection, stream, journal, names)
            mine = [s for s in specs if s.stream == stream]
            wanted, crm = parquet([scores / f"{stream}.parquet"]), parquet([held[stream]])
            for statement in statements(stream, mine, rules, wanted, crm, names):
                connection.execute(statement).fetchall()
            counts = connection.execute(fill(TOTALS, **names)).fetchall()[0]
            unchanged[stream] = int(counts[0])
            totals = [before + int(more) for before, more in zip(totals, counts, strict=True)]
            by_stream[stream] = number(connection, fill("SELECT count(*) FROM @plan", **names))
            by_field |= {str(f): int(n) for f, n in connection.execute(fill(_BY_FIELD, **names)).fetchall()}
        durable.make_dir(out.parent)
        durable.put(out, lambda path: _write(connection, path))
        digest = _digest(connection)
    _, drift, records_held, stances_held, stances_changed, numbers_held, numbers_cleared, known, foreign = totals
    return Plan(
        path=out,
        digest=digest,
        changes=sum(by_stream.values()),
        by_stream=by_stream,
        by_field=by_field,
        unchanged_by_stream=unchanged,
        drift=drift,
        calls=sum(math.ceil(n / write_batch) for n in by_stream.values()),
        stances_held=stances_held,
        stances_changed=stances_changed,
        numbers_held=numbers_held,
        numbers_cleared=numbers_cleared,
        records_held=records_held,
        known=known,
        foreign=foreign,
    )


def read_plan(path: Path) -> Iterator[Planned]:
    """The rows of a plan, in their order."""
    file = pq.ParquetFile(path)
    with file:
        for batch in file.iter_batches(10_000, columns=["stream", "record_id", "parent_id", "old", "new", "full"]):
            for row in batch.to_pylist():
                yield Planned(**row)


_BY_FIELD = "SELECT f, count(*) FROM (SELECT unnest(json_keys(new)) AS f FROM @plan) GROUP BY f ORDER BY f"
_ROWS = 'SELECT stream, record_id, parent_id, forced, old, new, "full" FROM plan_accounts'
_ALL = f"{_ROWS} UNION ALL {_ROWS.replace('plan_accounts', 'plan_opportunities')}"


def _remembered(connection: Session, stream: Stream, journal: Journal, names: Mapping[str, str]) -> None:
    forced = sorted((record, why) for (of, record), why in journal.forced().items() if of == stream)
    load(connection, names["forced"], _texts("why", forced))
    load_each(connection, names["confirmed"], _in_parts("held", journal.last_confirmed(stream)))


def _in_parts(column: str, pairs: Iterator[tuple[str, str]]) -> Iterator[pa.Table]:
    yield _texts(column, [])
    while some := list(islice(pairs, _AT_ONCE)):
        yield _texts(column, some)


def _texts(column: str, pairs: Sequence[tuple[str, str]]) -> pa.Table:
    arrays = [pa.array([pair[place] for pair in pairs], pa.string()) for place in (0, 1)]
    return pa.table(arrays, names=["id", column])


def _write(connection: Session, path: Path) -> None:
    order = "stream, parent_id NULLS FIRST, record_id"
    number(connection, f"COPY ({_ALL} ORDER BY {order}) TO {literal(str(path))} (FORMAT parquet)")


def _digest(connection: Session) -> str:
    digest = hashlib.sha256()
    for table in ("plan_accounts", "plan_opportunities"):
        query = fill("SELECT stream, record_id, canonical FROM @plan ORDER BY record_id", plan=table)
        rows = connection.execute(query)
        while chunk := rows.fetchmany(50_000):
            for row in chunk:
                digest.update("\t".join(row).encode() + b"\n")
    return digest.hexdigest()
