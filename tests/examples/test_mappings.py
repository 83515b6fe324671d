"""The shipped examples map their files without code: made-up samples here, the real data where it is."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pyarrow.parquet as pq
import pytest

from connectors.base import Organisation
from connectors.file.config import FilesConfig, load_mapping
from connectors.file.connector import FileConnector
from connectors.records import STREAMS, Stream

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tests" / "data"
FOLDERS = {"retail": "online_retail_year1", "maven": "maven_crm", "email": "email_eu_first330"}
Rows = dict[str, dict[str, object]]


@contextmanager
def mapped(example: str, data: Path) -> Iterator[FileConnector]:
    mapping = load_mapping(ROOT / "examples" / example / "mapping.toml")
    connector = FileConnector(FilesConfig(input=str(data / FOLDERS[example])), mapping, (), Organisation((), "USD"))
    yield connector
    connector.close()


def rows(connector: FileConnector, stream: Stream) -> Rows:
    pages = list(connector.read(stream, None))
    assert [r for p in pages for r in p.rejects] == []
    return {row["id"]: row for page in pages for row in page.batch.to_pylist()}


def table(name: str) -> list[dict[str, str]]:
    with (SAMPLES / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def orphans(connector: FileConnector) -> dict[str, int]:
    """References from one stream to a record that another does not have."""
    ids = {s: set(rows(connector, s)) for s in STREAMS if s in connector.capabilities.streams}
    links = [("opportunities", "account_id", "accounts"), ("line_items", "opportunity_id", "opportunities")]
    links += [
        ("people", "account_id", "accounts"),
        ("activities", "account_id", "accounts"),
        ("accounts", "parent_id", "accounts"),
    ]
    links += [("opportunities", "owner_id", "users")]
    return {
        f"{stream}.{column}": sum(
            r[column] is not None and r[column] not in ids[target] for r in rows(connector, stream).values()
        )
        for stream, column, target in links
        if stream in ids and target in ids
    }


@pytest.mark.parametrize("example", FOLDERS)
def test_every_reference_of_a_sample_leads_to_a_record(example: str) -> None:
    with mapped(example, SAMPLES) as connector:
        assert {name: n for name, n in orphans(connector).items() if n} == {}
        assert connector.check().ok


def test_invoice_lines_become_customers_deals_and_products() -> None:
    lines = [line for line in table("online_retail_year1/sample.csv") if line["CustomerID"]]
    with mapped("retail", SAMPLES) as connector:
        accounts, deals, items = (rows(connector, s) for s in ("accounts", "opportunities", "line_items"))
    assert set(accounts) == {line["CustomerID"] for line in lines}
    assert set(deals) == {line["InvoiceNo"] for line in lines}
    for number, deal in deals.items():
        mine = [line for line in lines if line["InvoiceNo"] == number]
        assert deal["amount"] == pytest.approx(
            sum(float(x["Quantity"]) * float(x["UnitPrice"]) for x in mine), abs=0.01
        )
        assert (deal["account_id"], deal["is_won"]) == (mine[0]["CustomerID"], True)
        assert deal["close_at"] == deal["created_at"]
    notes = [deal for number, deal in deals.items() if number.startswith("C")]
    assert notes
    assert all(deal["amount"] < 0 and deal["type"] == "credit note" for deal in notes)
    sold = {(x["InvoiceNo"], x["StockCode"]) for x in lines if x["StockCode"][:5].isdigit()}
    assert {(item["opportunity_id"], item["product_family"]) for item in items.values()} == sold


def test_a_crm_export_becomes_accounts_and_deals_with_its_slips_mended() -> None:
    with mapped("maven", SAMPLES) as connector:
        accounts, deals = rows(connector, "accounts"), rows(connector, "opportunities")
    tools, labs = accounts["Northgate Tools"], accounts["Orchid Labs"]
    assert (tools["industry"], tools["annual_revenue"], tools["currency"]) == ("technology", 820_500_000.0, "USD")
    assert (labs["parent_id"], labs["country"], accounts["Orchid Care"]["country"]) == (
        "Orchid Care",
        "Japan",
        "Philippines",
    )
    won, lost, open_, early = (deals[i] for i in ("T000", "T001", "T003", "T005"))
    assert (won["amount"], won["is_won"], won["product_family"]) == (4320.0, True, "GTX")
    assert (lost["amount"], lost["is_closed"], lost["is_won"]) == (25000.0, True, False)
    assert (open_["account_id"], open_["amount"], open_["is_closed"], open_["close_at"]) == (None, 4800.0, False, None)
    assert (early["created_at"], early["probability"]) == (None, 0.1)
    assert all(deal["product_family"] for deal in deals.values())


def test_the_outcome_of_a_deal_is_not_in_what_was_known_before_its_close() -> None:
    with mapped("maven", SAMPLES) as connector:
        deals = rows(connector, "opportunities").values()
    assert {deal["probability"] for deal in deals if deal["created_at"] is not None} == {0.5}


def test_an_edge_list_becomes_pairs_with_messages_both_ways() -> None:
    edges = [
        tuple(map(int, line.split())) for line in (SAMPLES / "email_eu_first330/sample.txt").read_text().splitlines()
    ]
    between = [edge for edge in edges if edge[0] != edge[1]]
    with mapped("email", SAMPLES) as connector:
        accounts, people, acts = (rows(connector, s) for s in ("accounts", "people", "activities"))
    assert set(accounts) == {f"{min(e[:2])}-{max(e[:2])}" for e in between}
    assert len(acts) == len(between)
    inbound = {(a["account_id"], a["occurred_at"].timestamp()) for a in acts.values() if a["direction"] == "inbound"}
    assert inbound == {(f"{b}-{a}", s) for a, b, s in between if a > b}
    assert all(act["person_ids"][0] in people for act in acts.values())


def test_a_new_conversation_begins_after_a_week_of_silence() -> None:
    with mapped("email", SAMPLES) as connector:
        acts = sorted(rows(connector, "activities").values(), key=lambda a: (a["account_id"], a["occurred_at"]))
    for before, after in pairwise(acts):
        if before["account_id"] == after["account_id"]:
            silence = (after["occurred_at"] - before["occurred_at"]).total_seconds()
            assert (before["thread_id"] == after["thread_id"]) == (silence <= 7 * 86_400)


def test_the_real_retail_year(shared_data: Path) -> None:
    with mapped("retail", shared_data) as connector:
        counts = [len(rows(connector, s)) for s in ("accounts", "opportunities", "line_items")]
        amounts = [r["amount"] for r in rows(connector, "opportunities").values()]
    assert counts == [4_383, 23_587, 402_999]
    assert sum(amount < 0 for amount in amounts) > 4_000
    assert sum(amounts) == pytest.approx(8_348_208.57, abs=1)


def test_the_real_crm_export(shared_data: Path) -> None:
    with mapped("maven", shared_data) as connector:
        accounts, deals = rows(connector, "accounts"), list(rows(connector, "opportunities").values())
        assert {name: n for name, n in orphans(connector).items() if n} == {}
    won = [d for d in deals if d["is_won"]]
    lost = [d for d in deals if d["is_closed"] and not d["is_won"]]
    assert (len(accounts), len(deals), len(won), len(lost)) == (85, 8_800, 4_238, 2_473)
    assert sum(d["account_id"] is None for d in deals) == 1_425
    assert all(d["product_family"] for d in deals)
    assert "technolgy" not in {a["industry"] for a in accounts.values()}
    assert sum(a["parent_id"] is not None for a in accounts.values()) == 15


def test_the_real_edge_list(shared_data: Path) -> None:
    with mapped("email", shared_data) as connector:
        assert (len(rows(connector, "accounts")), len(rows(connector, "activities"))) == (11_656, 190_850)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("example", "moments", "stances"),
    [
        ("retail", ("2010-06-01", "2010-09-01"), {"insufficient_evidence", "lapsed"}),
        ("maven", ("2017-06-01", "2017-09-01"), {"insufficient_evidence"}),
    ],
)
def test_real_data_without_activities_is_scored_with_reciprocity_unknown(
    shared_data: Path,
    tmp_path: Path,
    example: str,
    moments: tuple[str, ...],
    stances: set[str],
    claims: ModuleType,
) -> None:
    accounts, kept = scored(example, shared_data, tmp_path, moments)
    assert {row["as_of"][:10] for row in accounts} == set(moments)
    unknown = ("index", "balance", "vs_book")
    assert {row[f"bothways_reciprocity_{name}"] for row in accounts for name in unknown} == {""}
    assert {row["bothways_stance"] for row in accounts} == stances
    assert [claims.untrue(*each) for each in kept] == [[]] * len(moments)
    assert all("no " in row["bothways_top_drivers"] for row in accounts)
    known = [float(row["bothways_customer_dependence"]) for row in accounts if row["bothways_customer_dependence"]]
    assert len(known) > len(accounts) / 4
    assert all(0 < score < 100 for score in known)


@pytest.mark.slow
def test_every_text_about_real_mail_is_true(shared_data: Path, tmp_path: Path, claims: ModuleType) -> None:
    """Nothing was sold, so nobody's need is known: whoever waits is to be answered, of the others nothing is said."""
    accounts, kept = scored("email", shared_data, tmp_path, ("1970-05-31", "1970-07-30"))
    assert [claims.untrue(*each) for each in kept] == [[], []]
    assert {row["bothways_stance"] for row in accounts} <= {"insufficient_evidence", "respond"}
    assert sum(row["bothways_reciprocity_balance"] != "" for row in accounts) > 1_000


