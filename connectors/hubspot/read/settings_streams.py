"""The streams of settings, one page each: owners, and exchange rates, each in force from its date to the next one's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pyarrow as pa

from connectors.base import Page, Reject
from connectors.errors import AuthError
from connectors.hubspot.api.failures import NotFound
from connectors.hubspot.read.cursor import Position
from connectors.hubspot.read.reference_data import Portal
from connectors.hubspot.translate import records as translate
from connectors.hubspot.translate import values
from connectors.hubspot.translate.records import Rate
from connectors.records import schema


def users(portal: Portal, position: Position) -> Page:
    """Owners who are here in every read; those who left once a day."""
    everyone = position.phase == "full" or position.due
    owners = [
        *(portal.owners(archived=True) if everyone else []),
        *portal.owners(archived=False),
    ]
    swept = position.start if everyone else position.swept
    end = Position("done", start=position.start, since=position.start, swept=swept)
    return Page("users", translate.users(owners), end.encode())


def currency_rates(portal: Portal, position: Position) -> Page:
    """All rates, asked for once a day, into the portal's own currency: it is the corporate one, whatever the settings
    say.

    Without the scope, or on a portal that has no such settings, only the company currency has a rate.
    """
    asked = position.phase == "full" or position.due
    swept = position.start if asked else position.swept
    end = Position("done", start=position.start, since=position.start, swept=swept).encode()
    home = portal.home_currency() if asked else None
    if home is None:
        return Page("currency_rates", _batch([]), end)
    try:
        rows, rejects = dated(portal.exchange_rates(), home)
    except (AuthError, NotFound):
        rows, rejects = [], []
    own = {"id": home, "currency": home, "rate": 1.0}
    return Page("currency_rates", _batch([own, *rows]), end, rejects=tuple(rejects))


def dated(rates: Iterable[Rate], home: str) -> tuple[list[dict[str, Any]], list[Reject]]:
    """Rows of `currency_rates` that never overlap: a rate ends where the next one of its currency starts.

    Of two rates from the same instant the one that was changed last counts. Rates into another currency, left behind by
    a change of the company currency, are none of ours.
    """
    rejects: list[Reject] = []
    in_force: dict[tuple[str, datetime], Rate] = {}
    for rate in sorted(rates, key=lambda one: (str(one.get("updatedAt", "")), str(one.get("id", "")))):
        currency = str(rate.get("fromCurrencyCode", "")).upper()
        if str(rate.get("toCurrencyCode", "")).upper() != home or currency == home:
            continue
        try:
            start = values.parse_time(str(rate.get("effectiveAt", "")))
            worth = values.number(str(rate.get("conversionRate", "")))
            if worth <= 0:
                raise ValueError(f"a rate of {worth} cannot be")
        except ValueError as error:
            rejects.append(Reject("currency_rates", str(rate.get("id", "")), currency, str(error), "exchange-rates"))
            continue
        in_force[currency, start] = rate
    rows: list[dict[str, Any]] = []
    following: dict[str, datetime] = {}
    for currency, start in sorted(in_force, reverse=True):
        rate = in_force[currency, start]
        rows.append(
            {
                "id": str(rate["id"]),
                "currency": currency,
                "rate": float(rate["conversionRate"]),
                "start_at": start,
                "end_at": following.get(currency),
            }
        )
        following[currency] = start
    return rows[::-1], rejects


def _batch(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    target = schema("currency_rates")
    columns = [pa.array([row.get(f.name) for row in rows], f.type) for f in target]
    return pa.RecordBatch.from_arrays(columns, schema=target)
