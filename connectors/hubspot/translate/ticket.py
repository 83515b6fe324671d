"""Tickets: what customers, and our people for them, have raised. Many have no company: the account is then found
through the contact. Who raised one is told by the channel that it came through, else by how the record was made; else
it is unknown.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from connectors.hubspot.links import Links
from connectors.hubspot.translate.records import Sheet, batch, company, first
from connectors.records import TIME


def tickets(sheet: Sheet, companies: Links, contacts: Links, deals: Links) -> pa.RecordBatch:
    """A page of tickets as canonical cases."""
    opened = sheet.column("opened_at", TIME)
    raised, made = sheet.column("by_customer", pa.bool_()), sheet.column("source", pa.bool_())
    return batch(
        sheet,
        {
            "account_id": [company(companies.get(i, ())) for i in sheet.ids],
            "person_id": [first(contacts.get(i, ())) for i in sheet.ids],
            "opportunity_id": [first(deals.get(i, ())) for i in sheet.ids],
            "opened_at": pc.coalesce(opened, sheet.stamps("createdAt")),
            "by_customer": pc.coalesce(raised, made),
        },
    )
