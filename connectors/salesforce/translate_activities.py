"""EmailMessage, Event and Task rows as canonical activities: who acted, towards whom, and was it counted before. Pure.

The rules, and why:

- An e-mail's side is that of the sender's address (a User or a Contact where Salesforce matched it); `Incoming` is a hint.
- An e-mail has a Task as its twin (`ActivityId`): only the e-mail counts. A Task of subtype Email without one has no direction.
- List e-mails, sequence steps and what tools log by themselves are automated.
- Inviting colleagues makes child Events, and a series has a master: neither is a meeting of its own.
- A Task has a day, not an hour.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from connectors.records import SCHEMAS, TIME
from connectors.salesforce.columns import Caster, Frame, as_ids, as_time, translated
from connectors.salesforce.config import ObjectMapping
from connectors.salesforce.ids import ACCOUNT, CASE, CONTACT, OPPORTUNITY, USER, is_a
from connectors.salesforce.participants import (
    Sides,
    Tie,
    Ties,
    author_first,
    fingerprint,
    only,
    people_of,
    unless_declined,
    users_of,
    with_prefix,
)
from connectors.salesforce.translate import ID, STAMP, Translated

_DRAFT = "5"
_CREATED = "CreatedDate"
_SEND_ORDER = {"FromAddress": 0, "ToAddress": 1, "CcAddress": 2, "BccAddress": 3}


@dataclass(slots=True)
class _Rows:
    """The output, one list per column."""

    caster: Caster
    columns: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in SCHEMAS["activities"].names})
    gone: list[str] = field(default_factory=list)

    def add(self, **values: Any) -> None:
        for name, column in self.columns.items():
            column.append(values.get(name))

    def finish(self) -> Translated:
        schema = SCHEMAS["activities"]
        arrays = [pa.array(self.columns[f.name], f.type) for f in schema]
        return Translated(
            pa.RecordBatch.from_arrays(arrays, schema=schema), tuple(self.caster.rejects), tuple(self.gone)
        )


@dataclass(slots=True)
class _Page:
    """One page with its columns as Python values, by role."""

    mapping: ObjectMapping
    frame: Frame
    caster: Caster

    @classmethod
    def of(cls, mapping: ObjectMapping, frame: Frame) -> _Page:
        return cls(mapping, frame, Caster("activities", mapping.object, as_ids(frame.get(ID)).to_pylist()))

    def column(self, role: str, kind: pa.DataType) -> list[Any]:
        raw = translated(self.frame.get(self.mapping.fields.get(role)), self.mapping.values.get(role, {}))
        values: list[Any] = self.caster.cast(role, raw, kind).to_pylist()
        return values

    def texts(self, role: str) -> list[str | None]:
        return self.column(role, pa.string())

    def ids(self, role: str) -> list[str | None]:
        values: list[str | None] = as_ids(self.frame.get(self.mapping.fields.get(role))).to_pylist()
        return values

    def stamps(self, path: str) -> list[datetime | None]:
        values: list[datetime | None] = as_time(self.frame.get(path)).to_pylist()
        return values


def emails(mapping: ObjectMapping, frame: Frame, ties: Ties, sides: Sides) -> Translated:
    """EmailMessage rows. Drafts are not there."""
    page = _Page.of(mapping, frame)
    rows = _Rows(page.caster)
    for (
        record, sender, incoming, at, status, bounced, related, case, thread, reply_to, message, subject, mandated, made, stamp,
    ) in zip(
        page.caster.ids, page.texts("from_address"), page.column("incoming", pa.bool_()), page.column("occurred_at", TIME),
        page.texts("status"), page.column("bounced", pa.bool_()), page.ids("related_to"), page.ids("case_id"),
        page.texts("thread"), page.ids("reply_to"), page.texts("message_id"), page.texts("subject"),
        page.column("mandated", pa.bool_()), page.stamps(_CREATED), page.stamps(STAMP), strict=True,
    ):  # fmt: skip
        if status == _DRAFT:
            rows.gone.append(record or "")
            continue
        tied = sorted(ties.get(record or "", ()), key=lambda tie: _SEND_ORDER.get(tie.kind, 9))
        people, users = people_of(tied), users_of(tied)
        case_id = only(case, CASE) or only(related, CASE)
        when = at or made
        rows.add(
            id=record,
            channel="case_reply" if case_id else "email",
            direction=_mail_direction(sender, incoming, tied, sides),
            outcome="bounced" if bounced else "done",
            automated=sides.is_tool(subject),
            occurred_at=when,
            date_only=False,
            account_id=only(related, ACCOUNT),
            opportunity_id=only(related, OPPORTUNITY),
            case_id=case_id,
            person_ids=people,
            user_ids=users,
            thread_id=thread or reply_to or message,
            dedupe_key=message or fingerprint("email", when, (sender or "", *people, *users)),
            mandated=mandated,
            created_at=made,
            modified_at=stamp,
        )
    return rows.finish()


def _mail_direction(sender: str | None, incoming: bool | None, tied: Sequence[Tie], sides: Sides) -> str | None:
    ours = sides.is_own(sender)
    author = next((tie.record_id for tie in tied if tie.kind == "FromAddress"), None)
    if ours is None and author is not None:
        ours = is_a(author, USER)
    if ours is None and incoming is not None:
        ours = not incoming
    if ours is None:
        return None
    if not ours:
        return "inbound"
    others = [tie for tie in tied if tie.kind != "FromAddress"]
    return "internal" if others and all(is_a(tie.record_id, USER) for tie in others) else "outbound"


def events(mapping: ObjectMapping, frame: Frame, ties: Ties, sides: Sides) -> Translated:
    """Event rows with their invitations. Children and series masters are not there."""
    page = _Page.of(mapping, frame)
    rows = _Rows(page.caster)
    for (
        record, start, end, minutes, all_day, who, what, account, owner, child, series, subject, outcome, mandated, made, stamp,
    ) in zip(
        page.caster.ids, page.column("starts_at", TIME), page.column("ends_at", TIME), page.column("minutes", pa.float64()),
        page.column("all_day", pa.bool_()), page.ids("who_id"), page.ids("what_id"), page.ids("account_id"),
        page.ids("owner_id"), page.column("child", pa.bool_()), page.column("recurrence", pa.bool_()),
        page.texts("subject"), page.texts("outcome"), page.column("mandated", pa.bool_()), page.stamps(_CREATED),
        page.stamps(STAMP), strict=True,
    ):  # fmt: skip
        if child or series:
            rows.gone.append(record or "")
            continue
        tied = ties.get(record or "", ())
        host = next((tie.record_id for tie in tied if tie.organiser), None) or owner
        coming = [tie for tie in tied if tie.kind != "Declined"]
        declined = people_of(tied) if not people_of(coming) and only(who, CONTACT) in (None, *people_of(tied)) else []
        people = declined or author_first(host, people_of(coming, unless_declined(who, tied)))
        users = author_first(host, with_prefix(USER, [owner, *(tie.record_id for tie in coming)]))
        if minutes is None and start is not None and end is not None:
            minutes = (end - start).total_seconds() / 60.0
        if declined or (subject or "").lower().startswith(("canceled:", "cancelled:")):
            outcome = "cancelled"
        rows.add(
            id=record,
            channel="meeting",
            direction="inbound" if is_a(host, CONTACT) else ("outbound" if people else "internal"),
            outcome=outcome or "done",
            automated=sides.is_tool(subject),
            occurred_at=start,
            date_only=bool(all_day),
            minutes=None if all_day else minutes,
            account_id=account or only(what, ACCOUNT),
            opportunity_id=only(what, OPPORTUNITY),
            case_id=only(what, CASE),
            person_ids=people,
            user_ids=users,
            dedupe_key=fingerprint("meeting", start, (*people, *users)),
            mandated=mandated,
            created_at=made,
            modified_at=stamp,
        )
    return rows.finish()


def tasks(mapping: ObjectMapping, frame: Frame, ties: Ties, sides: Sides, twins: Collection[str], kinds: Collection[str]) -> Translated:  # fmt: skip
    """Task rows: calls, to-dos, and e-mails that are logged only here. `twins` are ids that an e-mail stands for; `kinds`
    (call, task) are what the object is mapped to: an object of calls only needs no subtype."""
    page = _Page.of(mapping, frame)
    rows = _Rows(page.caster)
    days = [len(text or "") == 10 for text in frame.text(mapping.fields.get("occurred_at"))]
    for (
        record, subtype, call, seconds, disposition, who, what, account, owner, day, is_day, completed, closed, subject,
        series, mandated, made, stamp,
    ) in zip(
        page.caster.ids, page.texts("subtype"), page.texts("call_type"), page.column("seconds", pa.float64()),
        page.texts("disposition"), page.ids("who_id"), page.ids("what_id"), page.ids("account_id"), page.ids("owner_id"),
        page.column("occurred_at", TIME), days, page.column("completed_at", TIME), page.column("closed", pa.bool_()),
        page.texts("subject"), page.column("recurrence", pa.bool_()), page.column("mandated", pa.bool_()),
        page.stamps(_CREATED), page.stamps(STAMP), strict=True,
    ):  # fmt: skip
        if series or record in twins:
            rows.gone.append(record or "")
            continue
        channel = _task_channel(subtype, call, subject, kinds)
        if channel not in kinds and not (channel == "email" and "task" in kinds):
            rows.gone.append(record or "")
            continue
        people = people_of(ties.get(record or "", ()), only(who, CONTACT))
        rows.add(
            id=record,
            channel=channel,
            direction=call if channel == "call" else (None if channel == "email" else "outbound"),
            outcome=_task_outcome(channel, closed, disposition),
            automated=subtype in ("ListEmail", "Cadence") or sides.is_tool(subject),
            occurred_at=day or completed or made,
            date_only=is_day,
            minutes=None if seconds is None or channel != "call" else seconds / 60.0,
            account_id=account or only(what, ACCOUNT),
            opportunity_id=only(what, OPPORTUNITY),
            case_id=only(what, CASE),
            person_ids=people,
            user_ids=with_prefix(USER, [owner]),
            dedupe_key=f"task:{record}",  # two calls of one day to one person are two calls
            mandated=mandated,
            created_at=made,
            modified_at=stamp,
        )
    return rows.finish()


def _task_channel(subtype: str | None, call: str | None, subject: str | None, kinds: Collection[str]) -> str:
    if "task" not in kinds or subtype == "Call" or (call is not None and subtype in (None, "Task")):
        return "call"
    if subtype in ("Email", "ListEmail") or (subject or "").startswith("Email:"):
        return "email"
    return "task"


def _task_outcome(channel: str, closed: bool | None, disposition: str | None) -> str | None:
    if closed is None:
        return None
    if not closed:
        return "scheduled"
    return disposition if channel == "call" and disposition else "done"
