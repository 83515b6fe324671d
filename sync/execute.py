"""A command over the connected CRM, as the command line and the daemon both run it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from config.settings import Settings
    from sync.console.output import Output
    from sync.options import RunContext, RunOptions

Result = TypeVar("Result")


def connected(
    command: Callable[[RunContext], Result],
    settings: Settings,
    options: RunOptions,
    output: Output,
    limit: timedelta | None = None,
) -> Result:
    """Builds the connector, runs `command` (of `sync.run`) within the limit of time, and closes the connector.

    Raises what the command raises; OutOfTime when the limit ended it.
    """
    from config.loading import load_model
    from enrichment.fields import fields
    from sync.console.progress import progress_for
    from sync.options import RunContext, workspace_of
    from sync.registry import connect
    from sync.system.time_limit import within_time

    model = load_model(settings)
    connector = connect(settings)
    try:
        with within_time(options.stop, limit), progress_for(output) as progress:
            specs = fields(settings.score.profile)
            return command(RunContext(connector, workspace_of(settings), model, specs, options, progress))
    finally:
        connector.close()
