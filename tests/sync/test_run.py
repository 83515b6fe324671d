"""A whole run over a fake CRM: what is written, what is not, and that the counts add up at every exit."""

from __future__ import annotations

import json
import random
from datetime import timedelta

import pytest
from fake_crm import AS_OF, FakeConnector, organisation
from scorer import SPECS, by_acts

from connectors.base import WriteError
from connectors.errors import AuthError, QuotaReached, RetriableError, SchemaError, Unreachable
from enrichment.model import ScoringModel
from sync.errors import BrakeReached, LockHeld, OtherOwner, PlanChanged, PullIncomplete, RefusedByCrm, Stopped
from sync.options import RunContext, RunOptions, Workspace
from sync.progress import NullProgress
from sync.run import run_plan, run_sync
from sync.state.database import open_state
from sync.state.journal import Journal
from sync.state.lock import run_lock
from sync.state.tables import journal

LOCKED = WriteError("retry", "UNABLE_TO_LOCK_ROW", "locked")
REFUSED = WriteError("rejected", "FIELD_CUSTOM_VALIDATION_EXCEPTION", "no", "ask an administrator")
NAMES = [s.name for s in SPECS]
ALL = 36


def statuses(workspace) -> dict[str, int]:
    state = open_state(workspace.dir)
    with state.engine.begin() as connection:
        rows = connection.execute(journal.select()).all()
    state.close()
    return {s: sum(r.status == s for r in rows) for s in {r.status for r in rows}}


def test_a_second_run_with_nothing_new_writes_nothing(connector, sync):
    first = sync(connector)
    second = sync(connector)
    assert first.written == ALL
    assert (second.written, second.unchanged, second.changed) == (0, ALL, 0)
    assert first.exit_code == second.exit_code == 0
    assert second.api_calls["write"] == first.api_calls["write"]


def test_only_our_properties_of_existing_records_are_written(connector, crm, sync):
    before = {
        s: {i: {k: v for k, v in r.items() if k != "_tick"} for i, r in rs.items()} for s, rs in crm.records.items()
    }
    sync(connector)
    after = {
        s: {i: {k: v for k, v in r.items() if k != "_tick" and k not in NAMES} for i, r in rs.items()}
        for s, rs in crm.records.items()
    }
    assert after == before


def test_a_new_act_rewrites_only_its_account(connector, crm, sync):
    sync(connector)
    crm.put("activities", "T999", channel="call", direction="inbound", account_id="A003", occurred_at=AS_OF)
    crm.writes.clear()
    result = sync(connector)
    assert crm.writes == [("accounts", "A003")]
    assert (result.changed, result.unchanged) == (1, ALL - 1)
    assert crm.records["accounts"]["A003"]["bothways_customer_dependence"] == 50.0


def test_what_a_person_overwrote_is_put_back_and_counted_as_drift(connector, crm, sync):
    sync(connector)
    crm.put("accounts", "A001", bothways_top_drivers="I know better")
    crm.put("accounts", "A002", bothways_stance="partner")
    result = sync(connector)
    assert (result.written, result.drift) == (2, 2)
    assert crm.records["accounts"]["A001"]["bothways_top_drivers"] == "Acts by Customer 1"


def test_words_alone_do_not_cause_a_write_until_something_else_does(connector, crm, sync):
    sync(connector)
    crm.put("accounts", "A001", name="New name")  # our scorer's reason says the name
    assert sync(connector).written == 0
    crm.put("activities", "T999", channel="call", direction="inbound", account_id="A001", occurred_at=AS_OF)
    sync(connector)
    assert crm.records["accounts"]["A001"]["bothways_top_drivers"] == "Acts by New name"


def test_an_old_as_of_is_renewed(connector, sync):
    sync(connector)
    assert sync(connector, as_of=AS_OF + timedelta(days=7)).written == 0
    assert sync(connector, as_of=AS_OF + timedelta(days=7, seconds=1)).written == ALL


def test_a_lost_state_does_not_cause_writes(connector, workspace, sync):
    """Everything in it can be had from the CRM: what it holds is what we want."""
    sync(connector)
    (workspace.dir / "state.sqlite").write_bytes(b"not a database" * 1000)
    result = sync(connector)
    assert result.written == 0
    assert list(workspace.dir.glob("state.sqlite.corrupt-*"))


