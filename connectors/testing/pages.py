"""Reads streams whole and compares them with the seeded organisation: shorthand for the topics of the suite."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connectors.base import Change, Connector, Cursor, Page, Value
from connectors.records import SCHEMAS, STREAMS, Stream
from connectors.testing import organisation
from connectors.testing.harness import Harness

Rows = dict[str, dict[str, Any]]
"""Rows by the CRM's id."""


def read(connector: Connector, stream: Stream, since: Cursor | None = None) -> list[Page]:
    return list(connector.read(stream, since))


def rows(pages: Iterable[Page]) -> Rows:
    """The newest version of each record, as a landing would keep it."""
    newest: Rows = {}
    for page in pages:
        for row in page.batch.to_pylist():
            newest[row["id"]] = row
    return newest


def deleted(pages: Iterable[Page]) -> set[str]:
    return {record for page in pages for record in page.deleted}


def merged(pages: Iterable[Page]) -> dict[str, str]:
    return {loser: survivor for page in pages for loser, survivor in page.merged.items()}


def change(stream: Stream, record_id: str, values: dict[str, Value], parent: str | None = None) -> Change:
    return Change(stream, record_id, values, f"run/{stream}/{record_id}", parent)


def seeded_streams(harness: Harness) -> list[Stream]:
    return [stream for stream in organisation.ROWS if stream in harness.streams]


def expected(harness: Harness, stream: Stream) -> Rows:
    """The organisation's rows of the compared columns, keys replaced by the CRM's ids."""
    columns = organisation.compared(stream, harness.unheld)

    def resolve(column: str, value: Any) -> Any:
        metadata = SCHEMAS[stream].field(column).metadata or {}
        named = metadata.get(b"ref", b"").decode() or (stream if column == "id" else "")
        target = next((known for known in STREAMS if known == named), None)
        if target is None or value is None:
            return value
        if isinstance(value, list):
            return [harness.id_of(target, key) for key in value]
        return harness.id_of(target, value)

    wanted = [{column: resolve(column, row.get(column)) for column in columns} for row in organisation.ROWS[stream]]
    return {row["id"]: row for row in wanted}
