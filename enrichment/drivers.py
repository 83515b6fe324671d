"""The reasons in words: what is missing first, then the two strongest reasons each way, then who wrote to whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

import ibis

from enrichment import phrases
from enrichment.arithmetic import Expr, half_even
from enrichment.model import COMPONENTS, ScoringModel
from enrichment.phrases import Phrase

_NONE = ibis.null("string")
_SLOTS = ("gain", "second_gain", "drag", "second_drag")


def _number(value: Expr) -> Expr:
    return value.cast("int64").cast("string")


def said(rows: Expr, phrase: Phrase) -> Expr:
    """A phrase with its figure filled in; null where the figure is."""
    figure = rows[phrase.figure]
    before, after = phrase.many.split("{n}")
    text = before + _number(figure) + after
    if phrase.one is not None:
        text = (figure == 1).ifelse(phrase.one, text)
    if phrase.zero is not None:
        text = (figure == 0).ifelse(phrase.zero, text)
    return figure.isnull().ifelse(_NONE, text)


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


def _reasons(rows: Expr, catalogue: Mapping[str, Phrase]) -> list[Expr]:
    found = []
    for slot, sign in zip(_SLOTS, ("+ ", "+ ", "- ", "- "), strict=True):
        text = ibis.cases(
            *((rows[slot] == name, said(rows, catalogue[name])) for name in sorted(catalogue)), else_=_NONE
        )
        found.append(sign + text)
    return found


def _joined(parts: Sequence[Expr]) -> Expr:
    """The parts that are there, separated by semicolons, within the length of the field."""
    text = reduce(lambda one, other: one + other, [("; " + part).coalesce("") for part in parts])
    return text.substr(2, phrases.LONGEST)


def _pair(words: tuple[str, str, str], ours: Expr, theirs: Expr) -> Expr:
    return words[0] + _number(ours) + words[1] + _number(theirs) + words[2]


def account_text(rows: Expr, model: ScoringModel) -> Expr:
    """A22 of each account, at most 255 characters."""
    absent = ibis.cases(
        (~rows.scored, phrases.EXCLUDED_TYPE),
        (~rows.has_acts, phrases.NO_DATA),
        (rows.newest_act.isnull(), phrases.NO_ACTIVITY.replace("{n}", str(model.effort.window_days))),
        (rows.balance_score.isnull(), phrases.THIN_ACTIVITY),
        else_=_NONE,
    )
    unknown = ibis.cases(
        (~rows.scored, _NONE),
        (rows.customer_score.isnull(), ibis.literal(phrases.THIN_COMMERCE)),
        (rows.seller_score.isnull(), ibis.literal(phrases.NO_SELLER_DEPENDENCE)),
        (half_even(rows.conf_dependence) < model.evidence.least_confidence, said(rows, phrases.OLD_COMMERCE)),
        else_=_NONE,
    )
    words = (phrases.WROTE[0], phrases.WROTE[1], phrases.WROTE[2].replace("{n}", str(model.effort.recent_days)))
    wrote = _pair(words, rows.wrote_seller, rows.wrote_customer)
    wrote = (rows.scored & ((rows.wrote_seller + rows.wrote_customer) > 0)).ifelse(wrote, _NONE)
    unpriced = (rows.unconvertible > 0).ifelse(said(rows, phrases.NO_RATE), _NONE)
    reasons = [rows.customer_score.isnull().ifelse(_NONE, reason) for reason in _reasons(rows, phrases.ACCOUNT)]
    return _joined([absent, unknown, unpriced, *reasons, wrote])


def deal_text(rows: Expr) -> Expr:
    """The drivers of each deal, at most 255 characters."""
    absent = ibis.cases(
        (rows.closed, phrases.FROZEN),
        (~rows.has_acts, phrases.NO_DATA),
        (rows.deal_newest.isnull(), phrases.NO_DEAL_ACTIVITY),
        (rows.balance_score.isnull(), phrases.THIN_ACTIVITY),
        else_=_NONE,
    )
    unknown = (~rows.closed & rows.customer_score.isnull()).ifelse(phrases.THIN_COMMERCE, _NONE)
    hours = _pair(phrases.HOURS, (rows.deal_seller / 60.0).round(), (rows.deal_customer / 60.0).round())
    hours = (rows.deal_newest.notnull()).ifelse(hours, _NONE)
    unpriced = (rows.unconvertible > 0).ifelse(said(rows, phrases.NO_RATE), _NONE)
    reasons = [rows.customer_score.isnull().ifelse(_NONE, reason) for reason in _reasons(rows, phrases.DEAL)]
    return _joined([absent, unknown, unpriced, *reasons, hours])


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
