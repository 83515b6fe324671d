"""Writes `docs/tables.md` from `connectors/records.py`: .venv/bin/python tests/docs/write_tables.py"""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa

from connectors.records import IDS, SCHEMAS, TIME

ROOT = Path(__file__).parents[2]
_WORDS = {
    pa.string(): "text",
    pa.float64(): "number",
    pa.int64(): "whole number",
    pa.bool_(): "true / false",
    TIME: "time",
    IDS: "list of texts",
}
_HEAD = """# The canonical tables

Every connector turns what it reads into these streams. A folder of them, one `<stream>.csv`, `.xlsx`
or `.parquet` each, needs no mapping:

    bothways score --input DIR --output scores.parquet          # scores without any CRM
    bothways emulator salesforce --load DIR                     # or hubspot: a stand-in that holds these records

`id` is needed, and must be unique; every other column may be left out, and an empty cell is
*unknown*. In CSV a list is separated by `;`, times are ISO (`2026-06-01T09:30:00Z`; without an
offset in the organisation's time zone), true and false are `true` and `false`. `created_at` is when
a record became known, `modified_at` the CRM's own stamp. Next to the tables an `organisation.toml`
may give `own_domains`, `corporate_currency`, `time_zone` and `now` to the emulator.

This page is made from `connectors/records.py`.
"""


def page() -> str:
    """The page's text; remarks are the comments beside the columns."""
    source = (ROOT / "connectors" / "records.py").read_text(encoding="utf-8")
    parts = [_HEAD]
    for stream, schema in SCHEMAS.items():
        body = source[source.index(f'    "{stream}": _schema(') :]
        remarks = dict(
            re.findall(r'"(\w+)": _?\w+,  # ([^\n]+)', body[: body.index("\n    ),") if "\n    )," in body else None])
        )
        parts.append(f"\n## {stream}\n\n| column | type | |\n|---|---|---|\n")
        for field in schema:
            target = (field.metadata or {}).get(b"ref", b"").decode()
            note = "; ".join(filter(None, (f"id in `{target}`" if target else "", remarks.get(field.name, ""))))
            parts.append(f"| `{field.name}` | {_WORDS[field.type]} | {note} |\n")
    return "".join(parts)


if __name__ == "__main__":
    (ROOT / "docs" / "tables.md").write_text(page(), encoding="utf-8")
