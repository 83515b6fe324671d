#!/usr/bin/env bash
# A call log's durations turn into dates in 1900 once they reach 24 hours.
#
# Version: openpyxl==3.1.5, python-calamine==0.9.1
# Guess: one column in one number format gives values of one type.
# Behaviour: a cell formatted h:mm is a time while its value is below a day and a date from there on:
#   25:30 hours is 01:30 on 1 January 1900. python-calamine adds a third type, a date without a time,
#   for exactly 24 hours. A time does not compare to either. In the format [h]:mm all are timedeltas.
# Source: ISO/IEC 29500-1 section 18.8.31 (number formats; [h] is elapsed hours) and 18.17.4 (date
#   serials); openpyxl.utils.datetime.from_excel; python_calamine/_python_calamine.pyi
# Seen:
#   openpyxl, h:mm           00:45:00  1900-01-01 00:00:00  1900-01-01 01:30:00
#   python-calamine, h:mm    00:45:00  1900-01-01  1900-01-01 01:30:00
#   openpyxl, [h]:mm         0:45:00  1 day, 0:00:00  1 day, 1:30:00
#   python-calamine, [h]:mm  0:45:00  1 day, 0:00:00  1 day, 1:30:00
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check openpyxl==3.1.5 python-calamine==0.9.1

venv/bin/python - <<'PY'
import datetime
import openpyxl, python_calamine

book = openpyxl.Workbook()
for hours in (0.75, 24, 25.5):
    book.active.append([hours / 24, hours / 24])
for short, elapsed in book.active.iter_rows():
    short.number_format, elapsed.number_format = "h:mm", "[h]:mm"
book.save("calls.xlsx")

readers = {
    "openpyxl": openpyxl.load_workbook("calls.xlsx").active.iter_rows(values_only=True),
    "python-calamine": python_calamine.CalamineWorkbook.from_path("calls.xlsx").get_sheet_by_index(0).to_python(),
}
columns = {name: list(zip(*rows)) for name, rows in readers.items()}
for column, form in enumerate(("h:mm", "[h]:mm")):
    for name in readers:
        print(f"{name + ', ' + form:24}", "  ".join(map(str, columns[name][column])))
time, date, stamp, delta = datetime.time, datetime.date, datetime.datetime, datetime.timedelta
assert columns["openpyxl"][0] == (time(0, 45), stamp(1900, 1, 1), stamp(1900, 1, 1, 1, 30))
assert columns["python-calamine"][0] == (time(0, 45), date(1900, 1, 1), stamp(1900, 1, 1, 1, 30))
assert all(columns[name][1] == (delta(hours=0.75), delta(hours=24), delta(hours=25.5)) for name in readers)
PY
