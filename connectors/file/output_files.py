"""The CSV files that hold what was written: one row per record that has scores, our properties as columns, for people
to open.

Text cells that a spreadsheet would take for a formula get a leading apostrophe, and so do those that begin with one, so
that reading takes exactly one away and nothing is ambiguous. Numbers are never touched.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from connectors.base import PropertySpec, Reject, Value
from connectors.errors import SchemaError
from connectors.records import Stream
from connectors.spreadsheet import guard, unguard

_TEXT_TYPES = ("string", "text", "enumeration")

Row = dict[str, str]
"""Cells by column, as they stand in the file."""


def to_cell(value: Value, spec: PropertySpec) -> str:
    """A value as text, null as the empty cell. Raises ValueError with the reason if the property cannot hold it."""
    if value is None:
        return ""
    if spec.type in _TEXT_TYPES:
        return guard(_text(value, spec))
    if spec.type == "datetime":
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise ValueError(f"{value!r} is not a time with a zone")
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a finite number")
    if spec.type == "integer" and value != int(value):
        raise ValueError(f"{value!r} is not a whole number")
    return str(int(value)) if spec.type == "integer" else f"{value:.{spec.scale}f}"


def _text(value: Value, spec: PropertySpec) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    if spec.type == "enumeration" and value not in (code for code, _ in spec.options):
        raise ValueError(f"{value!r} is not one of its options")
    if spec.type == "string" and len(value) > spec.length:
        raise ValueError(f"it has {len(value)} characters, more than {spec.length}")
    return value.encode("utf-8", "replace").decode("utf-8")


def from_cell(cell: str, spec: PropertySpec) -> Value:
    """The value a cell holds, the empty cell being null. Raises ValueError if it is not of the property's type."""
    if not cell:
        return None
    if spec.type in _TEXT_TYPES:
        return unguard(cell)
    if spec.type == "datetime":
        moment = datetime.fromisoformat(cell)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(cell) if spec.type == "integer" else _finite(cell)


def _finite(cell: str) -> float:
    if not math.isfinite(number := float(cell)):
        raise ValueError(cell)
    return number


@dataclass(slots=True)
class WrittenFile:
    """`<stream>_scores.csv` of the output folder, in memory; `save` replaces the file whole or not at all."""

    path: Path
    header: list[str] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path, stream: Stream) -> WrittenFile:
        """What the file holds; an empty header if there is none. Raises SchemaError if it is not a file of ours."""
        path = folder / f"{stream}_scores.csv"
        try:
            text = _read(path)
        except FileNotFoundError:
            return cls(path)
        except (OSError, UnicodeDecodeError) as error:
            raise SchemaError(
                f"{path} cannot be read: {error}.", remedy="Move it away, then provision again."
            ) from None
        table = csv.reader(io.StringIO(text, newline=""))
        header = next(table, [])
        if header and header[0] != "id":
            raise SchemaError(
                f"{path} does not begin with a column 'id', so it is not a file that bothways made.",
                remedy="Move it away, or choose another crm.output.",
            )
        return cls(path, header, {unguard(r[0]): dict(zip(header, r, strict=False)) for r in table if r and r[0]})

    def held(self, record_id: str, specs: Sequence[PropertySpec]) -> tuple[dict[str, Value], list[tuple[str, str]]]:
        """Values by property name, and (property, cell) for each cell that is not of its property's type (null
        then).
        """
        row = self.rows.get(record_id)
        if row is None:
            return dict.fromkeys(spec.name for spec in specs), []
        values: dict[str, Value] = {}
        misfits = []
        for spec in specs:
            cell = row.get(spec.name, "")
            try:
                values[spec.name] = from_cell(cell, spec)
            except (ValueError, OverflowError):
                values[spec.name] = None
                misfits.append((spec.name, cell))
        return values, misfits

    def put(self, record_id: str, cells: Mapping[str, str]) -> None:
        self.rows.setdefault(record_id, {"id": guard(record_id)}).update(cells)

    def add_columns(self, names: Iterable[str]) -> None:
        self.header = self.header or ["id"]
        self.header += [name for name in names if name not in self.header]

    def save(self) -> None:
        """Writes beside, flushes to the disk, renames: a reader sees the old file or the new one, never a part."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(f".{self.path.name}.tmp")  # what a killed run leaves here, the next one overwrites
        try:
            with open(
                os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline=""
            ) as out:
                table = csv.writer(out)  # CRLF and quotes as RFC 4180
                table.writerow(self.header)
                table.writerows([row.get(c, "") for c in self.header] for _, row in sorted(self.rows.items()))
                out.flush()
                os.fsync(out.fileno())
            if self.path.exists():
                shutil.copymode(self.path, beside)
            os.replace(beside, self.path)
        finally:
            beside.unlink(missing_ok=True)
        _flush_folder(self.path.parent)

    def digest(self) -> str:
        """Of the file on disk: changes whenever what it holds changes."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest() if self.path.exists() else "none"


def misfit_reject(stream: Stream, record_id: str, name: str, cell: str, path: Path) -> Reject:
    return Reject(stream, record_id, name, f"{cell[:60]!r} is not of the property's type; read as empty", path.name)


def _read(path: Path) -> str:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return file.read()


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
