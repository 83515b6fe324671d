"""Dated exchange rates, and what a deal is worth in the currency of the company that owns the portal."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from decimal import Decimal

from connectors.emulator.hubspot.wire import number

DECIMALS = 6
"""HubSpot keeps no more of a rate."""


class Rates:
    """Home units that one unit of a currency is worth, each from an instant (epoch ms) on, as HubSpot keeps them."""

    def __init__(self, home: str, dated: Iterable[tuple[str, float, int | None]]) -> None:
        self.currency = home
        self._rates: dict[str, list[tuple[int, float]]] = {home: [(-(2**62), 1.0)]}
        for currency, exact, start in dated:
            rate = round(exact, DECIMALS)
            if rate <= 0:
                continue  # too small for HubSpot to hold
            self._rates.setdefault(currency, []).append((-(2**62) if start is None else start, rate))
        for rates in self._rates.values():
            rates.sort()

    @property
    def dated(self) -> list[tuple[str, float, int | None]]:
        """Every rate of a foreign currency: (currency, rate, from when; None: always)."""
        return [
            (currency, rate, None if start == -(2**62) else start)
            for currency, rates in sorted(self._rates.items())
            if currency != self.currency
            for start, rate in rates
        ]

    @property
    def currencies(self) -> list[str]:
        return sorted(self._rates)

    def at(self, currency: str, ms: int | None) -> float | None:
        """The rate in force at an instant: the latest for the future or None, the first for times before any."""
        rates = self._rates.get(currency)
        if not rates:
            return None
        if ms is None:
            return rates[-1][1]
        return rates[max(0, bisect_right(rates, (ms, float("inf"))) - 1)][1]

    def home(self, amount: str | None, currency: str | None, ms: int | None) -> tuple[str | None, str | None]:
        """(hs_exchange_rate, amount_in_home_currency) of a deal."""
        rate = self.at(currency or self.currency, ms)
        if rate is None:
            return None, None
        shown = repr(rate)
        worth = None if amount is None else number(str(Decimal(amount) * Decimal(shown)))
        return number(shown), worth
