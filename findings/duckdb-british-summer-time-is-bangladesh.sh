#!/usr/bin/env bash
# '10:00 BST' is ten o'clock in Bangladesh, and '10:00 CST' and '10:00 EST' are one moment in July.
#
# Version: duckdb==2.0.1
# Guess: the abbreviation of a time zone is its offset (BST +1, CST -6, EST -5), or is refused.
# Behaviour: CAST and TRY_CAST to TIMESTAMPTZ take ICU's short names: BST is Asia/Dhaka, CST is the place
#   America/Chicago and follows its summer time, EST is the fixed offset -5. EDT and CEST are not known: null.
# Source: duckdb.org/docs/stable/sql/data_types/timezones (short names such as BST Asia/Dhaka, CST America/Chicago)
# Seen:
#   BST   2026-07-01 04:00:00+00
#   CST   2026-07-01 15:00:00+00
#   EST   2026-07-01 15:00:00+00
#   CEST  None
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check duckdb==2.0.1

venv/bin/python - <<'PY'
import duckdb

con = duckdb.connect()
con.execute("SET TimeZone = 'UTC'")
found = {}
for zone in ("BST", "CST", "EST", "CEST"):
    sql = f"SELECT CAST(TRY_CAST('2026-07-01 10:00 {zone}' AS TIMESTAMPTZ) AS VARCHAR)"
    found[zone] = con.execute(sql).fetchone()[0]
    print(f"{zone:5} {found[zone]}")
assert found["BST"] == "2026-07-01 04:00:00+00"
assert found["CST"] == found["EST"] == "2026-07-01 15:00:00+00"
assert found["CEST"] is None
PY
