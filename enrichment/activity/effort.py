"""Acts, and the minutes that each side put into them.

An act is one thing that happened between us and a customer: a one-to-one message, a call, a meeting, a case raised or
answered. Scheduled, cancelled, bounced, automated and internal records are not acts. Reading is added in `totals`.
"""

from __future__ import annotations

from collections.abc import Mapping

import ibis

from enrichment.as_of import AsOf
from enrichment.expressions import DAY, MICRO, Expr, at_least, at_most, constant, real, seconds, whole
from enrichment.model import ScoringModel

_UNCOUNTED = ("scheduled", "cancelled", "bounced")
_DAYS = 2**20
"""More than any day number: a person and a day fit one integer key."""
_MESSAGES = ("email", "message", "case_reply")
_CHANNELS = (*_MESSAGES, "call", "meeting")


def base_acts(tables: Mapping[str, Expr], model: ScoringModel) -> Expr:
    """Every act one row each, with `seller` and `customer` minutes before the person-day cap.

    `inbound` and `outbound` are both false where nobody knows who acted first; `signed` says that it is known, or
    that both sides took part. Cases have negative `act` keys.
    """
    rows = tables["activities"]
    rows = rows.filter(
        rows.occurred_at.notnull(),
        rows.account.notnull(),
        rows.channel.isin(_CHANNELS),
        rows.direction.coalesce("") != "internal",
        ~rows.outcome.coalesce("done").isin(_UNCOUNTED),
    )
    if model.effort.exclude_automated:
        rows = rows.filter(~rows.automated.coalesce(False), ~_by_machine(rows, model))
    rows = rows.mutate(
        inbound=rows.direction.coalesce("") == "inbound",
        outbound=rows.direction.coalesce("") == "outbound",
        heads_s=at_least(rows.seller_people.coalesce(1).cast("float64"), 1.0),
        heads_c=constant(1.0)
        if model.effort.meeting_counting == "once"
        else at_least(rows.customer_people.coalesce(1).cast("float64"), 1.0),
        held=(rows.outcome == "done") | (rows.outcome.isnull() & ((rows.channel != "call") | (rows.minutes > 0.0))),
        with_customer=rows.person.notnull()
        | (rows.customer_people.coalesce(0) > 0)
        | (rows.direction.coalesce("") == "inbound"),
    )
    rows = rows.mutate(held=rows.held.coalesce(False), length=_length(rows, model))
    rows = rows.mutate(
        seller=_minutes(rows, rows.outbound, rows.heads_s, rows.length / 2.0, model),
        customer=_minutes(rows, rows.inbound, rows.heads_c, constant(0.0), model),
    )
    spoken = rows.channel.isin(("call", "meeting"))
    both = (rows.channel == "meeting") | ((rows.channel == "call") & rows.held)
    return rows.select(
        act="activity",
        account="account",
        opportunity="opportunity",
        case="case",
        person="person",
        user="seller_user",
        thread=rows.channel.isin(("email", "message")).ifelse(rows.thread, ibis.null("int64")),
        channel="channel",
        inbound="inbound",
        outbound="outbound",
        signed=rows.inbound | rows.outbound | both,
        dated=~rows.date_only.coalesce(False),
        with_customer="with_customer",
        met=rows.channel.isin(("call", "meeting")) & rows.held,
        mandated=rows.mandated.coalesce(False),
        t=seconds(rows.occurred_at),
        customer_offset="customer_offset",
        seller_offset="seller_offset",
        seller=at_most(rows.seller, model.effort.minutes.act_cap),
        customer=at_most(rows.customer, model.effort.minutes.act_cap),
        heads_s=spoken.ifelse(rows.heads_s, 1.0),
        heads_c=spoken.ifelse(rows.heads_c, 1.0),
    )


def case_acts(tables: Mapping[str, Expr], model: ScoringModel) -> Expr:
    """Cases that the customer raised, as acts of theirs."""
    rows = tables["cases"]
    rows = rows.filter(rows.opened_at.notnull(), rows.account.notnull(), rows.by_customer.coalesce(False))
    return rows.select(
        act=-2 * rows.case - 1,
        account="account",
        opportunity="opportunity",
        case="case",
        person="person",
        user=ibis.null("int64"),
        thread=ibis.null("int64"),
        channel=ibis.literal("case"),
        inbound=ibis.literal(True),
        outbound=ibis.literal(False),
        signed=ibis.literal(True),
        dated=ibis.literal(True),
        with_customer=ibis.literal(True),
        met=ibis.literal(False),
        mandated=ibis.literal(False),
        t=seconds(rows.opened_at),
        customer_offset="customer_offset",
        seller_offset="seller_offset",
        seller=constant(0.0),
        customer=constant(min(model.effort.minutes.case_raised, model.effort.minutes.act_cap)),
        heads_s=constant(1.0),
        heads_c=constant(1.0),
    )


