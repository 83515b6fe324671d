"""DuckDB as the stages use it: bounded memory, UTC, no network, SQL filled with quoted names only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from sync import durable

if TYPE_CHECKING:
    import duckdb

LEAN, AMPLE = "500MB", "1500MB"
"""What the database may take at first, and when that was not enough: what is larger goes to disk, but not everything can."""

_TYPES = {
    pa.int64(): "BIGINT",
    pa.string(): "VARCHAR",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.timestamp("us", tz="UTC"): "TIMESTAMPTZ",
}


@contextmanager
def session(scratch: Path, *, memory: str = AMPLE) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose tables live in a file under `scratch`, removed at the end; larger than memory is fine."""
    import duckdb

    durable.make_dir(scratch)
    path = scratch / "duck.db"
    for left in scratch.glob("duck.db*"):
        if left.is_file():
            left.unlink()
    settings = {
        "memory_limit": memory,
        "temp_directory": str(scratch / "spill"),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    connection = duckdb.connect(str(path), config=settings)
    try:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()
        path.unlink(missing_ok=True)


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


def write_parquet(
    connection: duckdb.DuckDBPyConnection, path: Path, select: str, columns: pa.Schema, order: str
) -> int:
    """Writes a query as Parquet with exactly these columns and types, sorted; returns the rows. Infinities become null."""
    parts = ", ".join(_cast(f) for f in columns)
    query = f"SELECT {parts} FROM ({select}) ORDER BY {order}"  # noqa: S608  our own queries and schemas
    rows = number(connection, f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet)")
    path.chmod(0o600)
    return rows


def number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """The one number that a query answers."""
    return int(connection.execute(query).fetchall()[0][0])


def load(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """Makes a table of an Arrow table."""
    connection.register("arrow_in", table)
    connection.execute(fill("CREATE OR REPLACE TABLE @name AS SELECT * FROM arrow_in", name=name)).fetchall()
    connection.unregister("arrow_in")


def _cast(column: pa.Field) -> str:
    name = identifier(column.name)
    if column.type == pa.float64():
        return f"CASE WHEN isfinite(CAST({name} AS DOUBLE)) THEN CAST({name} AS DOUBLE) END AS {name}"
    return f"CAST({name} AS {_TYPES[column.type]}) AS {name}"
