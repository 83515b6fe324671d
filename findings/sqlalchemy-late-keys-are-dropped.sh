#!/usr/bin/env bash
# Inserting a list of records stores the phone number of the second one, or not, by the order of the list.
#
# Version: SQLAlchemy==2.1.9
# Guess: each dictionary stores the keys that it has; or unequal keys are an error both ways.
# Behaviour: the first dictionary decides the columns. A key that only a later one has is left out silently;
#   a key that a later one lacks raises. CRM records, which come with their empty fields left out, so lose
#   values exactly when the sparse record comes first.
# Source: SQLAlchemy 1.4 documentation, SQL Expression Language Tutorial, Executing Multiple Statements;
#   bitbucket.org/zzzeek/sqlalchemy_old/issues/3253
# Seen:
#   sparse first  [('Acme', None), ('Beta', None)]
#   full first    StatementError: A value is required for bind parameter 'phone'
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check SQLAlchemy==2.1.9

venv/bin/python - <<'PY'
import sqlalchemy as sa

accounts = sa.Table("accounts", sa.MetaData(), sa.Column("name", sa.String), sa.Column("phone", sa.String))
sparse, full = {"name": "Acme"}, {"name": "Beta", "phone": "+49 30 123456"}

def store(records):
    engine = sa.create_engine("sqlite://")
    accounts.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(accounts.insert(), records)
        return [tuple(row) for row in connection.execute(accounts.select().order_by("name"))]

silent = store([sparse, full])
try:
    loud = str(store([full, sparse]))
except sa.exc.StatementError as error:
    loud = f"{type(error).__name__}: " + str(error).partition(") ")[2].partition(",")[0]
print("sparse first ", silent)
print("full first   ", loud)
assert silent == [("Acme", None), ("Beta", None)]
assert loud == "StatementError: A value is required for bind parameter 'phone'"
PY
