"""Landed records that matter now: open deals, and what was modified lately."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.base import Connector, Page
from connectors.optional import Relinks
from connectors.records import TIME, Stream
from sync.pull.landing import Files, Generation, Landing

_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def linked_again(connector: Connector, stream: Stream, generation: Generation, landing: Landing) -> Iterator[Page]:
    """Recent landed records whose associations are others now, where the source says that it is time to look."""
    since = generation.cursor
    if since is None or generation.status != "current" or not isinstance(connector, Relinks):
        return iter(())
    if not connector.relinks(stream, since):
        return iter(())
    files, columns, server = landing.files(stream), landing.schema(stream), connector.server_time()
    source: Relinks = connector

    def pages() -> Iterator[Page]:
        rows = recent(stream, files, columns, server or datetime.now(UTC), source.relink_days())
        for page in source.relink(stream, rows):
            yield replace(page, cursor=since)

    return pages()


def recent(stream: Stream, files: Files, columns: pa.Schema, now: datetime, days: int) -> pa.Table:
    """The newest version of each landed record that is an open deal or was modified in the last days; none that is
    gone.
    """
    since = pa.scalar(now - timedelta(days=days) if days else _NEVER, TIME)
    parts = [_lately(pq.read_table(path, partitioning=None), stream, since) for path in files.records]
    if not parts:
        return columns.empty_table()
    table = pa.concat_tables(parts).sort_by([("id", "ascending"), ("modified_at", "ascending"), ("_seq", "ascending")])
    gone = _gone(files.gone)
    ids = table.column("id").to_pylist()
    last = [at for at, one in enumerate(ids) if (at + 1 == len(ids) or ids[at + 1] != one) and one not in gone]
    return table.take(pa.array(last, pa.int64())).select(columns.names).cast(columns)


def _lately(table: pa.Table, stream: Stream, since: pa.Scalar) -> pa.Table:
    wanted = pc.greater_equal(table.column("modified_at"), since)
    if stream == "opportunities":
        wanted = pc.or_kleene(wanted, pc.invert(pc.fill_null(table.column("is_closed"), fill_value=False)))
    return table.filter(wanted)


def _gone(paths: Sequence[Path]) -> set[str]:
    gone: set[str] = set()
    for path in paths:
        table = pq.read_table(path, partitioning=None, columns=["id", "survivor"])
        for one, survivor in zip(*(table.column(n).to_pylist() for n in ("id", "survivor")), strict=True):
            (gone.discard if survivor == one else gone.add)(one)  # its own id: it was read and lives
    return gone
