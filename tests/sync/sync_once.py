"""One sync of a file-backed fake CRM in a process of its own: what the tests kill."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from fake_crm import AS_OF, FakeConnector, FakeCrm
from scorer import SPECS, by_acts, scoring_by

from enrichment.model import ScoringModel
from sync.options import RunContext, RunOptions, Workspace
from sync.progress import NullProgress
from sync.run import run_sync


def main(crm: Path, workspace: Path, answer: Path, kill: str) -> None:
    """Writes the run's result to `answer` unless the failpoint `kill` ends the process first."""
    os.environ["BOTHWAYS_FAILPOINT"] = kill
    warnings.filterwarnings("ignore", "fetch_arrow_table", DeprecationWarning)
    options = RunOptions(as_of=AS_OF)
    connector = FakeConnector(FakeCrm.load(crm), SPECS, write_batch=5)
    with scoring_by(by_acts):
        result = run_sync(RunContext(connector, Workspace(workspace), ScoringModel(), SPECS, options, NullProgress()))
    answer.write_text(result.dumps())
