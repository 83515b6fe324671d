"""Simplified SQL gives the rows and columns of the SQL it was made of, and is short."""

from __future__ import annotations

import duckdb
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from sync.scoring.simplify import simplified

ROWS = [(i, i % 3, None if i % 5 == 0 else i * 7 % 11) for i in range(23)]
TABLES = {"rows": ("k", "a", "b"), "other": ("k", "c")}
NAMES = ("k", "a", "b", "x", "y", "z")


@pytest.fixture(scope="module")
def database():
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE rows (k BIGINT, a BIGINT, b BIGINT)")
        connection.executemany("INSERT INTO rows VALUES (?, ?, ?)", ROWS)
        connection.execute("CREATE TABLE other AS SELECT k, k * 10 AS c FROM rows WHERE k % 2 = 0")
        yield connection


def steps(draw) -> str:
    """A query as nested as Ibis writes them: every step names every column."""
    columns = ["k", "a", "b"]
    query = 'SELECT "t"."k", "t"."a", "t"."b" FROM "rows" AS "t"'
    for _ in range(draw(st.integers(1, 9))):
        kind = draw(st.sampled_from(("add", "add", "add", "sum", "rename", "drop", "filter", "join", "union", "group")))
        one, two = (draw(st.sampled_from(columns)) for _ in range(2))
        new = draw(st.sampled_from(NAMES))
        listed = {name: f'"t"."{name}"' for name in columns}
        rest = ""
        if kind == "add":
            listed[new] = f'("t"."{one}" + COALESCE("t"."{two}", 1)) % 97 AS "{new}"'
        elif kind == "sum":
            listed[new] = f'CAST(SUM("t"."{one}") OVER (PARTITION BY "t"."{two}") AS BIGINT) % 89 AS "{new}"'
        elif kind == "rename" and new not in columns:
            listed = {**{n: v for n, v in listed.items() if n != one}, new: f'"t"."{one}" AS "{new}"'}
        elif kind == "drop" and len(columns) > 2:
            del listed[one]
        elif kind == "filter":
            rest = f' WHERE "t"."{one}" % 4 <> 1'
        elif kind == "join" and "c" not in columns:
            listed["c"] = '"o"."c"'
            rest = f' LEFT JOIN "other" AS "o" ON "t"."{one}" = "o"."k"'
        columns = list(listed)
        inner, query = query, f'SELECT {", ".join(listed.values())} FROM ({query}) AS "t"{rest}'
        if kind == "union":
            again = ", ".join(f'"t"."{name}"' for name in columns)
            query = f'SELECT {again} FROM ({query} UNION ALL SELECT {again} FROM ({inner}) AS "t") AS "t"'
        elif kind == "group":
            totals = ", ".join(f'CAST(MAX("t"."{name}") AS BIGINT) AS "{name}"' for name in columns if name != one)
            query = f'SELECT "t"."{one}"{", " + totals if totals else ""} FROM ({query}) AS "t" GROUP BY 1'
            columns = [one, *(name for name in columns if name != one)]
    return query


@given(st.data())
def test_it_gives_the_same_rows_and_columns_in_the_same_order(database, data):
    query = steps(data.draw)
    shorter = simplified(sqlglot.parse_one(query, dialect="duckdb"), TABLES).sql(dialect="duckdb")
    before = database.execute(query)
    names, rows = [name for name, *_ in before.description], before.fetchall()
    after = database.execute(shorter)
    assert [name for name, *_ in after.description] == names
    assert sorted(map(repr, after.fetchall())) == sorted(map(repr, rows))


def simple(query: str) -> str:
    return simplified(sqlglot.parse_one(query, dialect="duckdb"), TABLES).sql(dialect="duckdb")


def test_steps_that_need_nothing_of_each_other_are_one():
    query = 'SELECT "t"."k", "t"."a", "t"."b" FROM "rows" AS "t"'
    for number in range(9):
        columns = ", ".join(f'"t"."{name}"' for name in ("k", "a", "b", *(f"x{n}" for n in range(number))))
        query = f'SELECT {columns}, "t"."a" + {number} AS "x{number}" FROM ({query}) AS "t"'
    assert simple(query).count("SELECT") == 1


@pytest.mark.parametrize("call", ["SUM(a)", "COUNT(*)", "unheard_of(a)"])
def test_what_may_give_fewer_rows_stays_a_step_of_its_own(call):
    query = f'SELECT {call} AS "n" FROM (SELECT "t"."a", "t"."k" + 1 AS "l" FROM "rows" AS "t") AS "t"'
    assert simple(query).count("SELECT") == 2


def test_the_order_of_a_file_is_kept():
    inner = 'SELECT "t"."b", "t"."k" + 1 AS "l", "t"."a" FROM "rows" AS "t"'
    assert simple(f'SELECT * FROM ({inner}) AS "t" ORDER BY "t"."l"').endswith('ORDER BY "s"."l"')


def test_the_limit_of_an_order_goes_with_it(database):
    inner = 'SELECT "t"."b", "t"."k" + 1 AS "l", "t"."a" FROM "rows" AS "t"'
    query = f'SELECT * FROM ({inner}) AS "t" ORDER BY "t"."l" DESC LIMIT 3'
    assert database.execute(simple(query)).fetchall() == database.execute(query).fetchall()


@pytest.mark.parametrize("kind", ["SEMI", "ANTI"])
def test_a_star_gives_nothing_of_what_a_join_only_looks_into(database, kind):
    listed = ", ".join(f'"t"."{name}" + 1 AS "x{n}"' for n, name in enumerate("kab" * 3))
    inner = f'SELECT "t"."k", {listed} FROM "rows" AS "t"'
    query = f'SELECT * FROM ({inner}) AS "t" {kind} JOIN "other" AS "o" ON "t"."k" = "o"."k"'
    handed_on = ", ".join(f'"t"."x{n}"' for n in range(9))
    query = f'SELECT "t"."k", {handed_on}, "t"."k" * 2 AS "y" FROM ({query}) AS "t"'
    rows = database.execute(query).fetchall()
    assert sorted(map(repr, database.execute(simple(query)).fetchall())) == sorted(map(repr, rows))
