"""The background's deals, line items, rivals, contracts and assets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from connectors.emulator.organisation.catalogue import (
    OPEN_STAGES,
    PRODUCTS,
    RIVALS,
    ROLES,
    STAGES,
    Whole,
    record_ids,
    table,
)
from connectors.emulator.organisation.population.background import ARCHETYPES, DAY, Crowd
from connectors.records import Stream

Flags = npt.NDArray[np.bool_]
_NAMES = ("Extension", "Renewal", "New line", "Replacement", "Pilot", "Yearly order")


@dataclass(frozen=True)
class Deals:
    """The background deals as arrays, in the order of account and then of creation."""

    account: Whole
    created: Whole
    close: Whole
    closed: Flags
    won: Flags


def deals(rng: np.random.Generator, c: Crowd, count: int) -> Deals:
    """So many deals over up to four years; about one in seven is open."""
    weight = c.trait("deals") * rng.gamma(2.0, 0.5, c.archetype.size)
    account = np.sort(rng.choice(c.archetype.size, size=count, p=weight / weight.sum()))
    still_open = rng.random(count) < 0.12
    oldest = np.minimum(c.now - c.created[account] - 2 * DAY, np.where(still_open, 140, 1460) * DAY)
    created = c.now - 2 * DAY - np.floor(oldest * rng.random(count)).astype(np.int64)
    cycle = np.minimum(5 + np.exp(rng.normal(np.log(45), 0.6, count)), 300)
    until = c.now + np.floor((rng.random(count) * 140 - 15) * DAY).astype(np.int64)
    close = np.where(still_open, np.maximum(until, created + 2 * DAY), created + np.floor(cycle * DAY).astype(np.int64))
    close = close // DAY * DAY
    order = np.lexsort((created, account))
    closed = ~still_open & (close <= c.now)
    won = closed & (rng.random(count) < c.trait("won")[account])
    return Deals(account[order], created[order], close[order], closed[order], won[order])


def tables(rng: np.random.Generator, c: Crowd, d: Deals) -> dict[Stream, pa.Table]:
    """Opportunities with their people, line items and rivals; contracts and assets of the accounts."""
    credit = d.won & (rng.random(d.account.size) < 0.02)
    lines, cents = _line_items(rng, c, d, ~credit & (rng.random(d.account.size) < 0.92))
    return {
        "opportunities": _opportunities(rng, c, d, np.where(credit, -1, 1) * cents),
        "opportunity_people": _roles(rng, c, d),
        "line_items": lines,
        "rivals": _rivals(rng, c, d),
        "contracts": _contracts(rng, c),
        "assets": _assets(rng, c),
    }


def _opportunities(rng: np.random.Generator, c: Crowd, d: Deals, cents: Whole) -> pa.Table:
    count = d.account.size
    names = list(STAGES)
    stage = rng.integers(0, len(OPEN_STAGES), count)
    stage = np.where(d.closed, np.where(d.won, names.index("Closed Won"), names.index("Closed Lost")), stage)
    label = pa.array(_NAMES).take(pa.array(rng.integers(0, len(_NAMES), count)))
    first = np.concatenate(([True], d.account[1:] != d.account[:-1])) if count else np.zeros(0, bool)
    return table(
        "opportunities",
        count,
        {
            "id": c.ids("opportunities", np.arange(count)),
            "account_id": c.ids("accounts", d.account),
            "name": pc.binary_join_element_wise(label, pa.array(np.arange(count) + 1).cast(pa.string()), " "),
            "amount": pa.array(cents / 100, mask=cents == 0),
            "currency": pa.array(c.currency[d.account]),
            "is_closed": d.closed,
            "is_won": d.won,
            "stage": pa.array(names).take(pa.array(stage)),
            "probability": np.array(list(STAGES.values()))[stage],
            "close_at": d.close,
            "type": pc.if_else(pa.array(first), "New Business", "Existing Business"),
            "owner_id": record_ids("users", c.owner[d.account] + 1),
            "created_at": d.created,
            "modified_at": np.where(d.closed, np.maximum(d.close, d.created), d.created),
        },
    )


def _line_items(rng: np.random.Generator, c: Crowd, d: Deals, has_lines: Flags) -> tuple[pa.Table, Whole]:
    """The line items, and what each deal amounts to in cents: the exact sum of its lines, or a figure of its own (zero:
    not known yet) where it has none."""
    lines = np.where(has_lines, 1 + (rng.random(d.account.size) < 0.35) + (rng.random(d.account.size) < 0.1), 0)
    deal = np.repeat(np.arange(d.account.size), lines)
    product = _products(rng, c, d.account[deal])
    price = np.array([p.price for p in PRODUCTS])[product]
    quantity = np.maximum(1, np.round(np.exp(rng.normal(0.4, 0.7, deal.size)) * np.clip(2_500 / price, 1, 25))).astype(
        np.int64
    )
    unit = np.round(price * 100 * c.trait("size")[d.account[deal]] * rng.uniform(0.75, 1.0, deal.size)).astype(np.int64)
    bare = np.round(np.exp(rng.normal(np.log(150_000), 0.8, d.account.size))).astype(np.int64)
    bare[~d.closed & (rng.random(d.account.size) < 0.3)] = 0
    total = np.bincount(deal, weights=quantity * unit, minlength=d.account.size).astype(np.int64)
    created = d.created[deal]
    rows = table(
        "line_items",
        deal.size,
        {
            "id": c.ids("line_items", np.arange(deal.size)),
            "opportunity_id": c.ids("opportunities", deal),
            "product_id": pa.array([p.id for p in PRODUCTS]).take(pa.array(product)),
            "product_family": pa.array([p.family for p in PRODUCTS]).take(pa.array(product)),
            "quantity": quantity.astype(np.float64),
            "amount": quantity * unit / 100,
            "currency": pa.array(c.currency[d.account[deal]]),
            "created_at": created,
            "modified_at": created,
        },
    )
    return rows, np.where(has_lines, total, bare)


def _products(rng: np.random.Generator, c: Crowd, account: Whole) -> Whole:
    """A product for each entry, by the taste of its account's archetype."""
    weights = np.array([a.families for a in ARCHETYPES], dtype=np.float64)
    chance = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)[c.archetype[account]]
    product: Whole = np.minimum((rng.random(account.size)[:, None] >= chance).sum(axis=1), len(PRODUCTS) - 1)
    return product


