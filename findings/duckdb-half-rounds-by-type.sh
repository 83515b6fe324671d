#!/usr/bin/env bash
# 2.5 cast to an integer is 3 or 2, and round() then cast is 3 again.
#
# Version: duckdb==2.0.1
# Guess: a number has one nearest integer, whatever column type carries it.
# Behaviour: a DECIMAL (which a literal 2.5 is) and a text round half away from zero, a DOUBLE rounds half
#   to the even neighbour. round() of a DOUBLE is half away from zero, so CAST(x) and CAST(round(x))
#   differ. Loading amounts as DOUBLE instead of DECIMAL moves every total that ends in .5.
# Source: duckdb.org/docs/stable/sql/data_types/numeric (a literal with a point is a DECIMAL) and
#   duckdb.org/docs/stable/sql/functions/numeric (round, round_even)
# Seen:
#   value   0.5 1.5 2.5 3.5
#   DECIMAL  1 2 3 4
#   VARCHAR  1 2 3 4
#   DOUBLE   0 2 2 4
#   round()  1 2 3 4
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check duckdb==2.0.1

venv/bin/python - <<'PY'
import duckdb

values = ("0.5", "1.5", "2.5", "3.5")
print("value  ", *values)

def row(label, expression):
    result = duckdb.execute("SELECT " + ", ".join(expression.format(value) for value in values)).fetchone()
    print(f"{label:8}", *result)
    return result

assert row("DECIMAL", "CAST({}::DECIMAL(3,1) AS INTEGER)") == (1, 2, 3, 4)
assert row("VARCHAR", "CAST('{}' AS INTEGER)") == (1, 2, 3, 4)
assert row("DOUBLE", "CAST({}::DOUBLE AS INTEGER)") == (0, 2, 2, 4)
assert row("round()", "CAST(round({}::DOUBLE) AS INTEGER)") == (1, 2, 3, 4)
PY
