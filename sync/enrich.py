"""Runs the scoring expressions: Ibis on DuckDB, or the same on Spark, over normalized Parquet, into score files."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.duckdb_memory import LEAN, within_memory
from connectors.errors import ConfigError
from connectors.stopping import interruptible
from enrichment.inputs import INPUTS, PREVIOUS
from enrichment.model import ScoringModel
from sync.system import checksums
from sync.system import files as durable
from sync.system.duckdb import QUIET, settings

if TYPE_CHECKING:
    from enrichment.as_of import AsOf

Table = Any
"""An Ibis table expression."""

OUTPUTS = ("accounts", "opportunities", "account_audit", "opportunity_audit")
_ACT = 150
"""Bytes that adding up takes for each act, about: to find that out by failing takes as long as the scoring."""
_STANCE = {"accounts": "bothways_stance", "opportunities": "bothways_deal_stance"}
_VERSION = {"accounts": "bothways_model_version", "opportunities": "bothways_deal_model_version"}


class Scored(Protocol):
    """What a scorer gives back: four tables; see `enrichment.score.Scores`."""

    @property
    def accounts(self) -> Table: ...
    @property
    def opportunities(self) -> Table: ...
    @property
    def account_audit(self) -> Table: ...
    @property
    def opportunity_audit(self) -> Table: ...


class Scorer(Protocol):
    """The signature of `enrichment.score.score`."""

    def __call__(
        self,
        tables: Mapping[str, Table],
        as_of: AsOf,
        model: ScoringModel,
        previous: Mapping[str, Table] | None = None,
        *,
        stage: Callable[[str, Table], Table],
    ) -> Scored: ...


def score_tables(
    normalized: Path,
    out: Path,
    as_of: datetime,
    model: ScoringModel,
    previous: Path | None,
    *,
    engine: str,
    scratch: Path,
    scorer: Scorer | None = None,
) -> Path:
    """Scores the normalized tables as of a moment into `out/<table>.parquet`; returns `out`, which is whole or not there.

    `previous` is, for hysteresis, the score folder of the run before, or the normalized folder with what the CRM holds where
    nothing is kept between runs. Raises ConfigError for an engine that is not there.
    """
    from enrichment.as_of import AsOf

    if scorer is None:
        from enrichment.score import score

        scorer = score
    fresh = out.with_name(f".{out.name}.tmp")
    for folder in (fresh, scratch):
        shutil.rmtree(folder, ignore_errors=True)
        durable.make_dir(folder)
    acts = pq.read_metadata(normalized / "activities.parquet").num_rows
    with _no_collector() as collect, _backend(engine, scratch, max(LEAN, acts * _ACT)) as backend:

        def stage(name: str, table: Table) -> Table:
            # Stored between, so that what two results share is computed once.
            path = scratch / f"stage_{name}.parquet"
            _store(backend, table, path)
            collect()
            return backend.read_parquet(path, table_name=f"stage_{name}")

        tables = {n: backend.read_parquet(normalized / f"{n}.parquet", table_name=f"in_{n}") for n in INPUTS}
        before = {n: backend.read_parquet(_previous(previous, n, scratch), table_name=f"previous_{n}") for n in _STANCE}
        scores = scorer(tables, AsOf.at(as_of), model, before, stage=stage)
        for name in OUTPUTS:
            _one_file(backend, getattr(scores, name).order_by("id"), fresh / f"{name}.parquet", scratch)
            collect()
    shutil.rmtree(scratch, ignore_errors=True)
    durable.make_dir(out.parent)
    checksums.seal_folder(fresh)
    durable.flush(fresh)  # the next run compares with these scores, and could not go on with half of one
    durable.replace_dir(fresh, out)
    return out


def _store(backend: Table, table: Table, path: Path) -> None:
    """Computes a table into a Parquet file, or a folder of them, whatever memory that takes."""
    if backend.name == "duckdb":
        within_memory(backend.con, lambda: backend.to_parquet(table, path))
    else:
        backend.to_parquet(table, path)


def _one_file(backend: Table, table: Table, path: Path, scratch: Path) -> None:
    """Writes a table as one Parquet file; Spark writes folders of parts, which are put together in their order."""
    if backend.name == "duckdb":
        _store(backend, table, path)
        return
    folder = scratch / f"out_{path.name}"
    backend.to_parquet(table, folder)
    written = sorted(folder.glob("part-*.parquet"))
    with pq.ParquetWriter(path, pq.read_schema(written[0])) as writer:
        for part in written:
            writer.write_table(pq.read_table(part, partitioning=None))


def _previous(folder: Path | None, stream: str, scratch: Path) -> Path:
    """A Parquet file of `enrichment.inputs.PREVIOUS`, empty when there was no run before."""
    path = scratch / f"previous_{stream}.parquet"
    table = PREVIOUS.empty_table()
    names = (f"held_{stream}.parquet", f"{stream}.parquet") if folder is not None else ()
    source = next((folder / name for name in names if folder is not None and (folder / name).exists()), None)
    if source is not None and _STANCE[stream] in (there := pq.read_schema(source).names):
        version = _VERSION[stream]
        found = pq.read_table(source, columns=[n for n in ("id", _STANCE[stream], version) if n in there])
        ours = {"id": "id", _STANCE[stream]: "stance", version: "model_version"}
        found = found.rename_columns([ours[n] for n in found.column_names])
        table = _shaped(found, folder, stream)
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


@contextmanager
def _no_collector() -> Iterator[Callable[[], object]]:
    """Compiling an expression makes a hundred thousand small values that live until it is computed; to look for cycles all the
    while took a quarter of the time. Gives a function that takes away what is left of it, and looks at nothing older."""
    was = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield gc.collect
    finally:
        gc.unfreeze()
        gc.collect()  # of what was made before: the collections above have put off those that come by themselves
        if was:
            gc.enable()


@contextmanager
def _backend(engine: str, scratch: Path, memory: int) -> Iterator[Table]:
    if engine == "duckdb":
        import ibis

        backend = ibis.duckdb.connect(str(scratch / "engine.duckdb"), **settings(scratch, memory))
        backend.raw_sql(QUIET).fetchall()
        backend.raw_sql("SET TimeZone = 'UTC'").fetchall()
    elif engine == "spark":
        backend = _spark()
    else:
        raise ConfigError(f"There is no engine {engine!r}.", remedy="Choose duckdb or spark.")
    try:
        with interruptible(backend.con if engine == "duckdb" else _SparkJobs(backend)):
            yield backend
    finally:
        backend.disconnect()


class _SparkJobs:
    """Ends what Spark is at."""

    def __init__(self, backend: Table) -> None:
        self._backend = backend

    def interrupt(self) -> None:
        self._backend._session.sparkContext.cancelAllJobs()  # noqa: SLF001  ibis shows it nowhere else


def _spark() -> Table:
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise ConfigError(
            "The engine spark needs the extra that brings PySpark.",
            remedy="Install bothways[spark] and Java 17 or later.",
        ) from None
    import ibis

    session = (
        SparkSession.builder.appName("bothways")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
        .getOrCreate()
    )
    return ibis.pyspark.connect(session)
