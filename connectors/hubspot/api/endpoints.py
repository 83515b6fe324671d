"""Every path of the API in one place, by version: `v3` (with v4 for associations) or a dated version such as
2026-03.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from connectors.hubspot.config import ApiVersion

Pool = Literal["burst", "search", "associations"]
"""Which of HubSpot's rate limits a call counts against."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation: `name` is the path without ids, to count calls by."""

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    name: str
    pool: Pool = "burst"


class Paths:
    """Makes endpoints. Object types and property names come from a validated mapping or from our own catalogue."""

    def __init__(self, version: ApiVersion) -> None:
        self.version = version
        dated = version != "v3"
        self._objects = f"/crm/objects/{version}" if dated else "/crm/v3/objects"
        self._properties = f"/crm/properties/{version}" if dated else "/crm/v3/properties"
        self._associations = f"/crm/associations/{version}" if dated else "/crm/v4/associations"
        self._owners = f"/crm/owners/{version}" if dated else "/crm/v3/owners"
        self._pipelines = f"/crm/pipelines/{version}" if dated else "/crm/v3/pipelines"
        self._limits = f"/crm/limits/{version}" if dated else "/crm/v3/limits"
        self._account = f"/account-info/{version}/details" if dated else "/account-info/v3/details"
        self._currencies = f"/settings/currencies/{version}" if dated else "/settings/v3/currencies"
        self._lists = f"/crm/lists/{version}" if dated else "/crm/v3/lists"
        self._flows = "/automation/v4/flows"  # no dated version of it is documented as released
        self._token = f"/oauth/{version}/token" if dated else "/oauth/v1/token"

    def listing(self, kind: str) -> Endpoint:
        return Endpoint("GET", f"{self._objects}/{kind}", f"list {kind}")

    def record(self, kind: str, record_id: str) -> Endpoint:
        return Endpoint("GET", f"{self._objects}/{kind}/{record_id}", f"get {kind}")

    def search(self, kind: str) -> Endpoint:
        return Endpoint("POST", f"{self._objects}/{kind}/search", f"search {kind}", "search")

    def batch_read(self, kind: str) -> Endpoint:
        return Endpoint("POST", f"{self._objects}/{kind}/batch/read", f"batch read {kind}")

    def batch_update(self, kind: str) -> Endpoint:
        return Endpoint("POST", f"{self._objects}/{kind}/batch/update", f"batch update {kind}")

    def associations(self, source: str, target: str) -> Endpoint:
        path = f"{self._associations}/{source}/{target}/batch/read"
        return Endpoint("POST", path, f"associations {source} {target}", "associations")

    def properties(self, kind: str) -> Endpoint:
        return Endpoint("GET", f"{self._properties}/{kind}", f"properties {kind}")

    def property_create(self, kind: str) -> Endpoint:
        return Endpoint("POST", f"{self._properties}/{kind}", f"property create {kind}")

    def property_update(self, kind: str, name: str) -> Endpoint:
        return Endpoint("PATCH", f"{self._properties}/{kind}/{name}", f"property update {kind}")

    def property_archive(self, kind: str, name: str) -> Endpoint:
        return Endpoint("DELETE", f"{self._properties}/{kind}/{name}", f"property archive {kind}")

    def properties_create(self, kind: str) -> Endpoint:
        return Endpoint("POST", f"{self._properties}/{kind}/batch/create", f"properties batch create {kind}")

    def properties_archive(self, kind: str) -> Endpoint:
        return Endpoint("POST", f"{self._properties}/{kind}/batch/archive", f"properties batch archive {kind}")

    def groups(self, kind: str) -> Endpoint:
        return Endpoint("GET", f"{self._properties}/{kind}/groups", f"property groups {kind}")

    def group_create(self, kind: str) -> Endpoint:
        return Endpoint("POST", f"{self._properties}/{kind}/groups", f"property group create {kind}")

    def group_archive(self, kind: str, name: str) -> Endpoint:
        return Endpoint("DELETE", f"{self._properties}/{kind}/groups/{name}", f"property group archive {kind}")

    def owners(self) -> Endpoint:
        return Endpoint("GET", self._owners, "owners")

    def pipelines(self, kind: str) -> Endpoint:
        return Endpoint("GET", f"{self._pipelines}/{kind}", f"pipelines {kind}")

    def property_limits(self) -> Endpoint:
        return Endpoint("GET", f"{self._limits}/custom-properties", "property limits")

    def account(self) -> Endpoint:
        return Endpoint("GET", self._account, "account")

    def exchange_rates(self) -> Endpoint:
        return Endpoint("GET", f"{self._currencies}/exchange-rates", "exchange rates")

    def lists_search(self) -> Endpoint:
        return Endpoint("POST", f"{self._lists}/search", "search lists")

    def lists(self) -> Endpoint:
        return Endpoint("GET", self._lists, "lists")

    def flows(self) -> Endpoint:
        return Endpoint("GET", self._flows, "workflows")

    def flows_read(self) -> Endpoint:
        return Endpoint("POST", f"{self._flows}/batch/read", "batch read workflows")

    def token(self) -> Endpoint:
        return Endpoint("POST", self._token, "token")
