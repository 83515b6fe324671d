"""Batches of objects: read, create, update, upsert, archive.

Without an `objectWriteTraceId` on its inputs one bad input makes the whole batch a 400 with nothing written; with a
different one on each the good ones are written and the others reported in a 207. Results come in no order that a client
could count on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from connectors.emulator.hubspot.api.objects import (
    add_history,
    by_unique,
    check_lock,
    create_one,
    written_record,
)
from connectors.emulator.hubspot.call import BATCH_LIMIT, HISTORY_LIMIT, Call
from connectors.emulator.hubspot.schema.objects import ObjectType
from connectors.emulator.hubspot.store.table import ARCHIVED, LIVE
from connectors.emulator.hubspot.wire import ApiError, Json, answer, invalid, iso, names, no_content, whole
from connectors.emulator.server.http import Response

Written = tuple[int, Json, list[Json]]
Plan = Callable[[], Written]


def envelope(call: Call, results: list[Json], errors: list[Json], status: int) -> Response:
    """The answer of a batch: 207 when there are errors."""
    now = iso(call.portal.now_ms())
    body: Json = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
    if errors:
        body |= {"numErrors": len(errors), "errors": errors}
    return answer(body, 207 if errors else status)


def missing(kind: ObjectType, ids: list[str]) -> Json:
    """The error entry of a batch for ids that do not exist."""
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": f"Could not get some {kind.singular.upper()} objects, they may be deleted or not exist. "
        "Check that ids are valid.",
        "context": {"ids": ids},
    }


def shuffled(records: list[Json]) -> list[Json]:
    """In an order that is neither the request's nor that of ids, but the same every time."""
    return sorted(records, key=lambda record: (str(record["id"])[::-1], record["id"]))


def read(call: Call, kind: ObjectType) -> Response:
    """POST batch/read: merged-away ids are simply missing from the answer."""
    call.reads(kind)
    body = call.body()
    with_history = names(body.get("propertiesWithHistory"), "propertiesWithHistory")
    inputs = call.inputs(HISTORY_LIMIT if with_history else BATCH_LIMIT)
    _no_duplicates(inputs)
    table, unique = call.portal.table(kind), body.get("idProperty")
    wanted = names(body.get("properties"), "properties") or kind.defaults
    columns = call.portal.shown(kind, [*wanted, *with_history])
    results, absent = [], []
    for one in inputs:
        identifier = str(one.get("id"))
        row = _row(call, kind, identifier, unique, ARCHIVED if call.archived else LIVE)
        if row is not None:
            record = table.render(row, columns)
            add_history(call, table, row, record, with_history)
            results.append(record)
        elif not _merged_away(call, kind, identifier):
            absent.append(identifier)
    return envelope(call, shuffled(results), [missing(kind, absent)] if absent else [], 200)


def created(call: Call, kind: ObjectType) -> Response:
    """POST batch/create"""
    call.writes(kind)

    def plan(one: Json) -> Plan:
        call.portal.check(kind, one.get("properties"), None, rules=call.route.enforces_rules)

        def make() -> Written:
            row, warnings = create_one(call, kind, one)
            return row, one.get("properties") or {}, warnings

        return make

    return _run(call, kind, call.inputs(), plan, traced=True, status=201)


def updated(call: Call, kind: ObjectType) -> Response:
    """POST batch/update: merged-away ids are simply missing from the answer."""
    call.writes(kind)
    inputs = call.inputs()
    _no_duplicates(inputs)

    def plan(one: Json) -> Plan | None:
        identifier = str(one.get("id"))
        check_lock(call, identifier)
        row = _row(call, kind, identifier, one.get("idProperty"))
        if row is None and _merged_away(call, kind, identifier):
            return None
        values = call.portal.check(kind, one.get("properties"), row, rules=call.route.enforces_rules)
        if row is None:
            raise _Missing(identifier)
        return lambda: _update(call, kind, row, values)

    return _run(call, kind, inputs, plan, traced=call.portal.behaviours.trace_ids_on_update, status=200)


