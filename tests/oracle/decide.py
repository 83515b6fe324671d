"""The decision tables: stances with hysteresis, and which of its texts a stance is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from oracle.plain import rounded
from oracle.standing import LAPSED, PROSPECT

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


@dataclass(frozen=True)
class Case:
    """What the stance of an account is decided from: scores rounded as people see them, halves of the family filled
    in.
    """

    lifecycle: str
    a1: float | None
    a2: float | None
    a3: float | None
    a4: float | None
    a6: float | None
    a11: float | None  # of a silent account: its unrounded balance
    a13: float | None
    a15: float | None
    need_confidence: float
    effort_confidence: float
    judged_with_family: bool  # A11 is the family's
    silent: bool  # A11 unknown, and the silence is known
    confidence: float  # in effort, for the stance
    seen: bool  # it is enough
    own_seen: bool  # it is without the family's
    openings: int  # of ours
    usual_opening: float | None  # the organisation's mean of A13
    unanswered: int
    replied: int
    asked: int
    acts_of: tuple[int, int]  # ours and theirs, of the year
    nothing_lately: bool  # no act of either side in 90 days
    buys: bool  # bought, or a contract ran, within the year
    due: int
    cases_kept: bool  # cases are most of what they did, and nearly none of those was left
    giant: bool
    share: float | None
    seller_hours: float
    expected: float | None
    reclaimable: float  # if the stance allowed it
    quiet: bool  # they stopped answering us, or never began
    open_deal: bool
    contract: bool  # one is running
    back: bool  # they wrote or rang, and we have not since
    lost: bool  # a deal lost or a contract ended after the newest purchase
    chased: int  # acts of ours since their last act or purchase
    met_since: bool  # a call or meeting took place after their last act or purchase
    bought_days: int
    perhaps_since: bool  # something of which nobody knows whose it is, after their last act or purchase
    unsigned: int  # acts of the year of which nobody knows whose they are
    signed: int


def _at_least(value: float | None, least: float) -> bool:
    return value is not None and value >= least


def stance(case: Case, previous: str | None, model: ScoringModel) -> str:
    """A18."""
    t = model.stance
    a1, a2, a3, a4, a6, a11, a13 = case.a1, case.a2, case.a3, case.a4, case.a6, case.a11, case.a13
    unknown = a1 is None or a4 is None or a11 is None or not case.seen

    def respond(s: float) -> bool:
        ignored = case.unanswered >= t.least_unanswered and case.unanswered >= t.unanswered_share * case.due
        reaching = a11 is not None and a11 <= -(t.balance - s) and not _at_least(case.a15, t.answered + s)
        reaching = reaching and not case.judged_with_family and not case.cases_kept
        return case.own_seen and (reaching or ignored)

    def needed(s: float) -> bool:
        return _at_least(a1, t.high - s)

    def middle(s: float) -> bool:
        return a1 is not None and t.low - s <= a1 < t.high + s

    def low(s: float) -> bool:
        return a1 is not None and a1 < t.low + s

    def needing(s: float) -> bool:
        return _at_least(a4, t.high - s)

    def chasing(s: float) -> bool:
        starting = a13 is not None and a13 <= t.few_openings + s and case.openings >= t.least_openings
        usual = case.usual_opening is not None and 100 * case.usual_opening >= t.usual_openings
        return _at_least(a11, t.balance - s) or bool(starting and usual and a11 is not None and a11 > -s)

    def held(s: float) -> bool:
        return _at_least(a1, t.low - s) and a2 is not None and a2 < t.low + s and _at_least(a3, t.high - s)

    def overspent(s: float) -> bool:
        over = (
            case.expected is not None
            and case.seller_hours > case.expected
            and (rounded(case.reclaimable) or 0.0) >= t.least_hours
        )
        return low(s) and over and chasing(s)

    rules: list[Rule] = [
        ("respond", respond),
        ("prospect", lambda _: case.lifecycle == PROSPECT),
        ("lapsed", lambda _: case.lifecycle == LAPSED),
        (NONE, lambda _: unknown),
        ("protect", lambda s: needing(s) and a6 is not None and a6 <= -(t.protect_asymmetry - s) and case.giant),
        ("partner", lambda s: needed(s) and needing(s)),
        ("earn_value", held),
        ("build_close", needed),
        ("test_reciprocity", lambda s: middle(s) and chasing(s)),
        ("maintain", middle),
        ("rebalance", overspent),
        ("keep_transactional", low),
    ]
    return _first(rules, previous, t.hysteresis)


def text(chosen: str, case: Case, model: ScoringModel) -> str:
    """The name of the text that a stance is given: the first whose condition holds."""
    t, a11 = model.stance, case.a11
    starting = case.a13 is not None and case.a13 <= t.few_openings and case.openings >= t.least_openings
    quiet = case.silent and case.nothing_lately
    ladders: dict[str, list[tuple[str, bool]]] = {
        "respond": [("respond_counted", case.unanswered > 0 and case.unanswered >= t.unanswered_share * case.due)],
        "prospect": [("prospect_stop", case.quiet), ("prospect_open", case.open_deal)],
        "lapsed": [
            ("lapsed_back", case.back),
            ("lapsed_lost", case.lost),
            ("lapsed_chased", case.chased >= t.least_asked and not case.perhaps_since),
            (
                "lapsed_unasked",
                case.chased == 0
                and not case.perhaps_since
                and not case.met_since
                and case.bought_days >= model.lifecycle.least_purchase_days,
            ),
        ],
        "protect": [("protect_unreturned", _at_least(a11, t.balance))],
        "earn_value": [("earn_value_contract", case.contract)],
        "build_close": [
            ("build_close_silent", quiet),
            ("build_close_one_sided", _at_least(a11, t.balance) and case.acts_of[0] > case.acts_of[1]),
            ("build_close_opening", starting),
        ],
        "maintain": [
            ("maintain_silent", quiet),
            ("maintain_theirs", a11 is not None and a11 <= -t.leaning),
            ("maintain_ours", _at_least(a11, t.leaning)),
        ],
        "keep_transactional": [
            ("keep_ideal", quiet and case.buys and not _at_least(case.a4, t.low)),
            ("keep_unknown", quiet and case.buys and (case.share or 0.0) >= 0.005),
            ("keep_unanswered", _at_least(a11, t.balance) and case.asked >= 3 and 2 * case.replied <= case.asked),
        ],
        NONE: [
            ("unknown_need", case.a1 is None),
            ("unknown_stake", case.a4 is None),
            ("unknown_direction", case.unsigned > case.signed),
            ("unknown_effort", True),
        ],
    }
    return next((name for name, holds in ladders.get(chosen, []) if holds), chosen)


def deal_stance(
    balance: float | None, need: float | None, quiet_days: int, previous: str | None, model: ScoringModel
) -> str:
    """O11 of an open deal."""
    t = model.stance
    price: Rule = ("price_led", lambda s: need is not None and need < t.low + s)
    if balance is None:
        return _first([price, (NONE, lambda _: True)], previous, t.hysteresis)
    rules: list[Rule] = [
        ("do_not_chase", lambda s: balance >= t.balance - s and quiet_days > model.deals.chase_days),
        ("ask_for_effort", lambda s: balance >= t.balance - s),
        ("respond", lambda s: balance <= -(t.balance - s)),
    ]
    rules += [price, ("advance", lambda _: True)] if need is not None else [(NONE, lambda _: True)]
    return _first(rules, previous, t.hysteresis)
