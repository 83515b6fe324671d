"""The book that hand-written stories are written into: each act of a story is one call, times are days before now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from connectors.emulator.organisation.catalogue import (
    OWN_DOMAINS,
    PRODUCT_BY_ID,
    STAGES,
    TIME_ZONE,
    TITLES,
    record_id,
)
from connectors.records import SCHEMAS, STREAMS, Stream

Row = dict[str, object]


@dataclass(frozen=True)
class Party:
    """An account of a story and those who deal with each other there: `people` are theirs, `owner` is ours, and all
    money is in `currency`."""

    id: str
    name: str
    currency: str
    owner: str
    people: tuple[str, ...]


class Book:
    """Rows of one organisation under construction. Every act lies before `now`; a story that breaks this raises
    ValueError. Weekend days are moved to the Friday before."""

    def __init__(self, now: datetime, rng: np.random.Generator) -> None:
        self.now = now
        self.rows: dict[Stream, list[Row]] = {stream: [] for stream in STREAMS}
        self.threads = 0
        self.messages = 0
        self._midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        self._rng = rng

    def tables(self) -> dict[Stream, pa.Table]:
        return {stream: pa.Table.from_pylist(rows, schema=SCHEMAS[stream]) for stream, rows in self.rows.items()}

    def day(self, days: float) -> datetime:
        """Midnight UTC so many days ago (negative: to come)."""
        return self._midnight - timedelta(days=round(days))

    def at(self, days: float) -> datetime:
        """A moment of the working day so many days ago, seven to three o'clock UTC."""
        day = self.day(days)
        day -= timedelta(days=max(0, day.weekday() - 4))
        return day + timedelta(seconds=int(self._rng.integers(7 * 3600, 15 * 3600)))

    def add(self, stream: Stream, created: datetime, values: Row) -> str:
        """A row with the next id of its stream, modified when created unless `values` say otherwise; returns its id."""
        row: Row = {"created_at": created, "modified_at": created, **values}
        row.setdefault("id", record_id(stream, len(self.rows[stream]) + 1))
        self.rows[stream].append(row)
        return str(row["id"])

    # -- who ----------------------------------------------------------------------------------------------------------

    def user(self, name: str, *, active: bool = True) -> str:
        email = f"{name.lower().replace(' ', '.')}@{OWN_DOMAINS[0]}"
        return self.add(
            "users", self.at(2600), {"name": name, "email": email, "active": active, "time_zone": TIME_ZONE}
        )

    def account(
        self,
        name: str,
        people: Sequence[str],
        *,
        owner: str,
        industry: str,
        country: str = "Germany",
        currency: str = "EUR",
        revenue: float | None = None,
        employees: int | None = None,
        kind: str = "customer",
        parent: Party | None = None,
        known_for: float = 1200,
        custom: Row | None = None,
    ) -> Party:
        """An account first entered `known_for` days ago, with its people by name. Its own figures, what is installed
        there and its deals are in `currency`. `custom` are the optional columns, which a CRM holds in custom fields."""
        domain = name.lower().replace("&", "and").replace(" ", "-").replace(".", "") + ".example"
        created = self.at(known_for)
        values: Row = {
            "name": name,
            "type": kind,
            "industry": industry,
            "country": country,
            "currency": currency,
            "owner_id": owner,
        }
        values |= {"annual_revenue": revenue, "employees": employees, "domain": domain}
        values |= {"parent_id": parent.id if parent else None, **(custom or {})}
        account = self.add("accounts", created, values)
        members = tuple(
            self.person(
                account,
                who,
                f"{who.lower().replace(' ', '.')}@{domain}",
                TITLES[i % len(TITLES)],
                created + timedelta(minutes=3 * i + 2),
            )
            for i, who in enumerate(people)
        )
        return Party(account, name, currency, owner, members)

    def person(self, account: str, name: str, email: str, title: str, created: datetime) -> str:
        return self.add("people", created, {"account_id": account, "name": name, "email": email, "title": title})

    # -- what is bought -----------------------------------------------------------------------------------------------

    def deal(
        self,
        party: Party,
        name: str,
        lines: Sequence[tuple[str, int]] = (),
        *,
        opened: float,
        closes: float,
        stage: str,
        amount: float | None = None,
        discount: float = 0.0,
        people: Sequence[str] | None = None,
        rivals: Sequence[str] = (),
        kind: str = "Existing Business",
        decided: float | None = None,
    ) -> str:
        """A deal of `lines` (product id, quantity) at list price less `discount`, or of a bare `amount`. `opened` and
        `closes` are days ago; an open deal may close in the future (negative), and one whose stage changed `decided`
        days ago may have kept a close date of the future.
        """
        priced = [(PRODUCT_BY_ID[p], n, round(PRODUCT_BY_ID[p].price * (1 - discount), 2)) for p, n in lines]
        if priced:
            amount = round(sum(n * unit for _, n, unit in priced), 2)
        closed = stage.startswith("Closed")
        created, close_at = self.at(opened), self.day(closes)
        moved = None if decided is None else self.day(decided) + timedelta(hours=15)
        if created >= close_at or (closed and decided is None and close_at > self.now):
            raise ValueError(f"{party.name}: {name} must open before it closes, and a closed deal closes in the past")
        deal = self.add(
            "opportunities",
            created,
            {
                "account_id": party.id,
                "name": f"{party.name}: {name}",
                "amount": amount,
                "currency": party.currency,
                "is_closed": closed,
                "is_won": stage == "Closed Won",
                "stage": stage,
                "probability": STAGES[stage],
                "close_at": close_at,
                "stage_changed_at": moved,
                "type": kind,
                "owner_id": party.owner,
                "modified_at": moved or (close_at if closed else created),
            },
        )
        for product, quantity, unit in priced:
            line: Row = {
                "opportunity_id": deal,
                "product_id": product.id,
                "product_family": product.family,
                "quantity": float(quantity),
            }
            self.add("line_items", created, line | {"amount": round(quantity * unit, 2), "currency": party.currency})
        for i, person in enumerate(party.people[:1] if people is None else people):
            self.add(
                "opportunity_people",
                created,
                {"opportunity_id": deal, "person_id": person, "role": "Evaluator" if i else "Decision Maker"},
            )
        for rival in rivals:
            self.add(
                "rivals", created, {"opportunity_id": deal, "account_id": party.id, "name": rival, "seen_at": created}
            )
        return deal

    def orders(
        self,
        party: Party,
        lines: Sequence[tuple[str, int]],
        *,
        first: int,
        last: int,
        every: int,
        discount: float = 0.0,
        rivals: Sequence[str] = (),
    ) -> None:
        """Won call-offs every so many days, from `first` to `last` days ago, each a fortnight in the making; of
        `rivals`, one is seen on each in turn.
        """
        for turn, days in enumerate(range(first, last - 1, -every)):
            self.deal(
                party,
                f"order {self.day(days):%Y-%m}",
                lines,
                opened=days + 16,
                closes=days,
                stage="Closed Won",
                discount=discount,
                rivals=rivals[turn % len(rivals) :][:1] if rivals else (),
            )

    def contract(self, party: Party, *, start: float, end: float, draft: bool = False) -> None:
        """A contract that starts and ends so many days ago (negative: to come)."""
        values: Row = {"account_id": party.id, "start_at": self.day(start), "end_at": self.day(end)}
        created = min(self.day(start + 12), self.day(2)) + timedelta(hours=9)
        self.add("contracts", created, values | {"status": "Draft" if draft else "Activated", "active": not draft})

    def assets(self, party: Party, products: Sequence[str], *, installed: float) -> None:
        """Our products installed there, one each."""
        for product_id in products:
            product = PRODUCT_BY_ID[product_id]
            values: Row = {
                "account_id": party.id,
                "product_id": product.id,
                "product_family": product.family,
                "active": True,
                "is_rival": False,
            }
            values |= {
                "installed_at": self.day(installed),
                "price": float(product.price),
                "currency": party.currency,
                "quantity": 1.0,
            }
            self.add("assets", self.at(installed - 1), values)

    def rival_asset(self, party: Party, vendor: str, price: float, *, installed: float) -> None:
        """A competitor's product installed there, at what they pay for it a year."""
        values: Row = {
            "account_id": party.id,
            "active": True,
            "is_rival": True,
            "vendor": vendor,
            "installed_at": self.day(installed),
        }
        self.add(
            "assets", self.at(installed - 1), values | {"price": price, "currency": party.currency, "quantity": 1.0}
        )
