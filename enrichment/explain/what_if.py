"""What would change a stance: for each figure, the nearest value at which the next run would decide otherwise.

One figure moves and the others stay, except what is made of it: benefit or cost moves customer dependence and
asymmetry, and with customer dependence the hours that the relation asks for. The last stance is the one just decided,
so hysteresis is in the answer: a stance holds on until 5 points past its threshold. Values are tried on the grid that
people see, by the rules that decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any

from enrichment.model import BENEFIT, COMPONENTS, ScoringModel
from enrichment.scores.stance import Rule, account_rules, deal_rules, settled

Row = Mapping[str, Any]
Numbers = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Crossing:
    """`what` (a score of the rules, or a component) going from `now` to `then` would make it `stance`. `now` is None
    for a figure that is not known: `counted_as` is the prior, or the balance of a silence that is known, that stands
    in for it.

    `group`: the figure is that of the whole family, with which the account is judged. `also`: the second figure of a
    pair, where neither would do alone.
    """

    what: str
    now: float | None
    counted_as: float
    then: float
    stance: str
    group: bool = False
    also: Crossing | None = None


@dataclass(frozen=True, slots=True)
class _Lever:
    """A figure with the values it can take, ascending, and the numbers of the rules at each."""

    what: str
    now: float | None
    counted_as: float
    grid: Sequence[float]
    at: Callable[[float], Numbers]
    group: bool = False

    def to(self, then: float, stance: str, also: Crossing | None = None) -> Crossing:
        return Crossing(self.what, self.now, self.counted_as, then, stance, self.group, also)

    def nearest_first(self) -> Sequence[float]:
        """Every other value it can take."""
        return sorted((v for v in self.grid if v != self.counted_as), key=lambda v: abs(v - self.counted_as))


def account_crossings(audit: Row, stance: str, model: ScoringModel) -> tuple[Crossing, ...]:
    """The nearest crossings of an account with a stance, scores first; where no figure would do alone, the pairs of
    effort's figures that would. None for one without enough evidence."""
    if stance == "insufficient_evidence":
        return ()
    moved, group = partial(_moved, audit, model), bool(audit["with_family_dependence"])
    levers = []
    if audit["customer_score"] is not None and audit["seller_score"] is not None:
        levers += [
            _score("benefit_score", audit, lambda v: moved(benefit=v / 100.0), group=group),
            _score("cost_score", audit, lambda v: moved(cost=v / 100.0), group=group),
            _score("seller_score", audit, lambda v: moved(seller=v)),
        ]
    efforts = list(_efforts(audit, moved))
    levers += efforts
    hours, expected = audit["seller_hours"], audit["expected_hours"]
    if expected is not None:
        grid = _tenths(0, int(10 * max(hours, expected)) + 20)
        levers.append(_Lever("seller_hours", hours, hours, grid, lambda v: moved(seller_hours=v)))
    if audit["customer_score"] is not None and not audit["with_family_dependence"]:
        levers += _components(audit, model, moved)
    rules, margin = account_rules(model), model.stance.hysteresis
    return _nearest(levers, rules, margin, stance) or _pairs(audit, efforts, rules, margin, stance)


def _efforts(audit: Row, moved: Callable[..., Numbers]) -> Iterable[_Lever]:
    """What the rules ask of effort: balance, what they opened and we left, who opens, how promptly we answer."""
    group = bool(audit["with_family_effort"])
    if (balance := audit["balance_score"]) is not None:
        known = None if audit["by_silence"] else balance
        grid = _tenths(-1000, 1000)
        yield _Lever("balance_score", known, balance, grid, lambda v: moved(balance=v), group)
    if opened := int(audit["opened"] or 0):
        left = int(audit["left_open"])
        yield _Lever("left_open", left, left, range(opened + 1), lambda v: moved(left_open=v, left_share=v / opened))
    if audit["answered_score"] is not None:
        yield _score("answered_score", audit, lambda v: moved(answered_score=v))
    if audit["opening_score"] is not None:
        yield _score("opening_score", audit, lambda v: moved(opening_score=v), group=group)


def deal_crossings(audit: Row, stance: str, model: ScoringModel) -> tuple[Crossing, ...]:
    """The nearest crossings of an open deal with a stance."""
    if stance in ("insufficient_evidence", "closed"):
        return ()
    numbers = {name: audit[name] for name in ("balance_score", "customer_score", "quiet_days")}

    def moved(*, benefit: float | None = None, cost: float | None = None, **changed: float) -> Numbers:
        found = numbers | changed
        if benefit is not None or cost is not None:
            found["customer_score"] = _shown(_dependence(audit, model, benefit, cost))
        return found

    levers: list[_Lever] = []
    if audit["balance_score"] is not None:  # a stance of price alone is held without it
        levers.append(_score("balance_score", audit, lambda v: moved(balance_score=v), low=-1000))
    if (quiet := audit["quiet_days"]) is not None:
        longest = max(quiet, model.deals.chase_days) + 2
        levers.append(_Lever("quiet_days", quiet, quiet, range(longest), lambda v: moved(quiet_days=v)))
    if audit["customer_score"] is not None:
        levers += [_score("customer_score", audit, lambda v: moved(customer_score=v))]
        levers += _components(audit, model, moved)
    return _nearest(levers, deal_rules(model), model.stance.hysteresis, stance)


