"""What a customer holds of ours and of others: contracts, assets, product families, months of buying, rivals seen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import ibis
import pyarrow as pa

from enrichment.commerce.deals import converted, rates
from enrichment.expressions import DAY, MICRO, Expr, constant, decay, instant, known, money, month, seconds, whole
from enrichment.model import ScoringModel

_EVER = 2**40


def contracts(tables: Mapping[str, Expr], as_of: datetime) -> Expr:
    """Contracts known at `as_of` (one that starts later is already a commitment, if its record says since when), in seconds; open ends are far away."""
    rows = known(tables["contracts"], as_of, "created_at").filter(ibis._.account.notnull())
    begun = (seconds(rows.start_at) <= instant(as_of)) | rows.start_at.isnull()
    rows = rows.filter(rows.created_at.notnull() | begun)
    rows = rows.mutate(starts=seconds(rows.start_at).coalesce(-_EVER), stated_end=seconds(rows.end_at))
    return rows.select("account", "starts", "stated_end", ends=rows.stated_end.coalesce(_EVER))


def commitments(held: Expr, as_of: datetime) -> Expr:
    """Per account: the latest committed end still ahead, whether ends are recorded, and until when a contract last ran."""
    now = instant(as_of)
    rows = held.mutate(ahead=held.stated_end > now)
    return rows.group_by("account").aggregate(
        lock_until=rows.stated_end.max(where=rows.ahead),
        ends_recorded=rows.stated_end.notnull().max(),
        newest_contract=(rows.ends < now).ifelse(rows.ends, now).max(where=rows.starts <= now),
    )


def _months(as_of: datetime, days: int) -> pa.Table:
    """The calendar months that the `days` before `as_of` touch: first and last second of each, cut to that window."""
    end = as_of.astimezone(UTC)
    first = end - timedelta(days=days)
    starts, year, number = [], first.year, first.month
    while (year, number) <= (end.year, end.month):
        starts.append(datetime(year, number, 1, tzinfo=UTC))
        year, number = (year + 1, 1) if number == 12 else (year, number + 1)
    after = [*starts[1:], datetime(year, number, 1, tzinfo=UTC)]
    lower, upper = instant(first) + 1, instant(end)
    return pa.table(
        {
            "month": pa.array([s.year * 12 + s.month - 1 for s in starts], pa.int64()),
            "opens": pa.array([max(instant(s), lower) for s in starts], pa.int64()),
            "shuts": pa.array([min(instant(s) - 1, upper) for s in after], pa.int64()),
        }
    )


def buying_months(dealt: Expr, held: Expr, as_of: datetime, model: ScoringModel) -> Expr:
    """Per account: months of the lookback in which it bought or a contract ran, and their decayed sum.

    Each month counts by the age in days of its last such day. Sums are exact, so the order of rows is nothing to them.
    """
    now, lookback = instant(as_of), model.dependence.lookback_days
    bought = dealt.filter(dealt.bought, dealt.account.notnull(), dealt.close > now - lookback * DAY)
    bought = bought.select("account", month=month(bought.close), day=bought.close // DAY)
    spans = ibis.memtable(_months(as_of, lookback))
    ran = held.filter(held.ends > now - lookback * DAY, held.starts <= now).cross_join(spans)
    ran = ran.filter(ran.starts <= ran.shuts, ran.ends > ran.opens)
    last = (ran.ends - 1 < ran.shuts).ifelse(ran.ends - 1, ran.shuts)
    ran = ran.select("account", "month", day=last // DAY)
    rows = bought.cast({"month": "int64", "day": "int64"}).union(ran.cast({"month": "int64", "day": "int64"}))
    rows = rows.group_by("account", "month").aggregate(day=rows.day.max())
    weight = whole(decay((now // DAY - rows.day) * DAY, model.dependence.reliance_half_life_days))
    rows = rows.mutate(weight=weight)
    sums = rows.group_by("account").aggregate(buying_months=rows.count(), reliance_sum=rows.weight.sum())
    return sums.mutate(reliance_sum=sums.reliance_sum.cast("float64") / float(MICRO))


def assets(tables: Mapping[str, Expr], as_of: datetime, model: ScoringModel) -> Expr:
    """Assets in use at `as_of`, ours and rivals', with what they cost in corporate money."""
    now = instant(as_of)
    rows = known(tables["assets"], as_of, "created_at", "installed_at").filter(ibis._.account.notnull())
    rows = rows.mutate(ended=(seconds(rows.ends_at) <= now).coalesce(False))
    rows = rows.filter(rows.active.coalesce(True), ~rows.ended)
    rows = converted(rows, rates(tables), ibis.literal(now, "int64"), model)
    return rows.select(
        "account",
        family=plain(rows.family),
        rival=rows.is_rival.coalesce(False),
        vendor=rows.vendor,
        spend=money(rows.price * rows.quantity.coalesce(1.0) * rows.factor),
        installed=seconds(rows.installed_at),
    )


def installed(used: Expr) -> Expr:
    """Per account: assets of ours in use, spend on rivals', the newest installation."""
    return used.group_by("account").aggregate(
        active_assets=(~used.rival).sum(),
        rival_spend=used.spend.sum(where=used.rival),
        newest_asset=used.installed.max(where=~used.rival),
    )


