"""The HubSpot stand-in as an application of the emulator server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Literal

from connectors.emulator.hubspot.access import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, Access
from connectors.emulator.hubspot.api import exports as api_exports
from connectors.emulator.hubspot.behaviours import Behaviours
from connectors.emulator.hubspot.call import Call
from connectors.emulator.hubspot.dispatch import dispatch, oauth
from connectors.emulator.hubspot.limits import RateLimits, Tier
from connectors.emulator.hubspot.routes import Route, route
from connectors.emulator.hubspot.schema.properties import options
from connectors.emulator.hubspot.seed.logging_rules import replies_only
from connectors.emulator.hubspot.seed.noise import add_noise
from connectors.emulator.hubspot.seed.organisation import fill
from connectors.emulator.hubspot.store.table import LIVE
from connectors.emulator.hubspot.webhooks import Sender, Target
from connectors.emulator.hubspot.wire import ApiError, Json, not_found, trace_headers
from connectors.emulator.organisation.model import Organisation
from connectors.emulator.server.http import Request, Response, json_response

TOKEN = "pat-eu1-0b07a115-0000-4000-8000-000000000001"  # noqa: S105  (of an emulated portal)

_KINDS: dict[str, tuple[str, ...]] = {
    "accounts": ("companies",),
    "people": ("contacts",),
    "opportunities": ("deals",),
    "line_items": ("line_items",),
    "products": ("products",),
    "activities": ("emails", "calls", "meetings", "tasks", "notes", "communications"),
    "cases": ("tickets",),
    "contracts": ("contracts",),
    "assets": ("assets",),
}
_WORDS = {
    "search",
    "merge",
    "batch",
    "read",
    "create",
    "update",
    "upsert",
    "archive",
    "associations",
    "associate",
    "default",
    "labels",
    "types",
    "groups",
    "stages",
    "details",
    "token",
    "introspect",
    "access-tokens",
    "properties",
    "dispositions",
    "custom-properties",
    "gdpr-delete",
    "exchange-rates",
    "current",
    "codes",
    "company-currency",
    "export",
    "async",
    "tasks",
    "status",
    "memberships",
    "restore",
}


class HubSpotEmulator:
    """A portal filled with an organisation; run it with `EmulatorServer(app, port)`.

    `tier` sets the rate limits, `clock` (seconds since 1970) all stamps and windows, and any further argument a field
    of `Behaviours`; `app.behaviours` may also be changed while it runs. `app.ids[stream][id]` is the HubSpot id of a
    record of the organisation. `logs_replies_only` leaves out what such a portal does not log of its customers'
    e-mails; `associates_more` associates activities with old deals and other companies too. HubSpot does so by itself
    unless an administrator has changed it ("Auto-associations API": a contact's primary company and open deals), and
    keeps the links when the deal is closed; without it each activity leads to the one deal and company that it is
    about. `noise` adds records that no score may count. Raises TypeError for an unknown behaviour.
    """

    crm = "hubspot"

    def __init__(
        self,
        organisation: Organisation,
        *,
        token: str | None = None,
        tier: Tier = "enterprise",
        clock: Callable[[], float] = time.time,
        logs_replies_only: bool = False,
        associates_more: bool = True,
        noise: bool = False,
        **behaviours: Any,
    ) -> None:
        unknown = set(behaviours) - {one.name for one in fields(Behaviours)}
        if unknown:
            raise TypeError(f"unknown behaviours: {', '.join(sorted(unknown))}")
        self.token = token or TOKEN
        self.behaviours = Behaviours(**behaviours)
        organisation = replies_only(organisation) if logs_replies_only else organisation
        self.portal, self.ids = fill(organisation, self.behaviours, clock, associates_more=associates_more)
        self.noise = add_noise(self.portal) if noise else {}
        self.access = Access(self.token, self.behaviours, clock)
        self.limits = RateLimits(tier, self.behaviours, clock, organisation.time_zone)
        self.sender: Sender | None = None
        self._lock = threading.Lock()

    def handle(self, request: Request) -> Response:
        found = route(request.path)
        with self._lock:
            try:
                response = self._answer(request, found)
            except ApiError as refusal:
                response = refusal.response()
            response.headers = {**trace_headers(), **self.limits.headers(_bucket(found)), **response.headers}
        return response

    def endpoint(self, request: Request) -> str:
        found = route(request.path)
        if found is None:
            return f"{request.method} unknown"
        return f"{request.method} {'/'.join((found.area, *map(self._short, found.rest)))}"

    def ways_in(self) -> dict[str, Any]:
        """The token of a private app, and what an OAuth app needs."""
        return {
            "token": self.token,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH_TOKEN,
        }

    def _short(self, part: str) -> str:
        kind = self.portal.registry.find(part)
        if kind is not None:
            return kind.plural
        return part if part in _WORDS else "{id}"

    def control(self, request: Request, path: tuple[str, ...]) -> Response | None:
        """`POST webhooks` with a `webhooks.Target` as JSON begins to deliver what happens; `POST webhooks/flush` waits
        until all was tried; `DELETE webhooks` ends it.
        """
        if path == ("webhooks",) and request.method in ("POST", "DELETE"):
            try:
                target = Target.of(request.json()) if request.method == "POST" else None
            except (ValueError, TypeError) as error:
                return json_response({"error": f"webhooks: {error}"}, 400)
            with self._lock:
                if self.sender is not None:
                    self.sender.close()
                self.sender = Sender(target) if target is not None else None
                self.portal.listeners[:] = [self.sender.tell] if self.sender is not None else []
                if self.sender is not None:
                    self.sender.start()
            return json_response({})
        if path == ("webhooks", "flush") and request.method == "POST":
            return json_response(self.sender.flush() if self.sender is not None else {})
        return None

    def add_option(self, kind: str, name: str, value: str, label: str) -> None:
        """What an admin does in the settings: one more choice of a property, such as a call or meeting outcome."""
        with self._lock:
            definition = self.portal.definitions(self.portal.kind(kind)).live[name]
            definition["options"] = [*definition["options"], *options([{"value": value, "label": label}])]

    def stats(self) -> dict[str, Any]:
        with self._lock:
            return {"records_written": {name: dict(counts) for name, counts in self.portal.written.items() if counts}}

    def records(self, kind: str) -> list[dict[str, Any]] | None:
        """Live records of a kind: `id`, `properties` by HubSpot's names (only those that are set), `object` (the object
        type), and `source_id`, the id in the organisation that the portal was filled with (null for later ones)."""
        if kind == "users":
            return [{"id": owner["id"], "properties": owner} for owner in self.portal.owners]
        if kind not in _KINDS:
            return None
        stream = "line_items" if kind == "line_items" else kind
        with self._lock:
            sources = {identifier: source for source, identifier in self.ids.get(stream, {}).items()}
            return [one for plural in _KINDS[kind] for one in self._dump(plural, sources)]

    def _dump(self, plural: str, sources: dict[str, str]) -> list[Json]:
        kind = self.portal.kind(plural)
        table, live = self.portal.table(kind), self.portal.definitions(kind).live
        columns = [(name, column) for name, column in table.columns.items() if name in live]
        return [
            {
                "id": (identifier := str(table.ids[row])),
                "object": plural,
                "source_id": sources.get(identifier),
                "properties": {name: value for name, column in columns if (value := column.get(row)) is not None},
            }
            for row in range(len(table.ids))
            if table.state[row] == LIVE
        ]

    def _answer(self, request: Request, found: Route | None) -> Response:
        self.portal.tick()
        if self.behaviours.migrating is not None:
            wait = str(self.behaviours.migrating)
            raise ApiError(
                477, "The account is being migrated.", "MIGRATION_IN_PROGRESS", headers={"Retry-After": wait}
            )
        if len(request.target) > self.behaviours.longest_url:
            raise ApiError(414, "URI Too Long")
        if request.method == "GET" and request.path.startswith(api_exports.FILES):
            return api_exports.download(self.portal, request)
        if found is None:
            raise not_found()
        call = Call(request, found, self.portal, self.access)
        if found.area == "oauth":
            answered = oauth(call)
        else:
            token = self.access.bearer(request.headers.get("authorization"))
            self.limits.check(_bucket(found))
            answered = dispatch(Call(request, found, self.portal, self.access, token))
        if answered is None:
            raise not_found()
        return answered


def _bucket(found: Route | None) -> Literal["burst", "search", "associations"]:
    if found is not None and found.area == "objects" and found.rest[-1:] == ("search",):
        return "search"
    if found is not None and found.area == "associations" and "batch" in found.rest:
        return "associations"
    return "burst"
