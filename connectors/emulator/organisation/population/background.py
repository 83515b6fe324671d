"""The background of the demo organisation: accounts, people and commerce drawn from archetypes, all in numpy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from connectors.emulator.organisation.catalogue import (
    COUNTRIES,
    FIRST_NAMES,
    INDUSTRIES,
    LAST_NAMES,
    TITLES,
    Whole,
    record_ids,
    table,
    words,
)
from connectors.records import Stream

Real = npt.NDArray[np.float64]
DAY = 86_400


class Archetype(NamedTuple):
    """A kind of customer. `deals` and `acts` are relative amounts; `starts` is the chance that a thread is theirs,
    `reply` that they answer ours and `answer` that we answer theirs, each after about so many hours; `families` weighs
    the products in catalogue order."""

    share: float
    type: str
    deals: float
    acts: float
    size: float
    won: float
    years: float
    starts: float
    reply: float
    reply_hours: float
    answer: float
    answer_hours: float
    contract: float
    assets: float
    rivals: float
    families: tuple[float, ...]


# share type        deals acts size  won  yrs  strt reply  h    answ  h   ctr  ast  riv  CP-200 CP-210 SM AN FS AR SP TR
# CN
ARCHETYPES: tuple[Archetype, ...] = (
    # anchored
    Archetype(
        0.12, "customer", 1.6, 1.5, 0.30, 0.75, 9, 0.50, 0.85, 5, 0.90, 4, 0.80, 5, 0.08, (1, 4, 3, 2, 2, 0, 1, 1, 0)
    ),
    # steady
    Archetype(
        0.20, "customer", 1.1, 1.0, 0.25, 0.60, 6, 0.45, 0.70, 9, 0.80, 7, 0.45, 2, 0.25, (0, 1, 2, 2, 2, 0, 2, 1, 1)
    ),
    # courted
    Archetype(
        0.14, "customer", 0.8, 1.6, 0.20, 0.45, 4, 0.12, 0.25, 40, 0.90, 4, 0.15, 1, 0.35, (0, 0, 1, 1, 1, 0, 2, 2, 3)
    ),
    # callers
    Archetype(
        0.08, "customer", 1.0, 1.0, 0.20, 0.60, 5, 0.85, 0.80, 5, 0.40, 45, 0.40, 3, 0.20, (0, 2, 2, 1, 1, 0, 2, 0, 0)
    ),
    # locked in
    Archetype(
        0.08, "customer", 0.7, 0.5, 0.20, 0.70, 12, 0.40, 0.60, 15, 0.80, 9, 0.90, 6, 0.10, (0, 0, 0, 0, 1, 5, 1, 0, 0)
    ),
    # transactional
    Archetype(
        0.22, "customer", 1.0, 0.5, 0.25, 0.65, 4, 0.55, 0.70, 8, 0.90, 5, 0.05, 0.3, 0.40, (0, 0, 0, 0, 0, 0, 3, 1, 6)
    ),
    # lapsed
    Archetype(
        0.06, "customer", 0.5, 0.3, 0.20, 0.50, 7, 0.30, 0.30, 50, 0.70, 12, 0.10, 1, 0.30, (0, 1, 1, 1, 1, 1, 1, 1, 1)
    ),
    # prospects
    Archetype(
        0.08, "prospect", 0.5, 0.8, 0.30, 0.00, 2, 0.30, 0.50, 20, 0.90, 3, 0.00, 0, 0.50, (1, 3, 2, 3, 0, 0, 0, 1, 0)
    ),
    # resellers
    Archetype(
        0.02, "reseller", 1.2, 0.8, 0.20, 0.70, 5, 0.50, 0.70, 8, 0.80, 6, 0.30, 0, 0.10, (0, 1, 1, 1, 0, 0, 3, 1, 3)
    ),
)
_FIRST_WORDS = words(
    "Amber Birch Calder Drake Elm Fairway Glen Harbour Iron Juniper Kings Lark Maple North Oak Pine Quarry "
    "River Stone Thistle Upland Vale West Yarrow Zephyr"
)
_SECOND_WORDS = words(
    "bridge brook croft dale field ford gate grove haven hurst lea mere mount port ridge shaw side stead ton wick"
)
_SECTORS = (
    "Works",
    "Foods",
    "Instruments",
    "Logistics",
    "Textiles",
    "Energy",
    "Packaging",
    "Clinics",
    "Paper",
    "Tools",
    "Motors",
    "Glass",
)


@dataclass(frozen=True)
class Crowd:
    """The background accounts as arrays: one entry an account; people lie in runs, `person_from` on, `people` many."""

    first: dict[Stream, int]  # how many records of each stream the stories have taken already
    now: int
    owners: int
    archetype: Whole
    created: Whole
    owner: Whole
    currency: npt.NDArray[np.str_]
    country: Whole
    people: Whole
    person_from: Whole

    def trait(self, name: str) -> npt.NDArray[np.float64]:
        """An archetype's figure for each account."""
        return np.array([getattr(a, name) for a in ARCHETYPES], dtype=np.float64)[self.archetype]

    def ids(self, stream: Stream, index: Whole) -> pa.Array:
        """Ids of background records by their index."""
        return record_ids(stream, index + self.first[stream] + 1)

    def someone(self, rng: np.random.Generator, account: Whole) -> Whole:
        """One of the account's people, by index."""
        return self.person_from[account] + np.floor(rng.random(account.size) * self.people[account]).astype(np.int64)


