#!/usr/bin/env bash
# Row 4 of the sheet is row 2 of the result, or row 4, depending on how it is asked for.
#
# Version: python-calamine==0.9.1, openpyxl==3.1.5 (to write the file)
# Guess: to_python() and iter_rows() of one sheet give the same rows.
# Behaviour: to_python() drops the blank rows and columns before the first value, iter_rows() keeps the
#   rows but drops the columns. A report that starts in C3 comes back as three different shapes, and a
#   row number named in an error message, or a column picked by its letter, is the wrong one.
# Source: python-calamine README ("skips empty rows/cols before data", skip_empty_area)
# Seen:
#   to_python()                       [['Id', 'Name'], ['1', 'Acme']]
#   iter_rows()                       [['', ''], ['', ''], ['Id', 'Name'], ['1', 'Acme']]
#   to_python(skip_empty_area=False)  [['', '', '', ''], ['', '', '', ''], ['', '', 'Id', 'Name'], ['', '', '1', 'Acme']]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check python-calamine==0.9.1 openpyxl==3.1.5

venv/bin/python - <<'PY'
import openpyxl, python_calamine

book = openpyxl.Workbook()
for cell, value in (("C3", "Id"), ("D3", "Name"), ("C4", "1"), ("D4", "Acme")):
    book.active[cell] = value
book.save("report.xlsx")

sheet = python_calamine.CalamineWorkbook.from_path("report.xlsx").get_sheet_by_index(0)
cut, rows, whole = sheet.to_python(), [list(row) for row in sheet.iter_rows()], sheet.to_python(skip_empty_area=False)
print("to_python()                      ", cut)
print("iter_rows()                      ", rows)
print("to_python(skip_empty_area=False) ", whole)
assert cut == [["Id", "Name"], ["1", "Acme"]]
assert rows == [["", ""], ["", ""], *cut]
assert whole == [[""] * 4, [""] * 4, ["", "", "Id", "Name"], ["", "", "1", "Acme"]]
PY
