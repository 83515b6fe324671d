"""The decision tables: stances with hysteresis, and the hours that may be taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from enrichment.model import ScoringModel

NONE = "insufficient_evidence"
Rule = tuple[str, Callable[[float], bool]]
"""A stance and whether its condition holds with every threshold eased by so many points (below 0: made harder)."""


def _first(rules: list[Rule], previous: str | None, hysteresis: float) -> str:
    """The first that holds; the previous one while it holds eased and no earlier one holds made harder."""
    names = [name for name, _ in rules]
    if previous in names and previous != NONE:
        place = names.index(previous)
        if rules[place][1](hysteresis) and not any(holds(-hysteresis) for _, holds in rules[:place]):
            return previous
    return next(name for name, holds in rules if holds(0.0))


def stance(
    a1: float | None, a2: float | None, a3: float | None, a4: float | None, a6: float | None, a11: float | None,
    confidence: float, seller_hours: float, expected: float | None, previous: str | None, model: ScoringModel,
) -> str:  # fmt: skip
    """A18, of values rounded as people see them."""
    if a1 is None or a2 is None or a3 is None or a4 is None or a6 is None or a11 is None:
        return NONE
    if confidence < model.evidence.least_confidence or expected is None:
        return NONE
    t = model.stance
    middle: Callable[[float], bool] = lambda s: t.low - s <= a1 < t.high + s  # noqa: E731
    rules: list[Rule] = [
        ("protect", lambda s: a4 >= t.high - s and a6 <= -(t.protect_asymmetry - s)),
        ("respond", lambda s: a11 <= -(t.balance - s)),
        ("partner", lambda s: a1 >= t.high - s and a4 >= t.high - s),
        ("earn_value", lambda s: a1 >= t.low - s and a2 < t.low + s and a3 >= t.high - s),
        ("build_close", lambda s: a1 >= t.high - s),
        ("test_reciprocity", lambda s: middle(s) and a11 >= t.balance - s),
        ("maintain", middle),
        ("rebalance", lambda s: a1 < t.low + s and a11 >= t.balance - s and seller_hours > expected),
        ("keep_transactional", lambda s: a1 < t.low + s),
    ]
    return _first(rules, previous, t.hysteresis)


def expected_hours(a1: float | None, segment: str | None, model: ScoringModel) -> float | None:
    """E*: what a relation that is needed this much asks for, per 90 days."""
    if a1 is None:
        return None
    rules = model.reclaim
    reference = rules.reference_hours_by_segment.get(segment or "", rules.reference_hours)
    return reference * (rules.base_share + (1 - rules.base_share) * a1 / 100)


def reclaimable(
    chosen: str, a4: float | None, spare: float, expected: float | None, customer_hours: float, model: ScoringModel
) -> float | None:
    """A19. `spare`: hours of ours that we started and that nobody had asked for."""
    if chosen == NONE or a4 is None or expected is None:
        return None
    if chosen not in ("rebalance", "keep_transactional", "test_reciprocity") or a4 >= model.stance.high:
        return 0.0
    if spare < model.reclaim.least_evidence_hours:
        return None
    return min(spare, max(0.0, spare - max(expected, customer_hours)))


def deal_stance(
    balance: float | None, need: float | None, quiet_days: int, previous: str | None, model: ScoringModel
) -> str:
    """O11 of an open deal."""
    if balance is None:
        return NONE
    t = model.stance
    rules: list[Rule] = [
        ("do_not_chase", lambda s: balance >= t.balance - s and quiet_days > model.deals.chase_days),
        ("ask_for_effort", lambda s: balance >= t.balance - s),
        ("respond", lambda s: balance <= -(t.balance - s)),
    ]
    if need is None:
        rules.append((NONE, lambda _: True))
        return _first(rules, previous, t.hysteresis)
    rules += [("price_led", lambda s: need < t.low + s), ("advance", lambda _: True)]
    return _first(rules, previous, t.hysteresis)


def kept(previous: Mapping[str, str] | None, record: str) -> str | None:
    return (previous or {}).get(record)
