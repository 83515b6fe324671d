"""A fleet on a terminal: how its members stand, and how a pass over them ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from sync.console.output import Output

if TYPE_CHECKING:
    from sync.fleet.members import Member
    from sync.fleet.pool import FleetResult


def show_members(output: Output, found: Sequence[Member]) -> None:
    """Every member with its last success, those that have waited longest first."""
    if output.as_json:
        rows = [{k: v for k, v in asdict(m).items() if k in ("name", "trouble", "last_success")} for m in found]
        output.result({"schema": 1, "members": rows})
        return
    output.table(
        ("CRM", "Last success (UTC)", "Trouble"),
        [(m.name, m.last_success[:16].replace("T", " ") or "never", m.trouble) for m in found],
    )


def show_fleet(output: Output, result: FleetResult) -> None:
    """The sums of a pass in one line, and what was left."""
    if output.as_json:
        output.result(result.to_json())
        return
    told = result.to_json()["total"]
    good = sum(one.code in (0, 3) for one in result.ended)
    output.say(
        f"{good:,} of {len(result.ended) + len(result.left):,} done: {told['written']:,} records updated, "
        f"{told['rejected']:,} rejected, {told['deferred']:,} deferred, {told['calls']:,} API calls."
    )
    if result.left:
        output.say(f"{len(result.left):,} were not started; the next run starts with them.")
