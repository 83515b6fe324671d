"""Scores of one or more moments as files for people and notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from connectors.errors import ConfigError
from connectors.records import TIME, Stream
from connectors.spreadsheet import guard_column
from enrichment.fields import FIELDS
from sync.system.files import check_output, put_output

STREAMS: tuple[Stream, ...] = ("accounts", "opportunities")


class ScoredAt(Protocol):
    """The scores of one moment."""

    @property
    def as_of(self) -> datetime: ...

    @property
    def scores_dir(self) -> Path: ...


def export_scores(scored: Sequence[ScoredAt], out: Path) -> list[Path]:
    """Writes `out`: a .parquet or .csv file with a row per as-of and record (columns as_of, stream, id, name, then
    every property; those of the other stream are null), or a folder with accounts.parquet and opportunities.parquet.

    In a .csv a text that a spreadsheet would take for a formula begins with an apostrophe; in .parquet texts are exact.
    Each file is written whole or not at all. Raises ConfigError for another kind of file.
    """
    check_export(out)
    if out.suffix == "":
        made = []
        for stream in STREAMS:
            own = [field.name for field in FIELDS if field.stream == stream]
            table = pa.concat_tables([_rows(item, stream) for item in scored])
            made.append(_write(table.select(["as_of", "stream", "id", "name", *own]), out / f"{stream}.parquet"))
        return made
    return [_write(pa.concat_tables([_rows(item, stream) for item in scored for stream in STREAMS]), out)]


def check_export(out: Path) -> None:
    """Raises ConfigError for what cannot be written: to be called before the scores are computed."""
    if out.suffix == "":
        for stream in STREAMS:
            check_output(out / f"{stream}.parquet")
    elif out.suffix in (".parquet", ".csv"):
        check_output(out)
    else:
        raise ConfigError(
            f"{out} is neither .parquet nor .csv.", remedy="Name a file with one of these endings, or a folder."
        )


def _rows(item: ScoredAt, stream: Stream) -> pa.Table:
    table = pq.read_table(item.scores_dir / f"{stream}.parquet")
    rows = len(table)
    columns = {
        "as_of": pa.array([item.as_of] * rows, TIME),
        "stream": pa.array([stream] * rows, pa.string()),
        "id": table["id"].cast(pa.string()),
        "name": table["name"].cast(pa.string()),
    }
    for field in FIELDS:
        kind = {"number": pa.float64(), "integer": pa.int64(), "datetime": TIME}.get(field.type, pa.string())
        columns[field.name] = table[field.name].cast(kind) if field.name in table.column_names else pa.nulls(rows, kind)
    return pa.table(columns)


def _for_people(table: pa.Table) -> pa.Table:
    """The table with its texts inert in a spreadsheet."""
    for index, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            table = table.set_column(index, field, guard_column(table.column(index)))
    return table


def _write(table: pa.Table, path: Path) -> Path:
    if path.suffix == ".csv":
        return put_output(path, lambda part: pc.write_csv(_for_people(table), part))
    return put_output(path, lambda part: pq.write_table(table, part))
