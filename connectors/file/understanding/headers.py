"""Where the header is that a mapping names and a table lacks: below title rows, on another sheet, or nowhere."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from itertools import islice

from python_calamine import CalamineError, CalamineWorkbook

from connectors.errors import BothwaysError
from connectors.file.config import Part
from connectors.file.readers.sniff import opened, sniffed
from connectors.file.sources import Sources

_ROWS = 60


def header_elsewhere(sources: Sources, part: Part, name: str) -> str:
    """The remedy for a column that is not in the first row: `skip_until` or `sheet`; "" where no such cell is found."""
    for origin in (part.origin, *(join.table for join in part.joins)):
        try:
            _, _, table = sources.definition(origin)
            for file in sources.files(table)[:3] if table.file else ():
                for sheet, rows in _sheets(sources, origin, file):
                    for number, row in enumerate(rows):
                        if name.lower() in (cell.strip().lower() for cell in row) and (number or sheet):
                            keys = [f"sheet = {json.dumps(sheet, ensure_ascii=False)}"] if sheet else []
                            keys += [f"skip_until = {json.dumps(name, ensure_ascii=False)}"] if number else []
                            return (
                                f"It is {'on another sheet' if sheet else 'below title rows'}: set "
                                f"{' and '.join(keys)} in its table."
                            )
        except (BothwaysError, CalamineError, OSError, ValueError, csv.Error):  # told elsewhere
            continue
    return ""


def _sheets(sources: Sources, origin: object, file: str) -> Iterator[tuple[str, list[list[str]]]]:
    """(name of a sheet that is not the one read, or "", its first rows)."""
    path = sources.unpacked.path(file)
    _, _, table = sources.definition(origin)  # type: ignore[arg-type]
    if not file.lower().endswith((".xlsx", ".xlsm")):
        found = sniffed(path, file, table, sources.unpacked.spare, sources.unpacked.most)
        with opened(found.path) as raw:
            lines = raw.read(1 << 16).decode("utf-8-sig", "replace").splitlines()[:_ROWS]
        yield "", list(csv.reader(lines, delimiter=found.delimiter))
        return
    book = CalamineWorkbook.from_path(str(path))
    names = [n for n in book.sheet_names if n != table.sheet] if table.sheet else book.sheet_names
    first = table.sheet is None
    for name in names[:10]:
        sheet = book.get_sheet_by_name(name)
        if sheet.height:
            yield "" if first else name, [[str(c) for c in row] for row in islice(sheet.iter_rows(), _ROWS)]
            first = False
