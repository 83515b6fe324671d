"""A run: pull, land, enrich, diff, write back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sync import quiet
from sync.land.normalize import Normalized
from sync.options import RunContext
from sync.result import RunResult, ScoredAt
from sync.session import open_run


def run_sync(context: RunContext) -> RunResult:
    """Pull, land, enrich, diff, write back; or the rest of a run that did not finish.

    When nothing new was read and the last scores still stand, it ends after the pull; when only our own writes came
    back, those scores are compared with what the CRM holds.

    Raises LockHeld, BrakeReached, PullIncomplete, QuotaReached (reading), AuthError, SchemaError, StateError, Stopped.
    """
    with open_run("sync", context) as stages:
        if stages.run.phase == "pull":
            landing = stages.pull()
            standing = quiet.standing(stages, landing)
            if standing is not None and standing.quiet:
                return quiet.stand(stages, standing, landing)
            normalized = stages.land(landing)
            scores = stages.enrich(normalized) if standing is None else quiet.reuse(stages, standing)
            plan = stages.diff(normalized, scores)
            stages.commit(plan)
            result = stages.write_back()
            quiet.remember(stages, landing)
            return result
        return stages.write_back()


def run_plan(context: RunContext) -> RunResult:
    """Everything but the write: what would change, its digest and its cost. The journal is not touched."""
    with open_run("plan", context) as stages:
        normalized = stages.land(stages.pull())
        stages.diff(normalized, stages.enrich(normalized))
        return stages.close()


def run_read(context: RunContext) -> Normalized:
    """Pull and land only: what the next plan or sync would read. Nothing is scored, nothing of the CRM is changed."""
    with open_run("read", context) as stages:
        normalized = stages.land(stages.pull())
        stages.close()
        return normalized


def run_score(context: RunContext, moments: Sequence[datetime]) -> list[ScoredAt]:
    """Pull, land and enrich as of each moment (default: now), each scored by itself. What the CRM holds is not read."""
    with open_run("score", context) as stages:
        normalized = stages.land(stages.pull())
        scored = [stages.scored_at(normalized, moment) for moment in moments or [stages.run.as_of]]
        stages.close()
        return scored
