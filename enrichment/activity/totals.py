"""What the acts add up to, per account and per deal, in one pass over them."""

from __future__ import annotations

import ibis

from enrichment.activity import deal_totals
from enrichment.activity.deal_totals import when
from enrichment.activity.reading import read_in_life, with_reading
from enrichment.as_of import AsOf
from enrichment.expressions import DAY, Expr, constant, decay, real, whole
from enrichment.families import with_wholes
from enrichment.model import CHANNELS, KINDS, ScoringModel

_SUMS = (
    "es",
    "ec",
    "acts",
    "unsigned_acts",
    "signed_count",
    "unsigned_count",
    "recent_seller",
    "recent_customer",
    "initiated_hours",
    "discretionary",
    "year_seller",
    "year_customer",
    "initiated_seller",
    "initiated_customer",
    "wrote_seller",
    "wrote_customer",
    "own_accord",
    "half_year_customer",
    "mailed_customer",
    "began_customer",
    "began_answered",
    "meetings",
    "raised",
    *(f"{side}_{kind}" for side in ("seller", "customer") for kind in KINDS),
    *(f"minutes_{kind}" for kind in KINDS),
)
_LATEST = (
    "newest_act",
    "newest_signed",
    "newest_unsigned",
    "newest_customer",
    "newest_word",
    "newest_seller",
    "newest_contact",
    *(f"newest_{channel}" for channel in CHANNELS),
)
_EARLIEST = ("first_seller",)


