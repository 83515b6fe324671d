# ruff: noqa: S608 - the SQL is put together from the mapping of the person who runs it; names and texts are quoted
"""Gives the text columns of a loaded file their types; names every cell that does not fit and every column that is
in doubt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import duckdb

from connectors.errors import ConfigError
from connectors.file.config import Table, nearest
from connectors.file.readers.casts import boolean, instant, literal, quoted
from connectors.file.readers.numbers import number, number_pattern, plain_text
from connectors.file.understanding.remedies import date_remedy, number_remedy

NOTHING = (
    "-",
    "--",
    "---",
    "\u2013",
    "\u2014",
    "N/A",
    "n/a",
    "#N/A",
    "#REF!",
    "#VALUE!",
    "#DIV/0!",
    "#NAME?",
    "#NUM!",
    "\\N",
    "(blank)",
    "(empty)",
    "NULL",
    "null",
)
"""What people and programs write for nothing, where a table does not say itself what it writes."""

_SHAPES = {
    "BOOLEAN": "(?i)(true|false)",
    "BIGINT": r"[+-]?(0|[1-9][0-9]{0,14})",
    "DOUBLE": r"[+-]?((0|[1-9][0-9]{0,14})(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?",
    "DATE": r"\d{4}-\d\d-\d\d",
    "TIMESTAMP": r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?",
    "TIMESTAMPTZ": r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)",
}
"""What all values of a column must look like for it to be read as that type. 007 and 20 digits are codes, not
numbers.
"""
_WRITTEN_BACK = {"BIGINT": "< 16", "DATE": "= 10", "TIMESTAMP": "= 19"}
"""A cell of such a length that is what DuckDB writes for its value has the type's shape: half the work of a pattern."""
EMPTY = "EMPTY"
"""A column without any value."""
_NUMBERS = ("BIGINT", "DOUBLE")
_TIMES = ("DATE", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE")
_THOUSANDS_OR_DECIMALS = r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}"


@dataclass(frozen=True, slots=True)
class Malformed:
    """A row, or a cell of it (`column` set), that is not what the file's own shape says. `line` counts from 1."""

    file: str
    line: int
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something about a file that may make a number wrong. `column` is the file's; the run is refused where a `refuse`
    column is used for what its `kind` is about."""

    file: str
    kind: Literal["thousands", "duplicate", "dates", "digits", "encoding", "word", "footer", "columns"]
    column: str
    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Misfit:
    """A cell that is not of its column's type: `row` counts the loaded rows from 0."""

    row: int
    column: str
    message: str


