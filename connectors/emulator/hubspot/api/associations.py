"""Associations: batches between two object types, those of one record, and labels."""

from __future__ import annotations

from typing import Any

from connectors.emulator.hubspot.api.batch import envelope
from connectors.emulator.hubspot.api.objects import typed
from connectors.emulator.hubspot.call import Call
from connectors.emulator.hubspot.routes import DATED
from connectors.emulator.hubspot.schema.objects import ObjectType, plain_type
from connectors.emulator.hubspot.store.links import Types
from connectors.emulator.hubspot.webhooks import told_of_link
from connectors.emulator.hubspot.wire import ApiError, Json, answer, bad_json, invalid, no_content, not_found, whole
from connectors.emulator.server.http import Response

READ_LIMIT, WRITE_LIMIT = 1000, 2000


def handle(call: Call, rest: tuple[str, ...]) -> Response | None:
    """Anything under associations/{from}/{to}; None: no such endpoint."""
    if len(rest) < 3:
        return None
    source, target = call.portal.kind(rest[0]), call.portal.kind(rest[1])
    method, tail = call.request.method, rest[2:]
    call.reads(source)
    if method == "GET" and tail == ("labels",):
        return answer(
            {"results": [kind.labelled() for kind in call.portal.links.types((source.plural, target.plural))]}
        )
    if method == "GET" and tail == ("types",):
        kinds = call.portal.links.types((source.plural, target.plural))
        name = f"{source.singular}_to_{target.singular}"
        return answer({"results": [{"id": str(kind.type_id), "name": kind.label or name} for kind in kinds]})
    if method == "POST" and tail == ("labels",):
        return _label(call, source, target)
    if method == "PUT" and tail == ("labels",):
        body = call.body()
        _relabel(call, (source.plural, target.plural), body.get("associationTypeId"), body.get("label"))
        return no_content()
    if method == "DELETE" and tail[:1] == ("labels",) and len(tail) == 2:
        _relabel(call, (source.plural, target.plural), tail[1], None)
        return no_content()
    if method != "POST" or tail[0] != "batch":
        return None
    verb = "/".join(tail[1:])
    if verb == "read":
        return _read(call, source, target)
    if verb in ("create", "archive", "associate/default", "labels/archive"):
        call.writes(source)
        return _write(call, source, target, verb)
    return None


def _label(call: Call, source: ObjectType, target: ObjectType) -> Response:
    body = call.body()
    if not isinstance(body.get("label"), str) or not isinstance(body.get("name"), str):
        raise invalid("Some required fields were not set: [label, name]")
    pair = (source.plural, target.plural)
    if any(kind.label == body["label"] for kind in call.portal.links.types(pair)):
        raise ApiError(409, f"A label '{body['label']}' already exists.", "OBJECT_ALREADY_EXISTS")
    before = len(call.portal.links.types(pair))
    call.portal.links.define(pair, str(body["label"]), str(body.get("inverseLabel") or body["label"]))
    made = call.portal.links.types(pair)[before:]
    if pair[0] != pair[1]:
        made += call.portal.links.types((pair[1], pair[0]))[-1:]
    return answer({"results": [kind.labelled() for kind in made]})


def _relabel(call: Call, pair: tuple[str, str], type_id: object, label: object) -> None:
    """Gives a label that people defined another name; None takes it away. Raises ApiError."""
    if label is not None and not isinstance(label, str):
        raise bad_json("label must be a string")
    if not call.portal.links.relabel(pair, whole(type_id), label):
        raise ApiError(404, f"Association type {type_id} is not a label of people's own", "OBJECT_NOT_FOUND")


