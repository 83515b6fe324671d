# ruff: noqa: S608 - the SQL is put together from the mapping of the person who runs it; names and texts are quoted
"""One stream as SQL: the mapping's expressions, cast to the canonical types, with what did not fit named beside each
row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import duckdb
import pyarrow as pa

from connectors.errors import ConfigError
from connectors.file.config import PSEUDO, Part
from connectors.file.readers.casts import boolean, instant, instant_of_number, literal, quoted
from connectors.file.sources import Sources, plain
from connectors.file.understanding.references import is_id
from connectors.file.understanding.vocabulary import word
from connectors.records import IDS, SCHEMAS, TIME, Stream

MISFITS = "!misfits"
"""Column beside the canonical ones: `column US text` for every value that did not fit, joined by RS."""
UNIT_SEPARATOR, RECORD_SEPARATOR = "\x1f", "\x1e"
SHARES = ("probability", "strategic_importance", "mission_criticality", "non_modularity")
_REMEDIES: dict[type[duckdb.Error], str] = {
    duckdb.ParserException: "Correct the SQL; a column name with spaces, or like an SQL word, needs double quotes.",
    duckdb.BinderException: "Correct the expression, or say in the table how the file is written.",
    duckdb.Error: "Use try_cast(x AS type) or try_strptime(x, format) where a value may be odd: it is then unknown.",
}
_FIRST, _LAST, _EVER = 0, 4_133_980_799_999_999, 253_402_300_799_999_999
"""Microseconds since 1970 of the end of 2100, and of 9999. Other times are mistakes: two-digit years, swapped
fields.
"""
_ENDS = ("contract_end", "end_at", "ends_at")
"""Times that may mean "never": 9999-12-31."""
LONGEST_CALL = 1440
"""Minutes. A longer call is a wrong unit."""
_SQL_TYPES = {pa.float64(): "DOUBLE", pa.int64(): "BIGINT", pa.bool_(): "BOOLEAN", TIME: "TIMESTAMPTZ"}


def canonical_types(stream: Stream) -> dict[str, str]:
    """DuckDB types of a stream's columns as a CSV holds them (lists and texts as text)."""
    return {f.name: _SQL_TYPES.get(f.type, "VARCHAR") for f in SCHEMAS[stream]}


def canonical_part(sources: Sources, stream: Stream, file: str) -> Part:
    """The mapping of a file that is in canonical columns already. Raises ConfigError if it has no `id`."""
    name, _ = sources.load(file, canonical_types(stream))
    present = [c for c in SCHEMAS[stream].names if c in sources.columns(name)]
    if "id" not in present:
        raise ConfigError(f"{file} has no column 'id', so it cannot be read as the stream {stream} without a mapping.")
    return Part.model_validate({"from": file, "columns": {c: quoted(c) for c in present}})


def stream_sql(sources: Sources, con: duckdb.DuckDBPyConnection, stream: Stream, parts: tuple[Part, ...]) -> str:
    """A SELECT of the stream's canonical columns and MISFITS. Raises ConfigError naming stream, column and
    expression.
    """
    if not parts:
        columns = [f"CAST(NULL AS {_stored(f.type)}) AS {quoted(f.name)}" for f in (*SCHEMAS[stream], *_pseudo(stream))]
        return f"SELECT {', '.join(columns)}, '' AS {quoted(MISFITS)} WHERE false"
    return " UNION ALL ".join(_part_sql(sources, con, stream, part) for part in parts)


def explain_failure(
    sources: Sources, con: duckdb.DuckDBPyConnection, stream: Stream, parts: tuple[Part, ...], error: duckdb.Error
) -> ConfigError:
    """The expression that fails when it is run over the data, found by running each alone."""
    for part in parts:
        origin, tail = _origin(sources, part), _tail(part)
        for column, expression in part.columns.items():
            try:
                con.execute(f"SELECT count(x) FROM (SELECT ({expression}\n) AS x FROM {origin}{tail})").fetchall()
            except duckdb.Error as found:
                return _error(sources, stream, part, f"column {column!r}", expression, found)
    # No expression fails by itself, so it is the data: a file that is damaged behind its header.
    names = sorted(
        {
            name
            for part in parts
            for origin in (part.origin, *(join.table for join in part.joins))
            for table in [sources.definition(origin)[2]]
            if not table.sql
            for name in sources.files(table)
        }
    )
    return ConfigError(
        f"The files of {stream} ({', '.join(names)}) cannot be read: {plain(error)}", remedy="Export them again."
    )


