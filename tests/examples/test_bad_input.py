"""Bad records in a folder of files are told, and everything else is scored, exactly as if they were not there."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = {
    "accounts.csv": "id,name,parent_id\nA,Alder,\nB,Birch,C\nC,Cedar,B\nD,Dogwood,\n",
    "people.csv": "id,account_id,email\npa,A,pat@alder.example\n",
    "users.csv": "id,name,active\nu,Uma,true\n",
    "opportunities.csv": "id,account_id,amount,currency,is_closed,is_won,close_at,created_at\n"
    + "".join(
        f"O{a}{m},{a},{100 * m},EUR,true,true,2025-{m:02}-10,2025-{m:02}-01\n" for a in "ABD" for m in range(1, 7)
    ),
    "currency_rates.csv": "id,currency,rate\nr,USD,0.9\n",
    "activities.csv": "id,channel,direction,outcome,occurred_at,created_at,account_id,person_ids,user_ids\n"
    + "".join(
        f"E{d},email,{'inbound' if d % 3 else 'outbound'},done,2025-05-{d:02}T09:00:00Z,"
        f"2025-05-{d:02}T09:00:00Z,A,pa,u\n"
        for d in range(1, 29)
    ),
}
BAD = {
    "accounts.csv": "E\n",  # too few columns
    "opportunities.csv": "OX,D,7,XXX,true,true,2025-05-05,2025-05-01\nOY,D,lots,EUR,false,false,,2025-05-01\n",
    "activities.csv": "E99,email,outbound,done,2031-01-01T09:00:00Z,2025-05-01T09:00:00Z,A,pa,u\n",
}


def _scores(folder: Path, files: dict[str, str]) -> tuple[dict[str, dict[str, str]], dict[str, object]]:
    data = folder / "data"
    data.mkdir(parents=True)
    for name, text in files.items():
        (data / name).write_text(text)
    (folder / "bothways.toml").write_text(
        '[crm]\nkind = "files"\ninput = "data"\n[organisation]\ncorporate_currency = "EUR"\n[score]\nprofile = "full"\n'
    )
    words = ("score", "--config", "bothways.toml", "--as-of", "2025-07-01", "--output", "scores.csv", "--json")
    code = "from sync.cli.app import main; main()"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with (folder / "scores.csv").open(newline="", encoding="utf-8") as file:
        rows = {f"{row['stream']}/{row['id']}": row for row in csv.DictReader(file)}
    return rows, json.loads(done.stdout)


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory):
    clean = _scores(tmp_path_factory.mktemp("clean"), FILES)
    dirty = _scores(tmp_path_factory.mktemp("dirty"), {name: text + BAD.get(name, "") for name, text in FILES.items()})
    return clean, dirty


def test_every_good_record_is_scored_beside_the_bad_ones(scored) -> None:
    (clean, before), (dirty, told) = scored
    assert set(dirty) - set(clean) == {"opportunities/OX", "opportunities/OY"}
    assert set(clean) <= set(dirty)
    # the circle of parents; and the short row, the amount that is no number, the currency without a rate
    assert (before["rejects"], told["rejects"]) == (1, 4)


def test_an_activity_in_the_future_changes_nothing(scored) -> None:
    (clean, _), (dirty, _) = scored
    effort = ("bothways_seller_effort_hours", "bothways_customer_effort_hours", "bothways_reciprocity_balance")
    alder = {name: clean["accounts/A"][name] for name in effort}
    assert all(alder.values())
    assert alder == {name: dirty["accounts/A"][name] for name in effort}


def test_a_circle_of_parents_is_cut_and_scored(scored) -> None:
    for rows, _ in scored:
        assert (
            rows["accounts/B"]["bothways_seller_dependence"] == rows["accounts/C"]["bothways_seller_dependence"] != ""
        )


def test_money_that_cannot_be_converted_is_left_out_and_said(scored) -> None:
    dogwood = scored[1][0]["accounts/D"]
    assert "XXX" in dogwood["bothways_top_drivers"] or "rate" in dogwood["bothways_top_drivers"]


def test_without_activity_reciprocity_is_empty_with_the_reason_and_never_0(scored) -> None:
    for rows, _ in scored:
        dogwood = rows["accounts/D"]
        assert [
            dogwood[f"bothways_{n}"] for n in ("reciprocity_index", "reciprocity_balance", "reclaimable_hours")
        ] == [""] * 3
        assert dogwood["bothways_stance"] == "insufficient_evidence"
        assert "no activity" in dogwood["bothways_top_drivers"]
