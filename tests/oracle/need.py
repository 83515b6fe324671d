"""How much they need us (A1 to A3) and how much we need them (A4), from the books."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from oracle.books import Books, Deal, Row, named, seen_after
from oracle.plain import MONTH_DAYS, YEAR_DAYS, days_between, halved, hill, mean, millionth

from enrichment.model import BENEFIT, COST, ScoringModel

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


def components(books: Books, account: int) -> Components:
    """The ten components of one account."""
    row, model = books.accounts[account], books.model
    rules, families = model.dependence, books.families_in_use(account)
    return {
        "share_of_wallet": _share_of_wallet(books, row),
        "strategic_importance": _stated(row["strategic_importance"], _greatest(families, model.families.strategic)),
        "mission_criticality": _stated(row["mission_criticality"], _greatest(families, model.families.critical)),
        "purchase_burden": burden(books, row, books.revenue(account)),
        "reliance": _reliance(books, account),
        "contract_lock": _contract_lock(books, account),
        "installed_base": hill(max(len(books.held(account)), len(families)), rules.installed_half_point)
        if books.records_installed
        else None,
        "tenure": _tenure(books, account),
        "non_modularity": _stated(row["non_modularity"], _rigid(families, model.families.modular)),
        "scarcity": 1 / (1 + len(books.rivals_seen(account))) if books.records_rivals else None,
    }


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


def _stated(value: float | None, otherwise: float | None) -> float | None:
    """The account's own field, when it is a share at all."""
    return value if value is not None and 0 <= value <= 1 else otherwise


def _greatest(families: set[str], known: Mapping[str, float]) -> float | None:
    return max((v for f, v in known.items() if f.lower() in families), default=None)


def _rigid(families: set[str], modular: Mapping[str, float]) -> float | None:
    return max((1 - v for f, v in modular.items() if f.lower() in families), default=None)


def family_components(families: set[str], model: ScoringModel) -> Components:
    """What the three family maps say of a set of families."""
    return {
        "strategic_importance": _greatest(families, model.families.strategic),
        "mission_criticality": _greatest(families, model.families.critical),
        "non_modularity": _rigid(families, model.families.modular),
    }


def _share_of_wallet(books: Books, row: Row) -> float | None:
    """The wallet ladder: their own figure, ours plus rivals', a benchmark per employee, the number of vendors."""
    revenue = books.revenue(row["account"])
    if revenue is None:
        return None
    revenue = max(Decimal(0), revenue)
    rivals = books.rival_spend(row["account"])
    benchmarks = {name.lower(): each for name, each in books.model.wallet_per_employee.items()}
    per_head = benchmarks.get((row["industry"] or "").lower())
    rungs = [
        books.converted(row["wallet"], row["currency"], books.as_of, standing=True),
        None if rivals is None or rivals <= 0 else revenue + rivals,
        None if per_head is None or not row["employees"] else Decimal(repr(per_head)) * row["employees"],
    ]
    for wallet in rungs:
        if wallet is not None and wallet > 0:
            return float(min(Decimal(1), revenue / wallet))
    if row["known_vendors"] and row["known_vendors"] > 0:
        return 1 / row["known_vendors"] if revenue > 0 else 0.0
    return None


def burden(books: Books, row: Row, amount: Decimal | None) -> float | None:
    """What they pay us against all they earn."""
    theirs = books.converted(row["annual_revenue"], row["currency"], books.as_of, standing=True)
    if amount is None or theirs is None or theirs <= 0:
        return None
    return hill(float(amount / theirs), books.model.dependence.burden_half_point)


def _reliance(books: Books, account: int) -> float | None:
    """Months in which they bought or a contract ran, each fading from its last such day."""
    if not books.sells:
        return None
    rules = books.model.dependence
    since, last = books.ago(rules.lookback_days), {}
    for deal in books.won(account, rules.lookback_days):
        if deal.amount is not None and deal.amount > 0 and deal.close_at:
            _later(last, deal.close_at)
    for contract in books.contracts:
        if contract["account"] == account:
            end = contract["end_at"] - timedelta(seconds=1) if contract["end_at"] else books.as_of
            _each_month(last, max(contract["start_at"] or since, since), min(end, books.as_of))
    today = books.as_of.date()
    total = sum(millionth(halved((today - t.date()).days, rules.reliance_half_life_days)) for t in last.values())
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


