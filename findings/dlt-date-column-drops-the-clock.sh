#!/usr/bin/env bash
# A timestamp that arrives in a column first seen with dates loses its time of day.
#
# Version: dlt==1.31.0, duckdb==2.0.1
# Guess: a value that does not fit the column goes to a variant column, as a text in a number column does.
# Behaviour: the number column gets extension__v_text, the date column nothing: 2025-01-07 15:30 is stored as
#   2025-01-07. The type seen first decides. The load reports success.
# Source: dlthub.com/docs/general-usage/schema (variant columns); dlthub.com/docs/general-usage/schema-evolution
# Seen:
#   day               2025-01-06, 2025-01-07
#   extension         101, None
#   extension__v_text None, A-7
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check 'dlt[duckdb]==1.31.0' duckdb==2.0.1

venv/bin/python - <<'PY'
import os
os.environ.update(DLT_DATA_DIR=os.getcwd(), RUNTIME__DLTHUB_TELEMETRY="false")
import datetime
import dlt, duckdb

store = duckdb.connect()
pipeline = dlt.pipeline("days", destination=dlt.destinations.duckdb(store), dataset_name="crm")
for day, extension in ((datetime.date(2025, 1, 6), 101), (datetime.datetime(2025, 1, 7, 15, 30), "A-7")):
    assert not pipeline.run([{"day": day, "extension": extension}], table_name="calls").has_failed_jobs
table = store.sql("SELECT * EXCLUDE (_dlt_id, _dlt_load_id) FROM crm.calls ORDER BY day")
stored = dict(zip(table.columns, zip(*table.fetchall())))
for name, values in stored.items():
    print(f"{name:17}", ", ".join(map(str, values)))
assert stored["day"] == (datetime.date(2025, 1, 6), datetime.date(2025, 1, 7))
assert stored["extension__v_text"] == (None, "A-7")
PY
