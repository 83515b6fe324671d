"""Fills a portal with what people did: emails, calls, meetings, tasks, notes and tickets.

Texts are short and harmless; they are there so that a test can show that nobody asks for them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from connectors.emulator.hubspot.schema import pipelines
from connectors.emulator.hubspot.schema.objects import plain_type
from connectors.emulator.hubspot.schema.standard import CALL_DISPOSITIONS
from connectors.emulator.hubspot.seed import several
from connectors.emulator.hubspot.seed.source import Source, texts
from connectors.emulator.hubspot.seed.tables import FIRST_IDS, add_table, link, link_all
from connectors.emulator.hubspot.store.columns import Column, Computed, Instants, Texts
from connectors.emulator.hubspot.store.portal import Portal
from connectors.emulator.hubspot.wire import Json
from connectors.records import Stream

_PLURALS = {
    "email": "emails",
    "case_reply": "emails",
    "call": "calls",
    "meeting": "meetings",
    "task": "tasks",
    "note": "notes",
    "message": "communications",
}
_OUTCOMES = {"done": "COMPLETED", "no_show": "NO_SHOW", "scheduled": "SCHEDULED", "cancelled": "CANCELED"}
_CALLS = {"done": "COMPLETED", "not_connected": "NO_ANSWER", "cancelled": "CANCELED", "scheduled": "QUEUED"}
_EMAILS = {"done": "SENT", "bounced": "BOUNCED", "scheduled": "SCHEDULED"}
_TASKS = {"done": "COMPLETED", "scheduled": "NOT_STARTED", "cancelled": "DEFERRED"}
_BY_LABEL = {label: key for key, label in CALL_DISPOSITIONS.items()}
_NOT_CONNECTED = ("No answer", "Left voicemail", "Busy")
_MESSENGERS = ("WHATS_APP", "SMS", "LINKEDIN_MESSAGE")
_SOURCES = ("EMAIL", "FORM", "CHAT", "PHONE")

Act = Mapping[str, Any]


class Acts:
    """The activities of one object type, as columns."""

    def __init__(self, source: Source, rows: list[int], addresses: dict[str, str | None]) -> None:
        self.rows, self.addresses = rows, addresses
        self.owners = source.identifiers("users")
        self.times = source.instants("activities", "occurred_at", rows)
        self._source = source
        self._columns: dict[str, list[Any]] = {}

    def __getitem__(self, name: str) -> list[Any]:
        if name not in self._columns:
            self._columns[name] = self._source.column("activities", name, self.rows)
        return self._columns[name]


def fill(portal: Portal, source: Source) -> None:
    """Makes the activity tables, tickets and their associations."""
    source.number("cases", FIRST_IDS["tickets"])
    _tickets(portal, source)
    by_plural: dict[str, list[int]] = {plural: [] for plural in _MAKERS}
    for row, channel in enumerate(source.column("activities", "channel")):
        by_plural[_PLURALS.get(channel, "notes")].append(row)
    keys = source.column("activities", "id")
    homes: dict[str, tuple[str, int]] = {}
    for plural, rows in by_plural.items():
        homes |= {keys[row]: (plural, FIRST_IDS[plural] + at) for at, row in enumerate(rows)}
    source.scatter("activities", homes)
    addresses = {**_addresses(source, "users"), **_addresses(source, "people")}
    for plural, rows in by_plural.items():
        acts = Acts(source, rows, addresses)
        columns: dict[str, Column] = {
            "hs_timestamp": Instants(acts.times),
            "hubspot_owner_id": Texts(acts.owners.get(users[0]) if users else None for users in acts["user_ids"]),
            **_MAKERS[plural](acts),
        }
        if plural in ("emails", "calls", "meetings"):
            columns |= {name: texts(acts[name]) for name in ("automated", "mandated")}
        add_table(portal, plural, "activities", source, columns, rows)
        _links(portal, source, plural, acts, FIRST_IDS[plural])


def _addresses(source: Source, stream: Any) -> dict[str, str | None]:
    return dict(zip(source.column(stream, "id"), source.column(stream, "email"), strict=True))


def _emails(acts: Acts) -> dict[str, Column]:
    senders, receivers, copies, directions = [], [], [], []
    rows = zip(acts["direction"], acts["person_ids"], acts["user_ids"], strict=True)
    for at, (direction, people, users) in enumerate(rows):
        theirs = [acts.addresses.get(one) for one in people or ()]
        ours = [acts.addresses.get(one) for one in users or ()]
        inbound = direction == "inbound"
        first, second = (theirs, ours) if inbound else (ours, theirs)
        receivers_first = second or first[1:]
        senders.append(first[0] if first else None)
        receivers.append(receivers_first[0] if receivers_first else None)
        rest = (first[1:] if second else []) + receivers_first[1:]
        copies.append(";".join(filter(None, rest)) or None)
        directions.append("FORWARDED_EMAIL" if at % 23 == 11 else "INCOMING_EMAIL" if inbound else "EMAIL")
    messages, threads = acts["dedupe_key"], acts["thread_id"]

    def headers(row: int) -> str:
        def named(address: str | None) -> list[Json]:
            return [{"email": one} for one in (address or "").split(";") if one]

        origin = (named(senders[row]) or [{}])[0]
        return json.dumps(
            {
                "from": origin,
                "sender": origin,
                "to": named(receivers[row]),
                "cc": named(copies[row]),
                "bcc": [],
                "messageId": messages[row],
            },
            separators=(",", ":"),
        )

    return {
        "hs_email_direction": Texts(directions),
        "hs_email_status": Texts(_EMAILS.get(outcome) for outcome in acts["outcome"]),
        "hs_email_from_email": Texts(senders),
        "hs_email_sender_email": Texts(senders),
        "hs_email_to_email": Texts(receivers),
        "hs_email_cc_email": Texts(copies),
        "hs_email_headers": Computed(len(senders), headers),
        "hs_email_message_id": Texts(messages),
        "hs_email_thread_id": Texts(threads),
        "hs_email_subject": Computed(len(senders), lambda row: f"Subject {row + 1}"),
        "hs_email_text": Computed(len(senders), lambda row: f"Text of email {row + 1}."),
        "hs_email_html": Computed(len(senders), lambda row: f"<p>Text of email {row + 1}.</p>"),
    }


def _calls(acts: Acts) -> dict[str, Column]:
    statuses, dispositions = [], []
    for at, outcome in enumerate(acts["outcome"]):
        label = {"done": "Connected", "not_connected": _NOT_CONNECTED[at % 3]}.get(outcome)
        # a call logged by hand is COMPLETED whether or not anybody answered: only the disposition tells
        by_hand = outcome == "not_connected" and at % 2
        statuses.append("COMPLETED" if by_hand else _CALLS.get(outcome))
        dispositions.append(None if label is None else _BY_LABEL[label])
    directions = {"inbound": "INBOUND", "outbound": "OUTBOUND"}
    return {
        "hs_call_direction": Texts(directions.get(direction) for direction in acts["direction"]),
        "hs_call_status": Texts(statuses),
        "hs_call_disposition": Texts(dispositions),
        "hs_call_duration": texts([None if m is None else round(m * 60_000) for m in acts["minutes"]]),
        "hs_call_title": Computed(len(statuses), lambda row: f"Call {row + 1}"),
        "hs_call_body": Computed(len(statuses), lambda row: f"Notes of call {row + 1}."),
    }


def _meetings(acts: Acts) -> dict[str, Column]:
    starts, owners = acts.times, acts.owners
    ends = [
        None if start is None or minutes is None else start + round(minutes * 60_000)
        for start, minutes in zip(starts, acts["minutes"], strict=True)
    ]
    attendees = [";".join(owners[one] for one in users or () if one in owners) or None for users in acts["user_ids"]]
    booked = [direction == "inbound" for direction in acts["direction"]]
    return {
        "hs_meeting_start_time": Instants(starts),
        "hs_meeting_end_time": Instants(ends),
        "hs_meeting_outcome": Texts(_OUTCOMES.get(outcome) for outcome in acts["outcome"]),
        "hs_meeting_source": Texts("MEETINGS_PUBLIC" if one else "CRM_UI" for one in booked),
        "hs_object_source": Texts("MEETINGS" if one else "CRM_UI" for one in booked),
        "hs_attendee_owner_ids": Texts(attendees),
        "hs_meeting_title": Computed(len(starts), lambda row: f"Meeting {row + 1}"),
        "hs_meeting_body": Computed(len(starts), lambda row: f"Agenda of meeting {row + 1}."),
    }


def _tasks(acts: Acts) -> dict[str, Column]:
    times = acts.times
    done = [ms if outcome == "done" else None for ms, outcome in zip(times, acts["outcome"], strict=True)]
    return {
        "hs_task_status": Texts(_TASKS.get(outcome) for outcome in acts["outcome"]),
        "hs_task_type": Texts(["TODO"] * len(times)),
        "hs_task_completion_date": Instants(done),
        "hs_task_subject": Computed(len(times), lambda row: f"Task {row + 1}"),
        "hs_task_body": Computed(len(times), lambda row: f"What to do in task {row + 1}."),
    }


def _notes(acts: Acts) -> dict[str, Column]:
    return {"hs_note_body": Computed(len(acts.times), lambda row: f"Note {row + 1}.")}


def _communications(acts: Acts) -> dict[str, Column]:
    count = len(acts.times)
    return {
        "hs_communication_channel_type": Texts(_MESSENGERS[at % 3] for at in range(count)),
        "hs_communication_logged_from": Texts(["CRM"] * count),
        "hs_communication_body": Computed(count, lambda row: f"Text of message {row + 1}."),
    }


_MAKERS = {
    "emails": _emails,
    "calls": _calls,
    "meetings": _meetings,
    "tasks": _tasks,
    "notes": _notes,
    "communications": _communications,
}


def _links(portal: Portal, source: Source, plural: str, acts: Acts, first: int) -> None:
    def refs(name: str, stream: Stream) -> list[list[int]]:
        return [[] if one is None else [one] for one in source.refs("activities", name, stream, acts.rows)]

    companies, deals = refs("account_id", "accounts"), refs("opportunity_id", "opportunities")
    if source.associates_more:
        companies, deals = several.companies(source, acts.rows), several.deals(source, acts.rows, acts.times)
    tickets = refs("case_id", "cases")
    for other, targets in (("companies", companies), ("deals", deals), ("tickets", tickets)):
        link_all(portal, (plural, other), first, targets)
    people = source.numbers("people")
    pairs = [
        (first + at, people[person])
        for at, persons in enumerate(acts["person_ids"])
        for person in dict.fromkeys(persons or ())
        if person in people
    ]
    kind = plain_type(plural, "contacts")
    assert kind is not None
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    portal.links.seed((plural, "contacts"), ends[:, 0], ends[:, 1], np.zeros(len(pairs), np.int8), [(kind,)])


def _tickets(portal: Portal, source: Source) -> None:
    column = source.column
    opened, closed = source.instants("cases", "opened_at"), source.instants("cases", "closed_at")
    replied = source.instants("cases", "first_reply_at")
    customer = column("cases", "by_customer")
    stages = [("New", "OPEN"), ("Waiting on contact", "OPEN"), ("Waiting on us", "OPEN"), ("Closed", "CLOSED")]
    shown = [
        (str(at + 1), label, {"ticketState": state, "isClosed": str(state == "CLOSED").lower()})
        for at, (label, state) in enumerate(stages)
    ]
    portal.pipelines["tickets"] = [pipelines.pipeline("0", "Support Pipeline", shown)]
    columns: dict[str, Column] = {
        "createdate": Instants(opened),
        "closed_date": Instants(closed),
        "first_agent_reply_date": Instants(replied),
        "hs_pipeline": Texts(["0"] * len(opened)),
        "hs_pipeline_stage": Texts("4" if ms is not None else str(1 + at % 3) for at, ms in enumerate(closed)),
        "hs_is_closed": Texts(str(ms is not None).lower() for ms in closed),
        "hs_ticket_priority": Texts(column("cases", "priority")),
        "source_type": Texts(_SOURCES[at % 4] if by else None for at, by in enumerate(customer)),
        "hs_object_source": Texts({True: "CONVERSATIONS", False: "CRM_UI", None: "IMPORT"}[by] for by in customer),
        "hubspot_owner_id": texts(source.refs("cases", "owner_id", "users")),
        "time_to_close": texts(
            [None if c is None or o is None else c - o for o, c in zip(opened, closed, strict=True)]
        ),
        "time_to_first_agent_reply": texts(
            [None if r is None or o is None else r - o for o, r in zip(opened, replied, strict=True)]
        ),
        "subject": Computed(len(opened), lambda row: f"Ticket {row + 1}"),
        "content": Computed(len(opened), lambda row: f"Text of ticket {row + 1}."),
    }
    add_table(portal, "tickets", "cases", source, columns)
    people, companies = source.refs("cases", "person_id", "people"), source.refs("cases", "account_id", "accounts")
    homes = dict(zip(source.column("people", "id"), source.column("people", "account_id"), strict=True))
    reachable = [
        homes.get(person) == account
        for person, account in zip(column("cases", "person_id"), column("cases", "account_id"), strict=True)
    ]
    # support tools file tickets under the contact alone: every third is tied to its company only that way
    sparse = [None if at % 3 == 1 and reachable[at] else company for at, company in enumerate(companies)]
    first = source.first("cases")
    link(portal, ("tickets", "companies"), first, sparse)
    link(portal, ("tickets", "contacts"), first, people)
    link(portal, ("tickets", "deals"), first, source.refs("cases", "opportunity_id", "opportunities"))
