"""Exports: asked for, looked after, and fetched as a file from an address that holds for five minutes.

One is worked on at a time, in the order asked; each is seen waiting and at work before it is done.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile

from connectors.emulator.hubspot.call import Call
from connectors.emulator.hubspot.schema.objects import ObjectType
from connectors.emulator.hubspot.store.exports import Export
from connectors.emulator.hubspot.store.portal import Portal
from connectors.emulator.hubspot.store.search import Query
from connectors.emulator.hubspot.store.table import LIVE
from connectors.emulator.hubspot.wire import ApiError, Json, answer, bad_json, invalid, iso, names, origin
from connectors.emulator.server.http import Request, Response

FILES = "/export-files/"
_A_DAY, _MOST_A_DAY = 24 * 3600 * 1000, 30
_LINK_HOLDS = 5 * 60 * 1000
_ZIPPED_ABOVE = 2 * 1024 * 1024
_REQUIRED = ("exportType", "format", "exportName", "objectType", "language", "objectProperties")


def handle(call: Call, rest: tuple[str, ...]) -> Response | None:
    """Anything under exports; None: no such endpoint."""
    call.access.require(call.token, "crm.export")
    method = call.request.method
    if method == "POST" and rest == ("export", "async"):
        return _start(call)
    if method == "GET" and rest[:3] == ("export", "async", "tasks") and rest[4:] == ("status",):
        return _status(call, rest[3])
    if method == "GET" and rest[:1] == ("export",) and len(rest) == 2:
        return _details(call, rest[1])
    return None


def _start(call: Call) -> Response:
    body, portal = call.body(), call.portal
    missing = [key for key in _REQUIRED if not body.get(key)]
    if missing:
        raise invalid(f"Some required fields were not set: [{', '.join(missing)}]")
    if body["format"] != "CSV":
        raise invalid(f"Exports of format {body['format']} are not made here, only CSV.")
    kind, now = portal.kind(str(body["objectType"])), portal.now_ms()
    if sum(1 for one in portal.exports.all.values() if one.asked > now - _A_DAY) >= _MOST_A_DAY:
        raise ApiError(429, f"You have reached the limit of {_MOST_A_DAY} exports in 24 hours.", "RATE_LIMITS")
    properties = names(body["objectProperties"], "objectProperties")
    unknown = [name for name in properties if portal.definitions(kind).get(name) is None]
    if unknown:
        raise invalid(f"Some properties do not exist: [{', '.join(unknown)}]")
    made = Export(
        str(len(portal.exports.all) + 1), now, kind, body, properties, _rows(call, kind, body), 2, changed=now
    )
    portal.exports.all[made.id] = made
    status = f"{call.request.path.rstrip('/')}/tasks/{made.id}/status"
    return answer({"id": made.id, "links": {"status": f"{origin(call.request)}{status}"}}, 202)


def _rows(call: Call, kind: ObjectType, body: Json) -> list[int]:
    """The records of the export as of now."""
    table = call.portal.table(kind)
    if body["exportType"] == "LIST":
        found = call.portal.lists.all.get(str(body.get("listId")))
        if found is None:
            raise invalid(f"List {body.get('listId')} does not exist")
        return [row for record in found.members if (row := table.row(record)) is not None]
    wanted = body.get("publicCrmSearchRequest")
    if wanted is None:
        return [row for row in range(len(table.ids)) if table.state[row] == LIVE]
    if not isinstance(wanted, dict):
        raise bad_json("publicCrmSearchRequest must be an object")
    query = Query({key: wanted[key] for key in ("filters", "filterGroups", "query", "sorts") if wanted.get(key)})
    if sum(1 for group in query.groups if group) > 3 or any(len(group) > 3 for group in query.groups):
        raise invalid("An export takes at most 3 filterGroups of 3 filters each.")
    return [row for row in call.portal.searcher(kind).matches(query) if table.state[row] == LIVE]


def _status(call: Call, identifier: str) -> Response:
    one = _found(call, identifier)
    _advance(call.portal, one)
    made: Json = {
        "status": one.state,
        "requestedAt": iso(one.asked),
        "startedAt": iso(one.asked),
        "completedAt": iso(one.changed),
        "numErrors": 0,
        "errors": [],
    }
    if one.state == "COMPLETE":
        key = hashlib.sha256(f"{one.id}-{len(one.links)}-{one.asked}".encode()).hexdigest()[:24]
        one.links[key] = call.portal.now_ms() + _LINK_HOLDS
        made["result"] = f"{origin(call.request)}{FILES}{key}/{_file_name(one)}"
    return answer(made)


def _advance(portal: Portal, one: Export) -> None:
    waiting = (other for other in portal.exports.all.values() if other.state not in ("COMPLETE", "CANCELED"))
    if one.state == "COMPLETE" or next(waiting) is not one:
        return
    one.polls -= 1
    one.state = "PROCESSING" if one.polls > 0 else "COMPLETE"
    one.changed = portal.now_ms()
    if one.state == "COMPLETE":
        one.file = _csv(portal, one)
        one.zipped = len(one.file) > _ZIPPED_ABOVE
        if one.zipped:
            one.file = _zip(one)


def _details(call: Call, identifier: str) -> Response:
    one = _found(call, identifier)
    state = {"PENDING": "ENQUEUED", "COMPLETE": "DONE"}.get(one.state, one.state)
    return answer(
        {
            "id": one.id,
            "exportType": one.body["exportType"],
            "exportState": state,
            "exportName": one.body["exportName"],
            "objectType": one.kind.type_id,
            "objectProperties": one.properties,
            "recordCount": len(one.rows),
            "createdAt": iso(one.asked),
            "updatedAt": iso(one.changed),
        }
    )


def download(portal: Portal, request: Request) -> Response:
    """The file behind an address, for whoever has it. Raises ApiError 403 when it does not hold any more."""
    key = request.path.removeprefix(FILES).split("/")[0]
    for one in portal.exports.all.values():
        if one.links.get(key, 0) > portal.now_ms():
            kind = "application/zip" if one.zipped else "text/csv;charset=utf-8"
            disposition = f'attachment; filename="{_file_name(one)}"'
            return Response(200, one.file, kind, {"Content-Disposition": disposition})
    raise ApiError(403, "Request has expired")


def _csv(portal: Portal, one: Export) -> bytes:
    """Records with a header of labels, or of names where internal values are asked for."""
    table, definitions = portal.table(one.kind), portal.definitions(one.kind)
    internal = "NAMES" in (one.body.get("exportInternalValuesOptions") or ())
    heads = [name if internal else str(definitions.live[name]["label"]) for name in one.properties]
    others = one.body.get("associatedObjectType") or []
    kinds = [portal.kind(str(name)) for name in (others if isinstance(others, list) else [others])]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["Record ID", *heads, *(f"Associated {kind.label} IDs" for kind in kinds)])
    for row in one.rows:
        linked = [portal.links.of((one.kind.plural, kind.plural), table.ids[row]) for kind in kinds]
        ids = [";".join(str(record) for record, _ in links) for links in linked]
        writer.writerow([table.ids[row], *(table.get(row, name) or "" for name in one.properties), *ids])
    return out.getvalue().encode()


def _zip(one: Export) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{_stem(one)}.csv", one.file)
    return out.getvalue()


def _file_name(one: Export) -> str:
    return f"{_stem(one)}.{'zip' if one.zipped else 'csv'}"


def _stem(one: Export) -> str:
    safe = "".join(letter if letter.isalnum() else "-" for letter in str(one.body["exportName"]).lower())
    return f"hubspot-crm-exports-{safe}-{iso(one.asked)[:10]}"


def _found(call: Call, identifier: str) -> Export:
    one = call.portal.exports.all.get(identifier)
    if one is None:
        raise ApiError(404, f"Export {identifier} does not exist", "OBJECT_NOT_FOUND")
    return one
