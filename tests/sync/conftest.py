"""What the tests of the engine room share: the fake CRM, a run over it, and a workspace."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the fake CRM is also used by scripts that tests kill

from fake_crm import AS_OF, FakeConnector, FakeCrm, organisation
from scorer import SPECS, by_acts, scoring_by

from connectors.http import retry
from enrichment.model import ScoringModel
from sync.options import RunContext, RunOptions, Workspace
from sync.progress import NullProgress
from sync.result import RunResult
from sync.run import run_plan, run_sync


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ibis 12 still calls a name that DuckDB 2 renamed."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning"))


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    retry.without_waiting(on=True)
    yield
    retry.without_waiting(on=False)


@pytest.fixture
def crm() -> FakeCrm:
    return organisation()


@pytest.fixture
def connector(crm: FakeCrm) -> FakeConnector:
    return FakeConnector(crm, SPECS)


@pytest.fixture
def quick_scores() -> Iterator[None]:
    """Runs of the test score by a few plain expressions."""
    with scoring_by(by_acts):
        yield


@pytest.fixture
def options(quick_scores: None) -> RunOptions:
    return RunOptions(as_of=AS_OF)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "ws")


@pytest.fixture
def sync(workspace: Workspace, options: RunOptions) -> Callable[..., RunResult]:
    """A sync of a connector in the workspace of the test; options by name."""

    def run(connector: FakeConnector, scorer: Callable[..., object] = by_acts, **changed: object) -> RunResult:
        asked = replace(options, **changed)  # type: ignore[arg-type]
        with scoring_by(scorer):
            return run_sync(RunContext(connector, workspace, ScoringModel(), connector.specs, asked, NullProgress()))

    return run


@pytest.fixture
def plan(workspace: Workspace, options: RunOptions) -> Callable[..., RunResult]:
    """A plan likewise."""

    def run(connector: FakeConnector, **changed: object) -> RunResult:
        asked = replace(options, **changed)  # type: ignore[arg-type]
        return run_plan(RunContext(connector, workspace, ScoringModel(), connector.specs, asked, NullProgress()))

    return run
