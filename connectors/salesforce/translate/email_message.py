"""EmailMessage: e-mails, and the mails of cases.

- An e-mail's side is that of its linked sender (User or Contact), else that of the sender's domain; `Incoming` is a
  hint.
- An e-mail has a Task as its twin (`ActivityId`): only the e-mail counts (see `task`).
- What AI sends by itself, and what a mail program answers by itself, is automated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors.records import TIME
from connectors.salesforce.config import ActivityKind, ObjectMapping
from connectors.salesforce.ids import ACCOUNT, CASE, OPPORTUNITY, USER, is_a
from connectors.salesforce.translate.activity import (
    COMMON,
    FLAG,
    ID_ROLE,
    TEXT,
    ActivityPage,
    Columns,
    Related,
    ids_of,
    some,
)
from connectors.salesforce.translate.columns import Frame
from connectors.salesforce.translate.participants import (
    Sides,
    Tie,
    fingerprint,
    only,
    people_of,
    users_of,
    with_prefix,
)
from connectors.salesforce.translate.records import Translated

_DRAFT = "5"
_SEND_ORDER = {"FromAddress": 0, "ToAddress": 1, "CcAddress": 2, "BccAddress": 3}
_COLUMNS: Columns = {
    **COMMON,
    "from_address": TEXT,
    "incoming": FLAG,
    "occurred_at": TIME,
    "status": TEXT,
    "bounced": FLAG,
    "related_to": ID_ROLE,
    "case_id": ID_ROLE,
    "thread": TEXT,
    "reply_to": ID_ROLE,
    "message_id": TEXT,
    "automation": FLAG,
}


@dataclass(frozen=True, slots=True)
class EmailMessages:
    """Drafts are no activities."""

    mapping: ObjectMapping
    related: Related
    sides: Sides
    kind: ActivityKind = "email"

    def needs(self, frame: Frame) -> list[Any]:
        """The people of each mail."""
        return some(self.related.tie_need(self.kind, ids_of(frame)))

    def translate(self, frame: Frame) -> Translated:
        """See `ActivityObject.translate`."""
        ties = self.related.ties(self.kind, ids_of(frame))
        page = ActivityPage.of(self.mapping, frame)
        for row in page.rows(_COLUMNS):
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
                direction=_mail_direction(row["from_address"], row["incoming"], tied, self.sides),
                outcome="bounced" if row["bounced"] else "done",
                automated=bool(row["automated"]) or bool(row["automation"]) or self.sides.is_tool(row["subject"]),
                occurred_at=when,
                date_only=False,
                account_id=only(row["related_to"], ACCOUNT),
                opportunity_id=only(row["related_to"], OPPORTUNITY),
                case_id=case_id,
                sender=row["from_address"],
                person_ids=people,
                user_ids=users,
                thread_id=row["thread"] or row["reply_to"] or row["id"],  # what answers it names its id
                dedupe_key=message or fingerprint("email", when, (row["from_address"] or "", *people, *users)),
            )
        return page.finish()


def _mail_direction(sender: str | None, incoming: bool | None, tied: Sequence[Tie], sides: Sides) -> str | None:
    """Who is linked as the sender decides, then the sender's domain. `Incoming` is false unless somebody sets it: of a
    stranger's mail it counts when it went to customers only, as from another brand of ours. A user whose mail came in
    from elsewhere is one of a customer portal.
    """
    own = sides.is_own(sender)
    author = next((tie.record_id for tie in tied if tie.kind == "FromAddress"), None)
    others = [tie.record_id for tie in tied if tie.kind != "FromAddress"]
    portal = own is False and incoming is True
    if (is_a(author, USER) and not portal) or own:
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
