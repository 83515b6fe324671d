"""What a landed part holds: pages of one stream as Arrow tables, numbered as they came."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from connectors.base import Page, Reject
from connectors.errors import SchemaError

GONE = pa.schema([("id", pa.string()), ("survivor", pa.string()), ("_seq", pa.int64())])
"""Tombstones: `survivor` is null for a delete, the winning id for a merge; a record's own id says that it was read by
id and lives, so that tombstones before this one no longer count."""

REJECTS = pa.schema([(name, pa.string()) for name in ("stream", "record_id", "field", "message", "source")])
REJECTS_KEPT = 10_000
"""A generation keeps no more rejects than this; all are counted."""


@dataclass(slots=True)
class Batch:
    """Pages of one stream that wait to be landed together."""

    pages: list[Page] = field(default_factory=list)
    rows: int = 0

    def add(self, page: Page) -> None:
        self.pages.append(page)
        self.rows += page.batch.num_rows + len(page.deleted) + len(page.merged)


def landed(columns: pa.Schema) -> pa.Schema:
    """The schema of landed records: a connector's, and `_seq`."""
    return pa.schema([*(f.remove_metadata() for f in columns), pa.field("_seq", pa.int64())])


def part_tables(pages: list[Page], seq: int, columns: pa.Schema, rejects_before: int) -> dict[str, pa.Table]:
    """The tables to land, by kind (part, gone, rejects), numbered from `seq` + 1; empty ones are left out.

    Raises SchemaError when a page has not the stream's columns.
    """
    records: list[pa.Table] = []
    gone: list[tuple[str, str | None, int]] = []
    rejects: list[Reject] = []
    for page in pages:
        if page.batch.num_rows:
            numbers = pa.array(range(seq + 1, seq + 1 + page.batch.num_rows), pa.int64())
            records.append(_checked(page, columns).append_column("_seq", numbers))
            seq += page.batch.num_rows
        for loser, survivor in [*((d, None) for d in page.deleted), *page.merged.items()]:
            seq += 1
            gone.append((loser, survivor, seq))
        rejects.extend(page.rejects)
    tables: dict[str, pa.Table] = {}
    if records:
        tables["part"] = pa.concat_tables(records).cast(landed(columns))
    if gone:
        tables["gone"] = pa.table([list(column) for column in zip(*gone, strict=True)], schema=GONE)
    if kept := rejects[: max(0, REJECTS_KEPT - rejects_before)]:
        tables["rejects"] = pa.table([[getattr(r, name) for r in kept] for name in REJECTS.names], schema=REJECTS)
    return tables


def _checked(page: Page, columns: pa.Schema) -> pa.Table:
    missing = [name for name in columns.names if name not in page.batch.schema.names]
    if missing:
        raise SchemaError(
            f"A page of {page.stream} lacks the columns {', '.join(missing)}.",
            remedy="Install connectors and program of the same version.",
        )
    table = pa.Table.from_batches([page.batch]).select(columns.names)
    return table.cast(pa.schema([f.remove_metadata() for f in columns]))
