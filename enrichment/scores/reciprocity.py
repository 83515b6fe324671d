"""Who puts in the effort: index and balance, who opens, who answers, and the same for a deal."""

from __future__ import annotations

from collections.abc import Mapping

import ibis

from enrichment.expressions import DAY, Expr, half_even, real, smaller, whole
from enrichment.model import ScoringModel

_UNKNOWN = ibis.null("float64")
_FINE = 1_000_000_000


def index(seller: Expr, customer: Expr, k0: float) -> Expr:
    """100 * 2 min / (seller + customer + 2 k0): demonstrated two-way effort. Null without any effort when k0 is 0."""
    return 200.0 * smaller(seller, customer) / (seller + customer + 2.0 * k0).nullif(0.0)


def balance(seller: Expr, customer: Expr, k0: float) -> Expr:
    """100 * (seller - customer) / (seller + customer + 2 k0): above 0 the seller puts in more."""
    return 100.0 * (seller - customer) / (seller + customer + 2.0 * k0).nullif(0.0)


def organisation_habits(rows: Expr, model: ScoringModel) -> Expr:
    """One row: how often customers open and how promptly each side answers across the organisation (null: no evidence).

    `usual_initiation` is null too where the mail that customers send of their own accord is evidently not logged
    (`openings_logged` false): who opens cannot be told from what is left.
    """

    def billionths(column: Expr) -> Expr:
        return real(whole(column.coalesce(0.0), _FINE).sum(), _FINE)

    def rate(part: Expr, whole: Expr) -> Expr:
        return part.cast("float64") / whole.cast("float64").nullif(0.0)

    opened = rows.initiated_customer.sum() + rows.initiated_seller.sum()
    found = rows.aggregate(
        opening=rate(rows.initiated_customer.sum(), opened),
        began=rows.began_customer.sum().coalesce(0).cast("float64"),
        answered=rows.began_answered.sum().coalesce(0).cast("float64"),
        sent=rows.seller_email.sum().coalesce(0),
        received=rows.customer_email.sum().coalesce(0),
        usual_customer=rate(billionths(rows.prompt_customer), rows.asked_customer.sum()),
        usual_seller=rate(billionths(rows.prompt_seller), rows.asked_seller.sum()),
    )
    r = model.reciprocity
    two_way = found.began + found.answered
    replies_only = (two_way >= r.least_threads) & (found.began < r.least_begun * two_way)
    outgoing_only = (found.sent >= r.least_threads) & (found.received == 0)
    found = found.mutate(openings_logged=~(replies_only | outgoing_only))
    usual = found.openings_logged.ifelse(found.opening, _UNKNOWN)
    return found.mutate(usual_initiation=usual).drop("opening", "began", "answered", "sent", "received")


def habits(rows: Expr, model: ScoringModel) -> dict[str, Expr]:
    """A13 to A16: shrunk towards the organisation's own habits; null under three items on that side, or without such a
    habit.
    """
    r = model.reciprocity
    opened = (rows.initiated_customer + rows.initiated_seller).cast("float64")
    share = (rows.initiated_customer + r.initiation_kappa * rows.usual_initiation) / (opened + r.initiation_kappa)
    found = {"bothways_customer_initiation_share": (opened >= r.least_items).ifelse(100.0 * share, _UNKNOWN)}
    for side in ("customer", "seller"):
        asked = rows[f"asked_{side}"].coalesce(0).cast("float64")
        prompt = (rows[f"prompt_{side}"] + r.reply_kappa * rows[f"usual_{side}"]) / (asked + r.reply_kappa)
        found[f"bothways_{side}_responsiveness"] = (asked >= r.least_items).ifelse(100.0 * prompt, _UNKNOWN)
        enough = rows[f"replies_{side}"].coalesce(0) >= r.least_items
        found[f"bothways_{side}_reply_hours"] = enough.ifelse(rows[f"median_{side}"], _UNKNOWN)
    return found


def against_book(rows: Expr, model: ScoringModel) -> Expr:
    """A12: mid-rank percentile of the (rounded) balance in the account's segment, one row per segment and balance.

    A whole family has its place among the accounts, but is none of them.
    """
    rows = rows.filter(rows.bothways_reciprocity_balance.notnull())
    tenths = (rows.bothways_reciprocity_balance * 10.0).round().cast("int64")
    rows = rows.select("segment", tenths=tenths, one=(rows.account >= 0).cast("int64"))
    held = rows.group_by("segment", "tenths").aggregate(here=rows.one.sum())
    below = held.here.sum().over(ibis.window(group_by="segment", order_by="tenths", preceding=None, following=0))
    peers = held.here.sum().over(ibis.window(group_by="segment"))
    held = held.mutate(upto=below.cast("float64"), peers=peers)
    held = held.filter(held.peers >= model.reciprocity.least_peers)
    midrank = 100.0 * (held.upto - held.here / 2.0) / held.peers.cast("float64")
    return held.select(book_segment="segment", book_tenths="tenths", vs_book=half_even(midrank), peers="peers")


def deal_figures(rows: Expr, model: ScoringModel) -> Mapping[str, Expr]:
    """O1 to O7 before the null rules, from a deal's tallies."""
    d = model.deals
    age = rows.until - rows.created
    late = _customer_share(rows.deal_seller_late, rows.deal_customer_late, d.k0_minutes)
    before = _customer_share(rows.deal_seller_before, rows.deal_customer_before, d.k0_minutes)
    old_enough = (age >= d.momentum_least_age_days * DAY) & rows.deal_newest.notnull()
    return {
        "bothways_deal_reciprocity_index": index(rows.deal_es, rows.deal_ec, d.k0_minutes),
        "bothways_deal_reciprocity_balance": balance(rows.deal_es, rows.deal_ec, d.k0_minutes),
        "bothways_deal_customer_effort_hours": rows.deal_customer / 60.0,
        "bothways_deal_seller_effort_hours": rows.deal_seller / 60.0,
        "bothways_deal_momentum": old_enough.ifelse(100.0 * (late - before), _UNKNOWN),
        "bothways_deal_two_way_contacts": rows.two_way,
        "bothways_deal_days_since_customer_act": (rows.until - rows.deal_newest_customer) // DAY,
    }


def _customer_share(seller: Expr, customer: Expr, k0: float) -> Expr:
    return (customer + k0) / (seller + customer + 2.0 * k0)
