"""A sync that reads nothing new computes nothing and writes nothing; whatever is new is computed."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from fake_crm import AS_OF, FakeConnector, organisation
from scorer import SPECS

from connectors.base import WriteError
from enrichment.model import ScoringModel
from sync.land import news
from sync.options import RunContext, RunOptions, Workspace
from sync.progress import NullProgress
from sync.run import run_sync

pytestmark = pytest.mark.usefixtures("quick_scores")
ALL = 36


@pytest.fixture
def clock():
    with time_machine.travel(AS_OF, tick=False) as traveller:
        yield traveller


@pytest.fixture
def now(workspace, clock):
    """A sync as of now."""

    def run(connector, *, model=None, **changed):
        options = replace(RunOptions(), **changed)
        return run_sync(
            RunContext(connector, workspace, model or ScoringModel(), connector.specs, options, NullProgress())
        )

    return run


def stages_of(result) -> set[str]:
    return {name for name in result.seconds if name in ("land", "enrich", "diff")}


def test_after_its_own_echo_a_run_with_nothing_new_ends_after_the_pull(connector, now, clock):
    first = now(connector)
    clock.shift(60)
    echo = now(connector)
    clock.shift(60)
    quiet = now(connector)
    assert (first.written, echo.written, quiet.written) == (ALL, 0, 0)
    assert [stages_of(r) for r in (first, echo, quiet)] == [{"land", "enrich", "diff"}, {"land", "diff"}, set()]
    assert (quiet.unchanged, quiet.scored, quiet.as_of) == (echo.unchanged, echo.scored, first.as_of)
    assert quiet.scores_dir == first.scores_dir
    assert quiet.exit_code == 0


def test_scores_stand_for_an_hour(connector, now, clock):
    now(connector)
    now(connector)
    clock.shift(news.STANDS_FOR - timedelta(seconds=1))
    assert stages_of(now(connector)) == set()
    clock.shift(1)
    late = now(connector)
    assert stages_of(late) == {"land", "enrich", "diff"}
    assert late.written == 0


def test_a_time_that_is_asked_for_or_other_settings_or_another_model_are_computed(connector, now):
    now(connector)
    now(connector)
    everything = {"land", "enrich", "diff"}
    for changed in (
        {"as_of": AS_OF},
        {"full": True},
        {"accept": True},
        {"min_delta": 0.25},
        {"model": ScoringModel.model_validate({"effort": {"window_days": 300}})},
    ):
        assert stages_of(now(connector, **changed)) == everything, changed
        now(connector)


CHANGES = {
    "an act": lambda crm: crm.put(
        "activities",
        "new",
        account_id="A001",
        person_ids=["P0010"],
        occurred_at=AS_OF,
        channel="call",
        direction="inbound",
    ),
    "a deal": lambda crm: crm.put("opportunities", "O0010", amount=12_345.0),
    "a deleted account": lambda crm: crm.delete("accounts", "A001"),
    "a merge": lambda crm: crm.merge("accounts", "A002", "A001"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_new_is_computed(connector, crm, now, change):
    now(connector)
    now(connector)
    CHANGES[change](crm)
    assert "enrich" in stages_of(now(connector))


def test_a_value_of_ours_that_somebody_changed_is_compared_and_set_right(connector, crm, now):
    now(connector)
    now(connector)
    crm.put("accounts", "A001", bothways_stance="respond")
    fixed = now(connector)
    assert (stages_of(fixed), fixed.written, fixed.drift) == ({"land", "diff"}, 1, 1)
    now(connector)
    assert stages_of(now(connector)) == set()


def test_what_the_crm_refused_is_tried_again_by_every_run(connector, now):
    connector.refuse = {"A001": WriteError("rejected", "NO", "no")}
    now(connector)
    now(connector)
    assert "diff" in stages_of(now(connector))


def test_a_damaged_note_of_what_stands_is_none(connector, workspace, now):
    now(connector)
    now(connector)
    note = workspace.dir / "standing.json"
    told = json.loads(note.read_text())
    for text in ("", "{}", json.dumps(told | {"standing": told["standing"].replace("fake", "else")}), "[1]"):
        note.write_text(text)
        assert news.recall(workspace.dir) is None or text == json.dumps(told)
    assert "enrich" in stages_of(now(connector))


@pytest.mark.parametrize("seed", range(2))
def test_law_a_quiet_sync_is_what_a_full_one_would_have_been(tmp_path, clock, seed):
    """Random changes and runs, in one workspace as they come, in another always computed: the CRMs end alike, and a run
    right after another writes nothing."""
    chance = random.Random(seed)
    sides = []
    for name, asked in (("quiet", {}), ("full", {"as_of": AS_OF})):
        crm = organisation()
        sides.append((crm, FakeConnector(crm, SPECS), Workspace(tmp_path / name), asked))
    for step in range(5):
        kind = chance.choice(["none", "act", "touch", "ours", "delete"])
        account = f"A00{chance.randint(1, 5)}"
        for crm, connector, workspace, asked in sides:
            if account in crm.records["accounts"]:
                if kind == "act":
                    crm.put("activities", f"X{step}", account_id=account, occurred_at=AS_OF, channel="call")
                elif kind == "touch":
                    crm.put("accounts", account)
                elif kind == "ours":
                    crm.put("accounts", account, bothways_confidence=1.0)
                elif kind == "delete":
                    crm.delete("accounts", account)
            context = RunContext(connector, workspace, ScoringModel(), SPECS, RunOptions(**asked), NullProgress())
            run_sync(context)
            if not asked:
                assert run_sync(context).written == 0
        names = [spec.name for spec in SPECS]
        assert sides[0][0].held(names) == sides[1][0].held(names)
