"""Associations of landed records, read again: HubSpot changes them without moving the stamp of either record.

A deal that is moved to another company, or an e-mail that is put on a deal later, is in no search for what was modified
(airbytehq/airbyte#27199). 1,000 records a call and kind of association, without their properties.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from connectors.base import Page
from connectors.hubspot.api.call_counter import CHUNK
from connectors.hubspot.config import HubSpotMapping, Kind
from connectors.hubspot.links import Link, Links
from connectors.hubspot.read.cursor import Position
from connectors.hubspot.read.fetch import Fetcher
from connectors.hubspot.translate.records import company, first
from connectors.records import Stream

Row = dict[str, Any]
_TARGETS: dict[Stream, tuple[Kind, ...]] = {
    "opportunities": ("accounts",),
    "people": ("accounts",),
    "cases": ("accounts", "people", "opportunities"),
    "activities": ("accounts", "people", "opportunities"),
}
_ON_TICKETS: tuple[Kind, ...] = ("emails", "communications")
_NO_ACTS: frozenset[Kind] = frozenset({"tasks"})
"""Kinds that no score counts: whom they belong to can wait for the weekly full read."""


class Relinker:
    """Reads associations again. Thread-safe; raises what `Source.read` raises."""

    def __init__(
        self,
        mapping: HubSpotMapping,
        fetcher: Fetcher,
        kinds: Callable[[Stream], tuple[Kind, ...]],
        now: Callable[[], int],
    ) -> None:
        self._mapping, self._fetch, self._kinds, self._now = mapping, fetcher, kinds, now

    def due(self, stream: Stream, since: str) -> bool:
        """Whether it is time: once a night."""
        position = Position.decode(since)
        return stream in _TARGETS and position.phase == "done" and position.links_due(self._now())

    def read(self, stream: Stream, rows: pa.Table) -> Iterator[Page]:
        """The rows whose associations are others now."""
        for kind in (one for one in self._kinds(stream) if one not in _NO_ACTS):
            prefix = f"{kind}-" if stream == "activities" else ""
            held = rows.column("id").to_pylist()
            mine = [at for at, one in enumerate(held) if one.startswith(prefix) and one.removeprefix(prefix).isdigit()]
            for start in range(0, len(mine), CHUNK):
                some = rows.take(pa.array(mine[start : start + CHUNK], pa.int64()))
                changed = self._changed(stream, kind, prefix, some)
                if changed:
                    made = pa.RecordBatch.from_pylist(changed, schema=rows.schema)
                    yield Page(stream, made, "")

    def _changed(self, stream: Stream, kind: Kind, prefix: str, rows: pa.Table) -> list[Row]:
        ids = [one.removeprefix(prefix) for one in rows.column("id").to_pylist()]
        targets: tuple[Kind, ...] = (*_TARGETS[stream], *(("cases",) if kind in _ON_TICKETS else ()))
        links = {to: self._links(kind, to, ids) for to in targets}
        changed = []
        for record, row in zip(ids, rows.to_pylist(), strict=True):
            of_record = {to: found.get(record, ()) for to, found in links.items() if found is not None}
            now = {**row, **_columns(stream, kind, of_record, row)}
            if now != row:
                changed.append(now)
        return changed

    def _links(self, kind: Kind, to: Kind, ids: Sequence[str]) -> Links | None:
        target = self._mapping.of(to).object
        return self._fetch.links(self._mapping.of(kind).object, target, ids) if target else None


def _columns(stream: Stream, kind: Kind, links: Mapping[Kind, Sequence[Link]], row: Row) -> Row:
    """What the associations say, as a whole read would have it."""
    found: Row = {}
    accounts, people, deals = links.get("accounts"), links.get("people"), links.get("opportunities")
    if stream != "activities":
        if accounts is not None:
            found["account_id"] = company(accounts)
        if people is not None:
            found["person_id"] = first(people)
        if deals is not None:
            found["opportunity_id"] = first(deals)
        return found
    for name, some in (("account", accounts), ("opportunity", deals)):
        if some is not None:
            ids = sorted({link.record_id for link in some}, key=int)
            found |= {f"{name}_id": ids[0] if ids else None, f"{name}_ids": ids if len(ids) > 1 else None}
    if people is not None:
        now = sorted({link.record_id for link in people}, key=int)
        before = [one for one in row["person_ids"] or () if one in now]  # the author comes first
        found["person_ids"] = before + [one for one in now if one not in before]
    if (tickets := links.get("cases")) is not None:
        found["case_id"] = first(tickets)
        if kind == "emails":
            found["channel"] = "case_reply" if tickets else "email"
    return found
