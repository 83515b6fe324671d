"""One record's scores opened up: every component, weight, prior and rule behind them. Pure: rows in, values out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from enrichment.explain.evidence import Sources, habits, needs, sources, standing
from enrichment.explain.what_if import Crossing, account_crossings, deal_crossings
from enrichment.model import BENEFIT, COMPONENTS, KINDS, ScoringModel
from enrichment.reasons.texts import quoted
from enrichment.scores.stance import account_rules, deal_rules, matched
from enrichment.words import figure

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
    sources: Sources
    """The records and counts that it was made of, by name."""


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
    habits: Sources
    """Openings and answers, and what is usual in the organisation (the prior they are drawn to); none for a deal."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What `bothways explain` prints. `missing` says why numbers are null; `rule` is the stance's condition in
    words.
    """

    record_id: str
    scores: tuple[tuple[str, Any], ...]
    parts: tuple[Part, ...]
    benefit: float | None
    cost: float | None
    confidence_in_dependence: float | None
    confidence_in_effort: float | None
    effort: Effort
    standing: Sources
    """Lifecycle, silence, what they opened, own hours, the family's part, each with its figures; none for a deal."""
    coverage_of_benefit: float
    coverage_of_cost: float
    coverage_of_channels: float
    stance: str
    rule: str
    advice: str
    missing: tuple[str, ...]
    changes: tuple[Crossing, ...]
    """What would change the stance, one figure at a time; none where there is not enough evidence for one."""
    needs: tuple[str, ...]
    """What a stance is missing, in words; none where there is one."""
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
        standing=() if deal else standing(audit_row),
        coverage_of_benefit=audit_row["benefit_coverage"],
        coverage_of_cost=audit_row["cost_coverage"],
        coverage_of_channels=audit_row["channel_coverage"],
        stance=stance,
        rule=_rule(audit_row, stance, model, deal),
        advice=_advice(audit_row, stance, model, deal),
        missing=_missing(audit_row, model, deal),
        changes=(deal_crossings if deal else account_crossings)(audit_row, stance, model),
        needs=needs(audit_row, model, deal=deal) if stance == "insufficient_evidence" else (),
        model_version=str(score_row[f"{stem}model_version"]),
    )


def _part(name: str, audit: Row, model: ScoringModel, deal: bool) -> Part:
    value = audit[f"{name}_value"]
    number = audit[figure(name)]
    return Part(
        name=name,
        group="benefit" if name in BENEFIT else "cost",
        value=value,
        weight=audit[f"{name}_weight"],
        prior=model.components[name].prior,
        prior_used=bool(audit[f"{name}_prior_used"]),
        contribution=audit[f"{name}_contribution"],
        words="" if number is None else model.words.reason(name, deal=deal).text(number),
        fill=model.words.fills[name] if value is None else "",
        sources=sources(name, audit),
    )


def _effort(audit: Row, score: Row, deal: bool) -> Effort:
    stem, prefix = ("bothways_deal_", "deal_") if deal else ("bothways_", "")
    counts = () if deal else tuple((c, audit[f"seller_{c}"] or 0, audit[f"customer_{c}"] or 0) for c in KINDS)
    return Effort(
        seller_minutes=audit[f"{prefix}es"] or 0.0,
        customer_minutes=audit[f"{prefix}ec"] or 0.0,
        seller_hours=score[f"{stem}seller_effort_hours"],
        customer_hours=score[f"{stem}customer_effort_hours"],
        index=score[f"{stem}reciprocity_index"],
        balance=score[f"{stem}reciprocity_balance"],
        counts=counts,
        habits=() if deal else habits(audit),
    )


def _rule(audit: Row, stance: str, model: ScoringModel, deal: bool) -> str:
    said = model.words.rules
    if stance == "closed":
        return model.words.missing["frozen"].text()
    if stance == "insufficient_evidence":
        return said["without_evidence"].format(least=f"{model.evidence.least_confidence:g}")
    rules = deal_rules(model) if deal else account_rules(model)
    if audit["stance_held"]:
        now = matched(audit, rules)
        instead = said["instead"].format(stance=now.stance) if now else ""
        return said["kept"].format(points=f"{model.stance.hysteresis:g}") + instead
    return next(rule.said(model.words) for rule in rules if rule.stance == stance)


def _advice(audit: Row, stance: str, model: ScoringModel, deal: bool) -> str:
    """What to do, in the words of the text that scoring chose, with its figures."""
    advice = model.words.advice
    if deal:
        return advice.get(f"deal_{stance}", advice.get(stance, ""))
    return advice[audit["text"]].format(**quoted(audit))


def _no_data(audit: Row, model: ScoringModel) -> str:
    age = audit["newest_age_days"]
    if age is None:
        return model.words.missing["no_data"].text()
    return model.words.figures["old_data"].format(days=model.effort.window_days, age=age)


def _missing(audit: Row, model: ScoringModel, deal: bool) -> tuple[str, ...]:
    said, found = model.words.missing, []
    if not deal and not audit["scored"]:
        found.append(said["excluded_type"].text())
    newest = audit["deal_newest" if deal else "newest_act"]
    if audit["balance_score"] is None:
        counts = ("deal_unsigned", "deal_signed") if deal else ("unsigned_count", "signed_count")
        unsigned, signed = (int(audit[name] or 0) for name in counts)
        if not audit["has_acts"]:
            found.append(_no_data(audit, model))
        elif unsigned > signed:
            found.append(said["unknown_direction"].text(unsigned))
        elif newest is None:
            missing = said["no_deal_activity" if deal else "no_activity"]
            found.append(missing.text(model.effort.window_days))
        else:
            found.append(said["thin_activity"].text())
    if audit["customer_score"] is None and not (deal and audit["closed"]):
        found.append(said["thin_commerce"].text())
    if not deal and audit["seller_score"] is None:
        found.append(said["no_seller_dependence"].text())
    if audit["unconvertible"]:
        found.append(said["no_rate"].text(audit["unconvertible"]))
    return tuple(found)
