"""When customers buy: the days, the gaps between them, and whether deals are entered when they close."""

from __future__ import annotations

import ibis

from enrichment.as_of import AsOf
from enrichment.expressions import DAY, Expr
from enrichment.model import ScoringModel


def purchases(dealt: Expr) -> Expr:
    """Per account: on how many days it bought, the first and the last of them, and the median and longest gap in days.

    A purchase is a won deal, but no credit: of more than nothing, or of an amount that is not known.
    """
    days = dealt.filter(dealt.purchase, dealt.account.notnull(), dealt.close.notnull())
    days = days.select("account", day=(days.close // DAY).cast("int64")).distinct()
    before = days.day.lag().over(ibis.window(group_by="account", order_by="day"))
    days = days.mutate(gap=(days.day - before).cast("float64"))
    return days.group_by("account").aggregate(
        purchase_days=days.count(),
        newest_purchase=days.day.max() * DAY,
        median_gap=days.gap.median(),
        longest_gap=days.gap.max(),
    )


def habits(dealt: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """One row: the organisation's median gap between purchases, its newest sale, and whether deals are entered late.

    Late: of at least `late_entry_least_deals` deals won in the year (closed after the first record of any deal: an
    import is not late entry), more than `late_entry_share` were recorded later than `late_entry_days` after their
    close.
    """
    e, now = model.evidence, as_of.seconds
    days = dealt.filter(dealt.purchase, dealt.account.notnull(), dealt.close.notnull())
    days = days.select("account", day=(days.close // DAY).cast("int64")).distinct()
    before = days.day.lag().over(ibis.window(group_by="account", order_by="day"))
    gaps = days.mutate(gap=(days.day - before).cast("float64")).aggregate(usual_gap=ibis._.gap.median())
    sold = dealt.filter(dealt.won).aggregate(newest_sale=ibis._.close.max())
    first = dealt.aggregate(first_record=ibis._.created.min())
    wins = dealt.filter(dealt.won, dealt.created.notnull(), dealt.close > now - 365 * DAY).cross_join(first)
    wins = wins.filter(wins.stated_close > wins.first_record)
    late = wins.created - wins.stated_close > round(e.late_entry_days * DAY)
    counts = wins.aggregate(dated_wins=wins.count(), late_wins=late.cast("int64").sum())
    rows = gaps.cross_join(sold).cross_join(counts)
    late_share = rows.late_wins.coalesce(0).cast("float64") / rows.dated_wins.cast("float64").nullif(0.0)
    return rows.mutate(
        entered_late=(rows.dated_wins >= e.late_entry_least_deals) & (late_share > e.late_entry_share).coalesce(False)
    )


def lost(dealt: Expr) -> Expr:
    """Per account: when it last lost a deal for us."""
    rows = dealt.filter(dealt.closed, ~dealt.won, dealt.account.notnull())
    return rows.group_by("account").aggregate(newest_lost=rows.close.max())
