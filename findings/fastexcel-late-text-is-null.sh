#!/usr/bin/env bash
# Text below row 1000 of a numeric-looking column is replaced by null, without a word.
#
# Version: polars==2.1.0, fastexcel==0.21.0, openpyxl==3.1.5
# Guess: a column that holds numbers and text is read as text, or reading it fails.
# Behaviour: the type is guessed from the first 1000 rows and later cells that do not fit become null.
#   Placed within the sample, the same cell makes the column text. The row count stays right, so
#   nothing looks amiss. infer_schema_length=None reads it whole.
# Source: fastexcel ExcelReader.load_sheet, schema_sample_rows and dtype_coercion (default "coerce");
#   github.com/pola-rs/polars/issues/23728; github.com/ToucanToco/fastexcel/issues/277
# Seen:
#   text in row 1500:  Int64   None
#   text in row 10:    String  A-77
#   whole file typed:  String  A-77
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check polars==2.1.0 fastexcel==0.21.0 openpyxl==3.1.5

venv/bin/python - <<'PY'
import openpyxl, polars

def write(name, at):
    book = openpyxl.Workbook()
    book.active.append(["account", "extension"])
    for row in range(1, 2001):
        book.active.append([row, "A-77" if row == at else 100000 + row])
    book.save(name)
    return at - 1

late, early = write("late.xlsx", 1500), write("early.xlsx", 10)
seen = []
for label, name, row, options in (
    ("text in row 1500:", "late.xlsx", late, {}),
    ("text in row 10:", "early.xlsx", early, {}),
    ("whole file typed:", "late.xlsx", late, {"infer_schema_length": None}),
):
    column = polars.read_excel(name, **options)["extension"]
    assert len(column) == 2000
    seen.append((str(column.dtype), column[row]))
    print(f"{label:18}", *map(str, seen[-1]))
assert seen == [("Int64", None), ("String", "A-77"), ("String", "A-77")], seen
PY
