# ruff: noqa: S608 - the SQL is put together from names of canonical columns
"""References between streams: how many lead to a record, what those that lead nowhere look like, and why that may
be.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from connectors.file.readers.casts import quoted
from connectors.records import IDS, SCHEMAS, Stream

_QUOTED = re.compile(r'"((?:[^"]|"")+)"')
_HARMLESS = {
    *(
        "min",
        "max",
        "any_value",
        "first",
        "last",
        "trim",
        "upper",
        "lower",
        "cast",
        "try_cast",
        "as",
        "varchar",
        "text",
        "coalesce",
    ),
    *("nullif", "concat", "list", "string_split", "split_part", "ifnull", "arg_max", "arg_min", "distinct", "replace"),
}


def is_id(field: pa.Field) -> bool:
    """Whether a column holds ids or references."""
    return field.name in ("id", "thread_id", "dedupe_key", "product_id") or bool(
        field.metadata and b"ref" in field.metadata
    )


def names_in(expression: str) -> frozenset[str]:
    """The columns of which a plain expression makes an id; none when it computes with numbers."""
    names = {name.replace('""', '"') for name in _QUOTED.findall(expression)}
    rest = _QUOTED.sub(" ", re.sub(r"'(?:[^']|'')*'", " ", expression))
    if re.search(r"[-+*/%<>=]", rest.replace("||", " ")):
        return frozenset()
    words = re.findall(r"[^\W\d]\w*", rest)
    called = {word.lower() for word in re.findall(r"([^\W\d]\w*)\s*\(", rest)}
    return frozenset(names | set(words)) if called <= _HARMLESS else frozenset()


def names_equated(condition: str) -> frozenset[str]:
    """The columns that a join compares for equality only."""
    rest = re.sub(r"'(?:[^']|'')*'", " ", condition)
    plain = _QUOTED.sub(" ", rest)
    if re.search(r"[<>(+*/%-]", plain):
        return frozenset()
    return frozenset(name.replace('""', '"') for name in _QUOTED.findall(rest)) | frozenset(
        re.findall(r"[^\W\d]\w*", plain)
    )


@dataclass(frozen=True, slots=True)
class Reference:
    """What became of one column of references. `lost` and `ids` are up to three values of either side."""

    stream: Stream
    column: str
    target: Stream
    total: int
    resolved: int
    lost: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    cause: str = ""
    joined: int = 0
    """How many lead to a record once written as its id is: 15 for 18 characters, without `zcrm_`."""

    @property
    def share(self) -> float:
        return self.resolved / self.total if self.total else 1.0


def references(stream: Stream) -> list[tuple[str, Stream, bool]]:
    """(column, the stream it leads to, whether it is a list)."""
    return [
        (f.name, f.metadata[b"ref"].decode(), f.type == IDS)
        for f in SCHEMAS[stream]
        if f.metadata and b"ref" in f.metadata
    ]


def resolve(
    con: duckdb.DuckDBPyConnection, stream: Stream, table: str, column: str, is_list: bool, target: Stream, targets: str
) -> Reference:
    """Rewrites references that differ from an id in a known way only, and counts the rest."""
    each = (
        f"SELECT unnest({quoted(column)}) AS ref FROM {table}"
        if is_list
        else f"SELECT {quoted(column)} AS ref FROM {table}"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE loose AS SELECT ref, count(*) AS n FROM ({each}) WHERE "
        f"ref IS NOT NULL GROUP BY ref"
    )
    total = _number(con, "SELECT coalesce(sum(n), 0) FROM loose")
    con.execute(f"DELETE FROM loose WHERE ref IN (SELECT id FROM {targets})")
    joined = _rewrite(con, table, column, is_list, targets) if _number(con, "SELECT count(*) FROM loose") else 0
    left = _number(con, "SELECT coalesce(sum(n), 0) FROM loose")
    if not left:
        return Reference(stream, column, target, total, total, joined=joined)
    lost = [r[0] for r in con.execute("SELECT ref FROM loose ORDER BY n DESC, ref LIMIT 3").fetchall()]
    ids = [r[0] for r in con.execute(f"SELECT id FROM {targets} ORDER BY id LIMIT 3").fetchall()]
    cause = _cause(con, targets, target)
    return Reference(stream, column, target, total, total - left, tuple(lost), tuple(ids), cause, joined)


def _rewrite(con: duckdb.DuckDBPyConnection, table: str, column: str, is_list: bool, targets: str) -> int:
    """References of 15 characters to ids of 18 and the other way round, those that lack or have `zcrm_`, GUIDs in
    any spelling.
    """
    key = (
        "CASE WHEN regexp_full_match({x}, '[a-zA-Z0-9]{{15}}([A-Z0-5]{{3}})?') THEN left({x}, 15)"
        " WHEN regexp_full_match({x}, "
        "'[{{]?[0-9a-fA-F]{{8}}(-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}}[}}]?') THEN "
        "lower(trim({x}, '{{}}'))"
        " ELSE regexp_replace({x}, '^zcrm_', '') END"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE same AS SELECT ref, any_value(id) AS id, any_value(n) AS n FROM loose"
        f" JOIN {targets} ON {key.format(x='ref')} = {key.format(x='id')} GROUP BY ref HAVING count(*) = 1"
    )
    pairs = con.execute("SELECT ref, id, n FROM same").fetchall()
    if not pairs:
        return 0
    con.execute("DELETE FROM loose WHERE ref IN (SELECT ref FROM same)")
    c = quoted(column)
    if is_list:
        con.execute("SET VARIABLE same = (SELECT map(list(ref), list(id)) FROM same)")
        con.execute(
            f"UPDATE {table} SET {c} = list_transform({c}, lambda x: "
            f"coalesce(getvariable('same')[x], x)) WHERE {c} IS NOT NULL"
        )
    else:
        con.execute(f"UPDATE {table} SET {c} = same.id FROM same WHERE {c} = same.ref")
    return sum(n for _, _, n in pairs)


def _cause(con: duckdb.DuckDBPyConnection, targets: str, target: Stream) -> str:
    """Why most of `loose` lead nowhere, as far as their looks say."""

    def share(condition: str) -> float:
        return _share(con, f"SELECT coalesce(avg(CAST(({condition}) AS INTEGER)), 0) FROM loose")

    def among(made: str, column: str = "id") -> float:
        return share(
            f"{made.format(x='ref')} IN (SELECT {made.format(x=column)} FROM {targets} WHERE {column} IS NOT NULL)"
        )

    named = "name" in SCHEMAS[target].names
    guesses: Sequence[tuple[float, str]] = (
        (share("regexp_matches(ref, '[0-9.]+[eE][+]?[0-9]+$')"),
            "a spreadsheet has rounded these ids: export again, and do not open the file in Excel"),
        (among("regexp_replace({x}, '[., ]', '', 'g')"),
            "marks for thousands were put into the ids: map regexp_replace(x, '[.,]', '', 'g')"),
        (among("coalesce(nullif(regexp_extract({x}, '[(\\[]([^()\\[\\]]+)[)\\]]$', 1), ''), {x})"),
            "the id stands in brackets behind a name: map regexp_extract(x, '\\(([^()]+)\\)$', 1)"),
        (share("regexp_matches(ref, '[;,|].')"),
            "several ids stand in one cell: map the column that holds the primary one only"),
        (among("lower(trim({x}))", "name") if named else 0,
            "these are names, not ids: export the id too, or join by name in the mapping"),
        (among("lower({x})"), "they differ in upper and lower case only"),
        (among("ltrim({x}, '0')"), "they differ in leading zeros only"),
        (among("regexp_replace({x}, '\\.0+$', '')"), "they differ in '.0' only: a program has read the ids as numbers"),
        (among("ltrim({x}, chr(39))"), "an apostrophe stands before the ids of one file: map ltrim(x, chr(39))"),
        (among("regexp_extract({x}, '[0-9]+$')"), "they differ in what stands before the number"),
        (among("{x}", "email") if "email" in SCHEMAS[target].names else 0, "these are e-mail addresses, not ids"),
    )  # fmt: skip
    best = max(guesses, key=lambda g: g[0])
    return best[1] if best[0] >= 0.5 else f"not all {target} were exported, or rows of them were left out"


def _number(con: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(_share(con, query))


def _share(con: duckdb.DuckDBPyConnection, query: str) -> float:
    row = con.execute(query).fetchone()
    return float(row[0]) if row else 0.0
