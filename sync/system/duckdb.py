"""DuckDB as the stages use it: bounded memory, UTC, no network, SQL filled with quoted names only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from connectors.duckdb_memory import LEAN, roomy, within_memory
from connectors.stopping import interruptible
from sync.system import files as durable

if TYPE_CHECKING:
    import duckdb

QUIET = "SET enable_progress_bar = false"
"""Where Python takes itself for interactive DuckDB draws on stdout, which is for results only."""
_TYPES = {
    pa.int64(): "BIGINT",
    pa.string(): "VARCHAR",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.timestamp("us", tz="UTC"): "TIMESTAMPTZ",
}


class Session:
    """A connection that takes more memory only for a statement that needs it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.register, self.unregister = connection.register, connection.unregister

    def execute(self, statement: str, parameters: Sequence[object] | None = None) -> duckdb.DuckDBPyConnection:
        """Runs one statement. Raises duckdb.Error, and FatalError when the machine's memory is not enough for it."""
        return within_memory(self._connection, lambda: self._connection.execute(statement, parameters))


@contextmanager
def session(scratch: Path) -> Iterator[Session]:
    """A connection whose tables live in a file under `scratch`, removed at the end; larger than memory is fine."""
    import duckdb

    durable.make_dir(scratch)
    path = scratch / "duck.db"
    for left in scratch.glob("duck.db*"):
        if left.is_file():
            left.unlink()
    connection = duckdb.connect(str(path), config=settings(scratch, LEAN))
    try:
        connection.execute(QUIET)
        connection.execute("SET TimeZone = 'UTC'")
        with interruptible(connection), roomy(connection):
            yield Session(connection)
    finally:
        connection.close()
        path.unlink(missing_ok=True)


def settings(scratch: Path, memory: int) -> dict[str, str | bool | int | float | list[str]]:
    """Of a database of ours: so many bytes of memory at first, nothing fetched from the network."""
    return {
        "memory_limit": f"{memory}B",
        "temp_directory": str(scratch / "spill"),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }


def fill(text: str, **names: str) -> str:
    """SQL with each `@name` replaced by a quoted identifier (longest names first)."""
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(f"@{name}", identifier(names[name]))
    return text


def identifier(name: str) -> str:
    """A quoted SQL name."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A quoted SQL string."""
    return "'" + text.replace("'", "''") + "'"


def parquet(paths: Sequence[Path]) -> str:
    """A table function over Parquet files, in the order given."""
    return "read_parquet([" + ", ".join(literal(str(p)) for p in paths) + "])"


def write_parquet(connection: Session, path: Path, select: str, columns: pa.Schema, order: str) -> int:
    """Writes a query as Parquet with exactly these columns and types, sorted; returns the rows. Infinities become
    null.
    """
    parts = ", ".join(_cast(f) for f in columns)
    query = f"SELECT {parts} FROM ({select}) ORDER BY {order}"  # noqa: S608  our own queries and schemas
    rows = number(connection, f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet)")
    path.chmod(0o600)
    return rows


def number(connection: Session, query: str) -> int:
    """The one number that a query answers."""
    return int(connection.execute(query).fetchall()[0][0])


def load(connection: Session, name: str, table: pa.Table) -> None:
    """Makes a table of an Arrow table."""
    load_each(connection, name, [table])


def load_each(connection: Session, name: str, tables: Iterable[pa.Table]) -> None:
    """Makes a table of Arrow tables of one schema, at least one, which need not be in memory together."""
    statement = "CREATE OR REPLACE TABLE @name AS SELECT * FROM arrow_in"
    for table in tables:
        connection.register("arrow_in", table)
        connection.execute(fill(statement, name=name)).fetchall()
        connection.unregister("arrow_in")
        statement = "INSERT INTO @name SELECT * FROM arrow_in"


def _cast(column: pa.Field) -> str:
    name = identifier(column.name)
    if column.type == pa.float64():
        return f"CASE WHEN isfinite(CAST({name} AS DOUBLE)) THEN CAST({name} AS DOUBLE) END AS {name}"
    return f"CAST({name} AS {_TYPES[column.type]}) AS {name}"
