"""Exchange rates as HubSpot keeps them: six decimals, the same ones that convert deals."""

from __future__ import annotations

from connectors.emulator.hubspot.store.money import Rates


def test_a_rate_has_six_decimals_and_converts_with_them() -> None:
    rates = Rates("EUR", [("USD", 1 / 3, None), ("JPY", 1e-9, None)])
    assert rates.dated == [("USD", 0.333333, None)]
    assert rates.home("3000000", "USD", 0) == ("0.333333", "999999")
    assert rates.home("1", "JPY", 0) == (None, None)


def test_the_rate_in_force_is_the_latest_that_has_begun() -> None:
    rates = Rates("EUR", [("USD", 0.8, 1000), ("USD", 0.9, 2000)])
    assert [rates.at("USD", ms) for ms in (0, 1000, 1999, 2000, None)] == [0.8, 0.8, 0.8, 0.9, 0.9]
