"""The currencies of the account and their exchange rates (settings/currencies)."""

from __future__ import annotations

from connectors.emulator.hubspot.call import Call
from connectors.emulator.hubspot.seed.tables import BORN
from connectors.emulator.hubspot.wire import Json, answer, iso, not_found
from connectors.emulator.server.http import Response

SCOPES = (
    "settings.currencies.read",
    "crm.objects.quotes.read",
    "crm.objects.quotes.write",
    "cpq.quotes.read",
    "cpq.quotes.write",
)
"""Any of them will do."""


def handle(call: Call, rest: tuple[str, ...]) -> Response | None:
    """GET company-currency, codes, exchange-rates, exchange-rates/current, exchange-rates/{id}; None: no such
    endpoint.
    """
    call.access.require(call.token, *SCOPES)
    rates = call.portal.rates
    if rest == ("company-currency",):
        return answer({"id": rates.currency, "createdAt": iso(BORN)})
    if rest == ("codes",):
        return answer({"results": [{"currencyCode": one, "currencyName": one} for one in rates.currencies]})
    if rest[:1] != ("exchange-rates",) or len(rest) > 2:
        return None
    shown = _rates(call)
    if len(rest) == 1:
        return _page(call, shown)
    if rest[1] == "current":
        now = iso(call.portal.now_ms())
        in_force = {one["fromCurrencyCode"]: one for one in shown if one["effectiveAt"] <= now}
        return answer({"results": list(in_force.values())})
    found = [one for one in shown if one["id"] == rest[1]]
    if not found:
        raise not_found()
    return answer(found[0])


def _rates(call: Call) -> list[Json]:
    shown = []
    for at, (currency, rate, start) in enumerate(call.portal.rates.dated):
        since = iso(start or 0)
        shown.append(
            {
                "id": str(70_001 + at),
                "fromCurrencyCode": currency,
                "toCurrencyCode": call.portal.rates.currency,
                "conversionRate": rate,
                "effectiveAt": since,
                "createdAt": since,
                "updatedAt": since,
                "visibleInUI": True,
            }
        )
    return shown


def _page(call: Call, shown: list[Json]) -> Response:
    for query, name in (("fromCurrencyCode", "fromCurrencyCode"), ("toCurrencyCode", "toCurrencyCode")):
        wanted = call.request.param(query)
        shown = [one for one in shown if wanted in (None, one[name])]
    limit = call.whole("limit", 100, 100)
    after = call.whole("after", 0, len(shown))
    page: Json = {"results": shown[after : after + limit]}
    if after + limit < len(shown):
        page["paging"] = call.paging(str(after + limit))
    return answer(page)
