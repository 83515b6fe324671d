"""What the acts of a deal add up to: those that name it, and those between its owner and the people with a role on
it.
"""

from __future__ import annotations

import ibis

from enrichment.activity.reading import read_in_life, reading, their_reading, with_reading
from enrichment.expressions import DAY, Expr, constant, decay, real, whole
from enrichment.model import ScoringModel

SUMS = (
    "deal_es",
    "deal_ec",
    "deal_acts",
    "deal_unsigned_acts",
    "deal_signed",
    "deal_unsigned",
    "deal_seller",
    "deal_customer",
    "deal_seller_late",
    "deal_customer_late",
    "deal_seller_before",
    "deal_customer_before",
)
LATEST = ("deal_newest", "deal_newest_unsigned", "deal_newest_customer")


def when(condition: Expr, value: Expr) -> Expr:
    return condition.ifelse(value, constant(0.0))


def measured(acts: Expr, model: ScoringModel) -> Expr:
    """Deal-level measures of each act that lies in its deal's life (`deal_from` to `deal_until`), else 0."""
    span = model.deals.momentum_days * DAY
    living = acts.deal_until.notnull() & (acts.t <= acts.deal_until) & (acts.t >= acts.deal_from)
    age = acts.deal_until - acts.t
    weight = decay(age, model.deals.half_life_days)
    late, before = living & (age < span), living & (age >= span) & (age < 2 * span)
    unread = acts.read & ~acts.in_life
    ours = acts.seller - (unread & acts.inbound).ifelse(reading(acts, model), constant(0.0))
    minutes = acts.customer - (unread & acts.outbound).ifelse(their_reading(acts, model), constant(0.0))
    seller, customer, none = whole(ours), whole(minutes), ibis.null("int64")
    return acts.mutate(
        living=living,
        deal_es=when(living, whole(ours * weight)),
        deal_ec=when(living, whole(minutes * weight)),
        deal_acts=when(living & acts.with_customer & acts.signed, whole(weight)),
        deal_unsigned_acts=when(living & ~acts.signed, whole(weight)),
        deal_signed=when(living & acts.signed, whole(constant(1.0))),
        deal_unsigned=when(living & ~acts.signed, whole(constant(1.0))),
        deal_seller=when(living, seller),
        deal_customer=when(living, customer),
        deal_seller_late=when(late, seller),
        deal_customer_late=when(late, customer),
        deal_seller_before=when(before, seller),
        deal_customer_before=when(before, customer),
        deal_newest=(living & acts.signed).ifelse(acts.t, none),
        deal_newest_unsigned=(living & ~acts.signed).ifelse(acts.t, none),
        deal_newest_customer=(living & acts.inbound).ifelse(acts.t, none),
    )


def roles_in_acts(acts: Expr, people: Expr, roles: Expr, deals: Expr) -> Expr:
    """Distinct (act, opportunity) of the acts that name no deal, in the deal's life, between its owner and a person
    with a role on it: any person of the act, not only the first named.
    """
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
    rows = measured(with_reading(read_in_life(linked, base), model), model)
    sums = {name: rows[name].sum() for name in SUMS}
    latest = {name: rows[name].max() for name in LATEST}
    return rows.group_by("opportunity").aggregate(**sums, **latest)


def per_deal(paired: Expr, by_role: Expr) -> Expr:
    """Deal totals in minutes and seconds, from acts linked to the deal and acts linked through its people."""
    columns = ("opportunity", *SUMS, *LATEST)
    types = dict.fromkeys(SUMS, "float64") | dict.fromkeys(LATEST, "int64")
    rows = paired.filter(paired.opportunity.notnull()).select(*columns).cast(types)
    rows = rows.union(by_role.select(*columns).cast(types))
    totals = {name: rows[name].sum() for name in SUMS} | {name: rows[name].max() for name in LATEST}
    rows = rows.group_by("opportunity").aggregate(**totals)
    return rows.mutate(**{name: real(rows[name]) for name in SUMS})


def deal_authors(base: Expr, deals: Expr, played: Expr) -> Expr:
    """Per deal, how many customer people did something of their own in its life."""
    own = base.filter(base.inbound, base.person.notnull())
    own = own.select("act", "account", "opportunity", "person", "user", "t")
    lives = deals.select(deal=deals.opportunity, begins=deals.begins, until=deals.until)
    direct = own.inner_join(lives, [own.opportunity == lives.deal])
    direct = direct.filter(direct.t >= direct.begins, direct.t <= direct.until).select("deal", "person")
    through = with_roles(own, deals, played)
    through = through.filter(through.t >= through.deal_from, through.t <= through.deal_until)
    people = direct.union(through.select(deal="opportunity", person="person")).distinct()
    return people.group_by("deal").aggregate(two_way=people.count()).rename(opportunity="deal")
