"""Which currency amounts are counted in and where that comes from, and whether deals are entered when they are won."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from connectors.base import Finding, Organisation
from connectors.errors import BothwaysError
from connectors.salesforce.api.answers import Found, Record
from connectors.salesforce.api.client import Client, soql
from connectors.salesforce.api.describe import CURRENCY, Schema
from connectors.salesforce.config import SalesforceMapping
from connectors.salesforce.read.currency import STATIC

_LATE_DAYS, _FEWEST = 30, 20
"""Where 90 of 100 won deals (of at least so many) are entered later than this, they are entered late."""


def currencies(
    client: Client, schema: Schema, mapping: SalesforceMapping, organisation: Organisation
) -> Iterator[Finding]:
    """The corporate currency: the organisation's where it has several, else that of the settings."""
    configured = (organisation.corporate_currency or "").upper()
    if schema.find(mapping.opportunities.object, CURRENCY) is None:
        name = (
            f"{configured} (the settings)"
            if configured
            else "not named: set organisation.corporate_currency to name it"
        )
        yield Finding("ok", "money", f"One currency for all amounts: {name}.")
        return
    if schema.object(STATIC.object) is None:
        yield Finding(
            "fail",
            "money",
            f"Amounts are in several currencies, and this user cannot read {STATIC.object}: no amount can be "
            f"converted.",
            f"Give the integration user read access to {STATIC.object} (View Setup and Configuration).",
        )
        return
    [answer] = client.queries([soql("SELECT IsoCode, IsCorporate, ConversionRate FROM {:literal}", STATIC.object)])
    if isinstance(answer, BothwaysError):
        raise answer
    own = next((str(row["IsoCode"]) for row in answer.records if row.get("IsCorporate")), None)
    dated = mapping.currency_rates is not None and schema.object(mapping.currency_rates.object) is not None
    kinds = "dated rates for deals, static ones for the rest" if dated else "static rates"
    yield Finding(
        "ok",
        "money",
        f"Corporate currency {own} (the organisation's {STATIC.object}; {len(answer.records)} currencies, {kinds}).",
    )
    if configured and own and configured != own:
        yield Finding(
            "warn",
            "money",
            f"The settings call {configured} the corporate currency, the organisation {own}: amounts are "
            f"counted in {own}.",
            f'Set organisation.corporate_currency = "{own}", or leave it out.',
        )


def late_deals(client: Client, schema: Schema, mapping: SalesforceMapping) -> Iterator[Finding]:
    """Deals that are recorded long after they were won: a customer's silence is then no sign of anything."""
    each = mapping.opportunities
    won, closes, born = (each.fields.get(column) for column in ("is_won", "close_at", "created_at"))
    if not (won and closes and born) or not all(schema.find(each.object, path) for path in (won, closes, born)):
        return
    recent = (
        "SELECT {0:literal}, {1:literal} FROM {2:literal} WHERE {3:literal} = true AND {0:literal} = LAST_N_DAYS:365"
    )
    statements = [
        soql(recent, closes, born, each.object, won),
        soql("SELECT MIN({:literal}) oldest FROM {:literal}", born, each.object),
    ]
    deals, oldest = client.queries(statements)
    if not isinstance(deals, Found) or not isinstance(oldest, Found) or not oldest.records:
        return
    first = _day(oldest.records[0].get("oldest"))
    lags = sorted(
        (made - closed).days
        for made, closed in ((_day(row.get(born)), _day(row.get(closes))) for row in _page(deals))
        if made is not None and closed is not None and first is not None and closed > first
    )
    if len(lags) >= _FEWEST and (late := lags[int(0.9 * (len(lags) - 1))]) > _LATE_DAYS:
        yield Finding(
            "warn",
            "money",
            f"Deals are entered late: of {len(lags)} won in a year, one in ten is recorded {late} days or "
            f"more after its close"
            " date. A customer that seems to have stopped buying may have a deal that nobody has entered yet.",
            "Have deals entered while they are open.",
        )


def _page(found: Found) -> list[Record]:
    """The first page is sample enough."""
    return list(found.records)


def _day(value: object) -> date | None:
    try:
        return (
            datetime.fromisoformat(str(value)).astimezone(UTC).date()
            if "T" in str(value)
            else date.fromisoformat(str(value))
        )
    except ValueError:
        return None
