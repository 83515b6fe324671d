"""Event: meetings with their invitations.

Inviting colleagues makes child events, and a series has a record of its own: neither is a meeting. Nor is a proposed
one. One meeting that several colleagues' calendars have put down counts once: the same customers at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors.records import TIME
from connectors.salesforce.config import ActivityKind, ObjectMapping
from connectors.salesforce.ids import ACCOUNT, CASE, CONTACT, OPPORTUNITY, USER, is_a
from connectors.salesforce.translate.activity import (
    ABOUT,
    COMMON,
    FLAG,
    OUTCOMES,
    REAL,
    TEXT,
    ActivityPage,
    Columns,
    Related,
    ids_of,
    known,
    some,
)
from connectors.salesforce.translate.columns import Frame
from connectors.salesforce.translate.participants import (
    Sides,
    Tie,
    author_first,
    declined,
    fingerprint,
    only,
    people_of,
    uninvited,
    with_prefix,
)
from connectors.salesforce.translate.records import Translated

_NO_MEETING = ("2", "3")
"""GroupEventType of a proposed event, and of the record of a series ("IsRecurrence2 Series Pattern")."""
_COLUMNS: Columns = {
    **COMMON,
    **ABOUT,
    "starts_at": TIME,
    "ends_at": TIME,
    "minutes": REAL,
    "all_day": FLAG,
    "child": FLAG,
    "recurrence": FLAG,
    "group_type": TEXT,
    "outcome": TEXT,
}


@dataclass(frozen=True, slots=True)
class Events:
    """Who declined, or is no longer invited, was not there."""

    mapping: ObjectMapping
    related: Related
    sides: Sides
    kind: ActivityKind = "meeting"

    def needs(self, frame: Frame) -> list[Any]:
        """The people of each event."""
        return some(self.related.tie_need(self.kind, ids_of(frame)))

    def translate(self, frame: Frame) -> Translated:
        """See `ActivityObject.translate`."""
        ties = self.related.ties(self.kind, ids_of(frame))
        page = ActivityPage.of(self.mapping, frame)
        for row in page.rows(_COLUMNS):
            if row["child"] or row["recurrence"] or row["group_type"] in _NO_MEETING:
                page.drop(row)
                continue
            tied = ties.get(row["id"], ())
            people, users, host = _party(row["who_id"], row["owner_id"], tied)
            nobody_came = bool(people) and all(person in declined(tied) for person in people)
            start, minutes = row["starts_at"], row["minutes"]
            if minutes is None and start is not None and row["ends_at"] is not None:
                minutes = (row["ends_at"] - start).total_seconds() / 60.0
            called_off = nobody_came or self.sides.is_cancelled(row["subject"])
            page.add(
                row,
                channel="meeting",
                direction="inbound" if is_a(host, CONTACT) else ("outbound" if people else "internal"),
                outcome="cancelled" if called_off else _held(row["outcome"]),
                automated=bool(row["automated"]) or self.sides.is_tool(row["subject"]),
                occurred_at=start,
                date_only=bool(row["all_day"]),
                minutes=None if row["all_day"] else minutes,
                account_id=row["account_id"] or only(row["what_id"], ACCOUNT),
                opportunity_id=only(row["what_id"], OPPORTUNITY),
                case_id=only(row["what_id"], CASE),
                person_ids=people,
                user_ids=users,
                dedupe_key=fingerprint("meeting", start, people or users),
            )
        return page.finish()


def _party(who: str | None, owner: str | None, tied: Sequence[Tie]) -> tuple[list[str], list[str], str | None]:
    """Customer people, our people, the host. Who is no longer invited was not there; nor was who declined, unless all
    of theirs did.
    """
    host = next((tie.record_id for tie in tied if tie.organiser), None) or owner
    away = declined(tied)
    out = uninvited(tied)
    invited = [person for person in people_of(tied, only(who, CONTACT)) if person not in out]
    people = [person for person in invited if person not in away] or invited
    users = with_prefix(USER, [owner, *(tie.record_id for tie in tied if tie.record_id not in away | out)])
    return author_first(host, people), author_first(host, users), host


def _held(outcome: str | None) -> str | None:
    """A meeting that nobody says anything about was held; of one with a word that is not mapped it is unknown."""
    return "done" if outcome is None else known(outcome, OUTCOMES)
