"""A run: pull, land, enrich, diff, write back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.base import Connector, PropertySpec
from enrichment.model import ScoringModel
from sync.options import RunOptions, Workspace
from sync.progress import Progress
from sync.result import RunResult, ScoredAt
from sync.session import job

Model = ScoringModel
Specs = Sequence[PropertySpec]


def run_sync(
    connector: Connector, workspace: Workspace, model: Model, specs: Specs, options: RunOptions, progress: Progress
) -> RunResult:
    """All five stages, or what is left of them of a run that did not finish.

    Raises LockHeld, BrakeReached, PullIncomplete, QuotaReached (reading), AuthError, SchemaError, StateError, Stopped.
    """
    with job("sync", connector, workspace, model, specs, options, progress) as this:
        if this.run.phase == "pull":
            landing = this.pull()
            settled = this.land(landing)
            scores = this.enrich(settled)
            plan = this.diff(settled, scores)
            this.commit(plan)
        return this.write_back()


def run_plan(
    connector: Connector, workspace: Workspace, model: Model, specs: Specs, options: RunOptions, progress: Progress
) -> RunResult:
    """Everything but the write: what would change, its digest and its cost. The journal is not touched."""
    with job("plan", connector, workspace, model, specs, options, progress) as this:
        settled = this.land(this.pull())
        this.diff(settled, this.enrich(settled))
        return this.close()


def run_score(
    connector: Connector,
    workspace: Workspace,
    model: Model,
    specs: Specs,
    moments: Sequence[datetime],
    options: RunOptions,
    progress: Progress,
) -> list[ScoredAt]:
    """Pull, land and enrich as of each moment (default: now), each scored by itself. What the CRM holds is not read."""
    with job("score", connector, workspace, model, specs, options, progress) as this:
        settled = this.land(this.pull())
        scored = [this.scored_at(settled, moment) for moment in moments or [this.run.as_of]]
        this.close()
        return scored
