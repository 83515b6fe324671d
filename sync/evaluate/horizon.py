"""How far ahead a backtest asks: by how often this organisation's customers buy, unless a person says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.errors import ConfigError
from sync.evaluate.outcomes import Outcome, Past

SHORT_DAYS, LONG_DAYS = 90, 365
OFTEN_DAYS = 120
"""A median gap between purchases up to this: within 90 days most customers that still buy have done so."""
LEAST_DAYS = 30


@dataclass(frozen=True, slots=True)
class Horizon:
    """Days after a moment in which a customer is expected to buy; `usual_gap_days` is None where nobody had bought
    twice.
    """

    days: int
    usual_gap_days: float | None
    given: bool

    @property
    def reason(self) -> str:
        """Where it comes from, in words."""
        gap = self.usual_gap_days
        usual = (
            "nobody had bought on two days" if gap is None else f"the median gap between purchases is {gap:.0f} days"
        )
        return f"Horizon {self.days} days: {'set by --horizon' if self.given else usual}"

    def of(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """The outcomes by this horizon."""
        return [outcome.within(self.days) for outcome in outcomes]


def checked(days: int | None) -> int | None:
    """`days` as given. Raises ConfigError for a horizon that no outcome can be counted by: 30 to 365 days can."""
    if days is not None and not LEAST_DAYS <= days <= LONG_DAYS:
        raise ConfigError(
            f"A horizon of {days} days cannot be tested.", remedy=f"Give --horizon {LEAST_DAYS} to {LONG_DAYS}."
        )
    return days


def horizon_of(past: Past, moments: Sequence[datetime], given: int | None) -> Horizon:
    """`given`, else 90 days where the median gap known by the last moment is at most 120 days, else 365.

    One horizon for all moments: what is learnt on the earlier ones is asked again on the last.
    """
    gap = past.usual_gap(max(moments))
    if given is not None:
        return Horizon(given, gap, given=True)
    return Horizon(SHORT_DAYS if gap is not None and gap <= OFTEN_DAYS else LONG_DAYS, gap, given=False)