def _read(call: Call, source: ObjectType, target: ObjectType) -> Response:
    """POST batch/read: records without associations are errors of a 207, not empty results."""
    inputs = call.inputs(READ_LIMIT)
    pair, most = (source.plural, target.plural), call.portal.behaviours.association_page
    old = call.route.linked_as_v3
    shapes: dict[Types, list[Json]] = {}
    results, errors = [], []
    for one in inputs:
        identifier = str(one.get("id"))
        links = [] if (number := whole(identifier)) is None else call.portal.links.of(pair, number)
        after = one.get("after")
        if after is not None:
            links = [link for link in links if link[0] >= _after(after)]
        if not links:
            errors.append(_none_found(source, target, identifier))
            continue
        to: list[Any] = []
        for other, types in links[:most]:
            if old:
                to += typed(source, target, other, types)
                continue
            if types not in shapes:
                shapes[types] = [kind.labelled() for kind in types]
            to.append({"toObjectId": other, "associationTypes": shapes[types]})
        result: Json = {"from": {"id": identifier}, "to": to}
        if len(links) > most:
            following = str(links[most][0])
            result["paging"] = {"next": {"after": following, "link": f"?after={following}"}}
        results.append(result)
    return envelope(call, results, errors, 200)


def _after(text: object) -> int:
    found = whole(text)
    if found is None:
        raise invalid(f"Invalid after: {text}")
    return found


def _none_found(source: ObjectType, target: ObjectType, identifier: str) -> Json:
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {target.singular} is associated with {source.singular} {identifier}.",
        "context": {
            "fromObjectId": [identifier],
            "fromObjectType": [source.singular],
            "toObjectType": [target.singular],
        },
    }


def _write(call: Call, source: ObjectType, target: ObjectType, verb: str) -> Response:
    pair, old = (source.plural, target.plural), call.route.linked_as_v3
    results, errors = [], []
    for one in call.inputs(WRITE_LIMIT):
        try:
            start = _existing(call, source, one.get("from"))
            if verb == "archive":
                ends = one.get("to") or []
                for reference in ends if isinstance(ends, list) else [ends]:
                    end = _existing(call, target, reference)
                    call.portal.links.archive(pair, start, end)
                    _changed(call, pair, start, end)
                continue
            end = _existing(call, target, one.get("to"))
            if verb == "labels/archive":
                call.portal.links.archive(pair, start, end, _types(call, pair, one.get("types")))
            elif verb == "associate/default":
                results += _defaults(call, pair, start, end)
            elif old:
                _linked(call, pair, start, end, _named(call, pair, one.get("type")))
                results.append({"from": {"id": str(start)}, "to": {"id": str(end)}, "type": str(one.get("type"))})
            else:
                results.append(_linked(call, pair, start, end, _types(call, pair, one.get("types"))))
            _changed(call, pair, start, end)
        except ApiError as refusal:
            errors.append(refusal.entry())
    if verb.endswith("archive") and not errors:
        return no_content()
    return envelope(call, results, errors, 200 if verb == "associate/default" else 201)


def _defaults(call: Call, pair: tuple[str, str], start: int, end: int) -> list[Json]:
    """Makes the unlabelled link; told from both sides."""
    kind = plain_type(*pair)
    if kind is None:
        raise invalid(f"{pair[0]} and {pair[1]} have no default association type")
    call.portal.links.create(pair, start, end, ())
    sides = ((start, end, kind), (end, start, call.portal.links.counterpart(pair, kind)))
    return [
        {
            "from": {"id": str(one)},
            "to": {"id": str(other)},
            "associationSpec": {"associationCategory": seen.category, "associationTypeId": seen.type_id},
        }
        for one, other, seen in sides
    ]


def _linked(call: Call, pair: tuple[str, str], start: int, end: int, types: Types) -> Json:
    made = call.portal.links.create(pair, start, end, types)
    dated = call.route.version in DATED
    return {
        "fromObjectTypeId": call.portal.kind(pair[0]).type_id,
        "fromObjectId": str(start) if dated else start,
        "toObjectTypeId": call.portal.kind(pair[1]).type_id,
        "toObjectId": str(end) if dated else end,
        "labels": [kind.label for kind in made if kind.label],
    }


