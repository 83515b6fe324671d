"""Properties that HubSpot works out from others when they are written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from email.utils import getaddresses

from connectors.emulator.hubspot.store.money import Rates
from connectors.emulator.hubspot.store.table import Table
from connectors.emulator.hubspot.wire import Json, epoch_ms, iso, number

Values = Mapping[str, str | None]


def deal(table: Table, row: int, written: Values, stage: Json | None, rates: Rates, now: int) -> None:
    """What follows from a deal's stage, and its worth in the home currency by the rate at its close."""
    if "dealstage" in written and stage is not None:
        for name, value in of_stage(stage).items():
            if name not in written:
                table.column(name).set(row, value)
        table.column("hs_v2_date_entered_current_stage").set(row, iso(now))
    if {"amount", "deal_currency_code", "closedate"} & set(written):
        close = table.get(row, "closedate")
        closed_at = None if close is None else epoch_ms(close)
        rate, worth = rates.home(table.get(row, "amount"), table.get(row, "deal_currency_code"), closed_at)
        table.column("hs_exchange_rate").set(row, rate)
        table.column("amount_in_home_currency").set(row, worth)


def of_stage(stage: Json) -> dict[str, str | None]:
    """A deal's properties that follow from its pipeline stage."""
    metadata, probability = stage["metadata"], float(stage["metadata"].get("probability", 0))
    closed = metadata["isClosed"] == "true" if "isClosed" in metadata else probability in (0.0, 1.0)
    return {
        "hs_deal_stage_probability": number(repr(probability)),
        "hs_is_closed": str(closed).lower(),
        "hs_is_closed_won": str(closed and probability == 1).lower(),
        "hs_is_closed_lost": str(closed and probability == 0).lower(),
    }


_SIDES = ("from", "to", "cc", "bcc")


def email(table: Table, row: int, written: Values) -> None:
    """Who wrote an e-mail to whom: read-only properties that follow from its headers."""
    if "hs_email_headers" not in written:
        return
    people = {side: _people(written["hs_email_headers"], side) for side in _SIDES}
    for side in ("from", "to"):
        first = people[side][0] if people[side] else {}
        for part in ("firstName", "lastName"):
            table.column(f"hs_email_{side}_{part.lower()}").set(row, first.get(part) or None)
    for side in _SIDES:
        listed = ";".join(one["email"] for one in people[side]) or None
        table.column(f"hs_email_{side}_email").set(row, listed)
    table.column("hs_email_sender_email").set(row, table.get(row, "hs_email_from_email"))


def _people(headers: str | None, side: str) -> list[dict[str, str]]:
    """The people on one side of a mail, with bare addresses: the headers may hold `Name<address>`."""
    try:
        given = json.loads(headers or "{}").get(side) or []
    except (ValueError, AttributeError):
        return []
    entries = [one for one in (given if isinstance(given, list) else [given]) if isinstance(one, dict)]
    return [
        {**one, "email": address}
        for one in entries
        for _, address in getaddresses([str(one.get("email") or "")])
        if "@" in address
    ]


def task(table: Table, row: int, written: Values, now: int) -> None:
    """When a task was completed."""
    if "hs_task_status" in written:
        done = written["hs_task_status"] == "COMPLETED"
        table.column("hs_task_completion_date").set(row, iso(now) if done else None)


def ticket(table: Table, row: int, written: Values, stage: Json | None, now: int) -> None:
    """What follows from a ticket's stage."""
    if "hs_pipeline_stage" not in written or stage is None:
        return
    closed = stage["metadata"].get("ticketState") == "CLOSED"
    table.column("hs_is_closed").set(row, str(closed).lower())
    if "closed_date" not in written:
        table.column("closed_date").set(row, iso(now) if closed else None)


_MONTHS = {
    "monthly": 1,
    "quarterly": 3,
    "per_six_months": 6,
    "annually": 12,
    "per_two_years": 24,
    "per_three_years": 36,
    "per_four_years": 48,
    "per_five_years": 60,
}
_TERM = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?")


def line_item(table: Table, row: int, written: Values) -> None:
    """A line item's amount, which is what one payment comes to, and the total of the payments of its term: without a
    term those of twelve months (HubSpot Knowledge Base, "Edit price and term details in the line items editor").
    """
    price, quantity = table.get(row, "price"), table.get(row, "quantity")
    if {"price", "quantity"} & set(written) and price is not None and quantity is not None:
        table.column("amount").set(row, number(repr(float(price) * float(quantity))))
    if {"price", "quantity", "recurringbillingfrequency", "hs_recurring_billing_period"} & set(written):
        amount, every = table.get(row, "amount"), _MONTHS.get(table.get(row, "recurringbillingfrequency") or "")
        term = _TERM.fullmatch(table.get(row, "hs_recurring_billing_period") or "")
        years, months = (int(part or 0) for part in term.groups()) if term else (1, 0)
        payments = 1.0 if every is None else max(1.0, (12 * years + months) / every)
        table.column("hs_tcv").set(row, None if amount is None else number(repr(float(amount) * payments)))