def test_a_lost_answer_followed_by_the_old_value_is_written_again(connector, crm, sync, plan):
    """A-B-A: the CRM took the new value, the answer was lost, then the old value is wanted again."""
    sync(connector)
    crm.put("activities", "T999", channel="call", direction="inbound", account_id="A003", occurred_at=AS_OF)
    connector.lose_answers = [RetriableError("timeout")] * 9
    broken = sync(connector)
    assert (broken.exit_code, broken.deferred, broken.written) == (8, 1, 0)
    crm.delete("activities", "T999")
    later = AS_OF + timedelta(hours=1)  # another as-of: a new run, not the old one resumed
    connector.lose_answers = []
    result = sync(connector, as_of=later)
    assert result.written == 1
    assert crm.records["accounts"]["A003"]["bothways_customer_dependence"] == 40.0
    assert sync(connector, as_of=later).changed == 0


def test_an_unanswered_row_is_sent_again_even_when_the_crm_seems_to_hold_the_value(connector, crm, workspace, sync):
    connector.lose_answers = [RetriableError("timeout")] * 99
    assert sync(connector).exit_code == 8
    assert statuses(workspace)["unknown"] > 0
    connector.lose_answers = []
    crm.writes.clear()
    result = sync(connector, as_of=AS_OF + timedelta(hours=1))
    assert result.written == ALL
    assert statuses(workspace).get("unknown", 0) == 0


def test_locked_rows_are_tried_again_within_the_run_in_smaller_batches(connector, crm, sync):
    connector.refuse = {"A001": LOCKED, "A002": LOCKED}
    connector.refuse_times = {"A001": 1, "A002": 2}
    result = sync(connector)
    assert (result.written, result.deferred, result.exit_code) == (ALL, 0, 0)


def test_rows_that_stay_locked_are_left_to_the_next_run(connector, sync):
    connector.refuse = {"A001": LOCKED}
    result = sync(connector)
    assert (result.written, result.deferred, result.exit_code) == (ALL - 1, 1, 7)
    connector.refuse = {}
    again = sync(connector)
    assert (again.written, again.resumed, again.exit_code) == (1, False, 0)


def test_refused_changes_are_dead_letters_and_tried_by_every_run_until_they_succeed(connector, crm, workspace, sync):
    connector.refuse = {"A001": REFUSED}
    first, second = sync(connector), sync(connector)
    assert (first.rejected, first.dead_letters, first.exit_code) == (1, 1, 3)
    assert (second.changed, second.rejected, second.dead_letters) == (1, 1, 1)
    connector.refuse = {}
    third = sync(connector)
    assert (third.written, third.dead_letters, third.exit_code) == (1, 0, 0)
    assert sync(connector).changed == 0


def test_a_few_refusals_are_below_the_threshold(connector, sync):
    connector.refuse = {"A001": REFUSED}
    assert sync(connector, reject_threshold=0.5).exit_code == 0


def test_a_record_deleted_before_the_write_is_gone_not_an_error(connector, crm, sync):
    connector.refuse = {"A001": WriteError("gone", "ENTITY_IS_DELETED", "deleted")}
    result = sync(connector)
    assert (result.gone, result.rejected, result.exit_code) == (1, 0, 0)


def test_a_call_that_fails_once_is_repeated(connector, sync):
    connector.fail_calls = [RetriableError("503")]
    assert (sync(connector)).written == ALL


def test_a_crm_that_is_away_ends_the_run_soon_and_the_next_one_goes_on(connector, crm, sync):
    connector.fail_calls = [None] + [RetriableError("503")] * 99
    broken = sync(connector)
    assert (broken.exit_code, broken.written) == (8, 10)
    assert connector.write_calls <= 1 + 4  # not one for every batch
    connector.fail_calls = []
    crm.writes.clear()
    resumed = sync(connector)
    assert (resumed.run_id, resumed.written, resumed.resumed) == (broken.run_id, ALL, True)
    assert len(crm.writes) == ALL - 10
    assert sync(connector).changed == 0


def test_the_calls_of_all_attempts_are_counted(crm, sync):
    first = FakeConnector(crm, SPECS, page=100, fail_calls=[QuotaReached("daily limit")], write_workers=1)
    sync(first)
    second = FakeConnector(crm, SPECS, page=100)
    told = sync(second).api_calls
    assert (told["read"], told["write"]) == (first.read_calls, first.write_calls + second.write_calls)


def test_a_used_up_quota_keeps_the_plan_for_the_next_run(connector, crm, sync):
    connector.fail_calls = [None, None, QuotaReached("daily limit")]
    connector.write_workers = 1
    stopped = sync(connector)
    assert (stopped.exit_code, stopped.written, stopped.deferred) == (7, 12, ALL - 12)
    assert connector.write_calls == 3
    reads = len(connector.reads)
    resumed = sync(connector)
    assert (resumed.written, resumed.exit_code, resumed.digest) == (ALL, 0, stopped.digest)
    assert len(connector.reads) == reads  # it had its plan
    assert set(resumed.seconds) == {"pull", "land", "enrich", "diff", "write"}


