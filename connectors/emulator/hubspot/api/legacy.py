"""What older clients still read: the record, owner and pipeline lists of the APIs before v3.

Values come as `{name: {value, timestamp, source, ...}}` with times in milliseconds. Nothing can be written here.
"""

from __future__ import annotations

from typing import Any

from connectors.emulator.hubspot.api.properties import BEFORE_V3
from connectors.emulator.hubspot.call import Call
from connectors.emulator.hubspot.schema.objects import ObjectType
from connectors.emulator.hubspot.store.table import LIVE, Table
from connectors.emulator.hubspot.wire import PORTAL_ID, Json, answer, epoch_ms, flag, invalid, not_found, whole
from connectors.emulator.server.http import Response

# Kind -> the list's key, the key of "more", the key of an id.
_SHAPES = {
    "companies": ("companies", "has-more", "companyId"),
    "deals": ("deals", "hasMore", "dealId"),
    "contacts": ("contacts", "has-more", "vid"),
}
_PAGED: dict[tuple[str, tuple[str, ...]], str] = {
    ("companies-v2", ("companies", "paged")): "companies",
    ("deals-v1", ("deal", "paged")): "deals",
    ("contacts-v1", ("lists", "all", "contacts", "all")): "contacts",
}
_RECENT: dict[tuple[str, tuple[str, ...]], str] = {
    ("companies-v2", ("companies", "recent", "modified")): "companies",
    ("companies-v2", ("companies", "recent", "created")): "companies",
    ("deals-v1", ("deal", "recent", "modified")): "deals",
    ("deals-v1", ("deal", "recent", "created")): "deals",
}
_ONE = {("companies-v2", "companies"): "companies", ("deals-v1", "deal"): "deals"}
_DEFINED: dict[tuple[str, tuple[str, ...]], str] = {
    ("companies-v2", ("properties",)): "companies",
    ("contacts-v1", ("properties",)): "contacts",
}
_NOBODY: dict[tuple[str, tuple[str, ...]], Json] = {
    ("email-v1", ("subscriptions", "timeline")): {"timeline": [], "hasMore": False, "offset": ""},
    ("email-v1", ("events",)): {"events": [], "hasMore": False, "offset": ""},
    ("email-v1", ("campaigns", "by-id")): {"campaigns": [], "hasMore": False, "offset": ""},
    ("engagements-v1", ("engagements", "paged")): {"results": [], "hasMore": False, "offset": 0},
    ("engagements-v1", ("engagements", "modified", "after")): {
        "results": [],
        "hasMore": False,
        "offset": 0,
        "total": 0,
    },
}
"""Lists that are empty here: activities are objects of v3."""
_PAGE = 250


def handle(call: Call, area: str, rest: tuple[str, ...]) -> Response | None:
    """Anything of a legacy area; None: no such endpoint."""
    if call.request.method != "GET":
        return None
    if (area, rest) in _PAGED:
        return _paged(call, call.portal.kind(_PAGED[area, rest]))
    if (area, rest) in _RECENT:
        return _recent(call, call.portal.kind(_RECENT[area, rest]))
    if (area, rest) in _DEFINED:
        return answer(_definitions(call, call.portal.kind(_DEFINED[area, rest])))
    if len(rest) == 2 and (area, rest[0]) in _ONE:
        return _one(call, call.portal.kind(_ONE[area, rest[0]]), rest[1])
    if area == "contacts-v1" and rest[:1] == ("contact",):
        return _contact(call, rest[1:])
    if area == "crm-objects-v1" and rest[:1] == ("objects",) and rest[2:] == ("paged",):
        return _objects(call, call.portal.kind(rest[1]))
    if (area, rest) == ("owners-v2", ("owners",)):
        return _owners(call)
    if area == "deals-v1" and rest == ("pipelines",):
        return answer([_pipeline(one) for one in call.portal.pipelines["deals"]])
    if area == "crm-pipelines-v1" and rest[:1] == ("pipelines",) and len(rest) == 2:
        kind = call.portal.kind(rest[1])
        return answer({"results": [_crm_pipeline(one, kind) for one in call.portal.pipelines[kind.plural]]})
    if area == "forms-v2" and rest == ("forms",):
        return answer([])
    found = _NOBODY.get((area, rest[1:] if rest[:1] == ("public",) else rest)) or _NOBODY.get((area, rest[2:]))
    return None if found is None else answer(found)


