"""What a record's scores were made of, and what is missing for a stance: the rows of an audit told by name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from enrichment.model import CHANNELS, ScoringModel

Row = Mapping[str, Any]
Sources = tuple[tuple[str, Any], ...]

_SOURCES: Mapping[str, tuple[str, ...]] = {
    "share_of_wallet": ("revenue", "year_wins", "wallet_value", "rival_spend", "employees", "known_vendors"),
    "strategic_importance": ("strategic_importance", "active_families", "families_strategic", "deal_strategic"),
    "mission_criticality": ("mission_criticality", "active_families", "families_critical", "deal_critical"),
    "purchase_burden": ("revenue", "value", "customer_revenue"),
    "reliance": ("buying_months", "reliance_sum"),
    "contract_lock": ("lock_until", "lock_months"),
    "installed_base": ("active_assets", "active_families"),
    "tenure": ("wins", "first_win", "customer_years"),
    "non_modularity": ("non_modularity", "active_families", "families_rigid", "deal_rigid"),
    "scarcity": ("rivals_seen",),
}
"""Columns of an audit behind each component; those of deals are not in an account's, and the other way round."""
_STANDING = (
    "lifecycle",
    "wins",
    "purchase_days",
    "newest_purchase",
    "newest_end",
    "lapse_days",
    "open_deals",
    "silence_known",
    "by_silence",
    "logging_reach",
    "mail_share",
    "opened_threads",
    "left_threads",
    "opened_cases",
    "left_cases",
    "own_own_accord_hours",
    "stance_confidence",
    "with_family_life",
    "with_family_dependence",
    "with_family_effort",
)
_TIMES = ("lock_until", "first_win", "newest_purchase", "newest_end")
_COUNTS = (
    "asked",
    "replies",
    "initiated",
    "wins",
    "year_wins",
    "active_",
    "buying_months",
    "employees",
    "known_vendors",
    "purchase_days",
    "open_deals",
    "opened_",
    "left_",
)
_HABITS = (
    *(f"{kind}_{side}" for kind in ("initiated", "asked", "replies") for side in ("customer", "seller")),
    *(f"usual_{name}" for name in ("initiation", "customer", "seller")),
)


def sources(component: str, audit: Row) -> Sources:
    """The counts, sums and times behind a component, those that are known; times as dates, money as real numbers."""
    return tuple((name, _plain(name, audit[name])) for name in _SOURCES[component] if audit.get(name) is not None)


def habits(audit: Row) -> Sources:
    """Openings and answers of both sides, and the organisation's own shares towards which they are drawn."""
    return tuple((name, _plain(name, audit[name])) for name in _HABITS if audit.get(name) is not None)


def standing(audit: Row) -> Sources:
    """Where a customer stands and by what, whether its silence is known, what they opened and was left open, the hours
    of their own accord, the confidence that the stance asks for, and what is its family's; those that are known.
    """
    return tuple((name, _plain(name, audit[name])) for name in _STANDING if audit.get(name) is not None)


def _plain(name: str, value: Any) -> Any:
    if name in _TIMES:
        return datetime.fromtimestamp(value, UTC).date().isoformat()
    if name.startswith(_COUNTS):
        return int(value)
    return value if isinstance(value, int | str) else float(value)


def needs(audit: Row, model: ScoringModel, *, deal: bool) -> tuple[str, ...]:
    """What stands between a record and a stance, in words."""
    said, least = model.words.rules, model.evidence.least_confidence
    if not deal and not audit["scored"]:
        return (model.words.missing["excluded_type"].text(),)
    found = []
    if audit["customer_score"] is None:
        now = audit["known_dependence"]
        found.append(said["needs_dependence"].format(now=_tenth(now), least=f"{least:g}"))
    if audit["balance_score"] is None or (not deal and audit["stance_confidence"] < least):
        found.append(_acts_needed(audit, model, "deal_acts" if deal else "acts"))
    if not deal and audit["seller_score"] is None:
        found.append(said["needs_seller"])
    return tuple(found)


def _acts_needed(audit: Row, model: ScoringModel, column: str) -> str:
    """How many decayed acts, of which it is known who acted, would give enough confidence in effort: at today's
    channels, beside those of which it is not known, and were the newest one fresh."""
    said, least = model.words.rules, model.evidence.least_confidence
    channels = 1.0 if audit.get("closed") else audit["channel_coverage"]
    wanted = (least / 100.0) ** 2 / channels if channels else 1.0
    figures = {"now": _tenth(audit["conf_effort"]), "least": f"{least:g}"}
    if wanted >= 1.0:
        return said["needs_channels"].format(channels=round(channels * len(CHANNELS)), **figures)
    half, unsigned = model.evidence.acts_half_point, audit[f"{column[:-4]}unsigned_acts"] or 0.0
    low, acts = 0.0, half * wanted / (1.0 - wanted) + unsigned * 1e3
    for _ in range(60 if unsigned else 0):  # without unsigned ones the bound is the answer
        middle = (low + acts) / 2.0
        enough = middle / (middle + half) * (middle / (middle + unsigned)) ** 2 >= wanted
        low, acts = (low, middle) if enough else (middle, acts)
    return said["needs_acts"].format(needed=_tenth(acts), acts=_tenth(audit[column] or 0.0), **figures)


def _tenth(value: float | None) -> str:
    return f"{0.0 if value is None else value:.1f}"
