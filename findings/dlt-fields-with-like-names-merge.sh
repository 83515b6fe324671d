#!/usr/bin/env bash
# Two fields of one record whose names differ in case or punctuation arrive as one; the other is gone.
#
# Version: dlt==1.31.0, duckdb==2.0.1
# Guess: names that collide after normalizing are told apart, or the load fails.
# Behaviour: every name becomes a snake_case column; when two of a record become the same one, the last
#   wins. No error, no warning, and the load reports success. A portal that has both 'First Name' and
#   'first-name' loses a field.
# Source: dlthub.com/docs/general-usage/naming-convention (snake_case)
# Seen:
#   sent    {'First Name': 'Ada', 'first-name': 'Grace', 'Tier': 1, 'TIER': 2}
#   stored  {'first_name': 'Grace', 'tier': 2}
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check 'dlt[duckdb]==1.31.0' duckdb==2.0.1

venv/bin/python - <<'PY'
import os
os.environ.update(DLT_DATA_DIR=os.getcwd(), RUNTIME__DLTHUB_TELEMETRY="false")
import dlt, duckdb

record = {"First Name": "Ada", "first-name": "Grace", "Tier": 1, "TIER": 2}
store = duckdb.connect()
pipeline = dlt.pipeline("names", destination=dlt.destinations.duckdb(store), dataset_name="crm")
result = pipeline.run([record], table_name="contacts")
assert not result.has_failed_jobs
table = store.sql("SELECT * EXCLUDE (_dlt_id, _dlt_load_id) FROM crm.contacts")
stored = dict(zip(table.columns, table.fetchall()[0]))
print("sent   ", record)
print("stored ", stored)
assert stored == {"first_name": "Grace", "tier": 2}
PY
