"""Workflows (automation v4): made, listed, read one by one or in batches, deleted. They are kept and shown, never
run.
"""

from __future__ import annotations

import json
import re

from connectors.emulator.hubspot.api.batch import envelope
from connectors.emulator.hubspot.call import Call
from connectors.emulator.hubspot.store.portal import Portal
from connectors.emulator.hubspot.wire import ApiError, Json, answer, invalid, iso, no_content, whole
from connectors.emulator.server.http import Response

PAGE = 100
_SHOWN = ("id", "isEnabled", "flowType", "objectTypeId", "revisionId", "createdAt", "updatedAt", "name")


def handle(call: Call, rest: tuple[str, ...]) -> Response | None:
    """Anything under automation/v4/flows; None: no such endpoint."""
    call.access.require(call.token, "automation")
    method, flows = call.request.method, call.portal.flows
    if not rest:
        return _create(call) if method == "POST" else _listed(call) if method == "GET" else None
    if method == "POST" and rest == ("batch", "read"):
        wanted = [str(one.get("flowId")) for one in call.inputs()]
        return envelope(call, [flows[one] for one in wanted if one in flows], [], 200)
    if len(rest) != 1:
        return None
    if rest[0] not in flows:
        raise ApiError(404, f"No flow with id {rest[0]} exists.", "OBJECT_NOT_FOUND")
    if method == "GET":
        return answer(flows[rest[0]])
    if method == "DELETE":
        del flows[rest[0]]
        return no_content()
    return None


def uses(portal: Portal, name: str) -> bool:
    """Whether a workflow names a property."""
    return any(re.search(rf"\b{re.escape(name)}\b", json.dumps(flow)) for flow in portal.flows.values())


def _create(call: Call) -> Response:
    body = call.body()
    missing = [key for key in ("type", "flowType", "objectTypeId") if not isinstance(body.get(key), str)]
    if missing:
        raise invalid(f"Some required fields were not set: [{', '.join(missing)}]")
    at = iso(call.portal.now_ms())
    identifier = str(max((int(one) for one in call.portal.flows), default=0) + 1)
    made: Json = {"isEnabled": False, "actions": [], **body, "revisionId": "1", "createdAt": at, "updatedAt": at}
    call.portal.flows[identifier] = {**made, "id": identifier}
    return answer(call.portal.flows[identifier])


def _listed(call: Call) -> Response:
    limit, after = call.whole("limit", PAGE, PAGE) or PAGE, whole(call.request.param("after") or 0)
    if after is None:
        raise invalid("Invalid after")
    found = [
        flow
        for identifier, flow in sorted(call.portal.flows.items(), key=lambda one: int(one[0]))
        if int(identifier) > after
    ]
    page: Json = {"results": [{key: flow[key] for key in _SHOWN if key in flow} for flow in found[:limit]]}
    if len(found) > limit:
        page["paging"] = call.paging(str(found[limit - 1]["id"]))
    return answer(page)
