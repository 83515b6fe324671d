"""The engine gives the scoring little memory first, and more only when that was not enough."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from enrichment.inputs import INPUTS
from enrichment.model import ScoringModel
from sync import enrich as engine

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")  # of Ibis, not of ours


@pytest.mark.usefixtures("quick_scores")
def test_what_does_not_fit_is_scored_again_with_more_memory(tmp_path, monkeypatch):
    normalized = tmp_path / "normalized"
    normalized.mkdir()
    for name, schema in INPUTS.items():
        pq.write_table(schema.empty_table(), normalized / f"{name}.parquet")
    account = {"id": "A1", "account": 1, "name": "x"}
    rows = [{**dict.fromkeys(INPUTS["accounts"].names), **account}]
    pq.write_table(pa.Table.from_pylist(rows, INPUTS["accounts"]), normalized / "accounts.parquet")

    def run():
        return engine.score_tables(
            normalized, tmp_path / "scores", datetime(2026, 1, 1, tzinfo=UTC), ScoringModel(), None,
            engine="duckdb", scratch=tmp_path / "scratch",
        )  # fmt: skip

    monkeypatch.setattr(engine, "LEAN", 2**20)
    assert pq.read_table(run() / "accounts.parquet").column("id").to_pylist() == ["A1"]
