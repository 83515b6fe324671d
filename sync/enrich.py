"""Scores normalized Parquet files into score files, by compiled statements on DuckDB or Spark."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.duckdb_memory import LEAN
from enrichment.inputs import INPUTS, PREVIOUS
from enrichment.model import ScoringModel
from sync.scoring.engines import Engine, engine_named
from sync.scoring.statements import OUTPUTS, Statements, statements_for
from sync.system import checksums
from sync.system import files as durable

__all__ = ["OUTPUTS", "score_tables"]
_STANCE = {"accounts": "bothways_stance", "opportunities": "bothways_deal_stance"}
_VERSION = {"accounts": "bothways_model_version", "opportunities": "bothways_deal_model_version"}


def score_tables(
    normalized: Path,
    out: Path,
    as_of: datetime,
    model: ScoringModel,
    previous: Path | None,
    *,
    engine: str,
    scratch: Path,
) -> Path:
    """Scores the normalized tables as of a moment into `out/<table>.parquet`; returns `out`, which is whole or not
    there.

    `previous` is, for hysteresis, the score folder of the run before, or the normalized folder with what the CRM holds
    where nothing is kept between runs. Raises ConfigError for an engine that is not there.
    """
    fresh = out.with_name(f".{out.name}.tmp")
    for folder in (fresh, scratch):
        shutil.rmtree(folder, ignore_errors=True)
        durable.make_dir(folder)
    with engine_named(engine, scratch, LEAN) as run:
        statements = _statements(run, engine, model, normalized.parent)
        run.as_of(as_of)
        run.expect(max(pq.read_metadata(normalized / f"{name}.parquet").num_rows for name in INPUTS))
        for name in INPUTS:
            run.read(f"in_{name}", normalized / f"{name}.parquet")
        for name in _STANCE:
            run.read(f"previous_{name}", _previous(previous, name, scratch))
        for name, sql in statements.stages:
            path = scratch / f"stage_{name}.parquet"
            run.store(sql, path)
            run.read(f"stage_{name}", path)
        for name, sql in statements.outputs:
            run.store_in_order(sql, fresh / f"{name}.parquet")
    shutil.rmtree(scratch, ignore_errors=True)
    durable.make_dir(out.parent)
    checksums.seal_folder(fresh)
    durable.flush(fresh)  # the next run compares with these scores, and could not go on with half of one
    durable.replace_dir(fresh, out)
    return out


def _statements(run: Engine, engine: str, model: ScoringModel, workspace: Path) -> Statements:
    def compiled() -> Statements:
        from sync.scoring.compile import compile_statements

        return compile_statements(run, model)

    return statements_for(engine, model, compiled, workspace)


def _previous(folder: Path | None, stream: str, scratch: Path) -> Path:
    """A Parquet file of `enrichment.inputs.PREVIOUS`, empty when there was no run before."""
    path = scratch / f"previous_{stream}.parquet"
    table = PREVIOUS.empty_table()
    names = (f"held_{stream}.parquet", f"{stream}.parquet") if folder is not None else ()
    source = next((folder / name for name in names if folder is not None and (folder / name).exists()), None)
    if source is not None and _STANCE[stream] in (there := pq.read_schema(source).names):
        version = _VERSION[stream]
        stances = pq.read_table(source, columns=[n for n in ("id", _STANCE[stream], version) if n in there])
        ours = {"id": "id", _STANCE[stream]: "stance", version: "model_version"}
        stances = stances.rename_columns([ours[n] for n in stances.column_names])
        table = _shaped(stances, folder, stream)
    pq.write_table(table, path)
    return path


def _shaped(found: pa.Table, folder: Path | None, stream: str) -> pa.Table:
    """`found` with the columns of PREVIOUS; what the audit beside the scores says of silence is added."""
    audit = None if folder is None or stream != "accounts" else folder / "account_audit.parquet"
    if audit is not None and audit.exists() and "silence_known" in pq.read_schema(audit).names:
        found = found.join(pq.read_table(audit, columns=["id", "silence_known"]), "id")
    for column in PREVIOUS:
        if column.name not in found.column_names:
            found = found.append_column(column, pa.nulls(len(found), column.type))
    return found.select(PREVIOUS.names).cast(PREVIOUS)
