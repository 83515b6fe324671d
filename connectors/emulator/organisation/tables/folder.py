"""An organisation as a folder of tables: one `<stream>.csv` or `<stream>.parquet` a stream in the canonical columns,
and an optional `organisation.toml`.

In a CSV table an empty cell means unknown, times are ISO 8601 (without a zone: UTC), lists are separated by `;` (a lone
`;` is the empty list), and flags are `true` or `false`. Columns that are left out, and streams that have no file, are
unknown and empty.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.emulator.organisation.model import Organisation
from connectors.emulator.organisation.tables.csv import check_columns, read_csv, write_csv
from connectors.emulator.organisation.tables.settings import settings_toml, with_settings
from connectors.errors import ConfigError
from connectors.records import SCHEMAS, STREAMS, Stream

Format = Literal["parquet", "csv"]
_SETTINGS = "organisation.toml"


def load_tables(directory: Path) -> Organisation:
    """The organisation in a folder.

    Raises ConfigError naming the file, and the line or column, for: a folder without any table, a stream in two
    formats, a column that is not canonical, a value of the wrong type, a row too short or too long, an id missing or
    twice.
    """
    if not directory.is_dir():
        raise ConfigError(
            f"{directory} is not a folder.", remedy="Name a folder of <stream>.csv or <stream>.parquet tables."
        )
    tables = {stream: _load(directory, stream) for stream in STREAMS}
    if not any(_file(directory, stream) for stream in STREAMS):
        raise ConfigError(
            f"{directory} holds no table.", remedy=f"Name at least one file after a stream: {', '.join(STREAMS)}."
        )
    return with_settings(tables, directory / _SETTINGS)


def save_tables(organisation: Organisation, directory: Path, format: Format = "parquet") -> None:  # noqa: A002
    """Write the organisation into a folder that is made when needed, so that `load_tables` gives the same back; in CSV
    an empty text comes back as unknown. Replaces tables that are there.

    Raises ConfigError for a value that CSV cannot hold (a list entry that is empty or has a `;`, a number not finite).
    """
    directory.mkdir(parents=True, exist_ok=True)
    for stream, table in organisation.tables.items():
        for other in ("csv", "parquet"):
            (directory / f"{stream}.{other}").unlink(missing_ok=True)
        path = directory / f"{stream}.{format}"
        if format == "parquet":
            pq.write_table(table, path)
        else:
            write_csv(table, path)
    (directory / _SETTINGS).write_text(settings_toml(organisation), encoding="utf-8")


def _file(directory: Path, stream: Stream) -> Path | None:
    found = [path for suffix in ("csv", "parquet") if (path := directory / f"{stream}.{suffix}").is_file()]
    if len(found) > 1:
        raise ConfigError(f"{directory} holds {stream} twice, as CSV and as Parquet.", remedy="Keep one of the two.")
    return found[0] if found else None


def _load(directory: Path, stream: Stream) -> pa.Table:
    path = _file(directory, stream)
    if path is None:
        return SCHEMAS[stream].empty_table()
    return read_csv(path, stream) if path.suffix == ".csv" else _read_parquet(path, stream)


def _read_parquet(path: Path, stream: Stream) -> pa.Table:
    try:
        raw = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise ConfigError(f"{path}: not a Parquet file: {error}.", remedy="Write it again.") from None
    check_columns(path, stream, raw.column_names)
    columns = [_cast(path, field, raw) for field in SCHEMAS[stream]]
    ids = columns[0]
    if ids.null_count:
        raise ConfigError(f"{path}: {ids.null_count} records have no id.", remedy="Give every record an id of its own.")
    counts = pc.value_counts(ids)
    twice = counts.filter(pc.greater(counts.field("counts"), 1))
    if len(twice):
        raise ConfigError(f"{path}: id {twice[0]['values'].as_py()!r} is there twice.", remedy="Ids must be unique.")
    return pa.Table.from_arrays(columns, schema=SCHEMAS[stream])


def _cast(path: Path, field: pa.Field, raw: pa.Table) -> pa.ChunkedArray:
    if field.name not in raw.column_names:
        return pa.chunked_array([pa.nulls(raw.num_rows, field.type)])
    try:
        return raw[field.name].cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ConfigError(
            f"{path}: column {field.name!r} cannot be read as {field.type}: {error}.",
            remedy="Correct its values or its type.",
        ) from None
