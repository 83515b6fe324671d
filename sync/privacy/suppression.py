"""Records that were purged stay out: taken from every table before it is landed, with all that refers to them."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from connectors.records import SCHEMAS, Stream
from sync.state import flags as holds
from sync.state.database import State

Out = Mapping[Stream, frozenset[str]]
"""Digests of the ids that are kept out, by stream."""

KEPT_OUT: tuple[Stream, ...] = ("accounts", "people", "users")
_BELONGS: tuple[Stream, ...] = ("people", "opportunities", "cases", "contracts", "assets", "rivals")
"""Streams whose records go with their account."""


def kept_out(state: State, crm: str) -> Out:
    """Who is kept out of a CRM's landing; empty when nobody is."""
    suppressed = {stream: holds.kept_out(state, crm, stream) for stream in KEPT_OUT}
    return {stream: digests for stream, digests in suppressed.items() if digests}


def strip(table: pa.Table, stream: Stream, out: Out) -> pa.Table:
    """The table without the records kept out and without those of accounts kept out; other references to them are
    null.
    """
    if stream in out:
        table = table.filter(pc.invert(_known(table.column("id"), out[stream])))
    for column in SCHEMAS[stream]:
        target = (column.metadata or {}).get(b"ref", b"").decode()
        if target not in out:
            continue
        values = table.column(column.name)
        digests = out[target]
        if column.type == pa.string():
            hit = _known(values, digests)
            if column.name == "account_id" and stream in _BELONGS:
                table = table.filter(pc.invert(hit))
                continue
            values = pc.if_else(hit, pa.scalar(None, pa.string()), values)
        else:
            lists = [
                None if ids is None else [i for i in ids if i is None or holds.digest(i) not in digests]
                for ids in values.to_pylist()
            ]
            if column.name == "person_ids":  # their address goes with them
                gone = [kept != had for kept, had in zip(lists, values.to_pylist(), strict=True)]
                table = _without_sender(table, gone)
            values = pa.array(lists, column.type)
        table = table.set_column(table.schema.get_field_index(column.name), column.name, values)
    return table


def strip_gone(table: pa.Table, stream: Stream, out: Out) -> pa.Table:
    """A table of deletions and merges without those that name a record kept out: nothing of it is landed anyway."""
    for name in ("id", "survivor") if stream in out else ():
        table = table.filter(pc.invert(_known(table.column(name), out[stream])))
    return table


def _without_sender(table: pa.Table, rows: list[bool]) -> pa.Table:
    place = table.schema.get_field_index("sender")
    sender = pc.if_else(pa.array(rows, pa.bool_()), pa.scalar(None, pa.string()), table.column("sender"))
    return table.set_column(place, "sender", sender)


def _known(values: pa.ChunkedArray, digests: frozenset[str]) -> pa.Array:
    return pa.array([value is not None and holds.digest(value) in digests for value in values.to_pylist()], pa.bool_())
