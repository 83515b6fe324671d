# ruff: noqa: S608 - the SQL is put together from names of canonical columns
"""Which rows of a stream are its records: one of each id, no totals, none without an id. What is left out is named."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from connectors.base import Reject
from connectors.file.query import MISFITS
from connectors.file.readers.casts import quoted
from connectors.records import IDS, SCHEMAS, Stream

_TOTAL = (
    r"(grand |sub|sub-)?totals?( \(.*\))?|(gesamt|zwischen)?summe|gesamt|insgesamt|somme|sous-total|total g[ée]n[ée]ral"
    r"|totale|totaal|suma|sum|count|anzahl"
)


def table_of(stream: Stream) -> str:
    """The SQL name of a prepared stream."""
    return quoted(f"stream {stream}")


def totals(con: duckdb.DuckDBPyConnection, stream: Stream) -> list[Reject]:
    """Takes out the rows of sums that reports end with: `Total` for an id, and no reference."""
    references = [f.name for f in SCHEMAS[stream] if f.metadata and b"ref" in f.metadata and f.type != IDS]
    alone = " AND ".join(f"{quoted(name)} IS NULL" for name in references) or "true"
    where = f"regexp_full_match(lower(id), '{_TOTAL}') AND {alone}"
    rows = con.execute(f"SELECT id FROM {table_of(stream)} WHERE {where} ORDER BY id").fetchall()
    if rows:
        con.execute(f"DELETE FROM {table_of(stream)} WHERE {where}")
    return [Reject(stream, "", "id", f"a row {name!r} is a sum of the report and was left out") for (name,) in rows]


def without_id(con: duckdb.DuckDBPyConnection, stream: Stream) -> list[Reject]:
    """Takes out the rows without an id."""
    found = con.sql(f"SELECT * FROM {table_of(stream)} WHERE id IS NULL").to_arrow_table().to_pylist()
    con.execute(f"DELETE FROM {table_of(stream)} WHERE id IS NULL")
    return [Reject(stream, "", "id", f"a row without an id was left out: {_shown(row)}") for row in found]


def second_ones(con: duckdb.DuckDBPyConnection, stream: Stream, joined: bool) -> list[Reject]:
    """Keeps one row of each id: the newest by modified_at, else the first. Equal rows are no reject, differing
    ones are.

    Where a join gives several accounts or deals for one record (`joined`), it is not known which is right: it
    keeps none.
    """
    table = table_of(stream)
    twice = f"SELECT id FROM {table} GROUP BY id HAVING count(*) > 1"
    order = "id, modified_at DESC NULLS LAST, row"
    sql = f"SELECT *, rowid AS row FROM {table} WHERE id IN ({twice}) ORDER BY {order}"
    rejects, surplus, kept = [], [], None
    unclear: dict[str, set[str]] = {}
    for batch in con.sql(sql).to_arrow_reader(20_000):
        for row in batch.to_pylist():
            number = row.pop("row")
            if kept is None or kept["id"] != row["id"]:
                kept = row
                continue
            surplus.append(number)
            if differing := [c for c in row if row[c] != kept[c] and c != MISFITS]:
                pairs = "; ".join(f"{c}: {kept[c]!s:.60} kept, {row[c]!s:.60} left out" for c in differing[:3])
                rejects.append(Reject(stream, row["id"], differing[0], f"two rows have this id and differ in {pairs}"))
                for column in {"account_id", "opportunity_id"}.intersection(differing) if joined else ():
                    unclear.setdefault(column, set()).add(row["id"])
    for column, ids in unclear.items():
        con.execute(f"UPDATE {table} SET {quoted(column)} = NULL WHERE list_contains($1, id)", [sorted(ids)])
    if surplus:
        con.register("surplus", pa.table({"row": surplus}))
        con.execute(f"DELETE FROM {table} WHERE rowid IN (SELECT row FROM surplus)")
        con.unregister("surplus")
    return rejects


def _shown(row: dict[str, object]) -> str:
    filled = [f"{name}={value!s:.40}" for name, value in row.items() if value is not None and name != MISFITS]
    return ", ".join(filled[:4]) or "it is empty"
