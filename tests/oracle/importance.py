"""How much we need them (A4), by family: what they mean to our revenue and how hard they are to replace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from oracle.books import Books
from oracle.plain import hill, mean


@dataclass
class _Family:
    revenue: Decimal | None = None
    pipeline: Decimal = Decimal(0)
    strategic: bool | None = None
    first_win: datetime | None = None
    seller_minutes: float = 0.0
    unknown: bool = False
    """Somebody bought, and when or for how much is unknown, and no other member is known to have paid."""


@dataclass(frozen=True)
class Importance:
    """`score`: A4, None when neither revenue, pipeline nor a flag is observed; `share` of revenue; `giant`: much more
    than the mean customer's share, or a quarter of all."""

    score: float | None
    bought: bool
    share: float | None
    giant: bool
    pipeline_share: float | None = None


def importance(books: Books, seller_minutes: Mapping[int, float], copies: int = 1) -> dict[int, Importance]:
    """By family key, among so many copies of the books."""
    families = _families(books, seller_minutes)
    rules = books.model.dependence
    positive = [max(Decimal(0), f.revenue or Decimal(0)) for f in families.values()]
    sold = sum(positive, Decimal(0)) * copies
    hoped = sum((max(Decimal(0), f.pipeline) for f in families.values()), Decimal(0)) * copies
    worked = sum(f.seller_minutes for f in families.values()) * copies
    fresh = (f for f in families.values() if f.first_win is not None and f.first_win > books.ago(365))
    booked = sum((max(Decimal(0), f.revenue or Decimal(0)) for f in fresh), Decimal(0)) * copies
    customers = sum(1 for r in positive if r > 0) * copies
    found = {}
    for key, family in families.items():
        pulls, ties, share = [], [], None
        if sold > 0 and family.revenue is not None:
            share = float(max(Decimal(0), family.revenue) / sold)
        if sold > 0 and family.revenue is not None and family.first_win is not None:
            pulls.append(hill(float(family.revenue / sold), rules.revenue_half_point))
            ties.append(_months_pull(family.revenue, booked, rules.months_half_point))
        if hoped > 0 and (family.pipeline > 0 or not family.unknown):
            pulls.append(hill(float(family.pipeline / hoped), rules.pipeline_half_point))
        if family.strategic is not None:
            pulls.append(rules.strategic_importance if family.strategic else 0.0)
        if worked > 0:
            ties.append(hill(family.seller_minutes / worked, rules.hours_half_point))
        tied = mean(ties)
        tied = rules.replacement_prior if tied is None else tied
        score = 100 * (max(pulls) * tied) ** 0.5 if pulls else None
        coming = float(max(Decimal(0), family.pipeline) / hoped) if hoped > 0 else None
        found[key] = Importance(score, family.first_win is not None, share, _giant(books, share, customers), coming)
    return found


def _giant(books: Books, share: float | None, customers: int) -> bool:
    rules = books.model.stance
    if share is None or not customers:
        return False
    return share >= rules.protect_times_mean / customers or share >= rules.protect_share


def _months_pull(revenue: Decimal, booked: Decimal, half: float) -> float:
    """Months it would take new customers to replace a family; nothing is replaced at once, much by nobody never."""
    if revenue <= 0:
        return 0.0
    return hill(float(revenue * 12 / booked), half) if booked > 0 else 1.0


def _families(books: Books, seller_minutes: Mapping[int, float]) -> dict[int, _Family]:
    found: dict[int, _Family] = defaultdict(_Family)
    for account, row in books.accounts.items():
        family, own = found[row["family"]], frozenset({account})
        revenue = books.revenue(own)
        if revenue is not None:
            family.revenue = (family.revenue or Decimal(0)) + revenue
        family.unknown = family.unknown or revenue is None
        family.pipeline += sum((d.weighted for d in books.of(own) if d.weighted is not None), Decimal(0))
        if row["strategic_customer"] is not None:
            family.strategic = bool(family.strategic) or row["strategic_customer"]
        wins = [d.close_at for d in books.won(own) if d.close_at]
        wins += [family.first_win] if family.first_win else []
        family.first_win = min(wins, default=None)
        family.seller_minutes += seller_minutes.get(account, 0.0)
    for family in found.values():
        family.unknown = family.unknown and (family.revenue or 0) <= 0
        if family.unknown:
            family.revenue = None
    return found
