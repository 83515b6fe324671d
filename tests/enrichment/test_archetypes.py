"""Sixteen hand-made accounts with a plain right answer among forty ordinary ones, as files: the whole way from a
folder.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

ARCHETYPES = Path(__file__).parents[3] / "shared" / "cases" / "archetypes"
RIGHT = {
    "Needy Hospital": {"respond"},
    "Courted Bank": {"rebalance"},
    "Mutual Motors": {"partner"},
    "One-off Ltd": {"lapsed"},
    "Dormant AG": {"lapsed"},
    "Fresh Start GmbH": {"maintain", "build_close"},
    "Newsletter Reader": {"keep_transactional"},
    "Group Holding": {"build_close", "maintain"},
    "Group Plant South": {"build_close", "maintain"},
    "Backlog Clinic": {"respond"},
    "Giant Retail": {"partner", "protect"},
    "Churned Corp": {"lapsed"},
    "Prospect One": {"prospect"},
    "Webshop Regular": {"keep_transactional"},
    "Silent Utility": {"build_close"},
}
TEXTS = {
    "Dormant AG": "lapsed_chased",
    "Churned Corp": "lapsed_lost",
    "Prospect One": "prospect_open",
    "Webshop Regular": "keep_ideal",
    "Newsletter Reader": "keep_ideal",
    "Silent Utility": "build_close_one_sided",
    "Backlog Clinic": "respond_counted",
}


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    if not ARCHETYPES.is_dir():
        pytest.skip(f"no archetypes in {ARCHETYPES}")
    from sync.cli.app import app

    folder = tmp_path_factory.mktemp("archetypes")
    for source in ARCHETYPES.rglob("*"):
        if source.is_file():
            target = folder / source.relative_to(ARCHETYPES)
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(source, target)
    moment = datetime(2026, 10, 1, tzinfo=UTC).isoformat()
    config = ["--config", str(folder / "bothways.toml")]
    done = CliRunner().invoke(app, ["score", *config, "--as-of", moment, "--output", str(folder / "out.parquet")])
    assert done.exit_code == 0, done.output
    (scores,) = (folder / ".bothways" / "scores").iterdir()
    rows = {row["id"]: row for row in pq.read_table(scores / "accounts.parquet").to_pylist()}
    audits = {row["id"]: row for row in pq.read_table(scores / "account_audit.parquet").to_pylist()}
    return rows, audits


def test_every_archetype_is_right_and_no_ordinary_account_is_told_to_be_answered(scored):
    rows, audits = scored
    stance = {row["name"]: row["bothways_stance"] for row in rows.values()}
    assert {name: stance[name] for name in RIGHT if stance[name] not in RIGHT[name]} == {}
    text = {rows[i]["name"]: audit["text"] for i, audit in audits.items()}
    assert {name: text[name] for name in TEXTS} == TEXTS
    assert not [name for name in stance if name.startswith("Ordinary") and stance[name] == "respond"]
    bank = next(row for row in rows.values() if row["name"] == "Courted Bank")
    assert bank["bothways_reclaimable_hours"] > 0.8 * bank["bothways_seller_effort_hours"]


def test_no_text_contradicts_its_record(scored, claims):
    assert claims.untrue(*scored) == []
