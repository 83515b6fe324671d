"""The activities stream: its objects in reading order, each page with the people tied to it."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from connectors.salesforce.api.describe import Schema, Selection
from connectors.salesforce.config import ActivityKind, ActivityMapping, ObjectMapping
from connectors.salesforce.read.fetch import Feed
from connectors.salesforce.read.lookups import Lookups, Need
from connectors.salesforce.translate.activities import emails, events, tasks
from connectors.salesforce.translate.columns import Frame, as_ids, as_real, as_text, from_json
from connectors.salesforce.translate.participants import Sides
from connectors.salesforce.translate.records import ID, Translated


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
    """The objects that are there, then what tells whose people have changed. Raises SchemaError for a missing required field."""
    made: list[Feed] = []
    again: list[Feed] = []
    for kinds, each in objects(mapping):
        selection = schema.select(each, "activities")
        if selection is None:
            continue
        seen: set[str] = set()
        if kinds == ("email",):
            translate = _noting(seen, _emails(each, lookups, sides))
            made.append(Feed(selection, translate, each.fields.get("task_id"), _ties_of("email", lookups)))
        elif kinds == ("meeting",):
            translate = _noting(seen, _events(each, lookups, sides))
            made.append(Feed(selection, translate, needs=_ties_of("meeting", lookups)))
        else:
            translate = _noting(seen, _tasks(kinds, selection, mapping.email, lookups, sides))
            made.append(Feed(selection, translate, needs=_needs_of_tasks(kinds, selection, mapping.email, lookups)))
        again += _changed_people(kinds[0], selection, lookups, translate, seen)
    return [*made, *again]


def _noting(seen: set[str], translate: Callable[[Frame], Translated]) -> Callable[[Frame], Translated]:
    """The same, and remembers which records it was given."""

    def noted(frame: Frame) -> Translated:
        seen.update(_ids(frame))
        return translate(frame)

    return noted


def _changed_people(
    kind: ActivityKind,
    selection: Selection,
    lookups: Lookups,
    translate: Callable[[Frame], Translated],
    seen: set[str],
) -> list[Feed]:
    """An invitation that is answered, or a person who is added, changes a relation and not the activity: activities whose
    relations have changed, and that are not among the changed ones anyway (`seen`), are read again by id."""
    told = lookups.changes(kind)
    if told is None:
        return []
    relation, key = told

    def again(frame: Frame) -> Translated:
        ids = [i for i in dict.fromkeys(as_ids(frame.get(key)).to_pylist()) if i is not None and i not in seen]
        return translate(from_json(lookups.records(selection, ids), selection.paths))

    return [Feed(relation, again, only_changes=True, tombstones=False)]


def _ties_of(kind: ActivityKind, lookups: Lookups) -> Callable[[Frame], list[Need]]:
    return lambda frame: _some(lookups.tie_need(kind, _ids(frame)))


def _needs_of_tasks(
    kinds: tuple[ActivityKind, ...], selection: Selection, email: ObjectMapping | None, lookups: Lookups
) -> Callable[[Frame], list[Need]]:
    def needs(frame: Frame) -> list[Need]:
        made = _some(lookups.tie_need(kinds[0], _shared(selection.mapping, frame)))
        if email is not None and "task_id" in email.fields and selection.mapping.object == "Task":
            likely = _likely_twins(selection.mapping, frame)
            made += _some(lookups.twin_need(email.object, email.fields["task_id"], likely))
        return made

    return needs


def _some(need: Need | None) -> list[Need]:
    return [] if need is None else [need]


def _shared(mapping: ObjectMapping, frame: Frame) -> list[str]:
    """Tasks with more people than the one that they name."""
    return _where(frame, pc.greater(as_real(frame.get(mapping.fields.get("who_count"))), 1))


def _likely_twins(mapping: ObjectMapping, frame: Frame) -> list[str]:
    """Tasks that an e-mail may stand for: those of its subtype, and the plain ones that Email-to-Case opens for the owner of a
    case when a message comes in."""
    subtype = as_text(frame.get(mapping.fields.get("subtype")))
    named = pc.starts_with(as_text(frame.get(mapping.fields.get("subject"))), "Email:")
    told = pc.or_(pc.is_null(subtype), pc.is_in(subtype, value_set=_TWINS))
    return _where(frame, pc.or_(told, pc.fill_null(named, False)))


def _ids(frame: Frame) -> list[str]:
    return [i for i in as_ids(frame.get(ID)).to_pylist() if i is not None]


def _emails(mapping: ObjectMapping, lookups: Lookups, sides: Sides) -> Callable[[Frame], Translated]:
    return lambda frame: emails(mapping, frame, lookups.ties("email", _ids(frame)), sides)


def _events(mapping: ObjectMapping, lookups: Lookups, sides: Sides) -> Callable[[Frame], Translated]:
    return lambda frame: events(mapping, frame, lookups.ties("meeting", _ids(frame)), sides)


def _tasks(
    kinds: tuple[ActivityKind, ...],
    selection: Selection,
    email: ObjectMapping | None,
    lookups: Lookups,
    sides: Sides,
) -> Callable[[Frame], Translated]:
    mapping = selection.mapping

    def translate(frame: Frame) -> Translated:
        twins: set[str] = set()
        if email is not None and "task_id" in email.fields and mapping.object == "Task":
            twins = lookups.twins(email.object, email.fields["task_id"], _likely_twins(mapping, frame))
        ties = lookups.ties(kinds[0], [i for i in _shared(mapping, frame) if i not in twins])
        return tasks(mapping, frame, ties, sides, twins, kinds)

    return translate


_TWINS = pa.array(["Email", "ListEmail"])
"""Subtypes of tasks that an e-mail record may stand for; asking about them costs a call per 10,000."""


def _where(frame: Frame, condition: object) -> list[str]:
    return [i for i in as_ids(frame.get(ID)).filter(pc.fill_null(condition, False)).to_pylist() if i is not None]
