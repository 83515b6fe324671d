"""Two kinds of CSV that must not be mixed up.

For *people*, who open it in a spreadsheet: a text that would be taken for a formula gets a leading apostrophe (and so
does one that begins with an apostrophe, so that reading takes exactly one away). For the *Bulk API*: exact, since an
apostrophe would end up in the CRM; that writer is `connectors.salesforce.api.bulk_jobs.ingest_csv`.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

Array = Any  # pyarrow has no type information

_GUARDED = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "'", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The last four are the first four as East Asian keyboards write them."""


def guard(text: str) -> str:
    """`text` as it may stand in a cell for people: inert in a spreadsheet. `unguard` undoes it for every text."""
    return f"'{text}" if text.startswith(_GUARDED) else text


def unguard(cell: str) -> str:
    """The text of a cell that `guard` made."""
    return cell.removeprefix("'")


def guard_column(column: Array) -> Array:
    """`guard` of a whole text column; null stays null."""
    risky = pc.is_in(pc.utf8_slice_codeunits(column, 0, 1), pa.array(_GUARDED, pa.string()))
    return pc.if_else(risky, pc.binary_join_element_wise(pa.scalar("'"), column, ""), column)
