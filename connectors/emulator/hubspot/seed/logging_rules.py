"""Which e-mails a portal's logging rule lets in: Settings > Data Management > Objects > Activities."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pyarrow as pa

from connectors.emulator.organisation.model import Organisation


def replies_only(organisation: Organisation) -> Organisation:
    """The organisation as a portal sees it that logs replies only: an e-mail of a customer is logged when it belongs to
    a thread of which one of ours was logged before."""
    acts = organisation.tables["activities"]
    began: dict[str, datetime] = {}
    columns = zip(
        *(acts[name].to_pylist() for name in ("channel", "direction", "thread_id", "occurred_at")), strict=True
    )
    rows = list(columns)
    for channel, direction, thread, at in rows:
        if channel == "email" and direction == "outbound" and thread is not None and at is not None:
            began[thread] = min(at, began.get(thread, at))

    def logged(channel: str, direction: str | None, thread: str | None, at: datetime | None) -> bool:
        if channel != "email" or direction != "inbound":
            return True
        return thread in began and at is not None and began[thread] < at

    kept = acts.filter(pa.array([logged(*row) for row in rows], pa.bool_()))
    return replace(organisation, tables={**organisation.tables, "activities": kept})
