"""The background's acts: mails, calls, meetings, to-dos, and the cases that some of the mails belong to."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from connectors.emulator.organisation.catalogue import Whole, record_ids, table
from connectors.emulator.organisation.population.background import DAY, Crowd, Real
from connectors.emulator.organisation.population.commerce import Deals
from connectors.emulator.organisation.population.mails import (
    case_person,
    mail_table,
    support_mails,
    threads,
    threads_in,
)
from connectors.emulator.organisation.population.rows import (
    TAKEN_DOWN,
    act_table,
    deal_of_the_time,
    either,
    moments,
    one_user,
    people_of,
    some_accounts,
    some_users,
    users_of,
    workday,
)
from connectors.records import Stream


def tables(
    rng: np.random.Generator, c: Crowd, d: Deals, count: int, threads_before: int, messages_before: int
) -> dict[Stream, pa.Table]:
    """`count` activities and the cases that some of them belong to."""
    calls, meetings, todos, case_mails = (int(count * share) for share in (0.12, 0.10, 0.04, 0.05))
    weight = c.trait("acts") * rng.gamma(2.0, 0.5, c.archetype.size)
    chance = weight / weight.sum()
    cases, opened = _cases(rng, c, max(1, case_mails // 2), chance)
    support, of_case = support_mails(rng, c, cases, opened, case_mails)
    mails = threads(rng, c, count - calls - meetings - todos - support.at.size, chance)
    parts = [
        mail_table(rng, c, mails, (threads_before, messages_before), deals=d),
        mail_table(
            rng, c, support, (threads_before + threads_in(mails), messages_before + mails.at.size), case=of_case
        ),
        _call_table(rng, c, d, calls, chance),
        _meeting_table(rng, c, d, meetings, chance),
        _todo_table(rng, c, todos, chance),
    ]
    merged = pa.concat_tables(parts).combine_chunks()
    ids = c.ids("activities", np.arange(merged.num_rows))
    acts = merged.set_column(0, merged.schema.field("id"), ids)
    return {"activities": acts, "cases": _case_table(rng, c, cases, opened)}


def _cases(rng: np.random.Generator, c: Crowd, count: int, chance: Real) -> tuple[Whole, Whole]:
    account = some_accounts(rng, chance, count)
    return account, moments(rng, c, account)


def _case_table(rng: np.random.Generator, c: Crowd, account: Whole, opened: Whole) -> pa.Table:
    count = account.size
    closed = opened + np.floor((0.2 + rng.gamma(2.0, 2.0, count)) * DAY).astype(np.int64)
    still_open = (closed > c.now - TAKEN_DOWN) | (rng.random(count) < 0.05)
    return table(
        "cases",
        count,
        {
            "id": c.ids("cases", np.arange(count)),
            "account_id": c.ids("accounts", account),
            "person_id": c.ids("people", case_person(c, account)),
            "opened_at": opened,
            "closed_at": pa.array(closed, mask=still_open),
            "by_customer": rng.random(count) < 0.85,
            "priority": pa.array(("Low", "Medium", "High")).take(pa.array(rng.integers(0, 3, count))),
            "owner_id": record_ids("users", c.owner[account] + 1),
            "created_at": opened,
            "modified_at": np.where(still_open, opened, closed),
        },
    )


def _call_table(rng: np.random.Generator, c: Crowd, d: Deals, count: int, chance: Real) -> pa.Table:
    account = some_accounts(rng, chance, count)
    at = moments(rng, c, account)
    theirs = rng.random(count) < 0.8 * c.trait("starts")[account]
    missed = ~theirs & (rng.random(count) < 0.35)
    seconds = np.clip(np.exp(rng.normal(np.log(480), 0.8, count)), 20, 4000).astype(np.int64)
    columns: dict[str, object] = {
        "channel": pa.array(np.full(count, "call")),
        "direction": either(theirs, "inbound", "outbound"),
        "outcome": either(missed, "not_connected", "done"),
        "minutes": pa.array(seconds / 60, mask=missed),
        "opportunity_id": deal_of_the_time(rng, c, d, account, at),
        "person_ids": people_of(c, account, c.someone(rng, account), np.zeros(count, bool)),
        "user_ids": one_user(some_users(rng, c, account)),
    }
    return act_table(count, at, c, account, columns, created=at + seconds + 90)


def _meeting_table(rng: np.random.Generator, c: Crowd, d: Deals, count: int, chance: Real) -> pa.Table:
    account = some_accounts(rng, chance, count)
    ahead = rng.random(count) < 0.04
    future = workday(c.now // DAY + rng.integers(4, 25, count)) * DAY + rng.integers(14, 30, count) * 1800
    past = moments(rng, c, account) // 1800 * 1800
    at = np.where(ahead, future, past)
    minutes = rng.choice([30, 45, 60, 90], count, p=[0.4, 0.25, 0.28, 0.07])
    users = some_users(rng, c, account)
    outcome = np.where(ahead, 3, rng.choice(3, count, p=[0.88, 0.06, 0.06]))
    made = np.where(ahead, c.now - DAY + np.arange(count) % DAY // 2, at + minutes * 60 + 300)
    columns: dict[str, object] = {
        "channel": pa.array(np.full(count, "meeting")),
        "direction": either(rng.random(count) < 0.7 * c.trait("starts")[account], "inbound", "outbound"),
        "outcome": pa.array(("done", "no_show", "cancelled", "scheduled")).take(pa.array(outcome)),
        "minutes": minutes.astype(np.float64),
        "opportunity_id": deal_of_the_time(rng, c, d, account, np.minimum(at, c.now)),
        "person_ids": people_of(c, account, c.someone(rng, account), rng.random(count) < 0.4, in_order=True),
        "user_ids": users_of(users, np.where(rng.random(count) < 0.3, rng.integers(0, c.owners, count), users)),
    }
    return act_table(count, at, c, account, columns, created=made)


def _todo_table(rng: np.random.Generator, c: Crowd, count: int, chance: Real) -> pa.Table:
    account = some_accounts(rng, chance, count)
    made = moments(rng, c, account)
    columns: dict[str, object] = {
        "channel": pa.array(np.full(count, "task")),
        "direction": pa.array(np.full(count, "outbound")),
        "outcome": pa.array(np.full(count, "done")),
        "date_only": np.ones(count, bool),
        "person_ids": people_of(c, account, c.someone(rng, account), np.zeros(count, bool)),
        "user_ids": one_user(some_users(rng, c, account)),
    }
    return act_table(count, made // DAY * DAY, c, account, columns, created=made)
