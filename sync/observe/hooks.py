"""What a sync tells the outside when it begins and ends: heartbeat, alert, metrics, and its outcome for the next one.

None of it can fail the run: what goes wrong is a warning in the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from config.settings import Settings
from connectors.errors import BothwaysError
from connectors.http.traffic import TRAFFIC
from sync.errors import ending, exit_code
from sync.observe import last_outcome as outcome
from sync.observe.alerts import Notifier
from sync.observe.last_outcome import Outcome
from sync.state.database import now
from sync.system import logs
from sync.system.times import parse_time

if TYPE_CHECKING:
    from sync.result import RunResult

_SUMMARY_EVERY = timedelta(days=7)


@dataclass(slots=True)
class Observed:
    """A sync under observation; `result` is set when there is one. `answers` had come before it began."""

    result: RunResult | None = None
    answers: Counter[int] = field(default_factory=TRAFFIC.answers)


@contextmanager
def observed(settings: Settings) -> Iterator[Observed]:
    """Within it a sync runs; whoever runs it puts its result into what is yielded. Raises what the run raises."""
    notifier, before = Notifier(settings.notify, settings.crm.kind), outcome.last(settings.workspace.dir)
    notifier.started()
    seen, code = Observed(), 1
    try:
        yield seen
        code = seen.result.exit_code if seen.result is not None else 0
    except BothwaysError as error:
        code = exit_code(error)
        raise
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
        raise
    except KeyboardInterrupt:
        code = 130
        raise
    finally:
        _ended(settings, notifier, before, seen, code)


def _ended(settings: Settings, notifier: Notifier, before: Outcome | None, seen: Observed, code: int) -> None:
    folder = settings.workspace.dir
    if code == 6:  # the outcome is for the run at work to tell
        outcome.count_wait(folder)
        return
    at = now()
    alerted = notifier.ended(code, before, seen.result)
    same = before is not None and before.exit_code == code
    last = Outcome(
        at=at,
        exit_code=code,
        run_id=seen.result.run_id if seen.result is not None else "",
        alerted_at=at if alerted else before.alerted_at if before is not None and same else "",
        summary_at=_summary(settings, notifier, before, at)
        if ending(code).success
        else before.summary_at
        if before
        else "",
        quota_left=TRAFFIC.left_of_day(),
        answers={str(status): count for status, count in sorted((TRAFFIC.answers() - seen.answers).items())},
    )
    _try("The outcome of the run", lambda: outcome.keep(folder, last))
    textfile = settings.metrics.textfile
    if textfile is not None:
        from sync.observe.metrics import write_textfile

        _try(f"The metrics file {textfile}", lambda: write_textfile(settings, textfile))


def _summary(settings: Settings, notifier: Notifier, before: Outcome | None, at: str) -> str:
    """Sends the week's figures when they are wanted and due; returns when they last were."""
    last = before.summary_at if before is not None else ""
    due = not last or datetime.now(UTC) - parse_time(last) >= _SUMMARY_EVERY
    if not (settings.notify.weekly and due):
        return last
    from sync.observe.weekly import week

    lines: list[str] = []
    _try("The week's figures", lambda: lines.extend(week(settings)))
    return at if lines and notifier.summary(lines) else last


def _try(what: str, act: Callable[[], object]) -> None:
    import sqlalchemy as sa

    try:
        act()
    except (OSError, BothwaysError, sa.exc.SQLAlchemyError) as error:
        logs.write("warning", f"{what} could not be written: {error}. The run is not affected.")
