"""Where a customer stands: prospect, customer or lapsed, and what it shares with its family."""

from __future__ import annotations

import ibis

from enrichment.as_of import AsOf
from enrichment.expressions import DAY, Expr, ratio
from enrichment.model import ScoringModel

_EVER = 2**40
_MONTH = 365.25 / 12 * DAY

LIFE = (
    "lifecycle",
    "lifecycle_without_acts",
    "open_deals",
    "purchase_days",
    "acts_since",
    "newest_purchase",
    "newest_end",
    "lapse_days",
    "contact_days",
    "seller_days",
    "word_days",
    "word_unreturned",
    "unsigned_days",
    "unsigned_since",
    "met_since",
    "lost_lately",
    "lost_months",
)
"""What is the family's where an account has bought nothing itself: its lifecycle, and what that is told by."""
_DEPENDENCE = (
    "customer_raw",
    "customer_score",
    "benefit_score",
    "cost_score",
    "benefit_part",
    "cost_part",
    "conf_dependence",
)
_EFFORT = (
    "balance_score",
    "opening_score",
    "openings_seller",
    "openings",
    "acts_seller",
    "acts_customer",
    "asked_customer",
    "replies_customer",
    "newest_act",
    "conf_effort",
)
_OWN = ("seller_hours", "customer_hours", "discretionary_hours", "own_accord_hours")


def staged(rows: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """`rows` with `lifecycle`, the columns of LIFE and what the lifecycle was decided by."""
    now, life = as_of.seconds, model.lifecycle
    since = now - life.recent_days * DAY
    year = now - model.effort.window_days * DAY
    records = (rows.wins > 0) | (rows.contracts.coalesce(0) > 0) | (rows.assets_ever.coalesce(0) > 0)
    sells = (rows.newest_sale > since).coalesce(False) | (rows.newest_commitment > since).coalesce(False)
    ends = [rows.newest_purchase.coalesce(-_EVER), rows.contract_ended.coalesce(-_EVER)]
    newest = ibis.greatest(*ends).nullif(-_EVER)
    gaps = [
        ibis.literal(float(life.least_days)),
        life.times_median * rows.median_gap.coalesce(0.0),
        life.times_longest * rows.longest_gap.coalesce(0.0),
    ]
    alone = (life.times_median * rows.usual_gap).coalesce(float(life.otherwise_days))
    once = (alone > life.least_days).ifelse(alone, float(life.least_days))
    lapse = (rows.purchase_days.coalesce(0) >= 2).ifelse(ibis.greatest(*gaps), once)

    def days(moment: Expr) -> Expr:
        return (now - moment).cast("float64") / DAY

    never = ~records & sells & (rows.known_customer == 0)
    prospect = never & (rows.cases_ever.coalesce(0) == 0)
    stopped = (
        records
        & ~rows.running.coalesce(False)
        & (rows.active_assets.coalesce(0) == 0)
        & (rows.open_deals == 0)
        & (days(newest) > lapse).coalesce(False)
        & (rows.newest_sale > now - life.selling_days * DAY).coalesce(False)
    )
    gone = stopped & (rows.half_year_customer.coalesce(0) < life.least_acts)
    purchase = rows.newest_purchase.coalesce(-_EVER)
    losses = [(moment > purchase).ifelse(moment, None) for moment in (rows.newest_lost, rows.contract_ended)]
    lost = ibis.greatest(*(moment.coalesce(-_EVER) for moment in losses)).nullif(-_EVER)
    return rows.mutate(
        lifecycle=ibis.cases((prospect, "prospect"), (gone, "lapsed"), else_="customer"),
        lifecycle_without_acts=ibis.cases((never, "prospect"), (stopped, "lapsed"), else_="customer"),
        newest_end=newest,
        lapse_days=lapse,
        contact_days=days(rows.newest_contact),
        seller_days=days(rows.first_seller),
        word_days=days(rows.newest_word),
        word_unreturned=((rows.newest_word > rows.newest_seller) | rows.newest_seller.isnull())
        .coalesce(False)
        .cast("int64"),
        unsigned_days=days(rows.newest_unsigned),
        unsigned_since=(rows.newest_unsigned > ibis.greatest(purchase, rows.newest_contact.coalesce(-_EVER)))
        .coalesce(False)
        .cast("int64"),
        met_since=(rows.newest_contact > ibis.greatest(purchase, rows.newest_customer.coalesce(-_EVER), year))
        .coalesce(False)
        .cast("int64"),
        lost_lately=(lost > now - life.lost_days * DAY).coalesce(False).cast("int64"),
        lost_months=(now - lost).cast("float64") / _MONTH,
        purchase_days=rows.purchase_days.coalesce(0),
        acts_since=rows.acts_since.coalesce(0),
        revenue_times_mean=rows.revenue_share * rows.paying_families.cast("float64"),
    )


def told_apart(rows: Expr) -> Expr:
    """One row per account again: an ultimate parent has the numbers of its whole family, with its own hours beside them
    (`own_<hours>`); a member that has bought nothing has its family's lifecycle, and one whose own half is unknown is
    judged with its family's (`with_family_dependence`, `with_family_effort`). What its fields hold stays its own.
    """
    heads = rows.filter(rows.account < 0)
    heads = heads.mutate(account=-heads.account - 1)
    single = rows.filter(rows.account >= 0, (rows.account != rows.family) | (rows.family_members < 2))
    own = rows.filter(rows.account >= 0)
    own = own.select(own_key="account", **{f"own_{name}": own[name] for name in _OWN})
    family = heads.select(
        head_key="account",
        **{f"family_{name}": heads[name] for name in (*LIFE, *_DEPENDENCE, *_EFFORT)},
    )
    every = single.union(heads.select(*single.columns))
    every = every.left_join(own, [every.account == own.own_key]).drop("own_key")
    every = every.left_join(family, [every.family == family.head_key])
    member = every.head_key.notnull() & (every.account != every.family)
    every = every.mutate(
        is_member=member,
        with_family_life=member & (every.wins == 0),
        with_family_dependence=(member & every.customer_score.isnull() & every.family_customer_score.notnull()),
        with_family_effort=(member & every.balance_score.isnull() & every.family_balance_score.notnull()),
    )
    halves = (("life", LIFE), ("dependence", _DEPENDENCE), ("effort", _EFFORT))
    every = every.mutate(own_balance=every.balance_score, own_confidence=every.conf_effort)
    taken = {
        name: every[f"with_family_{half}"].ifelse(every[f"family_{name}"], every[name])
        for half, names in halves
        for name in names
    }
    drop = [f"family_{name}" for _, names in halves for name in names]
    return every.mutate(**taken).drop("head_key", *drop)


def share_of_time(rows: Expr) -> Expr:
    """The share of what they opened lately that saw no act of ours in time; null where they opened nothing due."""
    return ratio(rows.left_open, rows.opened)