def _named(call: Call, pair: tuple[str, str], given: Any) -> Types:
    """The association type that v3 names by id or in words."""
    plain = plain_type(*pair)
    words = f"{call.portal.kind(pair[0]).singular}_to_{call.portal.kind(pair[1]).singular}"
    for kind in call.portal.links.types(pair):
        if str(given) in (str(kind.type_id), kind.label) or (given == words and kind == plain):
            return (kind,)
    raise invalid(f"Association type {given} is not valid between {pair[0]} and {pair[1]}")


def _changed(call: Call, pair: tuple[str, str], start: int, end: int) -> None:
    call.portal.linked(pair, start)
    call.portal.linked((pair[1], pair[0]), end)
    told_of_link(call.portal, pair, start, end)


def _existing(call: Call, kind: ObjectType, reference: Any) -> int:
    identifier = reference.get("id") if isinstance(reference, dict) else None
    row = call.portal.find(kind, identifier)
    if row is None:
        raise ApiError(404, f"{kind.label} {identifier} does not exist", "OBJECT_NOT_FOUND")
    return call.portal.table(kind).ids[row]


def _types(call: Call, pair: tuple[str, str], given: Any) -> Types:
    known = {(kind.category, kind.type_id): kind for kind in call.portal.links.types(pair)}
    found = []
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise bad_json("types must be a list of objects")
    for one in given:
        key = (one.get("associationCategory"), one.get("associationTypeId"))
        if key not in known:
            raise invalid(f"Association type {key[1]} ({key[0]}) is not valid between {pair[0]} and {pair[1]}")
        found.append(known[key])
    if not found:
        raise invalid("types must not be empty")
    return tuple(found)


def of_record(call: Call, source: ObjectType, identifier: str, rest: tuple[str, ...]) -> Response | None:
    """objects/{type}/{id}/associations/{to}[/{toId}]; None: no such endpoint."""
    row = call.portal.find(source, identifier)
    if row is None:
        raise not_found()
    start = call.portal.table(source).ids[row]
    if rest[0] == "default":
        return _by_default(call, source, start, rest[1:])
    target = call.portal.kind(rest[0])
    pair, method = (source.plural, target.plural), call.request.method
    if method == "GET" and len(rest) == 1:
        return _page(call, source, target, start)
    if method not in ("PUT", "DELETE") or len(rest) < 2:
        return None
    call.writes(source)
    end = _existing(call, target, {"id": rest[1]})
    if method == "DELETE":
        call.portal.links.archive(pair, start, end)
        _changed(call, pair, start, end)
        return no_content()
    types = _types(call, pair, call.parsed())
    made = _linked(call, pair, start, end, types)
    _changed(call, pair, start, end)
    return answer(made, 201)


def _by_default(call: Call, source: ObjectType, start: int, rest: tuple[str, ...]) -> Response | None:
    if call.request.method != "PUT" or len(rest) != 2:
        return None
    call.writes(source)
    target = call.portal.kind(rest[0])
    pair, end = (source.plural, target.plural), _existing(call, target, {"id": rest[1]})
    results = _defaults(call, pair, start, end)
    _changed(call, pair, start, end)
    return envelope(call, results, [], 200)


def _page(call: Call, source: ObjectType, target: ObjectType, start: int) -> Response:
    call.reads(source)
    limit = call.whole("limit", 500, 500)
    links = call.portal.links.of((source.plural, target.plural), start)
    after = call.request.param("after")
    if after:
        links = [link for link in links if link[0] >= _after(after)]
    results: list[Any] = []
    for other, types in links[:limit]:
        if call.route.linked_as_v3:
            results += typed(source, target, other, types)
        else:
            results.append({"toObjectId": other, "associationTypes": [kind.labelled() for kind in types]})
    page: Json = {"results": results}
    if len(links) > limit:
        page["paging"] = call.paging(str(links[limit][0]))
    return answer(page)
