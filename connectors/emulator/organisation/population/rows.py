"""What every background act is made of: when, with whom, on which deal, and the columns that all acts share."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.emulator.organisation.catalogue import Whole, record_ids, table
from connectors.emulator.organisation.population.background import DAY, Crowd, Real
from connectors.emulator.organisation.population.commerce import Deals, Flags

TAKEN_DOWN = 600
"""Seconds by which every act is in the CRM."""
_PAST = 540  # days of acts


def moments(rng: np.random.Generator, c: Crowd, account: Whole) -> Whole:
    """Moments of working days, the recent past more often, never before the account was entered."""
    reach = np.minimum(_PAST, (c.now - c.created[account]) // DAY - 1)
    day = c.now // DAY - 1 - np.floor(reach * rng.random(account.size) ** 1.5).astype(np.int64)
    return workday(day) * DAY + rng.integers(7 * 3600, 15 * 3600, account.size)


def workday(day: Whole) -> Whole:
    """Days since 1970, those of a weekend moved to the Friday before."""
    weekday = (day + 3) % 7  # day 0 was a Thursday
    return day - np.maximum(0, weekday - 4)


def some_accounts(rng: np.random.Generator, chance: Real, count: int) -> Whole:
    """So many accounts, each as likely as its chance."""
    return np.minimum(np.searchsorted(np.cumsum(chance), rng.random(count)), chance.size - 1)


def some_users(rng: np.random.Generator, c: Crowd, account: Whole) -> Whole:
    """Mostly the account's owner, now and then a colleague."""
    return np.where(rng.random(account.size) < 0.8, c.owner[account], rng.integers(0, c.owners, account.size))


def deal_of_the_time(rng: np.random.Generator, c: Crowd, d: Deals, account: Whole, at: Whole) -> pa.Array:
    """The account's newest deal of the time, if it was still open then; three acts in four that could be are linked."""
    if not d.account.size:
        return pa.nulls(account.size, pa.string())
    span = np.int64(1) << 40
    deal = np.searchsorted(d.account * span + d.created, account * span + at, side="right") - 1
    held = (
        (deal >= 0)
        & (d.account[deal] == account)
        & (~d.closed[deal] | (at <= d.close[deal]))
        & (rng.random(account.size) < 0.75)
    )
    return pc.if_else(pa.array(held), c.ids("opportunities", np.maximum(deal, 0)), pa.scalar(None, pa.string()))


def _lists(columns: list[Whole], present: list[Flags], before: int, kind: str) -> pa.Array:
    """A list column from up to so many entries a row, each present or not."""
    stacked, mask = np.stack(columns, axis=1), np.stack(present, axis=1)
    offsets = np.concatenate(([0], np.cumsum(mask.sum(axis=1))))
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), record_ids(kind, stacked[mask] + before + 1))


def people_of(c: Crowd, account: Whole, lead: Whole, several: Flags, *, in_order: bool = False) -> pa.Array:
    """The lead and, where `several`, the next person of the account after them; `in_order` of their ids instead, where
    a CRM need not keep who came first.
    """
    start, many = c.person_from[account], c.people[account]
    other = start + (lead - start + 1) % many
    several = several & (many > 1)
    swap = several & (other < lead) & in_order
    first, second = np.where(swap, other, lead), np.where(swap, lead, other)
    return _lists([first, second], [np.ones(lead.size, bool), several], c.first["people"], "people")


def users_of(users: Whole, other: Whole) -> pa.Array:
    """The lead and a colleague, where that is someone else."""
    return _lists([users, other], [np.ones(users.size, bool), other != users], 0, "users")


def one_user(users: Whole) -> pa.Array:
    """One user a row."""
    return users_of(users, users)


def act_table(
    count: int, at: Whole, c: Crowd, account: Whole, columns: dict[str, object], created: Whole | None = None
) -> pa.Table:
    """Activities from some columns and those that all share; entered minutes after they happened unless `created`
    says.
    """
    created = at + 60 * (3 + np.arange(count) % 7) if created is None else created
    common: dict[str, object] = {
        "id": pa.array(np.full(count, "")),
        "account_id": c.ids("accounts", account),
        "occurred_at": at,
    }
    common |= {
        "date_only": np.zeros(count, bool),
        "automated": np.zeros(count, bool),
        "created_at": created,
        "modified_at": created,
    }
    return table("activities", count, common | columns)


def either(flags: Flags, yes: str, no: str) -> pa.Array:
    """One of two words for each flag."""
    return pc.if_else(pa.array(flags), yes, no)