def _roles(rng: np.random.Generator, c: Crowd, d: Deals) -> pa.Table:
    """One or two people of the account on each deal, never the same twice."""
    several = (c.people[d.account] > 1) & (rng.random(d.account.size) < 0.4)
    deal = np.repeat(np.arange(d.account.size), 1 + several)
    second = np.concatenate(([False], deal[1:] == deal[:-1])) if deal.size else np.zeros(0, bool)
    lead = np.floor(rng.random(d.account.size) * c.people[d.account]).astype(np.int64)[deal]
    account = d.account[deal]
    person = c.person_from[account] + (lead + second) % c.people[account]
    return table(
        "opportunity_people",
        deal.size,
        {
            "id": c.ids("opportunity_people", np.arange(deal.size)),
            "opportunity_id": c.ids("opportunities", deal),
            "person_id": c.ids("people", person),
            "role": pa.array(ROLES).take(pa.array(np.where(second, rng.integers(1, len(ROLES), deal.size), 0))),
            "created_at": d.created[deal],
            "modified_at": d.created[deal],
        },
    )


def _rivals(rng: np.random.Generator, c: Crowd, d: Deals) -> pa.Table:
    deal = np.flatnonzero(rng.random(d.account.size) < c.trait("rivals")[d.account])
    return table(
        "rivals",
        deal.size,
        {
            "id": c.ids("rivals", np.arange(deal.size)),
            "opportunity_id": c.ids("opportunities", deal),
            "account_id": c.ids("accounts", d.account[deal]),
            "name": pa.array(RIVALS).take(pa.array(rng.integers(0, len(RIVALS), deal.size))),
            "seen_at": d.created[deal],
            "created_at": d.created[deal],
            "modified_at": d.created[deal],
        },
    )


def _contracts(rng: np.random.Generator, c: Crowd) -> pa.Table:
    account = np.flatnonzero(rng.random(c.archetype.size) < c.trait("contract"))
    start = (c.now - np.floor(rng.random(account.size) * 600 * DAY).astype(np.int64)) // DAY * DAY
    created = start - 7 * DAY + 9 * 3600
    return table(
        "contracts",
        account.size,
        {
            "id": c.ids("contracts", np.arange(account.size)),
            "account_id": c.ids("accounts", account),
            "start_at": start,
            "end_at": start + 365 * DAY * rng.integers(1, 4, account.size),
            "status": pa.array(np.full(account.size, "Activated")),
            "active": np.ones(account.size, bool),
            "created_at": created,
            "modified_at": created,
        },
    )


def _assets(rng: np.random.Generator, c: Crowd) -> pa.Table:
    """Ours, and on one account in seven a rival's, at what they pay for it a year. A rival's names no family of
    ours.
    """
    ours = np.repeat(np.arange(c.archetype.size), rng.poisson(c.trait("assets")))
    theirs = np.flatnonzero(rng.random(c.archetype.size) < 0.15)
    account = np.concatenate((ours, theirs))
    rival = np.arange(account.size) >= ours.size
    product = _products(rng, c, account)
    price = np.where(
        rival,
        np.round(np.exp(rng.normal(np.log(9_000), 0.7, account.size)), -2),
        np.array([p.price for p in PRODUCTS])[product],
    )
    installed = (
        (c.now - np.floor(rng.random(account.size) * (c.now - c.created[account] - DAY)).astype(np.int64)) // DAY * DAY
    )
    created = np.minimum(installed + DAY + 8 * 3600, c.now - 3600)
    return table(
        "assets",
        account.size,
        {
            "id": c.ids("assets", np.arange(account.size)),
            "account_id": c.ids("accounts", account),
            "product_id": pa.array(np.array([p.id for p in PRODUCTS])[product], mask=rival),
            "product_family": pa.array(np.array([p.family for p in PRODUCTS])[product], mask=rival),
            "active": rival | (rng.random(account.size) < 0.9),
            "is_rival": rival,
            "vendor": pa.array(np.array(RIVALS)[rng.integers(0, len(RIVALS), account.size)], mask=~rival),
            "installed_at": installed,
            "price": price.astype(np.float64),
            "currency": pa.array(c.currency[account]),
            "quantity": np.ones(account.size),
            "created_at": created,
            "modified_at": created,
        },
    )
