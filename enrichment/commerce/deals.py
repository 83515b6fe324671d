"""Money: deals with their amounts in the corporate currency, what each account and family bought, what is in the
pipe.
"""

from __future__ import annotations

from collections.abc import Mapping

import ibis

from enrichment.as_of import AsOf
from enrichment.expressions import DAY, Expr, money, month, ratio, real, seconds, whole
from enrichment.model import ScoringModel

_YEAR = 365 * DAY
_LONG_AGO = -(2**40)


def rates(tables: Mapping[str, Expr]) -> Expr:
    """Exchange rates as half-open spans that never overlap: a later start ends the one before."""
    rows = tables["currency_rates"]
    rows = rows.filter(rows.currency.notnull(), rows.rate > 0.0)
    rows = rows.mutate(
        starts=seconds(rows.start_at).coalesce(_LONG_AGO), ends=seconds(rows.end_at).coalesce(-_LONG_AGO)
    )
    rows = rows.group_by("currency", "starts").aggregate(rate=rows.rate.max(), ends=rows.ends.max())
    following = rows.starts.lead().over(ibis.window(group_by="currency", order_by="starts"))
    rows = rows.mutate(following=following.coalesce(-_LONG_AGO))
    return rows.select(
        rate_currency=rows.currency,
        rate=rows.rate,
        starts=rows.starts,
        ends=(rows.ends < rows.following).ifelse(rows.ends, rows.following),
    )


def standing_rates(tables: Mapping[str, Expr]) -> Expr:
    """Rates for money without a date of its own: the one without dates where a currency has one, else as `rates`."""
    rows = tables["currency_rates"]
    rows = rows.filter(rows.currency.notnull(), rows.rate > 0.0, rows.start_at.isnull(), rows.end_at.isnull())
    always = rows.group_by("currency").aggregate(rate=rows.rate.max())
    always = always.select(
        rate_currency=always.currency,
        rate=always.rate,
        starts=ibis.literal(_LONG_AGO, "int64"),
        ends=ibis.literal(-_LONG_AGO, "int64"),
    )
    dated = rates(tables)
    return always.union(dated.anti_join(always, "rate_currency"), distinct=False)


def converted(rows: Expr, dated: Expr, at: Expr, model: ScoringModel) -> Expr:
    """`rows` with `factor`: corporate units for one unit of their `currency` at second `at`; null when nobody knows. A
    currency that has a rate is converted by it, even the one that the settings call the corporate one: the CRM knows
    better.
    """
    rows = rows.mutate(rate_at=at)
    rows = rows.left_join(
        dated, [rows.currency == dated.rate_currency, rows.rate_at >= dated.starts, rows.rate_at < dated.ends]
    )
    ours = rows.currency.isnull() | (rows.currency == model.corporate_currency)
    factor = rows.rate.coalesce(ours.ifelse(1.0, ibis.null("float64")))
    return rows.mutate(factor=factor).drop("rate_currency", "rate", "starts", "ends", "rate_at")


