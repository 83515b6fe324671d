"""From the workspace of a finished run to the page on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from config.loading import load_model
from config.settings import Settings
from connectors.errors import ConfigError
from connectors.records import Stream
from enrichment.model import ScoringModel
from sync.ratings.cost import cost_of
from sync.report.changes import baseline
from sync.report.data import ReportData, read_report
from sync.report.details import details
from sync.report.explain import Found
from sync.report.links import link_form
from sync.report.page import Extras, render, write
from sync.report.payload import detail_blocks
from sync.report.plan import PlannedChange, as_changes
from sync.state.run_queries import FinishedRun, finished_runs
from sync.system.files import check_output

DETAILED = 20_000
"""Records of each stream whose drawers show everything; those of the others show their row."""
LISTED_CHANGES = 100
"""Changes on the page of a plan; `bothways plan --csv` has all."""
_KEPT = 12
_HISTORY = 5


def build_report(
    settings: Settings,
    out: Path,
    *,
    names: bool,
    since: timedelta | None = None,
    detailed: int = DETAILED,
    extras: Extras | None = None,
) -> Path:
    """Writes the report of the last finished run: what changed since the last run that wrote, or since so long ago.

    Raises ConfigError if no run has finished.
    """
    check_output(out)
    runs = finished_runs(settings, most=_KEPT)
    if not runs:
        raise ConfigError("No run has finished in this workspace.", remedy="Run `bothways sync` first.")
    last, before = runs[0], baseline(runs, since)
    model, data = load_model(settings), _data(settings, last, before, names=names)
    streams: tuple[Stream, Stream] = ("accounts", "opportunities")
    forms = (link_form(settings, streams[0], last.links), link_form(settings, streams[1], last.links))
    forms = forms if names else ("", "")
    cost = cost_of(settings, last.scores_dir, model)
    page = replace(
        with_details(extras or Extras(), data, last.scores_dir, model, runs[1 : 1 + _HISTORY], detailed),
        forms=forms,
        ratings="" if cost is None else f"{cost.message} {cost.advice}:",
    )
    write(out, render(data, pulled=last.pulled, advice=model.words.advice, extras=page))
    return out


def last_report(settings: Settings, *, names: bool, since: timedelta | None = None) -> ReportData:
    """What the report of the last finished run says. Raises ConfigError if no run has finished."""
    runs = finished_runs(settings, most=_KEPT)
    if not runs:
        raise ConfigError("No run has finished in this workspace.", remedy="Run `bothways sync` first.")
    return _data(settings, runs[0], baseline(runs, since), names=names)


def _data(settings: Settings, last: FinishedRun, before: FinishedRun | None, *, names: bool) -> ReportData:
    previous = before.scores_dir if before else None
    normalized = settings.workspace.dir / "normalized"
    return read_report(last.scores_dir, previous, settings.crm.kind, names=names, normalized=normalized)


def with_details(
    extras: Extras,
    data: ReportData,
    scores: Path,
    model: ScoringModel,
    earlier: Sequence[FinishedRun],
    detailed: int = DETAILED,
) -> Extras:
    """`extras` with the drawers of the first `detailed` accounts and deals."""
    accounts = [row.id for row in data.accounts[:detailed]]
    deals = [row.id for row in data.deals[:detailed]]
    return replace(
        extras,
        account_details=detail_blocks(details(scores, "accounts", accounts, model, earlier)),
        deal_details=detail_blocks(details(scores, "opportunities", deals, model, earlier)),
    )


def build_plan_page(settings: Settings, out: Path, rows: Sequence[PlannedChange]) -> Path:
    """Writes the report of the plan just made, with the changes that it would write first."""
    extras = Extras(
        changes=as_changes(rows[:LISTED_CHANGES]),
        changed=len(rows),
        title="What bothways would write",
        note="This is a plan. Nothing has been written to the CRM.",
    )
    return build_report(settings, out, names=True, extras=extras)


def build_record_page(settings: Settings, out: Path, found: Found) -> Path:
    """Writes the report so that it opens at one record: that record is among those whose drawers show everything."""
    kind = "account" if found.stream == "accounts" else "deal"
    return build_report(
        settings,
        out,
        names=True,
        extras=Extras(open=found.explanation.record_id, title=f"Why this {kind} has its scores"),
    )
