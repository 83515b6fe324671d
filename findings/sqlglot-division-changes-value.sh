#!/usr/bin/env bash
# A query carried from SQLite to DuckDB runs, and answers 3.5 where it answered 3.
#
# Version: sqlglot==30.30.0, duckdb==2.0.1
# Guess: transpiling keeps the meaning, or says that it cannot; 7/2 needs no schema to be two integers.
# Behaviour: integer division in SQLite becomes DuckDB's '/', which divides as DOUBLE; DuckDB's '//' is not
#   used. Division by zero is looked after (NULLIF), the integers are not. LIKE, which ignores case in
#   SQLite, is passed on to one that does not. unsupported_level=RAISE raises for neither.
# Source: sqlglot Dialect.TYPED_DIVISION and SAFE_DIVISION; sqlite.org/lang_expr.html (integer division,
#   LIKE); duckdb.org/docs/stable/sql/functions/numeric ('/' and '//'); github.com/tobymao/sqlglot/pull/2513
# Seen:
#   SELECT 7 / 2               -> SELECT 7 / NULLIF(2, 0)      3 -> 3.5
#   SELECT 'Acme' LIKE 'ac%'   -> SELECT 'Acme' LIKE 'ac%'     1 -> False
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check sqlglot==30.30.0 duckdb==2.0.1

venv/bin/python - <<'PY'
import sqlite3
import duckdb, sqlglot

seen = []
for query in ("SELECT 7 / 2", "SELECT 'Acme' LIKE 'ac%'"):
    carried = sqlglot.transpile(query, read="sqlite", write="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)[0]
    before = sqlite3.connect(":memory:").execute(query).fetchone()[0]
    after = duckdb.execute(carried).fetchone()[0]
    seen.append((carried, before, after))
    print(f"{query:26} -> {carried:30}", before, "->", after)
assert seen == [("SELECT 7 / NULLIF(2, 0)", 3, 3.5), ("SELECT 'Acme' LIKE 'ac%'", 1, False)], seen
PY