def deals(tables: Mapping[str, Expr], as_of: AsOf, model: ScoringModel) -> Expr:
    """Every opportunity known at `as_of`, with its state then: one that closes later is open.

    A deal is closed from the earlier of its close date and the last change of its stage: what the CRM calls closed is
    closed, whatever date was hoped for.

    `until` is the close of a closed deal, else `as_of`: the moment the deal is scored for. `value` is corporate money.
    """
    now = as_of.seconds
    rows = tables["opportunities"]
    rows = rows.mutate(close=seconds(rows.close_at), created=seconds(rows.created_at))
    shut = rows.is_closed.coalesce(False) | rows.is_won.coalesce(False)
    changed = seconds(rows.stage_changed_at)
    early = shut & ((changed < rows.close) | rows.close.isnull()).coalesce(False) & changed.notnull()
    rows = rows.mutate(
        close=early.ifelse(changed, rows.close),
        stated_close=rows.close,
        close_time=early.ifelse(rows.stage_changed_at, rows.close_at),
        edited=(changed > now).coalesce(False),
    )
    closed = shut & (rows.close.isnull() | (rows.close <= now))
    rows = rows.mutate(closed=closed, won=closed & rows.is_won.coalesce(False))
    # A close is a day: most CRMs keep no hour, and the same deal must score alike wherever it is read from.
    rows = rows.mutate(close=rows.closed.ifelse(rows.close - rows.close % DAY, rows.close))
    at = (rows.closed & rows.close.notnull()).ifelse(rows.close, now)
    rows = converted(rows, rates(tables), at, model)
    # The probability of a deal whose stage changed after `as_of` (a close is such a change) is what nobody knew then.
    told = (rows.probability >= 0.0) & (rows.probability <= 1.0) & (rows.closed | (~shut & ~rows.edited))
    chance = told.ifelse(rows.probability, ibis.null("float64"))
    rows = rows.mutate(
        until=(rows.closed & rows.close.notnull()).ifelse(rows.close, now),
        begins=rows.created.coalesce(_LONG_AGO),
        scored_for=(rows.closed & rows.close.notnull()).ifelse(rows.close_time.truncate("D"), as_of.time),
        value=money(rows.amount * rows.factor),
        bought=(rows.won & (rows.amount > 0.0)).coalesce(False),
        purchase=rows.won & (rows.amount > 0.0).coalesce(True),
        unconvertible=rows.amount.notnull() & rows.factor.isnull(),
        chance=chance,
        late_stage=(~rows.closed & (chance >= model.deals.late_stage_probability)).coalesce(False),
        quarter=(month(rows.close) - (model.calendar.fiscal_year_starts_in_month - 1)) // 3,
    )
    hoped = money(rows.value.cast("float64") * rows.chance)
    columns = (
        "opportunity",
        "id",
        "account",
        "name",
        "owner",
        "created",
        "close",
        "closed",
        "won",
        "bought",
        "purchase",
        "stated_close",
        "until",
        "begins",
        "scored_for",
    )
    return rows.select(
        *columns,
        "value",
        "unconvertible",
        "chance",
        "late_stage",
        "quarter",
        hoped=rows.closed.ifelse(ibis.null("decimal(38,4)"), hoped),
    )


def trade(dealt: Expr, as_of: AsOf, lookback_days: int) -> Expr:
    """Per account: net revenue of the last 365 days, first win, pipeline, how many amounts lacked a rate."""
    now = as_of.seconds
    year = dealt.won & (dealt.close > now - _YEAR)
    dealt = dealt.filter(dealt.account.notnull()).mutate(
        year=year.coalesce(False), touched=dealt.closed.ifelse(dealt.close, dealt.created)
    )
    return dealt.group_by("account").aggregate(
        revenue=dealt.value.sum(where=dealt.year),
        wins=dealt.won.sum(),
        lately_bought=(dealt.purchase & (dealt.close > now - lookback_days * DAY)).sum(),
        undated_wins=(dealt.won & dealt.close.isnull()).sum(),
        year_wins=dealt.year.sum(),
        year_priced=(dealt.year & dealt.value.notnull()).sum(),
        unconvertible=(dealt.unconvertible & (dealt.year | ~dealt.closed)).sum(),
        year_unconvertible=(dealt.unconvertible & dealt.year).sum(),
        first_win=dealt.close.min(where=dealt.won),
        open_deals=(~dealt.closed).sum(),
        pipeline=dealt.hoped.sum(),
        newest_deal=dealt.touched.max(),
    )


