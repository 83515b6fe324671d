"""A model of plan, journal and write back: scores change and change back, answers are lost, calls fail, processes die,
people edit and delete, the CRM refuses. Whatever the order: once it is quiet again, one run makes the CRM hold what is
wanted and another finds nothing to do; and no run ever takes its own unanswered writes for another install's.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_crm import AS_OF, FakeConnector, FakeCrm
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from scorer import SPECS

from connectors.base import WriteError
from connectors.errors import AuthError, QuotaReached, RetriableError
from connectors.records import schema
from enrichment.fields import STANCES, as_of_field
from enrichment.model import ScoringModel
from sync.diff.diff import STREAMS
from sync.errors import RefusedByCrm
from sync.options import RunContext, RunOptions, Workspace
from sync.progress import NullProgress
from sync.result import RunResult
from sync.session import open_run

RECORDS = [f"A{n:03d}" for n in range(7)]
MINE = [s for s in SPECS if s.stream == "accounts"]
FATES = ("taken", "taken", "lost", "failed", "kill before", "kill after", "quota", "refused", "locked")
VALUES = st.integers(0, 3)
SOME = st.sampled_from(RECORDS)


class Killed(BaseException):
    """The process is gone; nothing that was in memory is left."""


class Fated(FakeConnector):
    """Each write call meets the next fate of a list; after its end all are taken."""

    fates: list[str]

    def write(self, changes):
        fate = self.fates.pop(0) if self.fates else "taken"
        if fate == "failed":
            raise RetriableError("no answer; nothing was taken")
        if fate == "quota":
            raise QuotaReached("the day is over")
        if fate == "refused":
            raise AuthError("not allowed")
        if fate == "kill before":
            raise Killed
        if fate == "locked":
            self.refuse_times = {change.record_id: 1 for change in changes}
            self.refuse = {**self.refuse, **{c.record_id: WriteError("retry", "LOCKED", "") for c in changes}}
        results = list(super().write(changes))
        if fate == "locked":
            self.refuse = {k: e for k, e in self.refuse.items() if e.kind != "retry"}
        if fate == "kill after":
            raise Killed
        if fate == "lost":
            raise RetriableError("taken, but the answer was lost")
        yield from results


class Normalized:
    """Stands for what a pull has found: a snapshot that may be old when it is written upon."""

    def __init__(self, folder: Path, connector: FakeConnector) -> None:
        self._folder = folder
        for stream in STREAMS:
            rows = [dict(r) for r in connector.crm.records.get(stream, {}).values()]
            table = pa.Table.from_batches([connector._batch(stream, rows)])
            mine = [s.name for s in SPECS if s.stream == stream]
            table = table.select(["id", *mine]).append_column("account_id", pa.nulls(len(rows), pa.string()))
            pq.write_table(table, self.held(stream))

    def held(self, stream: str) -> Path:
        return self._folder / f"held_{stream}.parquet"


class Organisation(RuleBasedStateMachine):
    """What is wanted of each record, the CRM, and runs of the real job between them."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="model-"))
        self.crm = FakeCrm()
        for record in RECORDS:
            self.crm.put("accounts", record, name=record)
        self.wanted, self.moment = dict.fromkeys(RECORDS, 0), 0
        self.connector = Fated(self.crm, tuple(SPECS), write_batch=2, write_workers=2)
        self.connector.fates = []

    @rule(record=SOME, value=VALUES)
    def the_score_moves(self, record: str, value: int) -> None:
        self.wanted[record] = value

    @rule(value=VALUES)
    def all_scores_move(self, value: int) -> None:
        self.wanted = dict.fromkeys(self.wanted, value)

    @rule(record=SOME, value=VALUES, one=st.sampled_from([s.name for s in MINE if s.name != as_of_field("accounts")]))
    def somebody_edits(self, record: str, value: int, one: str) -> None:
        if record in self.crm.records["accounts"]:
            self.crm.put("accounts", record, **{one: self.values(value)[one]})

    @rule(record=SOME)
    def somebody_clears(self, record: str) -> None:
        if record in self.crm.records["accounts"]:
            self.crm.put("accounts", record, **{s.name: None for s in MINE})

    @rule(record=st.sampled_from(RECORDS[-2:]))
    def somebody_deletes(self, record: str) -> None:
        if record in self.crm.records["accounts"]:
            self.crm.delete("accounts", record)

    @rule(record=SOME)
    def a_rule_refuses(self, record: str) -> None:
        self.connector.refuse[record] = WriteError("rejected", "RULE", "No.", "")

    @rule()
    def the_rules_are_lifted(self) -> None:
        self.connector.refuse.clear()

    @rule(fates=st.lists(st.sampled_from(FATES), min_size=1, max_size=6))
    def a_run(self, fates: list[str]) -> None:
        self.connector.fates = list(fates)
        self.run()

    @rule()
    def it_becomes_quiet(self) -> None:
        self.connector.fates = []
        self.connector.refuse.clear()
        for _ in range(3):  # one that goes on with an old plan, one for what changed since, one that has nothing to do
            told = self.run()
            assert told is not None
            if not told.resumed and told.changed == 0:
                break
        assert (told.changed, told.dead_letters) == (0, 0)
        for record in self.crm.records["accounts"]:
            held = {s.name: self.crm.records["accounts"][record].get(s.name) for s in MINE}
            held.pop(as_of_field("accounts"))
            wanted = self.values(self.wanted[record])
            assert held == {name: wanted[name] for name in held}, record

    @invariant()
    def nothing_else_is_written(self) -> None:
        known = {s.name for s in MINE} | {"id", "name", "created_at", "_tick"}
        assert all(set(row) <= known for row in getattr(self, "crm", FakeCrm()).records.get("accounts", {}).values())

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            try:
                self.it_becomes_quiet()
            finally:
                shutil.rmtree(self.folder)

    def values(self, value: int) -> dict[str, Any]:
        """All our values of a record for which a value is wanted."""
        made: dict[str, Any] = {}
        for spec in MINE:
            made[spec.name] = (
                10.0 * value
                if spec.type == "number"
                else STANCES[value][0]
                if spec.type == "enumeration"
                else f"{value}"
            )
        return made

    def run(self) -> RunResult | None:
        """A run of the real stages from the diff on; None when it was killed or ended with an error."""
        self.moment += 1
        options, model = RunOptions(), ScoringModel()
        try:
            context = RunContext(self.connector, Workspace(self.folder / "ws"), model, SPECS, options, NullProgress())
            with open_run("sync", context) as stages:
                if stages.run.phase == "pull":
                    normalized = Normalized(self.folder, self.connector)
                    stages.commit(stages.diff(normalized, self.scores(stages.run.run_id)))
                return stages.write_back()
        except Killed:
            return None
        except (AuthError, QuotaReached, RetriableError, RefusedByCrm):
            return None

    def scores(self, run_id: str) -> Path:
        folder = self.folder / "ws" / "scores" / run_id
        folder.mkdir(parents=True)
        at = AS_OF + timedelta(minutes=self.moment)
        rows = [{"id": r, **self.values(v), as_of_field("accounts"): at} for r, v in self.wanted.items()]
        for stream in STREAMS:
            mine = [s.name for s in SPECS if s.stream == stream]
            shape = pa.schema([f for f in schema(stream, SPECS) if f.name in ("id", *mine)])
            pq.write_table(
                pa.Table.from_pylist(rows if stream == "accounts" else [], shape), folder / f"{stream}.parquet"
            )
        return folder


@pytest.mark.parametrize(
    ("examples", "steps"), [(5, 8), pytest.param(150, 20, marks=pytest.mark.slow)], ids=["some", "many"]
)
def test_connector_and_journal_as_a_model(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Organisation,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
