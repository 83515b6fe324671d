#!/usr/bin/env bash
# Of two timestamps in one column, the one at midnight comes back as a date.
#
# Version: python-calamine==0.9.1, openpyxl==3.1.5 (to write the file)
# Guess: cells formatted yyyy-mm-dd hh:mm are datetimes.
# Behaviour: the type follows the value, not the format: a whole day number gives datetime.date, the rest
#   datetime.datetime. A column of call times therefore sorts until one call starts at 00:00. The same
#   file through openpyxl gives datetimes only.
# Source: python_calamine/_python_calamine.pyi (a cell is one of date, datetime, time, timedelta, ...);
#   github.com/dimastbk/python-calamine
# Seen:
#   python-calamine  date datetime
#   sorted()         can't compare datetime.datetime to datetime.date
#   openpyxl         datetime datetime
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check python-calamine==0.9.1 openpyxl==3.1.5

venv/bin/python - <<'PY'
import datetime
import openpyxl, python_calamine

book = openpyxl.Workbook()
for when in (datetime.datetime(2025, 1, 6), datetime.datetime(2025, 1, 6, 9, 30)):
    book.active.append([when])
    book.active.cell(book.active.max_row, 1).number_format = "yyyy-mm-dd hh:mm"
book.save("calls.xlsx")

read = [row[0] for row in python_calamine.CalamineWorkbook.from_path("calls.xlsx").get_sheet_by_index(0).to_python()]
print("python-calamine ", *(type(value).__name__ for value in read))
try:
    sorted(read)
    message = "sorts"
except TypeError as error:
    message = str(error)
print("sorted()        ", message)
other = [row[0] for row in openpyxl.load_workbook("calls.xlsx").active.iter_rows(values_only=True)]
print("openpyxl        ", *(type(value).__name__ for value in other))
assert [type(value) for value in read] == [datetime.date, datetime.datetime] and "can't compare" in message
assert [type(value) for value in other] == [datetime.datetime, datetime.datetime]
PY