def completed(rows: Expr) -> Expr:
    """Rows joined with `trade`, their counts filled; `revenue` is 0 when nothing was won in the year and null when no
    won amount or date is usable.
    """
    counts = (
        "wins",
        "lately_bought",
        "undated_wins",
        "year_wins",
        "year_priced",
        "unconvertible",
        "year_unconvertible",
        "open_deals",
    )
    rows = rows.mutate(**{name: rows[name].coalesce(0).cast("int64") for name in counts})
    unknown = (rows.year_wins + rows.undated_wins > 0) & (rows.year_priced == 0)
    zero = ibis.literal(0.0).cast("decimal(38,4)")
    rows = rows.mutate(net_revenue=unknown.ifelse(ibis.null("decimal(38,4)"), rows.revenue.coalesce(zero)))
    return rows.drop("revenue").rename(revenue="net_revenue")


def families(rows: Expr, as_of: AsOf) -> Expr:
    """Per family (ultimate parent and descendants): sums of its members', and the organisation's totals beside them.

    `new_bookings` are the year's wins from families that never bought before the year.
    """
    year = as_of.seconds - _YEAR
    totals = rows.group_by("family").aggregate(
        family_members=rows.count(),
        known_revenue=rows.revenue.sum(),
        unpriced=rows.revenue.isnull().sum(),
        family_pipeline=rows.pipeline.sum(),
        family_first_win=rows.first_win.min(),
        family_seller=whole_hours(rows.year_seller),
        family_customer=whole_hours(rows.year_customer),
        strategic=rows.strategic_customer.cast("int64").max(),
    )
    totals = totals.mutate(family_seller=real(totals.family_seller), family_customer=real(totals.family_customer))
    # Somebody of the family bought, and nobody knows when or for how much: nothing is not what it is worth.
    unknown = (totals.unpriced > 0) & ~(totals.known_revenue.cast("float64") > 0.0).coalesce(False)
    totals = totals.mutate(
        family_revenue=unknown.ifelse(ibis.null("decimal(38,4)"), totals.known_revenue), unknown=unknown
    ).drop("known_revenue", "unpriced")
    clipped = (totals.family_revenue.cast("float64") > 0.0).ifelse(
        totals.family_revenue, ibis.literal(0.0).cast("decimal(38,4)")
    )
    hoped = (totals.family_pipeline.cast("float64") > 0.0).ifelse(
        totals.family_pipeline, ibis.literal(0.0).cast("decimal(38,4)")
    )
    totals = totals.mutate(clipped=clipped, clipped_pipeline=hoped)
    sums = totals.aggregate(
        all_revenue=totals.clipped.sum(),
        all_pipeline=totals.clipped_pipeline.sum(),
        all_seller=whole_hours(totals.family_seller),
        new_bookings=totals.clipped.sum(where=totals.family_first_win > year),
        paying_families=(totals.clipped.cast("float64") > 0.0).sum(),
    )
    sums = sums.mutate(all_seller=real(sums.all_seller))
    totals = totals.cross_join(sums)
    # A family that never bought has no share of our revenue to lose: what we need of it is its pipeline (and our
    # hours).
    observed = totals.family_revenue.notnull() & totals.family_first_win.notnull()
    hoped_for = ~totals.unknown | (totals.clipped_pipeline.cast("float64") > 0.0)
    return totals.mutate(
        revenue_share=observed.ifelse(ratio(totals.clipped, totals.all_revenue), ibis.null("float64")),
        pipeline_share=hoped_for.ifelse(ratio(totals.clipped_pipeline, totals.all_pipeline), ibis.null("float64")),
        hours_share=ratio(totals.family_seller.coalesce(0.0), totals.all_seller),
    ).drop("unknown")


def whole_hours(minutes: Expr) -> Expr:
    """Exact sum of a minutes column, in micro-minutes."""
    return whole(minutes.coalesce(0.0)).sum()


def owner_quarters(dealt: Expr) -> Expr:
    """Each owner's open weighted pipeline by fiscal quarter of its expected close."""
    rows = dealt.filter(~dealt.closed, dealt.owner.notnull(), dealt.quarter.notnull())
    return rows.group_by("owner", "quarter").aggregate(quarter_pipeline=rows.hoped.sum())
