"""What unrated product families cost: which families the sales are made of, and how many customers a few ratings would
cover.
"""

from __future__ import annotations

from collections.abc import Mapping

import ibis

from enrichment.as_of import AsOf, known
from enrichment.commerce.deals import converted, deals, rates
from enrichment.commerce.holdings import plain
from enrichment.expressions import DAY, Expr, at_least, money, ratio
from enrichment.model import ScoringModel

_KINDS = ("strategic", "critical", "modular")


def sold_by_family(tables: Mapping[str, Expr], as_of: AsOf, model: ScoringModel) -> Expr:
    """`families_sold` of everything known at `as_of`, from the tables of `enrichment.inputs`."""
    ibis.options.sql.fuse_selects = False  # as in `score`: fused, the statement is many times as long
    tables = known(tables, as_of)
    return families_sold(tables, deals(tables, as_of, model), as_of, model)


def families_sold(tables: Mapping[str, Expr], dealt: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """One row per product family sold in the lookback, the one with most revenue first: `family`, `revenue` (corporate
    money, null where none is known), `share` of the revenue of all families, `customers` that bought it, and `rated`,
    how many of the three ratings (strategic, critical, modular) the model has for it. `place` counts from 1.

    `dealt` is `commerce.deals.deals`. Without a rating there is no need to tell from: customer dependence ends near 60,
    and nobody can be `partner` or `build_close`.
    """
    since = as_of.seconds - model.dependence.lookback_days * DAY
    won = dealt.filter(dealt.won, dealt.account.notnull(), dealt.close > since)
    won = won.select("opportunity", buyer="account", close="close")
    rows = tables["families"].inner_join(won, "opportunity")
    rows = converted(rows.mutate(family=plain(rows.family)), rates(tables), rows.close, model)
    rows = rows.filter(rows.family.notnull()).mutate(value=money(rows.amount * rows.factor))
    sold = rows.group_by("family").aggregate(revenue=rows.value.sum(), customers=rows.buyer.nunique())
    sold = sold.mutate(counted=at_least(sold.revenue.cast("float64"), 0.0).coalesce(0.0))
    sold = sold.cross_join(sold.aggregate(whole=sold.counted.sum()))
    place = ibis.row_number().over(ibis.window(order_by=[ibis.desc("counted"), "family"]))
    maps = [{name.strip().lower() for name in getattr(model.families, kind)} for kind in _KINDS]
    rated = sum((sold.family.isin(sorted(names)).cast("int64") for names in maps if names), ibis.literal(0, "int64"))
    sold = sold.mutate(share=ratio(sold.counted, sold.whole), rated=rated)
    sold = sold.mutate(place=(place + 1).cast("int64"))
    return sold.select("place", "family", "revenue", "share", "customers", "rated").order_by("place")
