# ruff: noqa: S608 - the SQL is put together from the mapping of the person who runs it; names and texts are quoted
"""One value of a mapping as SQL in its canonical type: null where the file says nothing, and where what it says
does not fit.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from connectors.file.config import PSEUDO, Table
from connectors.file.readers.casts import boolean, instant, instant_of_number, literal, quoted
from connectors.file.readers.columns import Doubt
from connectors.file.readers.numbers import LIKE_A_NUMBER, number, plain_number, plain_text, ways
from connectors.file.understanding.references import is_id
from connectors.file.understanding.vocabulary import word
from connectors.records import IDS, SCHEMAS, TIME, Stream

SHARES = ("probability", "strategic_importance", "mission_criticality", "non_modularity")
LONGEST_CALL = 1440
"""Minutes. A longer call is a wrong unit."""
_FIRST, _LAST, _EVER = 0, 4_133_980_799_999_999, 253_402_300_799_999_999
"""Microseconds since 1970 of the end of 2100, and of 9999. Other times are mistakes: two-digit years, swapped
fields.
"""
_ENDS = ("contract_end", "end_at", "ends_at")
"""Times that may mean "never": 9999-12-31."""
SQL_TYPES = {pa.float64(): "DOUBLE", pa.int64(): "BIGINT", pa.bool_(): "BOOLEAN", TIME: "TIMESTAMPTZ"}
_BLANKS = " \t\r\n\u00a0\u200b\ufeff"
_CURRENCIES = {
    "€": "EUR", "£": "GBP", "euro": "EUR", "euros": "EUR", "us dollar": "USD", "us dollars": "USD",
        "u.s. dollar": "USD", "us$": "USD",
    "pound sterling": "GBP", "british pound": "GBP", "swiss franc": "CHF", "zł": "PLN", "kč": "CZK",
}  # fmt: skip
"""What stands for a currency without doubt. `$` and `kr` are several."""


def pseudo(stream: Stream) -> list[pa.Field]:
    """The columns beyond the canonical ones that a mapping of the stream may give."""
    kinds = {"deleted": pa.bool_(), "phone": pa.string()}
    return [pa.field(name, kinds[name]) for name, streams in PSEUDO.items() if stream in streams]


def stored(kind: pa.DataType) -> str:
    """The DuckDB type of a canonical column."""
    return "VARCHAR[]" if kind == IDS else SQL_TYPES.get(kind, "VARCHAR")


def cast(stream: Stream, field: pa.Field, kind: str, way: Table | None = None) -> tuple[str, str]:
    """(raw, value) of the column `field.name`, which has the DuckDB type `kind`: `value` is null also where `raw`
    does not fit.

    `way`: how the numbers are written, of text.
    """
    column = quoted(field.name)
    if field.type == pa.string():
        return _text(stream, field, kind)
    if field.type == IDS:
        return _ids(column, kind)
    raw = f"NULLIF(trim({column}), '')" if kind == "VARCHAR" else column
    if field.type == pa.bool_() and kind == "VARCHAR":
        return raw, boolean(raw)
    if field.type == TIME:
        return raw, _time(field.name, raw, kind)
    value = f"TRY_CAST({raw} AS {SQL_TYPES[field.type]})"
    if field.type == pa.float64() and kind == "VARCHAR":
        exponent = f"CASE WHEN regexp_full_match({raw}, '[-+0-9.]+[eE][-+]?[0-9]+') THEN TRY_CAST({raw} AS DOUBLE) END"
        value = f"coalesce({number(raw, way) if way else plain_number(raw)}, {exponent})"
    if field.name == "minutes":
        return raw, _minutes(raw, kind, value)
    if field.name in SHARES:
        return raw, f"CASE WHEN {value} BETWEEN 0 AND 1 THEN {value} END"
    return raw, f"CASE WHEN isfinite({value}) THEN {value} END" if field.type == pa.float64() else value


def way_of(
    con: duckdb.DuckDBPyConnection, expression: str, origin: str, table: Table, file: str
) -> tuple[Table | None, Doubt | None]:
    """How the numbers are written that `expression` gives as text: the one way that fits all of them; a doubt
    where two fit.
    """
    x = f"trim(({expression}\n)::VARCHAR)"
    tries = ways(table)
    like = f"regexp_full_match({plain_text('x', table.strip)}, {literal(LIKE_A_NUMBER)})"
    tests = ", ".join(f"bool_and({number('x', t)} IS NOT NULL)" for t in tries)
    row = con.execute(f"SELECT {tests} FROM (SELECT {x} AS x FROM {origin}) WHERE {like}").fetchone() or ()
    fits = [t for t, fit in zip(tries, row, strict=True) if fit]
    if len(fits) > 1:
        first, rest = number("x", fits[0]), " OR ".join(f"{number('x', t)} <> {number('x', fits[0])}" for t in fits[1:])
        odd = con.execute(
            f"SELECT any_value(x), any_value({first}) FROM (SELECT {x} AS x FROM {origin}) WHERE {like} AND ({rest})"
        ).fetchone()
        if odd and odd[0] is not None:
            mark = next(m for m in odd[0] if m in ".,'\u2019 \u00a0\u202f")
            name = expression.strip().strip('"')
            told = (
                f"{name!r} of {file}: is {odd[0]} about {odd[0].split(mark)[0]}, or "
                f"{odd[0].replace(mark, ',' if mark == '.' else '')}?"
            )
            remedy = f"Say so in the table: thousands = {mark!r} or decimal = {mark!r}.".replace("'", '"')
            return None, Doubt(file, "thousands", name, told, remedy)
    return (fits[0] if fits else None), None


def _time(name: str, raw: str, kind: str) -> str:
    if kind == "VARCHAR":
        value = instant(raw)
    elif kind in ("INTEGER", "BIGINT", "HUGEINT", "UINTEGER", "UBIGINT", "DOUBLE"):
        value = instant_of_number(raw)
    else:
        value = f"TRY_CAST({raw} AS TIMESTAMPTZ)"
    last = _EVER if name in _ENDS else _LAST
    fits = f"CASE WHEN isfinite(v) AND epoch_us(v) BETWEEN {_FIRST} AND {last} THEN v END"
    return f"list_transform([{value}], lambda v: {fits})[1]"


def _minutes(raw: str, kind: str, value: str) -> str:
    """Lengths as hours, minutes and seconds too; `5:30` could be either and is none."""
    if kind in ("INTERVAL", "TIME"):
        value = f"epoch({raw}) / 60"
    elif kind == "VARCHAR":
        clock = f"regexp_full_match({raw}, '[0-9]+:[0-9]{{2}}:[0-9]{{2}}(\\.[0-9]+)?')"
        words = (
            f"regexp_full_match(lower({raw}), '([0-9.]+ "
            f"?(h|hours?|hrs?|std|m|min|mins|minutes?|s|sek|secs?|seconds?)\\.?,? ?)+')"
        )
        spelt = f"replace(replace(lower({raw}), 'std', 'h'), 'sek', 's')"
        parts = f"CAST(string_split({raw}, ':') AS DOUBLE[])"
        value = (
            f"CASE WHEN {clock} THEN {parts}[1] * 60 + {parts}[2] + {parts}[3] / 60"
            f" WHEN {words} THEN epoch(TRY_CAST({spelt} AS INTERVAL)) / 60 ELSE {value} END"
        )
    return f"CASE WHEN isfinite({value}) AND {value} >= 0 THEN {value} END"


def _text(stream: Stream, field: pa.Field, kind: str) -> tuple[str, str]:
    column = quoted(field.name)
    if kind in ("DOUBLE", "FLOAT"):  # a code read as a number: 13085.0 is 13085; beyond 2^53 digits are lost
        whole = f"CAST(CAST({column} AS BIGINT) AS VARCHAR)"
        exact = f"{column} = trunc({column}) AND abs({column}) <= 9007199254740992"
        return column, f"CASE WHEN {exact} THEN {whole} ELSE CAST({column} AS VARCHAR) END"
    text = f"NULLIF(trim(CAST({column} AS VARCHAR), {literal(_BLANKS)}), '')"
    if meaning := word(stream, field.name, text):
        return text, meaning
    if field.name == "currency":
        return text, _currency(text)
    if is_id(field):  # ="007" is how exports keep Excel from making a number of a code
        return text, f"""NULLIF(trim(regexp_replace({text}, '^="(.*)"$', '\\1'), {literal(_BLANKS)}), '')"""
    return text, f"NULLIF(CAST({column} AS VARCHAR), '')"


def _currency(text: str) -> str:
    """A code in capitals; `EUR - Euro` and signs that are no other currency's too; the text itself where it is
    unknown.
    """
    known = ", ".join(f"{literal(name)}: '{code}'" for name, code in _CURRENCIES.items())
    code = f"nullif(upper(regexp_extract({text}, '^([A-Za-z]{{3}})($| ?[-(\u2013])', 1)), '')"
    return f"coalesce({code}, (MAP {{{known}}})[lower({text})], {text})"


def _ids(column: str, kind: str) -> tuple[str, str]:
    """A list column, or text: a JSON list, or names separated by semicolons."""
    if kind.endswith("[]"):
        return column, f"CAST({column} AS VARCHAR[])"
    raw = f"NULLIF(trim(CAST({column} AS VARCHAR)), '')"
    each = f"list_filter(list_transform(string_split({raw}, ';'), lambda x: trim(x)), lambda x: x <> '')"
    json = f"""CASE WHEN json_valid({raw}) THEN from_json({raw}, '["VARCHAR"]') END"""
    return raw, f"CASE WHEN {raw} LIKE '[%' THEN {json} ELSE {each} END"


def canonical_types(stream: Stream) -> dict[str, str]:
    """DuckDB types of a stream's columns as a CSV holds them (lists and texts as text)."""
    return {f.name: SQL_TYPES.get(f.type, "VARCHAR") for f in SCHEMAS[stream]}