def _paged(call: Call, kind: ObjectType) -> Response:
    """In the order of ids; the offset is the first id of the next page."""
    call.reads(kind)
    key, more, _ = _SHAPES[kind.plural]
    limit = min(call.whole("limit", call.whole("count", 100, 10**6), 10**6) or 100, _PAGE)
    first = whole(call.request.param("offset") or call.request.param("vidOffset") or 0)
    if first is None:
        raise invalid("Invalid offset")
    table = call.portal.table(kind)
    rows = table.page(first, limit, LIVE)
    page: Json = {key: [_record(call, kind, table, row) for row in rows[:limit]], more: len(rows) > limit}
    following = table.ids[rows[limit]] if len(rows) > limit else (table.ids[rows[-1]] if rows else 0)
    page["vid-offset" if kind.plural == "contacts" else "offset"] = following
    return answer(page)


def _recent(call: Call, kind: ObjectType) -> Response:
    """The newest first, at most ten thousand."""
    call.reads(kind)
    since, table = whole(call.request.param("since") or 0) or 0, call.portal.table(kind)
    count, offset = min(call.whole("count", 100, 10**6) or 100, _PAGE), call.whole("offset", 0, 10_000)
    stamps = [
        (epoch_ms(table.get(row, kind.modified) or "") or 0, row)
        for row in range(len(table.ids))
        if table.state[row] == LIVE
    ]
    rows = [row for at, row in sorted(stamps, reverse=True) if at >= since][:10_000]
    results = [_record(call, kind, table, row) for row in rows[offset : offset + count]]
    following = offset + len(results)
    return answer({"results": results, "hasMore": following < len(rows), "offset": following, "total": len(rows)})


def _one(call: Call, kind: ObjectType, identifier: str) -> Response:
    call.reads(kind)
    row = call.portal.find(kind, identifier)
    if row is None:
        raise not_found()
    return answer(_record(call, kind, call.portal.table(kind), row, everything=True))


def _contact(call: Call, rest: tuple[str, ...]) -> Response | None:
    """Contacts by id: several, or the profile of one."""
    kind = call.portal.kind("contacts")
    table = call.portal.table(kind)
    if rest == ("vids", "batch"):
        call.reads(kind)
        rows = [(vid, call.portal.find(kind, vid)) for vid in call.request.params("vid")]
        return answer({vid: _record(call, kind, table, row) for vid, row in rows if row is not None})
    if len(rest) == 3 and rest[0] in ("vid", "email") and rest[2] == "profile":
        if rest[0] == "vid":
            return _one(call, kind, rest[1])
        rows_of = (row for row in range(len(table.ids)) if table.state[row] == LIVE)
        found = next((row for row in rows_of if table.get(row, "email") == rest[1].lower()), None)
        return _one(call, kind, str(table.ids[found]) if found is not None else "")
    return None


def _objects(call: Call, kind: ObjectType) -> Response:
    """Products, line items, tickets."""
    call.reads(kind)
    table, first = call.portal.table(kind), whole(call.request.param("offset") or 0)
    if first is None:
        raise invalid("Invalid offset")
    rows = table.page(first, 100, LIVE)
    names = call.request.params("properties") or list(kind.defaults)
    objects = [
        {
            "objectType": kind.singular.upper(),
            "portalId": PORTAL_ID,
            "objectId": table.ids[row],
            "properties": {name: _value(table, row, name, 0) for name in names if table.get(row, name) is not None},
            "version": 1,
            "isDeleted": False,
        }
        for row in rows[:100]
    ]
    return answer(
        {"objects": objects, "hasMore": len(rows) > 100, "offset": table.ids[rows[100]] if len(rows) > 100 else 0}
    )


