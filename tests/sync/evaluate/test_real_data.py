"""The claims of docs/backtest.md on real data, by the commands that are given there."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sync.cli.app import app

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("BOTHWAYS_DATA", ROOT.parent / "shared" / "data"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.exists(), reason="BOTHWAYS_DATA does not lead to the real data sets"),
]


def run(example: str, tmp_path: Path, command: str, *arguments: str) -> dict[str, Any]:
    for file in (ROOT / "examples" / example).glob("*.toml"):
        (tmp_path / file.name).write_text(file.read_text())
    given = [command, "--config", str(tmp_path / "bothways.toml"), "--json", "--quiet", *arguments]
    told = CliRunner().invoke(app, given, env={"BOTHWAYS_DATA": str(DATA)}, catch_exceptions=False)
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def moments(*days: str) -> list[str]:
    return [part for day in days for part in ("--as-of", day)]


def measured(group: dict[str, Any]) -> dict[str, Any]:
    return {m["name"]: m for m in group["measures"] + group["baselines"]}


def test_retail_buying_again(tmp_path: Path) -> None:
    """Everybody who bought in the last 365 days has a score, and it ranks on every date."""
    days = moments("2010-03-01", "2010-06-01", "2010-09-01")
    found = run("retail", tmp_path, "backtest", *days, "--outcome", "buys_again")
    assert found["horizon"] == {"days": 90, "usual_gap_days": 26.0, "given": False}
    tests = found["outcomes"][0]["tests"]
    for tested, records, least in zip(tests, (1712, 2703, 3321), (0.686, 0.740, 0.726), strict=True):
        score = measured(tested["groups"][-1])["bothways_customer_dependence"]
        assert tested["groups"][-1]["records"] == score["known"] == records
        assert score["auc"]["value"] >= least
    regular, everybody = (measured(g) for g in tests[-1]["groups"])
    assert regular["bothways_customer_dependence"]["auc"]["value"] >= 0.663
    assert everybody["rank_composite"]["auc"]["value"] == pytest.approx(0.729, abs=0.005)
    assert found["outcomes"][0]["verdict"]["code"] == "adds"
    stances = {one["stance"]: one["rate"] for one in tests[-1]["stances"]}
    assert stances["lapsed"] < stances["insufficient_evidence"] - 0.2


def test_retail_weights(tmp_path: Path) -> None:
    days = moments("2010-03-01", "2010-06-01", "2010-09-01")
    found = run("retail", tmp_path, "calibrate", *days, "--out", str(tmp_path / "learnt.toml"))
    assert found["accepted"]
    assert found["score_auc"]["learnt"] >= 0.727
    assert "[calibration]" in (tmp_path / "learnt.toml").read_text()


def test_email_stays_two_way(tmp_path: Path) -> None:
    days = moments("1970-04-01", "1970-05-31", "1970-07-30", "1970-09-18")
    found = run("email", tmp_path, "backtest", *days, "--outcome", "stays_two_way")
    for tested in found["outcomes"][0]["tests"][1:]:
        equal = tested["groups"][-1]
        assert measured(equal)["index_before_null_rule"]["auc"]["value"] >= 0.624
        assert measured(equal)["bothways_reciprocity_index"]["auc_known"]["value"] >= 0.639
        assert equal["gains"]["bothways_reciprocity_index"]["low"] > 0
        assert tested["groups"][0]["gains_beyond_volume"]["bothways_reciprocity_index"]["low"] > 0
    assert found["outcomes"][0]["verdict"]["code"] == "adds"


def test_maven_is_chance(tmp_path: Path) -> None:
    found = run("maven", tmp_path, "backtest", *moments("2017-03-01", "2017-06-01", "2017-09-01"))
    codes = {one["name"]: one["verdict"]["code"] for one in found["outcomes"]}
    assert codes.pop("win") == "no_better_than_chance"
    assert set(codes.values()) == {"not_enough_outcomes"}
    for one in found["outcomes"]:
        for tested in one["tests"]:
            for group in tested["groups"]:
                for measure in group["measures"]:
                    assert 0.47 <= measure["auc"]["value"] <= 0.53