def _moved(
    audit: Row,
    model: ScoringModel,
    *,
    benefit: float | None = None,
    cost: float | None = None,
    seller: float | None = None,
    balance: float | None = None,
    **changed: float,
) -> Numbers:
    """The figures of the account rules after a change."""
    found = dict(audit) | changed
    if balance is not None:
        found["balance_score"] = balance
        found["own_balance"] = None if audit["own_balance"] is None else balance
    if benefit is None and cost is None and seller is None:
        return found
    one = _dependence(audit, model, benefit, cost)
    other = audit["seller_raw"] if seller is None else seller
    share = model.reclaim.base_share
    found |= {
        "customer_score": _shown(one),
        "benefit_score": _shown(100.0 * (audit["benefit_part"] if benefit is None else benefit)),
        "cost_score": _shown(100.0 * (audit["cost_part"] if cost is None else cost)),
        "seller_score": _shown(other),
        "asymmetry_score": _shown(one - other),
    }
    if not audit["lapsed"] and not audit["told_to_stop"]:
        found["expected_hours"] = audit["reference_hours"] * (share + (1.0 - share) * one / 100.0)
    found["spare_hours"] = _spare(found, model)
    return found


def _spare(row: Row, model: ScoringModel) -> float:
    """`scores.reclaimable.spare_hours` of one record."""
    given, asked = row["own_discretionary_hours"], row["expected_hours"]
    needed = row["seller_score"] is not None and row["seller_score"] >= model.stance.high
    if given < model.reclaim.least_evidence_hours or needed or asked is None:
        return 0.0
    return _shown(min(given, max(0.0, given - max(asked, row["own_own_accord_hours"]))))


def _dependence(audit: Row, model: ScoringModel, benefit: float | None, cost: float | None) -> float:
    a = model.dependence.exponent
    b = audit["benefit_part"] if benefit is None else benefit
    c = audit["cost_part"] if cost is None else cost
    return float(100.0 * b**a * c ** (1.0 - a))


def _components(audit: Row, model: ScoringModel, moved: Callable[..., Numbers]) -> Iterable[_Lever]:
    for name in COMPONENTS:
        value, weight = audit[f"{name}_value"], audit[f"{name}_weight"]
        used = model.components[name].prior if value is None else value
        group = "benefit" if name in BENEFIT else "cost"
        rest = audit[f"{group}_part"] - weight * used
        grid = sorted(1.0 / (1 + n) for n in range(10)) if name == "scarcity" else [n / 100.0 for n in range(101)]

        def at(v: float, group: str = group, rest: float = rest, weight: float = weight) -> Numbers:
            return moved(**{group: min(1.0, max(0.0, rest + weight * v))})

        yield _Lever(name, value, used, grid, at)


def _score(name: str, audit: Row, at: Callable[[float], Numbers], low: int = 0, *, group: bool = False) -> _Lever:
    return _Lever(name, audit[name], audit[name], _tenths(low, 1000), at, group)


def _tenths(low: int, high: int) -> list[float]:
    return [n / 10.0 for n in range(low, high + 1)]


def _shown(value: float) -> float:
    return round(round(value, 7), 1)


def _nearest(levers: Iterable[_Lever], rules: Sequence[Rule], margin: float, stance: str) -> tuple[Crossing, ...]:
    """For each lever the first value above, and below, at which the decision differs."""
    found = []
    for lever in levers:
        above = [v for v in lever.grid if v > lever.counted_as]
        below = [v for v in reversed(lever.grid) if v < lever.counted_as]
        for values in (above, below):
            for value in values:
                then = settled(lever.at(value), rules, margin, stance)
                if then is not None and then != stance:
                    found.append(lever.to(value, then))
                    break
    return tuple(found)


def _pairs(
    audit: Row, levers: Sequence[_Lever], rules: Sequence[Rule], margin: float, stance: str
) -> tuple[Crossing, ...]:
    """For each two levers the nearest value of one with which some value of the other makes the decision differ, and
    the nearest such value."""

    def decided(one: Numbers, other: Numbers) -> str | None:
        changed = {name: value for name, value in other.items() if value != audit.get(name)}
        then = settled(one | changed, rules, margin, stance)
        return None if then == stance else then

    found = []
    for fewer, more in combinations(sorted(levers, key=lambda lever: len(lever.grid)), 2):
        ends = [more.at(value) for value in (more.grid[0], more.grid[-1])]
        for value in fewer.nearest_first():
            there = fewer.at(value)
            if not any(decided(there, end) for end in ends):
                continue
            for second in more.nearest_first():
                if (then := decided(there, more.at(second))) is not None:
                    found.append(fewer.to(value, then, more.to(second, then)))
                    break
            break
    return tuple(found)
