"""Canonical tables as CSV: how a cell is read and written, with the file and the line in every complaint."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from connectors.errors import ConfigError
from connectors.records import SCHEMAS, Stream

_BATCH = 20_000


def check_columns(path: Path, stream: Stream, columns: list[str]) -> None:
    """Raise ConfigError unless the columns are canonical, each there once, and the id among them."""
    known = SCHEMAS[stream].names
    for column in columns:
        if column not in known:
            raise ConfigError(
                f"{path}: column {column!r} is not one of {stream}.",
                remedy=f"Rename or remove it; the columns are {', '.join(known)}.",
            )
        if columns.count(column) > 1:
            raise ConfigError(f"{path}: column {column!r} is there twice.", remedy="Keep one of them.")
    if "id" not in columns:
        raise ConfigError(f"{path}: there is no column 'id'.", remedy="Every record needs an id of its own.")


def read_csv(path: Path, stream: Stream) -> pa.Table:
    """The stream's table in a file. Raises ConfigError naming the file and the line."""
    schema = SCHEMAS[stream]
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, strict=True)
        header = next(_lines(path, rows), [])
        check_columns(path, stream, header)
        readers = [_READERS[str(schema.field(name).type)] for name in header]
        seen: set[str] = set()
        batches: list[pa.RecordBatch] = []
        columns: list[list[object]] = [[] for _ in header]
        place = header.index("id")
        for row in _lines(path, rows):
            where = f"{path}:{rows.line_num}"
            if len(row) != len(header):
                raise ConfigError(
                    f"{where}: {len(row)} cells where the header has {len(header)}.", remedy="Correct the row."
                )
            if not row[place] or row[place] in seen:
                raise ConfigError(
                    f"{where}: the id {row[place]!r} is {'there twice' if row[place] else 'empty'}.",
                    remedy="Every record needs an id of its own.",
                )
            seen.add(row[place])
            for name, cell, read, column in zip(header, row, readers, columns, strict=True):
                column.append(_cell(where, name, cell, read))
            if len(columns[0]) == _BATCH:
                batches.append(_batch(schema, header, columns))
                columns = [[] for _ in header]
    batches.append(_batch(schema, header, columns))
    return pa.Table.from_batches(batches, schema=schema).combine_chunks()


def _lines(path: Path, rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """The rows that are not blank lines."""
    try:
        yield from (row for row in rows if row)
    except csv.Error as error:
        number = rows.line_num  # type: ignore[attr-defined]  # of csv.reader
        raise ConfigError(f"{path}:{number}: not CSV: {error}.", remedy="Check the quotes of this row.") from None
    except UnicodeDecodeError as error:
        number = rows.line_num + 1  # type: ignore[attr-defined]
        raise ConfigError(f"{path}:{number}: not UTF-8: {error.reason}.", remedy="Save the file as UTF-8.") from None


def _batch(schema: pa.Schema, header: list[str], columns: list[list[object]]) -> pa.RecordBatch:
    given = dict(zip(header, columns, strict=True))
    count = len(columns[0])
    arrays = [pa.array(given[f.name], f.type) if f.name in given else pa.nulls(count, f.type) for f in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _cell(where: str, name: str, cell: str, read: Callable[[str], object]) -> object:
    if not cell:
        return None
    try:
        return read(cell)
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            f"{where}: {name} is {cell!r}: {error}.", remedy="Correct the cell, or leave it empty."
        ) from None


def _real(cell: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        raise ValueError("not a number") from None
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


def _whole(cell: str) -> int:
    try:
        number = int(cell)
    except ValueError:
        raise ValueError("not a whole number") from None
    if not -(2**63) <= number < 2**63:
        raise ValueError("too large")
    return number


def _flag(cell: str) -> bool:
    try:
        return {"true": True, "false": False}[cell.lower()]
    except KeyError:
        raise ValueError("neither true nor false") from None


def _time(cell: str) -> datetime:
    try:
        time = datetime.fromisoformat(cell)
    except ValueError:
        raise ValueError("not an ISO 8601 time") from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _list(cell: str) -> list[str]:
    return [entry for entry in cell.split(";") if entry]


_READERS: dict[str, Callable[[str], object]] = {
    "string": str,
    "double": _real,
    "int64": _whole,
    "bool": _flag,
    "timestamp[us, tz=UTC]": _time,
    "list<item: string>": _list,
}


def write_csv(table: pa.Table, path: Path) -> None:
    """Write a canonical table. Raises ConfigError for a value that a cell cannot hold."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")  # RFC 4180; so that a lone CR or LF in a text is quoted
        writer.writerow(table.column_names)
        for batch in table.to_batches(_BATCH):
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                writer.writerow(
                    [_text(path, row[0], name, value) for name, value in zip(table.column_names, row, strict=True)]
                )


def _text(path: Path, record: object, name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, list):
        if any(not entry or ";" in entry for entry in value):
            raise _cannot(path, record, name, "has an empty entry, or one with a semicolon")
        return ";".join(value) or ";"
    if isinstance(value, float) and not math.isfinite(value):
        raise _cannot(path, record, name, "is not a finite number")
    return repr(value) if isinstance(value, float) else str(value)


def _cannot(path: Path, record: object, name: str, why: str) -> ConfigError:
    return ConfigError(f"{path}: {name} of {record} {why}, which CSV cannot hold.", remedy="Save as Parquet.")
