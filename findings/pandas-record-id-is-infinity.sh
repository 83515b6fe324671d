#!/usr/bin/env bash
# A column of CRM record ids, stored as text in the workbook, is read as a column of infinities.
#
# Version: pandas==3.1.1, openpyxl==3.1.5
# Guess: a spreadsheet knows text from numbers; a cell typed as text stays text.
# Behaviour: read_excel hands the cells to the CSV type guesser. '0015E0000000345' reads as 15 times ten
#   to the 345th, so every id is inf, and all ids are equal. '00123' becomes 123 and 'TRUE' True on the
#   same way. Fifteen-character ids with an E after digits are ordinary in Salesforce. dtype=str helps.
# Source: pandas.read_excel, argument dtype ("If dtypes are not specified" they are inferred), and
#   pandas/io/excel/_base.py, where the cells go to TextParser; github.com/pandas-dev/pandas/pull/62542
# Seen:
#   cell types    s s s
#   read          inf 123 True
#   dtypes        float64 int64 bool
#   distinct ids  1 of 2
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check pandas==3.1.1 openpyxl==3.1.5

venv/bin/python - <<'PY'
import warnings
import openpyxl, pandas

book = openpyxl.Workbook()
book.active.append(["Id", "Branch", "Flag"])
book.active.append(["0015E0000000345", "00123", "TRUE"])
book.active.append(["0015E0000000346", "00124", "FALSE"])
types = [cell.data_type for cell in book.active[2]]
book.save("accounts.xlsx")

warnings.simplefilter("ignore", FutureWarning)
frame = pandas.read_excel("accounts.xlsx", engine="openpyxl")
print("cell types   ", *types)
print("read         ", *frame.iloc[0])
print("dtypes       ", *frame.dtypes)
print("distinct ids ", frame["Id"].nunique(), "of", len(frame))
assert types == ["s", "s", "s"]
assert list(frame.iloc[0]) == [float("inf"), 123, True] and frame["Id"].nunique() == 1
assert pandas.read_excel("accounts.xlsx", engine="openpyxl", dtype=str)["Id"][0] == "0015E0000000345"
PY
