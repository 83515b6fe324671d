#!/usr/bin/env bash
# A skipped first line with another line end takes every row with it, and nothing is said.
#
# Version: duckdb==2.0.1
# Guess: skip = 1 leaves the line sep=, out, and two rows come.
# Behaviour: the reader decides from the first line that lines end in CR LF; the table's LF lines are then one
#   line, the header. No row, no error, and none in the table of rejects. Without the skipped line the
#   same mixture is an error. Excel's 'sep=' line is often put before a file by hand or by a program.
# Source: duckdb.org/docs/stable/data/csv/overview, parameters new_line and skip
# Seen:
#   b'sep=,\r\na,b\n1,2\n3,4\n'   0 rows, 0 rejects
#   b'sep=,\na,b\n1,2\n3,4\n'     2 rows, 0 rejects
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check duckdb==2.0.1

venv/bin/python - <<'PY'
import duckdb

def read(data):
    open("t.csv", "wb").write(data)
    con = duckdb.connect()
    options = "auto_detect=false, columns={'a': 'VARCHAR', 'b': 'VARCHAR'}, header=true, skip=1, store_rejects=true"
    rows = con.execute(f"SELECT count(*) FROM read_csv('t.csv', {options})").fetchone()[0]
    there = con.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'reject_errors'").fetchone()[0]
    rejects = con.execute("SELECT count(*) FROM reject_errors").fetchone()[0] if there else 0
    print(f"{data!r:33} {rows} rows, {rejects} rejects")
    return rows, rejects

assert read(b"sep=,\r\na,b\n1,2\n3,4\n") == (0, 0)
assert read(b"sep=,\na,b\n1,2\n3,4\n") == (2, 0)
PY
