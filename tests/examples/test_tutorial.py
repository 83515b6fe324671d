"""`docs/tutorial-files.md` is followed to the letter: its files are written, its commands run, its output compared."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorial-files.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(sh|toml|text)\n(.*?)```", PAGE, re.DOTALL)


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[str, str]]]:
    """The folder in which everything was done, and (block of commands, its output) in order."""
    here = tmp_path_factory.mktemp("tutorial")
    shutil.copytree(ROOT / "examples", here / "examples", ignore=shutil.ignore_patterns(".bothways"))
    shutil.copytree(ROOT / "tests" / "data", here / "tests" / "data")
    program = here / "bin" / "bothways"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "from sync.cli.app import main; main()" "$@"\n')
    program.chmod(0o755)
    keep = {name: value for name, value in os.environ.items() if not name.startswith("BOTHWAYS_")}
    environment = {**keep, "PATH": f"{program.parent}:{os.environ['PATH']}", "COLUMNS": "160", "PYTHONPATH": str(ROOT)}
    done = []
    for kind, block in BLOCKS:
        if kind == "toml":
            name = re.match(r"# file: (\S+)\n", block)
            assert name is not None, "every TOML block of the tutorial says which file it is"
            (here / name[1]).write_text(block, encoding="utf-8")
        elif kind == "sh":
            ran = subprocess.run(
                ["sh", "-ec", block], cwd=here, env=environment, capture_output=True, text=True, check=False
            )
            assert ran.returncode == 0, f"{block}\n{ran.stdout}\n{ran.stderr}"
            done.append((block, ran.stdout))
    return here, done


def test_what_the_tutorial_shows_is_what_the_commands_say(followed) -> None:
    outputs = iter(followed[1])
    printed, compared = "", 0
    for kind, block in BLOCKS:
        if kind == "sh":
            printed = _squeezed(next(outputs)[1])
        elif kind == "text" and printed.strip():
            assert [line for line in block.splitlines() if _squeezed(line.strip()) not in printed] == []
            compared += 1
            printed = ""
    assert compared == 3


def test_the_scores_have_a_row_for_every_record(followed) -> None:
    with (followed[0] / "my-scores" / "scores.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    accounts = {row["name"]: row for row in rows if row["stream"] == "accounts"}
    assert (len(accounts), len(rows)) == (12, 148)
    assert float(accounts["Lumen Print"]["bothways_reciprocity_balance"]) > 30
    waiting = min(accounts.values(), key=lambda row: float(row["bothways_reciprocity_balance"] or 0))
    assert waiting["name"] == "Mistral Air"
    assert float(waiting["bothways_seller_responsiveness"]) < 10
    assert waiting["bothways_stance"] == "respond"
    assert accounts["Riverbend Clinic"]["bothways_reciprocity_balance"] == ""
    assert accounts["Riverbend Clinic"]["bothways_top_drivers"].startswith("last bought 6 mo ago")


def test_no_text_of_the_tutorial_contradicts_its_record(followed, claims) -> None:
    runs = sorted((followed[0] / "my-scores" / ".bothways" / "scores").glob("[0-9]*"))
    assert runs
    for run in runs:
        rows, audits = (
            {r["id"]: r for r in pq.read_table(run / f"{n}.parquet").to_pylist()} for n in ("accounts", "account_audit")
        )
        assert claims.untrue(rows, audits) == []


def test_the_second_sync_writes_nothing_and_the_files_hold_the_scores(followed) -> None:
    here, done = followed
    synced = next(text for block, text in done if "--json" in block)
    last = json.loads(synced[synced.index("\n{") :])
    assert (last["written"], last["changed"], last["unchanged"]) == (0, 0, 148)
    with (here / "my-scores" / ".bothways" / "files" / "accounts_scores.csv").open(
        newline="", encoding="utf-8"
    ) as file:
        assert len(list(csv.DictReader(file))) == 12


def test_every_key_of_a_mapping_is_explained() -> None:
    from connectors.file.activity.settings import Calendar, Calls, Mailbox
    from connectors.file.config import Part, Table

    models = (Part, Table, Mailbox, Calendar, Calls)
    keys = {info.alias or name for model in models for name, info in model.model_fields.items()}
    explained = set(re.findall(r"`(?:\[\w+\] )?(\w+)`", "\n".join(re.findall(r"^\|(.*?)\|", PAGE, re.MULTILINE))))
    assert keys - explained == set()
