"""The stream of users: owners in one page."""

from __future__ import annotations

from connectors.base import Page
from connectors.hubspot.read.cursor import Position
from connectors.hubspot.read.reference_data import Portal
from connectors.hubspot.translate import records as translate


def users(portal: Portal, position: Position) -> Page:
    """Owners who are here in every read; those who left once a day."""
    everyone = position.phase == "full" or position.due
    owners = [
        *(portal.owners(archived=True) if everyone else []),
        *portal.owners(archived=False),
    ]
    swept = position.start if everyone else position.swept
    end = Position("done", start=position.start, since=position.start, swept=swept)
    return Page("users", translate.users(owners), end.encode())
