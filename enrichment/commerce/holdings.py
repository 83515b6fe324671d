"""What a customer holds of ours and of others: contracts, assets, product families, months of buying, rivals seen."""

from __future__ import annotations

from collections.abc import Mapping

import ibis

from enrichment.as_of import AsOf
from enrichment.commerce.deals import converted, standing_rates
from enrichment.expressions import DAY, MICRO, Expr, constant, decay, money, month, month_starts, seconds, whole
from enrichment.model import ScoringModel

_EVER = 2**40


def contracts(tables: Mapping[str, Expr]) -> Expr:
    """Contracts in seconds; open ends are far away."""
    rows = tables["contracts"].filter(ibis._.account.notnull())
    rows = rows.mutate(starts=seconds(rows.start_at).coalesce(-_EVER), stated_end=seconds(rows.end_at))
    return rows.select("account", "starts", "stated_end", ends=rows.stated_end.coalesce(_EVER))


def commitments(held: Expr, as_of: AsOf) -> Expr:
    """Per account: the latest committed end still ahead, whether ends are recorded, and until when a contract last
    ran.
    """
    now = as_of.seconds
    rows = held.mutate(ahead=held.stated_end > now)
    return rows.group_by("account").aggregate(
        lock_until=rows.stated_end.max(where=rows.ahead),
        ends_recorded=rows.stated_end.notnull().max(),
        newest_contract=(rows.ends < now).ifelse(rows.ends, now).max(where=rows.starts <= now),
        contract_ended=rows.stated_end.max(where=rows.stated_end <= now),
        running=((rows.starts <= now) & (rows.ends > now)).max(),
        contracts=rows.count(),
    )


def _months(as_of: AsOf, days: int) -> Expr:
    """The calendar months that the `days` before as-of touch: first and last second of each, cut to that window."""
    first = as_of.seconds - days * DAY
    steps = ibis.range(0, days // 28 + 2).unnest().name("step").as_table()
    rows = steps.select(month=(month(first) + steps.step).cast("int64"))
    rows = rows.filter(rows.month <= month(as_of.seconds))
    rows = rows.mutate(starts=month_starts(rows.month), after=month_starts(rows.month + 1))
    return rows.select(
        "month",
        opens=(rows.starts > first).ifelse(rows.starts, first + 1),
        shuts=(rows.after <= as_of.seconds).ifelse(rows.after - 1, as_of.seconds),
    )


def buying_months(dealt: Expr, held: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """Per account: months of the lookback in which it bought or a contract ran, and their decayed sum.

    Each month counts by the age in days of its last such day; one in which only a contract ran counts by
    `contract_month_weight`. Sums are exact, so the order of rows is nothing to them.
    """
    now, lookback = as_of.seconds, model.dependence.lookback_days
    bought = dealt.filter(dealt.bought, dealt.account.notnull(), dealt.close > now - lookback * DAY)
    bought = bought.select("account", month=month(bought.close), day=bought.close // DAY)
    spans = _months(as_of, lookback)
    ran = held.filter(held.ends > now - lookback * DAY, held.starts <= now).cross_join(spans)
    ran = ran.filter(ran.starts <= ran.shuts, ran.ends > ran.opens)
    last = (ran.ends - 1 < ran.shuts).ifelse(ran.ends - 1, ran.shuts)
    ran = ran.select("account", "month", day=last // DAY)
    types = {"month": "int64", "day": "int64", "purchase": "int64"}
    rows = bought.mutate(purchase=1).cast(types).union(ran.mutate(purchase=0).cast(types))
    rows = rows.group_by("account", "month").aggregate(day=rows.day.max(), purchase=rows.purchase.max())
    share = (rows.purchase > 0).ifelse(constant(1.0), constant(model.dependence.contract_month_weight))
    weight = whole(share * decay((now // DAY - rows.day) * DAY, model.dependence.reliance_half_life_days))
    rows = rows.mutate(weight=weight)
    sums = rows.group_by("account").aggregate(buying_months=rows.count(), reliance_sum=rows.weight.sum())
    return sums.mutate(reliance_sum=sums.reliance_sum.cast("float64") / float(MICRO))


def assets(tables: Mapping[str, Expr], as_of: AsOf, model: ScoringModel) -> Expr:
    """Assets in use at `as_of`, ours and rivals', with what they cost in corporate money."""
    now = as_of.seconds
    rows = tables["assets"].filter(ibis._.account.notnull())
    rows = rows.mutate(ended=(seconds(rows.ends_at) <= now).coalesce(False))
    rows = rows.filter(rows.active.coalesce(True), ~rows.ended)
    rows = converted(rows, standing_rates(tables), now, model)
    return rows.select(
        "account",
        family=plain(rows.family),
        rival=rows.is_rival.coalesce(False),
        vendor=rows.vendor,
        spend=money(rows.price * rows.quantity.coalesce(1.0) * rows.factor),
        installed=seconds(rows.installed_at),
    )


def ever_installed(tables: Mapping[str, Expr]) -> Expr:
    """Per account: how many assets of ours it has or had."""
    rows = tables["assets"].filter(ibis._.account.notnull(), ~ibis._.is_rival.coalesce(False))
    return rows.group_by("account").aggregate(assets_ever=rows.count())


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


def deal_families(tables: Mapping[str, Expr]) -> Expr:
    """Distinct (opportunity, family)."""
    rows = tables["families"]
    rows = rows.select("opportunity", family=plain(rows.family))
    return rows.filter(rows.family.notnull(), rows.opportunity.notnull()).distinct()


def account_families(bought: Expr, dealt: Expr, used: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """Distinct (account, family) in use: on a deal won in the lookback, or on an asset of ours that is active."""
    since = as_of.seconds - model.dependence.lookback_days * DAY
    won = dealt.filter(dealt.won, dealt.close > since, dealt.account.notnull()).select("opportunity", "account")
    lines = bought.inner_join(won, "opportunity").select("account", "family")
    owned = used.filter(~used.rival, used.family.notnull()).select("account", "family")
    return lines.union(owned).distinct()


def rated(rows: Expr, key: str, model: ScoringModel) -> Expr:
    """Per `key`: how many families, and the greatest strategic, critical and non-modular value among the mapped
    ones.
    """

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


def rivals(tables: Mapping[str, Expr], dealt: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """Distinct (account, opportunity, name) of rivals seen on deals and accounts in the lookback."""
    since = as_of.seconds - model.dependence.lookback_days * DAY
    rows = tables["rivals"]
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
    dealt: Expr, pacts: Expr, used: Expr, bought: Expr, seen: Expr, as_of: AsOf, model: ScoringModel
) -> Expr:
    """One row: what this organisation records at all, so that a gap in the records is not read as a fact."""
    since = as_of.seconds - model.dependence.lookback_days * DAY
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
        records_sales=(counts.customer_count > 0) | (counts.asset_count.coalesce(0) > 0),
        records_installed=(counts.asset_count.coalesce(0) > 0) | (counts.family_count > 0),
        newest_anywhere=ibis.greatest(*newest).nullif(-_EVER),
        newest_commitment=counts.contract_newest,
    )