def scored(
    example: str, data: Path, folder: Path, moments: tuple[str, ...]
) -> tuple[list[dict[str, str]], list[tuple[Rows, Rows]]]:
    """(the accounts that `bothways score` writes, and of each moment its accounts and audits by id)."""
    words = ["score", "--config", str(ROOT / "examples" / example / "bothways.toml"), "--output", "scores.csv"]
    words += [word for moment in moments for word in ("--as-of", moment)]
    places = {
        "BOTHWAYS_DATA": str(data),
        "BOTHWAYS_WORKSPACE__DIR": str(folder / "work"),
        "PYTHONPATH": str(ROOT),
    }
    run = [sys.executable, "-c", "from sync.cli.app import main; main()", *words]
    done = subprocess.run(run, cwd=folder, env={**os.environ, **places}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with (folder / "scores.csv").open(newline="", encoding="utf-8") as file:
        accounts = [row for row in csv.DictReader(file) if row["stream"] == "accounts"]
    runs = sorted((folder / "work" / "scores").glob("[0-9]*"))
    assert len(runs) == len(moments)
    return accounts, [(_by_id(kept / "accounts.parquet"), _by_id(kept / "account_audit.parquet")) for kept in runs]


def _by_id(path: Path) -> Rows:
    return {row["id"]: row for row in pq.read_table(path).to_pylist()}
