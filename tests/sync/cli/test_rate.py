"""`rate` by flags and at a terminal, and what a rating does to the next scores."""

from __future__ import annotations

import html
import io
import json
import shutil
import tomllib

import pyarrow.parquet as pq
import pytest

from sync.cli.app import app
from sync.console.exit import ended
from sync.console.output import Output

SETTINGS = """[crm]
kind = "files"   # exports of ours
input = "data"

[organisation]
own_domains = ["ours.example"]
"""
MAPPING = """
[accounts]
from = "customers"
columns = { id = "id", name = "name" }
[opportunities]
from = "sales"
columns = { id = "id", name = "id", account_id = "customer", amount = "amount", close_at = "day", created_at = "day" }
constants = { is_closed = true, is_won = true }
[line_items]
from = "sales"
columns = { id = "id", opportunity_id = "id", product_family = "family", amount = "amount", created_at = "day" }
[tables.customers]
file = "customers.csv"
[tables.sales]
file = "sales.csv"
types = { day = "DATE", amount = "DOUBLE" }
"""


@pytest.fixture
def shop(tmp_path):
    """Twelve customers; one buys pumps, which is most of the money, the others valves and seals."""
    (tmp_path / "data").mkdir()
    (tmp_path / "bothways.toml").write_text(SETTINGS)
    (tmp_path / "mapping.toml").write_text(MAPPING)
    customers = ["id,name", *(f"c{i},Customer {i}" for i in range(12))]
    (tmp_path / "data" / "customers.csv").write_text("\n".join(customers) + "\n")
    sales = ["id,customer,day,amount,family"]
    for month in range(1, 11):
        sales.append(f"p{month},c0,2026-{month:02}-03,9000,Pumps")
        sales += [
            f"v{month}-{i},c{i},2026-{month:02}-0{i % 9 + 1},200,{'Valves' if i % 2 else 'Seals'}" for i in range(1, 12)
        ]
    (tmp_path / "data" / "sales.csv").write_text("\n".join(sales) + "\n")
    return tmp_path


@pytest.fixture
def run(shop, monkeypatch, capsys):
    """Runs a command in the shop's folder; gives what it printed and what it complained of."""
    monkeypatch.chdir(shop)
    monkeypatch.setattr("sys.stdin", io.StringIO())

    def go(*words, code=0):
        assert ended(lambda: app(list(words), standalone_mode=False) or 0, Output()) == code
        return capsys.readouterr()

    return go


def needs(folder):
    (latest,) = sorted((folder / ".bothways" / "scores").iterdir())[-1:]
    rows = pq.read_table(latest / "accounts.parquet").to_pylist()
    return {row["id"]: (row["bothways_customer_dependence"], row["bothways_seller_dependence"]) for row in rows}


def test_a_rated_family_changes_the_next_scores_and_ends_what_its_rating_cost(shop, run):
    plan = run("plan", "--as-of", "2026-11-01")
    checked, _ = run("check"), run("report", "--out", "before.html")
    before = needs(shop)
    listed = json.loads(run("rate", "--json").out)
    done = run("rate", "--set", "pump=3,3,3,0", "--family", "valves", "--strategic", "no", "--modular", "80%")
    shown, _ = run("plan", "--as-of", "2026-11-01", "--json"), run("report", "--out", "after.html")
    after, rechecked = needs(shop), run("check")

    highest = max(need for need, _ in before.values())
    cost = (
        'None of the 3 product families sold is rated. For 12 of 12 accounts "They need us" rests on at most '
        "7 of its 10 parts:"
        f" none of them is above {highest:.1f}, and Stay close and Plan together begin at 60."
    )
    first = "Rate Pumps first (80% of revenue, 1 account): bothways rate\n"
    assert f"{cost}\n{first}" in plan.out
    assert f"todo  ratings: {cost}\n      {first}" in checked.out
    assert checked.out.count("Rate Pumps first") == 1
    assert html.escape(cost, quote=False) in html.unescape((shop / "before.html").read_text())
    assert json.loads(shown.out)["ratings"] is None
    assert "ratings:" not in rechecked.out
    assert "bothways rate" not in (shop / "after.html").read_text()

    assert [(f["family"], f["accounts"], round(f["share"], 2), f["strategic"]) for f in listed["families"]] == [
        ("Pumps", 1, 0.8, None), ("Valves", 6, 0.11, None), ("Seals", 5, 0.09, None)
    ]  # fmt: skip
    assert tomllib.loads((shop / "bothways.toml").read_text())["score"] == {"model": "model.toml"}
    assert "# exports of ours" in (shop / "bothways.toml").read_text()
    assert tomllib.loads((shop / "model.toml").read_text())["families"] == {
        "strategic": {"Pumps": 0.9, "Valves": 0.0}, "critical": {"Pumps": 0.9}, "modular": {"Pumps": 0.0, "Valves": 0.8}
    }  # fmt: skip
    assert "Next: bothways plan" in done.out
    assert after["c0"][0] > before["c0"][0] + 5  # strategic, critical, hard to swap out
    assert after["c1"][0] < before["c1"][0]  # neither strategic nor hard to swap out
    assert after["c2"] == before["c2"]  # buys what nobody has rated
    assert {path.name for path in shop.iterdir()} == {
        ".bothways", "bothways.toml", "data", "mapping.toml", "model.toml", "before.html", "after.html"
    }  # fmt: skip


def test_a_person_is_asked_by_revenue_and_forgiven_and_may_stop(shop, typed):
    seen, code = typed(
        ["rate"],
        [
            ("strategy", "very much so"),
            ("strategy", "Yes"),
            ("work stop", " 2 of 3"),
            ("cost them", ""),
            ("piece by piece", "?"),
        ],
        shop,
    )
    assert code == 0, seen
    assert "'very much so' is no answer: give 0 to 3" in seen
    assert "Pumps  (1 of 3; 80% of revenue, 1 account)" in seen
    assert "80% of revenue is rated, which is enough to begin with" in seen
    assert tomllib.loads((shop / "model.toml").read_text())["families"] == {
        "strategic": {"Pumps": 0.9},
        "critical": {"Pumps": 0.6},
    }

    seen, code = typed(["rate", "--family", "Pumps"], [("strategy", ""), ("work stop", "?"), ("cost them", "q")], shop)
    assert code == 0, seen
    assert tomllib.loads((shop / "model.toml").read_text())["families"] == {"strategic": {"Pumps": 0.9}, "critical": {}}


def test_what_cannot_be_rated_is_said(shop, run):
    assert "Did you mean Pumps?" in run("rate", "--set", "Pumsp=3", code=2).err
    assert "'9' is no answer" in run("rate", "--set", "Pumps=9", code=2).err
    assert "Add --family" in run("rate", "--strategic", "3", code=2).err
    assert "Nobody can be asked here" in run("rate", code=2).err
    assert not (shop / "model.toml").exists()

    (shop / "model.toml").write_text("# of another one\n")
    assert "does not name it" in run("rate", "--list", code=2).err
    (shop / "model.toml").unlink()
    sales = (shop / "data" / "sales.csv").read_text()
    (shop / "data" / "sales.csv").write_text(sales.replace("Pumps", "").replace("Valves", "").replace("Seals", ""))
    shutil.rmtree(shop / ".bothways")
    assert "No sale of the last 24 months names a product family" in run("rate", "--list", code=2).err
