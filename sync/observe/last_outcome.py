"""How the last sync ended, in a small file beside the state: for monitors, and to tell a recovery from a success.

Beside and not in the state, because a run may fail for want of the state.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from sync.system import files as durable
from sync.system.times import parse_time

_NAME, _WAITS = "outcome.json", "lock-waits"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`at`, `alerted_at`, `summary_at`: UTC as the state writes it. `answers`: HTTP answers of the run by status."""

    at: str
    exit_code: int
    run_id: str = ""
    alerted_at: str = ""
    summary_at: str = ""
    quota_left: float | None = None
    answers: dict[str, int] = field(default_factory=dict)


def last(workspace: Path) -> Outcome | None:
    """The last outcome; None when there is none, or none that can be understood."""
    try:
        found = TypeAdapter(Outcome).validate_json((workspace / _NAME).read_bytes(), strict=True)
        for moment in (found.at, *filter(None, (found.alerted_at, found.summary_at))):
            parse_time(moment)
    except (OSError, ValueError):
        return None
    return found


def keep(workspace: Path, outcome: Outcome) -> None:
    """Replaces it. Raises OSError."""
    durable.make_dir(workspace)
    durable.put(workspace / _NAME, lambda path: _write(path, outcome))


def count_wait(workspace: Path) -> None:
    """Counts a run that found the lock held: one byte added, whoever else adds one at the same moment."""
    with suppress(OSError):
        handle = os.open(workspace / _WAITS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, b".")
        finally:
            os.close(handle)


def waits(workspace: Path) -> int:
    """Runs that found the lock held, ever."""
    with suppress(OSError):
        return (workspace / _WAITS).stat().st_size
    return 0


def _write(path: Path, outcome: Outcome) -> None:
    path.write_text(json.dumps(asdict(outcome)), encoding="utf-8")
