"""An embedded DuckDB that starts with little memory and is given more when a statement spills or does not fit.

DuckDB goes to disk rather than fail, and one that sorts on disk takes several times as long: nothing in it raises a
limit that is merely too low. So a thread looks at its temporary files while statements run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from connectors import stopping
from connectors.errors import FatalError

if TYPE_CHECKING:
    import duckdb

Result = TypeVar("Result")
LEAN = 400 * 2**20
"""Bytes that a database may take at first."""
AMPLE = 600 * 2**20
"""Bytes up to which spilling alone raises the limit; beyond it only what fails does."""
_EVERY = 0.1
"""Seconds between two looks at the temporary files."""
_SPILL = 16 * 2**20
"""Bytes on disk that are worth more memory."""


def within_memory(connection: duckdb.DuckDBPyConnection, work: Callable[[], Result]) -> Result:
    """What `work` gives, done again with twice the memory as often as it does not fit. It must be repeatable.

    Raises Stopping when the process is asked to stop, FatalError when it does not fit in what DuckDB takes by itself,
    four fifths of what the machine or container has.
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


@contextmanager
def roomy(connection: duckdb.DuckDBPyConnection, ample: int = AMPLE) -> Iterator[None]:
    """Within it, the memory limit is doubled while statements spill, up to `ample` or what DuckDB would take by
    itself.
    """
    import duckdb

    ended = threading.Event()
    beside = connection.cursor()  # the same database, usable while a statement runs
    most = min(ample, _most())

    def watch() -> None:
        answered = 0
        while not ended.wait(_EVERY):
            try:
                answered = answer_spill(beside, most, answered)
            except duckdb.Error:  # it only helps; the statement itself says what is wrong
                return

    watcher = threading.Thread(target=watch, name="duckdb-memory", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
        beside.close()


def answer_spill(connection: duckdb.DuckDBPyConnection, most: int, answered: int) -> int:
    """Doubles the memory limit, to at most `most`, when more bytes are on disk than were answered; the bytes answered
    now.
    """
    query = "SELECT coalesce(sum(size), 0) FROM duckdb_temporary_files()"
    spilled, now = int(connection.execute(query).fetchall()[0][0]), _limit(connection)
    if spilled - answered <= _SPILL or now > 0.9 * most:
        return answered
    connection.execute(f"SET memory_limit = '{min(2 * now, most)}B'")
    return spilled


def _most() -> int:
    """Bytes that DuckDB takes by itself: four fifths of the machine's or the container's."""
    import duckdb

    with duckdb.connect() as untouched:
        return _limit(untouched)


def _roomier(connection: duckdb.DuckDBPyConnection) -> bool:
    most, now = _most(), _limit(connection)
    if now > 0.9 * most:  # DuckDB tells both rounded
        return False
    connection.execute(f"SET memory_limit = '{min(2 * now, most)}B'")
    return True


def _limit(connection: duckdb.DuckDBPyConnection) -> int:
    found = connection.execute("SELECT parse_formatted_bytes(current_setting('memory_limit'))").fetchall()
    return int(found[0][0])
