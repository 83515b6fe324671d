"""EmailMessage, Event and Task rows as canonical activities: who acted, towards whom, and was it counted before. Pure.

The rules, and why:

- An e-mail's side is that of its linked sender (User or Contact), else that of the sender's domain; `Incoming` is a hint.
- An e-mail has a Task as its twin (`ActivityId`): only the e-mail counts. A Task of subtype Email without one has no direction.
- List e-mails, sequence steps and what tools log by themselves are automated.
- Inviting colleagues makes child Events, and a series has a record of its own: neither is a meeting. Nor is a proposed one.
- A Task has a day; its hour is that of its completion, if that was on the same day.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

import pyarrow as pa

from connectors.records import SCHEMAS, TIME
from connectors.salesforce.config import ObjectMapping
from connectors.salesforce.ids import ACCOUNT, CASE, CONTACT, OPPORTUNITY, USER, is_a
from connectors.salesforce.translate.columns import Caster, Frame, as_ids, as_time, translated
from connectors.salesforce.translate.participants import (
    Sides,
    Tie,
    Ties,
    author_first,
    declined,
    fingerprint,
    only,
    people_of,
    uninvited,
    users_of,
    with_prefix,
)
from connectors.salesforce.translate.records import ID, STAMP, Translated

_DRAFT = "5"
_CREATED = "CreatedDate"
_AUTOMATED = ("ListEmail", "Cadence")
_DIRECTIONS = frozenset({"inbound", "outbound", "internal"})
_OUTCOMES = frozenset({"done", "not_connected", "no_show", "scheduled", "cancelled"})
_NO_MEETING = ("2", "3")
"""GroupEventType of a proposed event, and of the record of a series ("IsRecurrence2 Series Pattern")."""
_SAME_DAY = timedelta(hours=26)
"""Around noon UTC of a day: whatever the zone of the person whose day it was."""
_SEND_ORDER = {"FromAddress": 0, "ToAddress": 1, "CcAddress": 2, "BccAddress": 3}


_TEXT, _REAL, _FLAG, _ID = pa.string(), pa.float64(), pa.bool_(), None
_COMMON: dict[str, pa.DataType | None] = {"subject": _TEXT, "automated": _FLAG, "mandated": _FLAG}
_ABOUT: dict[str, pa.DataType | None] = dict.fromkeys(("who_id", "what_id", "account_id", "owner_id"), _ID)
_EMAIL = _COMMON | {
    "from_address": _TEXT,
    "incoming": _FLAG,
    "occurred_at": TIME,
    "status": _TEXT,
    "bounced": _FLAG,
    "related_to": _ID,
    "case_id": _ID,
    "thread": _TEXT,
    "reply_to": _ID,
    "message_id": _TEXT,
    "automation": _FLAG,
}
_EVENT = (
    _COMMON
    | _ABOUT
    | {"starts_at": TIME, "ends_at": TIME, "minutes": _REAL, "all_day": _FLAG, "child": _FLAG}
    | {"recurrence": _FLAG, "group_type": _TEXT, "outcome": _TEXT}
)
_TASK = (
    _COMMON
    | _ABOUT
    | {"subtype": _TEXT, "call_type": _TEXT, "type": _TEXT, "seconds": _REAL, "disposition": _TEXT}
    | {"occurred_at": TIME, "completed_at": TIME, "closed": _FLAG, "recurrence": _FLAG}
)


@dataclass(slots=True)
class _Page:
    """One page, to be gone through row by row, and what has become of its rows."""

    mapping: ObjectMapping
    frame: Frame
    caster: Caster
    made: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in SCHEMAS["activities"].names})
    gone: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, mapping: ObjectMapping, frame: Frame) -> _Page:
        return cls(mapping, frame, Caster("activities", mapping.object, as_ids(frame.get(ID)).to_pylist()))

    def rows(self, columns: Mapping[str, pa.DataType | None]) -> Iterator[dict[str, Any]]:
        """Each row by role, with its `id`, `created_at` and `modified_at`."""
        lists = {role: self._column(role, kind) for role, kind in columns.items()}
        lists |= {"id": list(self.caster.ids), "created_at": self._stamps(_CREATED), "modified_at": self._stamps(STAMP)}
        for values in zip(*lists.values(), strict=True):
            yield dict(zip(lists, values, strict=True))

    def add(self, row: Mapping[str, Any], **values: Any) -> None:
        """An activity made of the row."""
        same = ("id", "mandated", "created_at", "modified_at")
        for name, column in self.made.items():
            column.append(row[name] if name in same else values.get(name))

    def drop(self, row: Mapping[str, Any]) -> None:
        """The row is no activity (any more)."""
        self.gone.append(row["id"])

    def finish(self) -> Translated:
        schema = SCHEMAS["activities"]
        arrays = [pa.array(self.made[f.name], f.type) for f in schema]
        batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
        return Translated(batch, tuple(self.caster.rejects), tuple(self.gone))

    def _column(self, role: str, kind: pa.DataType | None) -> list[Any]:
        column = self.frame.get(self.mapping.fields.get(role))
        if kind is None:
            return list(as_ids(column).to_pylist())
        return list(self.caster.cast(role, translated(column, self.mapping.values.get(role, {})), kind).to_pylist())

    def _stamps(self, path: str) -> list[datetime | None]:
        return list(as_time(self.frame.get(path)).to_pylist())


def emails(mapping: ObjectMapping, frame: Frame, ties: Ties, sides: Sides) -> Translated:
    """EmailMessage rows. Drafts are not there."""
    page = _Page.of(mapping, frame)
    for row in page.rows(_EMAIL):
        if row["status"] == _DRAFT:
            page.drop(row)
            continue
        tied = sorted(ties.get(row["id"], ()), key=lambda tie: _SEND_ORDER.get(tie.kind, 9))
        people, users = people_of(tied), users_of(tied)
        case_id = only(row["case_id"], CASE) or only(row["related_to"], CASE)
        when = row["occurred_at"] or row["created_at"]
        message = row["message_id"]
        page.add(
            row,
            channel="case_reply" if case_id else "email",
            direction=_mail_direction(row["from_address"], row["incoming"], tied, sides),
            outcome="bounced" if row["bounced"] else "done",
            automated=bool(row["automated"]) or bool(row["automation"]) or sides.is_tool(row["subject"]),
            occurred_at=when,
            date_only=False,
            account_id=only(row["related_to"], ACCOUNT),
            opportunity_id=only(row["related_to"], OPPORTUNITY),
            case_id=case_id,
            sender=row["from_address"],
            person_ids=people,
            user_ids=users,
            thread_id=row["thread"] or row["reply_to"] or message,
            dedupe_key=message or fingerprint("email", when, (row["from_address"] or "", *people, *users)),
        )
    return page.finish()


def _mail_direction(sender: str | None, incoming: bool | None, tied: Sequence[Tie], sides: Sides) -> str | None:
    """Who is linked as the sender decides, then the sender's domain. `Incoming` is false unless somebody sets it: of a stranger's
    mail it counts when it went to customers only, as from another brand of ours."""
    own = sides.is_own(sender)
    author = next((tie.record_id for tie in tied if tie.kind == "FromAddress"), None)
    others = [tie.record_id for tie in tied if tie.kind != "FromAddress"]
    if is_a(author, USER) or own:
        ours: bool | None = True
    elif author is not None:
        ours = False
    elif own is None:
        ours = None if incoming is None else not incoming
    else:
        ours = incoming is False and bool(others) and not with_prefix(USER, others)
    if ours is None:
        return None
    if not ours:
        return "inbound"
    return "internal" if others and all(is_a(other, USER) for other in others) else "outbound"


def events(mapping: ObjectMapping, frame: Frame, ties: Ties, sides: Sides) -> Translated:
    """Event rows with their invitations. Children, the records of series and proposed meetings are not there."""
    page = _Page.of(mapping, frame)
    for row in page.rows(_EVENT):
        if row["child"] or row["recurrence"] or row["group_type"] in _NO_MEETING:
            page.drop(row)
            continue
        tied = ties.get(row["id"], ())
        people, users, host = _party(row["who_id"], row["owner_id"], tied)
        nobody_came = bool(people) and all(person in declined(tied) for person in people)
        start, minutes = row["starts_at"], row["minutes"]
        if minutes is None and start is not None and row["ends_at"] is not None:
            minutes = (row["ends_at"] - start).total_seconds() / 60.0
        called_off = nobody_came or sides.is_cancelled(row["subject"])
        page.add(
            row,
            channel="meeting",
            direction="inbound" if is_a(host, CONTACT) else ("outbound" if people else "internal"),
            outcome="cancelled" if called_off else _held(row["outcome"]),
            automated=bool(row["automated"]) or sides.is_tool(row["subject"]),
            occurred_at=start,
            date_only=bool(row["all_day"]),
            minutes=None if row["all_day"] else minutes,
            account_id=row["account_id"] or only(row["what_id"], ACCOUNT),
            opportunity_id=only(row["what_id"], OPPORTUNITY),
            case_id=only(row["what_id"], CASE),
            person_ids=people,
            user_ids=users,
            dedupe_key=fingerprint("meeting", start, (*people, *users)),
        )
    return page.finish()


def _party(who: str | None, owner: str | None, tied: Sequence[Tie]) -> tuple[list[str], list[str], str | None]:
    """Customer people, our people, the host. Who is no longer invited was not there; nor was who declined, unless all of theirs
    did."""
    host = next((tie.record_id for tie in tied if tie.organiser), None) or owner
    away = declined(tied)
    out = uninvited(tied)
    invited = [person for person in people_of(tied, only(who, CONTACT)) if person not in out]
    people = [person for person in invited if person not in away] or invited
    users = with_prefix(USER, [owner, *(tie.record_id for tie in tied if tie.record_id not in away | out)])
    return author_first(host, people), author_first(host, users), host


def tasks(
    mapping: ObjectMapping,
    frame: Frame,
    ties: Ties,
    sides: Sides,
    twins: Collection[str] = frozenset(),
    kinds: Collection[str] = ("call", "task"),
) -> Translated:
    """Task rows: calls, to-dos, and e-mails that are logged only here. `twins` are ids that an e-mail stands for; `kinds`
    (call, task) are what the object is mapped to: an object of calls only needs no subtype."""
    page = _Page.of(mapping, frame)
    for row in page.rows(_TASK):
        channel = _task_channel(row, kinds)
        if row["recurrence"] or row["id"] in twins or (channel == "call" and "call" not in kinds):
            page.drop(row)
            continue
        when, date_only = _moment(row)
        page.add(
            row,
            channel=channel,
            direction=_known(row["call_type"], _DIRECTIONS)
            if channel == "call"
            else (None if channel == "email" else "outbound"),
            outcome=_task_outcome(channel, row["closed"], row["disposition"]),
            automated=bool(row["automated"]) or row["subtype"] in _AUTOMATED or sides.is_tool(row["subject"]),
            occurred_at=when,
            date_only=date_only,
            minutes=None if row["seconds"] is None or channel != "call" else row["seconds"] / 60.0,
            account_id=row["account_id"] or only(row["what_id"], ACCOUNT),
            opportunity_id=only(row["what_id"], OPPORTUNITY),
            case_id=only(row["what_id"], CASE),
            person_ids=people_of(ties.get(row["id"], ()), only(row["who_id"], CONTACT)),
            user_ids=with_prefix(USER, [row["owner_id"]]),
            dedupe_key=f"task:{row['id']}",  # two calls of one day to one person are two calls
        )
    return page.finish()


def _task_channel(row: Mapping[str, Any], kinds: Collection[str]) -> str:
    plain = row["subtype"] in (None, "Task")
    if "task" not in kinds or row["subtype"] == "Call" or (plain and (row["call_type"] or row["type"] == "call")):
        return "call"
    if row["subtype"] in ("Email", "ListEmail") or (plain and row["type"] == "email"):
        return "email"
    if (row["subject"] or "").startswith("Email:"):
        return "email"
    return "note" if plain and row["type"] == "note" else "task"


def _moment(row: Mapping[str, Any]) -> tuple[datetime | None, bool]:
    """When, and whether only the day is known. A task closed on its own day, in whatever zone, was closed when it was done;
    one closed later was logged late."""
    day, completed = row["occurred_at"], row["completed_at"]
    if day is None:
        return completed or row["created_at"], False
    if day.time() != time.min:
        return day, False
    if completed is not None and abs(completed - (day + timedelta(hours=12))) <= _SAME_DAY:
        return completed, False
    return day, True


def _task_outcome(channel: str, closed: bool | None, disposition: str | None) -> str | None:
    if closed is None:
        return None
    if not closed:
        return "scheduled"
    return _known(disposition, _OUTCOMES) if channel == "call" and disposition else "done"


def _held(outcome: str | None) -> str | None:
    """A meeting that nobody says anything about was held; of one with a word that is not mapped it is unknown."""
    return "done" if outcome is None else _known(outcome, _OUTCOMES)


def _known(word: str | None, words: Collection[str]) -> str | None:
    """A word of the canonical vocabulary; `check` lists those that the mapping does not translate into it."""
    return word if word in words else None
