"""The result of a run on a terminal: what it did, the next step, and accounts."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sync.console.output import Output, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.report.data import AccountRow
    from sync.result import RunResult


def show_result(output: Output, result: RunResult, *, step: bool = True, config: Path | None = None) -> None:
    """What a sync did, in a sentence, and (with `step`) the next command, for the settings of this run."""
    from sync.system.times import parse_time

    streams = {"accounts": ("account", "accounts"), "opportunities": ("deal", "deals")}
    scored = " and ".join(_count(n, *streams.get(name, (name, name))) for name, n in result.scored.items()) or "nothing"
    took = f" in {_seconds(sum(result.seconds.values()))}" if result.seconds else ""
    updated = f"{result.written:,} updated" if result.written else "nothing had changed"
    output.say(f"Done{took}: {scored} scored, {updated}.")
    if result.model_change:
        from sync.diff.model_change import announced

        output.say(f"  {announced(result.model_change)}.")
    rare = (
        (result.rejected, "change was refused by the CRM", "changes were refused by the CRM"),
        (result.deferred, "change is left for the next run", "changes are left for the next run"),
        (result.gone, "record is no longer in the CRM", "records are no longer in the CRM"),
        (
            result.rejects,
            "record could not be understood and was left out",
            "records could not be understood and were left out",
        ),
        (result.drift, "record had been edited by somebody else", "records had been edited by somebody else"),
    )
    for count, one, many in rare:
        if count:
            output.say(f"  {_count(count, one, many)}.")
    calls = result.api_calls.get("read", 0) + result.api_calls.get("write", 0)
    output.say(
        f"  As of {parse_time(result.as_of):%Y-%m-%d %H:%M} UTC, {_count(calls, 'API call', 'API calls')}, "
        f"run {result.run_id}."
    )
    if step:
        command = "dead-letters" if result.rejected else "sync" if result.deferred else "report"
        output.say(f"Next: bothways {command}{with_config(config)}")


def with_config(config: Path | None) -> str:
    """The option that a suggested command needs to reach the settings of this one; empty for `bothways.toml` here."""
    return "" if config is None or config == Path("bothways.toml") else f" --config {shlex.quote(str(config))}"


def ago(moment: str | datetime | None, now: datetime | None = None) -> str:
    """A moment as people say it: "4 minutes ago (15:09 UTC)"; never for None."""
    from sync.system.times import parse_time

    if moment is None:
        return "never"
    at = parse_time(moment) if isinstance(moment, str) else moment
    now = now or datetime.now(UTC)
    seconds = (now - at).total_seconds()
    clock = f"{at:%H:%M} UTC" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M} UTC"
    if seconds < 0:
        return f"in the future ({clock}): check the clock"
    for size, one in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{_count(int(seconds // size), one, one + 's')} ago ({clock})"
    return f"just now ({clock})"


def _count(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _seconds(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s" if rest else "under a second"


def show_accounts(output: Output, scores: Path | None, *, limit: int) -> None:
    """What a seller would see: account, stance, both dependences, balance, hours to reclaim, why."""
    from enrichment.fields import STANCES
    from sync.report.data import read_report

    if scores is None or output.as_json or output.quiet:
        return
    labels = dict(STANCES)
    accounts = read_report(scores, None, "", names=True).accounts
    if not accounts:
        return
    shown = spread(accounts, [code for code, _ in STANCES], limit)
    output.table(
        ("Account", "Stance", "They need us", "We need them", "Balance", "Hours to win back", "Why"),
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


def accounts_to_show(accounts: Sequence[AccountRow], most: int) -> list[AccountRow]:
    """Accounts that say most about a book: one of each stance, those first whose stance asks for something."""
    from enrichment.fields import STANCES

    asking = ("respond", "rebalance", "protect", "partner", "build_close", "lapsed", "test_reciprocity", "earn_value")
    chosen = spread(accounts, [code for code, _ in STANCES], len(STANCES))
    chosen.sort(key=lambda row: asking.index(row.stance) if row.stance in asking else len(asking))
    return chosen[:most]


def show_cards(output: Output, accounts: Sequence[AccountRow]) -> None:
    """Accounts as a seller would see them on the record."""
    from enrichment.fields import STANCES

    labels = dict(STANCES)
    for row in accounts:
        output.say(f"{row.name}: {labels.get(row.stance, row.stance)}")
        hours = f" · {number(row.reclaimable)} h to win back" if row.reclaimable else ""
        output.say(
            f"  They need us {number(row.customer_dependence)} · we need them {number(row.seller_dependence)}"
            f" · balance {number(row.balance)}{hours}"
        )
        output.say(f"  {row.why}\n")


def nothing_known(normalized: Path, as_of: datetime) -> str:
    """Why no record was scored as of a moment, and which moment would do."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    path = normalized / "accounts.parquet"
    first = pc.min(pq.read_table(path, columns=["created_at"]).column(0)).as_py() if path.exists() else None
    if first is None or first <= as_of:
        return "No account was read, so there is nothing to score. See: bothways check"
    return (
        f"No account was known on {as_of:%Y-%m-%d}: the first was recorded on {first:%Y-%m-%d}."
        f" Give a later moment: --as-of {max(first.year + 1, as_of.year)}-01-01"
    )


def spread(accounts: Sequence[AccountRow], stances: Sequence[str], limit: int) -> list[AccountRow]:
    """At most `limit` accounts that show every stance there is: the first of each, then the second of each, and so
    on.
    """
    by_stance: dict[str, list[AccountRow]] = {code: [] for code in stances}
    for row in sorted(
        accounts, key=lambda row: (-(row.reclaimable or 0.0), -(row.customer_dependence or 0.0), row.name)
    ):
        by_stance.setdefault(row.stance, []).append(row)
    ranked = [(rank, order, row) for order, rows in enumerate(by_stance.values()) for rank, row in enumerate(rows)]
    chosen = sorted(ranked, key=lambda item: item[:2])[:limit]
    return [row for _, _, row in sorted(chosen, key=lambda item: (item[1], item[0]))]
