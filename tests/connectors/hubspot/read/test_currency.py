"""Exchange rates: dated spans from the account's settings, or the company currency alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Organisation
from connectors.emulator.hubspot.api.money import SCOPES
from connectors.hubspot.read.settings_streams import dated

ENDPOINT = "GET currencies/exchange-rates"


def rate(currency: str = "USD", worth: Any = 0.8, since: str = "2026-01-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    told = {"id": f"{currency}{since}", "fromCurrencyCode": currency, "toCurrencyCode": "EUR", "conversionRate": worth}
    return {**told, "effectiveAt": since, "updatedAt": since, **more}


def day(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_rates_are_read_as_the_organisation_has_them(portal: Any, use: Any, version: str) -> None:
    one = portal(accounts=0)
    got = use.rows(use.read(one.connect(api_version=version), "currency_rates")).values()
    want = one.organisation.tables["currency_rates"].to_pylist()
    columns = ("currency", "rate", "start_at", "end_at")
    spans = sorted(tuple(row[c] for c in columns) for row in got if row["currency"] != "EUR")
    assert spans == sorted(tuple(row[c] for c in columns) for row in want)
    assert [(row["rate"], row["start_at"], row["end_at"]) for row in got if row["currency"] == "EUR"] == [
        (1.0, None, None)
    ]


def test_rates_are_asked_for_once_a_day(portal: Any, use: Any) -> None:
    one = portal(accounts=0)
    connector = one.connect()
    first = use.read(connector, "currency_rates")
    again = use.read(connector, "currency_rates", first[-1].cursor)
    assert use.rows(again) == {}
    assert one.calls[ENDPOINT] == 1
    yesterday = {**orjson.loads(again[-1].cursor)}
    yesterday["swept"] -= 90_000_000
    assert use.rows(use.read(connector, "currency_rates", orjson.dumps(yesterday).decode())) == use.rows(first)
    assert one.calls[ENDPOINT] == 2


def test_without_the_scope_there_is_the_company_currency_and_a_warning(portal: Any, use: Any) -> None:
    one = portal(accounts=0)
    one.app.behaviours.scopes[one.app.token] = one.app.access.scopes(one.app.token) - set(SCOPES)
    connector = one.connect()
    assert [row["currency"] for row in use.rows(use.read(connector, "currency_rates")).values()] == ["EUR"]
    told = [f for f in connector.check().findings if "exchange rates" in f.message]
    assert [(f.level, f.topic) for f in told] == [("warn", "scopes")]
    assert "settings.currencies.read" in told[0].remedy


def test_a_portal_without_such_settings_has_its_own_currency(portal: Any, use: Any) -> None:
    one = portal(accounts=0)
    one.fault(match={"path": "/exchange-rates"}, kind="status", status=404, times=None)
    assert [row["currency"] for row in use.rows(use.read(one.connect(), "currency_rates")).values()] == ["EUR"]


@pytest.mark.parametrize("corporate", ["CHF", "USD", None])
def test_the_portals_own_currency_is_the_corporate_one_whatever_the_settings_call_it(
    portal: Any, use: Any, corporate: str | None
) -> None:
    """The settings as `init` writes them name another currency, or none: amounts still convert (Salesforce's S1
    here).
    """
    one = portal(accounts=0)
    expected = use.rows(use.read(one.connect(), "currency_rates"))
    connector = one.connect(organisation=Organisation((), corporate))
    assert use.rows(use.read(connector, "currency_rates")) == expected
    assert expected["EUR"]["rate"] == 1.0


def test_more_rates_than_a_page(portal: Any, use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.hubspot.read.fetch.LIST_PAGE", 3)
    one = portal(accounts=0)
    got = use.rows(use.read(one.connect(), "currency_rates"))
    assert len(got) == one.organisation.tables["currency_rates"].num_rows + 1
    assert one.calls[ENDPOINT] == 3


def test_of_two_rates_from_one_instant_the_last_changed_counts() -> None:
    old, new = rate(worth=0.8), rate(worth=0.9, id="x", updatedAt="2026-05-01T00:00:00Z")
    rows, rejects = dated([new, old], "EUR")
    assert [row["rate"] for row in rows] == [0.9]
    assert rejects == []


def test_rates_into_a_former_company_currency_are_not_ours() -> None:
    assert dated([rate(toCurrencyCode="GBP"), rate("EUR", 1.0)], "EUR") == ([], [])


@pytest.mark.parametrize(
    "bad", [rate(worth=0), rate(worth="much"), rate(worth=None), rate(since="soon"), rate(worth=-1)]
)
def test_a_rate_that_cannot_be_is_a_reject(bad: dict[str, Any]) -> None:
    rows, rejects = dated([bad, rate("GBP", 1.25)], "EUR")
    assert [row["currency"] for row in rows] == ["GBP"]
    assert [reject.record_id for reject in rejects] == [bad["id"]]


@given(st.lists(st.tuples(st.sampled_from(["USD", "GBP", "CHF"]), st.integers(1, 31)), unique=True), st.randoms())
def test_spans_of_a_currency_follow_each_other_without_gap_or_overlap(
    points: list[tuple[str, int]], chance: Any
) -> None:
    rates = [rate(currency, 0.5 + number, f"2026-01-{number:02d}T00:00:00Z") for currency, number in points]
    chance.shuffle(rates)
    rows, rejects = dated(rates, "EUR")
    assert rejects == []
    for currency in {c for c, _ in points}:
        numbers = sorted(n for c, n in points if c == currency)
        spans = [(row["start_at"], row["end_at"], row["rate"]) for row in rows if row["currency"] == currency]
        assert spans == [
            (day(n), day(following) if following else None, 0.5 + n)
            for n, following in zip(numbers, [*numbers[1:], None], strict=True)
        ]


@pytest.mark.parametrize(("corporate", "level"), [(None, "ok"), ("EUR", "ok"), ("CHF", "warn")])
def test_check_names_the_corporate_currency_and_where_it_came_from(
    portal: Any, corporate: str | None, level: str
) -> None:
    one = portal(accounts=0)
    told = [f for f in one.connect(organisation=Organisation((), corporate)).check().findings if f.topic == "money"]
    assert [(f.level, "EUR" in f.message, "the portal" in f.message) for f in told] == [(level, True, True)]
