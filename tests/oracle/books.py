"""The commercial records known at an as-of: rows that had happened and were recorded by then, money in the corporate
currency.

A `Scope` is a set of account keys: one account, or a whole family.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from oracle.money import Money, decimal
from oracle.plain import days_between

from enrichment.model import ScoringModel

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]
Scope = frozenset[int]


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
    close_at: datetime | None  # of a closed deal: the start of the day of its closing moment
    recorded_close: datetime | None
    created_at: datetime | None

    @property
    def weighted(self) -> Decimal | None:
        """Amount times probability, of an open deal."""
        if self.closed or self.value is None or self.probability is None:
            return None
        return self.value * decimal(self.probability)

    @property
    def unconvertible(self) -> bool:
        return self.amount is not None and self.value is None

    @property
    def purchase(self) -> bool:
        """Won, and no credit; an amount that nobody recorded is still a purchase."""
        return self.won and (self.amount is None or self.amount > 0)


def normalised_name(name: str | None) -> str:
    """Without case; a rival that nobody named is still one."""
    return (name or "?").strip().lower()


def seen_after(rival: Row, since: datetime) -> bool:
    """A rival without a date was seen when somebody wrote it down."""
    at = rival["seen_at"] or rival["created_at"]
    return at is None or bool(at > since)


def known_at(as_of: datetime, row: Row, *times: str) -> bool:
    """Nothing of the row happened or became available after the as-of; an unknown time excludes nothing."""
    return all(row[name] is None or row[name] <= as_of for name in (*times, "created_at"))


class Books:
    """The commercial records of the organisation at one as-of."""

    def __init__(self, tables: Tables, as_of: datetime, model: ScoringModel, copies: int = 1) -> None:
        self.as_of, self.model, self.copies = as_of, model, copies
        self.money = Money(tables["currency_rates"], model.corporate_currency)
        self.accounts = {r["account"]: r for r in tables["accounts"] if known_at(as_of, r)}
        self.members: dict[int, Scope] = {}
        for account, row in self.accounts.items():
            self.members[row["family"]] = self.members.get(row["family"], frozenset()) | {account}
        self.deals = [d for d in map(self._deal, tables["opportunities"]) if d]
        self.by_key = {d.key: d for d in self.deals}
        self.families = [
            (self.by_key[r["opportunity"]], r["family"].lower())
            for r in tables["families"]
            if known_at(as_of, r) and r["opportunity"] in self.by_key and r["family"]
        ]
        self.contracts = [r for r in tables["contracts"] if self._agreed(r)]
        self.assets = [r for r in tables["assets"] if known_at(as_of, r, "installed_at")]
        self.rivals = [r for r in tables["rivals"] if known_at(as_of, r, "seen_at")]
        self.roles = {(r["opportunity"], r["person"]) for r in tables["opportunity_people"] if known_at(as_of, r)}
        self._of: dict[int | None, list[Deal]] = defaultdict(list)
        for deal in self.deals:
            self._of[deal.account].append(deal)

    def _agreed(self, contract: Row) -> bool:
        """One that starts later is a commitment from the day it was recorded; without that day, from its start."""
        at = contract["created_at"] or contract["start_at"]
        return at is None or bool(at <= self.as_of)

    def ago(self, days: float) -> datetime:
        return self.as_of - timedelta(days=days)

    def scored(self, account: int) -> bool:
        """Whether accounts of this type are scored."""
        kind, rules = self.accounts[account]["type"], self.model.accounts
        if kind is None:
            return True
        wanted = not rules.customer_types or kind.lower() in {t.lower() for t in rules.customer_types}
        return wanted and kind.lower() not in {t.lower() for t in rules.excluded_types}

    def standing_value(self, row: Row, name: str) -> Decimal | None:
        """Money without a date of its own: of accounts and assets."""
        return self.money.converted(row[name], row["currency"], self.as_of, standing=True)

    # deals

    def _deal(self, row: Row) -> Deal | None:
        """Closed from the earlier of its close date and its last change of stage; open before that moment."""
        ever = bool(row["is_closed"])
        moments = [t for t in (row["close_at"], row["stage_changed_at"]) if t is not None]
        closing = min(moments, default=None) if ever else None
        if not known_at(self.as_of, row):
            return None
        if row["created_at"] is None and closing is not None and closing > self.as_of:
            return None
        closed = ever and (closing is None or closing <= self.as_of)
        at = self.as_of
        if closed and closing is not None:  # a close is a day
            at = closing.replace(hour=0, minute=0, second=0, microsecond=0)
        return Deal(
            key=row["opportunity"],
            id=row["id"],
            account=row["account"],
            owner=row["owner"],
            amount=decimal(row["amount"]),
            value=self.money.converted(row["amount"], row["currency"], at),
            probability=None if ever or self._edited(row) else row["probability"],
            closed=closed,
            won=closed and bool(row["is_won"]),
            close_at=at if closed and closing is not None else row["close_at"],
            recorded_close=row["close_at"],
            created_at=row["created_at"],
        )

    def _edited(self, row: Row) -> bool:
        """Its stage changed after the as-of: nobody knows what it was then."""
        return row["stage_changed_at"] is not None and bool(row["stage_changed_at"] > self.as_of)

    def of(self, scope: Iterable[int]) -> list[Deal]:
        return [d for a in scope for d in self._of[a]]

    def won(self, scope: Scope, days: float | None = None) -> list[Deal]:
        """Deals won, in the last so many days or ever."""
        return [d for d in self.of(scope) if d.won and d.close_at and (days is None or d.close_at > self.ago(days))]

    def purchase_days(self, scope: Scope) -> list[date]:
        """The days on which they bought, oldest first."""
        return sorted({d.close_at.date() for d in self.won(scope) if d.purchase and d.close_at})

    def bought(self, scope: Scope, days: float) -> bool:
        return any(d.purchase for d in self.won(scope, days))

    def revenue(self, scope: Scope) -> Decimal | None:
        """Net, of 365 days: 0 where nothing was won (a fact), unknown where no won amount can be used."""
        won = self.won(scope, 365)
        usable = [d.value for d in won if d.value is not None]
        return None if won and not usable else sum(usable, Decimal(0))

    def money_share(self, scope: Scope) -> float:
        """Of the amounts won in the year, the share whose rate is known."""
        stated = [d for d in self.won(scope, 365) if d.amount is not None]
        lost = sum(1 for d in stated if d.unconvertible)
        return 1 - lost / len(stated) if stated else 1.0

    @property
    def sells(self) -> bool:
        """Whether the organisation records sales at all."""
        return any(d.won and d.account is not None for d in self.deals) or bool(self.contracts)

    @property
    def entered_late(self) -> bool:
        """Deals are written down so long after their close that a missing one says nothing yet."""
        rules = self.model.evidence
        oldest = min((d.created_at for d in self.deals if d.created_at), default=None)
        recent = [d for d in self.deals if d.won and d.close_at and d.close_at > self.ago(365)]
        lags = [
            days_between(d.recorded_close, d.created_at)
            for d in recent
            if d.recorded_close and d.created_at and oldest and d.recorded_close > oldest
        ]
        enough = len(lags) * self.copies >= rules.late_entry_least_deals
        return enough and sum(g > rules.late_entry_days for g in lags) > rules.late_entry_share * len(lags)

    # contracts and assets

    def contracts_of(self, scope: Scope) -> list[Row]:
        return [c for c in self.contracts if c["account"] in scope]

    def runs(self, contract: Row, since: float = 0) -> bool:
        """Running now, or at some time of the last so many days."""
        started = contract["start_at"] is None or contract["start_at"] <= self.as_of
        return started and (contract["end_at"] is None or bool(contract["end_at"] > self.ago(since)))

    def active(self, asset: Row) -> bool:
        return asset["active"] is not False and (asset["ends_at"] is None or asset["ends_at"] > self.as_of)

    def held(self, scope: Scope) -> list[Row]:
        """Assets of ours in use there."""
        return [a for a in self.assets if a["account"] in scope and not a["is_rival"] and self.active(a)]

    def rival_assets(self, scope: Scope) -> list[Row]:
        return [a for a in self.assets if a["account"] in scope and a["is_rival"] and self.active(a)]

    def rival_spend(self, scope: Scope) -> Decimal | None:
        prices = [
            (self.standing_value(a, "price"), 1.0 if a["quantity"] is None else a["quantity"])
            for a in self.rival_assets(scope)
        ]
        known = [price * Decimal(repr(quantity)) for price, quantity in prices if price is not None]
        return sum(known, Decimal(0)) if known else None

    def families_in_use(self, scope: Scope) -> set[str]:
        """On deals won in 24 months, or on an asset of ours that is active."""
        since = self.ago(self.model.dependence.lookback_days)
        bought = {f for d, f in self.families if d.account in scope and d.won and d.close_at and d.close_at > since}
        return bought | {a["family"].lower() for a in self.held(scope) if a["family"]}

    def rivals_seen(self, scope: Scope) -> set[str]:
        """Names met in 24 months, and vendors of what rivals have installed there."""
        since = self.ago(self.model.dependence.lookback_days)
        recent = (r for r in self.rivals if r["account"] in scope and seen_after(r, since))
        return {normalised_name(r["name"]) for r in recent} | {
            normalised_name(a["vendor"]) for a in self.rival_assets(scope)
        }

    # what the organisation records

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
        ours = any(not a["is_rival"] and self.active(a) for a in self.assets)
        return ours or bool(self.families)

    def newest_record(self, scope: Iterable[int | None]) -> datetime | None:
        """Of deals, contracts and assets; a running contract is a record of today."""
        scope = frozenset(scope)
        times = [d.close_at if d.closed else d.created_at for a in scope for d in self._of[a]]
        begun = (c for c in self.contracts if c["start_at"] is None or c["start_at"] <= self.as_of)
        times += [min(c["end_at"] or self.as_of, self.as_of) for c in begun if c["account"] in scope]
        times += [a["installed_at"] for a in self.held(scope)]
        return max((t for t in times if t is not None), default=None)

    @property
    def newest_anywhere(self) -> datetime | None:
        """The newest commercial record of the whole organisation: that its sales still reach us."""
        owners = {d.account for d in self.deals} | {r["account"] for r in (*self.contracts, *self.assets)}
        return self.newest_record(owners)

    def quarter(self, time: datetime) -> int:
        """The fiscal quarter, counted from the year 0."""
        months = time.year * 12 + time.month - self.model.calendar.fiscal_year_starts_in_month
        return months // 3
