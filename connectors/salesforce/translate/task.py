"""Task: calls, to-dos, and e-mails that are logged only here.

- An e-mail record may stand for a task: only the e-mail counts. A task of subtype Email without one has no direction.
- List e-mails, sequence steps and what tools log by themselves are automated.
- A call of no seconds was not answered, or the phone system does not tell: unknown unless its result says. A result
  that the mapping does not know is unknown too. A status that says it was called off closes a task undone.
- A task has a day; its hour is that of its completion, if that was on the same day. One that was done before its day
  was done then.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.records import TIME
from connectors.salesforce.config import ActivityKind, ObjectMapping
from connectors.salesforce.ids import ACCOUNT, CASE, CONTACT, OPPORTUNITY, USER
from connectors.salesforce.translate.activity import (
    ABOUT,
    COMMON,
    DIRECTIONS,
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
from connectors.salesforce.translate.columns import Frame, as_real, as_text
from connectors.salesforce.translate.participants import Sides, only, people_of, with_prefix
from connectors.salesforce.translate.records import Translated

_AUTOMATED = ("ListEmail", "Cadence")
_TWINS = pa.array(["Email", "ListEmail"])
"""Subtypes of tasks that an e-mail record may stand for; asking about them costs a call per 10,000."""
_SAME_DAY = timedelta(hours=26)
"""Around noon UTC of a day: whatever the zone of the person whose day it was."""
_COLUMNS: Columns = {
    **COMMON,
    **ABOUT,
    "subtype": TEXT,
    "call_type": TEXT,
    "type": TEXT,
    "seconds": REAL,
    "disposition": TEXT,
    "occurred_at": TIME,
    "completed_at": TIME,
    "closed": FLAG,
    "status": TEXT,
    "recurrence": FLAG,
}


@dataclass(frozen=True, slots=True)
class Tasks:
    """`kinds` (call, task) are what the object is mapped to: an object of calls only needs no subtype. `email` is the
    object whose records may stand for tasks.
    """

    mapping: ObjectMapping
    related: Related
    sides: Sides
    kinds: tuple[ActivityKind, ...] = ("call", "task")
    email: ObjectMapping | None = None

    @property
    def kind(self) -> ActivityKind:
        """The relation is the same for both."""
        return self.kinds[0]

    def needs(self, frame: Frame) -> list[Any]:
        """The people of tasks that have several, and the e-mails that stand for tasks."""
        made = some(self.related.tie_need(self.kind, self._shared(frame)))
        named = self._twin_field()
        if self.email is not None and named:
            made += some(self.related.twin_need(self.email.object, named, self._likely_twins(frame)))
        return made

    def translate(self, frame: Frame) -> Translated:
        """See `ActivityObject.translate`."""
        twins = self._twins(frame)
        ties = self.related.ties(self.kind, [i for i in self._shared(frame) if i not in twins])
        page = ActivityPage.of(self.mapping, frame)
        for row in page.rows(_COLUMNS):
            channel = _task_channel(row, self.kinds)
            if row["recurrence"] or row["id"] in twins or (channel == "call" and "call" not in self.kinds):
                page.drop(row)
                continue
            when, date_only = _moment(row)
            page.add(
                row,
                channel=channel,
                direction=known(row["call_type"], DIRECTIONS)
                if channel == "call"
                else (None if channel == "email" else "outbound"),
                outcome=_task_outcome(channel, row["closed"], row["status"], row["disposition"], row["seconds"]),
                automated=bool(row["automated"]) or row["subtype"] in _AUTOMATED or self.sides.is_tool(row["subject"]),
                occurred_at=when,
                date_only=date_only,
                minutes=row["seconds"] / 60.0 if row["seconds"] and channel == "call" else None,
                account_id=row["account_id"] or only(row["what_id"], ACCOUNT),
                opportunity_id=only(row["what_id"], OPPORTUNITY),
                case_id=only(row["what_id"], CASE),
                person_ids=people_of(ties.get(row["id"], ()), only(row["who_id"], CONTACT)),
                user_ids=with_prefix(USER, [row["owner_id"]]),
                dedupe_key=f"task:{row['id']}",  # two calls of one day to one person are two calls
            )
        return page.finish()

    def _twin_field(self) -> str | None:
        return self.email.fields.get("task_id") if self.email is not None and self.mapping.object == "Task" else None

    def _twins(self, frame: Frame) -> Collection[str]:
        named = self._twin_field()
        if self.email is None or not named:
            return ()
        return self.related.twins(self.email.object, named, self._likely_twins(frame))

    def _shared(self, frame: Frame) -> list[str]:
        """Tasks with more people than the one that they name."""
        return ids_of(frame, _true(pc.greater(as_real(frame.get(self.mapping.fields.get("who_count"))), 1)))

    def _likely_twins(self, frame: Frame) -> list[str]:
        """Tasks that an e-mail may stand for: those of its subtype, and the plain ones that Email-to-Case opens for the
        owner of a case when a message comes in.
        """
        subtype = as_text(frame.get(self.mapping.fields.get("subtype")))
        named = pc.starts_with(as_text(frame.get(self.mapping.fields.get("subject"))), "Email:")
        return ids_of(
            frame, _true(pc.or_(pc.or_(pc.is_null(subtype), pc.is_in(subtype, value_set=_TWINS)), _true(named)))
        )


def _true(condition: Any) -> Any:
    return pc.fill_null(condition, False)


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
    """When, and whether only the day is known. A task closed on its own day, in whatever zone, or before it, was closed
    when it was done; one closed later was logged late.
    """
    day, completed = row["occurred_at"], row["completed_at"]
    if day is None:
        return completed or row["created_at"], False
    if day.time() != time.min:
        return day, False
    if completed is not None and completed - (day + timedelta(hours=12)) <= _SAME_DAY:
        return completed, False
    return day, True


def _task_outcome(
    channel: str, closed: bool | None, status: str | None, disposition: str | None, seconds: float | None
) -> str | None:
    """What came of it: an organisation may have several closed statuses, and one of them says that it was not done."""
    if (said := known(status, OUTCOMES)) is not None:
        return said
    if closed is None:
        return None
    if not closed:
        return "scheduled"
    if channel == "call" and not disposition and seconds == 0:
        return None
    return known(disposition, OUTCOMES) if channel == "call" and disposition else "done"
