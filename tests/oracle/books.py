"""What is known at an as-of: rows that had happened and were recorded by then, and money in the corporate currency."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from enrichment.model import ScoringModel

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]


@dataclass
class Deal:
    """An opportunity as it stood at the as-of."""

    key: int
    id: str
    account: int | None
    owner: int | None
    amount: Decimal | None  # as recorded
    value: Decimal | None  # in the corporate currency
    probability: float | None  # of open deals
    closed: bool
    won: bool
    close_at: datetime | None
    created_at: datetime | None

    @property
    def weighted(self) -> Decimal | None:
        """What is hoped for: amount times probability, of an open deal."""
        if self.closed or self.value is None or self.probability is None:
            return None
        return self.value * decimal(self.probability)

    @property
    def unconvertible(self) -> bool:
        return self.amount is not None and self.value is None


def decimal(number: float | None) -> Decimal | None:
    return None if number is None else Decimal(repr(number))


def named(name: str | None) -> str:
    """Without case; a rival that nobody named is still one."""
    return (name or "?").strip().lower()


def seen_after(rival: Row, since: datetime) -> bool:
    """When nobody knows when a rival was seen, it was when somebody wrote it down."""
    at = rival["seen_at"] or rival["created_at"]
    return at is None or bool(at > since)


def told_by(as_of: datetime, row: Row, *times: str) -> bool:
    """Nothing of the row happened or became available after the as-of; an unknown time is no reason to leave it out."""
    return all(row[name] is None or row[name] <= as_of for name in (*times, "created_at"))


class Books:
    """The commercial records of the organisation at one as-of."""

    def __init__(self, tables: Tables, as_of: datetime, model: ScoringModel) -> None:
        self.as_of, self.model, self._rates = as_of, model, tables["currency_rates"]
        self.accounts = {r["account"]: r for r in tables["accounts"] if told_by(as_of, r)}
        self.deals = [d for d in map(self._deal, tables["opportunities"]) if d]
        by_key = {d.key: d for d in self.deals}
        self.families = [
            (by_key[r["opportunity"]], r["family"].lower())
            for r in tables["families"]
            if told_by(as_of, r) and r["opportunity"] in by_key and r["family"]
        ]
        self.contracts = [r for r in tables["contracts"] if self._agreed(r)]
        self.assets = [r for r in tables["assets"] if told_by(as_of, r, "installed_at")]
        self.rivals = [r for r in tables["rivals"] if told_by(as_of, r, "seen_at")]
        self.roles = {(r["opportunity"], r["person"]) for r in tables["opportunity_people"] if told_by(as_of, r)}
        self._of: dict[int | None, list[Deal]] = defaultdict(list)
        for deal in self.deals:
            self._of[deal.account].append(deal)

    def _agreed(self, contract: Row) -> bool:
        """One that starts later is a commitment from the day it was recorded; nobody knows that day: from its start."""
        at = contract["created_at"] or contract["start_at"]
        return at is None or bool(at <= self.as_of)

    def ago(self, days: float) -> datetime:
        return self.as_of - timedelta(days=days)

    def rate(self, currency: str | None, at: datetime, *, standing: bool = False) -> Decimal | None:
        """Corporate units for one unit; the newest rate that had started, unless it ended. `standing`: the one without dates,
        if there is one. The own currency is 1 unless a rate says otherwise. None: unknown."""
        own = Decimal(1) if currency is None or currency == self.model.corporate_currency else None
        mine = [r for r in self._rates if r["currency"] == currency]
        always = [r["rate"] for r in mine if r["start_at"] is None and r["end_at"] is None]
        if standing and always:
            return decimal(max(always))
        started = [r for r in mine if r["start_at"] is None or r["start_at"] <= at]
        started.sort(key=lambda r: (r["start_at"] is not None, r["start_at"] or at))
        if not started or (started[-1]["end_at"] is not None and started[-1]["end_at"] <= at):
            return own
        return decimal(started[-1]["rate"])

    def converted(
        self, amount: float | None, currency: str | None, at: datetime, *, standing: bool = False
    ) -> Decimal | None:
        rate = self.rate(currency, at, standing=standing)
        number = decimal(amount)
        return None if number is None or rate is None else number * rate

    def _deal(self, row: Row) -> Deal | None:
        """Closed only if it had closed by then. What it says of a later close is not known yet."""
        ever = bool(row["is_closed"])
        if not told_by(self.as_of, row):
            return None
        if ever and row["created_at"] is None and row["close_at"] is not None and row["close_at"] > self.as_of:
            return None
        closed = ever and (row["close_at"] is None or row["close_at"] <= self.as_of)
        at = self.as_of
        if closed and row["close_at"] is not None:  # a close is a day
            at = row["close_at"].replace(hour=0, minute=0, second=0, microsecond=0)
        return Deal(
            key=row["opportunity"],
            id=row["id"],
            account=row["account"],
            owner=row["owner"],
            amount=decimal(row["amount"]),
            value=self.converted(row["amount"], row["currency"], at),
            probability=None if ever else row["probability"],
            closed=closed,
            won=closed and bool(row["is_won"]),
            close_at=at if closed and row["close_at"] is not None else row["close_at"],
            created_at=row["created_at"],
        )

    def of(self, account: int | None) -> list[Deal]:
        return self._of[account]

    def won(self, account: int, days: float | None = None) -> list[Deal]:
        """Deals won, in the last so many days or ever."""
        return [d for d in self._of[account] if d.won and d.close_at and (days is None or d.close_at > self.ago(days))]

    def revenue(self, account: int) -> Decimal | None:
        """Net, of 365 days: 0 where nothing was won (a fact), unknown where no won amount can be used."""
        won = self.won(account, 365)
        usable = [d.value for d in won if d.value is not None]
        return None if won and not usable else sum(usable, Decimal(0))

    def money_share(self, account: int) -> float:
        """Of the amounts won in the year, the share whose rate is known."""
        stated = [d for d in self.won(account, 365) if d.amount is not None]
        lost = sum(1 for d in stated if d.unconvertible)
        return 1 - lost / len(stated) if stated else 1.0

    @property
    def sells(self) -> bool:
        """Whether the organisation records sales at all."""
        return any(d.won and d.account is not None for d in self.deals) or bool(self.contracts)

    def held(self, account: int) -> list[Row]:
        """Assets of ours in use there."""
        return [a for a in self.assets if a["account"] == account and not a["is_rival"] and self._active(a)]

    def _active(self, asset: Row) -> bool:
        return asset["active"] is not False and (asset["ends_at"] is None or asset["ends_at"] > self.as_of)

    def rival_assets(self, account: int) -> list[Row]:
        return [a for a in self.assets if a["account"] == account and a["is_rival"] and self._active(a)]

    def rival_spend(self, account: int) -> Decimal | None:
        prices = [
            (
                self.converted(a["price"], a["currency"], self.as_of, standing=True),
                decimal(1.0 if a["quantity"] is None else a["quantity"]),
            )
            for a in self.rival_assets(account)
        ]
        known = [price * quantity for price, quantity in prices if price is not None and quantity is not None]
        return sum(known, Decimal(0)) if known else None

    def families_in_use(self, account: int) -> set[str]:
        """On deals won in 24 months, or on an asset of ours that is active."""
        since = self.ago(self.model.dependence.lookback_days)
        bought = {f for d, f in self.families if d.account == account and d.won and d.close_at and d.close_at > since}
        return bought | {a["family"].lower() for a in self.held(account) if a["family"]}

    def rivals_seen(self, account: int) -> set[str]:
        """Names met in 24 months, and vendors of what rivals have installed there."""
        since = self.ago(self.model.dependence.lookback_days)
        recent = (r for r in self.rivals if r["account"] == account and seen_after(r, since))
        return {named(r["name"]) for r in recent} | {named(a["vendor"]) for a in self.rival_assets(account)}

    @property
    def records_rivals(self) -> bool:
        """Rivals are recorded on at least 10 % of closed deals."""
        since = self.ago(self.model.dependence.lookback_days)
        closed = {d.key for d in self.deals if d.closed and d.close_at and d.close_at > since}
        recent = (r for r in self.rivals if seen_after(r, since))
        seen = {r["opportunity"] for r in recent} & closed
        return bool(seen) and len(seen) / len(closed) >= self.model.dependence.rivals_recorded_share

    @property
    def records_ends(self) -> bool:
        """An end of a contract is recorded for at least 1 % of customers."""
        ends = {c["account"] for c in self.contracts if c["end_at"] is not None}
        customers = {d.account for d in self.deals if d.won and d.account is not None}
        customers |= {c["account"] for c in self.contracts}
        return bool(ends) and len(ends) / len(customers) >= self.model.dependence.contracts_recorded_share

    @property
    def records_installed(self) -> bool:
        ours = any(not a["is_rival"] and self._active(a) for a in self.assets)
        return ours or bool(self.families)

    def newest_record(self, account: int) -> datetime | None:
        """Of deals, contracts and assets; a running contract is a record of today."""
        times = [d.close_at if d.closed else d.created_at for d in self.of(account)]
        begun = (c for c in self.contracts if c["start_at"] is None or c["start_at"] <= self.as_of)
        times += [min(c["end_at"] or self.as_of, self.as_of) for c in begun if c["account"] == account]
        times += [a["installed_at"] for a in self.held(account)]
        return max((t for t in times if t is not None), default=None)

    @property
    def newest_anywhere(self) -> datetime | None:
        """The newest commercial record of the whole organisation: that its sales still reach us."""
        owners = {d.account for d in self.deals} | {r["account"] for r in (*self.contracts, *self.assets)}
        return max((t for a in owners if (t := self.newest_record(a))), default=None)

    def quarter(self, time: datetime) -> int:
        """The fiscal quarter, counted from the year 0."""
        months = time.year * 12 + time.month - self.model.calendar.fiscal_year_starts_in_month
        return months // 3