def _part_sql(sources: Sources, con: duckdb.DuckDBPyConnection, stream: Stream, part: Part) -> str:
    origin, tail = _origin(sources, part), _tail(part)
    _check_clauses(sources, con, stream, part, origin)
    kinds = {}
    for column, expression in part.columns.items():
        try:
            row = con.execute(f"DESCRIBE SELECT ({expression}\n) AS x FROM {origin}{tail}").fetchone()
        except duckdb.Error as error:
            raise _error(sources, stream, part, f"column {column!r}", expression, error) from None
        kinds[column] = str(row[1]) if row else "VARCHAR"
    given = {c: f"({e}\n)" for c, e in part.columns.items()} | {c: literal(v) for c, v in part.constants.items()}
    inner = ", ".join(f"{e} AS {quoted(c)}" for c, e in given.items())
    kinds |= {c: _constant_type(v) for c, v in part.constants.items()}
    casts, misfits = [], []
    calls = _calls(given.get("channel"))
    for field in (*SCHEMAS[stream], *_pseudo(stream)):
        if field.name not in given:
            casts.append(f"CAST(NULL AS {_stored(field.type)}) AS {quoted(field.name)}")
            continue
        raw, value = _cast(stream, field, kinds[field.name])
        if (stream, field.name) == ("activities", "minutes"):
            value = f"CASE WHEN NOT ({value} > {LONGEST_CALL} AND {calls}) THEN {value} END"
        casts.append(f"{value} AS {quoted(field.name)}")
        if field.type != pa.string() or word(stream, field.name, raw):
            shown = f"left(CAST({raw} AS VARCHAR), 60)"
            found = f"{literal(field.name + UNIT_SEPARATOR)} || {shown}"
            misfits.append(f"CASE WHEN {raw} IS NOT NULL AND {value} IS NULL THEN {found} END")
    beside = f"concat_ws({literal(RECORD_SEPARATOR)}, {', '.join(misfits)})" if misfits else "''"
    return f"SELECT {', '.join(casts)}, {beside} AS {quoted(MISFITS)} FROM (SELECT {inner} FROM {origin}{tail})"


def _origin(sources: Sources, part: Part) -> str:
    name, alias = sources.load(part.origin)
    sql = f"{name} AS {quoted(part.alias or alias)}"
    for join in part.joins:
        other, other_alias = sources.load(join.table)
        sql += f" {join.kind.upper()} JOIN {other} AS {quoted(join.alias or other_alias)} ON ({join.on}\n)"
    return sql


def _tail(part: Part) -> str:
    where = f" WHERE ({part.where}\n)" if part.where else ""
    return where + (f" GROUP BY {', '.join(f'({g})' for g in part.group_by)}" if part.group_by else "")


def _check_clauses(sources: Sources, con: duckdb.DuckDBPyConnection, stream: Stream, part: Part, origin: str) -> None:
    clauses = [("joins", " and ".join(j.on for j in part.joins), f"SELECT 1 FROM {origin}")]
    if part.where:
        clauses.append(("where", part.where, f"SELECT 1 FROM {origin} WHERE ({part.where}\n)"))
    clauses += [("group_by", g, f"SELECT ({g}\n) FROM {origin} GROUP BY ({g}\n)") for g in part.group_by]
    for key, expression, sql in clauses:
        try:
            con.execute(f"DESCRIBE {sql}")
        except duckdb.Error as error:
            raise _error(sources, stream, part, f"key {key!r}", expression, error) from None


def _pseudo(stream: Stream) -> list[pa.Field]:
    kinds = {"deleted": pa.bool_(), "phone": pa.string()}
    return [pa.field(name, kinds[name]) for name, streams in PSEUDO.items() if stream in streams]


def _calls(channel: str | None) -> str:
    return (
        "false"
        if channel is None
        else f"coalesce({word('activities', 'channel', 'CAST(channel AS VARCHAR)')} = 'call', false)"
    )


