"""The activities stream: its objects in reading order, each page with the people tied to it."""

from __future__ import annotations

from collections.abc import Callable

from connectors.salesforce.api.describe import Schema, Selection
from connectors.salesforce.config import ActivityKind, ActivityMapping, ObjectMapping
from connectors.salesforce.read.fetch import Feed
from connectors.salesforce.read.lookups import Lookups
from connectors.salesforce.translate.activity import ActivityObject, ids_of
from connectors.salesforce.translate.columns import Frame, as_ids, from_json
from connectors.salesforce.translate.email_message import EmailMessages
from connectors.salesforce.translate.event import Events
from connectors.salesforce.translate.participants import Sides
from connectors.salesforce.translate.records import Translated
from connectors.salesforce.translate.task import Tasks


def objects(mapping: ActivityMapping) -> list[tuple[tuple[ActivityKind, ...], ObjectMapping]]:
    """Each object once, with the kinds it is read for: e-mails first, because tasks may be their twins."""
    kinds: list[tuple[tuple[ActivityKind, ...], ObjectMapping]] = []
    if mapping.email is not None:
        kinds.append((("email",), mapping.email))
    if mapping.meeting is not None:
        kinds.append((("meeting",), mapping.meeting))
    call, task = mapping.call, mapping.task
    if call is not None and task is not None and call.object == task.object:
        both = ObjectMapping(
            object=call.object,
            fields={**task.fields, **call.fields},
            values={**task.values, **call.values},
            required=tuple(dict.fromkeys([*task.required, *call.required])),
        )
        return [*kinds, (("call", "task"), both)]
    if call is not None:
        kinds.append((("call",), call))
    if task is not None:
        kinds.append((("task",), task))
    return kinds


def feeds(mapping: ActivityMapping, schema: Schema, lookups: Lookups, sides: Sides) -> list[Feed]:
    """The objects that are there, then what tells whose people have changed. Raises SchemaError for a missing required
    field.
    """
    made: list[Feed] = []
    again: list[Feed] = []
    for kinds, each in objects(mapping):
        selection = schema.select(each, "activities")
        if selection is None:
            continue
        held: ActivityObject
        if kinds == ("email",):
            held = EmailMessages(each, lookups, sides)
        elif kinds == ("meeting",):
            held = Events(each, lookups, sides)
        else:
            held = Tasks(each, lookups, sides, kinds, mapping.email)
        seen: set[str] = set()
        translate = _noting(seen, held.translate)
        made.append(
            Feed(selection, translate, each.fields.get("task_id") if held.kind == "email" else None, held.needs)
        )
        again += _changed_people(held.kind, selection, lookups, translate, seen)
    return [*made, *again]


def _noting(seen: set[str], translate: Callable[[Frame], Translated]) -> Callable[[Frame], Translated]:
    """The same, and remembers which records it was given."""

    def noted(frame: Frame) -> Translated:
        seen.update(ids_of(frame))
        return translate(frame)

    return noted


def _changed_people(
    kind: ActivityKind,
    selection: Selection,
    lookups: Lookups,
    translate: Callable[[Frame], Translated],
    seen: set[str],
) -> list[Feed]:
    """An invitation that is answered, or a person who is added, changes a relation and not the activity: activities
    whose relations have changed, and that are not among the changed ones anyway (`seen`), are read again by id.
    """
    changes = lookups.changes(kind)
    if changes is None:
        return []
    relation, key = changes

    def again(frame: Frame) -> Translated:
        ids = [i for i in dict.fromkeys(as_ids(frame.get(key)).to_pylist()) if i is not None and i not in seen]
        return translate(from_json(lookups.records(selection, ids), selection.paths))

    return [Feed(relation, again, only_changes=True, tombstones=False)]
