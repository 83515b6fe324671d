"""The diff: what makes a record worth writing, property by property."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.base import PropertySpec
from connectors.records import TIME
from enrichment.fields import fields
from sync.diff.diff import diff, read_plan
from sync.diff.sql import Rules
from sync.state.database import open_state
from sync.state.journal import Journal, Planned, Verdict

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
NUMBER = PropertySpec("bothways_number", "accounts", "N", "number", "", scale=1)
WHOLE = PropertySpec("bothways_whole", "accounts", "W", "integer", "")
CLASS = PropertySpec("bothways_class", "accounts", "C", "enumeration", "")
WORDS = PropertySpec("bothways_words", "accounts", "T", "string", "", length=20)
ASOF = PropertySpec("bothways_asof", "accounts", "A", "datetime", "")
SPECS = (NUMBER, WHOLE, CLASS, WORDS, ASOF)
DEALS = tuple(f for f in fields("essential") if f.stream == "opportunities")
TYPES = {"number": pa.float64(), "integer": pa.int64(), "datetime": TIME}
USUAL = {NUMBER.name: 10.0, WHOLE.name: 3, CLASS.name: "partner", WORDS.name: "because", ASOF.name: AS_OF}


def parquet(path, specs, rows):
    columns = {"id": pa.string(), "account_id": pa.string(), **{s.name: TYPES.get(s.type, pa.string()) for s in specs}}
    shape = pa.schema(list(columns.items()))
    pq.write_table(pa.Table.from_pylist([{n: r.get(n) for n in columns} for r in rows], schema=shape), path)


class Bench:
    """Compares wanted with held values of accounts."""

    def __init__(self, folder):
        self.folder = folder
        self.state = open_state(folder)
        self.journal = Journal(self.state, "fake")

    def compare(self, wanted: list[dict], held: list[dict], specs=SPECS, deals: tuple = ([], []), **rules):
        parquet(self.folder / "accounts.parquet", specs, wanted)
        parquet(self.folder / "opportunities.parquet", DEALS, deals[0])
        parquet(self.folder / "held_accounts.parquet", specs, held)
        parquet(self.folder / "held_opportunities.parquet", DEALS, deals[1])
        held_paths = {s: self.folder / f"held_{s}.parquet" for s in ("accounts", "opportunities")}
        out = self.folder / "plan.parquet"
        return diff(
            self.folder, held_paths, out, (*specs, *DEALS), self.journal, Rules(**rules), 100, self.folder / "tmp"
        )

    def new(self, wanted: dict, held: dict, specs=SPECS, **rules) -> dict | None:
        """The values to send for one record, None when it is not worth a write."""
        plan = self.compare([{"id": "A", **USUAL, **wanted}], [{"id": "A", **USUAL, **held}], specs, **rules)
        found = list(read_plan(plan.path))
        return json.loads(found[0].new) if found else None

    def confirm(self, **held):
        row = Planned("accounts", "A", None, "{}", "{}", json.dumps({**USUAL, **held}, default=str))
        with self.state.engine.begin() as connection:
            self.journal.intend("before", [row], connection)
        self.journal.record_results("before", [Verdict(row, None)])


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.state.close()


@pytest.mark.parametrize(
    ("wanted", "held", "worth"),
    [
        ({}, {}, False),
        ({NUMBER.name: 10.4}, {}, False),
        ({NUMBER.name: 10.5}, {}, True),
        ({NUMBER.name: 9.5}, {}, True),
        ({NUMBER.name: 10.45}, {}, False),  # 10.4 when rounded half to even
        ({NUMBER.name: None}, {}, True),
        ({}, {NUMBER.name: None}, True),
        ({NUMBER.name: None}, {NUMBER.name: None}, False),
        ({NUMBER.name: float("nan")}, {NUMBER.name: None}, False),
        ({NUMBER.name: 0.0}, {NUMBER.name: None}, True),  # nought is not nothing
        ({WHOLE.name: 4}, {}, True),
        ({WHOLE.name: None}, {}, True),
        ({CLASS.name: "protect"}, {}, True),
        ({CLASS.name: None}, {}, True),
        ({CLASS.name: None}, {CLASS.name: ""}, False),
        ({WORDS.name: "other words"}, {}, True),
        ({WORDS.name: "be\ncause"}, {WORDS.name: "be cause"}, False),
        ({WORDS.name: "because of all of these"}, {WORDS.name: "because of all of th"}, False),
        ({}, {WORDS.name: None}, True),
        ({ASOF.name: AS_OF + timedelta(days=7)}, {}, False),
        ({ASOF.name: AS_OF + timedelta(days=7, seconds=1)}, {}, True),
        ({}, {ASOF.name: None}, True),
    ],
)
def test_a_record_is_written_only_for_a_reason(bench, wanted, held, worth):
    assert (bench.new(wanted, held) is not None) is worth


def test_all_that_differs_goes_in_one_change(bench):
    wanted = {NUMBER.name: 10.2, WHOLE.name: 4, ASOF.name: AS_OF + timedelta(hours=1)}
    assert bench.new(wanted, {}) == {
        NUMBER.name: 10.2,
        WHOLE.name: 4,
        ASOF.name: "2026-03-01T01:00:00Z",
    }


def test_new_words_wait_for_a_reason_when_the_held_ones_are_those_we_wrote(bench):
    bench.confirm()
    assert bench.new({WORDS.name: "newer words"}, {}) is None
    assert bench.new({WORDS.name: "newer words", WHOLE.name: 9}, {}) == {WORDS.name: "newer words", WHOLE.name: 9}


def test_words_that_somebody_else_wrote_are_replaced(bench):
    bench.confirm()
    assert bench.new({}, {WORDS.name: "scribble"}) == {WORDS.name: "because"}


def test_drift_counts_records_that_somebody_else_changed(bench):
    bench.confirm()
    plan = bench.compare([{"id": "A", **USUAL}], [{"id": "A", **USUAL, WHOLE.name: 8}])
    assert (plan.drift, plan.changes) == (1, 1)
    assert bench.compare([{"id": "A", **USUAL}], [{"id": "A", **USUAL}]).drift == 0


def test_an_unanswered_record_is_sent_whole(bench):
    row = Planned("accounts", "A", None, "{}", "{}", "{}")
    with bench.state.engine.begin() as connection:
        bench.journal.intend("before", [row], connection)
    bench.journal.sending("before", [row])
    assert set(bench.new({}, {})) == {s.name for s in SPECS}


def test_a_record_that_is_no_longer_held_is_left_out(bench):
    plan = bench.compare([{"id": "A", **USUAL}, {"id": "B", **USUAL}], [{"id": "A", WHOLE.name: 0}])
    assert [row.record_id for row in read_plan(plan.path)] == ["A"]
    assert plan.changes + plan.unchanged == 1


def test_the_plan_counts_fields_calls_and_what_the_brakes_look_at(bench):
    wanted = [{"id": f"A{n:03d}", **USUAL, CLASS.name: "protect", NUMBER.name: None} for n in range(101)]
    held = [{"id": f"A{n:03d}", **USUAL} for n in range(101)]
    plan = bench.compare(wanted, held)
    assert (plan.changes, plan.calls) == (101, 2)
    assert plan.by_field == {NUMBER.name: 101, CLASS.name: 101}
    assert (plan.stances_held, plan.stances_changed) == (101, 101)
    assert (plan.numbers_held, plan.numbers_cleared) == (202, 101)


def test_the_digest_tells_values_apart_but_not_order_or_moment(bench):
    rows = [{"id": "A", **USUAL, WHOLE.name: 1}, {"id": "B", **USUAL, WHOLE.name: 2}]
    held = [{"id": "A"}, {"id": "B"}]
    first = bench.compare(rows, held).digest
    later = [{**r, ASOF.name: AS_OF + timedelta(seconds=5)} for r in reversed(rows)]
    assert bench.compare(later, held[::-1]).digest == first
    assert bench.compare([rows[0], {**rows[1], WHOLE.name: 3}], held).digest != first


def test_deals_are_sorted_by_account_so_that_their_locks_do_not_meet(bench):
    folder = bench.folder
    bench.compare([], [])
    deals = [{"id": f"O{n}", "account_id": f"A{n % 2}"} for n in range(4)]
    parquet(folder / "opportunities.parquet", DEALS, [{**d, "bothways_deal_confidence": 9.0} for d in deals])
    parquet(folder / "held_opportunities.parquet", DEALS, deals)
    held = {s: folder / f"held_{s}.parquet" for s in ("accounts", "opportunities")}
    plan = diff(folder, held, folder / "p.parquet", (*SPECS, *DEALS), bench.journal, Rules(), 100, folder / "tmp")
    assert [(r.parent_id, r.record_id) for r in read_plan(plan.path)] == [
        ("A0", "O0"),
        ("A0", "O2"),
        ("A1", "O1"),
        ("A1", "O3"),
    ]


@pytest.fixture(scope="module")
def one_bench(tmp_path_factory):
    bench = Bench(tmp_path_factory.mktemp("diff"))
    yield bench
    bench.state.close()


values = st.one_of(st.none(), st.floats(-1000, 1000).map(lambda x: round(x, 4)))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=st.lists(st.tuples(values, values), min_size=1, max_size=30))
def test_numbers_are_compared_as_they_are_written(one_bench, pairs):
    """Once what was planned is held, nothing is left to write; nothing smaller than min_delta is ever written."""
    specs = (NUMBER,)
    wanted = [{"id": f"A{i}", NUMBER.name: w} for i, (w, _) in enumerate(pairs)]
    held = [{"id": f"A{i}", NUMBER.name: h} for i, (_, h) in enumerate(pairs)]
    sent = {r.record_id: json.loads(r.new)[NUMBER.name] for r in read_plan(one_bench.compare(wanted, held, specs).path)}
    for i, (w, h) in enumerate(pairs):
        rounded = [None if x is None else Decimal(repr(x)).quantize(Decimal("0.1"), ROUND_HALF_EVEN) for x in (w, h)]
        moved = (w is None) != (h is None) or (w is not None and abs(rounded[0] - rounded[1]) >= Decimal("0.6"))
        still = w == h or (None not in rounded and abs(rounded[0] - rounded[1]) <= Decimal("0.3"))
        assert not (moved and f"A{i}" not in sent)
        assert not (still and f"A{i}" in sent)
    after = [{**r, NUMBER.name: sent.get(r["id"], r[NUMBER.name])} for r in held]
    assert one_bench.compare(wanted, after, specs).changes == 0


def test_a_closed_deal_keeps_what_cannot_be_computed_any_more(bench):
    """What it was worth at its close stays; an open deal's number that became unknown is cleared."""
    held = {
        "id": "D",
        "bothways_deal_customer_dependence": 55.0,
        "bothways_deal_confidence": 70.0,
        "bothways_deal_asof": AS_OF,
    }
    closed = {**held, "bothways_deal_stance": "closed", "bothways_deal_customer_dependence": None}
    unknown = {**closed, "bothways_deal_stance": "insufficient_evidence"}

    def new(wanted):
        plan = bench.compare([], [], deals=([wanted], [{**held, "bothways_deal_stance": "advance"}]))
        return json.loads(next(iter(read_plan(plan.path))).new)

    assert new(closed) == {"bothways_deal_stance": "closed"}
    assert new(unknown) == {"bothways_deal_stance": "insufficient_evidence", "bothways_deal_customer_dependence": None}


def test_an_edit_of_a_closed_deal_is_repaired_with_what_was_confirmed(bench):
    confirmed = {
        "bothways_deal_stance": "closed",
        "bothways_deal_customer_dependence": 55.0,
        "bothways_deal_confidence": 70.0,
    }
    row = Planned("opportunities", "D", None, "{}", "{}", json.dumps(confirmed))
    with bench.state.engine.begin() as connection:
        bench.journal.intend("before", [row], connection)
    bench.journal.record_results("before", [Verdict(row, None)])
    wanted = {"id": "D", **confirmed, "bothways_deal_customer_dependence": None, "bothways_deal_asof": AS_OF}
    edited = {"id": "D", **confirmed, "bothways_deal_customer_dependence": 99.0, "bothways_deal_asof": AS_OF}

    plan = bench.compare([], [], deals=([wanted], [edited]))

    assert json.loads(next(iter(read_plan(plan.path))).new) == {"bothways_deal_customer_dependence": 55.0}
