"""Single records by id: what webhooks named is read as it is now, past the search index and its lag."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from connectors.base import Page, PropertySpec
from connectors.hubspot.api.call_counter import CHUNK
from connectors.hubspot.config import HubSpotMapping, Kind
from connectors.hubspot.read.associations import Joiner
from connectors.hubspot.read.fetch import Fetcher, batched
from connectors.hubspot.read.properties import Properties
from connectors.hubspot.read.streams import Streams
from connectors.hubspot.translate import records as translate
from connectors.hubspot.translate.records import Sheet
from connectors.records import Stream, schema

REREADABLE: frozenset[Stream] = frozenset(
    {
        "accounts",
        "people",
        "opportunities",
        "opportunity_people",
        "line_items",
        "activities",
        "cases",
        "contracts",
        "assets",
    }
)


class Again:
    """Reads records by id. Thread-safe; raises what `Source.read` raises."""

    def __init__(
        self,
        mapping: HubSpotMapping,
        owned: Sequence[PropertySpec],
        fetcher: Fetcher,
        properties: Properties,
        streams: Streams,
        joiner: Joiner,
    ) -> None:
        self._mapping, self._owned = mapping, tuple(owned)
        self._fetch, self._properties, self._streams, self._join = fetcher, properties, streams, joiner

    def read(self, stream: Stream, ids: Sequence[str]) -> Iterator[Page]:
        """See `connectors.optional.Rereader`. An id that is none of HubSpot's is answered as deleted."""
        wanted = list(dict.fromkeys(ids))
        if stream == "opportunity_people":
            yield from self._pairs(wanted)
            return
        kinds = self._streams.kinds(stream)
        for kind in kinds:
            prefix = f"{kind}-" if stream == "activities" else ""
            mine = [i.removeprefix(prefix) for i in wanted if i.startswith(prefix)]
            for some in batched([i for i in mine if i.isdigit()], CHUNK):
                yield self._page(stream, kind, prefix, some)
        prefixes = tuple(f"{kind}-" for kind in kinds) if stream == "activities" else ("",)
        if odd := tuple(
            i for i in wanted if not any(i.startswith(p) and i.removeprefix(p).isdigit() for p in prefixes)
        ):
            yield Page(stream, self._empty(stream), "", odd)

    def _page(self, stream: Stream, kind: Kind, prefix: str, ids: Sequence[str]) -> Page:
        mapping = self._mapping.of(kind)
        named = self._streams.properties_of(stream, kind)
        found = {r["id"]: r for r in self._fetch.by_id(mapping.object, ids, named)}
        records = [found[i] for i in sorted(found, key=int)]  # two that were merged answer with one
        self._properties.confirm(mapping, named, records, [s for s in self._owned if s.stream == stream])
        sheet = Sheet(stream, mapping, records)
        made = self._join.batch(stream, kind, sheet, searched=True)
        merged = translate.merged(sheet)
        gone = tuple(prefix + i for i in ids if i not in found and i not in merged)
        return Page(stream, made, "", gone, merged, tuple(sheet.rejects))

    def _pairs(self, ids: Sequence[str]) -> Iterator[Page]:
        """Pairs of deal and contact, each named by both ids: it exists while the two are associated."""
        pairs = {i: i.partition("-") for i in ids}
        good = {i: deal for i, (deal, _, contact) in pairs.items() if deal.isdigit() and contact.isdigit()}
        for deals in batched(sorted(set(good.values()), key=int), CHUNK):
            links = self._fetch.links(self._mapping.opportunities.object, self._mapping.people.object, deals)
            made = translate.opportunity_people("opportunity_people", links)
            there, asked = set(made.column("id").to_pylist()), set(deals)
            gone = tuple(i for i, deal in good.items() if deal in asked and i not in there)
            yield Page("opportunity_people", made, "", gone)
        if odd := tuple(i for i in ids if i not in good):
            yield Page("opportunity_people", self._empty("opportunity_people"), "", odd)

    def _empty(self, stream: Stream) -> pa.RecordBatch:
        target = schema(stream, self._owned)
        return pa.RecordBatch.from_arrays([pa.array([], f.type) for f in target], schema=target)
