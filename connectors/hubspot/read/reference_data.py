"""What is read once per process and only when something needs it: currency, stages, owners, product families,
addresses.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cached_property

from connectors.base import Organisation
from connectors.errors import AuthError
from connectors.hubspot.api.client import Client
from connectors.hubspot.api.response_checks import settings
from connectors.hubspot.config import HubSpotMapping
from connectors.hubspot.read.fetch import Fetcher
from connectors.hubspot.translate.records import Owner, Rate, Sheet
from connectors.hubspot.translate.stages import Stages, stages

_FRESH = 600.0
_MOST_ADDRESSES = 200_000
"""Addresses of contacts kept in memory; beyond that they are asked for again."""


class Portal:
    """Facts about the account. Thread-safe; every call is made at most once."""

    def __init__(self, client: Client, fetcher: Fetcher, mapping: HubSpotMapping, organisation: Organisation) -> None:
        self._client, self._fetcher, self._mapping, self._organisation = client, fetcher, mapping, organisation
        self._lock = threading.RLock()
        self._families: dict[str, str | None] = {}
        self._addresses: dict[str, tuple[str, ...]] = {}
        self._owners: dict[bool, tuple[float, list[Owner]]] = {}

    def now(self) -> datetime:
        """The server's clock. The owners tell it first, whom every read asks for anyway."""
        if self._client.server_time() is None:
            with suppress(AuthError):
                self.owners(archived=False)
        return self._client.now()

    def home_currency(self) -> str | None:
        """The portal's own currency."""
        code = self._client.account().get("companyCurrency")
        return str(code).upper() if code else self._organisation.corporate_currency

    def exchange_rates(self) -> list[Rate]:
        """The account's exchange rates; none, and no call, when its details say that it has one currency only.

        Raises AuthError without the scope to read them.
        """
        if self._client.account().get("additionalCurrencies") == []:
            return []
        return self._fetcher.exchange_rates()

    def stages(self) -> Stages:
        """The stages of the deal pipelines."""
        with self._lock:
            return self._stages

    @cached_property
    def _stages(self) -> Stages:
        path = self._client.paths.pipelines(self._mapping.opportunities.object)
        body = self._client.call(path, expects="results", check=settings(path.name, "id", "stages")).body
        self._client.calls.needed("pipelines", 1, 1)
        return stages(body.get("results") or ())

    def owners(self, *, archived: bool) -> list[Owner]:
        """Owners who are here, or those who left, as of the last ten minutes."""
        with self._lock:
            asked, owners = self._owners.get(archived, (0.0, None))
            if owners is None or time.monotonic() - asked > _FRESH:
                owners = self._fetcher.owners(archived=archived)
                self._owners[archived] = (time.monotonic(), owners)
            return owners

    def owner_addresses(self) -> Mapping[str, str]:
        """Owner id by e-mail address in lower case; one who is here wins over one who left."""
        everyone = [*self.owners(archived=True), *self.owners(archived=False)]
        return {str(o["email"]).lower(): str(o["id"]) for o in everyone if o.get("email")}

    def families(self, products: Iterable[str | None]) -> Mapping[str, str | None]:
        """Product family by product id, of those products that are known."""
        mapping = self._mapping.products
        source = mapping.property_of("product_family")
        if not mapping.object or source is None:
            return {}
        with self._lock:
            wanted = sorted({p for p in products if p} - self._families.keys())
            if wanted:
                records = self._fetcher.by_id(mapping.object, wanted, [source])
                sheet = Sheet("line_items", mapping, records)
                self._families.update(dict.fromkeys(wanted))
                self._families.update(zip(sheet.ids, sheet.texts("product_family"), strict=True))
            return self._families

    def remember_addresses(self, contacts: Sheet) -> None:
        """Keeps the addresses of contacts that have been read anyway."""
        self._keep(_addresses(contacts))

    def addresses(self, contacts: set[str]) -> Mapping[str, tuple[str, ...]]:
        """E-mail addresses by contact id, in lower case, the main one first."""
        mapping = self._mapping.people
        sources = [s for s in (mapping.property_of("email"), mapping.property_of("other_emails")) if s is not None]
        if not sources or not contacts:
            return {}
        with self._lock:
            known = {c: self._addresses[c] for c in contacts if c in self._addresses}
            missing = sorted(contacts - known.keys())
            if missing:
                read = _addresses(Sheet("people", mapping, self._fetcher.by_id(mapping.object, missing, sources)))
                found = {one: read.get(one, ()) for one in missing}  # those that are gone need not be asked for again
                self._keep(found)
                known |= found
            return known

    def _keep(self, addresses: Mapping[str, tuple[str, ...]]) -> None:
        with self._lock:
            for contact, found in addresses.items():
                if len(self._addresses) >= _MOST_ADDRESSES:
                    return
                self._addresses[contact] = found


def _addresses(contacts: Sheet) -> dict[str, tuple[str, ...]]:
    """By contact: its main address and the further ones, which a merge of two contacts leaves behind."""
    columns = zip(contacts.ids, contacts.texts("email"), contacts.texts("other_emails"), strict=True)
    return {
        one: tuple(part.strip().lower() for part in f"{main or ''};{more or ''}".split(";") if part.strip())
        for one, main, more in columns
    }
