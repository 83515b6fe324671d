"""The commands that look after runs, as a person types them, against an emulated CRM."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from sync.cli.app import app


def test_written_looked_up_and_taken_back(emulated):
    case = emulated("hubspot")
    config = ["--config", str(case.folder / "bothways.toml")]

    def bothways(*words):
        told = CliRunner().invoke(app, [*words, *config])
        return told.exit_code, told.stdout

    assert bothways("status", "--max-age", "26h")[0] == 1
    code, text = bothways("sync", "--json")
    run = json.loads(text)
    assert (code, run["written"] > 100) == (0, True)
    code, text = bothways("status", "--max-age", "26h", "--json")
    assert (code, len(json.loads(text)["install"])) == (0, 32)

    _, text = bothways("history", run["run_id"], "--json")
    changes = json.loads(text)["changes"]
    assert len(changes) == run["written"]
    record = changes[0]["record_id"]
    assert record in bothways("history", record)[1]

    _, text = bothways("rollback", run["run_id"], "--plan", "--json")
    assert (json.loads(text)["restored"], json.loads(text)["outcome"]) == (run["written"], None)
    code, text = bothways("rollback", run["run_id"], "--json")
    assert (code, json.loads(text)["outcome"]["written"]) == (0, run["written"])
    assert {value for values in case.held().values() for value in values.values()} == set()

    assert bothways("dead-letters", "drop", "--all")[0] == 0
    assert bothways("dead-letters", "retry")[0] == 0
    assert bothways("purge", "--older-than", "30d", "--json")[0] == 0
    assert case.app.token not in "".join(p.read_text("latin-1") for p in case.folder.rglob("*") if p.is_file())