@pytest.mark.parametrize("error", [AuthError("revoked"), SchemaError("Bothways_Stance__c is gone")])
def test_a_refused_call_stops_the_run_at_once(connector, workspace, sync, error):
    connector.fail_calls = [None, error]
    connector.write_workers = 1
    with pytest.raises(type(error)):
        sync(connector)
    assert connector.write_calls == 2
    assert statuses(workspace) == {"confirmed": 10, "unknown": 2, "intent": 24}
    assert sync(connector).written == ALL


def test_one_record_that_may_not_be_edited_is_a_dead_letter(connector, sync):
    connector.refuse = {"A001": WriteError("auth", "INSUFFICIENT_ACCESS", "no")}
    told = sync(connector)
    assert (told.written, told.rejected, told.dead_letters, told.exit_code) == (ALL - 1, 1, 1, 3)


def test_a_permission_lost_for_most_records_stops_the_run(connector, sync):
    connector.refuse = {f"A{n:03d}": WriteError("auth", "INSUFFICIENT_ACCESS", "no") for n in range(12)}
    connector.write_workers = 1
    with pytest.raises(AuthError, match="INSUFFICIENT_ACCESS"):
        sync(connector)
    assert connector.write_calls == 1
    connector.refuse = {}
    assert sync(connector).written == ALL


def test_a_rule_that_refuses_most_records_of_two_batches_stops_the_run(connector, crm, sync):
    connector.refuse = dict.fromkeys([i for s in ("accounts", "opportunities") for i in crm.records[s]], REFUSED)
    connector.write_workers = 1
    with pytest.raises(RefusedByCrm, match="FIELD_CUSTOM_VALIDATION_EXCEPTION"):
        sync(connector)
    assert connector.write_calls == 3  # 10 accounts, 2 accounts (too few to tell), 10 opportunities
    connector.refuse = {}
    assert sync(connector).written == 14  # what it had not tried
    assert sync(connector).written == 22  # the dead letters
    assert sync(connector).changed == 0
    assert sum("bothways_asof" in r for r in crm.records["accounts"].values()) == 12


def test_another_install_is_noticed_and_taken_over(connector, crm, sync, tmp_path):
    sync(connector)
    other = Workspace(tmp_path / "other")
    for n in range(12):
        crm.put("activities", f"T9{n}", channel="call", direction="inbound", account_id=f"A{n:03d}", occurred_at=AS_OF)
    later = AS_OF + timedelta(days=1)
    elsewhere = RunOptions(as_of=later)
    assert (
        run_sync(RunContext(FakeConnector(crm, SPECS), other, ScoringModel(), SPECS, elsewhere, NullProgress())).written
        == 12
    )
    crm.writes.clear()
    with pytest.raises(OtherOwner, match="12 of 36 records"):
        sync(connector, as_of=later + timedelta(days=1))
    assert crm.writes == []
    assert sync(connector, as_of=later + timedelta(days=1), take_over=True).exit_code == 0
    assert sync(connector, as_of=later + timedelta(days=2)).exit_code == 0


def test_half_a_pull_is_never_scored(connector, sync, workspace):
    connector.break_read = {"activities": (2, Unreachable("nobody there"))}
    with pytest.raises(PullIncomplete):
        sync(connector)
    assert connector.write_calls == 0
    assert not (workspace.dir / "scores").exists()
    assert sync(connector).written == ALL


def test_a_plan_writes_nothing_and_the_sync_of_its_digest_writes_exactly_it(connector, crm, sync, plan, workspace):
    previewed = plan(connector)
    assert (previewed.changed, previewed.written, connector.write_calls) == (ALL, 0, 0)
    assert statuses(workspace) == {}
    assert previewed.api_calls["to_write"] == 2 + 3
    assert previewed.changes_by_field["bothways_stance"] == 12
    with pytest.raises(PlanChanged, match="too short"):
        sync(connector, as_of=None, plan_digest=previewed.digest[:7])
    written = sync(connector, as_of=None, plan_digest=previewed.digest[:8].upper())
    assert (written.written, written.digest, written.as_of) == (ALL, previewed.digest, previewed.as_of)


