"""The week in figures, for a channel that others read: counts by stance and by move, never a name."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from config.settings import Settings
from enrichment.fields import STANCES
from sync.report.data import read_report
from sync.state.run_queries import finished_runs
from sync.system.times import parse_time

_WEEK = timedelta(days=7)
_KEPT = 12


def week(settings: Settings) -> list[str]:
    """Lines on the last scores, compared with the youngest that are a week older (or else the oldest that are kept).

    Raises ConfigError when nothing was scored yet.
    """
    runs = finished_runs(settings, most=_KEPT)
    if not runs:
        return []
    since = parse_time(runs[0].as_of) - _WEEK
    older = next((run for run in runs[1:] if parse_time(run.as_of) <= since), runs[-1] if len(runs) > 1 else None)
    data = read_report(runs[0].scores_dir, older.scores_dir if older else None, settings.crm.kind, names=False)
    labels = dict(STANCES)
    counts = ", ".join(f"{count:,} {label}" for _, label, count, _ in data.stance_counts if count)
    lines = [f"bothways ({settings.crm.kind}): {len(data.accounts):,} accounts: {counts}."]
    if data.reclaimable_hours:
        lines.append(f"About {data.reclaimable_hours:,.0f} hours a quarter go to customers who don't want them.")
    moves = Counter((labels[m.before], labels[m.after]) for m in data.movers if m.before != m.after)
    if moves and older is not None:
        lines.append(f"Since {parse_time(older.as_of):%Y-%m-%d}:")
        lines += [f"  {count:,} from {old} to {new}" for (old, new), count in moves.most_common(8)]
    return lines
