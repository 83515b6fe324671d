"""Reads the canonical streams: full by list, incremental by search, deletes by the archived list.

A page covers up to 1,000 records, because one call reads the associations of 1,000. Companies and deals that were
archived are looked for in every incremental read, other objects once a day.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pyarrow as pa

from connectors.base import Organisation, Page, PropertySpec
from connectors.errors import StateError
from connectors.hubspot.api.call_counter import CHUNK
from connectors.hubspot.config import ACTIVITY_KINDS, HubSpotConfig, HubSpotMapping, Kind
from connectors.hubspot.read import settings_streams
from connectors.hubspot.read.associations import Joiner
from connectors.hubspot.read.cursor import REMEDY, Position, begin, ending_at
from connectors.hubspot.read.deals_seen import Deals, Underway, beyond, runs
from connectors.hubspot.read.echo import Echo, modified
from connectors.hubspot.read.fetch import Fetcher, in_order
from connectors.hubspot.read.properties import Properties
from connectors.hubspot.read.reference_data import Portal
from connectors.hubspot.translate import records as translate
from connectors.hubspot.translate import values
from connectors.hubspot.translate.records import Record, Sheet
from connectors.records import Stream, schema

_ALWAYS_SWEPT: frozenset[Stream] = frozenset({"accounts", "opportunities"})
_JUST_SWEPT_MS = 600_000
_WHOLE = ("full", "relist")
WRITABLE: tuple[Kind, ...] = ("accounts", "opportunities")
_KINDS: dict[Stream, tuple[Kind, ...]] = {
    "accounts": ("accounts",),
    "people": ("people",),
    "opportunities": ("opportunities",),
    "line_items": ("line_items",),
    "activities": ACTIVITY_KINDS,
    "cases": ("cases",),
    "contracts": ("contracts",),
    "assets": ("assets",),
}


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some records of one kind, and the position after them."""

    kind: Kind
    records: list[Record]
    position: Position


