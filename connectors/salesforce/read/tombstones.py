"""Rows of deleted records: told apart from living ones, and those that were merged from those that are gone."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from connectors.salesforce.translate.columns import Frame, as_flag, as_ids
from connectors.salesforce.translate.records import DELETED, ID, MASTER


def living(frame: Frame) -> Frame:
    """The rows that are not deleted."""
    return frame if DELETED not in frame.columns else frame.take(pc.invert(_gone(frame)))


def parted(frame: Frame) -> tuple[Frame, list[str], dict[str, str]]:
    """The living rows, the ids of deleted records, and of merged ones the id of each with that of the survivor."""
    deleted: list[str] = []
    merged: dict[str, str] = {}
    if DELETED not in frame.columns or not frame.size:
        return frame, deleted, merged
    gone = _gone(frame)
    dead = frame.take(gone)
    for loser, survivor in zip(as_ids(dead.get(ID)).to_pylist(), as_ids(dead.get(MASTER)).to_pylist(), strict=True):
        if survivor is None:
            deleted.append(loser)
        else:
            merged[loser] = survivor
    return frame.take(pc.invert(gone)), deleted, merged


def _gone(frame: Frame) -> pa.Array:
    return pc.fill_null(as_flag(frame.get(DELETED)), False)
