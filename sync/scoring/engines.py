"""The engines that run scoring statements: DuckDB in this process, or Spark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.duckdb_memory import LEAN, roomy, within_memory
from connectors.errors import ConfigError
from connectors.stopping import interruptible
from enrichment.parameters import AS_OF_SECONDS, AS_OF_TIME, whole_second
from sync.system.duckdb import QUIET, literal, settings

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import duckdb


_ROW_GROUP = 122_880
"""Rows of a row group as DuckDB writes and scans them."""

_WRITTEN = 16 * 2**20
"""Bytes of a row group that is written. Each thread holds one until it is full: of two hundred columns 122,880 rows
take so much memory that DuckDB moves them to disk and back, for five times the processor time of the query.
"""

_VECTOR = 2_048
"""Values that DuckDB works on at once. A thread has room for so many of every expression of a statement: about as many
bytes for each character of a long one. So many threads run a statement as the memory it starts with has room for.
"""

_FOR_MANY_ROWS = frozenset({"projection_pullup", "projection_placement", "common_subexpressions"})
"""Optimizers of DuckDB that take longer over our statements than a row group takes without them."""


class Compiler(Protocol):
    """Makes SQL of Ibis expressions over tables without rows."""

    def compile(self, table: Any) -> str: ...
    def empty(self, name: str, schema: pa.Schema) -> Any:
        """A table expression of that name and schema."""

    def without_rows(self, name: str, sql: str) -> Any:
        """A table expression of that name with the columns that the engine gives the stored result of a query."""


class Engine(Protocol):
    """Runs SQL over Parquet files into Parquet files."""

    def as_of(self, moment: datetime) -> None:
        """Defines what `AsOf.parameter` stands for."""

    def expect(self, rows: int) -> None:
        """Prepares for inputs of at most so many rows each."""

    def read(self, name: str, path: Path) -> None:
        """Gives a file, or a folder that `store` wrote, a name in SQL."""

    def store(self, sql: str, path: Path) -> None:
        """Computes a query into a Parquet file, or a folder of them, whatever memory that takes."""

    def store_in_order(self, sql: str, path: Path) -> None:
        """Computes a sorted query into one Parquet file."""

    def compiler(self) -> AbstractContextManager[Compiler]: ...


@contextmanager
def engine_named(name: str, scratch: Path, memory: int) -> Iterator[Engine]:
    """An engine that works under `scratch`. Raises ConfigError for one that is not there."""
    if name == "duckdb":
        import duckdb

        connection = duckdb.connect(str(scratch / "engine.duckdb"), config=settings(scratch, memory))
        try:
            with interruptible(connection), roomy(connection):
                yield DuckDB(connection)
        finally:
            connection.close()
    elif name == "spark":
        spark = Spark(scratch)
        try:
            with interruptible(spark):
                yield spark
        finally:
            spark.close()
    else:
        raise ConfigError(f"There is no engine {name!r}.", remedy="Choose duckdb or spark.")


class DuckDB:
    """Statements run in this process, each with more memory when it does not fit."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        for setting in (QUIET, "SET TimeZone = 'UTC'", "SET preserve_insertion_order = false"):
            connection.execute(setting)
        self._threads = int(connection.execute("SELECT current_setting('threads')").fetchall()[0][0])

    def as_of(self, moment: datetime) -> None:
        for name, (_, value) in definitions(moment, "duckdb").items():
            self._connection.execute(f"CREATE OR REPLACE TEMP MACRO {name}() AS {value}")

    def expect(self, rows: int) -> None:
        # A row group is read by one thread. What further threads prepare for the long statements is for nothing then,
        # and costs as much again.
        if rows <= _ROW_GROUP:
            self._threads = 1
            there = {name for (name,) in self._connection.execute("FROM duckdb_optimizers()").fetchall()}
            self._connection.execute(f"SET disabled_optimizers = '{','.join(sorted(_FOR_MANY_ROWS & there))}'")

    def read(self, name: str, path: Path) -> None:
        self._connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM read_parquet({literal(str(path))})"  # noqa: S608
        )

    def store(self, sql: str, path: Path) -> None:
        threads = max(1, min(self._threads, LEAN // (_VECTOR * len(sql))))
        self._connection.execute(f"SET threads = {threads}")
        copy = f"COPY ({sql}) TO {literal(str(path))} (FORMAT parquet, ROW_GROUP_SIZE_BYTES {_WRITTEN})"
        within_memory(self._connection, lambda: self._connection.execute(copy))

    store_in_order = store

    @contextmanager
    def compiler(self) -> Iterator[Compiler]:
        import duckdb
        import ibis

        with TemporaryDirectory() as folder, duckdb.connect() as connection:
            engine = DuckDB(connection)
            engine.as_of(datetime.fromisoformat("2000-01-01T00:00:00+00:00"))
            yield _DuckDBCompiler(engine, ibis.duckdb.from_connection(connection), Path(folder))


class _Compiler:
    """Compiles for an Ibis backend, and knows the columns of the tables that were made for it."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._columns: dict[str, tuple[str, ...]] = {}

    def compile(self, table: Any) -> str:
        from sqlglot import ErrorLevel

        from sync.scoring.simplify import simplified

        query = simplified(self._backend.compiler.to_sqlglot(table), self._columns)
        return query.sql(dialect=self._backend.dialect, copy=False, unsupported_level=ErrorLevel.RAISE)

    def table(self, name: str) -> Any:
        table = self._backend.table(name)
        self._columns[name] = table.columns
        return table


class _DuckDBCompiler(_Compiler):
    def __init__(self, engine: DuckDB, backend: Any, folder: Path) -> None:
        super().__init__(backend)
        self._engine, self._folder = engine, folder

    def empty(self, name: str, schema: pa.Schema) -> Any:
        pq.write_table(schema.empty_table(), self._folder / name)
        self._engine.read(name, self._folder / name)
        return self.table(name)

    def without_rows(self, name: str, sql: str) -> Any:
        # Through a file: Parquet has no type for some of DuckDB's, such as a sum of whole numbers.
        self._engine.store(f"SELECT * FROM ({sql}) LIMIT 0", self._folder / name)  # noqa: S608  our own SQL
        self._engine.read(name, self._folder / name)
        return self.table(name)


class Spark:
    """Statements run by a Spark session, the one there is or a new one. Nothing is collected on the driver."""

    def __init__(self, scratch: Path) -> None:
        try:
            from pyspark.sql import SparkSession
        except ImportError:
            raise ConfigError(
                "The engine spark needs the extra that brings PySpark.",
                remedy="Install bothways[spark] and Java 17 or later.",
            ) from None
        self._scratch = scratch
        self._session = (
            SparkSession.builder.appName("bothways")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
            .getOrCreate()
        )
        self._session.conf.set("spark.sql.session.timeZone", "UTC")
        # A step of a statement takes a pass of the analyzer; it gives up after 100.
        self._session.conf.set("spark.sql.analyzer.maxIterations", "1000")

    def as_of(self, moment: datetime) -> None:
        for name, (kind, value) in definitions(moment, "spark").items():
            self._session.sql(f"CREATE OR REPLACE TEMPORARY FUNCTION {name}() RETURNS {kind} RETURN {value}")

    def expect(self, rows: int) -> None:
        # Spark shuffles into 200 parts, or as many as its cluster is set up for, however little there is to shuffle.
        if rows <= _ROW_GROUP:
            self._session.conf.set("spark.sql.shuffle.partitions", "1")

    def read(self, name: str, path: Path) -> None:
        self._session.read.parquet(str(path)).createOrReplaceTempView(name)

    def store(self, sql: str, path: Path) -> None:
        self._session.sql(sql).write.mode("overwrite").parquet(str(path))

    def store_in_order(self, sql: str, path: Path) -> None:
        folder = self._scratch / f"out_{path.name}"
        self.store(sql, folder)
        parts = sorted(folder.glob("part-*.parquet"))
        with pq.ParquetWriter(path, pq.read_schema(parts[0])) as writer:
            for part in parts:
                writer.write_table(pq.read_table(part, partitioning=None))

    @contextmanager
    def compiler(self) -> Iterator[Compiler]:
        import ibis

        self.as_of(datetime.fromisoformat("2000-01-01T00:00:00+00:00"))
        yield _SparkCompiler(self._session, ibis.pyspark.connect(self._session), self._scratch)

    def interrupt(self) -> None:
        """Ends what Spark is at."""
        self._session.sparkContext.cancelAllJobs()

    def close(self) -> None:
        self._session.stop()


class _SparkCompiler(_Compiler):
    def __init__(self, session: Any, backend: Any, scratch: Path) -> None:
        super().__init__(backend)
        self._session, self._scratch = session, scratch

    def empty(self, name: str, schema: pa.Schema) -> Any:
        path = self._scratch / f"empty_{name}.parquet"
        pq.write_table(schema.empty_table(), path)
        self._session.read.parquet(str(path)).createOrReplaceTempView(name)
        return self.table(name)

    def without_rows(self, name: str, sql: str) -> Any:
        schema = self._session.sql(sql).schema
        self._session.createDataFrame([], schema).createOrReplaceTempView(name)
        return self.table(name)


def definitions(moment: datetime, engine: str) -> dict[str, tuple[str, str]]:
    """What `enrichment.as_of.AsOf.parameter` stands for: function name -> (SQL type, SQL value)."""
    moment = whole_second(moment)
    time = "TIMESTAMPTZ" if engine == "duckdb" else "TIMESTAMP"  # DuckDB's plain TIMESTAMP has no zone
    return {
        AS_OF_SECONDS: ("BIGINT", f"CAST({int(moment.timestamp())} AS BIGINT)"),
        AS_OF_TIME: (time, f"CAST('{moment:%Y-%m-%d %H:%M:%S}+00:00' AS {time})"),
    }
