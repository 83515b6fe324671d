"""The first run with another major version of the model: announced, accepted once, and taken back like any other."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import ibis
import pytest
from fake_crm import AS_OF, FakeConnector, FakeCrm, organisation
from scorer import SPECS, by_acts, scoring_by

from enrichment.model import ScoringModel
from sync.console.output import Output
from sync.console.plan import show_plan
from sync.diff.model_change import announced
from sync.errors import BrakeReached
from sync.options import RunContext, Workspace
from sync.progress import NullProgress
from sync.repair.rollback import run_rollback
from sync.run import run_plan, run_sync

FROZEN = Path(__file__).parents[2] / "data" / "states"
NAMES = [s.name for s in SPECS]
OLD, NEW = ScoringModel(version="1.1.0"), ScoringModel()


def as_model_2(tables, as_of, model, previous=None, *, stage=None):
    """The scorer of the tests with the stances of a model that tells prospects and lapsed customers apart."""
    made = by_acts(tables, as_of, model, previous, stage=stage)
    stance = made.accounts.bothways_stance
    new = ibis.cases((stance == "maintain", "prospect"), (stance == "partner", "lapsed"), else_=stance)
    return replace(made, accounts=made.accounts.mutate(bothways_stance=new))


@pytest.fixture
def upgrade(workspace, options):
    """Runs `command` with a model over a connector."""

    def run(command, connector, model=NEW, folder=workspace, **changed):
        with scoring_by(by_acts if model is OLD else as_model_2):
            return command(RunContext(connector, folder, model, SPECS, replace(options, **changed), NullProgress()))

    return run


def test_it_is_announced_accepted_once_and_can_be_taken_back(upgrade, workspace, options, capsys):
    """Sixty accounts, so that the share of stances that change is far above what the brake lets through."""
    large = FakeConnector(organisation(60), SPECS, page=200, write_batch=200)
    assert upgrade(run_sync, large, OLD).model_change == {}
    before, writes = large.crm.held(NAMES), large.write_calls

    planned = upgrade(run_plan, large)
    moves = {(m["old"], m["new"]): m["count"] for m in planned.model_change["moves"]}
    changed = sum(moves.values())
    assert (planned.model_change["from"], planned.model_change["to"]) == ("1.1.0", NEW.version)
    assert set(moves) <= {("maintain", "prospect"), ("partner", "lapsed")}
    assert changed == planned.model_change["stances"] == planned.changes_by_field["bothways_stance"] > 18
    assert announced(planned.model_change).startswith(f"Model 2.0 instead of 1.1: {changed} stances change, mostly bec")

    show_plan(Output(), planned, [], everything=False)
    told = capsys.readouterr().out
    assert all(f"{count}: " in told for count in moves.values())
    assert "asks for --accept once" in told

    with pytest.raises(BrakeReached, match=rf"Model 2\.0 instead of 1\.1: {changed} .*Keep going → Win the deal"):
        upgrade(run_sync, large)
    assert (large.crm.held(NAMES), large.write_calls) == (before, writes)

    accepted = upgrade(run_sync, large, accept=True)
    assert (accepted.model_change, accepted.exit_code) == (planned.model_change, 0)
    again = upgrade(run_sync, large)
    assert (again.model_change, again.changed) == ({}, 0)

    context = RunContext(large, workspace, NEW, SPECS, options, NullProgress())
    with scoring_by(as_model_2):
        run_rollback(context, target=accepted.run_id, preview=False)
    assert large.crm.held(NAMES) == before


def test_the_digest_of_the_plan_that_announced_it_accepts_it_too(upgrade):
    large = FakeConnector(organisation(60), SPECS, page=200, write_batch=200)
    upgrade(run_sync, large, OLD)
    planned = upgrade(run_plan, large)
    assert upgrade(run_sync, large, plan_digest=planned.digest[:12]).written == planned.changed


@pytest.mark.parametrize("release", [p.name for p in sorted(FROZEN.iterdir()) if p.name.isdigit()][-1:])
def test_the_state_of_a_release_with_model_1_is_asked_about_and_lives_on(release, upgrade, tmp_path):
    folder = tmp_path / "left"
    folder.mkdir()
    shutil.copy(FROZEN / release / "state.sqlite", folder)
    crm = FakeCrm.load(FROZEN / release / "crm.json")
    crm.path = None
    connector, left = FakeConnector(crm, SPECS), Workspace(folder)
    before = crm.held(NAMES)

    with pytest.raises(BrakeReached, match=r"Model 2\.0 instead of 1\.1"):
        upgrade(run_sync, connector, folder=left, as_of=AS_OF)
    assert crm.held(NAMES) == before
    accepted = upgrade(run_sync, connector, folder=left, as_of=AS_OF, accept=True)
    assert accepted.model_change["stances"] > 0
    assert crm.held(NAMES) != before
    assert upgrade(run_sync, connector, folder=left, as_of=AS_OF).changed == 0
