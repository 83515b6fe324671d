"""Past moments replayed on a planted organisation, through the public score: leakage, outcomes, verdicts,
calibration.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.errors import ConfigError
from enrichment.evaluation.weights import index
from enrichment.inputs import INPUTS
from enrichment.model import COMPONENTS, Calibration, ScoringModel
from sync.evaluate.as_known_then import past
from sync.evaluate.backtest import chosen, redrawn, replayed
from sync.evaluate.calibrate import learnable
from sync.evaluate.horizon import Horizon, checked, horizon_of
from sync.evaluate.measures import Draws
from sync.evaluate.model_file import model_toml
from sync.evaluate.outcomes import OUTCOMES, Past
from sync.evaluate.page import render
from sync.evaluate.replay import Replay, Scored
from sync.evaluate.result import Backtest

T = datetime(2025, 9, 1, tzinfo=UTC)
EARLIER = T - timedelta(days=100)
DAY = timedelta(days=1)
Tables = dict[str, list[dict[str, Any]]]


def organisation(accounts: int = 260) -> Tables:
    """Customers with a habit of their own: who bought often goes on buying. Half of each pair's messages are theirs."""
    rng = random.Random(7)
    tables: Tables = {name: [] for name in INPUTS}
    for key in range(accounts):
        tables["accounts"].append(
            {
                "account": key,
                "id": f"A{key}",
                "name": f"A{key}",
                "family": key,
                "created_at": T - 700 * DAY,
                "employees": 5,
            }
        )
        habit = rng.choice([0.002, 0.01])
        for day in range(-500, 120):
            if rng.random() < habit:
                _deal(tables, key, T + day * DAY + timedelta(hours=3), 700.0 + day)
        shares = rng.choice([0.02, 0.5])
        for day in range(-90, 70):
            if rng.random() < 0.06:
                _mail(tables, key, T + day * DAY + timedelta(hours=5), inbound=rng.random() < shares)
    return tables


def _deal(tables: Tables, account: int, close: datetime, amount: float, **values: Any) -> None:
    key = len(tables["opportunities"])
    row = {"opportunity": key, "id": f"O{key}", "account": account, "amount": amount, "close_at": close}
    tables["opportunities"].append({**row, "is_closed": True, "is_won": True, "created_at": close, **values})
    tables["families"].append({"opportunity": key, "account": account, "family": f"F{key % 7}", "created_at": close})


def _mail(tables: Tables, account: int, at: datetime, *, inbound: bool) -> None:
    key = len(tables["activities"])
    tables["activities"].append(
        {
            "activity": key,
            "channel": "email",
            "direction": "inbound" if inbound else "outbound",
            "occurred_at": at,
            "created_at": at,
            "account": account,
            "person": account,
            "customer_people": 1,
            "seller_people": 1,
            "thread": account,
        }
    )


