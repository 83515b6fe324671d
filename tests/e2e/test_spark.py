"""One code for two engines: the same expressions give the same scores on DuckDB and on PySpark."""

from __future__ import annotations

import math
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from config.loading import load_model
from enrichment.fields import FIELDS
from sync.enrich import score_tables

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_duckdb_and_spark_agree(line, organisation, plain_scores, tmp_path, socket_enabled):
    pytest.importorskip("pyspark", reason="pyspark is not installed: run make check-all")
    files = line("files")
    model = load_model(files.settings)
    normalized = next(Path(plain_scores).parents[1].rglob("normalized"))

    folder = {
        engine: score_tables(
            normalized,
            tmp_path / f"out-{engine}",
            organisation.now,
            model,
            None,
            engine=engine,
            scratch=tmp_path / f"tmp-{engine}",
        )
        for engine in ("duckdb", "spark")
    }

    for stream in ("accounts", "opportunities"):
        expected, actual = (
            {row["id"]: row for row in pq.read_table(folder[engine] / f"{stream}.parquet").to_pylist()}
            for engine in ("duckdb", "spark")
        )
        assert set(expected) == set(actual)
        for identity, row in expected.items():
            for field in FIELDS:
                if field.stream != stream:
                    continue
                ours, theirs = row[field.name], actual[identity][field.name]
                near = (
                    isinstance(ours, float) and isinstance(theirs, float) and math.isclose(ours, theirs, abs_tol=1e-9)
                )
                assert near or ours == theirs, (identity, field.name, ours, theirs)