def upserted(call: Call, kind: ObjectType) -> Response:
    """POST batch/upsert: by a unique property; results say whether the record is new."""
    call.writes(kind)
    inputs = call.inputs()
    _no_duplicates(inputs)

    def plan(one: Json) -> Plan:
        unique, identifier = one.get("idProperty"), str(one.get("id"))
        if not unique:
            raise invalid("idProperty is required for upsert")
        row = by_unique(call, kind, str(unique), identifier)
        values = call.portal.check(kind, one.get("properties"), row, rules=call.route.enforces_rules)
        if row is not None:
            return lambda: _update(call, kind, row, values)
        return lambda: (call.portal.create(kind, {**values, str(unique): identifier}), dict(values), [])

    before = call.portal.table(kind).next_id()
    return _run(call, kind, inputs, plan, traced=True, status=200, new_from=before)


def archived(call: Call, kind: ObjectType) -> Response:
    """POST batch/archive: 204 whatever is already gone."""
    call.writes(kind)
    inputs = call.inputs()
    _no_duplicates(inputs)
    for one in inputs:
        row = call.portal.find(kind, one.get("id"))
        if row is not None:
            call.portal.archive(call.portal.table(kind), row)
    return no_content()


class _Missing(Exception):
    """An input names a record that does not exist."""


def _update(call: Call, kind: ObjectType, row: int, values: dict[str, str | None]) -> Written:
    call.portal.update(call.portal.table(kind), row, values)
    return row, dict(values), []


def _row(call: Call, kind: ObjectType, identifier: str, unique: object = None, state: int = LIVE) -> int | None:
    if unique and unique != "hs_object_id":
        return by_unique(call, kind, str(unique), identifier)
    number = whole(identifier)
    return None if number is None else call.portal.table(kind).row(number, state)


def _merged_away(call: Call, kind: ObjectType, identifier: str) -> bool:
    return whole(identifier) in call.portal.table(kind).merged_into


def _no_duplicates(inputs: list[Json]) -> None:
    counts = Counter(str(one.get("id")) for one in inputs)
    twice = [identifier for identifier, count in counts.items() if count > 1]
    if twice:
        raise invalid(
            f"Duplicate IDs found in batch input: [{', '.join(twice)}]. IDs must be unique", context={"ids": twice}
        )


def _run(
    call: Call,
    kind: ObjectType,
    inputs: list[Json],
    plan: Callable[[Json], Plan | None],
    *,
    traced: bool,
    status: int,
    new_from: int | None = None,
) -> Response:
    """Checks every input before anything is written, then writes the good ones if the rules of the batch let it."""
    traces = [one.get("objectWriteTraceId") for one in inputs]
    partial = traced and all(traces) and len(set(map(str, traces))) == len(traces)
    plans: list[Plan] = []
    errors: list[Json] = []
    absent: list[str] = []
    for one in inputs:
        try:
            planned = plan(one)
        except _Missing as gone:
            absent.append(str(gone))
            if partial:
                errors.append(_with_trace(missing(kind, [str(gone)]), one))
        except ApiError as refusal:
            if not partial or refusal.status == 423:
                raise
            errors.append(_with_trace(refusal.entry(), one))
        else:
            if planned is not None:
                plans.append(planned)
    results = []
    for planned in plans:
        try:
            row, written, warnings = planned()
        except ApiError as refusal:
            if not partial:
                raise
            errors.append(refusal.entry())
            continue
        record = written_record(call, kind, row, written, warnings)
        if new_from is not None:
            record["new"] = int(record["id"]) >= new_from
        results.append(record)
    if absent and not partial:
        errors.append(missing(kind, absent))
    return envelope(call, shuffled(results), errors, status)


def _with_trace(entry: Json, one: Json) -> Json:
    context = {**entry.get("context", {}), "objectWriteTraceId": [str(one["objectWriteTraceId"])]}
    if one.get("id") is not None:
        context.setdefault("ids", [str(one["id"])])
    return {**entry, "context": context}
