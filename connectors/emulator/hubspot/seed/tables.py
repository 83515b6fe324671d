"""What every seeded table needs: ids, stamps, option lists, links to one record of another type."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import numpy as np

from connectors.emulator.hubspot.schema.objects import plain_type, primary_type
from connectors.emulator.hubspot.schema.properties import options
from connectors.emulator.hubspot.seed.source import Source
from connectors.emulator.hubspot.store.columns import Column, Instants, Texts
from connectors.emulator.hubspot.store.portal import Portal
from connectors.emulator.hubspot.store.table import Table
from connectors.emulator.hubspot.wire import EPOCH
from connectors.records import Stream

# the first ids of each object type; chosen so that a small portal already has ids of different lengths, which sort
# differently as numbers and as text
FIRST_IDS = {
    "companies": 9_999_990,
    "contacts": 99_999_970,
    "deals": 999_999_950,
    "line_items": 9_999_999_900,
    "products": 9_995,
    "tickets": 999_980,
    "emails": 99_999_999_000,
    "calls": 99_999_900,
    "meetings": 999_999_920,
    "tasks": 99_985,
    "notes": 9_990,
    "communications": 9_999_985,
    "contracts": 9_990,
    "assets": 99_930,
}
BORN = 946_684_800_000
"""When what has no date of creation was made: long before anything (2000-01-01)."""


def open_options(portal: Portal, plural: str, name: str, values: list[str | None]) -> None:
    """Gives an enumeration the options that are in use besides those it has."""
    definition = portal.definitions(portal.kind(plural)).live[name]
    known = [option["value"] for option in definition["options"]]
    used = sorted({part for value in values if value for part in value.split(";")} - set(known))
    definition["options"] = definition["options"] + options(used)


def add_table(
    portal: Portal,
    plural: str,
    stream: Stream,
    source: Source,
    columns: dict[str, Column],
    rows: list[int] | None = None,
) -> None:
    """A table whose records are the rows of a stream, with the stamps and option lists that every object has."""
    kind = portal.kind(plural)
    created = source.instants(stream, "created_at", rows, BORN)
    modified = source.instants(stream, "modified_at", rows, BORN)
    stamps: dict[str, Column] = {kind.created: Instants(created), "hs_createdate": Instants(created)}
    first = FIRST_IDS[plural]
    values = {**stamps, kind.modified: Instants(modified), **columns}
    portal.tables[plural] = Table(kind, range(first, first + len(created)), values)
    definitions = portal.definitions(kind).live
    for name, column in columns.items():
        definition = definitions[name]
        if definition["type"] == "enumeration" and isinstance(column, Texts) and name != "hubspot_owner_id":
            open_options(portal, plural, name, sorted(set(filter(None, column.values))))  # type: ignore[arg-type]


def dates(portal: Portal, plural: str, name: str, values: list[int | None]) -> Column:
    """A date column, or one of instants where an hour matters; the property's type follows."""
    if any(ms is not None and ms % 86_400_000 for ms in values):
        portal.definitions(portal.kind(plural)).live[name]["type"] = "datetime"
        return Instants(values)
    return Texts(None if ms is None else (EPOCH + timedelta(milliseconds=ms)).date().isoformat() for ms in values)


def link_all(portal: Portal, pair: tuple[str, str], first: int, targets: Iterable[Iterable[int]]) -> None:
    """Links record after record to several of the other type, by the plain association type."""
    kind = plain_type(*pair)
    if kind is None:
        return
    ends = np.array([(first + row, one) for row, some in enumerate(targets) for one in some], np.int64).reshape(-1, 2)
    portal.links.seed(pair, ends[:, 0], ends[:, 1], np.zeros(len(ends), np.int8), [(kind,)])


def link(portal: Portal, pair: tuple[str, str], first: int, targets: list[int | None]) -> None:
    """Links record after record to at most one of the other type, as its primary one where there is such a thing."""
    rows = [(first + row, target) for row, target in enumerate(targets) if target is not None]
    sources = np.array([row[0] for row in rows], np.int64)
    types = tuple(kind for kind in (primary_type(*pair), plain_type(*pair)) if kind is not None)
    portal.links.seed(
        pair, sources, np.array([row[1] for row in rows], np.int64), np.zeros(len(rows), np.int8), [types]
    )
