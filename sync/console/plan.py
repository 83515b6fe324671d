"""A plan on a terminal: what would change, record by record, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sync.console.output import Output
from sync.console.results import with_config

if TYPE_CHECKING:
    from pathlib import Path

    from sync.ratings.cost import RatingsCost
    from sync.report.plan import PlannedChange
    from sync.result import RunResult

SHOWN = 12
"""Characters of a digest that are shown: any unique beginning of eight or more is taken."""


def show_plan(
    output: Output,
    result: RunResult,
    rows: Sequence[PlannedChange],
    *,
    everything: bool,
    config: Path | None = None,
    ratings: RatingsCost | None = None,
) -> None:
    """The sentence, the records (the most telling unless `everything`), and the next command, for the settings of this
    run.
    """
    from sync.report.plan import TELLING

    scored = " and ".join(f"{count:,} {_things(name, count)}" for name, count in result.scored.items())
    output.say(
        f"Scored {scored or 'nothing'}. {result.changed:,} would be written, {result.unchanged:,} stay as they are."
    )
    show_model_change(output, result)
    shown = rows if everything else rows[:TELLING]
    if shown:
        output.say()
        output.table(("Record", "Change", "Why"), [(row.name, _change(row), row.why) for row in shown])
    if len(rows) > len(shown):
        output.say(
            f"... and {len(rows) - len(shown):,} more: --all shows them, --csv FILE and --out FILE.html write them."
        )
    if result.drift:
        output.say(
            f"{_count(result.drift, 'record was', 'records were')} edited by somebody else since our last "
            f"write; the edits would be overwritten."
        )
    if result.rejects:
        output.say(
            f"{_count(result.rejects, 'record', 'records')} could not be understood and "
            f"{'was' if result.rejects == 1 else 'were'} left out."
        )
    if ratings is not None:
        output.say(f"\n{ratings.message}\n{ratings.advice}: bothways rate{with_config(config)}")
    if result.changed:
        calls = result.api_calls.get("to_write", 0)
        output.say(
            f"\nWriting takes {_count(calls, 'API call', 'API calls')}. To write exactly this: bothways sync "
            f"--plan {result.digest[:SHOWN]}"
            f"{with_config(config)}"
        )
    else:
        output.say(f"\nThe CRM holds these scores already. Next: bothways report{with_config(config)}")


def show_model_change(output: Output, result: RunResult) -> None:
    """The first run with another major version of the model: what it changes, and why."""
    from sync.diff.model_change import announced, moves_in_words

    if not result.model_change:
        return
    output.say(f"\n{announced(result.model_change)}.")
    for line, why in moves_in_words(result.model_change):
        output.say(f"  {line}" + (f"  ({why})" if why else ""))
    if result.model_change["stances"]:
        output.say("New facts since the last run are among them. bothways sync asks for --accept once.")


def _change(row: PlannedChange) -> str:
    lines = row.lines()[:3]
    if row.first:
        return "; ".join(f"{label} {new}" for label, _, new in lines if new != "nothing") or "new scores"
    return "; ".join(f"{label} {old} → {new}" for label, old, new in lines) or "reasons or date only"


def _things(stream: str, count: int) -> str:
    one = {"accounts": "account", "opportunities": "deal"}.get(stream, stream)
    return one if count == 1 else f"{one}s"


def _count(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
