"""The echo of our own writes: what the CRM confirmed is landed at once, so that the next read need not bring it back.

A record is landed as it was with the values that were written and the stamp that the write gave it. Beside the landing
`echo.parquet` keeps those stamps; without it (or without that landing) the next read simply brings the records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.base import Page, PropertySpec, Value
from connectors.records import TIME, Stream
from sync.pull.landing import Landing
from sync.pull.parts import Batch
from sync.system import files as durable

Written: TypeAlias = Mapping[str, tuple[Mapping[str, Value], datetime]]
"""By record id: the values that were written, and the stamp."""

_STAMPS = pa.schema([("id", pa.string()), ("stamp", TIME)])


def land_echo(landing: Landing, run_id: str, specs: Sequence[PropertySpec], written: Mapping[Stream, Written]) -> None:
    """Lands the written records of each stream. One that is not in the landing is left to the next read."""
    for stream, records in written.items():
        current = landing.generation(stream, "current")
        if current is None or current.cursor is None or not records:
            continue
        table = _newest(landing.files(stream).records, records)
        names = [spec.name for spec in specs if spec.stream == stream]
        rows = _as_written(table, names, records, landing.schema(stream))
        batch = Batch()
        for some in rows.to_batches():
            batch.add(Page(stream, some, current.cursor))
        if not batch.rows:
            continue
        landing.land(current, batch, run_id, complete=True)
        known = pa.table([rows.column("id"), rows.column("modified_at")], schema=_STAMPS)
        durable.put(_file(landing, stream), lambda path, t=known: pq.write_table(t, path))  # type: ignore[misc]


def stamps(landing: Landing, stream: Stream) -> dict[str, datetime]:
    """The stamp of each record of the stream that our last write changed and that is landed so."""
    path = _file(landing, stream)
    try:
        table = pq.read_table(path, partitioning=None).cast(_STAMPS)
    except (OSError, pa.ArrowInvalid, ValueError):
        return {}
    return dict(zip(table.column("id").to_pylist(), table.column("stamp").to_pylist(), strict=True))


def _file(landing: Landing, stream: Stream) -> Path:
    return landing.folder(stream) / "echo.parquet"


def _newest(parts: Sequence[Path], records: Written) -> pa.Table:
    """The landed rows of the records, the newest of each."""
    ids = pa.array(list(records), pa.string())
    landed_rows = [table.filter(pc.is_in(table.column("id"), ids)) for table in map(_read, parts)]
    table = pa.concat_tables(landed_rows).sort_by(
        [("id", "ascending"), ("modified_at", "ascending"), ("_seq", "ascending")]
    )
    held = table.column("id").to_pylist()
    last = [at for at, record in enumerate(held) if at + 1 == len(held) or held[at + 1] != record]
    return table.take(pa.array(last, pa.int64()))


def _read(path: Path) -> pa.Table:
    return pq.read_table(path, partitioning=None)


def _as_written(table: pa.Table, names: Sequence[str], records: Written, columns: pa.Schema) -> pa.Table:
    ids = table.column("id").to_pylist()
    given: dict[str, list[object]] = {"modified_at": [records[one][1] for one in ids]}
    for name in names:
        before = table.column(name).to_pylist()
        given[name] = [records[one][0].get(name, old) for one, old in zip(ids, before, strict=True)]
    arrays = [pa.array(given[f.name], f.type) if f.name in given else table.column(f.name) for f in columns]
    return pa.table(arrays, schema=columns)
