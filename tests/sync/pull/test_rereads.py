"""Marks: the next run reads exactly the marked records again, and forgets a mark only when a sync that read it ended
well.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pyarrow.parquet as pq
import pytest
from fake_crm import STREAMS, FakeConnector, FakeCrm
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scorer import SPECS

from connectors.base import Capabilities, Page
from connectors.errors import QuotaReached, RetriableError
from connectors.records import Stream
from connectors.webhooks import Mark
from sync.privacy.purge import purge_record
from sync.pull.rereads import Marks
from sync.state.database import State, open_state

DEAL = Mark("opportunities", "O0030")


@dataclass
class Listening(FakeConnector):
    """Reads single records again too, and notes which."""

    again: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None
    """Called when the records were read again: what comes during a run."""

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(STREAMS, frozenset(STREAMS), 10, 2, 3, rereadable=frozenset(STREAMS) - {"users"})

    def reread(self, stream: Stream, ids: Sequence[str]) -> Iterator[Page]:
        held = self.crm.records.get(stream, {})
        found = [dict(held[i]) for i in ids if i in held]
        self.again.append((stream, tuple(ids)))
        yield Page(stream, self._batch(stream, found), "", tuple(i for i in ids if i not in held))
        self.meanwhile()


@pytest.fixture
def listening(crm: FakeCrm) -> Listening:
    return Listening(crm, SPECS)


@pytest.fixture
def state(workspace: Any) -> Iterator[State]:
    with closing(open_state(workspace.dir)) as opened:
        yield opened


@pytest.fixture
def marks(state: State) -> Marks:
    return Marks(state, "fake")


def silently(crm: FakeCrm, mark: Mark, **values: Any) -> None:
    """A change that moves no stamp, as of an association."""
    crm.records[mark.stream][mark.record_id] |= values


def test_a_silent_change_is_seen_at_once_when_the_record_is_marked(sync, listening, crm, marks):
    sync(listening)
    sync(listening)  # reads what the first one wrote
    assert crm.records["opportunities"]["O0030"]["bothways_deal_stance"] == "price_led"
    silently(crm, DEAL, amount=900.0)
    assert sync(listening).written == 0
    marks.put([DEAL])
    listening.again.clear()
    assert sync(listening).written == 1
    assert listening.again == [("opportunities", ("O0030",))]
    assert crm.records["opportunities"]["O0030"]["bothways_deal_stance"] == "advance"
    assert marks.count() == 0


def test_a_mark_that_comes_during_the_run_stays(sync, listening, marks):
    sync(listening)
    other = Mark("accounts", "A005")
    marks.put([DEAL, other])
    # DEAL comes again while it is being read, the third for the first time
    listening.meanwhile = lambda: marks.put([DEAL, Mark("accounts", "A007")])
    sync(listening)
    assert {s: marks.now().ids(s) for s in marks.now().tokens} == {"opportunities": ("O0030",), "accounts": ("A007",)}


def test_marks_stay_when_the_run_fails_and_are_read_by_the_next(sync, listening, marks):
    sync(listening)
    marks.put([DEAL, Mark("accounts", "A005")])
    listening.break_read["opportunities"] = (0, QuotaReached("used up"))
    with pytest.raises(QuotaReached):
        sync(listening)
    assert marks.count() == 2
    listening.fail_calls = [RetriableError("down")] * 50
    listening.crm.put("opportunities", "O0010", bothways_deal_stance="hold")
    assert sync(listening).exit_code == 8
    assert marks.count() == 2
    listening.fail_calls.clear()
    assert sync(listening).exit_code == 0  # goes on with the same run, which has read them
    assert marks.count() == 0


@pytest.mark.slow
def test_a_plan_reads_the_marked_records_and_forgets_none(sync, plan, listening, crm, marks):
    sync(listening)
    silently(crm, DEAL, amount=900.0)
    marks.put([DEAL])
    planned = plan(listening)
    assert (planned.changed, marks.count()) == (1, 1)
    assert sync(listening, plan_digest=planned.digest).written == 1
    assert marks.count() == 0


def test_a_marked_record_that_is_gone_loses_its_scores_and_comes_back_when_restored(sync, listening, crm, marks):
    first = sync(listening)
    kept = crm.records["opportunities"].pop("O0030")  # no tombstone: nothing but the mark tells
    marks.put([DEAL])
    assert sync(listening, accept=True).scored["opportunities"] == first.scored["opportunities"] - 1
    crm.records["opportunities"]["O0030"] = kept  # restored with its old stamp
    marks.put([DEAL])
    assert sync(listening).scored["opportunities"] == first.scored["opportunities"]
    assert marks.count() == 0


@pytest.mark.slow
def test_a_full_read_needs_no_single_reads_and_still_clears_the_marks(sync, listening, marks):
    sync(listening)
    marks.put([DEAL])
    listening.again.clear()
    sync(listening, full=True)
    assert (listening.again, marks.count()) == ([], 0)


@pytest.mark.slow
def test_marks_of_streams_that_are_not_read_do_not_pile_up(sync, listening, marks):
    marks.put([Mark("contracts", "C1"), Mark("users", "U1")])
    sync(listening)
    assert (marks.count(), listening.again) == (0, [])


@pytest.mark.slow
def test_a_connector_that_cannot_read_again_is_left_alone(sync, connector, marks):
    sync(connector)
    marks.put([DEAL])
    assert sync(connector).exit_code == 0
    assert marks.count() == 0


@pytest.mark.slow
def test_a_long_list_of_marks_is_read_and_cleared_whole(sync, listening, marks):
    sync(listening)
    for _ in range(2):
        assert marks.put([Mark("people", f"none{n}") for n in range(450)]) == 450
    marks.put([Mark("people", "none7")])
    assert marks.count() == 450
    sync(listening)
    assert marks.count() == 0
    assert [len(ids) for stream, ids in listening.again if stream == "people"] == [450]


EVENTS = st.lists(st.tuples(st.sampled_from(["put", "snapshot", "taken", "clear"]), st.integers(0, 3)), max_size=14)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS)
def test_no_interleaving_loses_a_mark(state, events):
    """A mark put after the last snapshot that the run took is never cleared by it; one that it took is."""
    marks = Marks(state, secrets.token_hex(8))
    version, snapshot, taken = dict.fromkeys(range(4), 0), marks.now(), {}
    seen: dict[int, int] = {}
    model: dict[int, int] = {}
    for what, n in events:
        if what == "put":
            version[n] += 1
            model[n] = version[n]
            taken.pop(n, None)
            marks.put([Mark("people", str(n))])
        elif what == "snapshot":
            snapshot, seen = marks.now(), dict(model)
        elif what == "taken":
            marks.taken("run", "people", snapshot)
            taken |= {k: v for k, v in seen.items() if model.get(k) == v}
        else:
            marks.clear("run")
            model = {k: v for k, v in model.items() if k not in taken}
            taken = {}
        assert set(marks.now().ids("people")) == {str(k) for k in model}


@pytest.mark.slow
def test_a_person_who_was_forgotten_is_not_marked_any_more_nor_read_again(sync, listening, crm, marks, workspace):
    sync(listening)
    marks.put([Mark("people", "P0000"), DEAL])
    (workspace.dir / "state.sqlite.version-1").write_bytes(b"a copy that was kept when the state was upgraded")
    purge_record(workspace, "fake", person="P0000")
    assert {s: marks.now().ids(s) for s in marks.now().tokens} == {"opportunities": ("O0030",)}
    assert not (workspace.dir / "state.sqlite.version-1").exists()
    marks.put([Mark("people", "P0000")])
    sync(listening)
    landed = [
        row
        for path in workspace.dir.glob("landing/fake/people/gen-*/part-*")
        for row in pq.read_table(path).to_pylist()
    ]
    assert landed
    assert "P0000" not in {row["id"] for row in landed}
