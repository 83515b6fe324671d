"""The canonical streams: one Arrow schema each, the same whatever CRM or file the records come from.

A column's metadata may say what it points to (`ref`: the stream whose id it holds). Times are UTC instants with
microseconds; money is in the record's own currency; a null means *unknown*. `modified_at` is the server's own stamp.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, get_args

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from connectors.base import PropertySpec

Stream = Literal[
    "accounts",
    "people",
    "users",
    "opportunities",
    "opportunity_people",
    "line_items",
    "activities",
    "cases",
    "contracts",
    "assets",
    "rivals",
    "currency_rates",
]
STREAMS: tuple[Stream, ...] = get_args(Stream)

TIME = pa.timestamp("us", tz="UTC")
IDS = pa.list_(pa.string())


def _schema(columns: dict[str, pa.DataType], refs: dict[str, Stream] | None = None) -> pa.Schema:
    refs = refs or {}
    return pa.schema(
        [
            pa.field(name, kind, nullable=name != "id", metadata={"ref": refs[name]} if name in refs else None)
            for name, kind in {"id": pa.string(), **columns, "created_at": TIME, "modified_at": TIME}.items()
        ]
    )


_TEXT, _REAL, _WHOLE, _FLAG = pa.string(), pa.float64(), pa.int64(), pa.bool_()

SCHEMAS: dict[Stream, pa.Schema] = {
    "accounts": _schema(
        {
            "name": _TEXT,
            "parent_id": _TEXT,
            "type": _TEXT,  # customer, prospect, partner, reseller ... the CRM's own words
            "lifecycle_stage": _TEXT,  # lead, opportunity, customer ... where the CRM keeps one beside the type
            "industry": _TEXT,  # the segment
            "country": _TEXT,
            "currency": _TEXT,  # ISO code of the two money columns below; null: the corporate currency
            "annual_revenue": _REAL,
            "employees": _WHOLE,
            "owner_id": _TEXT,
            "domain": _TEXT,
            # optional, each fed by a mapped custom field; every one overrides a computed component
            "wallet": _REAL,  # what they spend a year, with everyone, on what we sell
            "strategic_importance": _REAL,  # 0..1
            "mission_criticality": _REAL,  # 0..1
            "non_modularity": _REAL,  # 0..1
            "strategic_customer": _FLAG,  # we call them strategic: feeds the seller's dependence
            "known_vendors": _WHOLE,  # how many vendors they buy this from, us included
            "contract_start": TIME,  # a running commitment held on the account itself
            "contract_end": TIME,
        },
        {"parent_id": "accounts", "owner_id": "users"},
    ),
    "people": _schema(
        {"account_id": _TEXT, "name": _TEXT, "email": _TEXT, "title": _TEXT},
        {"account_id": "accounts"},
    ),
    "users": _schema({"name": _TEXT, "email": _TEXT, "active": _FLAG, "time_zone": _TEXT}),
    "opportunities": _schema(
        {
            "account_id": _TEXT,
            "name": _TEXT,
            "amount": _REAL,  # negative for credits
            "currency": _TEXT,  # null: the corporate currency
            "is_closed": _FLAG,
            "is_won": _FLAG,
            "stage": _TEXT,
            "probability": _REAL,  # 0..1
            "close_at": TIME,  # recognised, or expected to close
            # last change of the stage: a deal is closed from the earlier of this and close_at
            "stage_changed_at": TIME,
            "type": _TEXT,
            "owner_id": _TEXT,
            "product_family": _TEXT,  # where a deal names its one family and there are no line items
            "rivals": IDS,  # names of competitors seen on this deal, where a field holds them
        },
        {"account_id": "accounts", "owner_id": "users"},
    ),
    "opportunity_people": _schema(
        {"opportunity_id": _TEXT, "person_id": _TEXT, "role": _TEXT},
        {"opportunity_id": "opportunities", "person_id": "people"},
    ),
    "line_items": _schema(
        {
            "opportunity_id": _TEXT,
            "product_id": _TEXT,
            "product_family": _TEXT,
            "quantity": _REAL,
            "amount": _REAL,
            "currency": _TEXT,
        },
        {"opportunity_id": "opportunities"},
    ),
    "activities": _schema(
        {
            "channel": _TEXT,  # email, message (chat, SMS, WhatsApp ...), call, meeting, case_reply, task, note
            "direction": _TEXT,  # outbound: we acted or organised; inbound: they did; internal; null: unknown
            "outcome": _TEXT,  # done (sent, connected, held), not_connected, no_show, scheduled, cancelled, bounced
            "automated": _FLAG,  # marketing, sequence, list, auto-reply, calendar noise, workflow: never effort
            "sender": _TEXT,  # address that a message came from, whoever's: noreply@ and its like are no effort
            "occurred_at": TIME,  # start of a call or meeting, sending of an email
            "date_only": _FLAG,  # the day is known, the hour is not
            "minutes": _REAL,  # length of a call or meeting
            "account_id": _TEXT,
            "account_ids": IDS,  # every account it is associated with, where it may be more than one
            "opportunity_id": _TEXT,
            "opportunity_ids": IDS,  # every deal it is associated with, where it may be more than one
            "case_id": _TEXT,
            "person_ids": IDS,  # customer people; of an inbound act the author comes first
            "user_ids": IDS,  # our people; of an outbound act the author comes first
            "thread_id": _TEXT,
            "dedupe_key": _TEXT,  # Message-ID, else a hash of (channel, start, participants)
            "mandated": _FLAG,  # owed by contract (a quarterly review): not discretionary; optional, mapped
        },
        {
            "account_id": "accounts",
            "account_ids": "accounts",
            "opportunity_id": "opportunities",
            "opportunity_ids": "opportunities",
            "case_id": "cases",
            "person_ids": "people",
            "user_ids": "users",
        },
    ),
    "cases": _schema(
        {
            "account_id": _TEXT,
            "person_id": _TEXT,
            "opportunity_id": _TEXT,
            "opened_at": TIME,
            "closed_at": TIME,
            "by_customer": _FLAG,  # raised by them (e-mail, web, phone, chat) rather than by us
            "priority": _TEXT,
            "first_reply_at": TIME,  # our first answer, where the CRM keeps it
            "owner_id": _TEXT,
        },
        {"account_id": "accounts", "person_id": "people", "opportunity_id": "opportunities", "owner_id": "users"},
    ),
    "contracts": _schema(
        {"account_id": _TEXT, "start_at": TIME, "end_at": TIME, "status": _TEXT, "active": _FLAG},
        {"account_id": "accounts"},
    ),
    "assets": _schema(
        {
            "account_id": _TEXT,
            "product_id": _TEXT,
            "product_family": _TEXT,
            "active": _FLAG,
            "is_rival": _FLAG,  # a competitor's product installed there
            "vendor": _TEXT,  # the competitor's name, of a rival's asset
            "installed_at": TIME,
            "ends_at": TIME,
            "price": _REAL,
            "currency": _TEXT,
            "quantity": _REAL,
        },
        {"account_id": "accounts"},
    ),
    "rivals": _schema(
        {"opportunity_id": _TEXT, "account_id": _TEXT, "name": _TEXT, "seen_at": TIME},
        {"opportunity_id": "opportunities", "account_id": "accounts"},
    ),
    "currency_rates": _schema(
        {
            "currency": _TEXT,
            "rate": _REAL,  # corporate units that one unit of `currency` is worth
            "start_at": TIME,  # null: always
            "end_at": TIME,  # exclusive; null: still
        }
    ),
}

_HELD = {"number": _REAL, "integer": _WHOLE, "string": _TEXT, "text": _TEXT, "enumeration": _TEXT, "datetime": TIME}


def schema(stream: Stream, owned: Iterable[PropertySpec] = ()) -> pa.Schema:
    """The stream's schema; for the streams we write to, with one more column (named by the stem) per property we own:
    what the CRM holds now, parsed, null when empty."""
    held = [pa.field(p.name, _HELD[p.type]) for p in owned if p.stream == stream]
    return pa.schema([*SCHEMAS[stream], *held])


FIRST, LAST = datetime(1970, 3, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)
"""Times from FIRST until before LAST can be meant. Seconds taken for milliseconds lie in the first two months of 1970,
and so does a nought; a year with two digits is nineteen centuries off.
"""
_ENDS = frozenset({"contract_end", "end_at", "ends_at"})
"""Times that may mean "never": 9999-12-31."""


def implausible(name: str, column: pa.Array) -> pa.Array | None:
    """Per row of a column, whether its time cannot be meant; None when all can, or when it holds no times."""
    if column.type != TIME or not len(column):
        return None
    wrong = pc.less(column, pa.scalar(FIRST, TIME))
    if name not in _ENDS:
        wrong = pc.or_(wrong, pc.greater_equal(column, pa.scalar(LAST, TIME)))
    wrong = pc.fill_null(wrong, False)
    return wrong if pc.any(wrong).as_py() else None
