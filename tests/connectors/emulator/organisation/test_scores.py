"""The stories of the demo organisation reach every stance, of accounts and of deals, and each the one that it tells
of.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.base import Organisation as House
from connectors.emulator.organisation.model import Organisation, demo_model_toml, demo_organisation
from connectors.records import STREAMS, Stream
from enrichment.fields import DEAL_STANCES, STANCES
from enrichment.model import ScoringModel
from sync.enrich import score_tables
from sync.land.normalize import Normalized, normalize
from sync.pull.landing import Files
from sync.pull.parts import landed

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")  # of Ibis, not of ours

ACCOUNTS = {
    "Ferrowell Rail": "partner",
    "Brennmark Steel": "protect",
    "Castell Pharma": "build_close",
    "Hexley Aerospace": "build_close",
    "Quillon Assurance": "earn_value",
    "Lindqvist Dairies": "respond",
    "Kestrel Freight": "respond",
    "Tarnbrook Foods": "test_reciprocity",
    "Meridian Ports": "maintain",
    "Pellworth Stores": "rebalance",
    "Dunmore Packaging": "keep_transactional",
    "Stroud & Vane": "keep_transactional",
    "Silent Valley Mills": "maintain",  # nothing is logged, though nearly all like them have something: ask once
}
DEALS = {
    "Ferrowell Rail: renewal and roll-out": "advance",
    "Hexley Aerospace: second test stand": "advance",
    "Hexley Aerospace: obsolescence plan": "respond",
    "Tarnbrook Foods: oven 4": "ask_for_effort",
    "Corran Water: renewal": "ask_for_effort",
    "Bayliss Brewing: bottling line": "do_not_chase",
    "Stroud & Vane: training auction": "price_led",
    "Silent Valley Mills: spare drives": "price_led",  # they need little; the effort is unknown
    "Stroud & Vane: audit room": "closed",
}


def normalized(organisation: Organisation, folder: Path) -> Normalized:
    files: dict[Stream, Files] = {}
    for stream in STREAMS:
        table = organisation.tables[stream]
        numbered = table.append_column("_seq", pa.array(range(table.num_rows), pa.int64()))
        pq.write_table(numbered.cast(landed(table.schema)), folder / f"{stream}.parquet")
        files[stream] = Files((folder / f"{stream}.parquet",))
    house = House(organisation.own_domains, organisation.corporate_currency, organisation.time_zone)
    return normalize(files, folder, (), house, organisation.now)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param({"now": datetime(2026, 3, 4, tzinfo=UTC)}, id="a Wednesday"),
        pytest.param(
            {"seed": 1, "accounts": 80, "now": datetime(2025, 12, 28, tzinfo=UTC)}, id="a Sunday, another seed"
        ),
    ],
)
def scored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict]]:
    folder = tmp_path_factory.mktemp("scores")
    demo = demo_organisation(**request.param).visible()
    found = normalized(demo, folder)
    assert not found.rejects
    assert not [reason for reason in found.left_out if reason.startswith(("dangling", "unknown"))]
    model = ScoringModel.from_toml(demo_model_toml(), "demo")
    scores = score_tables(
        found.folder, folder / "scores", demo.now, model, None, engine="duckdb", scratch=folder / "scratch"
    )
    names = {d["id"]: d["name"] for d in demo.tables["opportunities"].to_pylist()}
    accounts = pq.read_table(scores / "accounts.parquet").to_pylist()
    deals = [{**d, "name": names[d["id"]]} for d in pq.read_table(scores / "opportunities.parquet").to_pylist()]
    return {
        "accounts": accounts,
        "opportunities": deals,
        "account_audit": pq.read_table(scores / "account_audit.parquet").to_pylist(),
    }


def test_every_account_stance_is_reached(scored: dict[str, list[dict]]):
    missing = {code for code, _ in STANCES} - {a["bothways_stance"] for a in scored["accounts"]}
    assert missing <= {"lapsed"}  # no story is told of a customer who left


def test_no_text_contradicts_its_record(scored: dict[str, list[dict]], claims: ModuleType):
    rows, audits = ({row["id"]: row for row in scored[name]} for name in ("accounts", "account_audit"))
    assert claims.untrue(rows, audits) == []
    assert len({audit["text"] for audit in audits.values()}) > 10


def test_every_deal_stance_is_reached(scored: dict[str, list[dict]]):
    assert {code for code, _ in DEAL_STANCES} == {d["bothways_deal_stance"] for d in scored["opportunities"]}


def test_each_story_of_an_account_comes_out_as_told(scored: dict[str, list[dict]]):
    stance = {a["name"]: a["bothways_stance"] for a in scored["accounts"]}
    assert {name: stance[name] for name in ACCOUNTS} == ACCOUNTS


def test_each_story_of_a_deal_comes_out_as_told(scored: dict[str, list[dict]]):
    stance = {d["name"]: d["bothways_deal_stance"] for d in scored["opportunities"]}
    assert {name: stance[name] for name in DEALS} == DEALS


def test_there_are_hours_to_take_back(scored: dict[str, list[dict]]):
    hours = {a["name"]: a["bothways_reclaimable_hours"] for a in scored["accounts"]}
    assert hours["Pellworth Stores"] > 5
    assert hours["Brennmark Steel"] == 0


def test_a_stranger_merged_away_is_not_scored_and_a_silent_customer_has_no_effort_scores(scored: dict[str, list[dict]]):
    by_name = {a["name"]: a for a in scored["accounts"]}
    assert "Tidewater Ship Yards GmbH" not in by_name
    silent = by_name["Silent Valley Mills"]
    assert silent["bothways_reciprocity_balance"] is silent["bothways_reciprocity_index"] is None
    assert silent["bothways_customer_dependence"] is not None
