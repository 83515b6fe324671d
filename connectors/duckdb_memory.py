"""An embedded DuckDB that starts with little memory and is given more only for what does not fit: the rest goes to disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from connectors import stopping
from connectors.errors import FatalError

if TYPE_CHECKING:
    import duckdb

Result = TypeVar("Result")
LEAN = 200 * 2**20
"""Bytes that a database may take at first. Not everything can go to disk, so larger organisations need more."""


def within_memory(connection: duckdb.DuckDBPyConnection, work: Callable[[], Result]) -> Result:
    """What `work` gives, done again with twice the memory as often as it does not fit. It must be repeatable.

    Raises Stopping when the process is asked to stop, FatalError when it does not fit in what DuckDB takes by itself, four fifths of what the machine or container has.
    """
    import duckdb

    while True:
        stopping.go_on_computing()
        try:
            with stopping.interruptible(connection):
                return work()
        except duckdb.OutOfMemoryException as error:
            if not _roomier(connection):
                raise FatalError(
                    f"There is not enough memory or temporary disk space: {str(error).splitlines()[0]}.",
                    remedy="Run it on a machine, or in a container, with more.",
                ) from None


def _roomier(connection: duckdb.DuckDBPyConnection) -> bool:
    import duckdb

    with duckdb.connect() as untouched:
        most = _limit(untouched)
    now = _limit(connection)
    if now > 0.9 * most:  # DuckDB tells both rounded
        return False
    connection.execute(f"SET memory_limit = '{min(2 * now, most)}B'")
    return True


def _limit(connection: duckdb.DuckDBPyConnection) -> int:
    found = connection.execute("SELECT parse_formatted_bytes(current_setting('memory_limit'))").fetchall()
    return int(found[0][0])