def test_a_sync_refuses_changes_that_were_not_previewed(connector, crm, sync, plan):
    digest = plan(connector).digest
    crm.put("activities", "T999", channel="call", direction="inbound", account_id="A003", occurred_at=AS_OF)
    with pytest.raises(PlanChanged, match="no longer"):
        sync(connector, plan_digest=digest)
    with pytest.raises(PlanChanged, match="no plan"):
        sync(connector, plan_digest="beefbeef")
    assert connector.write_calls == 0


def test_the_digest_does_not_depend_on_the_run_or_the_moment(connector, plan):
    assert plan(connector).digest == plan(connector, as_of=AS_OF + timedelta(seconds=9)).digest


@pytest.fixture
def large():
    return FakeConnector(organisation(60), SPECS, page=200, write_batch=200)


def _no_acts(tables, *args, **rest):
    tables = {**tables, "activities": tables["activities"].filter(tables["activities"].activity < 0)}
    return by_acts(tables, *args, **rest)


def test_the_brake_holds_when_scores_would_be_cleared_and_lets_go_when_accepted(large, sync):
    sync(large)
    with pytest.raises(BrakeReached, match=r"stances would change.*scores would be cleared"):
        sync(large, scorer=_no_acts)
    assert large.write_calls == 2
    assert sync(large, scorer=_no_acts, accept=True).written == 60


def test_the_brake_holds_when_many_records_are_gone(large, sync):
    sync(large)
    for n in range(20):
        large.crm.delete("accounts", f"A{n:03d}")
        for p in range(2):
            large.crm.delete("opportunities", f"O{n:03d}{p}")
    with pytest.raises(BrakeReached, match=r"33% \(60 of 180\) records scored before are gone"):
        sync(large)


def test_a_first_run_and_a_small_organisation_have_no_brake(connector, sync):
    sync(connector)
    assert sync(connector, scorer=_no_acts).written == 12


def test_one_run_at_a_time(connector, sync, workspace):
    workspace.dir.mkdir()
    with run_lock(workspace.dir), pytest.raises(LockHeld, match="process"):
        sync(connector)
    assert sync(connector).written == ALL


def test_a_stop_that_is_asked_for_ends_cleanly_and_the_next_run_goes_on(connector, options, sync):
    class Stopping(FakeConnector):
        def write(self, changes):
            options.stop.set()
            return super().write(changes)

    stopping = Stopping(connector.crm, SPECS, write_workers=1)
    with pytest.raises(Stopped):
        sync(stopping)
    assert stopping.write_calls == 1
    options.stop.clear()
    assert sync(connector).written == ALL


def test_a_stale_plan_is_given_up_for_a_new_run(connector, sync, monkeypatch):
    connector.fail_calls = [QuotaReached("daily limit")]
    connector.write_workers = 1
    stopped = sync(connector)
    monkeypatch.setattr("sync.state.runs.PLAN_KEPT", timedelta(0))
    fresh = sync(connector)
    assert fresh.run_id != stopped.run_id
    assert (fresh.written, fresh.changed) == (ALL, ALL)


def test_the_result_is_a_json_object_with_the_promised_keys(connector, sync):
    told = json.loads(sync(connector).dumps())
    promised = (
        "run_id crm as_of model_version pulled scored changed written unchanged rejected dead_letters "
        "api_calls seconds digest"
    )
    assert [key for key in promised.split() if key not in told] == []
    assert set(told["seconds"]) == {"pull", "land", "enrich", "diff", "write"}
    assert {"read", "write", "minimum"} <= set(told["api_calls"])
    assert told["scored"] == {"accounts": 12, "opportunities": 24}


def test_confirmed_rows_keep_the_old_and_the_new_values(connector, crm, sync, workspace):
    sync(connector)
    crm.put("accounts", "A002", bothways_stance="partner")
    run_id = sync(connector).run_id
    state = open_state(workspace.dir)
    with state.engine.begin() as connection:
        row = connection.execute(journal.select().where(journal.c.run_id == run_id)).one()
    held = dict(Journal(state, "fake").last_confirmed("accounts"))
    state.close()
    assert json.loads(row.old) == {"bothways_stance": "partner"}
    assert json.loads(row.new) == {"bothways_stance": "maintain"}
    assert json.loads(held["A002"])["bothways_customer_dependence"] == 30.0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_plan_is_byte_identical_whatever_the_order_of_pages(crm, options, tmp_path, seed):
    def planned(folder, **how):
        connector = FakeConnector(crm, SPECS, **how)
        told = run_plan(RunContext(connector, Workspace(folder), ScoringModel(), SPECS, options, NullProgress()))
        return told.digest, told.plan_path.read_bytes()

    shuffled = planned(tmp_path / "b", page=3, read_workers=1, order=random.Random(seed))
    assert shuffled == planned(tmp_path / "a")
