"""Settings of the file connector and the mapping that says, in SQL expressions, how a folder becomes canonical
streams.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from connectors.errors import ConfigError
from connectors.file.activity.settings import SOURCES, Calendar, Calls, Mailbox
from connectors.records import SCHEMAS, STREAMS, Stream

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_OWN_TABLE_KEYS = ("tables", "streams", *SOURCES)
PSEUDO: dict[str, tuple[Stream, ...]] = {"deleted": STREAMS, "phone": ("accounts", "people")}
"""Columns that a mapping may give beyond the canonical ones. `deleted`: rows for which it is true are left out.
`phone`: which call belongs to whom; it never leaves the folder."""


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the closest of `known`, or nothing when none is close."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""


def expand(text: str, setting: str) -> str:
    """`text` with each `${NAME}` replaced from the environment. Raises ConfigError naming the setting and the
    variable.
    """

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if not os.environ.get(name):
            raise ConfigError(
                f"{setting} = {text!r} needs the environment variable {name}, which is not set.",
                remedy=f"Set it, for example: export {name}=/path/to/your/files",
            )
        return os.environ[name]

    return _VARIABLE.sub(value, text)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class FilesConfig(_Strict):
    """`[crm] kind = "files"`: where to read, where to write.

    `input` and `output` may hold `${NAME}`; relative paths are relative to the current directory unless `anchored`.
    """

    kind: Literal["files"] = "files"
    input: str = Field(min_length=1)
    output: str = ".bothways/files"
    """Where `accounts_scores.csv` and `opportunities_scores.csv` are kept."""
    time_zone: str | None = None
    """The zone of times in the files that carry no offset; a bare date is midnight there. Default: the
    organisation's.
    """
    max_file_mb: int = Field(default=20_000, gt=0)
    """The most that one file may unpack to: what is in an archive or a workbook can be far larger than it looks."""
    max_minutes: float = Field(default=30.0, gt=0)
    """The longest that the expressions of one stream may take."""

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        try:
            if name is not None:
                ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{name!r} is not a time zone of the IANA database, such as Europe/Paris") from error
        return name

    def anchored(self, base: Path) -> FilesConfig:
        """The same, with relative paths taken from `base` (the folder of the settings file)."""
        return self.model_copy(update={"input": str(base / self.input_dir()), "output": str(base / self.output_dir())})

    def input_dir(self) -> Path:
        """The folder to read; raises ConfigError if a variable is unset. Does not look whether it exists."""
        return Path(expand(self.input, "crm.input")).expanduser()

    def output_dir(self) -> Path:
        return Path(expand(self.output, "crm.output")).expanduser()


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str | dict) else value


class Table(_Strict):
    """One table that mappings draw on: file(s) of the folder, read as CSV, .xlsx or Parquet, or SQL over the others."""

    file: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()
    """Names or globs inside the folder; at least one file must match. Files in a .zip are found by their own names."""
    newest: bool = False
    """Of several files only the newest: exports of several days."""
    sql: str | None = None
    """A SELECT over tables named in this mapping before this one, for what one expression cannot say."""
    delimiter: str | None = None
    """Comma unless the name ends in .tsv or the first line says `sep=;`."""
    header: bool = True
    names: tuple[str, ...] = ()
    """Column names, for a file without a header or to replace the header's."""
    types: dict[str, str] = {}
    """DuckDB types by column; the others are inferred. A cell that does not fit is rejected and read as null."""
    nulls: tuple[str, ...] = ()
    """Texts that mean 'unknown', besides the empty cell."""
    encoding: str | None = None
    """UTF-8 or UTF-16, whichever the first bytes show, unless given."""
    quote: str = Field(default='"', max_length=1)
    escape: str | None = Field(default=None, min_length=1, max_length=1)
    """What stands before a quote inside quotes; the quote itself unless given."""
    decimal: Literal[".", ","] | None = None
    thousands: Literal[".", ",", " ", "'"] | None = None
    """How numbers are written: `24.000,50` has decimal "," and thousands "."; a space stands for every kind of
    space.
    """
    strip: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()
    """Texts that stand beside numbers and are taken off: currency signs, `%`."""
    skip: int = Field(default=0, ge=0, le=10_000)
    skip_until: str | None = Field(default=None, min_length=1)
    """The header is the first row with this cell; what stands above is left out."""
    fill_down: tuple[str, ...] = ()
    """Columns whose empty cells repeat the cell above: rows that continue a record, merged cells."""
    sheet: str | None = None
    """Of a workbook; the first shown one with data unless given."""
    date_format: str | None = None
    timestamp_format: str | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Table:
        if bool(self.file) == bool(self.sql):
            raise ValueError("needs exactly one of 'file' and 'sql'")
        if self.decimal and self.decimal == self.thousands:
            raise ValueError("decimal and thousands cannot be the same character")
        if self.delimiter is not None and len(self.delimiter.encode()) > 4:
            raise ValueError("a delimiter has at most four characters")
        return self

    @property
    def point(self) -> str | None:
        """The decimal mark where the table says how numbers are written."""
        if self.thousands is None:
            return self.decimal
        return self.decimal or ("," if self.thousands == "." else ".")


