"""The SOQL of a read."""

from __future__ import annotations

from connectors.salesforce.api.client import soql
from connectors.salesforce.api.describe import Selection
from connectors.salesforce.read.cursor import Position


def statement(
    selection: Selection, position: Position, *, ordered: bool, window: tuple[str, str | None] | None = None
) -> str:
    """The SOQL of a part from a position on, within a window of stamps (from, before; None: no end). Names come from
    the description, values are quoted.
    """
    where = []
    if window is not None:
        where.append(soql("SystemModstamp >= {:literal}", window[0]))
        if window[1] is not None:
            where.append(soql("SystemModstamp < {:literal}", window[1]))
    if position.low is None and selection.deletable:
        where.append("IsDeleted = false")
    if ordered and position.record and selection.stamped and position.stamp:
        after = "((SystemModstamp = {0:literal} AND Id > {1}) OR SystemModstamp > {0:literal})"
        where.append(soql(after, position.stamp, position.record))
    elif ordered and position.record:
        where.append(soql("Id > {}", position.record))
    elif position.low is not None and selection.stamped:
        where.append(soql("SystemModstamp >= {:literal}", position.low))
    if position.low is not None and selection.parent_born is not None:
        where.append(soql("{:literal} < {:literal}", selection.parent_born, position.low))
    text = soql("SELECT {:literal} FROM {:literal}", ", ".join(selection.paths), selection.object)
    if where:
        text += " WHERE " + " AND ".join(where)
    if ordered:
        text += " ORDER BY SystemModstamp, Id" if selection.stamped else " ORDER BY Id"
    return text
