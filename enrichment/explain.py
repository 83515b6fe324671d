"""One record's scores opened up: every component, weight, prior and rule behind them. Pure: rows in, values out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from enrichment import phrases
from enrichment.model import BENEFIT, CHANNELS, COMPONENTS, ScoringModel
from enrichment.stance import account_rules, deal_rules, matched

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A component of customer dependence: `value` is None where it is not observed and `prior` stands in for it."""

    name: str
    group: str
    value: float | None
    weight: float
    prior: float
    prior_used: bool
    contribution: float | None
    words: str
    fill: str
    """What would make it observed; empty when it is."""


@dataclass(frozen=True, slots=True)
class Effort:
    """Decayed minutes and recent hours of both sides, and what they give."""

    seller_minutes: float
    customer_minutes: float
    seller_hours: float | None
    customer_hours: float | None
    index: float | None
    balance: float | None
    counts: tuple[tuple[str, int, int], ...]
    """(channel, acts of ours, acts of theirs) in the effort window; none for a deal."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What `bothways explain` prints. `missing` says why numbers are null; `rule` is the stance's condition in words."""

    record_id: str
    scores: tuple[tuple[str, Any], ...]
    parts: tuple[Part, ...]
    benefit: float | None
    cost: float | None
    confidence_in_dependence: float | None
    confidence_in_effort: float | None
    effort: Effort
    stance: str
    rule: str
    advice: str
    missing: tuple[str, ...]
    model_version: str


def explain(audit_row: Row, score_row: Row, model: ScoringModel) -> Explanation:
    """Opens up one account or opportunity (told apart by the score row's fields).

    Both rows are of the same record and the same run. Raises KeyError when a row lacks a column that scoring writes.
    """
    deal = "bothways_deal_stance" in score_row
    stem = "bothways_deal_" if deal else "bothways_"
    stance = str(score_row[f"{stem}stance"])
    parts = tuple(_part(name, audit_row, model, deal) for name in COMPONENTS)
    known = score_row[f"{stem}customer_dependence"] is not None
    return Explanation(
        record_id=str(score_row["id"]),
        scores=tuple((name, value) for name, value in score_row.items() if name.startswith("bothways_")),
        parts=parts,
        benefit=audit_row["benefit_index"] if known else None,
        cost=audit_row["cost_index"] if known else None,
        confidence_in_dependence=audit_row["conf_dependence"],
        confidence_in_effort=audit_row["conf_effort"],
        effort=_effort(audit_row, score_row, deal),
        stance=stance,
        rule=_rule(audit_row, stance, model, deal),
        advice=phrases.ADVICE[stance],
        missing=_missing(audit_row, model, deal),
        model_version=str(score_row[f"{stem}model_version"]),
    )


def _part(name: str, audit: Row, model: ScoringModel, deal: bool) -> Part:
    value = audit[f"{name}_value"]
    catalogue = phrases.DEAL if deal else phrases.ACCOUNT
    figure = audit[catalogue[name].figure]
    return Part(
        name=name,
        group="benefit" if name in BENEFIT else "cost",
        value=value,
        weight=audit[f"{name}_weight"],
        prior=model.components[name].prior,
        prior_used=bool(audit[f"{name}_prior_used"]),
        contribution=audit[f"{name}_contribution"],
        words="" if figure is None else catalogue[name].text(figure),
        fill=phrases.FILLS[name] if value is None else "",
    )


def _effort(audit: Row, score: Row, deal: bool) -> Effort:
    stem, prefix = ("bothways_deal_", "deal_") if deal else ("bothways_", "")
    counts = () if deal else tuple((c, audit[f"seller_{c}"] or 0, audit[f"customer_{c}"] or 0) for c in CHANNELS)
    return Effort(
        seller_minutes=audit[f"{prefix}es"] or 0.0,
        customer_minutes=audit[f"{prefix}ec"] or 0.0,
        seller_hours=score[f"{stem}seller_effort_hours"],
        customer_hours=score[f"{stem}customer_effort_hours"],
        index=score[f"{stem}reciprocity_index"],
        balance=score[f"{stem}reciprocity_balance"],
        counts=counts,
    )


def _rule(audit: Row, stance: str, model: ScoringModel, deal: bool) -> str:
    if stance == "closed":
        return phrases.FROZEN
    if stance == "insufficient_evidence":
        return f"a score is missing, or confidence is below {model.evidence.least_confidence:g}"
    rules = deal_rules(model) if deal else account_rules(model)
    if audit["stance_held"]:
        now = matched(audit, rules)
        instead = f" (it would now be {now.stance})" if now else ""
        return f"kept from the last run: within {model.stance.hysteresis:g} points of its rule{instead}"
    return next(str(rule) for rule in rules if rule.stance == stance)


def _missing(audit: Row, model: ScoringModel, deal: bool) -> tuple[str, ...]:
    found = []
    if not deal and not audit["scored"]:
        found.append(phrases.EXCLUDED_TYPE)
    newest = audit["deal_newest" if deal else "newest_act"]
    if audit["balance_score"] is None:
        if not audit["has_acts"]:
            found.append(phrases.NO_DATA)
        elif newest is None:
            days = str(model.effort.window_days)
            found.append(phrases.NO_DEAL_ACTIVITY if deal else phrases.NO_ACTIVITY.replace("{n}", days))
        else:
            found.append(phrases.THIN_ACTIVITY)
    if audit["customer_score"] is None and not (deal and audit["closed"]):
        found.append(phrases.THIN_COMMERCE)
    if not deal and audit["seller_score"] is None:
        found.append(phrases.NO_SELLER_DEPENDENCE)
    elif (
        not deal and audit["customer_score"] is not None and audit["conf_dependence"] < model.evidence.least_confidence
    ):
        found.append(phrases.OLD_COMMERCE.text(audit["record_age_days"]))
    if audit["unconvertible"]:
        found.append(phrases.NO_RATE.text(audit["unconvertible"]))
    return tuple(found)
