"""Random organisations scored on DuckDB and on PySpark by the same expressions agree to 1e-9, audits included."""

from __future__ import annotations

import math
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

NUMBERS = (int, float, Decimal)
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def written(maker: Maker, folder: Path) -> Path:
    """The normalized tables of an organisation, and the stances of a run before, as the sync writes them."""
    for name, schema in INPUTS.items():
        (folder / "normalized").mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(maker.rows[name], schema=schema), folder / "normalized" / f"{name}.parquet")
    (folder / "before").mkdir()
    for name, column in (("accounts", "bothways_stance"), ("opportunities", "bothways_deal_stance")):
        told = [{"id": i, "stance": s} for i, s in maker.previous().get(name, {}).items()]
        table = pa.Table.from_pylist(told, schema=PREVIOUS).rename_columns(["id", column])
        pq.write_table(table, folder / "before" / f"{name}.parquet")
    return folder


def same(one: Any, other: Any) -> bool:
    if isinstance(one, NUMBERS) and isinstance(other, NUMBERS):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)


@pytest.mark.parametrize(("seed", "variant"), [(3, False), (6, True)])
def test_random_organisations_on_both_engines(organisation, tmp_path, socket_enabled, seed, variant):
    pytest.importorskip("pyspark", reason="pyspark is not installed: run make check-all")
    model = organisation.VARIANT if variant else ScoringModel()
    folder = written(Maker(seed, organisation.AS_OF, accounts=40), tmp_path)
    found = {}
    for engine in ("duckdb", "spark"):
        out = score_tables(
            folder / "normalized",
            tmp_path / engine,
            organisation.AS_OF,
            model,
            folder / "before",
            engine=engine,
            scratch=tmp_path / f"scratch-{engine}",
        )
        found[engine] = {name: pq.read_table(out / f"{name}.parquet").to_pylist() for name in OUTPUTS}
    different = []
    for name in OUTPUTS:
        ours, theirs = found["duckdb"][name], found["spark"][name]
        assert [row["id"] for row in ours] == [row["id"] for row in theirs]
        assert len(ours) >= 30
        for one, other in zip(ours, theirs, strict=True):
            different += [(name, one["id"], key, one[key], other[key]) for key in one if not same(one[key], other[key])]
    assert different == []