def _measured(acts: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """Account-level measures of each act, as whole numbers; all 0 outside the effort window."""
    now, effort = as_of.seconds, model.effort
    acts = with_reading(acts, model).mutate(
        kind=(acts.channel == "case_reply").ifelse("case", acts.channel),
        within=acts.t > now - effort.window_days * DAY,
        recent=acts.t > now - effort.recent_days * DAY,
    )
    weight = decay(now - acts.t, effort.half_life_days)
    one = constant(1.0)
    seller, customer = whole(acts.seller), whole(acts.customer)
    opens = acts.root & (acts.channel != "case_reply")
    writes = acts.channel.isin(("email", "message", "case_reply"))
    none, half = ibis.null("int64"), acts.t > now - model.lifecycle.act_days * DAY
    initiated = acts.outbound & (acts.channel != "case_reply") & ~acts.answers
    discretionary = initiated & acts.case.isnull() & ~acts.mandated & ~acts.late_stage
    measures = {
        "es": when(acts.within, whole(acts.seller * weight)),
        "ec": when(acts.within, whole(acts.customer * weight)),
        "acts": when(acts.within & acts.with_customer & acts.signed, whole(weight)),
        "unsigned_acts": when(acts.within & ~acts.signed, whole(weight)),
        "signed_count": when(acts.within & acts.signed, one),
        "unsigned_count": when(acts.within & ~acts.signed, one),
        "recent_seller": when(acts.recent, seller),
        "recent_customer": when(acts.recent, customer),
        "initiated_hours": when(acts.recent & initiated, seller),
        "discretionary": when(acts.recent & discretionary, seller),
        "year_seller": when(acts.within, seller),
        "year_customer": when(acts.within, customer),
        "initiated_seller": when(acts.within & opens & acts.outbound, one),
        "initiated_customer": when(acts.within & opens & acts.inbound, one),
        "wrote_seller": when(acts.recent & writes & acts.outbound, one),
        "wrote_customer": when(acts.recent & writes & acts.inbound, one),
        "own_accord": when(acts.recent & acts.inbound, whole(acts.customer_own)),
        "half_year_customer": when(half & (acts.inbound | ~acts.signed), one),  # who wrote unsigned ones may be them
        "mailed_customer": when(acts.recent & acts.inbound & (acts.channel == "email"), one),
        "began_customer": when(acts.within & acts.root & acts.inbound & (acts.channel == "email"), one),
        "began_answered": when(
            acts.within & acts.root & acts.outbound & acts.answered & (acts.channel == "email"), one
        ),
        "meetings": when(acts.within & (acts.channel == "meeting") & acts.met, one),
        "raised": when(acts.within & (acts.channel == "case"), one),
        "newest_act": acts.t,
        "newest_signed": (acts.within & acts.signed).ifelse(acts.t, none),
        "newest_unsigned": (acts.within & ~acts.signed).ifelse(acts.t, none),
        "newest_customer": acts.inbound.ifelse(acts.t, none),
        "newest_word": (acts.inbound & (acts.channel != "meeting")).ifelse(acts.t, none),
        "newest_seller": acts.outbound.ifelse(acts.t, none),
        "newest_contact": (acts.inbound | acts.met).ifelse(acts.t, none),
        "first_seller": acts.outbound.ifelse(acts.t, none),
    }
    both = whole(acts.seller + acts.customer)
    for kind in KINDS:
        here = acts.kind == kind
        measures[f"seller_{kind}"] = when(acts.within & here & acts.outbound, one)
        measures[f"customer_{kind}"] = when(acts.within & here & acts.inbound, one)
        measures[f"minutes_{kind}"] = when(acts.within & here, both)
    for channel in CHANNELS:
        measures[f"newest_{channel}"] = (acts.kind == channel).ifelse(acts.t, none)
    return acts.mutate(**measures)


def pairs(acts: Expr, base: Expr, deals: Expr, further: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """Sums by (account, opportunity), the latter null for acts outside any deal: the one pass over the acts.

    `acts` are `base` in threads and capped; `further` (act, opportunity) the deals of acts beyond their first.
    """
    lives = deals.select(
        deal=deals.opportunity, deal_from=deals.begins, deal_until=deals.until, late_stage=deals.late_stage
    )
    acts = acts.left_join(lives, [acts.opportunity == lives.deal]).drop("deal")
    late = further.inner_join(lives.filter(lives.late_stage), [further.opportunity == lives.deal])
    late = late.select(late_act="act").distinct()
    acts = acts.left_join(late, [acts.act == late.late_act])
    acts = acts.mutate(late_stage=acts.late_stage.coalesce(False) | acts.late_act.notnull()).drop("late_act")
    acts = read_in_life(acts, base)
    rows = deal_totals.measured(_measured(acts, as_of, model), model)
    rows = rows.filter(rows.within | rows.living.coalesce(False))
    sums = {name: rows[name].sum() for name in _SUMS + deal_totals.SUMS}
    latest = {name: rows[name].max() for name in _LATEST + deal_totals.LATEST}
    earliest = {name: rows[name].min() for name in _EARLIEST}
    return rows.group_by("account", "opportunity").aggregate(**sums, **latest, **earliest)


def per_account(paired: Expr) -> Expr:
    """Account totals in minutes, counts and seconds."""
    totals = {name: paired[name].sum() for name in _SUMS} | {name: paired[name].max() for name in _LATEST}
    totals |= {name: paired[name].min() for name in _EARLIEST}
    rows = paired.group_by("account").aggregate(**totals)
    measured = ("recent_seller", "recent_customer", "year_seller", "year_customer", "initiated_hours", "discretionary")
    minutes = ("es", "ec", "acts", "unsigned_acts", "own_accord", *measured, *(f"minutes_{kind}" for kind in KINDS))
    rows = rows.mutate(**{name: real(rows[name]) for name in minutes})
    counts = [name for name in _SUMS if name not in minutes]
    return rows.mutate(**{name: rows[name].cast("int64") for name in counts})


def of_wholes(per_account: Expr, members: Expr) -> Expr:
    """`per_account` with the sums of whole families beside those of their members."""
    rows = with_wholes(per_account, members)
    exact = [name for name in _SUMS if rows[name].type().is_floating()]
    rows = rows.mutate(**{name: whole(rows[name]) for name in exact})
    totals = {name: rows[name].sum() for name in _SUMS} | {name: rows[name].max() for name in _LATEST}
    totals |= {name: rows[name].min() for name in _EARLIEST}
    sums = rows.group_by("account").aggregate(**totals)
    kept = {name: real(sums[name]) if name in exact else sums[name].cast("int64") for name in _SUMS}
    return sums.mutate(**kept)


def acts_since(base: Expr, since: Expr, members: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """Per account of `since` (account, since): how many acts of ours in the effort window came later than that
    second.
    """
    young = as_of.seconds - model.effort.window_days * DAY
    ours = with_wholes(base.filter(base.outbound, base.t > young).select("account", "t"), members)
    since = since.rename(since_account="account")
    ours = ours.inner_join(since, [ours.account == since.since_account])
    ours = ours.filter(ours.t > ours.since)
    return ours.group_by("account").aggregate(acts_since=ours.count())


def authors(base: Expr, members: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """Per account, how many of its people did something of their own lately."""
    since = as_of.seconds - model.effort.contact_days * DAY
    own = base.filter(base.inbound, base.person.notnull(), base.t > since).select("account", "person").distinct()
    own = with_wholes(own, members).distinct()
    return own.group_by("account").aggregate(two_way=own.count())
