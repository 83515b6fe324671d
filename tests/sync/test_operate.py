"""What runs left behind can be looked up, taken back, tried again and forgotten."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta

import pyarrow.parquet as pq
import pytest
from fake_crm import AS_OF, FakeConnector
from scorer import SPECS

from connectors.base import WriteError
from connectors.errors import ConfigError, RetriableError
from connectors.webhooks import Mark
from enrichment.model import ScoringModel
from sync.errors import BrakeReached
from sync.options import RunContext
from sync.privacy.purge import purge_old, purge_record
from sync.progress import NullProgress
from sync.pull.rereads import Marks
from sync.repair.dead_letters import drop_letters, retry_letters
from sync.repair.rollback import run_rollback
from sync.state import flags as holds
from sync.state.database import open_state
from sync.state.tables import journal, runs

NAMES = [s.name for s in SPECS]
REFUSED = WriteError("rejected", "FIELD_CUSTOM_VALIDATION_EXCEPTION", "no")


@pytest.fixture
def rollback(workspace, options):
    def run(connector, target, *, preview=False):
        return run_rollback(
            RunContext(connector, workspace, ScoringModel(), SPECS, options, NullProgress()),
            target=target,
            preview=preview,
        )

    return run


def act(crm, account="A003", number=999):
    crm.put("activities", f"T{number}", channel="call", direction="inbound", account_id=account, occurred_at=AS_OF)


def test_a_run_taken_back_leaves_the_crm_as_it_was_before_it(connector, crm, sync, rollback):
    sync(connector)
    before = crm.held(NAMES)
    for number in range(6):
        act(crm, f"A00{number}", 900 + number)
    run = sync(connector)
    assert crm.held(NAMES) != before
    told = rollback(connector, run.run_id)
    assert crm.held(NAMES) == before
    assert (told.records, told.restored, told.outcome.written, told.kept) == (6, 6, 6, 0)


def test_the_first_run_taken_back_leaves_nothing_of_ours(connector, crm, sync, rollback):
    rollback(connector, sync(connector).run_id)
    assert {value for values in crm.held(NAMES).values() for value in values.values()} == {None}


def test_a_preview_of_a_rollback_writes_nothing(connector, crm, sync, rollback):
    run = sync(connector)
    crm.writes.clear()
    told = rollback(connector, run.run_id, preview=True)
    assert (told.restored, told.outcome, crm.writes) == (36, None, [])
    assert sync(connector).changed == 0  # and the next sync has nothing to ask


def test_what_somebody_changed_since_is_left_alone(connector, crm, sync, rollback):
    run = sync(connector)
    crm.put("accounts", "A001", bothways_stance="partner")
    told = rollback(connector, run.run_id)
    held = crm.records["accounts"]["A001"]
    assert (held["bothways_stance"], held["bothways_customer_dependence"], told.kept) == ("partner", None, 1)


def test_a_record_that_is_gone_is_counted_and_no_error(connector, crm, sync, rollback):
    run = sync(connector)
    crm.delete("accounts", "A001")
    assert rollback(connector, run.run_id).missing == 1


def test_the_sync_after_a_rollback_asks_and_writes_when_told_to(connector, crm, sync, rollback):
    run = sync(connector)
    written = crm.held(NAMES)
    rollback(connector, run.run_id)
    with pytest.raises(BrakeReached, match=f"Run {run.run_id} was rolled back"):
        sync(connector)
    assert sync(connector, accept=True).written == 36
    assert crm.held(NAMES) == written
    assert sync(connector).changed == 0


def test_a_rollback_that_broke_off_is_finished_by_the_next(connector, crm, sync, rollback):
    run = sync(connector)
    connector.write_workers = 1
    connector.fail_calls = [None] + [RetriableError("503")] * 99
    broken = rollback(connector, run.run_id).outcome
    assert (broken.exit_code, broken.written, broken.planned) == (8, 10, broken.written + broken.deferred)
    connector.fail_calls = []
    assert rollback(connector, run.run_id).outcome.written == 36 - 10
    assert {value for values in crm.held(NAMES).values() for value in values.values()} == {None}


def test_a_rollback_of_an_unknown_run_says_where_to_look(connector, sync, rollback):
    sync(connector)
    with pytest.raises(ConfigError, match="bothways status"):
        rollback(connector, "nonsense")


def test_a_dead_letter_is_tried_again_by_hand(connector, crm, sync, workspace, options):
    connector.refuse = {"A001": REFUSED, "A002": REFUSED}
    sync(connector)

    def retry(**chosen):
        context = RunContext(connector, workspace, ScoringModel(), SPECS, options, NullProgress())
        return retry_letters(context, **chosen)

    connector.refuse = {"A002": REFUSED}
    told = retry()
    assert (told.planned, told.written, told.rejected, told.exit_code) == (2, 1, 1, 3)
    with pytest.raises(ConfigError, match="A001"):
        retry(records=["A001"])
    connector.refuse = {}
    assert retry(records=["A002"]).written == 1
    assert sync(connector).changed == 0


def test_a_dropped_letter_is_wanted_again_by_the_next_sync(connector, sync, workspace):
    connector.refuse = {"A001": REFUSED}
    sync(connector)
    assert drop_letters(workspace, "fake") == 1
    connector.refuse = {}
    assert sync(connector).written == 1


def every_byte(workspace):
    return b"".join(p.read_bytes() for p in workspace.dir.rglob("*") if p.is_file())


def test_a_person_who_is_purged_leaves_no_trace_and_stays_out(connector, crm, sync, workspace):
    sync(connector)
    crm.put("people", "P0000", account_id="A000", email="p0@c0.example", name="Ann Example")
    sync(connector)
    assert b"p0@c0.example" in every_byte(workspace)
    told = purge_record(workspace, "fake", person="P0@C0.example")
    assert (told.records, told.rewritten > 0) == (1, True)
    for full in (False, True):
        sync(connector, full=full)
        landed = [r for p in (workspace.dir / "landing").rglob("*.parquet") for r in pq.read_table(p).to_pylist()]
        assert [r for r in landed if "P0000" in (r["id"], *(r.get("person_ids") or ()))] == []
        assert b"p0@c0.example" not in every_byte(workspace)
    with pytest.raises(ConfigError, match="Nobody"):
        purge_record(workspace, "fake", person="p0@c0.example")


def test_a_person_whom_the_crm_has_erased_is_forgotten_by_the_next_run(connector, crm, sync, workspace):
    """HubSpot's "Permanently delete a contact (GDPR-compliant)": contact and associations go, activities stay. What the
    contact was merged from goes too, and a state set aside stays for a person to decide on."""
    sync(connector)
    for name in ("P0000", "P0001"):
        crm.put("people", name, account_id="A000", email=f"{name}@c0.example", name="Ann Example")
    crm.put(
        "activities",
        "T1",
        channel="call",
        direction="inbound",
        account_id="A000",
        occurred_at=AS_OF,
        person_ids=["P0000"],
    )
    sync(connector)
    crm.merge("people", "P0001", "P0000")
    sync(connector)
    aside = workspace.dir / "state.sqlite.corrupt-1"
    aside.write_bytes(b"")
    crm.records["people"].pop("P0000")
    with closing(open_state(workspace.dir)) as state:
        holds.keep_out(state, "fake", "people", "P0000")
        Marks(state, "fake").put([Mark("people", "P0000"), Mark("people", "P0009")])
    told = sync(connector)
    assert told.exit_code == 0
    assert b"@c0.example" not in every_byte(workspace)
    assert b"P0000" not in every_byte(workspace)
    landed = [
        r for p in (workspace.dir / "landing").rglob("*activities*/*/part-*") for r in pq.read_table(p).to_pylist()
    ]
    assert {len(r["person_ids"]) for r in landed if r["id"] == "T1"} == {0}
    assert aside.exists()


def test_an_account_that_is_purged_is_no_longer_scored_or_written(connector, crm, sync, workspace):
    sync(connector)
    purge_record(workspace, "fake", account="A004")
    assert b"A004" not in every_byte(workspace)
    act(crm, "A004")
    crm.writes.clear()
    told = sync(connector)
    assert (told.scored["accounts"], told.scored["opportunities"], crm.writes) == (11, 22, [])


def test_what_is_older_than_the_retention_goes_and_the_last_scores_stay(connector, crm, sync, workspace):
    first = sync(connector)
    act(crm)
    last = sync(connector)
    purge_old(workspace, "fake", timedelta(days=1))
    state = open_state(workspace.dir)
    with state.engine.begin() as connection:
        assert len(connection.execute(journal.select()).all()) == 37
        connection.execute(runs.update().values(ended_at="2020-01-01T00:00:00.000000Z"))
        connection.execute(
            runs.update().where(runs.c.run_id == last.run_id).values(ended_at="2020-01-02T00:00:00.000000Z")
        )
    state.close()
    purge_old(workspace, "fake", timedelta(days=1))
    assert not first.scores_dir.exists()
    assert last.scores_dir.exists()
    assert sync(connector).changed == 0


def test_rows_of_history_have_the_old_and_the_new_value(connector, crm, sync, workspace):
    sync(connector)
    act(crm)
    run = sync(connector)
    state = open_state(workspace.dir)
    with state.engine.begin() as connection:
        (row,) = connection.execute(journal.select().where(journal.c.run_id == run.run_id)).all()
    state.close()
    assert (
        json.loads(row.old)["bothways_customer_dependence"],
        json.loads(row.new)["bothways_customer_dependence"],
    ) == (40, 50)


def test_runs_of_another_kind_do_not_disturb_a_second_connector(crm, sync, rollback):
    one, two = FakeConnector(crm, SPECS), FakeConnector(crm, SPECS, page=3)
    run = sync(one)
    assert rollback(two, run.run_id).outcome.written == 36
