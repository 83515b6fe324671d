"""How much they need us (A1 to A3): ten components of a scope, their weighted means, and how far they are known."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from oracle.books import Books, Deal, Row, Scope, normalised_name, seen_after
from oracle.plain import MONTH_DAYS, YEAR_DAYS, days_between, halved, hill, millionth

from enrichment.model import BENEFIT, COMPONENTS, COST, ScoringModel

Components = dict[str, float | None]


@dataclass(frozen=True)
class Need:
    """Components in 0..1 (None: not observed), the two parts with priors filled in, and how much was observed."""

    components: Components
    benefit: float
    cost: float
    benefit_coverage: float
    cost_coverage: float
    dependence: float  # 100 * B^a * C^(1-a)
    observed: bool  # something of both parts


def components(books: Books, row: Row | None, scope: Scope) -> Components:
    """The components of a scope whose master data (wallet, ratings ...) are `row`'s."""
    model, families = books.model, books.families_in_use(scope)
    known: Components = dict.fromkeys(COMPONENTS)
    known |= {
        "reliance": _reliance(books, scope),
        "contract_lock": _contract_lock(books, scope),
        "installed_base": hill(max(len(books.held(scope)), len(families)), model.dependence.installed_half_point)
        if books.records_installed
        else None,
        "tenure": _tenure(books, scope),
        "scarcity": 1 / (1 + len(books.rivals_seen(scope))) if books.records_rivals else None,
    }
    stated = Stated(books, row, scope)
    return known | {
        "share_of_wallet": _share_of_wallet(books, stated, scope),
        "purchase_burden": burden(books, stated.money("annual_revenue"), books.revenue(scope)),
        **{name: _share(stated.rating(name), value) for name, value in family_components(families, model).items()},
    }


class Stated:
    """Master data of a scope: what its head says, else the sum or the greatest of what its members say."""

    def __init__(self, books: Books, head: Row | None, scope: Scope) -> None:
        self.books, self.head = books, head
        self.members = [books.accounts[a] for a in sorted(scope)]

    def _values(self, name: str) -> list[Row]:
        if self.head is not None and self.head[name] is not None:
            return [self.head]
        return [r for r in self.members if r[name] is not None]

    def money(self, name: str) -> Decimal | None:
        """In the corporate currency; what has no rate is as if it were not said."""
        own = None if self.head is None else self._converted(self.head, name)
        if own is not None:
            return own
        known = [s for r in self.members if (s := self._converted(r, name)) is not None]
        return sum(known, Decimal(0)) if known else None

    def _converted(self, row: Row, name: str) -> Decimal | None:
        return self.books.standing_value(row, name)

    def total(self, name: str) -> int | None:
        values = [r[name] for r in self._values(name)]
        return sum(values) if values else None

    def rating(self, name: str) -> float | None:
        return max((r[name] for r in self._values(name)), default=None)


def need(found: Components, model: ScoringModel, money_share: float) -> Need:
    """Weighted means with priors for what is missing; a missing rate lowers what money components cover."""
    parts, covered = [], []
    for group in (BENEFIT, COST):
        weights = {k: model.components[k].weight for k in group}
        whole = sum(weights.values())
        values = {k: model.components[k].prior if found[k] is None else found[k] for k in group}
        parts.append(sum(weights[k] * values[k] for k in group) / whole)
        share = {k: money_share if k in ("share_of_wallet", "purchase_burden") else 1.0 for k in group}
        covered.append(sum(weights[k] * share[k] for k in group if found[k] is not None) / whole)
    a = model.dependence.exponent
    observed = all(any(found[k] is not None for k in group) for group in (BENEFIT, COST))
    return Need(found, *parts, *covered, 100 * parts[0] ** a * parts[1] ** (1 - a), observed)


def _share(value: float | None, otherwise: float | None) -> float | None:
    """The account's own field, when it is a share at all."""
    return value if value is not None and 0 <= value <= 1 else otherwise


def _greatest(families: set[str], known: Mapping[str, float]) -> float | None:
    return max((v for f, v in known.items() if f.lower() in families), default=None)


def _rigid(families: set[str], modular: Mapping[str, float]) -> float | None:
    return max((1 - v for f, v in modular.items() if f.lower() in families), default=None)


def family_components(families: set[str], model: ScoringModel) -> Components:
    """What the three maps of product families say of a set of them."""
    return {
        "strategic_importance": _greatest(families, model.families.strategic),
        "mission_criticality": _greatest(families, model.families.critical),
        "non_modularity": _rigid(families, model.families.modular),
    }


