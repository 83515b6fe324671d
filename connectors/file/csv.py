# ruff: noqa: S608 - the SQL is put together from the mapping of the person who runs it; names and texts are quoted
"""A CSV file as a DuckDB table: a fixed dialect, inferred types, and every row or cell that does not fit named by its line."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import duckdb

from connectors.errors import ConfigError
from connectors.file.config import Table, nearest

_SHAPES = {
    "BOOLEAN": "(?i)(true|false)",
    "BIGINT": r"[+-]?(0|[1-9][0-9]{0,14})",
    "DOUBLE": r"[+-]?((0|[1-9][0-9]{0,14})(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?",
    "DATE": r"\d{4}-\d\d-\d\d",
    "TIMESTAMP": r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?",
    "TIMESTAMPTZ": r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)",
}
"""What all values of a column must look like for it to be read as that type. 007 and 20 digits are codes, not numbers."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A row, or a cell of it (`column` set), that is not what the file's own shape says. `line` counts from 1."""

    file: str
    line: int
    column: str
    message: str


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | bool | float) -> str:
    """An SQL constant."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).upper() if isinstance(value, bool) else repr(value)


class CsvReader:
    """Loads one CSV file into a table: RFC 4180 unless the mapping says otherwise, never a guessed dialect."""

    def __init__(self, con: duckdb.DuckDBPyConnection, table: Table, path: str, file: str) -> None:
        self._con, self._table, self._path, self._file = con, table, path, file
        tab = file.lower().removesuffix(".gz").endswith(".tsv")
        self._delimiter = table.delimiter or ("\t" if tab else ",")

    def load(self, name: str, canonical: Mapping[str, str] | None) -> list[Malformed]:
        """Creates the table `name` of every row that has the file's shape, and gives what has not, in the order of lines.

        With `canonical`, columns have these types (text where none is given); else each column's type is inferred from
        all its values, unless the mapping gives it. Raises ConfigError for a file without columns.
        """
        names = self._names()
        raw = quoted(f"{name} (text)")
        self._con.execute(
            f"CREATE OR REPLACE TABLE {raw} AS SELECT * FROM {self._scan(dict.fromkeys(names, 'VARCHAR'))}"
        )
        rows = self._rejected()
        types = self._types(names, raw, canonical)
        casts = [f"{self._cast(c, t)} AS {quoted(c)}" for c, t in types.items()]
        self._con.execute(f"CREATE OR REPLACE TABLE {quoted(name)} AS SELECT {', '.join(casts)} FROM {raw}")
        cells = self._misfits(quoted(name), raw, types)
        self._con.execute(f"DROP TABLE {raw}")
        lines: dict[int, Malformed] = {}
        for row in rows:
            lines.setdefault(row.line, row)
        return sorted([*lines.values(), *cells], key=lambda m: (m.line, m.column))

    def _names(self) -> list[str]:
        """Column names: the mapping's, else the header's, else column0, column1 ...; repeated ones get a number."""
        with opened(Path(self._path)) as data, io.TextIOWrapper(data, "utf-8-sig", "replace", newline="") as text:
            for _ in range(self._table.skip):
                text.readline()
            first = next(csv.reader(text, delimiter=self._delimiter, quotechar=self._table.quote), [])
        given = list(self._table.names)
        if given and first and len(given) != len(first):
            raise ConfigError(f"{self._file} has {len(first)} columns, but the mapping's names are {len(given)}.")
        found = given or (first if self._table.header else [f"column{i}" for i in range(len(first))])
        if not found:
            raise ConfigError(
                f"{self._file} is empty: it has not even a header.", remedy="Export it again, or remove it."
            )
        names: list[str] = []
        for i, name in enumerate(found):
            name = name.strip() or f"column{i}"
            taken = {n.lower() for n in names}
            names.append(name if name.lower() not in taken else f"{name}_{i}")
        return names

    def _types(self, names: Sequence[str], raw: str, canonical: Mapping[str, str] | None) -> dict[str, str]:
        if canonical is not None:
            return {name: canonical.get(name, "VARCHAR") for name in names}
        for column in self._table.types:
            if column not in names:
                raise ConfigError(f"types names a column {column!r} that {self._file} lacks{nearest(column, names)}.")
        given = dict(self._table.types)
        open_ = {name: list(_SHAPES) for name in names if name not in given}
        for rows in (f"(FROM {raw} LIMIT 1000)", raw):  # a few rows first: they leave little to try on all
            open_ = self._fitting(open_, rows)
        return {name: given.get(name) or next(iter(open_.get(name, ())), "VARCHAR") for name in names}

    def _fitting(self, candidates: Mapping[str, Sequence[str]], rows: str) -> dict[str, list[str]]:
        tries = [(name, kind) for name, kinds in candidates.items() for kind in kinds]
        if not tries:
            return {}
        tests = []
        for name, kind in tries:
            c = quoted(name)
            fits = f"regexp_full_match({c}, {literal(_SHAPES[kind])}) AND TRY_CAST({c} AS {kind}) IS NOT NULL"
            tests.append(f"count({c}) > 0 AND bool_and({c} IS NULL OR ({fits}))")
        found = self._con.execute(f"SELECT {', '.join(tests)} FROM {rows}").fetchone() or ()
        kept: dict[str, list[str]] = {}
        for (name, kind), fit in zip(tries, found, strict=True):
            if fit:
                kept.setdefault(name, []).append(kind)
        return kept

    def _cast(self, column: str, kind: str) -> str:
        c, t = quoted(column), self._table
        pattern = t.date_format if kind.upper() == "DATE" else t.timestamp_format
        if pattern and kind.upper() in ("DATE", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"):
            return f"CAST(try_strptime({c}, {literal(pattern)}) AS {kind})"
        return c if kind == "VARCHAR" else f"TRY_CAST({c} AS {kind})"

    def _misfits(self, table: str, raw: str, types: Mapping[str, str]) -> list[Malformed]:
        """Cells that the cast made null. Their lines come from a second scan, done only when there are any."""
        casts = {c: t for c, t in types.items() if t != "VARCHAR"}
        counts = ", ".join(f"count({quoted(c)})" for c in casts) or "1"
        before, after = (self._con.execute(f"SELECT {counts} FROM {rows}").fetchone() for rows in (raw, table))
        wrong = (
            {c: t for (c, t), b, a in zip(casts.items(), before or (), after or (), strict=True) if a != b}
            if casts
            else {}
        )
        if not wrong:
            return []
        every = self._scan({c: wrong.get(c, "VARCHAR") for c in types})
        # all columns: with some of them left out DuckDB names the wrong one
        self._con.execute(f"CREATE OR REPLACE TABLE misfits AS SELECT * FROM {every}; DROP TABLE misfits")
        return list({(m.line, m.column): m for m in self._rejected() if m.column in wrong}.values())

    def _scan(self, types: Mapping[str, str]) -> str:
        t = self._table
        options = {
            "auto_detect": "false",
            "columns": "{" + ", ".join(f"{literal(c)}: {literal(k)}" for c, k in types.items()) + "}",
            "delim": literal(self._delimiter),
            "quote": literal(t.quote),
            "escape": literal(t.quote),
            "header": literal(t.header),
            "skip": literal(t.skip),
            "nullstr": "[" + ", ".join(literal(n) for n in ("", *t.nulls)) + "]",
            "store_rejects": "true",
        }
        if t.date_format:
            options["dateformat"] = literal(t.date_format)
        if t.timestamp_format:
            options["timestampformat"] = literal(t.timestamp_format)
        return f"read_csv({literal(self._path)}, {', '.join(f'{k} = {v}' for k, v in options.items())})"

    def _rejected(self) -> list[Malformed]:
        """What the last scan put aside, with the true line numbers; forgets it."""
        try:
            rows = self._con.execute(
                "SELECT line_byte_position, column_name, error_message FROM reject_errors ORDER BY 1, 2"
            ).fetchall()
        except duckdb.CatalogException:
            return []
        self._con.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")
        lines = _lines_at(Path(self._path), [offset for offset, _, _ in rows])
        return [
            Malformed(self._file, line, column or "", message.splitlines()[0])
            for line, (_, column, message) in zip(lines, rows, strict=True)
        ]


def opened(path: Path) -> BinaryIO:
    """The bytes of a file, unpacked if it is a .gz."""
    return cast("BinaryIO", gzip.open(path, "rb")) if path.name.endswith(".gz") else path.open("rb")


def _lines_at(path: Path, offsets: Sequence[int]) -> list[int]:
    """The line (from 1) at each byte offset, ascending: DuckDB counts records, and a quoted record may span lines."""
    line, position, lines = 1, 0, []
    with opened(path) as data:
        for offset in offsets:
            while position < offset and (chunk := data.read(min(1 << 20, offset - position))):
                line += chunk.count(b"\n")
                position += len(chunk)
            lines.append(line)
    return lines