def _record(call: Call, kind: ObjectType, table: Table, row: int, *, everything: bool = False) -> Json:
    named = [*call.request.params("properties"), *call.request.params("property")]
    everything = everything or flag(call.request.param("includeAllProperties"))
    names = list(call.portal.definitions(kind).live) if everything else (named or list(kind.defaults))
    at = epoch_ms(table.get(row, kind.modified) or "") or 0
    values = {name: _value(table, row, name, at) for name in names if table.get(row, name) is not None}
    identifier = table.ids[row]
    made: Json = {"portalId": PORTAL_ID, _SHAPES[kind.plural][2]: identifier, "isDeleted": False, "properties": values}
    if kind.plural == "deals":
        made["associations"] = {
            key: [target for target, _ in call.portal.links.of(("deals", other), identifier)]
            for key, other in (("associatedVids", "contacts"), ("associatedCompanyIds", "companies"))
        } | {"associatedDealIds": []}
    if kind.plural == "contacts":
        made |= {
            "addedAt": epoch_ms(table.get(row, "createdate") or ""),
            "canonical-vid": identifier,
            "identity-profiles": [],
        }
    return made


def _value(table: Table, row: int, name: str, at: int) -> Json:
    """Instants are milliseconds here."""
    value = table.get(row, name)
    ms = epoch_ms(value) if value and "T" in value and value.endswith("Z") else None
    shown = value if ms is None else str(ms)
    source: Json = {"value": shown, "timestamp": at, "source": "CRM_UI", "sourceId": None}
    return {**source, "versions": [{"name": name, **source}]}


def _definitions(call: Call, kind: ObjectType) -> list[Any]:
    return [{key: one[key] for key in BEFORE_V3} for one in call.portal.definitions(kind).listed()]


def _owners(call: Call) -> Response:
    call.access.require(call.token, "crm.objects.owners.read")
    keep = flag(call.request.param("includeInactive"))
    return answer(
        [
            {
                "portalId": PORTAL_ID,
                "ownerId": int(one["id"]),
                "type": one["type"],
                "firstName": one["firstName"],
                "lastName": one["lastName"],
                "email": one["email"],
                "createdAt": epoch_ms(one["createdAt"] or ""),
                "updatedAt": epoch_ms(one["updatedAt"] or ""),
                "remoteList": [],
                "hasContactsAccess": True,
                "activeUserId": one.get("userId"),
                "isActive": not one["archived"],
            }
            for one in call.portal.owners
            if keep or not one["archived"]
        ]
    )


def _pipeline(one: Json) -> Json:
    stages = [
        {
            "stageId": stage["id"],
            "label": stage["label"],
            "probability": float(stage["metadata"].get("probability", 0)),
            "active": True,
            "displayOrder": stage["displayOrder"],
            "closedWon": stage["metadata"].get("probability") in ("1", "1.0"),
        }
        for stage in one["stages"]
    ]
    return {
        "pipelineId": one["id"],
        "label": one["label"],
        "active": True,
        "displayOrder": one["displayOrder"],
        "stages": stages,
    }


def _crm_pipeline(one: Json, kind: ObjectType) -> Json:
    stages = [
        {
            "stageId": s["id"],
            "label": s["label"],
            "displayOrder": s["displayOrder"],
            "metadata": s["metadata"],
            "active": True,
            "createdAt": epoch_ms(s["createdAt"]),
            "updatedAt": epoch_ms(s["updatedAt"]),
        }
        for s in one["stages"]
    ]
    head = {
        "pipelineId": one["id"],
        "label": one["label"],
        "objectType": kind.singular.upper(),
        "objectTypeId": kind.type_id,
    }
    return {
        **head,
        "displayOrder": one["displayOrder"],
        "active": True,
        "default": one["id"] == "default",
        "stages": stages,
    }
