# ruff: noqa: S608 - the SQL is put together from the mapping of the person who runs it; names and texts are quoted
"""One stream as SQL: the mapping's expressions, cast to the canonical types, with what did not fit named beside each row."""

from __future__ import annotations

import re

import duckdb
import pyarrow as pa

from connectors.errors import ConfigError
from connectors.file.config import Part
from connectors.file.csv import literal, quoted
from connectors.file.sources import Sources
from connectors.records import IDS, SCHEMAS, TIME, Stream

MISFITS = "!misfits"
"""Column beside the canonical ones: `column US text` for every value that did not fit, joined by RS."""
UNIT_SEPARATOR, RECORD_SEPARATOR = "\x1f", "\x1e"
SHARES = ("probability", "strategic_importance", "mission_criticality", "non_modularity")
_REMEDIES: dict[type[duckdb.Error], str] = {
    duckdb.ParserException: "Mend the SQL; a column named like an SQL word needs double quotes.",
    duckdb.BinderException: "If the column is there but of another type, give it under the table's types.",
    duckdb.Error: "Use try_cast(x AS type) or try_strptime(x, format) where a value may be odd: it is then unknown.",
}
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999
"""Microseconds since 1970 of the first and the last instant of the years 1 to 9999: what calendars here can say."""
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
    """A SELECT of the stream's canonical columns and MISFITS. Raises ConfigError naming stream, column and expression."""
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
                return _error(stream, f"column {column!r}", expression, found)
    return ConfigError(f"The mapping of {stream} fails: {_message(error)}")


def _part_sql(sources: Sources, con: duckdb.DuckDBPyConnection, stream: Stream, part: Part) -> str:
    origin, tail = _origin(sources, part), _tail(part)
    _check_clauses(con, stream, part, origin)
    kinds = {}
    for column, expression in part.columns.items():
        try:
            row = con.execute(f"DESCRIBE SELECT ({expression}\n) AS x FROM {origin}{tail}").fetchone()
        except duckdb.Error as error:
            raise _error(stream, f"column {column!r}", expression, error) from None
        kinds[column] = str(row[1]) if row else "VARCHAR"
    given = {c: f"({e}\n)" for c, e in part.columns.items()} | {c: literal(v) for c, v in part.constants.items()}
    inner = ", ".join(f"{e} AS {quoted(c)}" for c, e in given.items())
    kinds |= {c: _constant_type(v) for c, v in part.constants.items()}
    casts, misfits = [], []
    for field in SCHEMAS[stream]:
        if field.name not in given:
            casts.append(f"CAST(NULL AS {_stored(field.type)}) AS {quoted(field.name)}")
            continue
        raw, value = _cast(field, kinds[field.name])
        casts.append(f"{value} AS {quoted(field.name)}")
        if field.type != pa.string():
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


def _check_clauses(con: duckdb.DuckDBPyConnection, stream: Stream, part: Part, origin: str) -> None:
    clauses = [("joins", " and ".join(j.on for j in part.joins), f"SELECT 1 FROM {origin}")]
    if part.where:
        clauses.append(("where", part.where, f"SELECT 1 FROM {origin} WHERE ({part.where}\n)"))
    clauses += [("group_by", g, f"SELECT ({g}\n) FROM {origin} GROUP BY ({g}\n)") for g in part.group_by]
    for key, expression, sql in clauses:
        try:
            con.execute(f"DESCRIBE {sql}")
        except duckdb.Error as error:
            raise _error(stream, f"key {key!r}", expression, error) from None


def _cast(field: pa.Field, kind: str) -> tuple[str, str]:
    """(raw, value): `raw` is null only where the file says nothing; `value` is null also where what it says does not fit."""
    column = quoted(field.name)
    if field.type == pa.string():
        if kind in ("DOUBLE", "FLOAT"):  # a code read as a number: 13085.0 is 13085
            whole = f"CAST(CAST({column} AS BIGINT) AS VARCHAR)"
            return (
                column,
                f"CASE WHEN {column} = trunc({column}) AND abs({column}) < 1e15 THEN {whole} ELSE CAST({column} AS VARCHAR) END",
            )
        return column, f"NULLIF(CAST({column} AS VARCHAR), '')"
    if field.type == IDS:
        return _ids(column, kind)
    raw = f"NULLIF(trim({column}), '')" if kind == "VARCHAR" else column
    value = f"TRY_CAST({raw} AS {_SQL_TYPES[field.type]})"
    if field.name in SHARES:
        return raw, f"CASE WHEN {value} BETWEEN 0 AND 1 THEN {value} END"
    if field.type == pa.float64():
        return raw, f"CASE WHEN isfinite({value}) THEN {value} END"
    if field.type == TIME:
        return raw, f"CASE WHEN isfinite({value}) AND epoch_us({value}) BETWEEN {_FIRST} AND {_LAST} THEN {value} END"
    return raw, value


def _ids(column: str, kind: str) -> tuple[str, str]:
    """A list column, or text: a JSON list, or names separated by semicolons."""
    if kind.endswith("[]"):
        return column, f"CAST({column} AS VARCHAR[])"
    raw = f"NULLIF(trim(CAST({column} AS VARCHAR)), '')"
    json = f"""CASE WHEN json_valid({raw}) THEN from_json({raw}, '["VARCHAR"]') END"""
    return raw, f"CASE WHEN {raw} LIKE '[%' THEN {json} ELSE string_split({raw}, ';') END"


def _stored(kind: pa.DataType) -> str:
    return "VARCHAR[]" if kind == IDS else _SQL_TYPES.get(kind, "VARCHAR")


def _constant_type(value: str | bool | float) -> str:
    return "VARCHAR" if isinstance(value, str) else "BOOLEAN" if isinstance(value, bool) else "NUMBER"


def _error(stream: Stream, where: str, expression: str, error: duckdb.Error) -> ConfigError:
    return ConfigError(
        f"The mapping of {stream}, {where}, cannot be computed: {expression.strip()!r}: {_message(error)}",
        remedy=next(remedy for kind, remedy in _REMEDIES.items() if isinstance(error, kind)),
    )


def _message(error: duckdb.Error) -> str:
    return " ".join(re.split(r"LINE \d+:", str(error))[0].split())
