"""E-mails, messages, calls, meetings and tasks to the canonical activities: who acted, what came of it, how long, with
whom.

An outcome that an admin has added is unknown until the mapping says what it means. Subjects and bodies are never asked
for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.hubspot.config import Kind
from connectors.hubspot.links import Link, Links
from connectors.hubspot.translate import values
from connectors.hubspot.translate.participants import Envelope, Sides, email_direction, envelope
from connectors.hubspot.translate.records import Sheet, batch, first
from connectors.hubspot.translate.values import Texts
from connectors.records import TIME

Strings = list[str | None]
Columns = dict[str, "pa.Array | Sequence[Any]"]

_NO_LINKS: Links = {}
_EMAIL_OUTCOME = {
    "SENT": "done",
    "BOUNCED": "bounced",
    "FAILED": "bounced",
    "SCHEDULED": "scheduled",
    "SENDING": "scheduled",
}
_CALL_NOT_CONNECTED = frozenset({"NO_ANSWER", "BUSY", "FAILED", "CANCELED", "MISSED"})
_CALL_OPEN = frozenset({"QUEUED", "RINGING", "CONNECTING", "CALLING_CRM_USER", "IN_PROGRESS"})
_MEETING_OUTCOME = {
    "COMPLETED": "done",
    "NO_SHOW": "no_show",
    "CANCELED": "cancelled",
    "RESCHEDULED": "cancelled",
}
"""Of those that HubSpot comes with; SCHEDULED and none are settled by time."""
_TASK_OUTCOME = {"COMPLETED": "done", "NOT_STARTED": "scheduled", "IN_PROGRESS": "scheduled", "WAITING": "scheduled"}
_TASK_OUTCOME["DEFERRED"] = "scheduled"
OUTCOMES: dict[Kind, dict[str, frozenset[str]]] = {
    "emails": {"status": frozenset(_EMAIL_OUTCOME)},
    "calls": {"disposition": frozenset({"connected", "not_connected"})},
    "meetings": {"status": frozenset({*_MEETING_OUTCOME, "SCHEDULED"})},
    "tasks": {"status": frozenset(_TASK_OUTCOME)},
}
"""By kind and field: the values, as the mapping translates them, that say what came of an activity."""


@dataclass(frozen=True, slots=True)
class Linked:
    """The associations of some activities, by what they lead to."""

    companies: Links = field(default_factory=dict)
    contacts: Links = field(default_factory=dict)
    deals: Links = field(default_factory=dict)
    tickets: Links = field(default_factory=dict)


def envelopes(sheet: Sheet) -> list[Envelope]:
    """Who wrote each of the mails to whom."""
    columns = (sheet.texts(name) for name in ("direction", "sender", "recipients", "copies", "headers"))
    return [envelope(*row) for row in zip(*columns, strict=True)]


def ambiguous(sheet: Sheet, mails: Sequence[Envelope], contacts: Links, sides: Sides) -> set[str]:
    """Contacts whose addresses are needed to tell who of them wrote a mail, or to whom it was written first."""
    doubtful = {
        record_id
        for record_id, hint, mail in zip(sheet.ids, sheet.texts("direction"), mails, strict=True)
        if hint != "INCOMING_EMAIL" and mail.sender and not sides.ours(mail.sender)
    }
    return {link.record_id for i, links in contacts.items() if len(links) > 1 or i in doubtful for link in links}


def emails(sheet: Sheet, linked: Linked, sides: Sides, mails: Sequence[Envelope]) -> Columns:
    hints = sheet.texts("direction")
    linked_people = [_ids(linked.contacts.get(i, ())) for i in sheet.ids]
    directions = [
        email_direction(hint, mail, sides, people)
        for hint, mail, people in zip(hints, mails, linked_people, strict=True)
    ]
    owners, starts = sheet.texts("owner_id"), sheet.texts("occurred_at")
    user_ids, person_ids = [], []
    for found, direction, mail, owner in zip(linked_people, directions, mails, owners, strict=True):
        receiving = [sides.owners.get(address) for address in mail.recipients]
        sending = sides.owners.get(mail.sender or "") if direction != "inbound" else None
        user_ids.append(_once([sending, owner, *receiving] if sending else [*receiving, owner]))
        if len(found) > 1:
            order = [mail.sender or "", *mail.recipients]
            found.sort(key=lambda person: _rank(order, sides.contact_emails.get(person, ())))
        person_ids.append(found)
    threads = [
        thread or (_digest("thread", *mail.people) if len(mail.people) > 1 else None)
        for thread, mail in zip(sheet.texts("thread_id"), mails, strict=True)
    ]
    keys = [
        message or (_digest("email", start or "", mail.sender or "", *mail.people) if start and mail.people else None)
        for message, start, mail in zip(sheet.texts("message_id"), starts, mails, strict=True)
    ]
    return {
        "channel": ["case_reply" if i in linked.tickets else "email" for i in sheet.ids],
        "direction": directions,
        "outcome": [
            "scheduled" if hint == "DRAFT_EMAIL" else _EMAIL_OUTCOME.get((status or "SENT").upper())
            for hint, status in zip(hints, sheet.texts("status"), strict=True)
        ],
        "sender": [mail.sender for mail in mails],
        "case_id": [first(linked.tickets.get(i, ())) for i in sheet.ids],
        "person_ids": person_ids,
        "user_ids": user_ids,
        "thread_id": threads,
        "dedupe_key": keys,
    }


def communications(sheet: Sheet, linked: Linked) -> Columns:
    """WhatsApp, SMS and LinkedIn messages. HubSpot does not tell who wrote one: unknown, unless a property of the
    portal's own is mapped."""
    known = {"INBOUND": "inbound", "OUTBOUND": "outbound"}
    return {
        "channel": ["message"] * len(sheet.ids),
        "direction": [known.get((d or "").upper()) for d in sheet.texts("direction")],
        "outcome": ["done"] * len(sheet.ids),
        "case_id": [first(linked.tickets.get(i, ())) for i in sheet.ids],
        "person_ids": [_ids(linked.contacts.get(i, ())) for i in sheet.ids],
        "user_ids": [_once([owner]) for owner in sheet.texts("owner_id")],
        "thread_id": sheet.texts("thread_id"),
    }


