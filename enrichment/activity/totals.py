"""What the acts add up to, per account and per deal, in one pass over them."""

from __future__ import annotations

import ibis

from enrichment.as_of import AsOf
from enrichment.expressions import DAY, Expr, constant, decay, real, whole
from enrichment.model import CHANNELS, ScoringModel

_SUMS = (
    "es",
    "ec",
    "acts",
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
    *(f"{side}_{channel}" for side in ("seller", "customer") for channel in CHANNELS),
)
_LATEST = ("newest_act", *(f"newest_{channel}" for channel in CHANNELS))
_DEAL_SUMS = (
    "deal_es",
    "deal_ec",
    "deal_acts",
    "deal_seller",
    "deal_customer",
    "deal_seller_late",
    "deal_customer_late",
    "deal_seller_before",
    "deal_customer_before",
)
_DEAL_LATEST = ("deal_newest", "deal_newest_customer")


def _when(condition: Expr, value: Expr) -> Expr:
    return condition.ifelse(value, constant(0.0))


def _measured(acts: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """Account-level measures of each act, as whole numbers; all 0 outside the effort window."""
    now, effort = as_of.seconds, model.effort
    acts = _read(acts, model).mutate(
        kind=(acts.channel == "case_reply").ifelse("case", acts.channel),
        within=acts.t > now - effort.window_days * DAY,
        recent=acts.t > now - effort.recent_days * DAY,
    )
    weight = decay(now - acts.t, effort.half_life_days)
    one = constant(1.0)
    seller, customer = whole(acts.seller), whole(acts.customer)
    opens = acts.root & (acts.channel != "case_reply")
    writes = acts.channel.isin(("email", "case_reply"))
    initiated = acts.outbound & (acts.channel != "case_reply") & ~acts.answers
    discretionary = initiated & acts.case.isnull() & ~acts.mandated & ~acts.late_stage
    measures = {
        "es": _when(acts.within, whole(acts.seller * weight)),
        "ec": _when(acts.within, whole(acts.customer * weight)),
        "acts": _when(acts.within & acts.with_customer, whole(weight)),
        "recent_seller": _when(acts.recent, seller),
        "recent_customer": _when(acts.recent, customer),
        "initiated_hours": _when(acts.recent & initiated, seller),
        "discretionary": _when(acts.recent & discretionary, seller),
        "year_seller": _when(acts.within, seller),
        "year_customer": _when(acts.within, customer),
        "initiated_seller": _when(acts.within & opens & acts.outbound, one),
        "initiated_customer": _when(acts.within & opens & acts.inbound, one),
        "wrote_seller": _when(acts.recent & writes & acts.outbound, one),
        "wrote_customer": _when(acts.recent & writes & acts.inbound, one),
        "newest_act": acts.t,
    }
    for channel in CHANNELS:
        here = acts.kind == channel
        measures[f"seller_{channel}"] = _when(acts.within & here & acts.outbound, one)
        measures[f"customer_{channel}"] = _when(acts.within & here & acts.inbound, one)
        measures[f"newest_{channel}"] = here.ifelse(acts.t, ibis.null("int64"))
    return acts.mutate(**measures)


def _answered_in_life(acts: Expr, base: Expr) -> Expr:
    """`acts` with `in_life`: whether one of the other side came after it before its deal closed. A mail of ours that is only
    answered after the close has not been read then, and a closed deal must not change.

    Only threads that go on after the close are looked at again; those are few.
    """
    acts = acts.mutate(goes_on=(acts.answered & (acts.last_answer > acts.deal_until)).coalesce(False))
    over = acts.filter(acts.goes_on, acts.outbound, acts.channel == "email")
    over = over.select("thread", over_deal="opportunity", until="deal_until").distinct()
    theirs = base.filter(base.inbound, base.thread.notnull()).select("thread", "t")
    theirs = theirs.inner_join(over, "thread")
    theirs = theirs.filter(theirs.t <= theirs.until)
    last = theirs.group_by("thread", "over_deal").aggregate(by_close=theirs.t.max()).rename(over_thread="thread")
    acts = acts.left_join(last, [acts.thread == last.over_thread, acts.opportunity == last.over_deal])
    in_life = acts.goes_on.ifelse((acts.by_close > acts.t).coalesce(False), acts.answered)
    return acts.mutate(in_life=in_life).drop("goes_on", "over_thread", "over_deal", "by_close")


def _deal_measured(acts: Expr, model: ScoringModel) -> Expr:
    """Deal-level measures of each act that lies in its deal's life (`deal_from` to `deal_until`), else 0."""
    span = model.deals.momentum_days * DAY
    living = acts.deal_until.notnull() & (acts.t <= acts.deal_until) & (acts.t >= acts.deal_from)
    age = acts.deal_until - acts.t
    weight = decay(age, model.deals.half_life_days)
    late, before = living & (age < span), living & (age >= span) & (age < 2 * span)
    unread = acts.answered & ~acts.in_life
    minutes = acts.customer - unread.ifelse(_their_reading(acts, model), constant(0.0))
    seller, customer, none = whole(acts.seller), whole(minutes), ibis.null("int64")
    return acts.mutate(
        living=living,
        deal_es=_when(living, whole(acts.seller * weight)),
        deal_ec=_when(living, whole(minutes * weight)),
        deal_acts=_when(living & acts.with_customer, whole(weight)),
        deal_seller=_when(living, seller),
        deal_customer=_when(living, customer),
        deal_seller_late=_when(late, seller),
        deal_customer_late=_when(late, customer),
        deal_seller_before=_when(before, seller),
        deal_customer_before=_when(before, customer),
        deal_newest=living.ifelse(acts.t, none),
        deal_newest_customer=(living & acts.inbound).ifelse(acts.t, none),
    )


def pairs(acts: Expr, base: Expr, deals: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """Sums by (account, opportunity), the latter null for acts outside any deal: the one pass over the acts.

    `acts` are `base` in threads and capped.
    """
    lives = deals.select(
        deal=deals.opportunity, deal_from=deals.begins, deal_until=deals.until, late_stage=deals.late_stage
    )
    acts = acts.left_join(lives, [acts.opportunity == lives.deal]).drop("deal")
    acts = _answered_in_life(acts.mutate(late_stage=acts.late_stage.coalesce(False)), base)
    rows = _deal_measured(_measured(acts, as_of, model), model)
    rows = rows.filter(rows.within | rows.living.coalesce(False))
    sums = {name: rows[name].sum() for name in _SUMS + _DEAL_SUMS}
    latest = {name: rows[name].max() for name in _LATEST + _DEAL_LATEST}
    return rows.group_by("account", "opportunity").aggregate(**sums, **latest)


def roles_in_acts(acts: Expr, people: Expr, roles: Expr, deals: Expr) -> Expr:
    """Distinct (act, opportunity) of the acts that name no deal, in the deal's life, between its owner and a person with a role on it:
    any person of the act, not only the first named."""
    named = acts.filter(acts.person.notnull()).select("act", "person")
    named = named.union(people.select(act="activity", person="person"))
    free = acts.filter(acts.opportunity.isnull(), acts.user.notnull())
    free = free.select("account", "user", "t", free_act="act")
    owned = deals.filter(deals.owner.notnull())
    owned = owned.select("owner", "begins", "until", deal="opportunity", deal_account="account")
    played = named.inner_join(roles, [named.person == roles.role_person])
    played = played.inner_join(free, [played.act == free.free_act])
    played = played.inner_join(
        owned, [played.opportunity == owned.deal, played.user == owned.owner, played.account == owned.deal_account]
    )
    living = played.filter(played.t >= played.begins, played.t <= played.until)
    return living.select("act", "opportunity").distinct()


def with_roles(acts: Expr, deals: Expr, played: Expr) -> Expr:
    """The acts of `roles_in_acts`, once for each deal, with its life."""
    lives = deals.select(deal=deals.opportunity, deal_from=deals.begins, deal_until=deals.until)
    played = played.rename(role_act="act").inner_join(lives, [ibis._.opportunity == lives.deal]).drop("deal")
    return acts.drop("opportunity").inner_join(played, [acts.act == played.role_act]).drop("role_act")


def role_pairs(linked: Expr, base: Expr, model: ScoringModel) -> Expr:
    """Sums by opportunity of the acts of `with_roles`."""
    rows = _deal_measured(_read(_answered_in_life(linked, base), model), model)
    sums = {name: rows[name].sum() for name in _DEAL_SUMS}
    latest = {name: rows[name].max() for name in _DEAL_LATEST}
    return rows.group_by("opportunity").aggregate(**sums, **latest)


def _read(acts: Expr, model: ScoringModel) -> Expr:
    """Adds the minutes of reading, which no cap cuts: ours of their mail, theirs of mail that they answered."""
    read, mail = model.effort.minutes.email_read, acts.channel == "email"
    acts = acts.mutate(seller=acts.seller + (mail & acts.inbound).ifelse(constant(read), constant(0.0)))
    reading = acts.answered.ifelse(_their_reading(acts, model), constant(0.0))
    return acts.mutate(customer=acts.customer + reading)


def _their_reading(acts: Expr, model: ScoringModel) -> Expr:
    """Minutes it takes them to read a mail of ours, once they did; 0 for every other act."""
    if not model.effort.count_mail_read:
        return constant(0.0)
    theirs = constant(model.effort.minutes.email_read / model.effort.capture_rates.email)
    return ((acts.channel == "email") & acts.outbound).ifelse(theirs, constant(0.0))


def per_account(paired: Expr) -> Expr:
    """Account totals in minutes, counts and seconds."""
    totals = {name: paired[name].sum() for name in _SUMS} | {name: paired[name].max() for name in _LATEST}
    rows = paired.group_by("account").aggregate(**totals)
    measured = ("recent_seller", "recent_customer", "year_seller", "year_customer", "initiated_hours", "discretionary")
    minutes = ("es", "ec", "acts", *measured)
    rows = rows.mutate(**{name: real(rows[name]) for name in minutes})
    counts = [name for name in _SUMS if name not in minutes]
    return rows.mutate(**{name: rows[name].cast("int64") for name in counts})


def per_deal(paired: Expr, by_role: Expr) -> Expr:
    """Deal totals in minutes and seconds, from acts linked to the deal and acts linked through its people."""
    columns = ("opportunity", *_DEAL_SUMS, *_DEAL_LATEST)
    types = dict.fromkeys(_DEAL_SUMS, "float64") | dict.fromkeys(_DEAL_LATEST, "int64")
    rows = paired.filter(paired.opportunity.notnull()).select(*columns).cast(types)
    rows = rows.union(by_role.select(*columns).cast(types))
    totals = {name: rows[name].sum() for name in _DEAL_SUMS} | {name: rows[name].max() for name in _DEAL_LATEST}
    rows = rows.group_by("opportunity").aggregate(**totals)
    return rows.mutate(**{name: real(rows[name]) for name in _DEAL_SUMS})


def authors(base: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """Per account, how many of its people did something of their own lately."""
    since = as_of.seconds - model.effort.contact_days * DAY
    own = base.filter(base.inbound, base.person.notnull(), base.t > since).select("account", "person").distinct()
    return own.group_by("account").aggregate(two_way=own.count())


def deal_authors(base: Expr, deals: Expr, played: Expr) -> Expr:
    """Per deal, how many customer people did something of their own in its life."""
    own = base.filter(base.inbound, base.person.notnull())
    own = own.select("act", "account", "opportunity", "person", "user", "t")
    lives = deals.select(deal=deals.opportunity, begins=deals.begins, until=deals.until)
    direct = own.inner_join(lives, [own.opportunity == lives.deal])
    direct = direct.filter(direct.t >= direct.begins, direct.t <= direct.until).select("deal", "person")
    through = with_roles(own, deals, played)
    people = direct.union(through.select(deal="opportunity", person="person")).distinct()
    return people.group_by("deal").aggregate(two_way=people.count()).rename(opportunity="deal")
