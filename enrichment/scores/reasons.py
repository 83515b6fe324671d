"""The reasons in words: what is missing first, then the two strongest reasons each way, then who wrote to whom."""

from __future__ import annotations

import string
from collections.abc import Sequence
from functools import reduce

import ibis

from enrichment import words as phrases
from enrichment.expressions import Expr, half_even
from enrichment.model import COMPONENTS, ScoringModel
from enrichment.words import Phrase, Words, figure

_NONE = ibis.null("string")
_SLOTS = ("gain", "second_gain", "drag", "second_drag")


def _number(value: Expr) -> Expr:
    return value.cast("int64").cast("string")


def said(rows: Expr, name: str, phrase: Phrase) -> Expr:
    """A phrase with its figure filled in; null where the figure is."""
    number = rows[figure(name)]
    text = filled(phrase.many, n=number)
    if phrase.one is not None:
        text = (number == 1).ifelse(phrase.one, text)
    if phrase.zero is not None:
        text = (number == 0).ifelse(phrase.zero, text)
    return number.isnull().ifelse(_NONE, text)


def filled(template: str, **figures: Expr) -> Expr:
    """A text with whole numbers in place of the names in braces."""
    parts = []
    for before, name, _, _ in string.Formatter().parse(template):
        parts += [ibis.literal(before)] if before else []
        parts += [_number(figures[name])] if name is not None else []
    return reduce(lambda one, other: one + other, parts, ibis.literal(""))


def ranked(rows: Expr) -> Expr:
    """`rows` with the names of the two greatest contributions each way, ties in the order of their names."""
    names = sorted(COMPONENTS)

    def strength(name: str, way: float, taken: Expr | None = None) -> Expr:
        value = (way * rows[f"{name}_contribution"]).coalesce(0.0)
        return value if taken is None else (taken == name).ifelse(0.0, value)

    def best(way: float, taken: Expr | None = None) -> Expr:
        return ibis.greatest(0.0, *(strength(name, way, taken) for name in names))

    def holder(way: float, value: Expr, taken: Expr | None = None) -> Expr:
        return ibis.cases(*(((value > 0.0) & (strength(n, way, taken) == value), n) for n in names), else_=_NONE)

    ways = ((1.0, "gain"), (-1.0, "drag"))
    rows = rows.mutate(**{f"{slot}_best": best(way) for way, slot in ways})
    rows = rows.mutate(**{slot: holder(way, rows[f"{slot}_best"]) for way, slot in ways})
    rows = rows.mutate(**{f"{slot}_best": best(way, rows[slot].coalesce("")) for way, slot in ways})
    return rows.mutate(
        **{f"second_{slot}": holder(way, rows[f"{slot}_best"], rows[slot].coalesce("")) for way, slot in ways}
    )


def _reasons(rows: Expr, words: Words, *, deal: bool) -> list[Expr]:
    found = []
    for slot in _SLOTS:
        sign = words.drivers["gain" if slot.endswith("gain") else "drag"]
        text = ibis.cases(
            *((rows[slot] == name, said(rows, name, words.reason(name, deal=deal))) for name in sorted(COMPONENTS)),
            else_=_NONE,
        )
        found.append(rows.customer_score.isnull().ifelse(_NONE, ibis.literal(sign) + text))
    return found


def _joined(parts: Sequence[Expr], words: Words) -> Expr:
    """The parts that are there, separated, within the length of the field."""
    between = words.drivers["between"]
    text = reduce(lambda one, other: one + other, [(ibis.literal(between) + part).coalesce("") for part in parts])
    return text.substr(len(between), phrases.LONGEST)


def account_text(rows: Expr, model: ScoringModel) -> Expr:
    """A22 of each account, at most 255 characters."""
    words, missing = model.words, model.words.missing
    absent = ibis.cases(
        (~rows.scored, missing["excluded_type"].text()),
        (~rows.has_acts, missing["no_data"].text()),
        (rows.newest_act.isnull(), missing["no_activity"].text(model.effort.window_days)),
        (rows.balance_score.isnull(), missing["thin_activity"].text()),
        else_=_NONE,
    )
    old = half_even(rows.conf_dependence) < model.evidence.least_confidence
    unknown = ibis.cases(
        (~rows.scored, _NONE),
        (rows.customer_score.isnull(), ibis.literal(missing["thin_commerce"].text())),
        (rows.seller_score.isnull(), ibis.literal(missing["no_seller_dependence"].text())),
        (old, said(rows, "old_commerce", missing["old_commerce"])),
        else_=_NONE,
    )
    days = ibis.literal(model.effort.recent_days)
    wrote = filled(words.effort["wrote"], ours=rows.wrote_seller, theirs=rows.wrote_customer, n=days)
    wrote = (rows.scored & ((rows.wrote_seller + rows.wrote_customer) > 0)).ifelse(wrote, _NONE)
    return _joined([absent, unknown, _unpriced(rows, words), *_reasons(rows, words, deal=False), wrote], words)


def _unpriced(rows: Expr, words: Words) -> Expr:
    return (rows.unconvertible > 0).ifelse(said(rows, "no_rate", words.missing["no_rate"]), _NONE)


def deal_text(rows: Expr, model: ScoringModel) -> Expr:
    """The drivers of each deal, at most 255 characters."""
    words, missing = model.words, model.words.missing
    absent = ibis.cases(
        (rows.closed, missing["frozen"].text()),
        (~rows.has_acts, missing["no_data"].text()),
        (rows.deal_newest.isnull(), missing["no_deal_activity"].text()),
        (rows.balance_score.isnull(), missing["thin_activity"].text()),
        else_=_NONE,
    )
    unknown = (~rows.closed & rows.customer_score.isnull()).ifelse(missing["thin_commerce"].text(), _NONE)
    ours, theirs = ((rows[f"deal_{side}"] / 60.0).round() for side in ("seller", "customer"))
    hours = rows.deal_newest.notnull().ifelse(filled(words.effort["hours"], ours=ours, theirs=theirs), _NONE)
    return _joined([absent, unknown, _unpriced(rows, words), *_reasons(rows, words, deal=True), hours], words)


def figures(rows: Expr, lookback_months: int) -> Expr:
    """The whole-number figure of each component, null where it is not observed."""

    def shown(name: str, value: Expr) -> Expr:
        return rows[f"{name}_value"].notnull().ifelse(value.round().cast("int64"), ibis.null("int64"))

    percent = ("share_of_wallet", "strategic_importance", "mission_criticality", "non_modularity")
    found = {f"{name}_figure": shown(name, 100.0 * rows[f"{name}_value"]) for name in percent}
    months = ibis.least(rows.buying_months.coalesce(0), lookback_months)
    found |= {
        "purchase_burden_figure": shown("purchase_burden", (100.0 * rows.burden_share).floor()),
        "reliance_figure": shown("reliance", months.cast("float64")),
        "contract_lock_figure": shown("contract_lock", rows.lock_months.coalesce(0.0)),
        "installed_base_figure": shown("installed_base", rows.held_products.cast("float64")),
        "tenure_figure": shown("tenure", rows.customer_years.coalesce(0.0).floor()),
        "scarcity_figure": shown("scarcity", rows.rivals_seen.coalesce(0).cast("float64")),
    }
    return rows.mutate(**found)