def plain(name: Expr) -> Expr:
    """A product family's or rival's name without case and outer spaces; null when nothing is left."""
    return name.strip().lower().nullif("")


def deal_families(tables: Mapping[str, Expr], as_of: datetime) -> Expr:
    """Distinct (opportunity, family) known at `as_of`."""
    rows = known(tables["families"], as_of, "created_at")
    rows = rows.select("opportunity", family=plain(rows.family))
    return rows.filter(rows.family.notnull(), rows.opportunity.notnull()).distinct()


def account_families(bought: Expr, dealt: Expr, used: Expr, as_of: datetime, model: ScoringModel) -> Expr:
    """Distinct (account, family) in use: on a deal won in the lookback, or on an asset of ours that is active."""
    since = instant(as_of) - model.dependence.lookback_days * DAY
    won = dealt.filter(dealt.won, dealt.close > since, dealt.account.notnull()).select("opportunity", "account")
    lines = bought.inner_join(won, "opportunity").select("account", "family")
    owned = used.filter(~used.rival, used.family.notnull()).select("account", "family")
    return lines.union(owned).distinct()


def rated(rows: Expr, key: str, model: ScoringModel) -> Expr:
    """Per `key`: how many families, and the greatest strategic, critical and non-modular value among the mapped ones."""

    def value(table: Mapping[str, float]) -> Expr:
        entries = sorted((name.strip().lower(), number) for name, number in table.items())
        if not entries:
            return ibis.null("float64")
        return ibis.cases(*((rows.family == name, constant(number)) for name, number in entries), else_=None)

    maps = model.families
    rows = rows.mutate(strategic=value(maps.strategic), critical=value(maps.critical), modular=value(maps.modular))
    return rows.group_by(key).aggregate(
        active_families=rows.count(),
        critical_families=(rows.critical >= 0.5).sum(),
        families_strategic=rows.strategic.max(),
        families_critical=rows.critical.max(),
        families_rigid=1.0 - rows.modular.min(),
    )


def rivals(tables: Mapping[str, Expr], dealt: Expr, as_of: datetime, model: ScoringModel) -> Expr:
    """Distinct (account, opportunity, name) of rivals seen on deals and accounts in the lookback."""
    since = instant(as_of) - model.dependence.lookback_days * DAY
    rows = known(tables["rivals"], as_of, "created_at", "seen_at")
    seen = seconds(rows.seen_at).coalesce(seconds(rows.created_at))
    rows = rows.filter((seen > since) | seen.isnull())
    owners = dealt.select(deal=dealt.opportunity, deal_account=dealt.account)
    rows = rows.left_join(owners, [rows.opportunity == owners.deal])
    rows = rows.select(
        account=rows.account.coalesce(rows.deal_account), opportunity="opportunity", name=plain(rows.name).coalesce("?")
    )
    return rows.distinct()


def account_rivals(seen: Expr, used: Expr) -> Expr:
    """Per account: distinct rivals, those with a product installed there included."""
    rows = seen.filter(seen.account.notnull()).select("account", "name")
    rows = rows.union(used.filter(used.rival).select("account", name=plain(used.vendor).coalesce("?"))).distinct()
    return rows.group_by("account").aggregate(rival_count=rows.count())


def organisation(
    dealt: Expr, pacts: Expr, used: Expr, bought: Expr, seen: Expr, as_of: datetime, model: ScoringModel
) -> Expr:
    """One row: what this organisation records at all, so that a gap in the records is not read as a fact."""
    since = instant(as_of) - model.dependence.lookback_days * DAY
    customers = dealt.filter(dealt.won, dealt.account.notnull()).select("account")
    customers = customers.union(pacts.select("account")).distinct()
    closed = dealt.filter(dealt.closed, dealt.close > since)
    contested = seen.filter(seen.opportunity.notnull()).select("opportunity").distinct()
    contested = closed.select("opportunity").semi_join(contested, "opportunity")
    counts = (
        customers.aggregate(customer_count=customers.count())
        .cross_join(pacts.aggregate(ends_count=pacts.ends_recorded.cast("int64").sum()))
        .cross_join(closed.aggregate(closed_count=closed.count()))
        .cross_join(contested.aggregate(contested_count=contested.count()))
        .cross_join(used.aggregate(asset_count=(~used.rival).sum()))
        .cross_join(bought.aggregate(family_count=bought.count()))
        .cross_join(dealt.aggregate(deal_newest=dealt.closed.ifelse(dealt.close, dealt.created).max()))
        .cross_join(pacts.aggregate(contract_newest=pacts.newest_contract.max()))
        .cross_join(used.aggregate(asset_newest=used.installed.max(where=~used.rival)))
    )
    newest = [counts[f"{kind}_newest"].coalesce(-_EVER) for kind in ("deal", "contract", "asset")]
    settings = model.dependence
    ends = counts.ends_count.coalesce(0).cast("float64")
    contests = counts.contested_count.coalesce(0).cast("float64")
    return counts.select(
        sells=counts.customer_count > 0,
        records_ends=(ends > 0.0) & (ends >= settings.contracts_recorded_share * counts.customer_count),
        records_rivals=(contests > 0.0) & (contests >= settings.rivals_recorded_share * counts.closed_count),
        records_installed=(counts.asset_count.coalesce(0) > 0) | (counts.family_count > 0),
        newest_anywhere=ibis.greatest(*newest).nullif(-_EVER),
    )
