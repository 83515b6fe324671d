"""Who opened a thread, who answered whom, and how many business hours the answer took."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import ibis

from enrichment.arithmetic import DAY, Expr, business_seconds, decay, instant, known, least, real, seconds, whole
from enrichment.model import ScoringModel

_FINE = 1_000_000_000


def messages(base: Expr, as_of: datetime, model: ScoringModel) -> Expr:
    """E-mails that belong to a thread, with the facts that need their neighbours.

    `root`: opens the thread. `answers`: comes after one from the other side. `wait`: business seconds, in the zone of
    the one who answers, until the other side's next message; null if there is none. `due`: sent long enough ago that an
    answer within the limit would be in. Date-only messages open and answer, but give and take no `wait`.
    """
    rows = base.filter(base.thread.notnull())
    calendar = model.calendar
    for side in ("customer", "seller"):
        clock = business_seconds(rows.t, rows[f"{side}_offset"], calendar.day_starts_at_hour, calendar.day_hours)
        rows = rows.mutate(**{f"{side}_clock": clock})
    whole_thread = ibis.window(group_by="thread")
    onward = ibis.window(group_by="thread", order_by=["t", "inbound", "act"], preceding=0, following=None)
    none = ibis.null("int64")
    inbound_at = rows.inbound.ifelse(rows.t, none)
    outbound_at = rows.outbound.ifelse(rows.t, none)
    rows = rows.mutate(
        first=rows.t.min().over(whole_thread),
        first_inbound=inbound_at.min().over(whole_thread),
        first_outbound=outbound_at.min().over(whole_thread),
        last_inbound=inbound_at.max().over(whole_thread),
        last_outbound=outbound_at.max().over(whole_thread),
        next_customer=(rows.inbound & rows.dated).ifelse(rows.customer_clock, none).min().over(onward),
        next_seller=(rows.outbound & rows.dated).ifelse(rows.seller_clock, none).min().over(onward),
    )
    other_first = rows.inbound.ifelse(rows.first_outbound, rows.first_inbound)
    other_last = rows.inbound.ifelse(rows.last_outbound, rows.last_inbound)
    sent = rows.inbound.ifelse(rows.seller_clock, rows.customer_clock)
    answered = rows.inbound.ifelse(rows.next_seller, rows.next_customer)
    rows = rows.mutate(
        root=rows.t == rows.first,
        answers=(other_first < rows.t).coalesce(False),
        answered=(other_last > rows.t).coalesce(False),
        wait=rows.dated.ifelse(least(answered - sent, 0.0), ibis.null("float64")).round().cast("int64"),
        due=_due(rows, sent, as_of, model),
    )
    return rows.select(*base.columns, "root", "answers", "answered", "wait", "due")


def unthreaded(base: Expr) -> Expr:
    """Acts outside threads, with the columns of `messages`: each e-mail without a thread opens one of its own."""
    rows = base.filter(base.thread.isnull())
    return rows.mutate(
        root=ibis.literal(True),
        answers=ibis.literal(False),
        answered=ibis.literal(False),
        wait=ibis.null("int64"),
        due=ibis.literal(False),
    )


def _due(rows: Expr, sent: Expr, as_of: datetime, model: ScoringModel) -> Expr:
    now, calendar = instant(as_of), model.calendar
    offset = rows.inbound.ifelse(rows.seller_offset, rows.customer_offset)
    clock = business_seconds(ibis.literal(now, "int64"), offset, calendar.day_starts_at_hour, calendar.day_hours)
    limit = model.reciprocity.reply_within_days * calendar.day_hours * 3_600
    young = now - model.effort.window_days * DAY
    return rows.dated & (rows.t > young) & (clock - sent >= limit)


def answers(threaded: Expr, cases: Expr, model: ScoringModel) -> Expr:
    """Per account, both ways: how many messages were due an answer, how promptly they got one, the median wait.

    `asked_customer` counts our messages (the customer is to answer), `asked_seller` theirs, cases included.
    """
    limit = model.reciprocity.reply_within_days * model.calendar.day_hours * 3_600
    items = threaded.filter(threaded.due).select("account", "inbound", "wait").union(cases)
    hours = items.wait.cast("float64") / 3_600.0
    prompt = (items.wait <= limit).ifelse(decay(hours * DAY, model.reciprocity.reply_half_life_hours), 0.0)
    items = items.mutate(hours=hours, prompt=whole(prompt.coalesce(0.0), _FINE))
    sums = {}
    for side, mine in (("customer", ~items.inbound), ("seller", items.inbound)):
        sums[f"asked_{side}"] = mine.sum()
        sums[f"replies_{side}"] = (mine & items.wait.notnull()).sum()
        sums[f"prompt_{side}"] = real(items.prompt.sum(where=mine), _FINE)
        sums[f"median_{side}"] = items.hours.median(where=mine)
    return items.group_by("account").aggregate(**sums)


def case_items(tables: Mapping[str, Expr], base: Expr, as_of: datetime, model: ScoringModel) -> Expr:
    """Cases that the customer raised, as messages that we are to answer: the CRM's own first reply, else our first reply
    on the case."""
    cases = known(tables["cases"], as_of, "opened_at", "created_at")
    cases = cases.filter(cases.opened_at.notnull(), cases.account.notnull(), cases.by_customer.coalesce(False))
    replies = base.filter(base.case.notnull(), base.outbound, base.dated)
    first = replies.group_by("case").aggregate(replied=replies.t.min())
    rows = cases.left_join(first, [cases.case == first.case]).drop("case_right")
    moment = ibis.literal(instant(as_of), "int64")
    opened, kept = seconds(rows.opened_at), seconds(rows.first_reply_at)
    reply = (kept <= moment).ifelse(kept, ibis.null("int64")).coalesce(rows.replied)
    rows = rows.select(
        account=rows.account,
        t=opened,
        inbound=ibis.literal(True),
        dated=ibis.literal(True),
        seller_offset=rows.seller_offset,
        customer_offset=rows.customer_offset,
        reply=(reply >= opened).ifelse(reply, ibis.null("int64")),
    )
    start, hours = model.calendar.day_starts_at_hour, model.calendar.day_hours
    sent = business_seconds(rows.t, rows.seller_offset, start, hours)
    wait = business_seconds(rows.reply, rows.seller_offset, start, hours) - sent
    due = _due(rows, sent, as_of, model)
    return rows.select("account", "inbound", wait=wait, due=due).filter(ibis._.due).drop("due")
