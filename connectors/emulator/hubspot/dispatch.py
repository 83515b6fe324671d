"""Which handler answers a route."""

from __future__ import annotations

from collections.abc import Callable

from connectors.emulator.hubspot.api import account as api_account
from connectors.emulator.hubspot.api import associations as api_associations
from connectors.emulator.hubspot.api import batch as api_batch
from connectors.emulator.hubspot.api import exports as api_exports
from connectors.emulator.hubspot.api import flows as api_flows
from connectors.emulator.hubspot.api import legacy as api_legacy
from connectors.emulator.hubspot.api import lists as api_lists
from connectors.emulator.hubspot.api import money as api_money
from connectors.emulator.hubspot.api import objects as api_objects
from connectors.emulator.hubspot.api import pipelines as api_pipelines
from connectors.emulator.hubspot.api import properties as api_properties
from connectors.emulator.hubspot.call import Call
from connectors.emulator.hubspot.schema.objects import ObjectType
from connectors.emulator.hubspot.wire import answer, no_content
from connectors.emulator.server.http import Response

_BATCHES: dict[str, Callable[[Call, ObjectType], Response]] = {
    "read": api_batch.read,
    "create": api_batch.created,
    "update": api_batch.updated,
    "upsert": api_batch.upserted,
    "archive": api_batch.archived,
}


def oauth(call: Call) -> Response | None:
    """The endpoints that need no token. None: no such endpoint."""
    rest, method = call.route.rest, call.request.method
    if method == "POST" and rest == ("token",):
        return api_account.token(call)
    if method == "POST" and rest == ("token", "revoke"):
        return api_account.revoked(call)
    if rest[:1] == ("refresh-tokens",) and len(rest) == 2 and method in ("GET", "DELETE"):
        if method == "DELETE":
            call.access.revoke(rest[1])
            return no_content()
        return api_account.refresh_token_info(call, rest[1])
    if (method == "POST" and rest[-1:] == ("introspect",)) or (method == "GET" and rest[:1] == ("access-tokens",)):
        return api_account.token_info(call, rest)
    return None


def dispatch(call: Call) -> Response | None:
    """Every other endpoint. None: no such endpoint."""
    area, rest, method = call.route.area, call.route.rest, call.request.method
    if area == "objects" and rest:
        return _objects(call, call.portal.kind(rest[0]), rest[1:])
    if area == "properties" and rest:
        if call.route.version in ("v1", "v2") and rest[1:] == ("properties",) and method == "GET":
            return api_properties.legacy(call, call.portal.kind(rest[0]))
        return api_properties.handle(call, call.portal.kind(rest[0]), rest[1:])
    if area.endswith(("-v1", "-v2")):
        return api_legacy.handle(call, area, rest)
    if area == "associations":
        return api_associations.handle(call, rest)
    if area == "exports":
        return api_exports.handle(call, rest)
    if area == "lists":
        return api_lists.handle(call, rest)
    if area == "automation" and rest[:1] == ("flows",):
        return api_flows.handle(call, rest[1:])
    if area == "pipelines" and rest:
        return api_pipelines.handle(call, call.portal.kind(rest[0]), rest[1:])
    if method != "GET":
        return None
    if area == "automation" and rest == ("workflows",):
        return answer({"workflows": []})
    if area == "imports" and not rest:
        return api_account.imports(call)
    if area == "owners":
        return api_account.owners(call, rest)
    if area in ("schemas", "object-schemas"):
        return api_account.schemas(call, rest)
    if area == "currencies":
        return api_money.handle(call, rest)
    if area == "account-info" and rest == ("details",):
        return api_account.details(call)
    if area == "limits" and rest == ("custom-properties",):
        return api_properties.limits(call)
    if area == "calling" and rest == ("dispositions",):
        return api_account.dispositions(call)
    return None


def _objects(call: Call, kind: ObjectType, rest: tuple[str, ...]) -> Response | None:
    method = call.request.method
    if not rest and method in ("GET", "POST"):
        return api_objects.listed(call, kind) if method == "GET" else api_objects.created(call, kind)
    if method == "POST":
        if rest == ("search",):
            return api_objects.searched(call, kind)
        if rest == ("merge",):
            return api_objects.merged(call, kind)
        if rest == ("gdpr-delete",) and kind.plural == "contacts":
            return api_objects.erased(call, kind)
        if rest[0] == "batch" and len(rest) == 2 and rest[1] in _BATCHES:
            return _BATCHES[rest[1]](call, kind)
    if len(rest) >= 3 and rest[1] == "associations":
        return api_associations.of_record(call, kind, rest[0], rest[2:])
    if len(rest) != 1:
        return None
    if method == "GET":
        return api_objects.fetched(call, kind, rest[0])
    if method == "PATCH":
        return api_objects.updated(call, kind, rest[0])
    if method == "DELETE":
        return api_objects.archived(call, kind, rest[0])
    return None
