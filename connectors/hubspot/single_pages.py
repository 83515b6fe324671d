"""The streams that are one page: owners, and the one currency rate that HubSpot's own conversion leaves."""

from __future__ import annotations

import pyarrow as pa

from connectors.base import Organisation, Page
from connectors.hubspot import translate
from connectors.hubspot.cursors import Position
from connectors.hubspot.portal import Portal
from connectors.records import schema


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


def currency_rates(portal: Portal, organisation: Organisation, position: Position) -> Page:
    """One rate: HubSpot converts deals into the home currency itself. Asked once a day."""
    asked = position.phase == "full" or position.due
    swept = position.start if asked else position.swept
    end = Position("done", start=position.start, since=position.start, swept=swept).encode()
    target = schema("currency_rates")
    home = portal.home_currency() if asked else None
    corporate = organisation.corporate_currency
    if home is None or (corporate is not None and corporate.upper() != home):
        return Page(
            "currency_rates", pa.RecordBatch.from_arrays([pa.array([], f.type) for f in target], schema=target), end
        )
    given = {"id": [home], "currency": [home], "rate": [1.0]}
    columns = [pa.array(given.get(f.name, [None]), f.type) for f in target]
    return Page("currency_rates", pa.RecordBatch.from_arrays(columns, schema=target), end)
