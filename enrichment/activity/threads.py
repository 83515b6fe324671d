"""Who opened a thread, who answered whom, and how many business hours the answer took."""

from __future__ import annotations

from collections.abc import Mapping

import ibis

from enrichment.as_of import AsOf
from enrichment.expressions import DAY, Expr, at_least, business_seconds, decay, real, seconds, whole
from enrichment.families import with_wholes
from enrichment.model import ScoringModel

_FINE = 1_000_000_000


_ACTS = 2**28
"""More than any act key: a second and an act fit one integer, by which acts are ordered."""


def order(acts: Expr) -> Expr:
    """Where an act stands in its thread: by time, then by key."""
    return acts.t * _ACTS + acts.act


def second(place: Expr) -> Expr:
    """The second of an `order`."""
    return place // _ACTS


def thread_facts(base: Expr) -> Expr:
    """Per thread, as `order`: its first act, the first and last of each side, and `last_turn`: the first act of the
    side that wrote last, after the other's last one, which reads it as the answer to its own.
    """
    rows = base.filter(base.thread.notnull())
    rows = rows.select("thread", "inbound", "outbound", o=order(rows))
    facts = rows.group_by("thread").aggregate(
        first=rows.o.min(),
        first_inbound=rows.o.min(where=rows.inbound),
        first_outbound=rows.o.min(where=rows.outbound),
        last_inbound=rows.o.max(where=rows.inbound),
        last_outbound=rows.o.max(where=rows.outbound),
    )
    return with_last_turn(facts, rows, ("thread",))


def with_last_turn(facts: Expr, rows: Expr, keys: tuple[str, ...]) -> Expr:
    """`facts` with `last_turn`, from `rows` of the same keys with `o`, `inbound` and `outbound`."""
    both = facts.filter(facts.last_inbound.notnull(), facts.last_outbound.notnull())
    sides = both.select(
        **{f"turn_{key}": both[key] for key in keys},
        turned=(both.last_inbound <= both.last_outbound).ifelse(both.last_inbound, both.last_outbound),
    )
    late = rows.inner_join(sides, [rows[key] == sides[f"turn_{key}"] for key in keys])
    late = late.filter(late.o > late.turned, late.inbound | late.outbound)
    turns = late.group_by(*(f"turn_{key}" for key in keys)).aggregate(last_turn=late.o.min())
    found = facts.left_join(turns, [facts[key] == turns[f"turn_{key}"] for key in keys])
    return found.drop(*(f"turn_{key}" for key in keys))


def in_threads(acts: Expr, facts: Expr) -> Expr:
    """`acts` with `o` (their order), `root` (opens its thread; every act without one does), `answers` (comes after one
    of the other side), `answered` (one of the other side comes after it), `last_answer` (the other side's last in the
    thread) and `read` (the other side read it: it sent something later, or this is the first answer to it).
    """
    facts = facts.rename(of_thread="thread")
    acts = acts.mutate(o=order(acts))
    acts = acts.left_join(facts, [acts.thread == facts.of_thread])
    other_first = acts.inbound.ifelse(acts.first_outbound, acts.first_inbound)
    other_last = acts.inbound.ifelse(acts.last_outbound, acts.last_inbound)
    acts = acts.mutate(
        root=(acts.o == acts["first"]).coalesce(True),
        answers=(other_first < acts.o).coalesce(False),
        answered=(other_last > acts.o).coalesce(False),
        last_answer=other_last,
        asked=(acts.o == acts.last_turn).coalesce(False),
    )
    acts = acts.mutate(read=(acts.answered | acts.asked) & (acts.inbound | acts.outbound))
    return acts.drop("of_thread", "asked", *(name for name in facts.columns if name != "of_thread"))


