"""Properties that HubSpot works out from others when they are written."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.emulator.hubspot.store.money import Rates
from connectors.emulator.hubspot.store.table import Table
from connectors.emulator.hubspot.wire import Json, epoch_ms, number

Values = Mapping[str, str | None]


def deal(table: Table, row: int, written: Values, stage: Json | None, rates: Rates) -> None:
    """What follows from a deal's stage, and its worth in the home currency by the rate at its close."""
    if "dealstage" in written and stage is not None:
        for name, value in of_stage(stage).items():
            if name not in written:
                table.column(name).set(row, value)
    if {"amount", "deal_currency_code", "closedate"} & set(written):
        close = table.get(row, "closedate")
        closed_at = None if close is None else epoch_ms(close)
        rate, worth = rates.home(table.get(row, "amount"), table.get(row, "deal_currency_code"), closed_at)
        table.column("hs_exchange_rate").set(row, rate)
        table.column("amount_in_home_currency").set(row, worth)


def of_stage(stage: Json) -> dict[str, str | None]:
    """A deal's properties that follow from its pipeline stage."""
    closed, probability = stage["metadata"].get("isClosed") == "true", float(stage["metadata"].get("probability", 0))
    return {
        "hs_deal_stage_probability": number(repr(probability)),
        "hs_is_closed": str(closed).lower(),
        "hs_is_closed_won": str(closed and probability == 1).lower(),
        "hs_is_closed_lost": str(closed and probability == 0).lower(),
    }


def line_item(table: Table, row: int, written: Values) -> None:
    """A line item's amount."""
    price, quantity = table.get(row, "price"), table.get(row, "quantity")
    if {"price", "quantity"} & set(written) and price is not None and quantity is not None:
        table.column("amount").set(row, number(repr(float(price) * float(quantity))))
