"""Case: what customers, and our people for them, have raised.

- Who raised one is told by the channel it came through (`Origin`); of a word that the mapping does not know, and where
  there is none, by the address that Email-to-Case and Web-to-Case put down. An address of ours on a case without a
  contact is a colleague.
- A queue owns nothing here; a case that was merged leads to the one that was kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from connectors.salesforce.config import ObjectMapping
from connectors.salesforce.translate.columns import Frame, as_text
from connectors.salesforce.translate.participants import Sides
from connectors.salesforce.translate.records import Translated, records

SUPPLIED = "supplied_email"


@dataclass(frozen=True, slots=True)
class Cases:
    """One page of cases at a time."""

    mapping: ObjectMapping
    sides: Sides

    def translate(self, frame: Frame) -> Translated:
        """A page of living rows."""
        made = records("cases", self.mapping, frame)
        supplied = as_text(frame.get(self.mapping.fields.get(SUPPLIED))).to_pylist()
        said, people = (made.batch.column(name) for name in ("by_customer", "person_id"))
        writers = [None if not address else self.sides.is_own(address) is not True for address in supplied]
        by_address = pa.array(writers, pa.bool_())
        colleague = pc.and_(pc.is_null(people), pc.fill_null(pc.invert(by_address), False))
        raised = pc.if_else(colleague, pa.scalar(False), pc.coalesce(said, by_address))
        place = made.batch.schema.get_field_index("by_customer")
        return Translated(made.batch.set_column(place, "by_customer", raised), made.rejects, made.gone)
