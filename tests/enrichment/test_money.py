"""Money in other currencies: which rate holds for what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import ibis
import pyarrow as pa
import pytest

from enrichment.as_of import AsOf
from enrichment.commerce import deals as commerce
from enrichment.inputs import INPUTS
from enrichment.model import ScoringModel

Rate = tuple[str, float, datetime | None, datetime | None]
AT = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
JPY_ORG: list[Rate] = [("JPY", 1.0, None, None), ("USD", 150.0, None, None)]


@pytest.fixture(scope="module")
def factor() -> Callable[..., Any]:
    """Corporate units for one unit of a currency, by the dated rates or by the standing ones."""
    engine, model = ibis.duckdb.connect(), ScoringModel()

    def converted(currency: str | None, rates: list[Rate], *, standing: bool) -> Any:
        rows = [dict(zip(("currency", "rate", "start_at", "end_at"), rate, strict=True)) for rate in rates]
        table = ibis.memtable(pa.Table.from_pylist(rows, schema=INPUTS["currency_rates"]))
        money = ibis.memtable(pa.table({"currency": pa.array([currency], pa.string())}))
        known = (commerce.standing_rates if standing else commerce.rates)({"currency_rates": table})
        made = commerce.converted(money, known, ibis.literal(AT, "int64"), model)
        return engine.to_pyarrow(made).column("factor").to_pylist()[0]

    return converted


@pytest.mark.parametrize("standing", [True, False])
def test_the_crms_own_corporate_currency_counts_not_the_one_of_the_settings(factor, standing: bool) -> None:
    """Object Reference, CurrencyType: rates are counted in the corporate currency (IsCorporate). In an organisation of
    yen, where a dollar is worth 150, settings that say nothing (the model's default is USD) made one of it.
    """
    assert factor("USD", JPY_ORG, standing=standing) == 150.0
    assert factor("JPY", JPY_ORG, standing=standing) == 1.0
    assert (
        100_000 * factor("USD", JPY_ORG, standing=standing) + 1_500 * factor("JPY", JPY_ORG, standing=standing)
        == 15_001_500
    )


def test_without_rates_the_own_currency_is_one_and_others_are_unknown(factor) -> None:
    assert factor(None, [], standing=False) == factor("USD", [], standing=True) == 1.0
    assert factor("GBP", [], standing=False) is None


def test_dated_rates_are_for_deals_and_the_static_one_for_everything_else(factor) -> None:
    """SOQL guide, "Querying Currency Fields in Multicurrency Orgs": dated rates are used for opportunities, their lines
    and history.
    """
    rates: list[Rate] = [
        ("EUR", 1.30, None, None),
        ("EUR", 1.10, datetime(2025, 1, 1, tzinfo=UTC), NEW_YEAR),
        ("EUR", 1.20, NEW_YEAR, None),
        ("GBP", 1.50, NEW_YEAR, None),
    ]
    assert factor("EUR", rates, standing=False) == 1.20
    assert factor("EUR", rates, standing=True) == 1.30
    assert factor("GBP", rates, standing=True) == 1.50, "a currency that has dated rates only"


def test_who_bought_for_nobody_knows_how_much_is_no_customer_worth_nothing() -> None:
    """A won deal without a date or an amount: what such a family means to our revenue is unknown, unless it has a
    pipeline.
    """

    def shares(*members: tuple[float | None, float]) -> tuple[float | None, float | None]:
        rows = [{"family": 2, "revenue": Decimal(1000), "pipeline": Decimal(50), "first_win": 1}]
        rows += [
            {"family": 1, "revenue": r if r is None else Decimal(r), "pipeline": Decimal(p), "first_win": 1}
            for r, p in members
        ]
        money = pa.decimal128(38, 4)
        kinds = [("family", pa.int64()), ("revenue", money), ("pipeline", money), ("first_win", pa.int64())]
        kinds += [("year_seller", pa.float64()), ("year_customer", pa.float64()), ("strategic_customer", pa.bool_())]
        table = ibis.memtable(pa.Table.from_pylist(rows, schema=pa.schema(kinds)))
        as_of = AsOf.at(datetime(2026, 6, 1, tzinfo=UTC))
        found = ibis.duckdb.connect().to_pyarrow(commerce.families(table, as_of)).to_pylist()
        return next((r["revenue_share"], r["pipeline_share"]) for r in found if r["family"] == 1)

    assert shares((None, 0)) == (None, None)
    assert shares((None, 0), (0, 0)) == (None, None)  # a sister that never bought changes nothing
    assert shares((None, 50)) == (None, 0.5)
    assert shares((None, 0), (1000, 0)) == (0.5, 0.0)
    assert shares((0, 0)) == (0.0, 0.0)
