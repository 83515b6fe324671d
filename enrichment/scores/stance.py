"""The decision tables: from scores to a posture, with hysteresis.

Rules are data, so that the engine's expression and `explain` read the same table. A condition on an unknown figure is
false. A margin makes a condition easier (positive) or harder (negative): a record keeps its previous stance while that
stance's own rule holds with the margin in its favour and no earlier rule holds with the margin against it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from enrichment.model import ScoringModel
from enrichment.reasons.conditions import All, Condition, Either, Test, Unless, flag
from enrichment.reasons.texts import rarely_open
from enrichment.words import Words

if TYPE_CHECKING:
    from enrichment.expressions import Expr


@dataclass(frozen=True, slots=True)
class Rule:
    stance: str
    tests: tuple[Condition, ...]

    def holds(self, row: Any, margin: float = 0.0) -> Any:
        """Whether every condition holds, each by `margin` easier."""
        return All(self.tests).holds(row, margin)

    def said(self, words: Words) -> str:
        """Its conditions in words."""
        return All(self.tests).said(words)


def account_rules(model: ScoringModel) -> tuple[Rule, ...]:
    """The account table in order. Where there is evidence one of the last rules holds, so that it is total."""
    s, least = model.stance, model.evidence.least_confidence
    high, low, near = s.high, s.low, s.balance
    needs = Test("customer_score", ">=", high)
    some = Test("customer_score", ">=", low)
    little = Test("customer_score", "<", low)
    needed = Test("seller_score", ">=", high)
    answered = Either((Test("answered_score", ">=", s.answered), flag("cases_kept")))
    neglected = All((Test("own_balance", "<=", -near), Unless(answered)))
    left = All(
        (
            Test("left_open", ">=", s.least_unanswered, steady=True),
            Test("left_share", ">=", s.unanswered_share, steady=True),
        )
    )
    giant = Either(
        (
            Test("revenue_times_mean", ">=", s.protect_times_mean, steady=True),
            Test("revenue_share", ">=", s.protect_share, steady=True),
        )
    )
    chasing = Either((Test("balance_score", ">=", near), rarely_open(model)))
    return (
        Rule("respond", (Test("own_confidence", ">=", least, steady=True), Either((neglected, left)))),
        Rule("prospect", (flag("prospect"),)),
        Rule("lapsed", (flag("lapsed"),)),
        Rule("insufficient_evidence", (flag("lacking"),)),
        Rule("protect", (needed, Test("asymmetry_score", "<=", -s.protect_asymmetry), giant)),
        Rule("partner", (needs, needed)),
        Rule("earn_value", (some, Test("benefit_score", "<", low), Test("cost_score", ">=", high))),
        Rule("build_close", (needs,)),
        Rule("test_reciprocity", (some, Test("customer_score", "<", high), chasing)),
        Rule("maintain", (some, Test("customer_score", "<", high))),
        Rule(
            "rebalance",
            (
                little,
                Test("seller_hours", ">", "expected_hours", steady=True),
                Test("spare_hours", ">=", s.least_hours, steady=True),
                chasing,
            ),
        ),
        Rule("keep_transactional", (little,)),
    )


def deal_rules(model: ScoringModel) -> tuple[Rule, ...]:
    """The deal table in order, for open deals. Without the effort of the deal only a need that is known to be small
    decides.
    """
    near = model.stance.balance
    chasing = Test("balance_score", ">=", near)
    return (
        Rule("do_not_chase", (chasing, Test("quiet_days", ">", model.deals.chase_days, steady=True))),
        Rule("ask_for_effort", (chasing,)),
        Rule("respond", (Test("balance_score", "<=", -near),)),
        Rule("price_led", (Test("customer_score", "<", model.stance.low),)),
        Rule(
            "advance",
            (Test("customer_score", ">=", model.stance.low), Test("balance_score", ">=", -100.0, steady=True)),
        ),
    )


def decide(rows: Expr, rules: Sequence[Rule], margin: float) -> tuple[Expr, Expr]:
    """(stance, whether hysteresis kept it) from the columns that the rules name and `previous_stance`.

    Where no rule holds the stance is insufficient_evidence.
    """
    import ibis  # here: `explain` reads the same rules and compiles nothing

    plain = ibis.cases(*((rule.holds(rows), rule.stance) for rule in rules), else_="insufficient_evidence")
    branches = []
    for place, rule in enumerate(rules):
        keeps = (rows.previous_stance == rule.stance) & rule.holds(rows, margin)
        for earlier in rules[:place]:
            keeps = keeps & ~earlier.holds(rows, -margin)
        branches.append((keeps.coalesce(False), rule.stance))
    kept = ibis.cases(*branches, else_=None)
    return kept.coalesce(plain), (kept.notnull() & (kept != plain)).coalesce(False)


def matched(row: Mapping[str, Any], rules: Sequence[Rule]) -> Rule | None:
    """The first rule that holds for one record's figures."""
    return next((rule for rule in rules if rule.holds(row)), None)


def settled(row: Mapping[str, Any], rules: Sequence[Rule], margin: float, last: str) -> str | None:
    """What `decide` gives one record whose last stance is `last`; None where no rule holds."""
    for place, rule in enumerate(rules):
        eased = rule.stance == last and rule.holds(row, margin)
        if eased and not any(earlier.holds(row, -margin) for earlier in rules[:place]):
            return last
    found = matched(row, rules)
    return None if found is None else found.stance