class Join(_Strict):
    """`kind JOIN table AS alias ON condition`."""

    table: str
    alias: str | None = Field(default=None, alias="as")
    on: str
    kind: Literal["left", "inner"] = "left"


class Part(_Strict):
    """One query that gives records of a stream; a stream of several parts is their union."""

    origin: str | Table = Field(alias="from")
    """A name under `[tables]`, a file name or glob, or a table written in place."""
    alias: str | None = Field(default=None, alias="as")
    joins: Annotated[tuple[Join, ...], BeforeValidator(_as_list)] = ()
    where: str | None = None
    group_by: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()
    columns: dict[str, str]
    """Canonical column -> SQL expression over the tables' columns."""
    constants: dict[str, str | bool | int | float] = {}


class FilesMapping(_Strict):
    """How a folder becomes canonical streams. In TOML each stream is a table (or an array of them) at the top level."""

    tables: dict[str, Table] = {}
    streams: dict[Stream, Annotated[tuple[Part, ...], BeforeValidator(_as_list)]] = {}
    mailbox: Mailbox | None = None
    calendar: Calendar | None = None
    calls: Calls | None = None

    @model_validator(mode="before")
    @classmethod
    def _streams_at_the_top(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        streams = dict(data.get("streams", {}))
        streams.update({key: value for key, value in data.items() if key not in _OWN_TABLE_KEYS})
        for key in streams:
            if key not in STREAMS:
                raise ConfigError(
                    (
                        f"The mapping has a table [{key}], which is not a "
                        f"stream{nearest(key, (*STREAMS, *_OWN_TABLE_KEYS))}."
                    ),
                    remedy=(
                        f"The streams are {', '.join(STREAMS)}; tables to read are under [tables]; there are "
                        f"[mailbox], [calendar] and [calls] too."
                    ),
                )
        own = {key: data[key] for key in _OWN_TABLE_KEYS if key in data and key != "streams"}
        return {**own, "streams": streams}

    @model_validator(mode="after")
    def _known_columns(self) -> FilesMapping:
        for stream, parts in self.streams.items():
            for part in parts:
                _check_columns(stream, part)
        return self


def _check_columns(stream: Stream, part: Part) -> None:
    known = (*SCHEMAS[stream].names, *(name for name, streams in PSEUDO.items() if stream in streams))
    for key in (*part.columns, *part.constants):
        if key not in known:
            raise ConfigError(
                f"The mapping of {stream} names a column {key!r} that the stream does not have{nearest(key, known)}.",
                remedy=f"The columns of {stream} are {', '.join(known)}.",
            )
    if twice := sorted(set(part.columns) & set(part.constants)):
        raise ConfigError(f"The mapping of {stream} gives {twice[0]!r} both as a column and as a constant.")
    if "id" not in part.columns:
        raise ConfigError(
            f"The mapping of {stream} has no expression for 'id'.", remedy='Add id = "..." to its columns.'
        )


def parse_mapping(data: object, source: str) -> FilesMapping:
    """A mapping from parsed TOML. Raises ConfigError naming `source`, the key and what is wrong with it."""
    try:
        return FilesMapping.model_validate(data)
    except ValidationError as error:
        lines = [f"{'.'.join(str(step) for step in e['loc'])}: {e['msg']}{_hint(e['loc'])}" for e in error.errors()]
        raise ConfigError(f"{source}: {'; '.join(lines)}.") from None
    except ConfigError as error:
        raise ConfigError(f"{source}: {error.args[0]}", remedy=error.remedy) from None


def _hint(location: tuple[int | str, ...]) -> str:
    fields = {alias or name for model in (Part, Table, Join, Mailbox, Calendar, Calls) for name, alias in _names(model)}
    word = str(location[-1]) if location else ""
    return "" if word in fields else nearest(word, fields)


def _names(model: type[BaseModel]) -> list[tuple[str, str | None]]:
    return [(name, info.alias) for name, info in model.model_fields.items()]


def load_mapping(path: Path) -> FilesMapping:
    """The mapping in a TOML file. Raises ConfigError naming the file, and the line of a syntax error."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"The mapping file {path} does not exist.", remedy="See mapping.file in the settings."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from None
    return parse_mapping(data, str(path))
