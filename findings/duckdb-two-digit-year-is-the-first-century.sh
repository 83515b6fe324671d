#!/usr/bin/env bash
# '26-03-04' is a date, of the year 26.
#
# Version: duckdb==2.0.1
# Guess: a year of two digits is refused, or is 2026.
# Behaviour: CAST and TRY_CAST take it as a year of the first century, without a word, while strptime with %y
#   says 2026. Columns typed by the reader's own detection are read like strptime.
# Source: duckdb.org/docs/stable/sql/data_types/date; duckdb.org/docs/stable/sql/functions/dateformat, %y
# Seen:
#   TRY_CAST   0026-03-04
#   strptime   2026-03-04
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check duckdb==2.0.1

venv/bin/python - <<'PY'
import duckdb

con = duckdb.connect()
cast = con.execute("SELECT CAST(TRY_CAST('26-03-04' AS DATE) AS VARCHAR)").fetchone()[0]
read = con.execute("SELECT CAST(CAST(strptime('26-03-04', '%y-%m-%d') AS DATE) AS VARCHAR)").fetchone()[0]
print("TRY_CAST  ", cast)
print("strptime  ", read)
assert (cast, read) == ("0026-03-04", "2026-03-04")
PY