def _share_of_wallet(books: Books, stated: Stated, scope: Scope) -> float | None:
    """The wallet ladder: their own figure, ours plus rivals', a benchmark per employee, the number of vendors."""
    revenue = books.revenue(scope)
    if revenue is None:
        return None
    revenue = max(Decimal(0), revenue)
    rivals = books.rival_spend(scope)
    benchmarks = {name.lower(): each for name, each in books.model.wallet_per_employee.items()}
    industry = stated.head["industry"] if stated.head is not None else None
    per_head, employees = benchmarks.get((industry or "").lower()), stated.total("employees")
    rungs = [
        stated.money("wallet"),
        None if rivals is None or rivals <= 0 else revenue + rivals,
        None if per_head is None or not employees else Decimal(repr(per_head)) * employees,
    ]
    for wallet in rungs:
        if wallet is not None and wallet > 0:
            return float(min(Decimal(1), revenue / wallet))
    vendors = stated.rating("known_vendors")
    if vendors and vendors > 0:
        return 1 / vendors if revenue > 0 else 0.0
    return None


def burden(books: Books, theirs: Decimal | None, amount: Decimal | None) -> float | None:
    """What they pay us against all they earn."""
    if amount is None or theirs is None or theirs <= 0:
        return None
    return hill(float(amount / theirs), books.model.dependence.burden_half_point)


def _reliance(books: Books, scope: Scope) -> float | None:
    """Months in which they bought or a contract ran, each fading from its last such day; half where none bought."""
    if not books.sells:
        return None
    rules = books.model.dependence
    since, last, bought = books.ago(rules.lookback_days), {}, set()
    for deal in books.won(scope, rules.lookback_days):
        if deal.amount is not None and deal.amount > 0 and deal.close_at:
            _later(last, deal.close_at)
            bought.add((deal.close_at.year, deal.close_at.month))
    for contract in books.contracts_of(scope):
        end = contract["end_at"] - timedelta(seconds=1) if contract["end_at"] else books.as_of
        _each_month(last, max(contract["start_at"] or since, since), min(end, books.as_of))
    today = books.as_of.date()
    total = 0.0
    for month, time in last.items():
        share = 1.0 if month in bought else rules.contract_month_weight
        total += millionth(share * halved((today - time.date()).days, rules.reliance_half_life_days))
    return hill(total, rules.reliance_half_point)


def _later(last: dict[tuple[int, int], datetime], time: datetime) -> None:
    month = (time.year, time.month)
    last[month] = max(last.get(month, time), time)


def _each_month(last: dict[tuple[int, int], datetime], start: datetime, end: datetime) -> None:
    """The last day of each month from `start` to `end`."""
    time = start
    while time <= end:
        closing = time.replace(day=monthrange(time.year, time.month)[1], hour=0, minute=0, second=0, microsecond=0)
        _later(last, max(time, min(closing, end)))
        time = datetime(time.year + time.month // 12, time.month % 12 + 1, 1, tzinfo=UTC)


def _contract_lock(books: Books, scope: Scope) -> float | None:
    """Months to the latest committed end, of 24."""
    if not books.records_ends:
        return None
    ends = [c["end_at"] for c in books.contracts_of(scope) if c["end_at"] is not None]
    months = max((days_between(books.as_of, e) / MONTH_DAYS for e in ends), default=0.0)
    return min(1.0, max(0.0, months) / books.model.dependence.lock_months)


def _tenure(books: Books, scope: Scope) -> float | None:
    if not books.sells:
        return None
    first = min((d.close_at for d in books.won(scope) if d.close_at), default=None)
    if first is None:
        return 0.0
    return 1 - halved(days_between(first, books.as_of) / YEAR_DAYS, books.model.dependence.tenure_half_life_years)


def deal_need(books: Books, deal: Deal, account: Components, scope: Scope) -> Components:
    """The account's components (of this scope), with the deal's own families, amount and rivals where it names them."""
    row, found = books.accounts.get(deal.account), dict(account)
    families = {f for d, f in books.families if d.key == deal.key}
    found |= {k: v for k, v in family_components(families, books.model).items() if v is not None}
    if row is None:
        return found
    found["purchase_burden"] = burden(books, Stated(books, row, scope).money("annual_revenue"), deal.value)
    since = books.ago(books.model.dependence.lookback_days)
    recent = (r for r in books.rivals if seen_after(r, since))
    names = {normalised_name(r["name"]) for r in recent if r["opportunity"] == deal.key}
    found["scarcity"] = 1 / (1 + len(names)) if books.records_rivals else None
    return found