def message_items(base: Expr, facts: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """Messages in threads that are due an answer by now, with the business seconds (in the zone of the one who answers)
    until the other side's next message; null when there is none. Date-only messages give and take no time."""
    calendar = model.calendar
    rows = base.filter(base.thread.notnull(), base.dated, base.inbound | base.outbound)
    rows = rows.filter(rows.t > as_of.seconds - model.effort.window_days * DAY)
    rows = rows.select("account", "thread", "inbound", "t", "dated", "customer_offset", "seller_offset", o=order(rows))
    sides = facts.select(of_thread="thread", both=facts.first_inbound.notnull() & facts.first_outbound.notnull())
    rows = rows.inner_join(sides, [rows.thread == sides.of_thread]).drop("of_thread")
    clocks = {
        f"{side}_clock": business_seconds(
            rows.t, rows[f"{side}_offset"], calendar.day_starts_at_hour, calendar.day_hours
        )
        for side in ("customer", "seller")
    }
    rows = rows.mutate(**clocks)
    sent = rows.inbound.ifelse(rows.seller_clock, rows.customer_clock)
    rows = rows.mutate(sent=sent)
    rows = rows.mutate(due=_due(rows, rows.sent, as_of, model))
    alone = rows.filter(~rows.both, rows.due).select("account", "inbound", wait=ibis.null("int64"))
    rows = rows.filter(rows.both)
    onward = ibis.window(group_by="thread", order_by="o", preceding=0, following=None)
    none = ibis.null("int64")
    rows = rows.mutate(
        next_customer=rows.inbound.ifelse(rows.customer_clock, none).min().over(onward),
        next_seller=rows.inbound.ifelse(none, rows.seller_clock).min().over(onward),
    )
    answered = rows.inbound.ifelse(rows.next_seller, rows.next_customer)
    rows = rows.mutate(wait=at_least(answered - rows.sent, 0.0).round().cast("int64"))
    return rows.filter(rows.due).select("account", "inbound", "wait").union(alone)


def _due(rows: Expr, sent: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    now, calendar = as_of.seconds, model.calendar
    offset = rows.inbound.ifelse(rows.seller_offset, rows.customer_offset)
    clock = business_seconds(now, offset, calendar.day_starts_at_hour, calendar.day_hours)
    limit = model.reciprocity.reply_within_days * calendar.day_hours * 3_600
    young = now - model.effort.window_days * DAY
    return rows.dated & (rows.t > young) & (clock - sent >= limit)


def answers(items: Expr, model: ScoringModel) -> Expr:
    """Per account, both ways: how many messages were due an answer, how promptly they got one, the median wait.

    `asked_customer` counts our messages (the customer is to answer), `asked_seller` theirs, cases included.
    """
    limit = model.reciprocity.reply_within_days * model.calendar.day_hours * 3_600
    hours = items.wait.cast("float64") / 3_600.0
    prompt = (items.wait <= limit).ifelse(decay(hours * DAY, model.reciprocity.reply_half_life_hours), 0.0)
    items = items.mutate(hours=hours, prompt=whole(prompt.coalesce(0.0), _FINE))
    sums = {}
    for side, mine in (("customer", ~items.inbound), ("seller", items.inbound)):
        sums[f"asked_{side}"] = mine.sum()
        sums[f"replies_{side}"] = (mine & items.wait.notnull()).sum()
        sums[f"prompt_{side}"] = real(items.prompt.sum(where=mine), _FINE)
        # the condition inside: Spark wants a percentile without a filter of its own
        sums[f"median_{side}"] = mine.ifelse(items.hours, ibis.null("float64")).median()
    return items.group_by("account").aggregate(**sums)


def left_open(base: Expr, facts: Expr, wholes: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """Per account (and whole family, `wholes`): threads and cases that they opened lately and that are due an answer,
    and how many of them saw no act that could be ours, on any channel, within the business days of a reply.

    An act that nobody knows to be theirs could be ours. A date-only one is taken to have come at the end of its day.
    """
    start, hours = model.calendar.day_starts_at_hour, model.calendar.day_hours
    limit = model.reciprocity.reply_within_days * hours * 3_600
    recent = base.filter(base.t > as_of.seconds - model.effort.recent_days * DAY)
    recent = recent.mutate(o=order(recent), at=recent.dated.ifelse(recent.t, recent.t - recent.t % DAY + DAY - 1))
    recent = recent.mutate(clock=business_seconds(recent["at"], recent.seller_offset, start, hours))
    firsts = facts.select(of_thread="thread", first="first")
    theirs = recent.filter(recent.inbound, recent.dated)
    theirs = theirs.left_join(firsts, [theirs.thread == firsts.of_thread])
    case = theirs.channel == "case"
    theirs = theirs.filter(case | (theirs.o == theirs["first"]).coalesce(False))
    now = business_seconds(as_of.seconds, theirs.seller_offset, start, hours)
    theirs = theirs.filter(now - theirs.clock >= limit)
    columns = {"account": recent.account, "at": recent["at"], "clock": recent.clock}
    ours = recent.filter(~recent.inbound).select(*columns, kind=ibis.literal(2, "int64"))
    theirs = theirs.select(*columns, kind=(theirs.channel == "case").ifelse(1, 0).cast("int64"))
    rows = with_wholes(theirs.union(ours), wholes)
    rows = rows.semi_join(rows.filter(rows.kind < 2).select("account").distinct(), "account")
    onward = ibis.window(group_by="account", order_by=["at", "kind"], preceding=0, following=None)
    answer = (rows.kind == 2).ifelse(rows.clock, ibis.null("int64"))
    rows = rows.mutate(answer=answer.min().over(onward))
    rows = rows.mutate(left=~(rows.answer - rows.clock <= limit).coalesce(False)).filter(rows.kind < 2)
    sums = {}
    for kind, name in enumerate(("threads", "cases")):
        sums[f"opened_{name}"] = (rows.kind == kind).sum()
        sums[f"left_{name}"] = ((rows.kind == kind) & rows.left).sum()
    return rows.group_by("account").aggregate(**sums)


def case_items(tables: Mapping[str, Expr], base: Expr, as_of: AsOf, model: ScoringModel) -> Expr:
    """Cases that the customer raised, as messages that we are to answer: the CRM's own first reply, else our first
    reply on the case.
    """
    cases = tables["cases"]
    cases = cases.filter(cases.opened_at.notnull(), cases.account.notnull(), cases.by_customer.coalesce(False))
    cases = cases.mutate(opened=seconds(cases.opened_at))
    replies = base.filter(base.case.notnull(), base.outbound, base.dated).select("case", "t")
    replies = replies.inner_join(cases.select("case", "opened"), "case")
    replies = replies.filter(replies.t >= replies.opened)
    first = replies.group_by("case").aggregate(replied=replies.t.min())
    rows = cases.left_join(first, [cases.case == first.case]).drop("case_right")
    opened, kept = rows.opened, seconds(rows.first_reply_at)
    in_time = (kept >= opened) & (kept <= as_of.seconds)
    rows = rows.select(
        account=rows.account,
        t=opened,
        inbound=ibis.literal(True),
        dated=ibis.literal(True),
        seller_offset=rows.seller_offset,
        customer_offset=rows.customer_offset,
        reply=in_time.ifelse(kept, ibis.null("int64")).coalesce(rows.replied),
    )
    start, hours = model.calendar.day_starts_at_hour, model.calendar.day_hours
    sent = business_seconds(rows.t, rows.seller_offset, start, hours)
    wait = business_seconds(rows.reply, rows.seller_offset, start, hours) - sent
    due = _due(rows, sent, as_of, model)
    return rows.select("account", "inbound", wait=wait, due=due).filter(ibis._.due).drop("due")
