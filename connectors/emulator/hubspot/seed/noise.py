"""Records that every portal has and that are nobody's effort, or somebody's effort once more: whoever counts one of
them reads HubSpot wrongly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connectors.emulator.hubspot.store.portal import Portal
from connectors.emulator.hubspot.store.table import LIVE, Table
from connectors.emulator.hubspot.wire import epoch_ms, iso

_EACH = 3
_COPIED = {
    "calls": (
        "hs_timestamp",
        "hubspot_owner_id",
        "hs_call_direction",
        "hs_call_status",
        "hs_call_disposition",
        "hs_call_duration",
    ),
    "emails": ("hs_timestamp", "hubspot_owner_id", "hs_email_direction", "hs_email_status", "hs_email_headers"),
    "meetings": (
        "hs_timestamp",
        "hubspot_owner_id",
        "hs_meeting_start_time",
        "hs_meeting_end_time",
        "hs_meeting_outcome",
        "hs_attendee_owner_ids",
    ),
}
_REPLY_AFTER = 90_000
"""Milliseconds until an absent person's mail program has answered."""
_EARLY = "1970-01-21T04:21:40.000Z"
"""A moment of 2026 in seconds, taken for milliseconds."""


def add_noise(portal: Portal) -> dict[str, list[int]]:
    """Adds a few of each kind; returns their ids by kind: calls that never ended, calls that a phone system has logged
    a second time, drafts, replies of the absent, meetings that a program has put into 1970.
    """

    def spoke(table: Table, row: int) -> bool:
        start, owner, length = (
            table.get(row, name) for name in ("hs_timestamp", "hubspot_owner_id", "hs_call_duration")
        )
        to_the_second = start is not None and not start.endswith((":00.000Z", ":00Z"))
        return to_the_second and owner is not None and bool((length or "").strip("0"))

    def anything(_: Table, __: int) -> bool:
        return True

    unended = {"hs_call_status": "RINGING", "hs_call_disposition": None, "hs_call_duration": None}
    early = dict.fromkeys(("hs_timestamp", "hs_meeting_start_time", "hs_meeting_end_time"), _EARLY)
    absent = {"hs_email_direction": "INCOMING_EMAIL", "hs_incoming_email_is_out_of_office": "true"}
    return {
        "replies of the absent": _again(portal, "emails", absent, anything, later=_REPLY_AFTER),
        "calls that never ended": _again(portal, "calls", unended, anything),
        "calls once more": _again(portal, "calls", {}, spoke),
        "drafts": _again(portal, "emails", {"hs_email_direction": "DRAFT_EMAIL", "hs_email_status": None}, anything),
        "meetings of 1970": _again(portal, "meetings", early, anything),
    }


def _again(
    portal: Portal,
    plural: str,
    other: Mapping[str, str | None],
    fits: Callable[[Table, int], bool],
    later: int = 0,
) -> list[int]:
    """Copies of the first records that fit, so many milliseconds later, with their associations and the values that are
    other.
    """
    kind = portal.kind(plural)
    table, made = portal.table(kind), []
    rows = [row for row in range(len(table.ids)) if table.state[row] == LIVE and fits(table, row)][:_EACH]
    for row in rows:
        values = {**{name: table.get(row, name) for name in _COPIED[plural]}, **other}
        at = epoch_ms(values["hs_timestamp"] or "")
        if later and at is not None:
            values["hs_timestamp"] = iso(at + later)
        born = table.get(row, kind.created)
        new = portal.create(kind, values)
        for name in {kind.created, "hs_createdate"}:
            table.columns[name].set(new, born)
        for target in ("contacts", "companies", "deals"):
            for record, types in portal.links.of((plural, target), table.ids[row]):
                portal.links.create((plural, target), table.ids[new], record, types)
        made.append(table.ids[new])
    return made
