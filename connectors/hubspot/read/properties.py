"""Which properties an object has: known for nothing from the records themselves, asked for when one seems to be
missing.

A property that exists is present in every record that asked for it, null when unset; one that does not exist is left
out without a word. So an absent key is a suspicion, which one call settles.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from connectors.base import PropertySpec
from connectors.errors import SchemaError
from connectors.hubspot.api.client import Client
from connectors.hubspot.api.response_checks import settings
from connectors.hubspot.config import KindMapping
from connectors.hubspot.translate.records import Record

PROVISION = 'Run "bothways provision".'
_SYSTEM = frozenset({"createdate", "hs_createdate", "hs_lastmodifieddate", "lastmodifieddate", "hs_object_id"})

Definition = Mapping[str, Any]


class Properties:
    """The property definitions of each object, cached. Thread-safe."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._known: dict[str, dict[str, Definition]] = {}

    def known(self, name: str) -> Mapping[str, Definition] | None:
        """The definitions as already fetched, or None. No call."""
        return self._known.get(name)

    def fetch(self, name: str, *, fresh: bool = False) -> Mapping[str, Definition]:
        """The live definitions of an object, by name."""
        with self._lock:
            if fresh or name not in self._known:
                path = self._client.paths.properties(name)
                body = self._client.call(path, expects="results", check=settings(path.name, "name", "type")).body
                self._client.calls.needed(f"properties {name}", 1, 1)
                self._known[name] = {str(p["name"]): p for p in body.get("results") or ()}
            return self._known[name]

    def absent(self, name: str, names: AbstractSet[str]) -> set[str]:
        """Those of the names that the object does not have; looked at twice before that is said."""
        missing = names - self.fetch(name).keys()
        return set(missing - self.fetch(name, fresh=True).keys()) if missing else set()

    def shown(self, mapping: KindMapping) -> str:
        """The mapped properties that the object has, as `KindMapping.among` writes them."""
        return mapping.among(self.fetch(mapping.object, fresh=True).keys())

    def confirm(
        self, mapping: KindMapping, wanted: Sequence[str], records: Sequence[Record], owned: Sequence[PropertySpec]
    ) -> None:
        """Looks at a page's first record. Raises SchemaError for a property of ours, or a required one, that is
        missing.

        Where none of ours is there, nothing was installed yet: they are read as unknown, and only writing is refused.
        """
        if not records:
            return
        absent = {name for name in wanted if name not in records[0]["properties"]} - _SYSTEM
        if not absent:
            return
        ours = absent & {spec.name for spec in owned}
        required = {name: f for f in mapping.required if (name := mapping.property_of(f)) in absent}
        if not ours and not required:
            return
        missing = self.absent(mapping.object, absent)
        if not {spec.name for spec in owned} <= missing:
            self.refuse_missing(mapping.object, ours & missing)
        for name in sorted(required.keys() & missing):
            raise SchemaError(
                f"HubSpot {mapping.object} have no property {name}, which feeds the required field {required[name]}.",
                remedy="Name another property in the mapping, or give the key access to this one.",
            )

    def refuse_missing(self, name: str, missing: set[str]) -> None:
        """Raises SchemaError when properties of ours are missing."""
        if missing:
            listed = ", ".join(sorted(missing))
            raise SchemaError(f"HubSpot {name} have no property {listed}.", remedy=PROVISION)
