"""The background's mails: threads with replies and silences, and the mails on cases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.emulator.organisation.catalogue import OWN_DOMAINS, Whole, record_ids
from connectors.emulator.organisation.population.background import DAY, Crowd, Real
from connectors.emulator.organisation.population.commerce import Deals, Flags
from connectors.emulator.organisation.population.rows import (
    TAKEN_DOWN,
    act_table,
    deal_of_the_time,
    either,
    moments,
    people_of,
    some_accounts,
    some_users,
    users_of,
)

_LONGEST = 8  # mails in a thread


@dataclass(frozen=True)
class Exchange:
    """Mails in threads, one entry a mail; `thread` counts from 0 and does not fall."""

    thread: Whole
    account: Whole
    person: Whole
    user: Whole
    theirs: Flags
    at: Whole


def threads_in(mails: Exchange) -> int:
    """How many threads there are."""
    return int(mails.thread[-1]) + 1 if mails.thread.size else 0


def threads(rng: np.random.Generator, c: Crowd, count: int, chance: Real) -> Exchange:
    """Threads until there are `count` mails. An unanswered one stops, or its author writes again days later."""
    account = some_accounts(rng, chance, count)
    theirs = rng.random(count) < c.trait("starts")[account]
    answered = rng.random(count) < np.where(theirs, c.trait("answer")[account], c.trait("reply")[account])
    length = np.where(answered, np.minimum(1 + rng.geometric(0.5, count), _LONGEST), 1 + (rng.random(count) < 0.35))
    used = int(np.searchsorted(np.cumsum(length), count)) + 1 if count else 0
    account, theirs, answered, length = account[:used], theirs[:used], answered[:used], length[:used]
    if used:
        length[-1] -= length.sum() - count
    thread = np.repeat(np.arange(used), length)
    nth = np.arange(count) - np.repeat(np.cumsum(length) - length, length)
    side = theirs[thread] ^ ((nth % 2 == 1) & answered[thread])
    hours = np.where(side, c.trait("reply_hours")[account[thread]], c.trait("answer_hours")[account[thread]])
    gap = np.where(answered[thread], _latency(rng, hours), rng.integers(3 * DAY, 8 * DAY, count))
    at = _in_sequence(c, moments(rng, c, account), thread, nth, gap, length)
    return Exchange(
        thread, account[thread], c.someone(rng, account)[thread], some_users(rng, c, account)[thread], side, at
    )


def _latency(rng: np.random.Generator, hours: Real) -> Whole:
    """Seconds until an answer: heavy-tailed around the median, from two minutes to nine days."""
    return np.clip(hours * 3600 * np.exp(rng.normal(0, 1.0, hours.size)), 120, 9 * DAY).astype(np.int64)


def _in_sequence(c: Crowd, start: Whole, thread: Whole, nth: Whole, gap: Whole, length: Whole) -> Whole:
    """When each mail of each thread was sent; a thread that would run past now began whole weeks earlier."""
    elapsed = _running(np.where(nth == 0, 0, gap), length)
    at = start[thread] + elapsed
    over = np.zeros(start.size, np.int64)
    np.maximum.at(over, thread, at - (c.now - TAKEN_DOWN))
    sent: Whole = at - np.ceil(np.maximum(over, 0) / (7 * DAY)).astype(np.int64)[thread] * 7 * DAY
    return sent


def _running(gap: Whole, length: Whole) -> Whole:
    """The running total of the gaps within each of the consecutive runs of so many entries."""
    total = np.cumsum(gap)
    before = np.concatenate(([0], total))[np.cumsum(length) - length]
    running: Whole = total - np.repeat(before, length)
    return running


def support_mails(
    rng: np.random.Generator, c: Crowd, account: Whole, opened: Whole, most: int
) -> tuple[Exchange, Whole]:
    """Up to `most` mails on the cases, ours and theirs in turn; a third of the cases got none. Also the case of
    each.
    """
    count = account.size
    length = np.where(rng.random(count) < 0.33, 0, rng.integers(1, 6, count))
    length = np.where(np.cumsum(length) > most, 0, length)
    case = np.repeat(np.arange(count), length)
    nth = np.arange(case.size) - np.repeat(np.cumsum(length) - length, length)
    theirs = nth % 2 == 1
    hours = np.where(theirs, c.trait("reply_hours")[account[case]], c.trait("answer_hours")[account[case]])
    at = opened[case] + _running(_latency(rng, hours), length)
    kept = at < c.now - TAKEN_DOWN
    kept &= ~(np.bincount(case, ~kept, count) > 0)[case] if case.size else kept
    thread = np.unique(case[kept], return_inverse=True)[1].astype(np.int64)
    person = case_person(c, account)
    side = Exchange(
        thread, account[case][kept], person[case][kept], c.owner[account[case]][kept], theirs[kept], at[kept]
    )
    return side, case[kept]


def case_person(c: Crowd, account: Whole) -> Whole:
    """Who raised each of these cases, of these accounts."""
    return c.person_from[account] + np.arange(account.size) % c.people[account]


def mail_table(
    rng: np.random.Generator,
    c: Crowd,
    m: Exchange,
    before: tuple[int, int],
    *,
    deals: Deals | None = None,
    case: Whole | None = None,
) -> pa.Table:
    """Mails; one unanswered mail of ours in twenty-five was sent by a machine, and one in a hundred bounced."""
    count = m.at.size
    alone = np.bincount(m.thread, minlength=1)[m.thread] == 1 if count else np.zeros(0, bool)
    odd = np.where(alone & ~m.theirs & (case is None), rng.random(count), 1.0)
    root = np.searchsorted(m.thread, m.thread)
    numbers = record_ids("messages", np.arange(count) + before[1] + 1)
    columns: dict[str, object] = {
        "channel": pa.array(np.full(count, "email")),
        "direction": either(m.theirs, "inbound", "outbound"),
        "outcome": either((odd > 0.04) & (odd < 0.05), "bounced", "done"),
        "automated": odd < 0.04,
        "person_ids": people_of(c, m.account, m.person, (m.thread % 7 == 3) & (case is None)),
        "user_ids": users_of(m.user, m.user),
        "thread_id": record_ids("threads", m.thread + before[0] + 1),
        "dedupe_key": pc.binary_join_element_wise("<", numbers, f"@{OWN_DOMAINS[0]}>", ""),
    }
    if deals is not None:
        columns["opportunity_id"] = deal_of_the_time(rng, c, deals, m.account, m.at[root]).take(pa.array(root))
    if case is not None:
        columns["case_id"] = c.ids("cases", case)
    return act_table(count, m.at, c, m.account, columns)
