# ruff: noqa: S608 - names are quoted
"""A sheet of an .xlsx workbook as a DuckDB table of text, cell by cell as typed in the file, then typed like a CSV."""

from __future__ import annotations

import re
import zipfile
from array import array
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from connectors.errors import ConfigError
from connectors.file.config import Table, nearest
from connectors.file.readers.casts import quoted
from connectors.file.readers.columns import NOTHING, Columns, Doubt, Malformed, unique_names
from connectors.file.readers.sniff import bounded, no_such_row

_CHUNK = 5000
_DAY_OR_MONTH = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}( .*)?")
_EXACT = 10**15
_SHEETS = 20
_LINE_BREAK = "_x000D_"


class WorkbookReader:
    """Loads one sheet. Rows and columns are counted as in the sheet, empty ones included."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, table: Table, path: Path, file: str, texts: frozenset[str], most: int
    ) -> None:
        self._con, self._table, self._path, self._file, self._texts = con, table, path, file, texts
        self._most = most
        self._nothing = frozenset(("", *(table.nulls or NOTHING)))
        self._long: set[str] = set()
        self._mixed: dict[str, str] = {}
        """Columns of dates with text that could be one, and such a text."""
        self._rows = array("I")
        """The sheet's row (from 1) of each loaded row: empty ones are not loaded."""
        self.doubts: list[Doubt] = []

    def load(self, name: str, canonical: Mapping[str, str] | None) -> list[Malformed]:
        """Creates the table `name`; gives the cells that do not fit. Raises ConfigError naming file, sheet or cell."""
        rows = iter(self._sheet().iter_rows())
        header, begins = self._header(rows)
        names, twice = unique_names(header, self._file)
        raw = quoted(f"{name} (text)")
        self._con.execute(f"CREATE OR REPLACE TABLE {raw} ({', '.join(f'{quoted(n)} VARCHAR' for n in names)})")
        for batch in self._batches(rows, names, begins):
            self._con.register("rows of a sheet", batch)
            self._con.execute(f'INSERT INTO {raw} SELECT * FROM "rows of a sheet"')
            self._con.unregister("rows of a sheet")
        self._without_footer(raw, len(names))
        columns = Columns(self._con, raw, self._file, self._table, texts=self._texts)
        misfits = columns.create(name, names, canonical)
        self.doubts += columns.doubts
        self._doubt(twice)
        return [Malformed(self._file, self._rows[m.row], m.column, m.message) for m in misfits]

    def _without_footer(self, raw: str, width: int) -> None:
        """Takes out what stands below the table: after a blank row only rows with one or two cells."""
        if width < 5 or len(self._rows) < 2:
            return
        last = len(self._rows) - 1
        gap = next((i for i in range(last, max(0, last - 20), -1) if self._rows[i] - self._rows[i - 1] > 1), None)
        if gap is None:
            return
        rows = self._con.execute(f"SELECT * FROM {raw} WHERE rowid >= {gap}").fetchall()
        if all(sum(c is not None for c in row) <= 2 for row in rows):
            self._con.execute(f"DELETE FROM {raw} WHERE rowid >= {gap}")
            told = (
                f"{self._file}: {len(rows)} "
                f"row{' below the table is' if len(rows) == 1 else 's below the table are'} left out."
            )
            self.doubts.append(Doubt(self._file, "footer", "", told))

    def _doubt(self, twice: Sequence[tuple[str, str]]) -> None:
        for first, second in twice:
            self.doubts.append(
                Doubt(
                    self._file,
                    "duplicate",
                    first,
                    f"{self._file} has two columns {first!r}: the second is called {second!r}.",
                )
            )
        for column, text in self._mixed.items():
            told = (
                f"{column!r} of {self._file} has dates and text such as {text!r}: where Excel "
                f"understood the text, it may have swapped day and month."
            )
            self.doubts.append(Doubt(self._file, "dates", column, told, "Export as CSV, and do not open it in Excel."))
        for column in sorted(self._long & self._texts):
            self.doubts.append(
                Doubt(
                    self._file,
                    "digits",
                    column,
                    f"{column!r} of {self._file} holds numbers of more than 15 digits: Excel has changed the "
                    f"last ones.",
                    "Export these ids as text (CSV) from where they come.",
                )
            )

    def _sheet(self) -> CalamineSheet:
        try:
            with zipfile.ZipFile(self._path) as archive:
                bounded(sum(item.file_size for item in archive.infolist()), self._most, self._file)
            book = CalamineWorkbook.from_path(str(self._path))
            if self._table.sheet is not None:
                if self._table.sheet not in book.sheet_names:
                    raise ConfigError(
                        f"{self._file} has no sheet "
                        f"{self._table.sheet!r}{nearest(self._table.sheet, book.sheet_names)}.",
                        remedy=f"It has {', '.join(book.sheet_names)}.",
                    )
                return book.get_sheet_by_name(self._table.sheet)
            return self._first(book)
        except (CalamineError, zipfile.BadZipFile, OSError, ValueError, IndexError) as error:
            raise ConfigError(
                f"{self._file} is no workbook that can be read: {error}.",
                remedy="Save it again as .xlsx, without a password, or as CSV.",
            ) from None

    def _first(self, book: CalamineWorkbook) -> CalamineSheet:
        """The first sheet with data that is shown; another with the same header is doubted, and a hidden one said."""
        shown = visible_sheets(book)
        found: CalamineSheet | None = None
        twins = []
        for name in shown[:_SHEETS]:  # each is parsed whole when it is asked for
            sheet = book.get_sheet_by_name(name)
            if found is None and sheet.height:
                found, top = sheet, _top(sheet)
            elif found is not None and len(top) > 1 and _top(sheet) == top:
                twins.append(name)
        if found is None:
            return book.get_sheet_by_name(shown[0])
        if twins:
            told = f"{self._file} has sheets {', '.join(map(repr, [found.name, *twins]))} with the same columns: only "
            advice = 'Give each a table, sheet = "...", and map the stream from both: write its name in [[ ]] twice.'
            self.doubts.append(Doubt(self._file, "columns", "", f"{told}{found.name!r} is read.", advice))
        if hidden := [n for n in book.sheet_names if n not in shown]:
            told = f"{self._file}: hidden sheets are not read ({', '.join(hidden[:4])})."
            self.doubts.append(Doubt(self._file, "word", "", told))
        return found

    def _header(self, rows: Iterator[list[Any]]) -> tuple[list[str], int]:
        """(names, number of rows above the data)."""
        for number, row in enumerate(islice(rows, 1000 + self._table.skip)):
            cells = [str(_text(c) or "").strip() for c in row]
            if number < self._table.skip or not any(cells):
                continue
            if self._table.skip_until is None or self._table.skip_until in cells:
                if self._table.names:
                    return list(self._table.names), number + 1
                return cells, number + 1
        if self._table.skip_until is not None:
            raise no_such_row(self._file, self._table.skip_until)
        raise ConfigError(f"{self._file} is empty: it has not even a header.", remedy="Name the sheet, or remove it.")

    def _batches(self, rows: Iterator[list[Any]], names: Sequence[str], above: int) -> Iterator[pa.RecordBatch]:
        fields = [f"c{i}" for i in range(len(names))]
        numbered = enumerate(rows, above + 1)
        filled = ((n, row) for n, row in numbered if row[0] or any(row) or any(c not in ("", None) for c in row))
        while part := list(islice(filled, _CHUNK)):
            numbers, chunk = zip(*part, strict=True)
            self._rows.extend(numbers)
            columns = list(zip(*chunk, strict=True))[: len(names)]
            columns += [("",) * len(chunk)] * (len(names) - len(columns))
            arrays = [self._array(name, cells) for name, cells in zip(names, columns, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, names=fields)

    def _array(self, name: str, cells: Sequence[Any]) -> pa.Array:
        kinds = set(map(type, cells))
        if kinds == {str}:
            return self._of_texts(cells)
        if str in kinds and kinds & {date, datetime} and name not in self._mixed:
            found = next((c for c in cells if type(c) is str and _DAY_OR_MONTH.fullmatch(c.strip())), None)
            if found is not None:
                self._mixed[name] = found
        if float in kinds and any(type(c) is float and abs(c) >= _EXACT for c in cells):
            self._long.add(name)
        elif kinds == {float}:
            return pc.cast(pa.array(cells, pa.float64()), pa.string())  # 5.0 becomes 5
        if kinds <= {date, datetime}:
            return pa.array(list(map(str, cells)), pa.string())
        return self._of_texts([c if type(c) is str else _text(c) for c in cells])

    def _of_texts(self, cells: Sequence[str | None]) -> pa.Array:
        """Null for what means nothing; without the mark that a line break of Windows leaves in a workbook."""
        if not self._nothing.isdisjoint(cells):
            cells = [None if c in self._nothing else c for c in cells]
        found = pa.array(cells, pa.string())
        broken = pc.any(pc.match_substring(found, _LINE_BREAK)).as_py()
        return pc.replace_substring(found, _LINE_BREAK, "") if broken else found


def visible_sheets(book: CalamineWorkbook) -> list[str]:
    """Names of the sheets that are shown; of all where none is."""
    shown = [s.name for s in book.sheets_metadata if s.visible == SheetVisibleEnum.Visible]
    return shown or list(book.sheet_names)


def _top(sheet: CalamineSheet) -> list[str]:
    """The first row with more than one cell."""
    rows = ([str(c).strip() for c in row if c not in ("", None)] for row in islice(sheet.iter_rows(), 50))
    return next((row for row in rows if len(row) > 1), [])


def _text(cell: object) -> str | None:
    """A cell as a CSV would hold it: whole numbers without a point, times in ISO, a stamp at midnight as its day."""
    if cell is None or isinstance(cell, str):
        return cell or None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell == cell // 1 and abs(cell) < 1e18 else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    if isinstance(cell, timedelta):
        seconds = int(cell.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)
