#!/usr/bin/env bash
# A line break inside a cell reads as the seven characters _x000D_.
#
# Version: XlsxWriter==3.3.1, openpyxl==3.1.5, python-calamine==0.9.1
# Guess: a cell written as 'Main St 1\r\n12345 Town' is read back so.
# Behaviour: the format escapes a carriage return as _x000D_, and XlsxWriter writes it. openpyxl does not
#   undo the escape, python-calamine does: two readers, two values for one cell, and joins on it miss.
#   The other way round, openpyxl does not escape on writing, so a text that really contains _x000D_
#   comes out of other readers as a carriage return.
# Source: ISO/IEC 29500-1 section 22.9.2.19 (ST_Xstring); github.com/jmcnamara/XlsxWriter/issues/589;
#   github.com/tafia/calamine/issues/469; github.com/opensanctions/opensanctions/pull/5001
# Seen:
#   openpyxl         'Main St 1_x000D_\n12345 Town'
#   python-calamine  'Main St 1\r\n12345 Town'
#   written by openpyxl as 'A_x000D_B', read by python-calamine as 'A\rB'
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check XlsxWriter==3.3.1 openpyxl==3.1.5 python-calamine==0.9.1

venv/bin/python - <<'PY'
import openpyxl, python_calamine, xlsxwriter

def calamine(name):
    return python_calamine.CalamineWorkbook.from_path(name).get_sheet_by_index(0).to_python()[0][0]

with xlsxwriter.Workbook("address.xlsx") as book:
    book.add_worksheet().write_string(0, 0, "Main St 1\r\n12345 Town")
book = openpyxl.Workbook()
book.active.append(["A_x000D_B"])
book.save("literal.xlsx")

one, other, literal = openpyxl.load_workbook("address.xlsx").active["A1"].value, calamine("address.xlsx"), calamine("literal.xlsx")
print("openpyxl        ", repr(one))
print("python-calamine ", repr(other))
print("written by openpyxl as 'A_x000D_B', read by python-calamine as", repr(literal))
assert one == "Main St 1_x000D_\n12345 Town"
assert other == "Main St 1\r\n12345 Town"
assert literal == "A\rB"
PY