def case_replies(tables: Mapping[str, Expr], logged: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """Our first reply to a case, as an act of ours, where the CRM keeps its time and none of the `logged` acts of ours
    on the case lies within a day of it.
    """
    rows = tables["cases"].filter(ibis._.account.notnull(), ibis._.first_reply_at.notnull())
    rows = rows.mutate(t=seconds(rows.first_reply_at), opened=seconds(rows.opened_at))
    rows = rows.filter(rows.t <= as_of.seconds, (rows.opened <= rows.t) | rows.opened.isnull())
    ours = logged.filter(logged.case.notnull(), logged.outbound).select(of_case="case", at="t")
    near = rows.select("case", "t").inner_join(ours, [ibis._.case == ours.of_case])
    near = near.filter(near.at >= near.t - DAY, near.at <= near.t + DAY).select("case").distinct()
    rows = rows.anti_join(near, "case")
    return rows.select(
        act=-2 * rows.case - 2,
        account="account",
        opportunity="opportunity",
        case="case",
        person=ibis.null("int64"),
        user=ibis.null("int64"),
        thread=ibis.null("int64"),
        channel=ibis.literal("case_reply"),
        inbound=ibis.literal(False),
        outbound=ibis.literal(True),
        signed=ibis.literal(True),
        dated=ibis.literal(True),
        with_customer=ibis.literal(True),
        met=ibis.literal(False),
        mandated=ibis.literal(False),
        t="t",
        customer_offset="customer_offset",
        seller_offset="seller_offset",
        seller=constant(min(model.effort.minutes.case_reply, model.effort.minutes.act_cap)),
        customer=constant(0.0),
        heads_s=constant(1.0),
        heads_c=constant(1.0),
    )


def _by_machine(rows: Expr, model: ScoringModel) -> Expr:
    """Messages from a mailbox that no person writes from."""
    names = [name.strip().lower() for name in model.effort.automatic_senders]
    return (rows.channel.isin(_MESSAGES) & rows.sender.isin(names)).coalesce(False) if names else ibis.literal(False)


def _length(rows: Expr, model: ScoringModel) -> Expr:
    m = model.effort.minutes
    stated = (rows.minutes >= 0.0).ifelse(rows.minutes, ibis.null("float64"))
    unknown = (rows.channel == "meeting").ifelse(m.meeting_unknown_length, m.call_unknown_length)
    return stated.coalesce(unknown).cast("float64")


def _minutes(rows: Expr, own: Expr, heads: Expr, missed: Expr, model: ScoringModel) -> Expr:
    """Minutes of one side: `own` are the acts that it opened; `missed` what a meeting costs it to which nobody came."""
    m = model.effort.minutes
    spent = ibis.cases(
        ((rows.channel == "email") & own, m.email_write),
        ((rows.channel == "message") & own, m.message_write),
        ((rows.channel == "case_reply") & own, m.case_reply),
        ((rows.channel == "call") & rows.held, rows.length * heads),
        ((rows.channel == "call") & own, m.call_not_connected),
        ((rows.channel == "meeting") & rows.held, rows.length * heads),
        ((rows.channel == "meeting") & (rows.outcome == "no_show"), missed),
        else_=0.0,
    ).cast("float64")
    opening = ibis.cases(
        ((rows.channel == "call") & own, model.effort.opening.call),
        ((rows.channel == "meeting") & own, model.effort.opening.meeting),
        else_=0.0,
    ).cast("float64")
    return spent + opening


def _crowded_days(acts: Expr, person: str, minutes: str, heads: str, cap: float) -> Expr:
    """Person-days that hold more than `cap` minutes, with the factor that brings them down to it."""
    rows = acts.filter(acts[person].notnull(), acts[minutes] > 0.0)
    rows = rows.select(person_day=rows[person] * _DAYS + rows.t // DAY, spent=whole(rows[minutes] / rows[heads]))
    days = rows.group_by("person_day").aggregate(spent=rows.spent.sum())
    days = days.filter(days.spent > round(cap * MICRO))
    return days.select(person_day="person_day", factor=constant(cap) / real(days.spent))


def crowded_days(base: Expr, model: ScoringModel) -> tuple[Expr, Expr]:
    """Days on which somebody (the first-named person of our side, of theirs) works more than the person-day cap."""
    cap = model.effort.minutes.person_day_cap
    ours = _crowded_days(base, "user", "seller", "heads_s", cap)
    theirs = _crowded_days(base, "person", "customer", "heads_c", cap)
    return ours, theirs


def capped(acts: Expr, ours: Expr, theirs: Expr, model: ScoringModel) -> Expr:
    """`acts` with both sides' minutes scaled down on `crowded_days`; then the customer's are divided by the channel's
    capture rate."""
    ours = ours.rename(day_s="person_day", factor_s="factor")
    theirs = theirs.rename(day_c="person_day", factor_c="factor")
    day = acts.t // DAY
    acts = acts.mutate(user_day=acts.user * _DAYS + day, author_day=acts.person * _DAYS + day)
    acts = acts.left_join(ours, [acts.user_day == ours.day_s])
    acts = acts.left_join(theirs, [acts.author_day == theirs.day_c])
    rates = model.effort.capture_rates
    rate = ibis.cases(
        (acts.channel == "email", rates.email),
        (acts.channel == "message", rates.message),
        (acts.channel == "call", rates.call),
        (acts.channel == "meeting", rates.meeting),
        else_=rates.case,
    )
    return acts.mutate(
        seller=acts.seller * acts.factor_s.coalesce(1.0), customer=acts.customer * acts.factor_c.coalesce(1.0) / rate
    ).drop("user_day", "author_day", "day_s", "day_c", "factor_s", "factor_c")
