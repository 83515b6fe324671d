"""The decision tables: from scores to a posture, with hysteresis.

Rules are data (`Rule`), so that the engine's expression and `explain` read the same table. A margin makes a condition
easier (positive) or harder (negative): a record keeps its previous stance while that stance's own rule holds with the
margin in its favour and no earlier rule holds with the margin against it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from enrichment.model import ScoringModel
from enrichment.words import Words

if TYPE_CHECKING:
    from enrichment.expressions import Expr


@dataclass(frozen=True, slots=True)
class Test:
    """`column` compared with `bound`, a number or the name of another column; `steady` ones take no margin."""

    column: str
    sign: str
    bound: float | str
    steady: bool = False

    def holds(self, row: Any, margin: float) -> Any:
        """The condition on a table of columns or on a mapping of numbers."""
        bound = row[self.bound] if isinstance(self.bound, str) else self.bound
        if not self.steady:
            bound = bound - margin if self.sign in (">=", ">") else bound + margin
        compare: Callable[[Any, Any], Any] = _SIGNS[self.sign]
        return compare(row[self.column], bound)

    def said(self, words: Words) -> str:
        """The condition in words."""
        bound = words.rules[self.bound] if isinstance(self.bound, str) else f"{self.bound:g}"
        return f"{words.rules[self.column]} {self.sign} {bound}"


_SIGNS: Mapping[str, Callable[[Any, Any], Any]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "<": operator.lt,
    ">": operator.gt,
}


@dataclass(frozen=True, slots=True)
class Rule:
    stance: str
    tests: tuple[Test, ...]

    def holds(self, row: Any, margin: float = 0.0) -> Any:
        """Whether every condition holds, each by `margin` easier."""
        return reduce(operator.and_, (test.holds(row, margin) for test in self.tests))

    def said(self, words: Words) -> str:
        """Its conditions in words."""
        return words.rules["and"].join(test.said(words) for test in self.tests)

    def known(self, row: Mapping[str, Any]) -> bool:
        """Whether one record has every number that the rule asks for."""
        names = {t.column for t in self.tests} | {t.bound for t in self.tests if isinstance(t.bound, str)}
        return all(row.get(name) is not None for name in names)


def account_rules(model: ScoringModel) -> tuple[Rule, ...]:
    """The account table in order; `maintain` and `keep_transactional` take what is left, so that it is total."""
    s = model.stance
    high, low, near = s.high, s.low, s.balance
    needs = Test("customer_score", ">=", high)
    some = Test("customer_score", ">=", low)
    chasing = Test("balance_score", ">=", near)
    return (
        Rule("protect", (Test("seller_score", ">=", high), Test("asymmetry_score", "<=", -s.protect_asymmetry))),
        Rule("respond", (Test("balance_score", "<=", -near),)),
        Rule("partner", (needs, Test("seller_score", ">=", high))),
        Rule("earn_value", (some, Test("benefit_score", "<", low), Test("cost_score", ">=", high))),
        Rule("build_close", (needs,)),
        Rule("test_reciprocity", (some, Test("customer_score", "<", high), chasing)),
        Rule("maintain", (some, Test("customer_score", "<", high))),
        Rule(
            "rebalance",
            (Test("customer_score", "<", low), chasing, Test("seller_hours", ">", "expected_hours", steady=True)),
        ),
        Rule("keep_transactional", (Test("customer_score", "<", low),)),
    )


def deal_rules(model: ScoringModel) -> tuple[Rule, ...]:
    """The deal table in order, for open deals. The first three need no dependence."""
    near = model.stance.balance
    chasing = Test("balance_score", ">=", near)
    return (
        Rule("do_not_chase", (chasing, Test("quiet_days", ">", model.deals.chase_days, steady=True))),
        Rule("ask_for_effort", (chasing,)),
        Rule("respond", (Test("balance_score", "<=", -near),)),
        Rule("price_led", (Test("customer_score", "<", model.stance.low),)),
        Rule("advance", (Test("customer_score", ">=", model.stance.low),)),
    )


def decide(rows: Expr, rules: Sequence[Rule], margin: float) -> tuple[Expr, Expr]:
    """(stance, whether hysteresis kept it) from the columns that the rules name and `previous_stance`.

    A rule whose inputs are null does not hold; where none holds the stance is insufficient_evidence.
    """
    import ibis  # here: `explain` reads the same rules and compiles nothing

    plain = ibis.cases(*((rule.holds(rows), rule.stance) for rule in rules), else_="insufficient_evidence")
    branches = []
    for place, rule in enumerate(rules):
        keeps = (rows.previous_stance == rule.stance) & rule.holds(rows, margin)
        for earlier in rules[:place]:
            keeps = keeps & ~earlier.holds(rows, -margin).coalesce(False)
        branches.append((keeps.coalesce(False), rule.stance))
    kept = ibis.cases(*branches, else_=None)
    return kept.coalesce(plain), (kept.notnull() & (kept != plain)).coalesce(False)


def matched(row: Mapping[str, Any], rules: Sequence[Rule]) -> Rule | None:
    """The first rule that holds for one record's numbers; rules with a missing number do not."""
    return next((rule for rule in rules if rule.known(row) and rule.holds(row)), None)


def settled(row: Mapping[str, Any], rules: Sequence[Rule], margin: float, last: str) -> str | None:
    """What `decide` gives one record whose last stance is `last`; None where no rule holds."""
    for place, rule in enumerate(rules):
        eased = rule.stance == last and rule.known(row) and rule.holds(row, margin)
        if eased and not any(earlier.known(row) and earlier.holds(row, -margin) for earlier in rules[:place]):
            return last
    found = matched(row, rules)
    return None if found is None else found.stance
