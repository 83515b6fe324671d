"""What a stance tells people to do: texts, each with the condition under which it is true of the record.

A text may claim nothing that its condition, or the rule of its stance, does not say. The words are in `words.toml`,
[advice].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from enrichment.model import ScoringModel
from enrichment.reasons.conditions import All, Condition, Either, Test, Unless, flag

if TYPE_CHECKING:
    from enrichment.expressions import Expr

FIGURES: Mapping[str, str] = {
    "left": "left_open",
    "opened": "opened",
    "ours": "acts_seller",
    "theirs": "acts_customer",
    "percent": "revenue_whole_percent",
    "replied": "replies_customer",
    "asked": "asked_customer",
}
"""The audit column of each figure that a text may quote."""


def quoted(audit: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of an audit row as a text quotes them: counts are whole (6, where the audit keeps 6.0), None is
    unknown.
    """
    found = {name: audit.get(column) for name, column in FIGURES.items()}
    return {name: int(v) if isinstance(v, float) and v.is_integer() else v for name, v in found.items()}


@dataclass(frozen=True, slots=True)
class Text:
    """`name` is the key of the words. Conditions take no margin."""

    stance: str
    name: str
    conditions: tuple[Condition, ...] = ()

    def holds(self, row: Any) -> Any:
        """Whether it is true of a table's rows, or of one record."""
        return All(self.conditions).holds(row) if self.conditions else True


def _steady(column: str, sign: str, bound: float | str) -> Test:
    return Test(column, sign, bound, steady=True)


def told_to_stop(model: ScoringModel) -> tuple[Condition, ...]:
    """A prospect that has stopped answering: effort is ours, and nothing came from them for so long (never, since we
    began); nor anything of which nobody knows who sent it."""
    days = model.stance.quiet_days
    never = All((Unless(_steady("contact_days", ">=", 0.0)), _steady("seller_days", ">=", days)))
    quiet = Either((_steady("contact_days", ">=", days), never))
    return (_steady("balance_score", ">=", model.stance.balance), quiet, Unless(_steady("unsigned_days", "<", days)))


def rarely_open(model: ScoringModel) -> All:
    """They hardly ever open a conversation, of enough of them, while customers of this organisation do; effort is
    ours."""
    s = model.stance
    return All(
        (
            Test("opening_score", "<=", s.few_openings),
            Test("openings_seller", ">=", s.least_openings, steady=True),
            Test("balance_score", ">", 0.0),
            Test("usual_opening", ">=", s.usual_openings, steady=True),
        )
    )


def account_texts(model: ScoringModel) -> tuple[Text, ...]:
    """The texts of each stance in order; the first that holds is said, and the last of a stance always does."""
    s, life = model.stance, model.lifecycle
    silent, signed = flag("silent"), Unless(flag("unsigned_since"))
    ours = (_steady("balance_score", ">=", s.balance), _steady("acts_seller", ">", "acts_customer"))
    rarely = (_steady("opening_score", "<=", s.few_openings), _steady("openings_seller", ">=", s.least_openings))
    return (
        Text(
            "respond",
            "respond_counted",
            (_steady("left_open", ">=", 1), _steady("left_share", ">=", s.unanswered_share)),
        ),
        Text("respond", "respond"),
        Text("prospect", "prospect_stop", told_to_stop(model)),
        Text("prospect", "prospect_open", (_steady("open_deals", ">=", 1),)),
        Text("prospect", "prospect"),
        Text("lapsed", "lapsed_back", (_steady("word_days", "<", model.effort.recent_days), flag("word_unreturned"))),
        Text("lapsed", "lapsed_lost", (flag("lost_lately"),)),
        Text("lapsed", "lapsed_chased", (_steady("acts_since", ">=", life.least_unanswered), signed)),
        Text(
            "lapsed",
            "lapsed_unasked",
            (
                _steady("acts_since", "<=", 0),
                signed,
                Unless(flag("met_since")),
                _steady("purchase_days", ">=", life.least_purchase_days),
            ),
        ),
        Text("lapsed", "lapsed"),
        Text("insufficient_evidence", "unknown_need", (flag("lacking_need"),)),
        Text("insufficient_evidence", "unknown_stake", (flag("lacking_stake"),)),
        Text(
            "insufficient_evidence",
            "unknown_direction",
            (flag("lacking_effort"), _steady("unsigned_count", ">", "signed_count")),
        ),
        Text("insufficient_evidence", "unknown_effort", (flag("lacking_effort"),)),
        Text("insufficient_evidence", "insufficient_evidence"),
        Text("protect", "protect_unreturned", (_steady("balance_score", ">=", s.balance),)),
        Text("protect", "protect"),
        Text("partner", "partner"),
        Text("earn_value", "earn_value_contract", (_steady("lock_months", ">", 0.0),)),
        Text("earn_value", "earn_value"),
        Text("build_close", "build_close_silent", (silent,)),
        Text("build_close", "build_close_one_sided", ours),
        Text("build_close", "build_close_opening", rarely),
        Text("build_close", "build_close"),
        Text("test_reciprocity", "test_reciprocity"),
        Text("maintain", "maintain_silent", (silent,)),
        Text("maintain", "maintain_theirs", (_steady("balance_score", "<=", -s.leaning),)),
        Text("maintain", "maintain_ours", (_steady("balance_score", ">=", s.leaning),)),
        Text("maintain", "maintain"),
        Text("rebalance", "rebalance"),
        Text("keep_transactional", "keep_ideal", (silent, flag("buys"), _steady("seller_score", "<", s.low))),
        Text("keep_transactional", "keep_unknown", (silent, flag("buys"), _steady("revenue_whole_percent", ">=", 1))),
        Text(
            "keep_transactional",
            "keep_unanswered",
            (
                _steady("balance_score", ">=", s.balance),
                _steady("asked_customer", ">=", s.least_asked),
                _steady("answered_share", "<=", 0.5),
            ),
        ),
        Text("keep_transactional", "keep_transactional"),
    )


def chosen(rows: Expr, texts: Sequence[Text], stance: Expr) -> Expr:
    """The name of the text of each row."""
    import ibis  # here: `explain` reads the same texts and compiles nothing

    return ibis.cases(*((((stance == text.stance) & text.holds(rows)), text.name) for text in texts), else_=None)


def spoken(row: Mapping[str, Any], texts: Sequence[Text], stance: str) -> str:
    """The same for one record."""
    return next((text.name for text in texts if text.stance == stance and text.holds(row)), stance)
