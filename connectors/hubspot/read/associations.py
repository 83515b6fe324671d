"""Joins records with their associations into canonical batches: the calls between fetching and translating."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import pyarrow as pa

from connectors.base import Organisation, PropertySpec
from connectors.hubspot.config import HubSpotMapping, Kind
from connectors.hubspot.links import Links
from connectors.hubspot.read.fetch import Fetcher
from connectors.hubspot.read.reference_data import Portal
from connectors.hubspot.translate import records as translate
from connectors.hubspot.translate.activities import Linked, activities, ambiguous, envelopes
from connectors.hubspot.translate.participants import Sides
from connectors.hubspot.translate.records import Sheet
from connectors.hubspot.translate.ticket import tickets
from connectors.records import Stream


class Joiner:
    """Makes the batch of a sheet. Thread-safe; raises what `Client.call` raises."""

    def __init__(
        self,
        mapping: HubSpotMapping,
        owned: Sequence[PropertySpec],
        organisation: Organisation,
        fetcher: Fetcher,
        portal: Portal,
        now: Callable[[], datetime],
    ) -> None:
        self._mapping, self._owned, self._organisation = mapping, tuple(owned), organisation
        self._fetch, self._portal, self._now = fetcher, portal, now

    def batch(self, stream: Stream, kind: Kind, sheet: Sheet, *, searched: bool) -> pa.RecordBatch:
        """The canonical batch; `searched` records may lack calculated properties."""
        if stream == "accounts":
            parents = self._fetch.links(sheet.mapping.object, sheet.mapping.object, sheet.ids) if searched else {}
            return translate.accounts(sheet, parents, self._owned)
        if stream == "people":
            made = translate.people(sheet, self._links(sheet, "companies"))
            self._portal.remember_addresses(sheet)
            return made
        if stream == "opportunities":
            stages = self._portal.stages() if sheet.ids else {}
            home = self._portal.home_currency() if sheet.ids else None
            return translate.opportunities(sheet, self._links(sheet, "companies"), stages, home, self._owned)
        if stream == "line_items":
            families = self._portal.families(sheet.texts("product_id"))
            return translate.line_items(sheet, self._links(sheet, "deals"), families)
        if stream == "cases":
            companies, contacts, deals = (self._links(sheet, to) for to in ("companies", "contacts", "deals"))
            return tickets(sheet, companies, contacts, deals)
        if stream == "activities":
            return self._activities(kind, sheet)
        return translate.of_company(sheet, self._links(sheet, "companies"))

    def _activities(self, kind: Kind, sheet: Sheet) -> pa.RecordBatch:
        linked = Linked(
            self._links(sheet, "companies"),
            self._links(sheet, "contacts"),
            self._links(sheet, "deals"),
            self._links(sheet, "tickets") if kind in ("emails", "communications") else {},
        )
        if kind != "emails":
            return activities(kind, sheet, linked, Sides.of(self._organisation, {}), self._now())
        sides = Sides.of(self._organisation, self._portal.owner_addresses() if sheet.ids else {})
        mails = envelopes(sheet)
        wanted = ambiguous(sheet, mails, linked.contacts, sides)
        sides = replace(sides, contact_emails=self._portal.addresses(wanted))
        return activities(kind, sheet, linked, sides, self._now(), mails)

    def _links(self, sheet: Sheet, target: str) -> Links:
        """`target` is a standard object; the mapping may hold the stream in another."""
        feeding: dict[str, Kind] = {"companies": "accounts", "contacts": "people", "deals": "opportunities"}
        to = self._mapping.of(feeding[target]).object if target in feeding else self._mapping.cases.object
        return self._fetch.links(sheet.mapping.object, to, sheet.ids) if to and sheet.ids else {}
