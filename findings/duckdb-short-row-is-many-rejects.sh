#!/usr/bin/env bash
# One short row is as many rejects as it lacks columns.
#
# Version: duckdb==2.0.1
# Guess: a row of two cells in a table of five is one reject.
# Behaviour: reject_errors has a row for every column that is missing, each with another count of what was found.
#   Counting rejects counts columns; the line number is the same.
# Source: duckdb.org/docs/stable/data/csv/reading_faulty_csv_files, Reject Errors
# Seen:
#   line 2: Expected Number of Columns: 5 Found: 2
#   line 2: Expected Number of Columns: 5 Found: 3
#   line 2: Expected Number of Columns: 5 Found: 4
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check duckdb==2.0.1

venv/bin/python - <<'PY'
import duckdb

open("t.csv", "w").write("a,b,c,d,e\n1,2\n1,2,3,4,5\n")
con = duckdb.connect()
columns = "{" + ", ".join(f"'{c}': 'VARCHAR'" for c in "abcde") + "}"
con.execute(f"SELECT * FROM read_csv('t.csv', auto_detect=false, columns={columns}, header=true, store_rejects=true)").fetchall()
rows = con.execute("SELECT line, error_message FROM reject_errors ORDER BY 2").fetchall()
for line, message in rows:
    print(f"line {line}: {message.splitlines()[0]}")
assert len(rows) == 3 and len({line for line, _ in rows}) == 1, rows
PY