def put(tables: Tables, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in INPUTS.items():
        pq.write_table(pa.Table.from_pylist(tables[name], schema=schema), folder / f"{name}.parquet")
    return folder


@pytest.fixture
def replay(tmp_path: Path) -> Callable[[Tables], Replay]:
    def make(tables: Tables) -> Replay:
        return Replay(put(tables, tmp_path / "normalized"), tmp_path / "work", ScoringModel(), "duckdb")

    return make


def test_later_facts_and_edits_leave_the_scores_of_a_moment_as_they_are(
    replay: Callable[[Tables], Replay], tmp_path: Path
) -> None:
    tables = organisation(25)
    _deal(tables, 3, T + 20 * DAY, 900.0, created_at=T - 20 * DAY, probability=1.0, stage="Won")
    tables["contracts"].append(
        {"account": 4, "start_at": T - 90 * DAY, "end_at": T + 90 * DAY, "created_at": T - 90 * DAY}
    )
    tables["assets"].append(
        {"account": 5, "family": "pumps", "active": True, "installed_at": T - 9 * DAY, "created_at": T - 9 * DAY}
    )
    scored = replay(tables).at(T)
    _the_index_learnt_by_is_the_one_scored(scored)
    before = {path.name: path.read_bytes() for path in (tmp_path / "work" / "scores").glob("*.parquet")}

    tables["opportunities"][-1] |= {
        "amount": 5.0,
        "probability": 0.0,
        "stage": "Lost",
        "is_won": False,
        "close_at": T + 2 * DAY,
    }
    for row in tables["opportunities"]:
        if row["close_at"] > T and row["created_at"] > T:
            row["amount"] *= 3
    tables["contracts"][0]["end_at"] = T + 900 * DAY
    tables["assets"][0] |= {"active": False, "ends_at": T + DAY}
    tables["accounts"][6] |= {"employees": 900, "wallet": 5.0, "strategic_customer": True, "mission_criticality": 1.0}
    tables["accounts"].append({"account": 900, "id": "B", "name": "B", "family": 900, "created_at": T + DAY})
    _deal(tables, 7, T + DAY, 1e6)
    _deal(tables, 7, T - DAY, 1e6, created_at=T + DAY)  # happened before, but nobody had written it down
    _mail(tables, 7, T + DAY, inbound=True)
    tables["rivals"].append({"account": 7, "name": "R", "seen_at": T + DAY, "created_at": T + DAY})
    replay(tables).at(T)
    after = {path.name: path.read_bytes() for path in (tmp_path / "work" / "scores").glob("*.parquet")}
    assert len(before) == 4
    assert before == after


def _the_index_learnt_by_is_the_one_scored(scored: Scored) -> None:
    ids = np.asarray(scored.accounts["id"].to_pylist())
    model = ScoringModel()
    values = [
        np.nan_to_num(scored.of("accounts", ids, f"{n}_value"), nan=model.components[n].prior) for n in COMPONENTS
    ]
    known = scored.of("accounts", ids, "dependence_before_null_rule")
    np.testing.assert_allclose(index(np.column_stack(values), dict.fromkeys(COMPONENTS, 1.0), 0.5), known, rtol=1e-9)
    assert np.ptp(known) > 1.0


def test_counts_before_the_moment_do_not_see_what_came_later(tmp_path: Path) -> None:
    tables = organisation(30)
    normalized = put(tables, tmp_path / "normalized")
    before = Past(normalized, tmp_path / "tmp").ask(OUTCOMES["buys_again"], T)
    for account in range(30):
        _deal(tables, account, T + DAY, 50.0)
        _deal(tables, account, T - DAY, 50.0, created_at=T + DAY)
        _mail(tables, account, T + DAY, inbound=True)
    after = Past(put(tables, normalized), tmp_path / "tmp").ask(OUTCOMES["buys_again"], T)
    assert before.ids.tolist() == after.ids.tolist()
    for name, column in before.columns.items():
        np.testing.assert_array_equal(column, after.columns[name])
    assert after.happened.all()
    assert not before.happened.all()


def test_outcomes_by_hand(tmp_path: Path) -> None:
    tables: Tables = {name: [] for name in INPUTS}
    names = ("again", "credit", "late", "never", "gone", "kept", "new")
    for key, name in enumerate(names):
        tables["accounts"].append(
            {"account": key, "id": name, "name": name, "family": key, "created_at": T - 400 * DAY}
        )
    for key in range(5):
        _deal(tables, key, T - 30 * DAY, 100.0)
    _deal(tables, 0, T + 90 * DAY, 30.0)
    _deal(tables, 1, T + 30 * DAY, -30.0)  # a credit note is no purchase
    _deal(tables, 2, T + 91 * DAY, 30.0)
    for account, end in ((4, 40), (5, 40)):
        tables["contracts"].append(
            {"account": account, "start_at": T - 300 * DAY, "end_at": T + end * DAY, "created_at": T - 300 * DAY}
        )
    tables["contracts"].append(
        {"account": 5, "start_at": T + 41 * DAY, "end_at": T + 400 * DAY, "created_at": T + 30 * DAY}
    )
    _deal(tables, 6, T + 40 * DAY, 9.0, created_at=T - 40 * DAY)
    _deal(tables, 6, T + 41 * DAY, 9.0, created_at=T - 40 * DAY, is_won=False)
    _deal(tables, 6, T + 5 * DAY, 9.0, created_at=T - 40 * DAY)  # within the gap
    for day, inbound in ((-3, True), (-2, False), (5, True), (9, False)):
        _mail(tables, 0, T + day * DAY, inbound=inbound)
        _mail(tables, 1, T + day * DAY, inbound=True)
    reader = Past(put(tables, tmp_path / "normalized"), tmp_path / "tmp")

    def told(name: str) -> dict[str, bool]:
        found = reader.ask(OUTCOMES[name], T)
        return dict(zip(found.ids.tolist(), found.happened.tolist(), strict=True))

    assert told("buys_again") == {"again": True, "credit": False, "late": False, "never": False, "gone": False}
    assert told("spend_collapse") == {"again": False, "credit": True, "late": False, "never": True, "gone": True}
    assert told("renewal") == {"gone": False, "kept": True}
    assert sorted(told("win").values()) == [False, True]
    assert told("stays_two_way") == {"again": True, "credit": False}


def test_a_planted_habit_is_found_and_judged(replay: Callable[[Tables], Replay], tmp_path: Path) -> None:
    made = replay(organisation())
    wanted = chosen(["buys_again", "stays_two_way", "renewal"])
    until, judged = replayed(tmp_path / "normalized", made, wanted, [EARLIER, T], Draws(100, 1), tmp_path / "tmp")
    found = {one.name: one for one in judged}
    habit = found["buys_again"].tests[-1]
    assert habit.learnt_from == (EARLIER,)
    everybody = habit.groups[-1]
    assert everybody.name == "all"
    assert {b.name for b in everybody.baselines} >= {"segment_rate", "trained", "rank_composite", "activity_count"}
    by_name = {m.name: m for m in everybody.measures}
    assert by_name["dependence_before_null_rule"].auc.low > 0.5
    assert by_name["dependence_before_null_rule"].known == everybody.records
    assert habit.calibration is not None
    assert set(everybody.gains) == set(by_name)
    assert (found["buys_again"].p_holm or 0.0) >= (by_name["bothways_customer_dependence"].p or 1.0)
    two_way = found["stays_two_way"].tests[-1]
    assert two_way.groups[-1].name == "equal acts"
    assert two_way.groups[-1].measures[0].auc.value > 0.55
    assert {b.name for b in two_way.groups[-1].baselines}.isdisjoint({"trained", "decayed"})
    raw = next(m for m in two_way.groups[-1].measures if m.name == "index_before_null_rule")
    assert two_way.shuffled["index_before_null_rule"] < raw.auc.value
    assert two_way.shuffled_gains == {}  # nobody wrote by the earlier date: there was nothing to learn from
    assert found["renewal"].verdict.code == "not_enough_outcomes"
    assert until is not None

    assert sum(one.records for one in habit.stances) == everybody.records
    assert sum(one.events for one in habit.stances) == everybody.events
    assert all(one.low <= one.rate <= one.high for one in habit.stances)
    page = render(
        Backtest(
            "files", (EARLIER, T), until, "1.0.0+x", 100, 1, judged, ("accounts: <b>",), Horizon(90, 61.0, given=False)
        )
    )
    assert "<script" not in page
    assert "&lt;b&gt;" in page
    assert "the median gap between purchases is 61 days" in page
    assert found["buys_again"].verdict.text.split(":")[0] in page.replace("&#39;", "'")


def test_drawing_directions_anew_changes_nothing_else(tmp_path: Path) -> None:
    normalized = put(organisation(20), tmp_path / "normalized")
    original = (normalized / "activities.parquet").read_bytes()
    past(normalized, tmp_path / "then", T, tmp_path / "tmp")
    redrawn(1)(tmp_path / "then")
    assert (normalized / "activities.parquet").read_bytes() == original
    was, now = (pq.read_table(folder / "activities.parquet") for folder in (normalized, tmp_path / "then"))
    assert was.drop_columns("direction") == now.drop_columns("direction")
    inbound = [np.mean([d == "inbound" for d in table["direction"].to_pylist()]) for table in (was, now)]
    assert inbound[1] == pytest.approx(inbound[0], abs=0.08)
    assert was["direction"] != now["direction"]


def test_a_window_that_is_not_over_is_not_judged(replay: Callable[[Tables], Replay], tmp_path: Path) -> None:
    made = replay(organisation(20))
    _, judged = replayed(
        tmp_path / "normalized", made, chosen(["buys_again"]), [T + 60 * DAY], Draws(100, 1), tmp_path / "tmp"
    )
    assert judged[0].too_late == (T + 60 * DAY,)
    assert judged[0].verdict.code == "not_enough_outcomes"
    assert judged[0].tests == ()


def test_the_horizon_follows_how_often_customers_buy(tmp_path: Path) -> None:
    """Gaps of 30, 120, 121 and 300 days; what was not known at the last moment, a credit and a second deal of a day
    count for nothing.
    """
    tables: Tables = {name: [] for name in INPUTS}
    for account, days in enumerate(((-330, -300), (-420, -300), (-241, -120), (-310, -10))):
        tables["accounts"].append({"account": account, "id": str(account), "name": "", "family": account})
        for day in days:
            _deal(tables, account, T + day * DAY, 100.0)
    _deal(tables, 0, T - 300 * DAY + timedelta(hours=1), 5.0)
    _deal(tables, 0, T - 299 * DAY, -5.0)
    _deal(tables, 3, T - 9 * DAY, 5.0, created_at=T + DAY)
    reader = Past(put(tables, tmp_path / "normalized"), tmp_path / "tmp")
    assert reader.usual_gap(T) == 120.5
    assert horizon_of(reader, [T], None) == Horizon(365, 120.5, given=False)
    assert horizon_of(reader, [T - 100 * DAY], None) == Horizon(90, 120.0, given=False)
    assert horizon_of(reader, [T - 100 * DAY, T], None).days == 365
    assert horizon_of(reader, [T - 400 * DAY], None) == Horizon(365, None, given=False)
    assert horizon_of(reader, [T], 60) == Horizon(60, 120.5, given=True)


def test_by_a_horizon_of_a_year_a_purchase_in_that_year_counts(tmp_path: Path) -> None:
    """Contracts, deals and talk keep their own windows."""
    tables: Tables = {name: [] for name in INPUTS}
    for account, (before, after) in enumerate(((-200, 364), (-200, 366))):
        tables["accounts"].append({"account": account, "id": str(account), "name": "", "family": account})
        _deal(tables, account, T + before * DAY, 100.0)
        _deal(tables, account, T + after * DAY, 100.0)
    reader = Past(put(tables, tmp_path / "normalized"), tmp_path / "tmp")
    year, short = Horizon(365, None, given=False), Horizon(90, None, given=True)
    again, collapse, *others = year.of(chosen([]))
    assert reader.ask(again, T).happened.tolist() == [True, False]
    assert reader.ask(collapse, T).happened.tolist() == [False, True]
    assert reader.ask(collapse.within(90), T).ids.tolist() == []  # nothing was bought in the 180 days before
    assert again.question.endswith("buys again in the next 365")
    assert others == chosen(["renewal", "win", "stays_two_way"])
    assert short.of(chosen([])) == chosen([])


def test_names_are_checked() -> None:
    with pytest.raises(ConfigError, match="horizon of 400 days"):
        checked(400)
    with pytest.raises(ConfigError, match="no outcome 'luck'"):
        chosen(["luck"])
    with pytest.raises(ConfigError, match="Nothing can be learnt from 'win'"):
        learnable("win")


def test_a_learnt_model_is_written_so_that_it_reads_back_equal() -> None:
    model = ScoringModel.model_validate(
        {
            "version": "1.1.0",
            "components": {"reliance": {"weight": 2.25, "prior": 0.3}, "scarcity": {"weight": 0.0, "prior": 0.4}},
            "families": {"critical": {"Pumps & valves": 0.9}},
            "accounts": {"customer_types": ("customer", 'the "best"')},
            "calibration": Calibration(outcome="buys_again", learnt_from=(EARLIER,), tested_on=T, replaces="1.0.0+x"),
        }
    )
    assert ScoringModel.from_toml(model_toml(model), "learnt.toml") == model
    by_hand = model_toml(model).replace("[calibration]", "[evidence]").split("[evidence]\noutcome")[0]
    with pytest.raises(ConfigError, match="must be within"):
        ScoringModel.from_toml(by_hand, "by hand")
