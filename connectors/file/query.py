# ruff: noqa: S608 - the SQL is put together from the mapping of the person who runs it; names and texts are quoted
"""One stream as SQL: the mapping's expressions, cast to the canonical types, with what did not fit named beside
each row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import duckdb
import pyarrow as pa

from connectors.errors import ConfigError
from connectors.file.config import Part, Table
from connectors.file.readers.casts import literal, quoted
from connectors.file.sources import Sources, missing, plain
from connectors.file.understanding.headers import header_elsewhere
from connectors.file.understanding.vocabulary import word
from connectors.file.values import LONGEST_CALL, canonical_types, cast, pseudo, stored, way_of
from connectors.records import SCHEMAS, Stream

MISFITS = "!misfits"
"""Column beside the canonical ones: `column US text` for every value that did not fit, joined by RS."""
UNIT_SEPARATOR, RECORD_SEPARATOR = "\x1f", "\x1e"
_REMEDIES: dict[type[duckdb.Error], str] = {
    duckdb.ParserException: "Correct the SQL; a column name with spaces, or like an SQL word, needs double quotes.",
    duckdb.BinderException: "Correct the expression, or say in the table how the file is written.",
    duckdb.Error: "Use try_cast(x AS type) or try_strptime(x, format) where a value may be odd: it is then unknown.",
}


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
        columns = [f"CAST(NULL AS {stored(f.type)}) AS {quoted(f.name)}" for f in (*SCHEMAS[stream], *pseudo(stream))]
        return f"SELECT {', '.join(columns)}, '' AS {quoted(MISFITS)} WHERE false"
    return " UNION ALL ".join(_part_sql(sources, con, stream, part) for part in parts)


def explain_failure(
    sources: Sources, con: duckdb.DuckDBPyConnection, stream: Stream, parts: tuple[Part, ...], error: duckdb.Error
) -> ConfigError:
    """The expression that fails when it is run over the data, found by running each alone."""
    for part in parts:
        origin, tail = origin_of(sources, part), _tail(part)
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
    origin, tail = origin_of(sources, part), _tail(part)
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
    for field in (*SCHEMAS[stream], *pseudo(stream)):
        if field.name not in given:
            casts.append(f"CAST(NULL AS {stored(field.type)}) AS {quoted(field.name)}")
            continue
        kind = kinds[field.name]
        way = _way(sources, con, stream, part, given[field.name], f"{origin}{tail}") if _as_text(field, kind) else None
        raw, value = cast(stream, field, kind, way)
        if (stream, field.name) == ("activities", "minutes"):
            value = f"CASE WHEN NOT ({value} > {LONGEST_CALL} AND {calls}) THEN {value} END"
        casts.append(f"{value} AS {quoted(field.name)}")
        if field.type != pa.string() or word(stream, field.name, raw):
            shown = f"left(CAST({raw} AS VARCHAR), 60)"
            found = f"{literal(field.name + UNIT_SEPARATOR)} || {shown}"
            misfits.append(f"CASE WHEN {raw} IS NOT NULL AND {value} IS NULL THEN {found} END")
    beside = f"concat_ws({literal(RECORD_SEPARATOR)}, {', '.join(misfits)})" if misfits else "''"
    return f"SELECT {', '.join(casts)}, {beside} AS {quoted(MISFITS)} FROM (SELECT {inner} FROM {origin}{tail})"


def _as_text(field: pa.Field, kind: str) -> bool:
    return bool(field.type == pa.float64() and kind == "VARCHAR")


def _way(
    sources: Sources, con: duckdb.DuckDBPyConnection, stream: Stream, part: Part, expression: str, origin: str
) -> Table | None:
    key, _, table = sources.definition(part.origin)
    file = ", ".join(sources.files(table)[:3]) if table.file else key
    try:
        way, doubt = way_of(con, expression[1:-1], origin, table, file)
    except duckdb.Error:  # told with the whole stream
        return None
    if doubt is not None:
        sources.unsure.setdefault(stream, []).append(doubt)
    return way


def origin_of(sources: Sources, part: Part) -> str:
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


def _calls(channel: str | None) -> str:
    return (
        "false"
        if channel is None
        else f"coalesce({word('activities', 'channel', 'CAST(channel AS VARCHAR)')} = 'call', false)"
    )


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
    elif lacking := missing(error):
        remedy = header_elsewhere(sources, part, lacking) or remedy
    return ConfigError(
        f"The mapping of {stream}, {where}, cannot be computed: {expression.strip()!r}: {plain(error, columns)}",
        remedy=remedy,
    )


_TRY = re.compile(r"\btry_cast\s*\(|\btry_strptime\s*\(", re.IGNORECASE)


def swallowed(sources: Sources, con: duckdb.DuckDBPyConnection, part: Part) -> Iterator[tuple[str, int, str]]:
    """(column, rows, an example) for what a `try_cast` or `try_strptime` of the mapping turned into nothing, unseen."""
    origin = origin_of(sources, part) + (f" WHERE ({part.where}\n)" if part.where else "")
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
