"""The parameters of compiled scoring statements, as SQL functions without arguments. Imports nothing, so that a run
that only executes statements stays light.
"""

from __future__ import annotations

from datetime import UTC, datetime

AS_OF_SECONDS = "bothways_as_of_seconds"
AS_OF_TIME = "bothways_as_of_time"


def whole_second(moment: datetime) -> datetime:
    """The moment in UTC, cut to its second. Raises ValueError for a datetime without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("as_of must carry a time zone, for example datetime(2026, 6, 30, tzinfo=UTC)")
    return moment.astimezone(UTC).replace(microsecond=0)
