"""Killed at a failpoint while working against an emulated CRM; SIGTERM once ends cleanly. The next run makes it
good.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import warnings
from pathlib import Path

import pytest

from sync.system.failpoints import FAILPOINTS

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["duckdb", "ibis", "ibis.backends.duckdb", "sync.run", "sync.write"])
DEFAULT = {("salesforce", "batch.sent"), ("hubspot", "pull.landed"), ("hubspot", "batch.unknown")}


def run(path: str, token: str, kill: str, answer: str) -> None:
    """One sync in a process of its own."""
    os.environ.update(BOTHWAYS_CRM_TOKEN=token, BOTHWAYS_FAILPOINT=kill)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    for folder in (Path(__file__).parent, Path(__file__).parents[1] / "sync"):
        sys.path.insert(0, str(folder))
    from datetime import UTC, datetime

    from scorer import SPECS, by_acts, scoring_by

    from config import settings as config_settings
    from enrichment.model import ScoringModel
    from sync.options import RunContext, options_from, workspace_of
    from sync.progress import NullProgress
    from sync.registry import connect
    from sync.run import run_sync

    settings = config_settings.load(Path(path))
    options = options_from(settings, datetime(2026, 10, 15, tzinfo=UTC))
    connector = connect(settings)
    with scoring_by(by_acts):
        told = run_sync(RunContext(connector, workspace_of(settings), ScoringModel(), SPECS, options, NullProgress()))
    connector.close()
    Path(answer).write_text(told.dumps())


def once(case, kill: str = "") -> tuple[int | None, dict]:
    answer = case.folder / "answer.json"
    answer.unlink(missing_ok=True)
    process = PROCESSES.Process(
        target=run, args=(str(case.folder / "bothways.toml"), case.app.token, kill, str(answer))
    )
    process.start()
    process.join(120)
    return process.exitcode, json.loads(answer.read_text()) if answer.exists() else {}


@pytest.mark.parametrize(
    ("crm", "point"),
    [
        pytest.param(crm, point, marks=[] if (crm, point) in DEFAULT else [pytest.mark.slow])
        for crm in ("salesforce", "hubspot")
        for point in FAILPOINTS
    ],
)
def test_killed_at_a_failpoint(crm, point, emulated, clean):
    expected = clean(crm)
    case = emulated(crm)
    assert once(case, point)[0] == -signal.SIGKILL
    code, told = once(case)
    assert (code, told["exit_code"], told["resumed"]) == (0, 0, True)
    assert case.held() == expected
    assert case.sync().result.written == 0