def _cast(stream: Stream, field: pa.Field, kind: str) -> tuple[str, str]:
    """(raw, value): `raw` is null only where the file says nothing; `value` is null also where what it says does not
    fit.
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
        if kind == "VARCHAR":
            value = instant(raw)
        elif kind in ("INTEGER", "BIGINT", "HUGEINT", "UINTEGER", "UBIGINT", "DOUBLE"):
            value = instant_of_number(raw)
        else:
            value = f"TRY_CAST({raw} AS TIMESTAMPTZ)"
        last = _EVER if field.name in _ENDS else _LAST
        return raw, f"CASE WHEN isfinite({value}) AND epoch_us({value}) BETWEEN {_FIRST} AND {last} THEN {value} END"
    value = f"TRY_CAST({raw} AS {_SQL_TYPES[field.type]})"
    if field.name in SHARES:
        return raw, f"CASE WHEN {value} BETWEEN 0 AND 1 THEN {value} END"
    return raw, f"CASE WHEN isfinite({value}) THEN {value} END" if field.type == pa.float64() else value


def _text(stream: Stream, field: pa.Field, kind: str) -> tuple[str, str]:
    column = quoted(field.name)
    if kind in ("DOUBLE", "FLOAT"):  # a code read as a number: 13085.0 is 13085; beyond 2^53 digits are lost
        whole = f"CAST(CAST({column} AS BIGINT) AS VARCHAR)"
        exact = f"{column} = trunc({column}) AND abs({column}) <= 9007199254740992"
        return column, f"CASE WHEN {exact} THEN {whole} ELSE CAST({column} AS VARCHAR) END"
    text = f"NULLIF(trim(CAST({column} AS VARCHAR)), '')"
    if meaning := word(stream, field.name, text):
        return text, meaning
    if field.name == "currency":
        return text, f"CASE WHEN regexp_full_match({text}, '[a-z]{{3}}') THEN upper({text}) ELSE {text} END"
    return text, text if is_id(field) else f"NULLIF(CAST({column} AS VARCHAR), '')"


def _ids(column: str, kind: str) -> tuple[str, str]:
    """A list column, or text: a JSON list, or names separated by semicolons."""
    if kind.endswith("[]"):
        return column, f"CAST({column} AS VARCHAR[])"
    raw = f"NULLIF(trim(CAST({column} AS VARCHAR)), '')"
    each = f"list_filter(list_transform(string_split({raw}, ';'), lambda x: trim(x)), lambda x: x <> '')"
    json = f"""CASE WHEN json_valid({raw}) THEN from_json({raw}, '["VARCHAR"]') END"""
    return raw, f"CASE WHEN {raw} LIKE '[%' THEN {json} ELSE {each} END"


def _stored(kind: pa.DataType) -> str:
    return "VARCHAR[]" if kind == IDS else _SQL_TYPES.get(kind, "VARCHAR")


def _constant_type(value: str | bool | float) -> str:
    return "VARCHAR" if isinstance(value, str) else "BOOLEAN" if isinstance(value, bool) else "NUMBER"


def _error(
    sources: Sources, stream: Stream, part: Part, where: str, expression: str, error: duckdb.Error
) -> ConfigError:
    columns = {
        c: key
        for o in (part.origin, *(j.table for j in part.joins))
        for key in [sources.load(o)[0]]
        for c in sources.columns(key)
    }
    remedy = next(remedy for kind, remedy in _REMEDIES.items() if isinstance(error, kind))
    if len(columns) == 1 and (mark := next((m for m in ";\t|," if m in next(iter(columns))), "")):
        remedy = f"The file is separated by {mark!r}: set delimiter = {json.dumps(mark)} in its table."
    return ConfigError(
        f"The mapping of {stream}, {where}, cannot be computed: {expression.strip()!r}: {plain(error, columns)}",
        remedy=remedy,
    )


_TRY = re.compile(r"\btry_cast\s*\(|\btry_strptime\s*\(", re.IGNORECASE)


def swallowed(sources: Sources, con: duckdb.DuckDBPyConnection, part: Part) -> Iterator[tuple[str, int, str]]:
    """(column, rows, an example) for what a `try_cast` or `try_strptime` of the mapping turned into nothing, unseen."""
    origin = _origin(sources, part) + (f" WHERE ({part.where}\n)" if part.where else "")
    for column, expression in part.columns.items():
        for attempt, text in _attempts(expression):
            try:
                row = con.execute(
                    f"SELECT count(*), any_value(left(CAST(({text}) AS VARCHAR), 40)) FROM (SELECT * FROM {origin})"
                    f" WHERE ({text}) IS NOT NULL AND CAST(({text}) AS VARCHAR) <> '' AND ({attempt}) IS NULL"
                ).fetchone()
            except duckdb.Error:  # an alias of a join that is no longer there, an aggregate inside: nothing can be said
                continue
            if row and row[0]:
                yield column, row[0], row[1]


def _attempts(expression: str) -> Iterator[tuple[str, str]]:
    """(the whole call, what it tries to read) of each attempt in an expression."""
    for match in _TRY.finditer(expression):
        depth, end, split = 1, match.end(), None
        while end < len(expression) and depth:
            char = expression[end]
            depth += (char == "(") - (char == ")")
            if (
                depth == 1
                and split is None
                and (char == "," or re.match(r"\sAS\s", expression[end : end + 4], re.IGNORECASE))
            ):
                split = end
            end += 1
        if not depth and split is not None:
            yield expression[match.start() : end], expression[match.end() : split]
