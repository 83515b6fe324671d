"""The HubSpot connector: a portal's records as canonical streams, and our properties written back to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from connectors.base import (
    ApiCalls,
    Capabilities,
    Change,
    Connector,
    Cursor,
    Diagnosis,
    Organisation,
    Page,
    PropertySpec,
    ProvisionPlan,
    WriteResult,
)
from connectors.errors import ConfigError
from connectors.http.malformed import understood
from connectors.hubspot.api.call_counter import BATCH
from connectors.hubspot.api.client import Client
from connectors.hubspot.api.collector import seldom_collecting
from connectors.hubspot.config import HubSpotConfig, HubSpotMapping
from connectors.hubspot.links import record_form
from connectors.hubspot.read.by_id import REREADABLE, Again
from connectors.hubspot.read.echo import Echo
from connectors.hubspot.read.fetch import Fetcher
from connectors.hubspot.read.properties import Properties
from connectors.hubspot.read.reference_data import Portal
from connectors.hubspot.read.relink import Relinker
from connectors.hubspot.read.streams import Streams
from connectors.hubspot.setup.check import diagnose
from connectors.hubspot.setup.provision import Provisioner
from connectors.hubspot.translate import values
from connectors.hubspot.write.writer import Writer
from connectors.optional import Counts, KnowsEchoes, Relinks, Rereader, ShowsRecords
from connectors.records import Stream

WRITE_WORKERS = 12
"""Batches in flight: enough for the published rate at half a second a call."""
READ_WORKERS = 3


class HubSpotConnector:
    """Implements `connectors.base.Connector` for one portal.

    `owned` are the properties of the active profile: read with companies and deals, and the only ones ever written.
    Building it makes no call. Thread-safe.
    """

    name = "hubspot"

    def __init__(
        self,
        config: HubSpotConfig,
        mapping: HubSpotMapping,
        owned: Sequence[PropertySpec] = (),
        organisation: Organisation | None = None,
    ) -> None:
        organisation = organisation or Organisation()
        self._associations_days = config.associations_days
        self._client = Client(config, organisation.time_zone)
        fetcher = self._fetcher = Fetcher(self._client)
        properties = Properties(self._client)
        portal = Portal(self._client, fetcher, mapping, organisation)
        self._streams = Streams(config, mapping, owned, organisation, fetcher, portal, properties, portal.now)
        self._relinker = Relinker(mapping, fetcher, self._streams.kinds, lambda: values.milliseconds(portal.now()))
        self._again = Again(mapping, owned, fetcher, properties, self._streams, self._streams.joiner)
        self._writer = Writer(self._client, mapping, owned, properties, self._streams.changed_since_read)
        self._provisioner = Provisioner(self._client, mapping, properties)
        self._checked = (mapping, tuple(owned), organisation, properties, portal)
        streams = self._streams.available()
        self.capabilities = Capabilities(
            streams=streams,
            incremental=frozenset(streams),
            write_batch=BATCH,
            write_workers=WRITE_WORKERS,
            read_workers=READ_WORKERS,
            rereadable=REREADABLE & frozenset(streams),
        )

    def check(self) -> Diagnosis:
        """Token, scopes, objects, mapped properties, ours, limits and activity. Never raises for a finding."""
        return Diagnosis(tuple(diagnose(self._client, *self._checked, self._provisioner)))

    def read(self, stream: Stream, since: Cursor | None) -> Iterator[Page]:
        """See `connectors.base.Source.read`. Raises ConfigError for a stream that the mapping does not feed."""
        if stream not in self.capabilities.streams:
            raise ConfigError(
                f"HubSpot has no {stream} here.", remedy=f"Map an object to it: {stream}.object in the mapping."
            )
        return understood("HubSpot", _collected(self._streams.read(stream, since)))

    def wrote(self, stream: Stream, stamps: Mapping[str, datetime]) -> None:
        """See `connectors.optional.KnowsEchoes`."""
        self._streams.echoes[stream] = Echo.of(stamps)

    def relinks(self, stream: Stream, since: Cursor) -> bool:
        """See `connectors.optional.Relinks`: once a night."""
        return self._relinker.due(stream, since)

    def relink_days(self) -> int:
        """See `connectors.optional.Relinks`."""
        return self._associations_days

    def relink(self, stream: Stream, rows: pa.Table) -> Iterator[Page]:
        """See `connectors.optional.Relinks`."""
        return understood("HubSpot", _collected(self._relinker.read(stream, rows)))

    def reread(self, stream: Stream, ids: Sequence[str]) -> Iterator[Page]:
        """See `connectors.optional.Rereader`."""
        return understood("HubSpot", self._again.read(stream, ids))

    def expected(self, stream: Stream) -> int | None:
        """See `connectors.optional.Counts`: of long lists, which ask the search how many there are."""
        kinds = [self._checked[0].of(kind).object for kind in self._streams.kinds(stream)]
        found = [self._fetcher.totals[kind] for kind in kinds if kind in self._fetcher.totals]
        return sum(found) if found and len(found) == len(kinds) else None

    def record_form(self, stream: Stream) -> str:
        """See `connectors.optional.ShowsRecords`: known once the account was asked for."""
        kinds = self._streams.kinds(stream)
        return record_form(self._client.account_seen(), self._checked[0].of(kinds[0]).object) if kinds else ""

    def plan_provision(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """See `connectors.base.Destination`."""
        return self._provisioner.plan(specs)

    def provision(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """See `connectors.base.Destination`. Returns when the new properties can be written."""
        return self._provisioner.provision(specs)

    def plan_unprovision(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """See `connectors.base.Destination`."""
        return self._provisioner.plan_removal(specs)

    def unprovision(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """See `connectors.base.Destination`. Archived properties can be restored with their values for 90 days."""
        return self._provisioner.remove(specs)

    def write(self, changes: Sequence[Change]) -> Iterator[WriteResult]:
        """See `connectors.base.Destination.write`."""
        return iter(self._writer.write(changes))

    def calls(self) -> ApiCalls:
        """Calls made by this object since it was built."""
        return self._client.calls.total()

    def server_time(self) -> datetime | None:
        """The server's clock as of its last answer, or None before the first."""
        return self._client.server_time()

    def close(self) -> None:
        """Drops the connections."""
        self._client.close()


def _collected(pages: Iterator[Page]) -> Iterator[Page]:
    with seldom_collecting():
        yield from pages


if TYPE_CHECKING:
    _conforms: type[Connector] = HubSpotConnector
    _rereads: type[Rereader] = HubSpotConnector
    _knows: type[KnowsEchoes] = HubSpotConnector
    _relinks: type[Relinks] = HubSpotConnector
    _shows: type[ShowsRecords] = HubSpotConnector
    _counts: type[Counts] = HubSpotConnector
