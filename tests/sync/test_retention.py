"""A workspace stays small by itself, however many nights it lives; what must not be forgotten is not."""

from __future__ import annotations

import logging
import os
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from fake_crm import FakeConnector, organisation
from scorer import SPECS

from connectors.errors import QuotaReached
from sync.privacy.purge import purge_old, purge_record
from sync.state import damage, tables
from sync.state.database import open_state

DAY = timedelta(days=1)


def rows(workspace, table):
    with closing(open_state(workspace.dir)) as state, state.engine.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("nights", "accounts", "keep"), [(6, 8, 2), pytest.param(365, 100, 30, marks=pytest.mark.slow)]
)
def test_night_after_night_it_stays_small(nights, accounts, keep, workspace, sync, record_property):
    crm, began = organisation(accounts), datetime.now(UTC)
    sizes, seconds = [], []
    for night in range(nights):
        with time_machine.travel(began + night * DAY, tick=True):
            for n in range(accounts):  # every account has a new call, so every score moves
                crm.put(
                    "activities",
                    f"N{night}-{n}",
                    channel="call",
                    direction="inbound",
                    occurred_at=datetime.now(UTC).isoformat(),
                    person_ids=[f"P{n:03d}0"],
                    user_ids=["U1"],
                )
            before = time.process_time()
            assert sync(FakeConnector(crm, SPECS), as_of=None, keep=keep * DAY, accept=True).exit_code == 0
            seconds.append(time.process_time() - before)
        sizes.append(size_of(workspace.dir))
        for path in workspace.dir.rglob("*"):  # the times of files are the machine's, not the simulated ones
            if path.stat().st_mtime < (began + DAY / 2).timestamp():
                os.utime(path, ((began + night * DAY).timestamp(),) * 2)
    figures = f"{sizes[-1] / 1e6:.1f} MB; night 10: {seconds[min(9, nights - 1)]:.2f} s, the last {seconds[-1]:.2f} s"
    record_property("figures", figures)
    logging.getLogger(__name__).warning("%d nights: %s", nights, figures)
    assert rows(workspace, tables.runs) <= keep + 2
    assert len(list((workspace.dir / "scores").iterdir())) <= 12
    assert sizes[-1] < 60e6
    assert damage.check(workspace.dir / "state.sqlite").damage == ""


def test_what_must_not_be_forgotten_stays_however_old(crm, workspace, sync):
    connector = FakeConnector(crm, SPECS, write_workers=1)
    connector.lose_answers = [QuotaReached("no answer")]
    first = sync(connector)
    assert first.deferred
    with time_machine.travel(datetime.now(UTC) + 400 * DAY, tick=True):
        crm.put("accounts", "A001", bothways_customer_dependence=1.0)
        for name in ("state.sqlite.corrupt-1", "state.sqlite.accepted-1", "state.sqlite.version-1"):
            (workspace.dir / name).write_bytes(b"x")
        with closing(open_state(workspace.dir)) as state, state.engine.begin() as connection:
            connection.execute(tables.runs.update().values(status="abandoned", ended_at=tables.runs.c.started_at))
        unanswered = rows_of_status(workspace, "unknown")
        assert unanswered
        connector = FakeConnector(crm, SPECS)
        last = sync(connector)
        assert last.exit_code == 0
        kept = {path.name for path in workspace.dir.glob("state.sqlite.*-*")}
        assert kept == {"state.sqlite.corrupt-1"}
        assert last.scores_dir.is_dir()
        with closing(open_state(workspace.dir)) as state, state.engine.connect() as connection:
            assert {r.run_id for r in connection.execute(tables.runs.select())} == {last.run_id}


def rows_of_status(workspace, status):
    with closing(open_state(workspace.dir)) as state, state.engine.connect() as connection:
        query = sa.select(sa.func.count()).where(tables.journal.c.status == status)
        return connection.execute(query).scalar_one()


def test_a_preview_of_a_purge_changes_nothing_and_counts_what_the_purge_does(crm, workspace, sync):
    sync(FakeConnector(crm, SPECS))
    crm.put(
        "activities",
        "late",
        channel="call",
        direction="inbound",
        occurred_at="2026-02-01T00:00:00+00:00",
        person_ids=["P0000"],
    )
    sync(FakeConnector(crm, SPECS))
    (workspace.dir / "landing" / "other").mkdir()
    with time_machine.travel(datetime.now(UTC) + 90 * DAY, tick=True):
        before = (rows(workspace, tables.journal), size_of(workspace.dir))
        planned = purge_old(workspace, "fake", timedelta(days=30), preview=True)
        assert (rows(workspace, tables.journal), size_of(workspace.dir)) == before
        assert planned.rows > 0
        done = purge_old(workspace, "fake", timedelta(days=30))
    assert (done.rows, done.removed) == (planned.rows, planned.removed)
    assert not (workspace.dir / "landing" / "other").exists()
    person = purge_record(workspace, "fake", person="P0000", preview=True)
    assert (person.records, person.rewritten > 0) == (2, True)
    assert purge_record(workspace, "fake", person="P0000").rewritten == person.rewritten