def crowd(rng: np.random.Generator, now: int, count: int, owners: int, first: dict[Stream, int]) -> Crowd:
    """So many accounts, each of an archetype, entered long enough ago to have a history."""
    shares = np.array([a.share for a in ARCHETYPES])
    archetype = rng.choice(len(ARCHETYPES), size=count, p=shares / shares.sum())
    years = np.array([a.years for a in ARCHETYPES])[archetype]
    country = rng.choice(len(COUNTRIES), size=count, p=[c[2] for c in COUNTRIES])
    people = 1 + np.minimum(rng.poisson(1.8, count), 7)
    return Crowd(
        first=first,
        now=now,
        owners=owners,
        archetype=archetype,
        created=now - np.floor((0.4 + rng.random(count) * years) * 365 * DAY).astype(np.int64),
        owner=rng.integers(0, owners, count),
        currency=np.array([c[1] for c in COUNTRIES])[country],
        country=country,
        people=people,
        person_from=np.cumsum(people) - people,
    )


def accounts(rng: np.random.Generator, c: Crowd) -> pa.Table:
    """The accounts, some of them children of another background account (one level deep), some with figures unknown."""
    count = c.archetype.size
    index = np.arange(count)
    revenue = np.round(np.exp(rng.normal(np.log(25e6), 1.1, count)), -3)
    names = _company_names(index)
    slug = pc.replace_substring(pc.utf8_lower(names), " ", "-")
    return table(
        "accounts",
        count,
        {
            "id": c.ids("accounts", index),
            "name": names,
            "parent_id": _parents(rng, c),
            "type": pa.array([a.type for a in ARCHETYPES]).take(pa.array(c.archetype)),
            "industry": pa.array(INDUSTRIES).take(pa.array(rng.integers(0, len(INDUSTRIES), count))),
            "country": pa.array([x[0] for x in COUNTRIES]).take(pa.array(c.country)),
            "currency": pa.array(c.currency),
            "annual_revenue": pa.array(revenue, mask=rng.random(count) < 0.15),
            "employees": pa.array(np.maximum(3, revenue / 190_000).astype(np.int64), mask=rng.random(count) < 0.1),
            "owner_id": record_ids("users", c.owner + 1),
            "domain": pc.binary_join_element_wise(slug, ".example", ""),
            "wallet": pa.array(
                np.round(np.exp(rng.normal(np.log(60e3), 0.8, count)), -2), mask=rng.random(count) > 0.15
            ),
            "created_at": c.created,
            "modified_at": c.created,
        },
    )


def _company_names(index: Whole) -> pa.Array:
    """Names that never repeat: all combinations of the words in a mixed-up order, then the same with a number."""
    sizes = (len(_FIRST_WORDS), len(_SECOND_WORDS), len(_SECTORS))
    combinations = sizes[0] * sizes[1] * sizes[2]
    turn = (index * 4_127) % combinations  # 4127 is prime to the number of combinations
    first, rest = turn % sizes[0], turn // sizes[0]
    stems = pc.binary_join_element_wise(
        pa.array(_FIRST_WORDS).take(pa.array(first)), pa.array(_SECOND_WORDS).take(pa.array(rest % sizes[1])), ""
    )
    names = pc.binary_join_element_wise(stems, pa.array(_SECTORS).take(pa.array(rest // sizes[1])), " ")
    again = index // combinations
    numbered = pc.binary_join_element_wise(names, pa.array(again + 1).cast(pa.string()), " ")
    return pc.if_else(pa.array(again > 0), numbered, names)


def _parents(rng: np.random.Generator, c: Crowd) -> pa.Array:
    count = c.archetype.size
    parent = rng.integers(0, max(1, count // 10), count)
    child = (rng.random(count) < 0.08) & (np.arange(count) >= count // 10) & (count >= 10)
    return pc.if_else(pa.array(child), c.ids("accounts", parent), pa.scalar(None, pa.string()))


def people(rng: np.random.Generator, c: Crowd) -> pa.Table:
    """Everyone at the accounts; the e-mail addresses are unique."""
    account = np.repeat(np.arange(c.archetype.size), c.people)
    count = account.size
    nth = np.arange(count) - c.person_from[account]
    firsts = pa.array(FIRST_NAMES).take(pa.array((account * 7 + nth) % len(FIRST_NAMES)))
    lasts = pa.array(LAST_NAMES).take(pa.array(rng.integers(0, len(LAST_NAMES), count)))
    slug = pc.replace_substring(pc.utf8_lower(_company_names(account)), " ", "-")
    local = pc.utf8_lower(pc.binary_join_element_wise(firsts, lasts, "."))
    created = c.created[account] + 60 * (nth + 1)
    return table(
        "people",
        count,
        {
            "id": c.ids("people", np.arange(count)),
            "account_id": c.ids("accounts", account),
            "name": pc.binary_join_element_wise(firsts, lasts, " "),
            "email": pc.binary_join_element_wise(local, pc.binary_join_element_wise(slug, ".example", ""), "@"),
            "title": pa.array(TITLES).take(pa.array(nth % len(TITLES))),
            "created_at": created,
            "modified_at": created,
        },
    )
