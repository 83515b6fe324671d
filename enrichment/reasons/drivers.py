"""The reasons in words: what the stance rests on and what is missing, then the two strongest reasons each way, then who
did what.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis

from enrichment import words as phrases
from enrichment.expressions import Expr, half_even
from enrichment.model import COMPONENTS, ScoringModel
from enrichment.reasons import basis
from enrichment.reasons.phrases import counted, filled, said
from enrichment.words import Words

_NONE = ibis.null("string")
_SLOTS = ("gain", "second_gain", "drag", "second_drag")


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


def _joined(rows: Expr, name: str, parts: Sequence[Expr], words: Words) -> Expr:
    """`rows` with `name`: the parts that are there, separated; one that no longer fits into the field is left out
    whole.
    """
    between = words.drivers["between"]
    rows = rows.mutate(**{f"part_{n}": part for n, part in enumerate(parts)}, told=ibis.literal(""))
    for n in range(len(parts)):
        longer = rows.told + (rows.told == "").ifelse("", between) + rows[f"part_{n}"]
        rows = rows.mutate(longer=longer.coalesce(rows.told))
        rows = rows.mutate(told=(rows.longer.length() <= phrases.LONGEST).ifelse(rows.longer, rows.told))
    rows = rows.mutate(**{name: rows.told.nullif("")})
    return rows.drop("told", "longer", *(f"part_{n}" for n in range(len(parts))))


def account_text(rows: Expr, model: ScoringModel) -> Expr:
    """`rows` with A22, at most 255 characters: what its stance rests on, what sets its dependence apart from what is
    usual, and who did what.
    """
    words, missing = model.words, model.words.missing
    group = rows.with_family_dependence | rows.with_family_effort
    lacking = (rows.bothways_stance == "insufficient_evidence") | rows.customer_score.isnull()
    unknown = ibis.cases(
        (~rows.scored, missing["excluded_type"].text()),
        (~lacking, _NONE),
        (rows.customer_score.isnull() & _aged(rows, model), said(rows, "old_commerce", missing["old_commerce"])),
        (rows.customer_score.isnull(), missing["thin_commerce"].text()),
        (rows.seller_score.isnull(), missing["no_seller_dependence"].text()),
        else_=_NONE,
    )
    effort = rows.balance_score.isnull() | (rows.stance_confidence < model.evidence.least_confidence)
    absent = ibis.cases(
        (~rows.scored, _NONE),
        (~rows.has_acts, _no_data(rows, model)),
        (
            effort & (rows.unsigned_count > rows.signed_count),
            said(rows, "unknown_direction", missing["unknown_direction"]),
        ),
        (~effort | (rows.bothways_stance != "insufficient_evidence"), _NONE),
        (rows.newest_act.isnull(), missing["no_activity"].text(model.effort.window_days)),
        else_=missing["thin_activity"].text(),
    )
    return _joined(
        rows,
        "bothways_top_drivers",
        [
            group.ifelse(words.figures["group"], _NONE),
            *basis.rested(rows, model),
            unknown,
            absent,
            _unpriced(rows, words),
            # The components of a member that is judged with its group are not what it is judged by.
            *(rows.with_family_dependence.ifelse(_NONE, reason) for reason in _reasons(rows, words, deal=False)),
            *basis.who_did_what(rows, model),
        ],
        words,
    )


def _no_data(rows: Expr, model: ScoringModel) -> Expr:
    """That the organisation has no acts in the effort window, and how old the newest is, if there ever was one."""
    words = model.words
    old = filled(words.figures["old_data"], days=ibis.literal(model.effort.window_days), age=rows.newest_age_days)
    return rows.newest_age_days.isnull().ifelse(words.missing["no_data"].text(), old)


def _aged(rows: Expr, model: ScoringModel) -> Expr:
    """Enough is known of their dependence, but it is too old."""
    least = model.evidence.least_confidence
    fresh = 100.0 * (rows.benefit_coverage * rows.cost_coverage).sqrt()
    return (rows.dependence_known & rows.newest_record.notnull() & (half_even(fresh) >= least)).coalesce(False)


def _unpriced(rows: Expr, words: Words) -> Expr:
    return (rows.unconvertible > 0).ifelse(said(rows, "no_rate", words.missing["no_rate"]), _NONE)


def deal_text(rows: Expr, model: ScoringModel) -> Expr:
    """`rows` with the drivers of each deal, at most 255 characters."""
    words, missing = model.words, model.words.missing
    unsigned = counted(missing["unknown_direction"], rows.deal_unsigned)
    absent = ibis.cases(
        (rows.closed, missing["frozen"].text()),
        (~rows.has_acts, _no_data(rows, model)),
        (rows.balance_score.isnull() & (rows.deal_unsigned > rows.deal_signed), unsigned),
        (rows.deal_newest.isnull(), missing["no_deal_activity"].text()),
        (rows.balance_score.isnull(), missing["thin_activity"].text()),
        else_=_NONE,
    )
    unknown = (~rows.closed & rows.customer_score.isnull()).ifelse(missing["thin_commerce"].text(), _NONE)
    ours, theirs = ((rows[f"deal_{side}"] / 60.0).round() for side in ("seller", "customer"))
    hours = rows.deal_newest.notnull().ifelse(filled(words.effort["hours"], ours=ours, theirs=theirs), _NONE)
    parts = [absent, unknown, _unpriced(rows, words), *_reasons(rows, words, deal=True), hours]
    return _joined(rows, "bothways_deal_top_drivers", parts, words)


def figures(rows: Expr, lookback_months: int) -> Expr:
    """The whole-number figure of each component, null where it is not observed."""

    def shown(name: str, value: Expr) -> Expr:
        return rows[f"{name}_value"].notnull().ifelse(value.round().cast("int64"), ibis.null("int64"))

    percent = ("share_of_wallet", "strategic_importance", "mission_criticality", "non_modularity")
    found = {f"{name}_figure": shown(name, 100.0 * rows[f"{name}_value"]) for name in percent}
    # To the nearest month, and never none for a customer: rounded down, two years less a day read as one.
    since = ibis.greatest((12.0 * rows.customer_years).round(), 1.0)
    since = rows.customer_years.isnull().ifelse(0.0, since)
    months = ibis.least(rows.buying_months.coalesce(0), lookback_months)
    found |= {
        "purchase_burden_figure": shown("purchase_burden", (100.0 * rows.burden_share).floor()),
        "reliance_figure": shown("reliance", months.cast("float64")),
        "contract_lock_figure": shown("contract_lock", rows.lock_months.coalesce(0.0)),
        "installed_base_figure": shown("installed_base", rows.held_products.cast("float64")),
        "tenure_figure": shown("tenure", since),
        "scarcity_figure": shown("scarcity", rows.rivals_seen.coalesce(0).cast("float64")),
    }
    return rows.mutate(**found)
