"""Random organisations scored on DuckDB and on PySpark by the same expressions agree to 1e-9, audits included."""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from oracle.randomly import Maker

from enrichment.inputs import INPUTS, PREVIOUS
from enrichment.model import ScoringModel
from sync.enrich import OUTPUTS, score_tables
from sync.scoring import engines

NUMBERS = (int, float, Decimal)
pytestmark = pytest.mark.filterwarnings("ignore")


def written(maker: Maker, folder: Path) -> Path:
    """The normalized tables of an organisation, and the stances of a run before, as the sync writes them."""
    for name, schema in INPUTS.items():
        (folder / "normalized").mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(maker.rows[name], schema=schema), folder / "normalized" / f"{name}.parquet")
    (folder / "before").mkdir()
    for name, column in (("accounts", "bothways_stance"), ("opportunities", "bothways_deal_stance")):
        told = [{"id": i, **last} for i, last in maker.previous().get(name, {}).items()]
        table = pa.Table.from_pylist(told, schema=PREVIOUS).select(["id", "stance"]).rename_columns(["id", column])
        pq.write_table(table, folder / "before" / f"{name}.parquet")
    return folder


def same(one: Any, other: Any) -> bool:
    if isinstance(one, NUMBERS) and isinstance(other, NUMBERS):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)


def scored(folder: Path, engine: str, model: ScoringModel, as_of: datetime) -> dict[str, list[dict[str, Any]]]:
    out = score_tables(
        folder / "normalized",
        folder / engine,
        as_of,
        model,
        folder / "before",
        engine=engine,
        scratch=folder / "scratch",
    )
    return {name: pq.read_table(out / f"{name}.parquet").to_pylist() for name in OUTPUTS}


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "variant"), [(3, False), (6, True)])
def test_random_organisations_on_both_engines(organisation, tmp_path, socket_enabled, seed, variant):
    pytest.importorskip("pyspark", reason="pyspark is not installed: run make check-all")
    model = organisation.VARIANT if variant else ScoringModel()
    folder = written(Maker(seed, organisation.AS_OF, accounts=40), tmp_path)
    by_engine = {engine: scored(folder, engine, model, organisation.AS_OF) for engine in ("duckdb", "spark")}
    different = []
    for name in OUTPUTS:
        ours, theirs = by_engine["duckdb"][name], by_engine["spark"][name]
        assert [row["id"] for row in ours] == [row["id"] for row in theirs]
        assert len(ours) >= 30
        for one, other in zip(ours, theirs, strict=True):
            different += [(name, one["id"], key, one[key], other[key]) for key in one if not same(one[key], other[key])]
    assert different == []


def test_what_duckdb_is_spared_for_few_rows_changes_no_byte(organisation, tmp_path, monkeypatch):
    folder = written(Maker(9, organisation.AS_OF, accounts=40), tmp_path)
    few = scored(folder, "duckdb", ScoringModel(), organisation.AS_OF)
    monkeypatch.setattr(engines, "_ROW_GROUP", -1)
    many = scored(folder, "duckdb", ScoringModel(), organisation.AS_OF)
    assert few == many
    assert len(few["accounts"]) >= 30
