"""The parameters of compiled scoring statements, as SQL functions without arguments. Imports nothing, so that a run that only
executes statements stays light."""

from __future__ import annotations

from datetime import UTC, datetime

AS_OF_SECONDS = "bothways_as_of_seconds"
AS_OF_TIME = "bothways_as_of_time"


def whole_second(moment: datetime) -> datetime:
    """The moment in UTC, cut to its second. Raises ValueError for a datetime without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("as_of must carry a time zone, for example datetime(2026, 6, 30, tzinfo=UTC)")
    return moment.astimezone(UTC).replace(microsecond=0)


def definitions(moment: datetime, engine: str = "duckdb") -> dict[str, tuple[str, str]]:
    """What `enrichment.as_of.AsOf.parameter` stands for: function name -> (SQL type, SQL value)."""
    moment = whole_second(moment)
    time = "TIMESTAMPTZ" if engine == "duckdb" else "TIMESTAMP"  # DuckDB's plain TIMESTAMP has no zone
    return {
        AS_OF_SECONDS: ("BIGINT", f"CAST({int(moment.timestamp())} AS BIGINT)"),
        AS_OF_TIME: (time, f"CAST('{moment:%Y-%m-%d %H:%M:%S}+00:00' AS {time})"),
    }