class Streams:
    """Yields the pages of a stream. Raises what `Source.read` raises."""

    def __init__(
        self,
        config: HubSpotConfig,
        mapping: HubSpotMapping,
        owned: Sequence[PropertySpec],
        organisation: Organisation,
        fetcher: Fetcher,
        portal: Portal,
        properties: Properties,
        now: Callable[[], datetime],
    ) -> None:
        self._config, self._mapping, self._owned, self._organisation = config, mapping, tuple(owned), organisation
        self._fetch, self._portal, self._properties, self._now = fetcher, portal, properties, now
        self.joiner = self._join = Joiner(mapping, owned, organisation, fetcher, portal, now)
        self.echoes: dict[str, Echo] = {}
        """What our last writes left, by stream."""
        self._begun: dict[Stream, Position] = {}
        self._shown: dict[Kind, str] = {}
        self._deals: Deals | None = None
        self._deals_read = Underway()

    def available(self) -> tuple[Stream, ...]:
        """The streams that the mapping feeds."""
        fed = [s for s, kinds in _KINDS.items() if any(self._mapping.of(k).object for k in kinds)]
        return (*fed, "users", "opportunity_people", "currency_rates")

    def kinds(self, stream: Stream) -> tuple[Kind, ...]:
        """The kinds of record behind a stream, of those that are mapped."""
        return tuple(k for k in _KINDS.get(stream, ()) if self._mapping.of(k).object)

    def read(self, stream: Stream, since: str | None) -> Iterator[Page]:
        """The pages of a read that starts, starts from a watermark, or goes on."""
        now = values.milliseconds(self._now()) + 1000  # the Date header leaves the fraction of the second out
        position = begin(now) if since is None else Position.decode(since)
        lower = position.since if position.phase == "done" else None
        if position.phase == "done":
            position = position.next_read(now, always_sweep=self._swept_now(stream, position, now))
        self._begun[stream] = position
        if stream == "users":
            yield settings_streams.users(self._portal, position)
        elif stream == "currency_rates":
            yield settings_streams.currency_rates(self._portal, position)
        elif stream == "opportunity_people":
            yield from self._opportunity_people(position, lower)
        else:
            yield from self._objects(stream, position, lower, fresh=since is None)

    def _swept_now(self, stream: Stream, position: Position, now: int) -> bool:
        """Archived accounts and deals are looked for in every read, except in one right after a run that wrote."""
        if stream not in _ALWAYS_SWEPT:
            return False
        return now - position.swept >= _JUST_SWEPT_MS or self._echo(stream, replace(position, start=now)) is None  # type: ignore[arg-type]

    def _objects(self, stream: Stream, position: Position, lower: int | None, *, fresh: bool) -> Iterator[Page]:
        kinds = self.kinds(stream)
        if position.kind >= len(kinds):
            raise StateError(f"The cursor of {stream} is for objects that are no longer mapped.", remedy=REMEDY)
        if stream != "opportunities":
            yield from self._phases(stream, kinds, position)
            return
        seen: list[str] = []
        with self._deals_read:
            for page in self._phases(stream, kinds, position):
                seen += page.batch.column("id").to_pylist()
                yield page
                end = page.cursor
            if fresh or lower is not None:
                self._deals = Deals(Position.decode(end), lower, tuple(dict.fromkeys(seen)))

    def _phases(self, stream: Stream, kinds: Sequence[Kind], position: Position) -> Iterator[Page]:
        while position.phase != "done":
            self._shown.pop(kinds[position.kind], None)
            pages = self._phase(stream, kinds[position.kind], position)
            yield from ending_at(pages, lambda at=position: self._after(kinds, at))  # type: ignore[misc]
            position = self._after(kinds, position)

    def _after(self, kinds: Sequence[Kind], position: Position) -> Position:
        """The phase after one that was read: where its records have other properties than before, all of them first."""
        kind = kinds[position.kind]
        before, shown = position.shown.get(kind, ""), self._shown.get(kind, "")
        if position.phase == "changes" and before and shown not in ("", before):
            shown = self._properties.shown(self._mapping.of(kind))  # one call settles whether they are others
        if shown:
            position = replace(position, shown={**position.shown, kind: shown})
        if position.phase == "changes" and before and shown not in ("", before):
            changed = ", ".join(sorted(set(before.split()) ^ set(shown.split())))
            _log.warning("HubSpot %s: %s came or went, so all records are read again.", kind, changed)
            return replace(position, phase="relist", after="")
        return position.next_phase(len(kinds), self._config.overlap_ms)

    def _phase(self, stream: Stream, kind: Kind, position: Position) -> Iterator[Page]:
        if position.phase == "sweep":
            yield from self._sweep(stream, kind, position)
            return

        def translated(chunk: Chunk) -> Page:
            sheet = Sheet(stream, self._mapping.of(kind), chunk.records)
            made = self._join.batch(stream, kind, sheet, searched=position.phase == "changes")
            return Page(stream, made, chunk.position.encode(), (), translate.merged(sheet), tuple(sheet.rejects))

        yield from in_order(self._chunks(stream, kind, position), translated, self._config.workers)

    def _chunks(self, stream: Stream, kind: Kind, position: Position) -> Iterator[Chunk]:
        """At least one chunk, the last one perhaps empty."""
        mapping = self._mapping.of(kind)
        wanted = self.properties_of(stream, kind)
        held: list[Record] = []
        after = position.after
        for records, after in self._raw(kind, mapping.object, wanted, position):
            if wanted and records:
                self._shown.setdefault(kind, mapping.among({p for r in records for p in r["properties"]}))
            self._properties.confirm(mapping, wanted, records, [s for s in self._owned if s.stream == stream])
            held += self._completed(kind, records, wanted) if position.phase == "changes" else records
            if len(held) >= CHUNK and after:
                yield Chunk(kind, _once(held), position.at(after))
                held = []
        yield Chunk(kind, _once(held), position.at(after))

    def _raw(
        self, kind: Kind, name: str, wanted: Sequence[str], position: Position, *, ordered: bool = False
    ) -> Iterator[tuple[list[Record], str]]:
        if position.phase in _WHOLE and ordered:
            return self._fetch.listing(name, wanted, position.after)
        if position.phase in _WHOLE:
            return self._fetch.listing_at_once(name, wanted, position.after)
        stamp = "lastmodifieddate" if name in ("contacts", "contact", "0-1") else "hs_lastmodifieddate"
        ended = self._mapping.meetings.property_of("ends_at") if kind == "meetings" else None
        echo = self._echo(kind, position)
        if echo is not None and wanted:
            return echo.beside(self._fetch, name, wanted, stamp, position)
        window = [(position.since, position.start)]
        return self._fetch.changed(name, wanted, stamp, window, position.after, ended)

    def _echo(self, kind: Kind, position: Position) -> Echo | None:
        """Our own writes in the window of an incremental read."""
        if kind not in WRITABLE:
            return None
        found = self.echoes.get(kind, Echo()).within(position.since, position.start)
        return found if found.stamps else None

    def changed_since_read(self, stream: Stream) -> frozenset[str] | None:
        """Records of a stream that were modified since this process began to read it, or just before: the search index
        lags. None when it has not read it, or when they are many."""
        position = self._begun.get(stream)
        if position is None:
            return None
        window = max(0, position.start - self._config.overlap_ms), values.milliseconds(self._now()) + 1000
        name: str = self._mapping.of(stream).object  # type: ignore[arg-type]
        return modified(self._fetch, name, window)

    def properties_of(self, stream: Stream, kind: Kind) -> tuple[str, ...]:
        """What is asked for: the mapped properties, and for accounts and opportunities those we own."""
        ours = [spec.name for spec in self._owned if spec.stream == stream]
        known = self._properties.known(self._mapping.of(kind).object)
        mapped = [p for p in self._mapping.of(kind).properties if known is None or p in known]
        return tuple(dict.fromkeys([*mapped, *ours]))

    def _completed(self, kind: Kind, records: list[Record], wanted: Sequence[str]) -> list[Record]:
        """A search may answer calculated money as null that a read by id has: those records are read again."""
        mapping = self._mapping.of(kind)
        money = mapping.property_of({"opportunities": "home_amount", "line_items": "amount"}.get(kind, ""))
        if money is None:
            return records
        code, own = mapping.property_of("currency"), mapping.property_of("amount")
        doubtful = [
            r["id"]
            for r in records
            if r["properties"].get(money) is None
            and (
                kind == "line_items"
                or (
                    r["properties"].get(own or "") is not None
                    and r["properties"].get(code or "") not in (None, "", self._portal.home_currency())
                )
            )
        ]
        if not doubtful:
            return records
        again = {r["id"]: r for r in self._fetch.by_id(mapping.object, doubtful, wanted)}
        return [again.get(r["id"], r) for r in records]

    def _sweep(self, stream: Stream, kind: Kind, position: Position) -> Iterator[Page]:
        """Records archived since the last sweep; the list of archived records has no filter."""
        prefix = f"{kind}-" if stream == "activities" else ""
        low = datetime.fromtimestamp(max(0, position.swept - self._config.overlap_ms) / 1000, UTC)
        empty = self._empty(stream)
        for records, after in self._fetch.listing(self._mapping.of(kind).object, (), position.after, archived=True):
            gone = tuple(prefix + r["id"] for r in records if _archived_at(r) >= low)
            yield Page(stream, empty, position.at(after).encode(), gone)

    def _opportunity_people(self, position: Position, lower: int | None) -> Iterator[Page]:
        self._deals_read.wait()
        known, self._deals = self._deals, None
        fits = known is not None and (
            (position.phase == "full" and not position.after and known.since is None)
            or (lower is not None and known.since is not None and known.since <= lower)
        )
        if position.phase == "sweep":
            position = position.next_phase(1, self._config.overlap_ms)
        mapping = self._mapping.opportunities
        if known is not None and fits:
            position = replace(position, start=known.position.start)
            source = runs(known.ids, position)
        else:
            source = beyond(
                self._raw("opportunities", mapping.object, (), self._from_start(position), ordered=True), position
            )

        def translated(run: tuple[list[str], Position]) -> Page:
            ids, after = run
            contacts = self._fetch.links(mapping.object, self._mapping.people.object, ids) if ids else {}
            made = translate.opportunity_people("opportunity_people", contacts)
            return Page("opportunity_people", made, after.encode())

        pages = in_order(source, translated, self._config.workers)
        yield from ending_at(pages, lambda: position.next_phase(1, self._config.overlap_ms))

    @staticmethod
    def _from_start(position: Position) -> Position:
        """A full read of the pairs goes on by the last deal's id, which the list cannot start from."""
        return position.at("") if position.phase == "full" else position

    def _empty(self, stream: Stream) -> pa.RecordBatch:
        target = schema(stream, self._owned)
        return pa.RecordBatch.from_arrays([pa.array([], f.type) for f in target], schema=target)


def _once(records: list[Record]) -> list[Record]:
    """Each record once, as it was read last."""
    return list({r["id"]: r for r in records}.values())


def _archived_at(record: Record) -> datetime:
    """When a record was archived; the end of time when the list does not say, so that it counts as new."""
    text = record.get("archivedAt")
    return values.parse_time(text) if text else datetime.max.replace(tzinfo=UTC)
