"""The small organisation that every connector is tested with, in canonical rows.

`id` and every id that a row refers to are *keys* ("acme"). A harness seeds its CRM with them and knows which id each
key became. There are more e-mails than fit on one page of any CRM, so that paging and resuming are real.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from connectors.records import SCHEMAS, STREAMS, Stream

Row = dict[str, object]
Rows = dict[Stream, list[Row]]

OWN_DOMAIN = "seller.example"
MAILS = 460


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _day(text: str) -> datetime:
    return _at(f"{text}T00:00:00")


def _mail(number: int) -> Row:
    inbound = number % 3 == 0
    return {
        "id": f"mail{number}",
        "channel": "email",
        "direction": "inbound" if inbound else "outbound",
        "outcome": "done",
        "automated": False,
        "occurred_at": _at("2026-01-05T09:00:00") + timedelta(hours=7 * number),
        "date_only": False,
        "account_id": "acme",
        "opportunity_id": "deal_open" if number % 2 else None,
        "person_ids": ["ann"],
        "user_ids": ["sam"],
    }


ROWS: Rows = {
    "users": [
        {"id": "sam", "name": "Sam Seller", "email": f"sam@{OWN_DOMAIN}", "active": True, "time_zone": "Europe/London"},
        {"id": "uma", "name": "Uma Left", "email": f"uma@{OWN_DOMAIN}", "active": False, "time_zone": "Europe/London"},
    ],
    "accounts": [
        {
            "id": "acme",
            "name": "Acme Zürich “AG”",
            "type": "Customer",
            "industry": "Manufacturing",
            "country": "Switzerland",
            "annual_revenue": 12_500_000.0,
            "employees": 80,
            "owner_id": "sam",
            "domain": "acme.example",
        },
        {
            "id": "acme_sub",
            "name": "Acme's daughter, Ltd",
            "parent_id": "acme",
            "annual_revenue": None,
            "employees": None,
            "owner_id": "sam",
        },
        {"id": "solo", "name": "Solo", "owner_id": "uma", "employees": 0},
        {"id": "twin", "name": "Solo (again)", "owner_id": "uma"},
    ],
    "people": [
        {"id": "ann", "account_id": "acme", "name": "Ann Buyer", "email": "ann@acme.example", "title": "CFO"},
        {"id": "bob", "account_id": "acme", "name": "Bob O'Hara", "email": "bob@acme.example"},
        {"id": "cy", "account_id": "solo", "name": "Cy Sole", "email": "cy@solo.example"},
    ],
    "opportunities": [
        {
            "id": "deal_won",
            "account_id": "acme",
            "name": "Presses",
            "amount": 120_000.5,
            "is_closed": True,
            "is_won": True,
            "close_at": _day("2026-03-31"),
            "owner_id": "sam",
        },
        {
            "id": "deal_open",
            "account_id": "acme",
            "name": "Service",
            "amount": 30_000.0,
            "is_closed": False,
            "is_won": False,
            "close_at": _day("2026-12-15"),
            "owner_id": "sam",
        },
        {
            "id": "deal_lost",
            "account_id": "solo",
            "name": "Trial",
            "amount": None,
            "is_closed": True,
            "is_won": False,
            "close_at": _day("2026-05-01"),
            "owner_id": "uma",
        },
    ],
    "opportunity_people": [
        {"id": "role_ann", "opportunity_id": "deal_open", "person_id": "ann", "role": "Decision Maker"},
    ],
    "line_items": [
        {
            "id": "line1",
            "opportunity_id": "deal_won",
            "product_id": "press",
            "product_family": "Machines",
            "quantity": 2.0,
            "amount": 120_000.5,
        },
    ],
    "activities": [
        *(_mail(number) for number in range(MAILS)),
        {
            "id": "call_in",
            "channel": "call",
            "direction": "inbound",
            "outcome": "done",
            "automated": False,
            "occurred_at": _at("2026-04-01T10:15:00"),
            "date_only": False,
            "minutes": 12.5,
            "account_id": "acme",
            "person_ids": ["bob"],
            "user_ids": ["sam"],
        },
        {
            "id": "call_out",
            "channel": "call",
            "direction": "outbound",
            "outcome": "done",
            "automated": False,
            "occurred_at": _at("2026-04-02T16:40:00"),
            "date_only": False,
            "minutes": 3.0,
            "account_id": "solo",
            "person_ids": ["cy"],
            "user_ids": ["uma"],
        },
        {
            "id": "meeting",
            "channel": "meeting",
            "direction": "outbound",
            "outcome": "done",
            "automated": False,
            "occurred_at": _at("2026-04-03T13:30:00"),
            "date_only": False,
            "minutes": 45.0,
            "account_id": "acme",
            "opportunity_id": "deal_open",
            "person_ids": ["ann", "bob"],
            "user_ids": ["sam"],
        },
    ],
    "cases": [
        {
            "id": "case1",
            "account_id": "acme",
            "person_id": "ann",
            "opened_at": _at("2026-02-01T08:00:00"),
            "closed_at": _at("2026-02-02T17:00:00"),
            "by_customer": True,
            "priority": "High",
            "owner_id": "sam",
        },
    ],
    "contracts": [
        {
            "id": "frame",
            "account_id": "acme",
            "start_at": _day("2026-01-01"),
            "end_at": _day("2026-12-31"),
            "active": True,
        },
    ],
    "assets": [
        {
            "id": "old_press",
            "account_id": "solo",
            "active": True,
            "is_rival": True,
            "installed_at": _day("2024-06-01"),
            "price": 50_000.0,
            "quantity": 1.0,
        },
    ],
    "rivals": [{"id": "rival1", "opportunity_id": "deal_open", "account_id": "acme", "name": "Globex"}],
}

SERVER_SET = frozenset({"created_at", "modified_at", "thread_id", "dedupe_key", "stage", "probability", "currency"})
"""Columns that each CRM fills in its own way; the connectors' own tests cover them."""


def compared(stream: Stream, unheld: Mapping[Stream, frozenset[str]]) -> list[str]:
    """The columns in which a full read must equal ROWS."""
    given = {column for row in ROWS[stream] for column in row}
    skipped = SERVER_SET | unheld.get(stream, frozenset())
    return [name for name in SCHEMAS[stream].names if name in given and name not in skipped]


def tables(more: Rows | None = None) -> dict[Stream, pa.Table]:
    """ROWS as one Arrow table a stream, in canonical schemas, for a CRM that is seeded from tables. `more` adds
    streams.
    """
    every: Rows = {**ROWS, **(more or {})}
    return {
        stream: pa.Table.from_pylist(
            [{name: row.get(name) for name in SCHEMAS[stream].names} for row in every.get(stream, [])],
            schema=SCHEMAS[stream],
        )
        for stream in STREAMS
    }
