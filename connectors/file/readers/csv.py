# ruff: noqa: S608 - the SQL is put together from the mapping of the person who runs it; names and texts are quoted
"""A CSV file as a DuckDB table: a fixed dialect, inferred types, and every row or cell that does not fit named by its
line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from connectors.errors import ConfigError
from connectors.file.config import Table
from connectors.file.readers.casts import literal, quoted
from connectors.file.readers.columns import NOTHING, Columns, Doubt, Malformed, Misfit, unique_names
from connectors.file.readers.sniff import Sniffed, footer, opened

BAD = "\ufffd"


class CsvReader:
    """Loads one CSV file into a table: RFC 4180 unless the mapping says otherwise, never a guessed delimiter or
    quote.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        table: Table,
        found: Sniffed,
        file: str,
        texts: frozenset[str] = frozenset(),
    ) -> None:
        self._con, self._table, self._found, self._file, self._texts = con, table, found, file, texts
        self.doubts: list[Doubt] = []

    def load(self, name: str, canonical: Mapping[str, str] | None) -> list[Malformed]:
        """Creates the table `name` of every row that has the file's shape, and gives what has not, in the order of
        lines.

        Types are as `Columns.create` says. Raises ConfigError for a file without columns.
        """
        names, twice = unique_names(self._header(), self._file)
        raw = quoted(f"{name} (text)")
        self._con.execute(f"CREATE OR REPLACE TABLE {raw} AS SELECT * FROM {self._scan(names)}")
        rows = self._without_footer(self._rejected())
        self._without_headers(raw, names)
        damaged = self._damaged(raw, names) if self._found.damaged else []
        columns = Columns(self._con, raw, self._file, self._table, texts=self._texts)
        misfits = sorted([*damaged, *columns.create(name, names, canonical)], key=lambda m: m.row)
        self._word(twice, raw)
        self.doubts += columns.doubts
        lines = self._lines({m.row for m in misfits}, len(names))
        cells = [Malformed(self._file, lines[m.row], m.column, m.message) for m in misfits]
        return sorted((*rows, *cells), key=lambda m: m.line)

    def _without_headers(self, raw: str, names: Sequence[str]) -> None:
        """Takes out the header where it comes again: files that were put one behind the other."""
        if not self._table.header or self._table.names or len(names) < 2:
            return
        same = " AND ".join(f"{quoted(n)} = {literal(n)}" for n in names[:3])
        count = len(self._con.execute(f"DELETE FROM {raw} WHERE {same} RETURNING 1").fetchall())
        if count:
            told = f"{self._file} has its header {count + 1:,} times: files were put one behind the other."
            self.doubts.append(Doubt(self._file, "footer", "", told))

    def _word(self, twice: Sequence[tuple[str, str]], raw: str) -> None:
        if self._found.damaged:
            told, remedy = f"{self._file} {self._found.word}.", f"{self._found.remedy} in the table."
            self.doubts.append(Doubt(self._file, "encoding", "", told, remedy))
        elif self._found.word:
            self.doubts.append(Doubt(self._file, "word", "", f"{self._file} {self._found.word}."))
        for first, second in twice:
            row = self._con.execute(
                f"SELECT count(*) FROM {raw} WHERE {quoted(first)} IS DISTINCT FROM {quoted(second)}"
            ).fetchone()
            if row and row[0]:
                self.doubts.append(
                    Doubt(
                        self._file,
                        "duplicate",
                        first,
                        f"{self._file} has two columns {first!r}, which differ in {row[0]:,} rows:"
                        f" the mapping's {first!r} is the first of them.",
                        f"The second is called {second!r}; the table's names can give both better ones.",
                    )
                )

    def _header(self) -> list[str]:
        """Column names without duplicates or blanks; `names` of the mapping win, columns without any get a number."""
        with opened(self._found.path) as data, io.TextIOWrapper(data, "utf-8-sig", "replace", newline="") as text:
            for _ in range(self._found.skip):
                text.readline()
            first: list[str] = next(self._rows(text), [])
        given = list(self._table.names)
        if given and first and len(given) != len(first):
            raise ConfigError(f"{self._file} has {len(first)} columns, but the mapping's names are {len(given)}.")
        found = given or (first if self._table.header else [f"column{i}" for i in range(len(first))])
        if not found:
            raise ConfigError(
                f"{self._file} is empty: it has not even a header.", remedy="Export it again, or remove it."
            )
        return found

    def _rows(self, text: io.TextIOWrapper) -> Any:  # csv's reader has no public name
        escape = self._table.escape if self._table.escape != self._table.quote else None
        return csv.reader(
            text,
            delimiter=self._found.delimiter,
            quotechar=self._table.quote or None,
            quoting=csv.QUOTE_MINIMAL if self._table.quote else csv.QUOTE_NONE,
            escapechar=escape,
            doublequote=escape is None,
        )

    def _damaged(self, raw: str, names: Sequence[str]) -> list[Misfit]:
        """Empties the cells with characters that could not be read."""
        found = []
        for column in names:
            c = quoted(column)
            rows = self._con.execute(f"SELECT rowid FROM {raw} WHERE contains({c}, '{BAD}')").fetchall()
            if rows:
                self._con.execute(f"UPDATE {raw} SET {c} = NULL WHERE contains({c}, '{BAD}')")
            message = f"it is not UTF-8; read as unknown. {self._found.remedy} in the table"
            found += [Misfit(row[0], column, message) for row in rows]
        return found

    def _scan(self, names: Sequence[str]) -> str:
        t = self._table
        absent = set(self._found.absent)  # each text is compared with every cell: those that cannot occur are spared
        written = t.nulls or tuple(n for n in NOTHING if t.escape is None or t.escape not in n)
        nulls = ("", *(n for n in written if absent.isdisjoint(n.encode())))
        options = {
            "auto_detect": "false",
            "columns": "{" + ", ".join(f"{literal(c)}: 'VARCHAR'" for c in names) + "}",
            "delim": literal(self._found.delimiter),
            "quote": literal(t.quote),
            "escape": literal(t.escape or t.quote),
            "header": literal(t.header),
            "skip": literal(self._found.skip),
            "nullstr": "[" + ", ".join(literal(n) for n in nulls) + "]",
            "store_rejects": "true",
        }
        return f"read_csv({literal(str(self._found.path))}, {', '.join(f'{k} = {v}' for k, v in options.items())})"

    def _rejected(self) -> list[Malformed]:
        """What the last scan put aside, with the true line numbers; forgets it."""
        try:
            rows = self._con.execute(
                "SELECT line_byte_position, column_name, error_message, csv_line FROM reject_errors ORDER BY 1, 2"
            ).fetchall()
        except duckdb.CatalogException:
            return []
        self._con.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")
        lines = _lines_at(self._found.path, [row[0] for row in rows])
        first = {
            line: Malformed(self._file, line, "", message.splitlines()[0].replace("\0", " ") + self._advice(text or ""))
            for line, (_, _, message, text) in reversed(list(zip(lines, rows, strict=True)))
        }  # one for each row: a short one is reported for every column that it lacks
        return list(first.values())

    def _advice(self, text: str) -> str:
        if f"\\{self._table.quote}" in text and self._table.escape is None and self._table.quote:
            return f'; it has \\{self._table.quote} inside quotes: set escape = "\\\\" in the table'
        return ""

    def _without_footer(self, rows: list[Malformed]) -> list[Malformed]:
        count = footer(self._found.path, self._found.delimiter) if rows else 0
        if not count:
            return rows
        with opened(self._found.path) as data:
            last = sum(chunk.count(b"\n") for chunk in iter(lambda: data.read(1 << 20), b"")) + 1
        kept = [m for m in rows if m.line < last - count]
        if len(kept) < len(rows):
            self.doubts.append(
                Doubt(
                    self._file,
                    "footer",
                    "",
                    f"{self._file}: {_lines(len(rows) - len(kept))} left out.",
                )
            )
        return kept

    def _lines(self, rows: set[int], width: int) -> dict[int, int]:
        """The line (from 1) at which each of these loaded rows begins."""
        lines: dict[int, int] = {}
        if not rows:
            return lines
        with opened(self._found.path) as data, io.TextIOWrapper(data, "utf-8-sig", "replace", newline="") as text:
            for _ in range(self._found.skip):
                text.readline()
            reader, row, last = self._rows(text), -int(self._table.header), max(rows)
            begins = 0
            try:
                for record in reader:
                    if record and (len(record) == width or (len(record) == width + 1 and not record[-1])):
                        if row in rows:
                            lines[row] = self._found.skip + begins + 1
                        row += 1
                    begins = reader.line_num
                    if row > last:
                        break
            except csv.Error:
                pass
        return {row: lines.get(row, 0) for row in rows}


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


def _lines(count: int) -> str:
    return "1 line below the table is" if count == 1 else f"{count:,} lines below the table are"
