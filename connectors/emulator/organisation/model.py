"""One neutral organisation that both CRM emulators, and files, can be filled with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.emulator.organisation.catalogue import CORPORATE_CURRENCY, DEMO_FAMILIES, OWN_DOMAINS, TIME_ZONE, Family
from connectors.emulator.organisation.population import acts as population_acts
from connectors.emulator.organisation.population import background as population
from connectors.emulator.organisation.population import commerce as population_commerce
from connectors.emulator.organisation.stories.book import Book
from connectors.emulator.organisation.stories.cast import tell
from connectors.records import STREAMS, Stream

__all__ = [
    "CORPORATE_CURRENCY",
    "DEMO_FAMILIES",
    "OWN_DOMAINS",
    "TIME_ZONE",
    "Organisation",
    "demo_model_toml",
    "demo_organisation",
]


@dataclass(frozen=True)
class Organisation:
    """A selling organisation and its book of business. `tables` holds every stream in exactly its canonical schema.

    `merges` are (loser, winner) accounts: the loser is still a row, while all that belonged to it already points to the
    winner. `deleted` are records (stream, id) that are still rows and that nothing points to. A CRM shows neither.
    """

    tables: dict[Stream, pa.Table]
    own_domains: tuple[str, ...]
    corporate_currency: str
    time_zone: str
    now: datetime
    merges: tuple[tuple[str, str], ...] = ()
    deleted: tuple[tuple[Stream, str], ...] = ()

    def visible(self) -> Organisation:
        """The same without the merged-away and the deleted records: what a CRM, or an export of it, shows."""
        gone: dict[Stream, list[str]] = {"accounts": [loser for loser, _ in self.merges]}
        for stream, record in self.deleted:
            gone.setdefault(stream, []).append(record)
        tables = dict(self.tables)
        for stream, ids in gone.items():
            tables[stream] = tables[stream].filter(
                pc.invert(pc.is_in(tables[stream]["id"], pa.array(ids, pa.string())))
            )
        return replace(self, tables=tables, merges=(), deleted=())


def demo_organisation(
    seed: int = 7,
    accounts: int = 60,
    *,
    now: datetime | None = None,
    opportunities_per_account: float = 5,
    activities_per_account: float = 50,
) -> Organisation:
    """An organisation of about so many accounts, the same for the same arguments, with all its past before `now`
    (default: today's midnight, UTC).

    The first two dozen accounts are written by hand, one story for each kind of relationship; the rest is a population
    drawn from archetypes, sized so that the totals come to what was asked for. The stories are always told in full: a
    smaller number still gives all of them and nothing else. Raises ValueError for a negative size or a naive `now`.
    """
    now = _whole_second(now)
    if min(accounts, opportunities_per_account, activities_per_account) < 0:
        raise ValueError("accounts, opportunities_per_account and activities_per_account cannot be negative")
    rng = np.random.default_rng(seed)
    book = Book(now, rng)
    merges, deleted = tell(book)
    taken: dict[Stream, int] = {stream: len(rows) for stream, rows in book.rows.items()}
    missing = accounts - taken["accounts"]
    tables = book.tables()
    if missing > 0:
        users = _more_users(book, missing // 60)
        tables["users"] = book.tables()["users"]
        crowd = population.crowd(rng, int(now.timestamp()), missing, users, taken)
        deals = population_commerce.deals(
            rng, crowd, max(0, round(accounts * opportunities_per_account) - taken["opportunities"])
        )
        acts = max(0, round(accounts * activities_per_account) - taken["activities"])
        more: dict[Stream, pa.Table] = {
            "accounts": population.accounts(rng, crowd),
            "people": population.people(rng, crowd),
        }
        more |= population_commerce.tables(rng, crowd, deals)
        more |= population_acts.tables(rng, crowd, deals, acts, book.threads, book.messages)
        tables = {
            s: pa.concat_tables([tables[s], more[s]]).combine_chunks() if s in more else tables[s] for s in STREAMS
        }
    return Organisation(tables, OWN_DOMAINS, CORPORATE_CURRENCY, TIME_ZONE, now, merges, deleted)


def demo_model_toml() -> str:
    """A scoring model file for the demo organisation: its currency, and what each product family is to those who buy
    it; every other number is the shipped default.
    """
    lines = [f'corporate_currency = "{CORPORATE_CURRENCY}"']
    for kind in Family._fields:
        lines += ["", f"[families.{kind}]"]
        lines += [f'"{name}" = {getattr(family, kind):.2f}' for name, family in DEMO_FAMILIES.items()]
    return "\n".join(lines) + "\n"


def _whole_second(now: datetime | None) -> datetime:
    if now is None:
        return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if now.tzinfo is None:
        raise ValueError("now must say its time zone")
    return now.astimezone(UTC).replace(microsecond=0)


def _more_users(book: Book, count: int) -> int:
    """One more seller for every sixty accounts of the population; returns how many users there are then."""
    for i in range(count):
        book.user(f"Seller {i + 1}")
    return len(book.rows["users"])
