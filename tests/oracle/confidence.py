"""How far the scores can be trusted: what share of the data is there, how much of it, how fresh."""

from __future__ import annotations

from datetime import datetime

from oracle.acts import Effort
from oracle.books import Books, Scope
from oracle.need import Need
from oracle.plain import days_between, fading

from enrichment.model import ScoringModel


def confident_in_need(found: Need, newest: datetime | None, now: datetime, model: ScoringModel) -> float:
    """100 * sqrt(coverage of benefit * coverage of cost), fading with the age of the newest commercial record."""
    covered = (found.benefit_coverage * found.cost_coverage) ** 0.5
    return 100 * covered * _fresh(newest, now, model)


def known_with_organisation(books: Books, scope: Scope) -> bool:
    """Whether the null rule lets their evidence fade with the organisation's newest record instead of their own."""
    if books.model.evidence.dependence_fades_with != "organisation" or books.entered_late:
        return False
    bought = books.bought(scope, books.model.dependence.lookback_days)
    return bought or any(books.runs(c) for c in books.contracts_of(scope)) or bool(books.held(scope))


def confident_in_effort(work: Effort, now: datetime, channels: float, model: ScoringModel) -> float:
    """100 * sqrt(share of live channels) * sqrt(n / (n + 8)) * n / (n + u), fading with the age of the newest of the
    n acts whose side is known; of u it is not."""
    volume = (work.count / (work.count + model.evidence.acts_half_point)) ** 0.5
    signed = work.count / (work.count + work.unsigned) if work.unsigned else 1.0
    return 100 * channels**0.5 * volume * signed * _fresh(work.newest, now, model)


def _fresh(newest: datetime | None, now: datetime, model: ScoringModel) -> float:
    age = None if newest is None else days_between(newest, now)
    return fading(age, model.evidence.fresh_days, model.evidence.fade_days)