def calls(sheet: Sheet, linked: Linked) -> Columns:
    spent = sheet.column("milliseconds", pa.float64())
    directions = [
        {"INBOUND": "inbound", "OUTBOUND": "outbound"}.get((d or "").upper()) for d in sheet.texts("direction")
    ]
    outcomes = [
        _call_outcome(*row)
        for row in zip(sheet.texts("status"), sheet.texts("disposition"), spent.to_pylist(), strict=True)
    ]
    people = [_ids(linked.contacts.get(i, ())) for i in sheet.ids]
    owners, starts = sheet.texts("owner_id"), sheet.texts("occurred_at")
    return {
        "channel": ["call"] * len(directions),
        "direction": directions,
        "outcome": outcomes,
        "minutes": pc.divide(pc.if_else(pc.greater(spent, 0.0), spent, None), 60_000.0),
        "person_ids": people,
        "user_ids": [_once([owner]) for owner in owners],
        "dedupe_key": [
            _call_key(*row) for row in zip(starts, owners, sheet.texts("milliseconds"), people, strict=True)
        ],
    }


def meetings(sheet: Sheet, linked: Linked, now: datetime) -> Columns:
    starts = pc.coalesce(sheet.column("starts_at", TIME), sheet.column("occurred_at", TIME))
    ends = sheet.column("ends_at", TIME)
    length = pc.divide(pc.cast(pc.microseconds_between(starts, ends), pa.float64()), 60e6)
    over = pc.fill_null(pc.less_equal(pc.coalesce(ends, starts), pa.scalar(now, TIME)), fill_value=False).to_pylist()
    statuses = [(s or "").upper() for s in sheet.texts("status")]
    owners = sheet.texts("owner_id")
    people = [_ids(linked.contacts.get(i, ())) for i in sheet.ids]
    begun: Texts = sheet.texts("starts_at")
    return {
        "channel": ["meeting"] * len(owners),
        "direction": [
            "inbound" if source == "meetings_link" else ("outbound" if owner else None)
            for source, owner in zip(sheet.texts("source"), owners, strict=True)
        ],
        "outcome": [
            _MEETING_OUTCOME.get(s) if s not in ("", "SCHEDULED") else ("done" if past else "scheduled")
            for s, past in zip(statuses, over, strict=True)
        ],
        "occurred_at": starts,
        "minutes": pc.if_else(pc.greater_equal(length, 0.0), length, None),
        "person_ids": people,
        "user_ids": [
            _once([owner, *(values.names(listed) or ())])
            for owner, listed in zip(owners, sheet.texts("attendees"), strict=True)
        ],
        "dedupe_key": [
            _digest("meeting", start, *who) if start and who else None for start, who in zip(begun, people, strict=True)
        ],
    }


