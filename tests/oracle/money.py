"""Money in the corporate currency, by the rates of its day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any


def decimal(number: float | None) -> Decimal | None:
    return None if number is None else Decimal(repr(number))


class Money:
    """The rates of an organisation whose corporate currency this is."""

    def __init__(self, rates: Sequence[Mapping[str, Any]], corporate: str) -> None:
        self._rates, self._corporate = rates, corporate

    def rate(self, currency: str | None, at: datetime, *, standing: bool = False) -> Decimal | None:
        """Corporate units for one unit: the newest rate that had started, unless it ended. `standing`: the one without
        dates, if there is one. The own currency is 1 unless a rate says otherwise. None: unknown."""
        own = Decimal(1) if currency is None or currency == self._corporate else None
        mine = [r for r in self._rates if r["currency"] == currency]
        always = [r["rate"] for r in mine if r["start_at"] is None and r["end_at"] is None]
        if standing and always:
            return decimal(max(always))
        started = [r for r in mine if r["start_at"] is None or r["start_at"] <= at]
        started.sort(key=lambda r: (r["start_at"] is not None, r["start_at"] or at))
        if not started or (started[-1]["end_at"] is not None and started[-1]["end_at"] <= at):
            return own
        return decimal(started[-1]["rate"])

    def converted(
        self, amount: float | None, currency: str | None, at: datetime, *, standing: bool = False
    ) -> Decimal | None:
        rate, number = self.rate(currency, at, standing=standing), decimal(amount)
        return None if number is None or rate is None else number * rate
