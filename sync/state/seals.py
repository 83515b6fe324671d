"""Seals every row of the SQLite state with a checksum, kept by triggers and verified when the file is opened.

SQLite has no checksums of its own: a flipped bit in a text passes its integrity check, and an `unknown` write that
reads as `unknowm` would never be sent again. A row that is missing is noticed without a seal: each key stands in an
index too. PostgreSQL does this itself (`initdb --data-checksums`, the default since version 18), so nothing here is for
it.
"""

from __future__ import annotations

import sqlite3
import zlib

SINCE = 3
"""The version of the tables that brought the seals."""
_SEAL = "crc"
_FUNCTION = "bothways_seal"
Cell = str | bytes | int | float | None


def seal(*values: Cell) -> int:
    """The checksum of a row, from its values in the order of their columns' names. Text and its bytes are the same."""
    parts = [value.encode() if isinstance(value, str) else value for value in values]
    return zlib.crc32(repr(parts).encode())


def add(connection: sqlite3.Connection) -> None:
    """Gives every table its column for seals and seals what is in it, in the caller's transaction."""
    connection.create_function(_FUNCTION, -1, seal, deterministic=True)
    for table in _tables(connection):
        columns = _all_columns(connection, table)
        if _SEAL not in columns:
            connection.execute(f"alter table {_quoted(table)} add column {_SEAL} integer")
        values = ", ".join(_quoted(c) for c in sorted(columns) if c != _SEAL)
        connection.execute(f"update {_quoted(table)} set {_SEAL} = {_FUNCTION}({values})")  # noqa: S608  our own names


def install(connection: sqlite3.Connection) -> None:
    """From now on this connection seals each row that it inserts or updates. The triggers are its own (TEMP), so that
    other programs can still open the file."""
    connection.create_function(_FUNCTION, -1, seal, deterministic=True)
    for table in _tables(connection):
        columns = _all_columns(connection, table)
        if _SEAL not in columns:
            continue
        values = ", ".join(f"new.{_quoted(c)}" for c in sorted(columns) if c != _SEAL)
        for event in ("insert", "update"):
            connection.execute(
                # names of the database's own schema, quoted
                f"create temp trigger if not exists seal_{event}_{table} after {event} "  # noqa: S608
                f"on main.{_quoted(table)} begin update {_quoted(table)} set {_SEAL} = {_FUNCTION}({values}) "
                "where rowid = new.rowid; end"
            )


def broken(connection: sqlite3.Connection) -> str:
    """Which table has rows whose seal does not fit, in words; "" when all do. `text_factory` must be bytes."""
    for table in _tables(connection):
        columns = _all_columns(connection, table)
        if _SEAL not in columns:
            return f"{table}.{_SEAL} is missing"
        names = ", ".join([_SEAL, *(_quoted(c) for c in sorted(columns) if c != _SEAL)])
        rows = connection.execute(f"select {names} from {_quoted(table)}")  # noqa: S608  our own names
        if count := sum(1 for row in rows if row[0] != seal(*row[1:])):
            return f"{count} rows of {table} are not what was written"
    return ""


def _tables(connection: sqlite3.Connection) -> list[str]:
    query = "select name from main.sqlite_master where type = 'table' and name not like 'sqlite_%' order by name"
    return [_text(row[0]) for row in connection.execute(query)]


def _all_columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {_text(row[0]) for row in connection.execute("select name from pragma_table_info(?)", (table,))}


def _text(name: str | bytes) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else name


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