def tasks(sheet: Sheet, linked: Linked) -> Columns:
    statuses = [(s or "").upper() for s in sheet.texts("status")]
    return {
        "channel": ["task"] * len(statuses),
        "direction": ["outbound"] * len(statuses),
        "outcome": [_TASK_OUTCOME.get(s) for s in statuses],
        "occurred_at": pc.coalesce(sheet.column("completed_at", TIME), sheet.column("occurred_at", TIME)),
        "person_ids": [_ids(linked.contacts.get(i, ())) for i in sheet.ids],
        "user_ids": [_once([owner]) for owner in sheet.texts("owner_id")],
    }


def activities(
    kind: Kind, sheet: Sheet, linked: Linked, sides: Sides, now: datetime, mails: Sequence[Envelope] = ()
) -> pa.RecordBatch:
    """One kind of activity as a canonical batch. `now` tells which meetings without an outcome have been held.

    Every company and deal that an activity is associated with is kept: HubSpot associates by itself, and which of them
    it is about is decided where all records are known.
    """
    by_kind: dict[Kind, Callable[[], Columns]] = {
        "emails": lambda: emails(sheet, linked, sides, mails),
        "communications": lambda: communications(sheet, linked),
        "calls": lambda: calls(sheet, linked),
        "meetings": lambda: meetings(sheet, linked, now),
        "tasks": lambda: tasks(sheet, linked),
    }
    columns = by_kind[kind]()
    return batch(
        sheet,
        {
            "id": pa.array([f"{kind}-{i}" for i in sheet.ids], pa.string()),
            "automated": _automated(sheet),
            "date_only": [False] * len(sheet.ids),
            "account_id": [first(linked.companies.get(i, ())) for i in sheet.ids],
            "account_ids": [_several(linked.companies.get(i, ())) for i in sheet.ids],
            "opportunity_id": [first(linked.deals.get(i, ())) for i in sheet.ids],
            "opportunity_ids": [_several(linked.deals.get(i, ())) for i in sheet.ids],
            **columns,
        },
    )


def _automated(sheet: Sheet) -> pa.Array:
    """What no person did: by the portal's own property, else by what made the record; an absent person's reply is."""
    said = pc.coalesce(sheet.column("automated", pa.bool_()), sheet.column("origin", pa.bool_()))
    absent = pc.fill_null(sheet.column("out_of_office", pa.bool_()), fill_value=False)
    return pc.if_else(absent, pa.scalar(True), said)


def _call_key(start: str | None, owner: str | None, spent: str | None, people: Sequence[str]) -> str | None:
    """A phone system logs one call on every contact with its number: one person speaks to one at a time, so what begins
    at the same second with the same owner and lasts as long is one call. A time that a person typed has no seconds.
    """
    if start and owner and spent and spent.strip("0.") and not start.endswith((":00Z", ":00.000Z", "00000")):
        return _digest("call", start, owner, spent)
    return _digest("call", start, owner or "", *people) if start and people else None


def _call_outcome(status: str | None, disposition: str | None, spent: float | None) -> str | None:
    """What a seller chose decides, then what the line said. A choice that is not mapped is no known outcome, nor
    is a call of no length: nobody answered, or the phone system does not tell."""
    state = (status or "").upper()
    if disposition == "connected":
        return "done"
    if disposition == "not_connected" or state in _CALL_NOT_CONNECTED:
        return "not_connected"
    if state in _CALL_OPEN:
        return "scheduled"
    if disposition:
        return None
    if (state == "COMPLETED" and spent != 0) or (not state and spent):
        return "done"
    return None


def _ids(links: Sequence[Link]) -> list[str]:
    if len(links) < 2:
        return [link.record_id for link in links]
    return [str(i) for i in sorted({int(link.record_id) for link in links})]


def _several(links: Sequence[Link]) -> list[str] | None:
    """All of them where there is more than one."""
    return _ids(links) if len(links) > 1 else None


def _rank(order: Sequence[str], addresses: Sequence[str]) -> int:
    return min((order.index(address) for address in addresses if address in order), default=len(order))


def _once(ids: Sequence[str | None]) -> list[str]:
    return list(dict.fromkeys(i for i in ids if i))


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=12).hexdigest()
