"""What runs left behind: their results and score folders, newest first; and the dead letters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from config.settings import Settings
from connectors.errors import ConfigError
from sync.state import tables
from sync.state.database import make_workspace, open_state, state_path
from sync.system import checksums, logs


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run that scored to its end."""

    run_id: str
    kind: str
    as_of: str
    scores_dir: Path
    pulled: dict[str, int]
    written: int = 0
    """Records that the run changed in the CRM."""
    links: Mapping[str, str] = field(default_factory=dict)
    """By stream, the form of a record's address in the CRM."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A change that the CRM refused; tried again by every later run."""

    stream: str
    record_id: str
    code: str
    message: str
    remedy: str
    attempts: int
    first_at: str
    last_at: str
    values: dict[str, Any]


def finished_runs(settings: Settings, *, most: int = 1) -> list[FinishedRun]:
    """The latest runs that scored to their end and whose scores are still there, newest first."""
    runs = tables.runs
    query = (
        sa.select(runs.c.run_id, runs.c.kind, runs.c.as_of, runs.c.scores_dir, runs.c.result)
        .where(runs.c.crm == settings.crm.kind, runs.c.status == "finished", runs.c.scores_dir.is_not(None))
        .order_by(runs.c.ended_at.desc(), runs.c.run_id.desc())
    )
    finished = []
    for row in rows_of(settings, query):
        folder = Path(row.scores_dir)
        if checksums.folder_holds(folder):
            result = json.loads(row.result or "{}")
            pulled, written = result.get("pulled", {}), result.get("written", 0)
            links = result.get("links") or {}
            finished.append(FinishedRun(row.run_id, row.kind, row.as_of, folder, pulled, written, links))
        elif folder.is_dir():
            logs.write("warning", f"The scores in {folder} are damaged and left out.")
        if len(finished) == most:
            break
    return finished


def dead_letters(settings: Settings) -> list[DeadLetter]:
    """All of them, the oldest first."""
    letters = tables.dead_letters
    query = (
        sa.select(letters)
        .where(letters.c.crm == settings.crm.kind)
        .order_by(letters.c.first_at, letters.c.stream, letters.c.record_id)
    )
    return [
        DeadLetter(
            row.stream,
            row.record_id,
            row.code,
            row.message,
            row.remedy,
            row.attempts,
            row.first_at,
            row.last_at,
            json.loads(row.new),
        )
        for row in rows_of(settings, query)
    ]


def has_state(settings: Settings) -> bool:
    """Whether there is a state to read. Raises ConfigError when the workspace is no folder."""
    workspace = settings.workspace
    if workspace.dir.exists() and not workspace.dir.is_dir():
        make_workspace(workspace.dir)
    return workspace.state_url is not None or state_path(workspace.dir).exists()


def rows_of(settings: Settings, query: sa.Select[Any]) -> list[sa.Row[Any]]:
    """What the state of the settings' workspace answers; nothing is changed. Raises ConfigError where there is none
    yet, StateError for one that is damaged.
    """
    workspace = settings.workspace
    if not has_state(settings):
        raise ConfigError(
            f"There is no workspace at {workspace.dir} yet.", remedy="Run `bothways sync` or `bothways score` first."
        )
    state = open_state(workspace.dir, workspace.state_address(), purpose="read")
    try:
        with state.engine.connect() as connection:
            return list(connection.execute(query))
    finally:
        state.close()
