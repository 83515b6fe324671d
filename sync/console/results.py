"""The result of a run on a terminal: counts, changes by property, and accounts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sync.console.output import Output, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.report.data import AccountRow
    from sync.result import RunResult


def show_result(output: Output, what: str, result: RunResult) -> None:
    """The counts of a run in two lines."""
    pulled = sum(result.pulled.values())
    scored = ", ".join(f"{count:,} {name}" for name, count in result.scored.items())
    calls = result.api_calls
    parts = [
        f"{result.changed:,} to write" if what == "plan" else f"{result.written:,} written",
        f"{result.unchanged:,} unchanged",
    ]
    rare = {name: getattr(result, name) for name in ("rejected", "deferred", "gone", "rejects", "drift")}
    parts += [f"{count:,} {name}" for name, count in rare.items() if count]
    output.say(f"{what}: {pulled:,} records pulled; {scored} scored; {', '.join(parts)}.")
    output.say(
        f"  {calls.get('read', 0) + calls.get('write', 0):,} API calls (least possible {calls.get('minimum', 0):,}); run {result.run_id}, digest {result.digest[:12]}."
    )


def show_changes(output: Output, result: RunResult) -> None:
    """How many records would change, by property."""
    rows = [
        (name, f"{count:,}")
        for name, count in sorted(result.changes_by_field.items(), key=lambda item: (-item[1], item[0]))
    ]
    if rows:
        output.table(("Property", "Records"), rows, right=(1,))


def show_accounts(output: Output, scores: Path | None, *, limit: int) -> None:
    """What a seller would see: account, stance, both dependences, balance, hours to reclaim, why."""
    from enrichment.fields import STANCES
    from sync.report.data import read_report

    if scores is None or output.as_json or output.quiet:
        return
    labels = dict(STANCES)
    accounts = read_report(scores, None, "", names=True).accounts
    shown = spread(accounts, [code for code, _ in STANCES], limit)
    output.table(
        ("Account", "Stance", "They need us", "We need them", "Balance", "Reclaim h", "Why"),
        [
            (
                row.name,
                labels.get(row.stance, row.stance),
                number(row.customer_dependence),
                number(row.seller_dependence),
                number(row.balance),
                number(row.reclaimable),
                row.why,
            )
            for row in shown
        ],
        right=(2, 3, 4, 5),
    )
    if len(accounts) > len(shown):
        output.say(f"... and {len(accounts) - len(shown):,} more accounts.")


def spread(accounts: Sequence[AccountRow], stances: Sequence[str], limit: int) -> list[AccountRow]:
    """At most `limit` accounts that show every stance there is: the first of each, then the second of each, and so on."""
    by_stance: dict[str, list[AccountRow]] = {code: [] for code in stances}
    for row in sorted(
        accounts, key=lambda row: (-(row.reclaimable or 0.0), -(row.customer_dependence or 0.0), row.name)
    ):
        by_stance.setdefault(row.stance, []).append(row)
    ranked = [(rank, order, row) for order, rows in enumerate(by_stance.values()) for rank, row in enumerate(rows)]
    chosen = sorted(ranked, key=lambda item: item[:2])[:limit]
    return [row for _, _, row in sorted(chosen, key=lambda item: (item[1], item[0]))]
