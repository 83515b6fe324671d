"""The normalized tables as they can have been known at a past moment.

The score itself leaves out facts that happened or became available later. What it cannot know is that a field was
changed
since: an amount, a stage, a probability, an expected close, the end of a running contract. Without a history of those
they are taken out here, so that a test never reads what came later; the scores of today do read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from enrichment.inputs import INPUTS
from sync.system import files as durable
from sync.system.duckdb import parquet, session, write_parquet

_CLOSES_LATER = "coalesce(least(close_at, stage_changed_at) > $now, false)"
_OPEN = f"(NOT (coalesce(is_closed, false) OR coalesce(is_won, false)) OR {_CLOSES_LATER})"
_LATER = {
    "accounts": dict.fromkeys(
        (
            "annual_revenue",
            "employees",
            "wallet",
            "strategic_importance",
            "mission_criticality",
            "non_modularity",
            "strategic_customer",
            "known_vendors",
            "lifecycle_stage",
        ),
        "true",
    ),
    "opportunities": {
        **dict.fromkeys(("amount", "probability", "close_at", "stage"), _OPEN),
        **dict.fromkeys(("is_closed", "is_won", "stage_changed_at"), _CLOSES_LATER),
    },
    "contracts": {"end_at": "end_at > $now"},
    "assets": {"active": "true", "ends_at": "ends_at > $now"},
    "families": {},
}
_KEPT = {
    # Nobody can tell when a deal without a creation time became known, unless it was closed by then.
    # And nobody can tell how a deal that was to be closed by then stood whose stage was changed since.
    "opportunities": "(created_at IS NOT NULL OR (coalesce(is_closed, false) OR coalesce(is_won, false)) "
    "AND close_at <= $now)"
    " AND NOT coalesce(close_at <= $now AND stage_changed_at > $now, false)"
}
_INSTEAD = {"is_closed": "false", "is_won": "false"}


def past(normalized: Path, folder: Path, as_of: datetime, scratch: Path) -> dict[str, int]:
    """Makes `folder` the normalized tables of `as_of`; returns how many values were taken out, by `table.column`.

    A table from which nothing is taken is a link to the normalized one. Everything later than `as_of` may be edited or
    added without changing what `enrichment.score.score` makes of `folder`.
    """
    durable.make_dir(folder)
    taken: dict[str, int] = {}
    with session(scratch) as connection:
        for name in INPUTS:
            source, target = normalized / f"{name}.parquet", folder / f"{name}.parquet"
            target.unlink(missing_ok=True)
            rules = _LATER.get(name, {})
            if not rules:
                target.symlink_to(source.resolve())
                continue
            connection.execute("SET VARIABLE as_of = $1::TIMESTAMPTZ", [as_of.isoformat()])
            when = {column: rule.replace("$now", "getvariable('as_of')") for column, rule in rules.items()}
            source_sql = parquet([source])
            counts = ", ".join(
                f"count(*) FILTER (WHERE {rule} AND {_told(name, column)} AND coalesce(created_at <= "
                f"getvariable('as_of'), true))"
                for column, rule in when.items()
            )
            row = connection.execute(f"SELECT {counts} FROM {source_sql}").fetchone()  # noqa: S608  (our own names)
            for column, count in zip(when, row or (), strict=True):
                if count and column not in ("is_closed", "is_won", "stage", "stage_changed_at"):
                    taken[f"{name}.{column}"] = int(count)
            changed = ", ".join(
                f"CASE WHEN {rule} THEN {_INSTEAD.get(column, 'NULL')} ELSE {column} END AS {column}"
                for column, rule in when.items()
            )
            kept = _KEPT.get(name, "true").replace("$now", "getvariable('as_of')")
            query = f"SELECT * REPLACE ({changed}) FROM {source_sql} WHERE {kept}"  # noqa: S608
            write_parquet(connection, target, query, INPUTS[name], "ALL")
    return taken


def _told(table: str, column: str) -> str:
    return "active = false" if (table, column) == ("assets", "active") else f"{column} IS NOT NULL"


def explained(taken: Mapping[str, int]) -> list[str]:
    """What was taken out, in words."""
    return [
        f"{column.replace('.', ': ').replace('_', ' ')} ({count:,} values) has no history here and was left out"
        for column, count in sorted(taken.items())
    ]
