"""What commands say: plans record by record, names found by a part, times as people say them, help without noise."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer.main

from connectors.errors import ConfigError
from sync.cli.app import app
from sync.console.explanation import _standing, _trust
from sync.console.help import GROUPS
from sync.console.output import Output
from sync.console.plan import show_plan
from sync.console.results import ago, show_result
from sync.report.explain import _find
from sync.report.plan import as_changes, planned_changes, write_csv
from sync.result import RunResult

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 30, 15, 13, tzinfo=UTC)


@pytest.fixture
def scores(tmp_path):
    for stream, stem, names in (
        ("accounts", "bothways_", ["Ferrowell Rail", "Castell Pharma", "Castell Foods"]),
        ("opportunities", "bothways_deal_", ["Ferrowell Rail: renewal", "Spares"]),
    ):
        rows = [
            {"id": f"{stream[0]}{n}", "name": name, f"{stem}stance": "maintain", f"{stem}top_drivers": f"why {name}"}
            for n, name in enumerate(names)
        ]
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / f"{stream}.parquet")
    return tmp_path


def planned(path, *changes):
    rows = [
        {"stream": s, "record_id": i, "parent_id": None, "forced": "", "old": json.dumps(o), "new": json.dumps(n)}
        for s, i, o, n in changes
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.fixture
def plan(scores):
    moved = {"bothways_customer_dependence": 40.0}, {"bothways_customer_dependence": 55.5, "bothways_asof": "x"}
    stance = {"bothways_stance": "maintain"}, {"bothways_stance": "partner"}
    new = {"bothways_stance": None}, {"bothways_stance": "respond"}
    return planned(
        scores / "plan.parquet",
        ("accounts", "a1", *new),
        ("accounts", "a2", *moved),
        ("accounts", "a0", *stance),
        ("opportunities", "o1", {"bothways_deal_confidence": 1.0}, {"bothways_deal_confidence": None}),
    )


def test_a_plan_tells_changed_stances_first_then_moves_then_what_is_new(plan, scores):
    rows = planned_changes(plan, scores)

    assert [row.id for row in rows] == ["a0", "a2", "o1", "a1"]
    assert [change.lines for change in as_changes(rows)][1:] == [
        ("They need us: 40.0 → 55.5",),
        ("How sure: 1.0 → nothing",),
        ("What to do: Respond",),
    ] or rows[3].lines()[0][0] == "What to do"
    assert rows[0].why == "why Ferrowell Rail"


def test_a_plan_on_a_terminal_names_records_the_rest_and_the_next_command(plan, scores, capsys):
    result = RunResult(
        "r",
        "files",
        "",
        "",
        changed=4,
        unchanged=3,
        scored={"accounts": 1, "opportunities": 6},
        digest="0123456789abcdef",
    )
    show_plan(Output(), result, planned_changes(plan, scores), everything=False)
    said = capsys.readouterr().out

    assert "Scored 1 account and 6 deals. 4 would be written, 3 stay as they are." in said
    assert "Ferrowell Rail" in said
    assert "They need us 40.0 → 55.5" in said
    assert said.rstrip().endswith("bothways sync --plan 0123456789ab")


def test_the_table_of_a_plan_is_inert_in_a_spreadsheet(scores):
    path = planned(scores / "p.parquet", ("accounts", "=1+1", {"x": None}, {"x": "+cmd"}))
    write_csv(scores / "p.csv", planned_changes(path, scores))

    assert (scores / "p.csv").read_text().splitlines()[1] == "accounts,'=1+1,'=1+1,x,,'+cmd,"


def test_a_record_is_found_by_a_part_of_its_name_and_accounts_come_before_deals(scores):
    assert _find(scores, "ferrowell")[2]["id"] == "a0"
    assert _find(scores, "Renewal")[2]["id"] == "o0"
    assert _find(scores, "a1")[2]["id"] == "a1"
    with pytest.raises(ConfigError, match=r"2 records have 'castell' in their name:\n  account a1  Castell Pharma"):
        _find(scores, "castell")


def test_a_slip_of_the_pen_is_answered_with_the_name_that_was_meant(scores):
    with pytest.raises(ConfigError, match=r"called 'Ferowell Rail'\. Did you mean Ferrowell Rail\?"):
        _find(scores, "Ferowell Rail")
    with pytest.raises(ConfigError, match=r"called 'qqq'\. Give any part"):
        _find(scores, "qqq")


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(seconds=5), "just now (15:12 UTC)"),
        (timedelta(minutes=4), "4 minutes ago (15:09 UTC)"),
        (timedelta(hours=1), "1 hour ago (14:13 UTC)"),
        (timedelta(days=3), "3 days ago (2026-11-27 15:13 UTC)"),
        (-timedelta(hours=1), "in the future (16:13 UTC): check the clock"),
    ],
)
def test_times_are_told_from_now(before, said):
    assert ago(NOW - before, NOW) == said
    assert ago(None) == "never"


def test_a_sync_ends_with_a_sentence_and_the_next_command(capsys):
    result = RunResult("r", "files", "2026-11-30T02:00:00.000000Z", "", scored={"accounts": 12, "opportunities": 136},
                       written=148, changed=148, seconds={"pull": 30.0, "write": 8.2})  # fmt: skip
    show_result(Output(), result)
    said = capsys.readouterr().out

    assert said.startswith("Done in 38 s: 12 accounts and 136 deals scored, 148 updated.")
    assert said.endswith("Next: bothways report\n")


def test_the_next_command_reaches_the_settings_of_this_run(capsys):
    result = RunResult("r", "files", "2026-11-30T02:00:00.000000Z", "")
    show_result(Output(), result, config=Path("my scores/bothways.toml"))
    assert capsys.readouterr().out.endswith("Next: bothways report --config 'my scores/bothways.toml'\n")
    show_result(Output(), result, config=Path("bothways.toml"))
    assert capsys.readouterr().out.endswith("Next: bothways report\n")


@pytest.mark.parametrize(
    ("seen", "written", "said"),
    [
        (0.0, 95.2, "so confidence is 0.0, and 95.2 since silence is known here."),
        (62.3, 62.3, "so confidence is 62.3."),
    ],
)
def test_the_confidence_that_is_explained_is_the_one_that_is_written(seen, written, said, capsys):
    scores = (("bothways_confidence_effort", written),)
    found = SimpleNamespace(
        scores=scores,
        standing=(("silence_known", True),),
        benefit=None,
        cost=None,
        coverage_of_benefit=0.2,
        coverage_of_cost=0.2,
        confidence_in_dependence=0.0,
        coverage_of_channels=1.0,
        confidence_in_effort=seen,
    )
    _trust(Output(), found)
    assert said in capsys.readouterr().out


def test_a_remedy_that_findings_share_is_told_once(capsys):
    from connectors.base import Finding
    from sync.console.findings import show_findings

    show_findings(
        Output(),
        [Finding("warn", "a", "one", "fix it"), Finding("ok", "b", "fine"), Finding("fail", "c", "two", "fix it")],
    )

    assert capsys.readouterr().out.splitlines() == ["warn  a: one", "ok    b: fine", "FAIL  c: two", "      fix it"]


def test_help_groups_every_command_and_puts_no_type_after_a_flag():
    from typer.testing import CliRunner

    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    grouped = [name for names in GROUPS.values() for name in names]
    assert set(commands) == set(grouped)
    assert len(grouped) == len(set(grouped))
    for words in ([], ["sync"], ["dead-letters"], ["state", "check"]):
        shown = CliRunner().invoke(app, [*words, "--help"]).output
        assert "--help" in shown
        assert "<bool>" not in shown


def test_alone_in_an_empty_folder_the_command_names_the_first_step(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOTHWAYS_CONFIG", raising=False)
    shown = CliRunner().invoke(app, [])

    assert shown.exit_code == 0
    assert "Next: bothways init" in shown.output


OLD = (
    "who needs whom and who is putting in the effort",
    "the next run ends where an uninterrupted one would have",
    "Half a pull is never scored",
    "Ask, check, write bothways.toml",
    "Go on though another install",
    "Take away exactly what provision",
    "far too much for the nightly run",
    "least possible {",
    "Last success: {",
    "the CRM took every change",
    "Names must be given whole",
    "at the next run, one figure at a time",
    "of channels hold records",
    "kept from the last run: within",
    "changed by somebody since",
    "can be taken back",
    "Where time can be taken back",
    "At once, if wished",
    "Trying again by itself makes sense",
    "under 1% of their sales",
    "hard to replace piecemeal",
    "{n} rivals seen",
    "no rival seen",
    "full year as a customer",
)
"""Sentences that people read and did not understand."""


def test_the_old_wordings_are_gone():
    files = [
        path
        for folder in ("config", "connectors", "sync", "docs", "enrichment", "examples")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".md", ".toml", ".j2", ".js", ".css")
        and "node_modules" not in path.parts
        and "adr" not in path.parts
    ]
    texts = {path: re.sub(r"\s+", " ", path.read_text(encoding="utf-8")) for path in [*files, ROOT / "README.md"]}

    assert {(str(path.relative_to(ROOT)), old) for path, text in texts.items() for old in OLD if old in text} == set()


def test_an_explanation_says_where_the_customer_stands(capsys):
    told = {
        "lifecycle": "lapsed",
        "newest_end": "2025-11-02",
        "lapse_days": 200.0,
        "silence_known": True,
        "by_silence": True,
        "logging_reach": 0.85,
        "mail_share": 0.4,
        "opened_threads": 5,
        "left_threads": 3,
        "opened_cases": 0,
        "left_cases": 0,
        "own_own_accord_hours": 1.25,
        "stance_confidence": 61.0,
        "with_family_life": False,
        "with_family_dependence": True,
        "with_family_effort": True,
    }
    _standing(Output(), SimpleNamespace(standing=tuple(told.items())))
    said = capsys.readouterr().out
    for words in (
        "Lifecycle: lapsed; the newest purchase or end of a contract was on 2025-11-02",
        "Silence is known: 85% of the customers like them",
        "the stance rests on it",
        "threads they opened lately and that are due: 5, of which 3 saw no act of ours",
        "of their own accord they spent 1.2 h",
        "judged with its group: dependence, effort",
    ):
        assert words in said
    assert "cases they opened" not in said
    _standing(Output(), SimpleNamespace(standing=()))
    assert capsys.readouterr().out == ""
