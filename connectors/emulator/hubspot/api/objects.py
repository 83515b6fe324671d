"""Objects one at a time or by the page: list, get, create, update, archive, merge, erase, search."""

from __future__ import annotations

from typing import Any

from connectors.emulator.hubspot.call import BATCH_LIMIT, HISTORY_LIMIT, Call
from connectors.emulator.hubspot.schema.objects import AssociationType, ObjectType, plain_type
from connectors.emulator.hubspot.store import search
from connectors.emulator.hubspot.store.table import ARCHIVED, LIVE, Table
from connectors.emulator.hubspot.webhooks import told_of_link
from connectors.emulator.hubspot.wire import (
    ApiError,
    Json,
    answer,
    bad_json,
    invalid,
    iso,
    no_content,
    not_found,
    origin,
    whole,
)
from connectors.emulator.server.http import Response


def listed(call: Call, kind: ObjectType) -> Response:
    """GET objects/{type}: in the order of ids; `after` is the first id of the next page."""
    call.reads(kind)
    with_history = call.request.params("propertiesWithHistory")
    limit = call.whole("limit", 10, HISTORY_LIMIT if with_history else BATCH_LIMIT) or 10
    after = call.request.param("after") or "0"
    first = whole(after)
    if first is None:
        raise invalid(f"Invalid after: {after}")
    table = call.portal.table(kind)
    rows = table.page(first, limit, ARCHIVED if call.archived else LIVE)
    names = call.request.params("properties") or kind.defaults
    thin = call.archived and call.portal.behaviours.archived_is_thin
    columns = call.portal.shown(kind, [*names, *with_history], thin=thin)
    results = [table.render(row, columns) for row in rows[:limit]]
    for row, record in zip(rows, results, strict=False):
        add_history(call, table, row, record, with_history)
        add_associations(call, kind, record)
    page: Json = {"results": results}
    if len(rows) > limit:
        page["paging"] = call.paging(str(table.ids[rows[limit]]))
    return answer(page)


def add_history(call: Call, table: Table, row: int, record: Json, names: list[str]) -> None:
    """Puts past values into a record, newest first."""
    if not names:
        return
    past: Json = {}
    for name in names:
        if call.portal.definitions(table.kind).get(name) is None:
            continue
        versions = [
            {"value": v.value, "timestamp": iso(v.timestamp), "sourceType": v.source, "sourceId": v.source_id}
            for v in reversed(table.history.get((row, name), []))
        ]
        current = table.get(row, name)
        if not versions and current is not None:
            at = table.columns["hs_createdate"].get(row)
            versions = [{"value": current, "timestamp": at, "sourceType": "CRM_UI", "sourceId": "userId:1"}]
        past[name] = versions
    record["propertiesWithHistory"] = past


def add_associations(call: Call, kind: ObjectType, record: Json) -> None:
    """Puts the ids of associated records into a record: by plural type, once for each association type."""
    found: Json = {}
    most = call.portal.behaviours.list_associations
    for name in call.request.params("associations"):
        other = call.portal.kind(name)
        links = call.portal.links.of((kind.plural, other.plural), int(record["id"]))
        if not links:
            continue
        entries = [entry for target, types in links[:most] for entry in typed(kind, other, target, types)]
        found[other.plural.replace("_", " ")] = {"results": entries}
        if len(links) > most:
            following = str(links[most][0])
            path = f"{call.request.path.rstrip('/')}/{record['id']}/associations/{other.plural}"
            found[other.plural.replace("_", " ")]["paging"] = {
                "next": {"after": following, "link": f"{origin(call.request)}{path}?after={following}"}
            }
    if found:
        record["associations"] = found


