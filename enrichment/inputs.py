"""The tables that scoring reads: the canonical streams after `sync.land.normalize` (newest version only, merges
followed, deletes dropped, every id an integer key, acts attributed to one account). `sync.land.normalize` makes exactly
these columns.

Keys: `account`, `opportunity`, `person`, `case`, `user`, `thread` are int64 and dense; only `accounts.id` and
`opportunities.id` keep the CRM's own id. Times are UTC. Money is in the row's `currency` (null: corporate).
No column starts with `bothways_`: our own output is never an input.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from connectors.records import TIME

_KEY, _TEXT, _REAL, _WHOLE, _FLAG = pa.int64(), pa.string(), pa.float64(), pa.int64(), pa.bool_()

INPUTS: dict[str, pa.Schema] = {
    name: pa.schema(list(columns.items()))
    for name, columns in {
        "accounts": {
            "account": _KEY,
            "id": _TEXT,
            "name": _TEXT,
            "parent": _KEY,
            # key of the ultimate parent (its own when it has none); chains that turn in a circle are cut
            "family": _KEY,
            "type": _TEXT,
            "lifecycle_stage": _TEXT,
            "industry": _TEXT,
            "country": _TEXT,
            "currency": _TEXT,
            "annual_revenue": _REAL,
            "employees": _WHOLE,
            "wallet": _REAL,
            "strategic_importance": _REAL,
            "mission_criticality": _REAL,
            "non_modularity": _REAL,
            "strategic_customer": _FLAG,
            "known_vendors": _WHOLE,
            "created_at": TIME,
        },
        "people": {"person": _KEY, "account": _KEY},  # customer side only: own-domain people are not here
        "opportunities": {
            "opportunity": _KEY,
            "id": _TEXT,
            "account": _KEY,  # null: a deal whose account is missing
            "name": _TEXT,
            "amount": _REAL,
            "currency": _TEXT,
            "is_closed": _FLAG,
            "is_won": _FLAG,
            "stage": _TEXT,
            "probability": _REAL,
            "close_at": TIME,
            # of a deal closed before its close date, the time of the read if the CRM does not tell
            "stage_changed_at": TIME,
            "owner": _KEY,
            "created_at": TIME,
        },
        "opportunity_people": {"opportunity": _KEY, "person": _KEY, "created_at": TIME},
        "families": {  # product families bought or quoted: line items, or the deal's own family
            "opportunity": _KEY,
            "account": _KEY,
            "family": _TEXT,
            "amount": _REAL,
            "currency": _TEXT,
            "created_at": TIME,
        },
        "activities": {  # duplicates removed; acts without an account, or with no customer person at all, are not here
            "activity": _KEY,
            "channel": _TEXT,
            "direction": _TEXT,
            "outcome": _TEXT,
            "automated": _FLAG,
            # of a message: what stands before the @ (and before a +) in its sender's address, lower case
            "sender": _TEXT,
            "occurred_at": TIME,
            "date_only": _FLAG,
            "minutes": _REAL,
            "account": _KEY,
            "opportunity": _KEY,  # null: not linked to a deal; further ones are in activity_opportunities
            "case": _KEY,
            # the first customer person: the author of an inbound act; null when only an account is known
            "person": _KEY,
            "customer_people": _WHOLE,
            "seller_people": _WHOLE,
            "seller_user": _KEY,  # the first of ours
            "thread": _KEY,
            "mandated": _FLAG,
            "customer_offset": _WHOLE,  # minutes that the customer's clock is ahead of UTC at occurred_at
            "seller_offset": _WHOLE,
            "created_at": TIME,
        },
        "activity_people": {  # every customer person of every act above
            "activity": _KEY,
            "person": _KEY,
        },
        "activity_opportunities": {  # the further deals of acts that are linked to several
            "activity": _KEY,
            "opportunity": _KEY,
        },
        "cases": {
            "case": _KEY,
            "account": _KEY,
            "opportunity": _KEY,
            "person": _KEY,
            "opened_at": TIME,
            "closed_at": TIME,
            "by_customer": _FLAG,
            "first_reply_at": TIME,
            "customer_offset": _WHOLE,
            "seller_offset": _WHOLE,
            "created_at": TIME,
        },
        "contracts": {
            "account": _KEY,
            "start_at": TIME,
            "end_at": TIME,
            "created_at": TIME,
        },  # drafts and cancelled ones are not here
        "assets": {
            "account": _KEY,
            "family": _TEXT,
            "active": _FLAG,
            "is_rival": _FLAG,
            "vendor": _TEXT,
            "installed_at": TIME,
            "ends_at": TIME,
            "price": _REAL,
            "currency": _TEXT,
            "quantity": _REAL,
            "created_at": TIME,
        },
        "rivals": {"account": _KEY, "opportunity": _KEY, "name": _TEXT, "seen_at": TIME, "created_at": TIME},
        "currency_rates": {"currency": _TEXT, "rate": _REAL, "start_at": TIME, "end_at": TIME},
    }.items()
}


@dataclass(frozen=True, slots=True)
class KnownBy:
    """Which columns say since when a row is known.

    A row counts from the latest of `times`. Where `created_at` is missing and one of the flags `only_if` is set (or
    none is named), it counts from the earliest of `otherwise`.
    """

    times: tuple[str, ...] = ()
    otherwise: tuple[str, ...] = ()
    only_if: tuple[str, ...] = ()


KNOWN_BY: dict[str, KnownBy] = {
    "accounts": KnownBy(("created_at",)),
    "people": KnownBy(),
    # Without a creation time a closed deal is known from its close on: reading it earlier would be reading the future.
    "opportunities": KnownBy(("created_at",), ("close_at", "stage_changed_at"), ("is_closed", "is_won")),
    "opportunity_people": KnownBy(("created_at",)),
    "families": KnownBy(("created_at",)),
    "activities": KnownBy(("occurred_at", "created_at")),
    "activity_people": KnownBy(),  # read through their activity only
    "activity_opportunities": KnownBy(),
    "cases": KnownBy(("opened_at", "created_at")),
    # One that starts later is already a commitment, if its record says since when.
    "contracts": KnownBy(("created_at",), ("start_at",)),
    "assets": KnownBy(("created_at", "installed_at")),
    "rivals": KnownBy(("created_at", "seen_at")),
    "currency_rates": KnownBy(),  # dated spans, read at moments that are not after as-of
}
"""For each table, what makes a row known; `enrichment.as_of.known` is the only reader."""

PREVIOUS = pa.schema([("id", _TEXT), ("stance", _TEXT), ("model_version", _TEXT), ("silence_known", _FLAG)])
"""What was last decided for each record (accounts and opportunities apart), for hysteresis: its stance, the version of
the model that gave it (null: unknown, taken to be of this one), and whether the silence of its third was known.
"""
