"""Lists over the wire: made, found, filled, archived and restored."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connectors.emulator.hubspot.call import Call
from connectors.emulator.hubspot.schema.objects import ObjectType
from connectors.emulator.hubspot.store.lists import DYNAMIC, MANUAL, SNAPSHOT, RecordList, Test, compiled, members
from connectors.emulator.hubspot.wire import ApiError, Json, answer, bad_json, flag, invalid, iso, no_content, whole
from connectors.emulator.server.http import Response

PAGE, MOST_MEMBERS, MOST_FOUND = 250, 100_000, 500


def handle(call: Call, rest: tuple[str, ...]) -> Response | None:
    """Anything under lists; None: no such endpoint."""
    method = call.request.method
    reads = method == "GET" or rest == ("search",)
    call.access.require(call.token, "crm.lists.read" if reads else "crm.lists.write")
    if not rest:
        return _create(call) if method == "POST" else _by_ids(call) if method == "GET" else None
    if method == "POST" and rest == ("search",):
        return _search(call)
    if method == "GET" and rest[0] == "object-type-id" and len(rest) == 4 and rest[2] == "name":
        return _by_name(call, call.portal.kind(rest[1]), rest[3])
    if method == "GET" and rest[0] == "records" and len(rest) == 4 and rest[3] == "memberships":
        return _of_record(call, call.portal.kind(rest[1]), rest[2])
    if method == "PUT" and rest[1:] == ("restore",):
        return _restore(call, rest[0])
    return _one(call, _found(call, rest[0]), rest[1:])


def _one(call: Call, one: RecordList, rest: tuple[str, ...]) -> Response | None:
    method = call.request.method
    if not rest:
        if method == "GET":
            return answer({"list": _shown(call, one)})
        if method == "DELETE":
            one.deleted = call.portal.now_ms()
            return no_content()
    if method == "PUT" and rest == ("update-list-name",):
        return _rename(call, one)
    if method == "PUT" and rest == ("update-list-filters",):
        return _refilter(call, one)
    if rest[:1] == ("memberships",):
        return _memberships(call, one, rest[1:])
    return None


def _memberships(call: Call, one: RecordList, rest: tuple[str, ...]) -> Response | None:
    method = call.request.method
    if method == "GET" and rest in ((), ("join-order",)):
        return _members(call, one)
    if one.processing == DYNAMIC:
        raise invalid("The memberships of a DYNAMIC list follow from its filters and cannot be changed.")
    if method == "DELETE" and not rest:
        one.members.clear()
        return no_content()
    if method != "PUT" or len(rest) not in (1, 2):
        return None
    if rest[0] == "add-from" and len(rest) == 2:
        source = _found(call, rest[1])
        _changed(call, one, _held(call, source), ())
        return no_content()
    body = call.parsed()
    if rest == ("add",):
        return answer(_changed(call, one, _ids(body), ()))
    if rest == ("remove",):
        return answer(_changed(call, one, (), _ids(body)))
    if rest == ("add-and-remove",):
        given = body if isinstance(body, dict) else {}
        added, removed = (_ids(given.get(key) or []) for key in ("recordIdsToAdd", "recordIdsToRemove"))
        return answer(_changed(call, one, added, removed))
    return None


def _create(call: Call) -> Response:
    body = call.body()
    missing = [key for key in ("name", "objectTypeId", "processingType") if not isinstance(body.get(key), str)]
    if missing:
        raise invalid(f"Some required fields were not set: [{', '.join(missing)}]")
    kind, processing = call.portal.kind(body["objectTypeId"]), body["processingType"]
    if processing not in (MANUAL, SNAPSHOT, DYNAMIC):
        raise invalid(f"Invalid processingType: {processing}")
    if any(one.name == body["name"] and one.kind == kind for one in call.portal.lists.live()):
        raise invalid(f"A list named '{body['name']}' already exists.", subCategory="ILS.DUPLICATE_LIST_NAMES")
    branch = body.get("filterBranch")
    if processing == MANUAL and branch:
        raise invalid("A MANUAL list has no filterBranch.")
    now = call.portal.now_ms()
    made = RecordList(call.portal.lists.next_id(), body["name"], kind, processing, branch, now, now)
    if processing != MANUAL:
        test = _test(call, made)
        if processing == SNAPSHOT:
            made.members = members(made, call.portal.table(kind), test)
    call.portal.lists.all[made.id] = made
    return answer({"list": _shown(call, made)})


def _by_ids(call: Call) -> Response:
    wanted = call.request.params("listIds")
    found = [call.portal.lists.all[one] for one in wanted if one in call.portal.lists.all]
    return answer({"lists": [_shown(call, one) for one in found if one.deleted is None]})


def _by_name(call: Call, kind: ObjectType, name: str) -> Response:
    for one in call.portal.lists.live():
        if one.kind == kind and one.name.lower() == name.lower():
            return answer({"list": _shown(call, one)})
    raise ApiError(404, f"No list named {name} exists for object type {kind.type_id}", "OBJECT_NOT_FOUND")


def _search(call: Call) -> Response:
    body = call.body()
    offset, count = whole(body.get("offset") or 0), whole(body.get("count") or 20)
    if offset is None or count is None or count > MOST_FOUND:
        raise invalid(f"offset and count must be whole numbers, count at most {MOST_FOUND}")
    query, kinds, ids = (
        str(body.get("query") or "").lower(),
        body.get("processingTypes") or (),
        body.get("listIds") or (),
    )
    found = [
        one
        for one in call.portal.lists.live()
        if query in one.name.lower() and (not kinds or one.processing in kinds) and (not ids or one.id in ids)
    ]
    if body.get("objectTypeId"):
        found = [one for one in found if one.kind == call.portal.kind(str(body["objectTypeId"]))]
    page = found[offset : offset + count]
    results = [{**one.shown(), "additionalProperties": {"hs_list_size": str(len(_held(call, one)))}} for one in page]
    following = offset + len(page)
    return answer({"offset": following, "hasMore": following < len(found), "lists": results, "total": len(found)})


def _of_record(call: Call, kind: ObjectType, identifier: str) -> Response:
    number = whole(identifier)
    found = []
    for one in call.portal.lists.live():
        at = _held(call, one).get(number or -1) if one.kind == kind else None
        if at is not None:
            stamps = {"firstAddedTimestamp": iso(at), "lastAddedTimestamp": iso(at)}
            found.append({"listId": one.id, "listVersion": one.version, "isPublicList": False, **stamps})
    return answer({"results": found, "total": len(found)})


def _rename(call: Call, one: RecordList) -> Response:
    name = call.request.param("listName")
    if not name:
        raise invalid("listName is required")
    one.name, one.updated, one.version = name, call.portal.now_ms(), one.version + 1
    return answer({"updatedList": _shown(call, one)})


def _refilter(call: Call, one: RecordList) -> Response:
    if one.processing != DYNAMIC:
        raise invalid(f"The filters of a {one.processing} list cannot be changed.")
    branch = call.body().get("filterBranch")
    compiled(branch, call.portal.table(one.kind), _types(call, one.kind))
    one.branch, one.updated, one.version = branch, call.portal.now_ms(), one.version + 1
    return answer({"updatedList": _shown(call, one)})


def _restore(call: Call, identifier: str) -> Response:
    one = call.portal.lists.all.get(identifier)
    if one is None or one.deleted is None:
        raise ApiError(404, f"List {identifier} is not deleted", "OBJECT_NOT_FOUND")
    one.deleted = None
    return no_content()


def _members(call: Call, one: RecordList) -> Response:
    """In the order of ids; `after` is the first id of the next page."""
    limit, after = call.whole("limit", 100, PAGE) or 100, whole(call.request.param("after") or 0)
    if after is None:
        raise invalid("Invalid after")
    found = [(record, at) for record, at in _held(call, one).items() if record >= after]
    results = [{"recordId": str(record), "membershipTimestamp": iso(at)} for record, at in found[:limit]]
    page: Json = {"results": results, "total": len(_held(call, one))}
    if len(found) > limit:
        page["paging"] = call.paging(str(found[limit][0]))
    return answer(page)


def _changed(call: Call, one: RecordList, added: Iterable[int], removed: Iterable[int]) -> Json:
    table, now = call.portal.table(one.kind), call.portal.now_ms()
    came, absent = [], []
    for record in added:
        if table.row(record) is None:
            absent.append(str(record))
        elif record not in one.members:
            one.members[record] = now
            came.append(str(record))
    went = [str(record) for record in removed if one.members.pop(record, None) is not None]
    return {"recordsIdsAdded": came, "recordIdsRemoved": went, "recordIdsMissing": absent}


def _ids(given: Any) -> list[int]:
    found = [whole(one) for one in given] if isinstance(given, list) else [None]
    if len(found) > MOST_MEMBERS or any(one is None for one in found):
        raise bad_json(f"a list of at most {MOST_MEMBERS} record ids was expected")
    return [one for one in found if one is not None]


def _held(call: Call, one: RecordList) -> dict[int, int]:
    test = _test(call, one) if one.processing == DYNAMIC else None
    return members(one, call.portal.table(one.kind), test)


def _test(call: Call, one: RecordList) -> Test:
    return compiled(one.branch, call.portal.table(one.kind), _types(call, one.kind))


def _types(call: Call, kind: ObjectType) -> Any:
    definitions = call.portal.definitions(kind)

    def type_of(name: str) -> str | None:
        found = definitions.get(name)
        return None if found is None else str(found["type"])

    return type_of


def _shown(call: Call, one: RecordList) -> Json:
    made = one.shown(size=len(_held(call, one)))
    if one.branch and flag(call.request.param("includeFilters")):
        made["filterBranch"] = one.branch
    return made


def _found(call: Call, identifier: str) -> RecordList:
    one = call.portal.lists.all.get(identifier)
    if one is None or one.deleted is not None:
        raise ApiError(404, f"List with id {identifier} does not exist", "OBJECT_NOT_FOUND")
    return one
