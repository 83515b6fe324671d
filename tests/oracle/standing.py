"""Where a customer stands: prospect, lapsed or customer; and whether an account's silence says anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise

from oracle.acts import Act
from oracle.books import Books, Scope
from oracle.plain import days_between, median

PROSPECT, LAPSED, CUSTOMER = "prospect", "lapsed", "customer"


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def gaps(days: list[date]) -> list[int]:
    return [(later - earlier).days for earlier, later in pairwise(days)]


class Standing:
    """Lifecycles at one as-of."""

    def __init__(self, books: Books, acts: Mapping[int, list[Act]]) -> None:
        self.books, self.acts, self.rules = books, acts, books.model.lifecycle
        buyers = {d.account for d in books.deals if d.account is not None}
        days = [books.purchase_days(frozenset({a})) for a in buyers]
        self.usual_gap = median(g for d in days for g in gaps(d))
        won = [d.close_at for d in books.deals if d.won and d.close_at and d.account is not None]
        self.newest_win = max(won, default=None)
        running = any(books.runs(c, 365) for c in books.contracts)
        self.sells = running or (self.newest_win is not None and self.newest_win > books.ago(365))

    def scope(self, account: int) -> Scope:
        """Whose lifecycle the account's is: the family's if it is its head, or has no purchase of its own."""
        own, family = frozenset({account}), self.books.accounts[account]["family"]
        if self.books.purchase_days(own) and account != family:
            return own
        return self.books.members[family]

    def of(self, account: int, judged: bool) -> str:
        """`judged`: both dependences are known; where not, acts of theirs alone make nobody a customer, of whom nothing
        could be said."""
        scope = self.scope(account)
        if self._prospect(account, scope, judged):
            return PROSPECT
        return LAPSED if self._lapsed(scope, judged) else CUSTOMER

    def theirs(self, scope: Scope) -> list[Act]:
        return [x for a in scope for x in self.acts[a] if x.by_customer]

    def _prospect(self, account: int, scope: Scope, judged: bool) -> bool:
        books = self.books
        if not self.sells or any(d.won for d in books.of(scope)) or books.contracts_of(scope):
            return False
        if any(a["account"] in scope and not a["is_rival"] for a in books.assets):
            return False
        if judged and any(x.raised for x in self.theirs(scope)):
            return False
        return not any(self._called_customer(a) for a in scope | {account})

    def _called_customer(self, account: int) -> bool:
        row = self.books.accounts[account]
        named = {t.lower() for t in self.books.model.accounts.customer_types}
        words = [w.lower() for w in (row["type"], row["lifecycle_stage"]) if w]
        return any(w in named or any(c in w for c in self.rules.customer_words) for w in words)

    def _lapsed(self, scope: Scope, judged: bool) -> bool:
        books, rules = self.books, self.rules
        contracts, days = books.contracts_of(scope), books.purchase_days(scope)
        was = bool(days or contracts or any(a["account"] in scope and not a["is_rival"] for a in books.assets))
        was = was or any(d.won for d in books.of(scope))
        if not was or any(books.runs(c) for c in contracts) or books.held(scope):
            return False
        if any(not d.closed for d in books.of(scope)):
            return False
        if self.newest_win is None or self.newest_win <= books.ago(rules.selling_days):
            return False
        perhaps = [x for a in scope for x in self.acts[a] if x.by_customer or not x.signed]
        recent = [x for x in perhaps if x.at > books.ago(rules.act_days)]
        if judged and len(recent) >= rules.least_acts:
            return False
        ends = [midnight(d) for d in days] + [c["end_at"] or books.as_of for c in contracts]
        return bool(ends) and days_between(max(ends), books.as_of) > self.patience(days)

    def patience(self, days: list[date]) -> float:
        """How long after the last purchase or contract a customer of these purchase days is not lapsed."""
        rules, own = self.rules, gaps(days)
        if own:
            return max(rules.least_days, rules.times_median * (median(own) or 0), rules.times_longest * max(own))
        if self.usual_gap is None:
            return rules.otherwise_days
        return max(rules.least_days, rules.times_median * self.usual_gap)


class Silence:
    """What share of customers like them has any act: whether nothing logged means that nothing happened."""

    def __init__(self, books: Books, acts: Mapping[int, list[Act]], previous: Mapping[str, bool]) -> None:
        self.books, self.acts, self.previous, self.rules = books, acts, previous, books.model.evidence
        self.earned = {a: self._earned(a) for a in books.accounts}
        self.customers = list(filter(self._current, books.accounts))
        richer = {c: sum(self.earned[o] > self.earned[c] for o in self.customers) for c in self.customers}
        self.thirds = {c: 3 * n // len(self.customers) for c, n in richer.items()}
        since = books.ago(self.rules.channel_days)
        wrote = [
            a for a in self.customers if any(x.by_customer and x.channel == "email" and x.at > since for x in acts[a])
        ]
        year = books.ago(365)
        self.active = {a for a in self.customers if any(x.at > year for x in acts[a])}
        self.mail = bool(self.customers) and len(wrote) / len(self.customers) >= self.rules.silence_mail_share

    def _current(self, account: int) -> bool:
        books, own = self.books, frozenset({account})
        contract = any(books.runs(c, 365) for c in books.contracts_of(own))
        return books.scored(account) and (books.bought(own, 365) or contract)

    def _earned(self, account: int) -> Decimal:
        return max(Decimal(0), self.books.revenue(frozenset({account})) or Decimal(0))

    def third(self, account: int) -> list[int]:
        """The customers whose reach holds for the account."""
        if len(self.customers) * self.books.copies < self.rules.silence_thirds_from:
            return self.customers
        mine = max((self.thirds[c] for c in self.customers if self.earned[c] >= self.earned[account]), default=0)
        return [c for c in self.customers if self.thirds[c] == mine]

    def reach(self, account: int) -> float | None:
        like = self.third(account)
        return len(self.active.intersection(like)) / len(like) if like else None

    def known(self, account: int) -> bool:
        if self.rules.silence != "measured":
            return bool(self.rules.silence == "known")
        reach, before = self.reach(account), self.previous.get(self.books.accounts[account]["id"], False)
        least = self.rules.silence_reach_kept if before else self.rules.silence_reach
        return self.mail and reach is not None and reach >= least

    def confidence(self, account: int, channels: float) -> float:
        """In effort, of an account of which nothing is logged: 0 unless its silence is known."""
        if not self.known(account):
            return 0.0
        reach = 1.0 if self.rules.silence == "known" else self.reach(account) or 0.0
        return 100 * float(channels**0.5) * reach
