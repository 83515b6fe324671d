"""The Salesforce connector: the contract of `connectors.base`, put together from the modules beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import pyarrow as pa

from connectors.base import (
    ApiCalls,
    Capabilities,
    Change,
    Cursor,
    Diagnosis,
    Organisation,
    Page,
    PropertySpec,
    ProvisionPlan,
    WriteResult,
)
from connectors.http.malformed import understood
from connectors.records import STREAMS, Stream, schema
from connectors.salesforce.api.client import Client, soql_time
from connectors.salesforce.api.describe import Schema
from connectors.salesforce.config import SalesforceConfig, SalesforceMapping
from connectors.salesforce.names import OBJECTS
from connectors.salesforce.read import activities, currency
from connectors.salesforce.read.bulk_relations import Relations
from connectors.salesforce.read.cursor import Watermark, is_of_everything
from connectors.salesforce.read.fetch import Feed, Reader
from connectors.salesforce.read.lookups import RELATION_OBJECTS, Lookups, tie_fields
from connectors.salesforce.read.prefetch import Ahead
from connectors.salesforce.setup.check import Checker
from connectors.salesforce.setup.provision import Provisioner
from connectors.salesforce.translate.case import Cases
from connectors.salesforce.translate.participants import Sides
from connectors.salesforce.translate.records import records
from connectors.salesforce.write.writer import BATCH, Writer


class SalesforceConnector:
    """Satisfies `connectors.base.Connector`. Building it asks nothing of the network."""

    name = "salesforce"

    def __init__(
        self,
        config: SalesforceConfig,
        mapping: SalesforceMapping,
        owned: Sequence[PropertySpec],
        organisation: Organisation,
    ) -> None:
        self._config, self._mapping, self._owned, self._organisation = config, mapping, tuple(owned), organisation
        self._client = Client(config, organisation.time_zone)
        self._schema = Schema(self._client, mapped_objects(mapping))
        self._writer = Writer(self._client, config, self._schema, self._owned)
        self._provisioner = Provisioner(self._client, config, mapping, self._schema)
        self._ahead = Ahead(
            self._client, lambda stream: self._feeds(stream, Lookups(self._client, self._schema)), self._rate_statements
        )
        self._capabilities: Capabilities | None = None
        self._sizes: dict[str, int] | None = None
        self._reading: dict[Stream, Reader] = {}

    @property
    def capabilities(self) -> Capabilities:
        """What the organisation offers to our user; described (one call) when first asked."""
        if self._capabilities is None:
            streams = tuple(stream for stream in STREAMS if self._is_there(stream))
            workers = self._config.write_workers
            self._capabilities = Capabilities(streams, frozenset(streams), BATCH, write_workers=workers)
        return self._capabilities

    def check(self) -> Diagnosis:
        """See `connectors.base.Source.check`."""
        parts = (self._client, self._config, self._mapping, self._schema, self._owned, self._organisation)
        return Checker(*parts).run()

    def read(self, stream: Stream, since: Cursor | None) -> Iterator[Page]:
        """See `connectors.base.Source.read`. A stream whose objects are not there has one empty page."""
        return understood("Salesforce", self._read(stream, since))

    def _read(self, stream: Stream, since: Cursor | None) -> Iterator[Page]:
        if stream == "currency_rates":
            yield self._rates(since)
            return
        sizes = self._record_counts() if is_of_everything(since) else {}
        lookups = Lookups(self._client, self._schema, sizes, Relations(self._client, self._config))
        feeds = self._feeds(stream, lookups)
        if not feeds:
            yield self._empty(stream)
            return
        try:
            reader = Reader(self._client, self._config, stream, feeds, sizes, lookups)
            self._reading[stream] = reader
            yield from reader.pages(since, self._ahead.start(stream, since))
        finally:
            lookups.close()

    def expected(self, stream: Stream) -> int | None:
        """See `connectors.optional.Counts`: from the counts of queries and jobs, and of a full read from the record
        counts.
        """
        reader = self._reading.get(stream)
        return None if reader is None else reader.expected

    def shown_fields(self, stream: Stream) -> tuple[str, ...]:
        """See `connectors.optional.ShowsFields`. Of activities, what is known of the people in them counts too."""
        if stream == "currency_rates":
            return ()  # read whole each time
        kinds = [m for _, m in activities.objects(self._mapping.activities)] if stream == "activities" else []
        mapping = self._mapping.of(stream)
        found = {name for each in (*kinds, *([mapping] if mapping else [])) for name in self._schema.shown(each)}
        if stream == "activities":
            found |= {f"{name}:{kind}" for name, kind in tie_fields(self._schema)}
        return tuple(sorted(found))

    def expect(self, cursors: Mapping[Stream, Cursor | None]) -> None:
        """See `connectors.optional.Expecting`."""
        self._ahead.announce({stream: cursor for stream, cursor in cursors.items() if stream != "currency_rates"})

    def plan_provision(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """See `connectors.base.Destination.plan_provision`."""
        return self._provisioner.plan(specs)

    def provision(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """See `connectors.base.Destination.provision`. Needs a user who may deploy metadata."""
        return self._provisioner.apply(specs)

    def plan_unprovision(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """See `connectors.base.Destination.plan_unprovision`."""
        return self._provisioner.plan_removal(specs)

    def unprovision(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """See `connectors.base.Destination.unprovision`."""
        return self._provisioner.remove(specs)

    def write(self, changes: Sequence[Change]) -> Iterator[WriteResult]:
        """See `connectors.base.Destination.write`."""
        yield from self._writer.write(changes)

    def calls(self) -> ApiCalls:
        """Calls made by this object since it was built."""
        return self._client.calls()

    def server_time(self) -> datetime | None:
        """The server's clock as of its last answer."""
        return self._client.transport.server_time

    def close(self) -> None:
        """Closes the connections."""
        self._client.transport.close()

    def _is_there(self, stream: Stream) -> bool:
        if stream == "activities":
            return any(self._readable(mapping.object) for _, mapping in activities.objects(self._mapping.activities))
        mapping = self._mapping.of(stream)
        there = mapping is not None and self._readable(mapping.object)
        return there or (stream == "currency_rates" and self._readable(currency.STATIC.object))

    def _readable(self, name: str) -> bool:
        info = self._schema.object(name)
        return info is not None and info.queryable

    def _feeds(self, stream: Stream, lookups: Lookups) -> list[Feed]:
        own, words = self._organisation.own_domains, self._mapping.activities
        sides = Sides(
            frozenset(domain.lower() for domain in own),
            words.automated_subjects,
            words.automatic_replies,
            words.cancelled_subjects,
        )
        if stream == "activities":
            return activities.feeds(words, self._schema, lookups, sides)
        mapping = self._mapping.of(stream)
        selection = self._schema.select(mapping, stream, self._owned) if mapping is not None else None
        if mapping is None or selection is None:
            return []
        if stream == "cases":
            return [Feed(selection, Cases(mapping, sides).translate)]
        return [Feed(selection, partial(records, stream, mapping, owned=self._owned, percents=selection.percents))]

    def _record_counts(self) -> dict[str, int]:
        if self._sizes is None:
            self._sizes = self._client.record_counts(mapped_objects(self._mapping))
            self._client.minimum += 1
        return self._sizes

    def _rate_statements(self) -> list[str]:
        mapping = self._mapping.currency_rates
        return [] if mapping is None else currency.statements(self._schema, mapping)

    def _rates(self, since: Cursor | None) -> Page:
        """All of them each time: the cursor says which there were, so that one that is gone is noticed."""
        mapping = self._mapping.currency_rates
        if mapping is None:
            return self._empty("currency_rates")
        made = currency.rates(self._client, self._schema, mapping, self._ahead.take_beside())
        ids = made.batch.column("id").to_pylist()
        gone = currency.known(since) - set(ids)
        return Page("currency_rates", made.batch, currency.cursor(ids), tuple(sorted(gone)), rejects=made.rejects)

    def _empty(self, stream: Stream) -> Page:
        return Page(stream, pa.RecordBatch.from_pylist([], schema=schema(stream, self._owned)), self._now())

    def _now(self) -> Cursor:
        return Watermark(soql_time(self._client.now() - timedelta(minutes=self._config.overlap_minutes))).encode()


def mapped_objects(mapping: SalesforceMapping) -> list[str]:
    """Every object that a read may ask for, parents of dotted paths and relations included, each once."""
    plain = [m for m in map(mapping.of, STREAMS) if m is not None]
    kinds = [m for _, m in activities.objects(mapping.activities)]
    parents = [path.split(".")[0] for m in (*plain, *kinds) for path in m.fields.values() if "." in path]
    parents = [parent for parent in parents if not parent.endswith("__r")]
    names = [
        *OBJECTS.values(),
        *(m.object for m in (*plain, *kinds)),
        *parents,
        *RELATION_OBJECTS,
        currency.STATIC.object,
    ]
    return list(dict.fromkeys(names))
