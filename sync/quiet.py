"""A sync that reads nothing new: the scores of the run before stand, and nothing is computed again.

Only for a sync as of now. Scores stand for an hour (`sync.land.news.STANDS_FOR`), and only after a run that left
nothing to send, with the same program, model, settings and suppressions.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import pyarrow.parquet as pq

from sync.diff.diff import STREAMS
from sync.land import news
from sync.land.news import News, Standing
from sync.privacy.suppression import kept_out
from sync.pull.landing import Landing
from sync.pull.rereads import Marks
from sync.result import RunResult
from sync.scoring.statements import key_of
from sync.stages import Stages
from sync.state import flags as holds
from sync.system import checksums


@dataclass(frozen=True, slots=True)
class Found:
    """The standing of the run before, and whether anything at all has been read since."""

    standing: Standing
    quiet: bool


def standing(stages: Stages, landing: Landing) -> Found | None:
    """The run whose scores stand after this pull; None when they must be computed."""
    folder, options = stages.context.workspace.dir, stages.context.options
    before = news.recall(folder)
    asked = options.full or options.accept or options.take_over or options.as_of is not None
    if (
        before is None
        or asked
        or options.plan_digest is not None
        or stages.run.resumed
        or before.inputs != _inputs(stages)
        or not news.young(before, stages.run.as_of)
        or holds.reason(stages.state, stages.context.connector.name) is not None
        or not checksums.folder_holds(Path(before.scores))
    ):
        news.forget(folder)
        return None
    ours = {stream: [spec.name for spec in stages.context.specs if spec.stream == stream] for stream in STREAMS}
    what_is_new = news.news(landing, before, ours, folder / "tmp")
    if what_is_new is not News.NOTHING:
        news.forget(folder)
    return None if what_is_new is News.FACTS else Found(before, what_is_new is News.NOTHING)


def stand(stages: Stages, found: Found, landing: Landing) -> RunResult:
    """Ends the run: what was scored stands, nothing is written."""
    reuse(stages, found)
    stages.result = replace(stages.result, unchanged=sum(stages.result.scored.values()))
    stages.result.check()
    Marks(stages.state, stages.context.connector.name).clear(stages.run.run_id)
    result = stages.close()
    remember(stages, landing)
    return result


def reuse(stages: Stages, found: Found) -> Path:
    """Makes the standing scores this run's; returns their folder."""
    scores = Path(found.standing.scores)
    counts: dict[str, int] = {stream: pq.read_metadata(scores / f"{stream}.parquet").num_rows for stream in STREAMS}
    stages.result = replace(stages.result, scored=counts, scores_dir=scores, as_of=found.standing.as_of)
    stages.context.progress.note(f"Nothing new was read: the scores of run {found.standing.run_id} stand.")
    return scores


def remember(stages: Stages, landing: Landing) -> None:
    """Lets this run's scores stand, if it left nothing to send."""
    result = stages.result
    left = result.exit_code or result.rejected or result.deferred or result.dead_letters or result.error
    if left or result.scores_dir is None or stages.context.options.as_of is not None:
        return
    folder = stages.context.workspace.dir
    at = news.landed(landing)
    news.remember(folder, Standing(result.run_id, result.as_of, str(result.scores_dir), _inputs(stages), at))


def _inputs(stages: Stages) -> str:
    """A digest of all that a sync follows from, except the CRM's records and the moment."""
    context = stages.context
    options = context.options
    parts = (
        version("bothways"),
        key_of(options.engine, context.model),
        context.connector.name,
        repr(sorted(context.specs, key=lambda spec: (spec.stream, spec.name))),
        options.translation,
        repr(options.organisation),
        repr((options.min_delta, options.max_age)),
        repr(sorted((s, sorted(d)) for s, d in kept_out(stages.state, context.connector.name).items())),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
