"""Vendor columns to canonical columns, whole arrays at a time; only values that do not convert are looked at one by
one.

A `Frame` holds one page in vendor names, from JSON rows or from CSV; its arrays may be text (CSV) or typed (JSON).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from connectors.base import Reject
from connectors.errors import RetriableError
from connectors.records import TIME, Stream, implausible
from connectors.salesforce.ids import to_18

Array = Any  # pyarrow has no type information


@dataclass(frozen=True, slots=True)
class Frame:
    """A page of one object: API path -> array. A path that is not there reads as all null."""

    columns: Mapping[str, Array]
    size: int

    def get(self, path: str | None) -> Array:
        """The column, or nulls."""
        column = self.columns.get(path) if path else None
        return pa.nulls(self.size, pa.string()) if column is None else column

    def text(self, path: str | None) -> list[str | None]:
        """The column as Python strings."""
        values: list[str | None] = as_text(self.get(path)).to_pylist()
        return values

    def take(self, keep: Array) -> Frame:
        """The rows where `keep` is true."""
        return Frame(
            {path: column.filter(keep) for path, column in self.columns.items()}, int(pc.sum(keep).as_py() or 0)
        )


def from_json(records: Sequence[Mapping[str, Any]], paths: Sequence[str]) -> Frame:
    """Rows of a REST query; `Product2.Family` is looked up in the nested record, a null parent gives null."""
    columns: dict[str, Array] = {}
    for path in paths:
        head, _, rest = path.partition(".")
        values = [record.get(head) for record in records]
        while rest:
            head, _, rest = rest.partition(".")
            values = [None if value is None else value.get(head) for value in values]
        try:
            columns[path] = pa.array(values)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            columns[path] = pa.array([None if value is None else str(value) for value in values], pa.string())
    return Frame(columns, len(records))


def from_csv(body: bytes, paths: Sequence[str]) -> Frame:
    """Rows of a Bulk result page, all as text, empty as null. Raises RetriableError when it is not such a CSV."""
    if not body.strip():
        return Frame({}, 0)
    try:
        table = pacsv.read_csv(
            pa.BufferReader(body),
            parse_options=pacsv.ParseOptions(newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(paths, pa.string()), null_values=[""], strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid as error:
        raise RetriableError(f"A Bulk result page is not whole CSV ({error}).") from None
    names = {name.lower(): name for name in table.column_names}
    if missing := [path for path in paths if path.lower() not in names]:
        raise RetriableError(f"A Bulk result page lacks the columns {', '.join(missing)}.")
    if len(names) > len({path.lower() for path in paths}):
        raise RetriableError("A Bulk result page has columns that were not asked for.")
    columns = {path: table.column(names[path.lower()]).combine_chunks() for path in paths}
    return Frame(columns, table.num_rows)


def as_text(column: Array) -> Array:
    """As strings, empty as null."""
    text = pc.cast(column, pa.string())
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def as_ids(column: Array) -> Array:
    """As 18-character ids."""
    text = as_text(column)
    if pc.any(pc.equal(pc.utf8_length(text), 15)).as_py():
        return pa.array([None if value is None else to_18(value) for value in text.to_pylist()], pa.string())
    return text


def as_real(column: Array) -> Array:
    return pc.cast(as_text(column) if pa.types.is_string(column.type) else column, pa.float64())


def as_whole(column: Array) -> Array:
    return pc.cast(as_real(column), pa.int64())


def as_flag(column: Array) -> Array:
    if pa.types.is_boolean(column.type):
        return column
    return pc.cast(pc.utf8_lower(as_text(column)), pa.bool_())


def as_time(column: Array) -> Array:
    """Instants, or days as their midnight UTC (a date is never shifted to a zone)."""
    text = as_text(column)
    is_day = pc.equal(pc.utf8_length(text), 10)
    if pc.any(is_day).as_py():
        text = pc.if_else(is_day, pc.binary_join_element_wise(text, "T00:00:00Z", ""), text)
    return pc.cast(text, TIME)


def as_names(column: Array) -> Array:
    """A text of names separated by ";" as a list; null when there are none."""
    lists = [
        None if value is None else [name.strip() for name in value.split(";") if name.strip()]
        for value in as_text(column).to_pylist()
    ]
    return pa.array([value or None for value in lists], pa.list_(pa.string()))


_CASTS: dict[pa.DataType, Callable[[Array], Array]] = {
    pa.string(): as_text,
    pa.float64(): as_real,
    pa.int64(): as_whole,
    pa.bool_(): as_flag,
    TIME: as_time,
    pa.list_(pa.string()): as_names,
}


@dataclass(slots=True)
class Caster:
    """Converts the columns of one page and collects what could not be converted."""

    stream: Stream
    source: str
    ids: Sequence[str | None]
    rejects: list[Reject] = field(default_factory=list)

    def cast(self, name: str, column: Array, kind: pa.DataType) -> Array:
        """The column as `kind`; a value that does not fit is null and a reject naming the record."""
        convert = _CASTS[kind]
        try:
            made = convert(column)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            made = self._one_by_one(name, column, kind, convert)
        return self._plausible(name, made)

    def _plausible(self, name: str, column: Array) -> Array:
        wrong = implausible(name, column)
        if wrong is None or self.stream == "currency_rates":  # the first rate of a currency holds since ever
            return column
        for record, value, odd in zip(self.ids, column.to_pylist(), wrong.to_pylist(), strict=True):
            if odd:
                message = f"{value:%Y-%m-%d} cannot be meant as {name}"
                self.rejects.append(Reject(self.stream, record or "", name, message, self.source))
        return pc.if_else(wrong, pa.scalar(None, TIME), column)

    def _one_by_one(self, name: str, column: Array, kind: pa.DataType, convert: Callable[[Array], Array]) -> Array:
        values: list[Any] = []
        for record, value in zip(self.ids, as_text(column).to_pylist(), strict=True):
            try:
                values.append(convert(pa.array([value], pa.string()))[0].as_py())
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                values.append(None)
                message = f"{value!r} is not a valid {name} ({kind})"
                self.rejects.append(Reject(self.stream, record or "", name, message, self.source))
        return pa.array(values, kind)


def meaning(word: str, values: Mapping[str, str], folded: Mapping[str, str]) -> str:
    """What the table says of a word, as it is written, else in any case (`folded`): phone systems write "no-answer" and
    "No Answer". "*" stands for any other word, without it others are kept.
    """
    return values.get(word, folded.get(word.strip().casefold(), values.get("*", word)))


def translated(column: Array, values: Mapping[str, str]) -> Array:
    """Values looked up in a table, "" for unknown, as `meaning` finds them."""
    if not values:
        return column
    encoded = as_text(column).dictionary_encode()
    folded = {word.casefold(): said for word, said in values.items()}
    words = [meaning(word, values, folded) or None for word in encoded.dictionary.to_pylist()]
    return pa.array(words, pa.string()).take(encoded.indices)