def typed(kind: ObjectType, other: ObjectType, target: int, types: tuple[AssociationType, ...]) -> list[Json]:
    """A link in the v3 shape: one entry for each of its types, by name."""
    base = f"{kind.singular}_to_{other.singular}"
    labelled = any(one.label for one in types)
    entries = []
    for one in types:
        if one.label is None:
            name = f"{base}_unlabeled" if labelled else base
        else:
            name = base if one.label == "Primary" else one.label.lower().replace(" ", "_")
        entries.append({"id": str(target), "type": name})
    return entries


def fetched(call: Call, kind: ObjectType, identifier: str) -> Response:
    """GET objects/{type}/{id}: a merged-away id answers with the survivor."""
    call.reads(kind)
    table, names = call.portal.table(kind), call.request.params("properties")
    row = _by_property(call, kind, identifier)
    with_history = call.request.params("propertiesWithHistory")
    record = table.render(row, call.portal.shown(kind, [*(names or kind.defaults), *with_history]))
    add_history(call, table, row, record, with_history)
    add_associations(call, kind, record)
    return answer(record)


def _by_property(call: Call, kind: ObjectType, identifier: str) -> int:
    table, unique = call.portal.table(kind), call.request.param("idProperty")
    if unique and unique != "hs_object_id":
        row = by_unique(call, kind, unique, identifier)
    else:
        number = whole(identifier)
        state = ARCHIVED if call.archived else LIVE
        row = None if number is None else table.row(table.survivor(number), state)
    if row is None:
        raise not_found()
    return row


def by_unique(call: Call, kind: ObjectType, name: str, value: str) -> int | None:
    """The live row with that value of a unique property. Raises ApiError when the property is not unique."""
    found = call.portal.definitions(kind).get(name)
    unique = found is not None and (found["hasUniqueValue"] or (kind.plural, name) == ("contacts", "email"))
    if not unique:
        raise invalid(f"Unable to perform update/upsert by non-unique {kind.type_id} property {name}")
    return call.portal.row_with(kind, name, value)


def created(call: Call, kind: ObjectType) -> Response:
    """POST objects/{type}"""
    call.writes(kind)
    row, warnings = create_one(call, kind, call.body())
    return answer(written_record(call, kind, row, call.body().get("properties") or {}, warnings), 201)


def create_one(call: Call, kind: ObjectType, given: Json) -> tuple[int, list[Json]]:
    """Makes a record and its associations. Raises ApiError with nothing made."""
    portal = call.portal
    values = portal.check(kind, _properties(given), None, rules=call.route.enforces_rules)
    if kind.plural == "contacts" and values.get("email"):
        existing = by_unique(call, kind, "email", str(values["email"]))
        if existing is not None:
            identifier = portal.table(kind).ids[existing]
            raise ApiError(409, f"Contact already exists. Existing ID: {identifier}", "CONFLICT")
    wanted = given.get("associations") or []
    if not isinstance(wanted, list):
        raise bad_json("associations must be a list")
    links = [_link(call, kind, one) for one in wanted]
    row = portal.create(kind, values)
    source = portal.table(kind).ids[row]
    for other, target, types in links:
        portal.links.create((kind.plural, other.plural), source, target, types)
        portal.linked((kind.plural, other.plural), source)
        told_of_link(portal, (kind.plural, other.plural), source, target)
    return row, _warnings(call, given, values)


def _link(call: Call, kind: ObjectType, given: Any) -> tuple[ObjectType, int, tuple[AssociationType, ...]]:
    try:
        target, wanted = int(given["to"]["id"]), {int(one["associationTypeId"]) for one in given["types"]}
    except (TypeError, KeyError, ValueError):
        raise bad_json("associations need to.id and types") from None
    for other in call.portal.registry.types:
        types = tuple(t for t in call.portal.links.types((kind.plural, other.plural)) if t.type_id in wanted)
        if types and plain_type(kind.plural, other.plural) is not None:
            if call.portal.table(other).row(target) is None:
                raise invalid(f"{other.label} {target} does not exist")
            return other, target, types
    raise invalid(f"One or more associations are not valid: {sorted(wanted)}")


