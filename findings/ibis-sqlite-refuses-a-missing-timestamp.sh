#!/usr/bin/env bash
# A table with one missing timestamp loads into DuckDB and not into SQLite.
#
# Version: ibis-framework==12.0.0, duckdb==2.0.1, pandas==3.1.1
# Guess: memtable() of a valid Arrow table works on every engine; a missing value is NULL.
# Behaviour: for SQLite the rows go through pandas, where a missing timestamp is NaT, and NaT is passed to
#   sqlite3 as it is. A missing text is fine. "Last activity" is missing for every new account.
# Source: ibis/backends/sqlite/__init__.py, _register_in_memory_table; docs.python.org/3/library/sqlite3.html
#   (SQLite and Python types)
# Seen:
#   sqlite, text missing       [None]
#   sqlite, timestamp missing  ProgrammingError: Error binding parameter 1: type 'NaTType' is not supported
#   duckdb, timestamp missing  [None]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check 'ibis-framework[sqlite,duckdb]==12.0.0' duckdb==2.0.1 pandas==3.1.1

venv/bin/python - <<'PY'
import ibis, pyarrow

def read(connection, kind):
    try:
        return str(connection.to_pyarrow(ibis.memtable(pyarrow.table({"last": pyarrow.array([None], kind)})))["last"].to_pylist())
    except Exception as error:
        return f"{type(error).__name__}: {error}"

stamp = pyarrow.timestamp("us")
text, sqlite, duckdb = read(ibis.sqlite.connect(), pyarrow.string()), read(ibis.sqlite.connect(), stamp), read(ibis.duckdb.connect(), stamp)
print("sqlite, text missing      ", text)
print("sqlite, timestamp missing ", sqlite)
print("duckdb, timestamp missing ", duckdb)
assert text == duckdb == "[None]"
assert "NaTType" in sqlite
PY
