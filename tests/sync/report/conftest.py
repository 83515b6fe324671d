from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.records import TIME

AS_OF = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("name", pa.string()),
        ("bothways_stance", pa.string()),
        ("bothways_customer_dependence", pa.float64()),
        ("bothways_seller_dependence", pa.float64()),
        ("bothways_reciprocity_balance", pa.float64()),
        ("bothways_reclaimable_hours", pa.float64()),
        ("bothways_seller_effort_hours", pa.float64()),
        ("bothways_customer_effort_hours", pa.float64()),
        ("bothways_confidence", pa.float64()),
        ("bothways_coverage", pa.float64()),
        ("bothways_top_drivers", pa.string()),
        ("bothways_asof", TIME),
        ("bothways_model_version", pa.string()),
    ]
)


def account(identity: str, **values: Any) -> dict[str, Any]:
    """A scored account; what is not given is unknown."""
    row: dict[str, Any] = dict.fromkeys(SCHEMA.names)
    row |= {
        "id": identity,
        "name": f"Account {identity}",
        "bothways_stance": "insufficient_evidence",
        "bothways_asof": AS_OF,
        "bothways_model_version": "1.0.0+test",
    }
    return row | {f"bothways_{key}" if f"bothways_{key}" in row else key: value for key, value in values.items()}


@pytest.fixture
def make_account() -> Callable[..., dict[str, Any]]:
    return account


@pytest.fixture
def score_folder(tmp_path: Path) -> Callable[..., Path]:
    """Writes a score folder as a run does, of the rows given."""

    def make(name: str, rows: list[dict[str, Any]]) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), folder / "accounts.parquet")
        return folder

    return make


DEAL_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("name", pa.string()),
        ("account_id", pa.string()),
        ("bothways_deal_stance", pa.string()),
        ("bothways_deal_customer_dependence", pa.float64()),
        ("bothways_deal_reciprocity_balance", pa.float64()),
        ("bothways_deal_days_since_customer_act", pa.int64()),
        ("bothways_deal_confidence", pa.float64()),
    ]
)


@pytest.fixture
def add_deals() -> Callable[..., None]:
    """Adds scored deals to a score folder."""

    def add(folder: Path, rows: list[dict[str, Any]]) -> None:
        whole = [dict.fromkeys(DEAL_SCHEMA.names) | row for row in rows]
        pq.write_table(pa.Table.from_pylist(whole, schema=DEAL_SCHEMA), folder / "opportunities.parquet")

    return add


@pytest.fixture
def add_audit() -> Callable[..., None]:
    """Adds the audit of accounts to a score folder."""

    def add(folder: Path, rows: list[dict[str, Any]]) -> None:
        pq.write_table(pa.Table.from_pylist(rows), folder / "account_audit.parquet")

    return add