def updated(call: Call, kind: ObjectType, identifier: str) -> Response:
    """PATCH objects/{type}/{id}"""
    call.writes(kind)
    row = _by_property(call, kind, identifier)
    table, given = call.portal.table(kind), call.body()
    check_lock(call, str(table.ids[row]))
    values = call.portal.check(kind, _properties(given), row, rules=call.route.enforces_rules)
    call.portal.update(table, row, values)
    return answer(written_record(call, kind, row, values, _warnings(call, given, values)))


def check_lock(call: Call, identifier: str) -> None:
    """Raises ApiError 423 while a bulk operation holds the record."""
    if identifier in call.portal.behaviours.locked_ids:
        raise ApiError(423, f"Record {identifier} is locked by another operation. Try again later.", "RESOURCE_LOCKED")


def written_record(call: Call, kind: ObjectType, row: int, names: Json, warnings: list[Json]) -> Json:
    """What a write answers: the properties written and a few of the system's."""
    table = call.portal.table(kind)
    record = table.render(row, call.portal.shown(kind, names))
    if warnings:
        record["warnings"] = warnings
    return record


def _properties(given: Json) -> Json:
    properties = given.get("properties", {})
    if not isinstance(properties, dict):
        raise bad_json("properties must be an object")
    return properties


def _warnings(call: Call, given: Json, values: dict[str, str | None]) -> list[Json]:
    if not (call.route.enforces_rules and call.portal.behaviours.normalisation_warnings):
        return []
    sent = _properties(given)
    return [
        {
            "category": "PROPERTY_VALUE_NORMALIZED",
            "message": f"The value of {name} was normalized.",
            "context": {"rawValue": [str(sent[name])], "normalizedValue": [value]},
        }
        for name, value in values.items()
        if value is not None and sent[name] != value
    ]


def archived(call: Call, kind: ObjectType, identifier: str) -> Response:
    """DELETE objects/{type}/{id}: 204 even if it is already gone."""
    call.writes(kind)
    check_lock(call, identifier)
    row = call.portal.find(kind, identifier)
    if row is not None:
        call.portal.archive(call.portal.table(kind), row)
    return no_content()


def merged(call: Call, kind: ObjectType) -> Response:
    """POST objects/{type}/merge"""
    call.writes(kind)
    body = call.body()
    rows = [call.portal.find(kind, body.get(name)) for name in ("primaryObjectId", "objectIdToMerge")]
    if rows[0] is None or rows[1] is None or rows[0] == rows[1]:
        raise invalid("Both records of a merge must exist and differ")
    row = call.portal.merge(kind, rows[0], rows[1])
    return answer(written_record(call, kind, row, {**dict.fromkeys(kind.defaults), "hs_merged_object_ids": None}, []))


def erased(call: Call, kind: ObjectType) -> Response:
    """POST objects/contacts/gdpr-delete"""
    call.writes(kind)
    row = call.portal.find(kind, call.body().get("objectId"))
    if row is not None:
        call.portal.erase(call.portal.table(kind), row)
    return no_content()


def searched(call: Call, kind: ObjectType) -> Response:
    """POST objects/{type}/search"""
    call.reads(kind)
    if len(call.request.body.decode("utf-8", "replace")) > search.MAX_BODY:
        raise invalid(f"The request body is too long: the most is {search.MAX_BODY} characters.")
    query = search.Query(call.parsed())
    total, rows, following = call.portal.searcher(kind).run(query)
    table, columns = call.portal.table(kind), call.portal.shown(kind, query.properties or kind.defaults)
    if call.portal.behaviours.calculated_null_in_search:
        calculated = {name for name, one in call.portal.definitions(kind).live.items() if one["calculated"]}
        columns = [(name, None if name in calculated else column) for name, column in columns]
    page: Json = {"total": total, "results": [table.render(row, columns) for row in rows]}
    if following is not None:
        page["paging"] = {"next": {"after": str(following), "link": f"?after={following}"}}
    return answer(page)
