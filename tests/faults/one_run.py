"""One sync in a process of its own, for tests that kill it or break its disk; it ends with the command line's exit
code.
"""

from __future__ import annotations

import os
import sys
import warnings
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path


def main(settings: str, token: str, said: str, kill: str, gate: Connection | None) -> None:
    """Waits at the gate, if there is one, until a tracer is attached; then syncs. What it says goes to a file."""
    os.environ.update(BOTHWAYS_CRM_TOKEN=token, BOTHWAYS_FAILPOINT=kill)
    os.dup2(os.open(said, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), 2)
    if gate is not None:
        gate.recv_bytes()
    code = sync(Path(settings))
    sys.stderr.flush()
    os._exit(code)  # tidying up an interpreter makes calls too, and none of them is ours


def sync(path: Path) -> int:
    """The exit code of one sync."""
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    here = Path(__file__).parent
    sys.path[:0] = [str(here.parent / "sync"), str(here.parents[1])]
    from scorer import SPECS, by_acts, scoring_by

    from config import settings as config_settings
    from connectors.errors import BothwaysError
    from connectors.http import retry
    from enrichment.model import ScoringModel
    from sync.errors import exit_code
    from sync.options import RunContext, options_from, workspace_of
    from sync.progress import NullProgress
    from sync.registry import connect
    from sync.run import run_sync

    retry.without_waiting(on=True)
    settings = config_settings.load(path)
    options = options_from(settings, datetime(2026, 10, 15, tzinfo=UTC))
    try:
        connector = connect(settings)
        with scoring_by(by_acts):
            told = run_sync(
                RunContext(connector, workspace_of(settings), ScoringModel(), SPECS, options, NullProgress())
            )
    except BothwaysError as error:
        sys.stderr.write(f"{error}\n")
        return exit_code(error)
    return told.exit_code
