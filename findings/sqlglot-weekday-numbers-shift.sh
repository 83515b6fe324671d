#!/usr/bin/env bash
# Spark's "Monday is 2" is carried to DuckDB as "Monday is 1".
#
# Version: sqlglot==30.30.0, duckdb==2.0.1
# Guess: a function whose numbering differs is adjusted, as it is for Presto's day_of_week.
# Behaviour: DAYOFWEEK counts from Sunday = 1 in Spark and MySQL and from Sunday = 0 in DuckDB; the name is
#   passed on and only a cast added. A filter on weekdays is off by one day, silently.
# Source: spark.apache.org/docs/latest/api/sql (dayofweek: 1 = Sunday); dev.mysql.com, date and time functions
#   (DAYOFWEEK: 1 = Sunday); duckdb.org/docs/stable/sql/functions/datepart (dayofweek: Sunday = 0)
# Seen: (2025-01-06 is a Monday: 2 in Spark and MySQL, 1 in Presto)
#   spark   SELECT DAYOFWEEK(CAST('2025-01-06' AS DATE))  1
#   mysql   SELECT DAYOFWEEK(CAST('2025-01-06' AS DATE))  1
#   presto  SELECT ISODOW(CAST('2025-01-06' AS DATE))     1
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check sqlglot==30.30.0 duckdb==2.0.1

venv/bin/python - <<'PY'
import duckdb, sqlglot

seen = {}
for dialect, name in (("spark", "DAYOFWEEK"), ("mysql", "DAYOFWEEK"), ("presto", "DAY_OF_WEEK")):
    carried = sqlglot.transpile(f"SELECT {name}(DATE '2025-01-06')", read=dialect, write="duckdb")[0]
    seen[dialect] = (carried, duckdb.execute(carried).fetchone()[0])
    print(f"{dialect:7}", f"{carried:46}", seen[dialect][1])
assert seen["spark"] == seen["mysql"] == ("SELECT DAYOFWEEK(CAST('2025-01-06' AS DATE))", 1), seen
assert seen["presto"] == ("SELECT ISODOW(CAST('2025-01-06' AS DATE))", 1), seen
PY