class Columns:
    """One file's cells, as text in the table `raw`, on their way into a view of typed columns."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, raw: str, file: str, table: Table, *, texts: frozenset[str]
    ) -> None:
        """`texts` are columns that hold ids or references: they stay text whatever they look like."""
        self._con, self._raw, self._file, self._table, self._texts = con, raw, file, table, texts
        self.doubts: list[Doubt] = []

    def create(self, name: str, names: Sequence[str], canonical: Mapping[str, str] | None) -> list[Misfit]:
        """Makes the view `name` and gives the cells that are null in it because they did not fit, by rows.

        With `canonical`, columns have these types (text where none is given); else each column's type is inferred from
        all its values, unless the mapping gives it.
        """
        self._fill_down(names)
        types = self._types(names, canonical)
        casts = {c: self._cast(c, t, canonical is not None) for c, t in types.items()}
        select = ", ".join(f"{cast} AS {quoted(c)}" for c, cast in casts.items())
        # a view: the text is kept once, and cast where it is read
        self._con.execute(f"CREATE OR REPLACE VIEW {quoted(name)} AS SELECT {select} FROM {self._raw}")
        given = types if canonical is not None else {c: t for c, t in types.items() if c in self._table.types}
        return self._misfits(given, casts)  # types that were inferred fit every cell

    def _fill_down(self, names: Sequence[str]) -> None:
        for column in self._table.fill_down:
            if column not in names:
                raise _lacks("fill_down", column, self._file, names)
        if self._table.fill_down:
            above = ", ".join(
                f"last_value({quoted(c)} IGNORE NULLS) OVER (ORDER BY rowid ROWS UNBOUNDED PRECEDING) AS {quoted(c)}"
                for c in self._table.fill_down
            )
            filled = quoted(self._raw.strip('"') + " filled")
            self._con.execute(
                f"CREATE OR REPLACE TABLE {filled} AS SELECT * REPLACE ({above}) FROM {self._raw} ORDER BY rowid;"
                f" DROP TABLE {self._raw}; ALTER TABLE {filled} RENAME TO {self._raw}"
            )

    def _types(self, names: Sequence[str], canonical: Mapping[str, str] | None) -> dict[str, str]:
        if canonical is not None:
            return {name: canonical.get(name, "VARCHAR") for name in names}
        for column in self._table.types:
            if column not in names:
                raise _lacks("types", column, self._file, names)
        given = dict(self._table.types)
        open_ = {name: list(_SHAPES) for name in names if name not in given}
        open_ = self._fitting(open_, f"(FROM {self._raw} LIMIT 1000)")  # a few rows leave little to try on all
        found = {name: given.get(name) or "VARCHAR" for name in names}
        found |= dict.fromkeys(self._empty([n for n in names if n not in given and n not in self._texts]), EMPTY)
        while open_:  # the narrowest first, and another only where that does not fit
            fits = self._fitting({name: kinds[:1] for name, kinds in open_.items()}, self._raw)
            found |= {name: kinds[0] for name, kinds in fits.items()}
            open_ = {name: kinds[1:] for name, kinds in open_.items() if name not in fits and len(kinds) > 1}
        for name in names:
            if name not in given and found[name] in _NUMBERS and name in self._texts:
                found[name] = "VARCHAR"
        if self._table.point is None:
            self._doubt_thousands([n for n in names if n not in given and found[n] == "DOUBLE"], found)
        return found

    def _empty(self, names: Sequence[str]) -> list[str]:
        """Columns without any value."""
        for rows in (f"(FROM {self._raw} LIMIT 1000)", self._raw):
            counts = ", ".join(f"count({quoted(n)})" for n in names)
            row = self._con.execute(f"SELECT {counts} FROM {rows}").fetchone() if names else ()
            names = [n for n, count in zip(names, row or (), strict=True) if not count]
        return list(names)

    def _doubt_thousands(self, names: Sequence[str], types: dict[str, str]) -> None:
        """24.000 beside 500: such a column stays text, and using it as a number is refused."""
        if not names:
            return
        tests = ", ".join(
            f"bool_and({c} IS NULL OR regexp_full_match({c}, '{_THOUSANDS_OR_DECIMALS}|[+-]?[0-9]+')),"
            f" any_value({c}) FILTER (regexp_full_match({c}, '{_THOUSANDS_OR_DECIMALS}'))"
            for c in map(quoted, names)
        )
        few = self._con.execute(f"SELECT {tests} FROM (FROM {self._raw} LIMIT 1000)").fetchone() or ()
        if not any(few[::2]):
            return
        row = self._con.execute(f"SELECT {tests} FROM {self._raw}").fetchone() or ()
        for i, name in enumerate(names):
            if row[2 * i] and row[2 * i + 1]:
                types[name] = "VARCHAR"
                shown = row[2 * i + 1]
                self.doubts.append(
                    Doubt(
                        self._file, "thousands", name,
                        f"{name!r} of {self._file}: is {shown} about {shown.split('.')[0]}, or "
                        f"{shown.replace('.', ',')}?",
                        'Say so in the table: thousands = "." or decimal = ".".',
                    )
                )  # fmt: skip

    def _fitting(self, candidates: Mapping[str, Sequence[str]], rows: str) -> dict[str, list[str]]:
        tries = [(name, kind) for name, kinds in candidates.items() for kind in kinds]
        if not tries:
            return {}
        tests = []
        for name, kind in tries:
            c = quoted(name)
            marked = kind == "DOUBLE" and bool(self._table.point or self._table.strip)
            shape = number_pattern(self._table) if marked else _SHAPES[kind]
            text = plain_text(c, self._table.strip) if marked else c
            value = self._cast(name, kind)
            fits = f"regexp_full_match({text}, {literal(shape)}) AND {value} IS NOT NULL"
            if kind in _WRITTEN_BACK and not marked and value.startswith("TRY_CAST"):
                same = f"CAST({value} AS VARCHAR) = {c} AND length({c}) {_WRITTEN_BACK[kind]}"
                fits = f"CASE WHEN {same} THEN true ELSE {fits} END"
            if marked:  # 007 is a code, however numbers are written
                fits += f" AND NOT regexp_matches({c}, '^0[0-9]')"
            tests.append(f"count({c}) > 0 AND bool_and({c} IS NULL OR ({fits}))")
        found = self._con.execute(f"SELECT {', '.join(tests)} FROM {rows}").fetchone() or ()
        kept: dict[str, list[str]] = {}
        for (name, kind), fit in zip(tries, found, strict=True):
            if fit:
                kept.setdefault(name, []).append(kind)
        return kept

    def _cast(self, column: str, kind: str, canonical: bool = False) -> str:
        c, t, kind = quoted(column), self._table, kind.upper()
        if kind == EMPTY:
            return "NULL"  # of no type: any expression can be computed of it
        if kind == "VARCHAR":
            return f"regexp_replace({c}, '\\.0$', '')" if column in self._texts and self._all_floats(c) else c
        pattern = t.date_format if kind == "DATE" else t.timestamp_format
        if pattern and kind in _TIMES:
            return f"CAST(try_strptime({c}, {literal(pattern)}) AS {kind})"
        if (t.point or t.strip) and (kind in ("DOUBLE", "FLOAT", "REAL") or kind.startswith("DECIMAL")):
            return f"CAST({number(c, t)} AS {kind})"
        if kind == "BOOLEAN" and canonical:
            return boolean(c)
        if kind == "TIMESTAMPTZ" and canonical:
            return instant(c)
        return f"TRY_CAST({c} AS {kind})"

    def _all_floats(self, c: str) -> bool:
        """Whether every id ends in .0: a program has read the column as numbers and written it again."""
        for rows in (f"(FROM {self._raw} LIMIT 1000)", self._raw):
            row = self._con.execute(
                f"SELECT bool_and(regexp_full_match({c}, '[0-9]+\\.0')) FROM {rows} WHERE {c} IS NOT NULL"
            ).fetchone()
            if not row or not row[0]:
                return False
        return True

    def _misfits(self, types: Mapping[str, str], casts: Mapping[str, str]) -> list[Misfit]:
        found: list[Misfit] = []
        for column, kind in types.items():
            if kind == "VARCHAR":
                continue
            c = quoted(column)
            rows = self._con.execute(
                f"SELECT rowid, left({c}, 60) FROM {self._raw} WHERE {c} IS NOT NULL AND ({casts[column]}) IS NULL"
            ).fetchall()
            found += [Misfit(row, column, _not_of(cell, kind)) for row, cell in rows]
        return sorted(found, key=lambda m: (m.row, m.column))


def _not_of(cell: str, kind: str) -> str:
    remedy = date_remedy(cell) if kind.upper() in _TIMES else number_remedy(cell) if kind.upper() in _NUMBERS else ""
    return f"{cell!r} is not of type {kind}; read as unknown{f': {remedy}' if remedy else ''}"


def _lacks(key: str, column: str, file: str, names: Sequence[str]) -> ConfigError:
    return ConfigError(f"{key} names a column {column!r} that {file} lacks{nearest(column, names)}.")


def _plain_header(name: str) -> str:
    """Without line breaks, hard spaces, and the arrow that a sorted report puts behind a name."""
    name = re.sub(r"\s*[\u2191\u2193\u25b2\u25bc]\s*$", "", name.replace("\u200b", "").replace("\ufeff", ""))
    return re.sub(r"\s*[\r\n\u00a0\u202f]\s*", " ", name).strip()


def unique_names(found: Sequence[str], file: str) -> tuple[list[str], list[tuple[str, str]]]:
    """(names, pairs of a name and what its second one is called). Empty headers become `column3`."""
    names: list[str] = []
    twice = []
    for i, name in enumerate(found):
        name = _plain_header(name) or f"column{i}"
        if name.lower() in {n.lower() for n in names}:
            twice.append((name, f"{name}_{i}"))
            name = f"{name}_{i}"
        names.append(name)
    if len(names) > 5000:
        raise ConfigError(f"{file} has {len(names):,} columns.", remedy="Is the table's delimiter or header right?")
    return names, twice
