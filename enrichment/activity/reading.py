"""Who read what: minutes of reading, and what was read by the time a deal closed."""

from __future__ import annotations

import ibis

from enrichment.activity.threads import order, second, with_last_turn
from enrichment.expressions import Expr, constant
from enrichment.model import ScoringModel


def with_reading(acts: Expr, model: ScoringModel) -> Expr:
    """Adds the minutes of reading, which no cap cuts, to the side that read; `customer_own` is theirs without it."""
    acts = acts.mutate(customer_own=acts.customer)
    ours = (acts.inbound & acts.read).ifelse(reading(acts, model), constant(0.0))
    theirs = (acts.outbound & acts.read).ifelse(their_reading(acts, model), constant(0.0))
    return acts.mutate(seller=acts.seller + ours, customer=acts.customer + theirs)


def reading(acts: Expr, model: ScoringModel, rates: tuple[float, float] = (1.0, 1.0)) -> Expr:
    """Minutes it takes to read a message; 0 for every other act."""
    if not model.effort.count_mail_read:
        return constant(0.0)
    m = model.effort.minutes
    return ibis.cases(
        (acts.channel == "email", constant(m.email_read / rates[0])),
        (acts.channel == "message", constant(m.message_read / rates[1])),
        else_=constant(0.0),
    )


def their_reading(acts: Expr, model: ScoringModel) -> Expr:
    """The same for the customer, whose reading reaches the CRM as seldom as their writing."""
    rates = model.effort.capture_rates
    return reading(acts, model, (rates.email, rates.message))


def read_in_life(acts: Expr, base: Expr) -> Expr:
    """`acts` with `in_life`: whether the other side had read it when its deal closed. What is only answered after the
    close has not been read then, and a closed deal must not change.

    Only threads that go on after the close are looked at again; those are few.
    """
    acts = acts.mutate(goes_on=(acts.answered & (second(acts.last_answer) > acts.deal_until)).coalesce(False))
    over = (
        acts.filter(acts.goes_on).select(over_thread="thread", over_deal="opportunity", until="deal_until").distinct()
    )
    rows = base.filter(base.inbound | base.outbound, base.thread.notnull())
    rows = rows.select("thread", "t", "inbound", "outbound", o=order(rows))
    rows = rows.inner_join(over, [rows.thread == over.over_thread])
    rows = rows.filter(rows.t <= rows.until).drop("thread", "t", "until")
    keys = ("over_thread", "over_deal")
    facts = rows.group_by(*keys).aggregate(
        last_inbound=rows.o.max(where=rows.inbound), last_outbound=rows.o.max(where=rows.outbound)
    )
    facts = with_last_turn(facts, rows, keys).rename(cut_turn="last_turn")
    acts = acts.left_join(facts, [acts.thread == facts.over_thread, acts.opportunity == facts.over_deal])
    by_close = acts.inbound.ifelse(acts.last_outbound, acts.last_inbound)
    cut = (by_close > acts.o).coalesce(False) | (acts.cut_turn == acts.o).coalesce(False)
    acts = acts.mutate(in_life=acts.goes_on.ifelse(cut, acts.read))
    return acts.drop("goes_on", "last_inbound", "last_outbound", "cut_turn", *keys)
