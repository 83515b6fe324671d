#!/usr/bin/env bash
# One DATE column, read from two exports at once, holds both day-first and month-first dates.
#
# Version: duckdb==2.0.1
# Guess: a column of a result has one date format, or reading fails.
# Behaviour: with union_by_name every file is sniffed on its own. A file whose dates fit both orders is
#   read day first, a file with a day above 12 in second place month first, and both go into one
#   column. US exports are so read wrongly on some days only: 01/02/2025 is 1 February here and 2 January
#   there. Without union_by_name the same two files are refused. dateformat='%m/%d/%Y' settles it.
# Source: duckdb.org/docs/stable/data/csv/auto_detection (dates), duckdb.org/docs/stable/data/multiple_files/
#   combining_schemas; github.com/duckdb/duckdb/pull/15452 ("the sniffer will be re-executed")
# Seen:
#   union_by_name    DATE  1 2025-02-01  2 2025-01-02  3 2025-12-31
#   one schema       Conversion Error
#   with dateformat  DATE  1 2025-01-02  2 2025-01-02  3 2025-12-31
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check duckdb==2.0.1

venv/bin/python - <<'PY'
import pathlib
import duckdb

pathlib.Path("a.csv").write_text("id,day\n1,01/02/2025\n")
pathlib.Path("b.csv").write_text("id,day\n2,01/02/2025\n3,12/31/2025\n")

def read(options):
    try:
        rows = duckdb.sql(f"SELECT typeof(day), id, day::VARCHAR FROM read_csv('*.csv'{options}) ORDER BY id").fetchall()
    except duckdb.ConversionException as error:
        return str(error).split(":")[0]
    return {row[0] for row in rows}, [row[1:] for row in rows]

mixed, single, told = read(", union_by_name=true"), read(""), read(", union_by_name=true, dateformat='%m/%d/%Y'")
for label, result in (("union_by_name", mixed), ("one schema", single), ("with dateformat", told)):
    print(f"{label:16}", result if isinstance(result, str) else f"{'/'.join(result[0])}  " + "  ".join(f"{i} {d}" for i, d in result[1]))
assert mixed == ({"DATE"}, [(1, "2025-02-01"), (2, "2025-01-02"), (3, "2025-12-31")])
assert single == "Conversion Error"
assert told == ({"DATE"}, [(1, "2025-01-02"), (2, "2025-01-02"), (3, "2025-12-31")])
PY