def _contract_lock(books: Books, account: int) -> float | None:
    """Months to the latest committed end, of 24."""
    if not books.records_ends:
        return None
    ends = [c["end_at"] for c in books.contracts if c["account"] == account and c["end_at"] is not None]
    months = max((days_between(books.as_of, e) / MONTH_DAYS for e in ends), default=0.0)
    return min(1.0, max(0.0, months) / books.model.dependence.lock_months)


def _tenure(books: Books, account: int) -> float | None:
    if not books.sells:
        return None
    first = min((d.close_at for d in books.won(account) if d.close_at), default=None)
    if first is None:
        return 0.0
    return 1 - halved(days_between(first, books.as_of) / YEAR_DAYS, books.model.dependence.tenure_half_life_years)


@dataclass
class _Family:
    revenue: Decimal | None = None
    pipeline: Decimal = Decimal(0)
    strategic: bool | None = None
    first_win: datetime | None = None
    seller_minutes: float = 0.0


def seller_dependence(books: Books, seller_minutes: Mapping[int, float], copies: int = 1) -> dict[int, float | None]:
    """A4 by family key: how much we need them, among so many copies of the books. None when neither revenue, pipeline nor
    a flag is observed."""
    families = _families(books, seller_minutes)
    sold = sum((max(Decimal(0), f.revenue or Decimal(0)) for f in families.values()), Decimal(0)) * copies
    hoped = sum((max(Decimal(0), f.pipeline) for f in families.values()), Decimal(0)) * copies
    worked = sum(f.seller_minutes for f in families.values()) * copies
    fresh = (f for f in families.values() if f.first_win is not None and f.first_win > books.ago(365))
    booked = sum((max(Decimal(0), f.revenue or Decimal(0)) for f in fresh), Decimal(0)) * copies
    rules = books.model.dependence
    scores: dict[int, float | None] = {}
    for key, family in families.items():
        pulls = []
        if sold > 0 and family.revenue is not None and family.first_win is not None:
            pulls.append(hill(float(family.revenue / sold), rules.revenue_half_point))
        if hoped > 0:
            pulls.append(hill(float(family.pipeline / hoped), rules.pipeline_half_point))
        if family.strategic is not None:
            pulls.append(float(family.strategic))
        ties = []
        if sold > 0 and family.revenue is not None and family.first_win is not None:
            ties.append(_months_pull(family.revenue, booked, rules.months_half_point))
        if worked > 0:
            ties.append(hill(family.seller_minutes / worked, rules.hours_half_point))
        important, tied = mean(pulls), mean(ties)
        if important is None:
            scores[key] = None
        else:
            scores[key] = 100 * (important * (rules.replacement_prior if tied is None else tied)) ** 0.5
    return scores


def _months_pull(revenue: Decimal, booked: Decimal, half: float) -> float:
    """Months it would take new customers to replace a family; nothing is replaced at once, much by nobody never."""
    if revenue <= 0:
        return 0.0
    return hill(float(revenue * 12 / booked), half) if booked > 0 else 1.0


def _families(books: Books, seller_minutes: Mapping[int, float]) -> dict[int, _Family]:
    found: dict[int, _Family] = defaultdict(_Family)
    for account, row in books.accounts.items():
        family, revenue = found[row["family"]], books.revenue(account)
        if revenue is not None:
            family.revenue = (family.revenue or Decimal(0)) + revenue
        family.pipeline += sum((d.weighted for d in books.of(account) if d.weighted is not None), Decimal(0))
        if row["strategic_customer"] is not None:
            family.strategic = bool(family.strategic) or row["strategic_customer"]
        wins = [d.close_at for d in books.won(account) if d.close_at]
        wins += [family.first_win] if family.first_win else []
        family.first_win = min(wins, default=None)
        family.seller_minutes += seller_minutes.get(account, 0.0)
    return found


def deal_need(books: Books, deal: Deal, account: Components) -> Components:
    """The account's components, with the deal's own families, amount and rivals where it names them."""
    row, found = books.accounts.get(deal.account), dict(account)
    families = {f for d, f in books.families if d.key == deal.key}
    found |= {k: v for k, v in family_components(families, books.model).items() if v is not None}
    if row is None:
        return found
    found["purchase_burden"] = burden(books, row, deal.value)
    since = books.ago(books.model.dependence.lookback_days)
    recent = (r for r in books.rivals if seen_after(r, since))
    names = {named(r["name"]) for r in recent if r["opportunity"] == deal.key}
    found["scarcity"] = 1 / (1 + len(names)) if books.records_rivals else None
    return found
