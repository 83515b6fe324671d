"""Unattended: metrics and alerts of real runs, a limit of time, and containers that keep nothing between runs."""

from __future__ import annotations

import json
import shutil
import stat

import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from sync.cli.app import app
from sync.errors import exit_code

pytestmark = pytest.mark.slow


def families(text):
    """{(metric, label values): value}"""
    return {
        (sample.name, tuple(v for n, v in sorted(sample.labels.items()) if n != "crm")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def bothways():
    def run(case, *words):
        return CliRunner().invoke(app, [*words, "--config", str(case.folder / "bothways.toml")])

    return run


def add(case, toml):
    path = case.folder / "bothways.toml"
    path.write_text(path.read_text() + toml)


def test_metrics_of_a_run_are_those_of_its_result(emulated, bothways):
    case = emulated("hubspot")
    add(case, f'\n[metrics]\ntextfile = "{case.folder}/node/bothways.prom"\n')
    told = json.loads(bothways(case, "sync", "--json").stdout)
    path = case.folder / "node" / "bothways.prom"
    text = path.read_text()
    found = families(text)

    for stream in ("accounts", "opportunities"):
        assert found["bothways_records", (stream, "scored")] == told["scored"][stream]
    assert (
        sum(v for (name, labels), v in found.items() if name == "bothways_records" and labels[1] == "written")
        == told["written"]
    )
    assert {labels[0] for name, labels in found if name == "bothways_run_duration_seconds"} == set(told["seconds"])
    assert found["bothways_last_run_exit_code", ()] == 0
    assert found["bothways_stance_changes", ()] == sum(
        n for name, n in told["changes_by_field"].items() if name.endswith("stance")
    )
    answers = sum(value for (name, _), value in found.items() if name == "bothways_api_calls_total")
    assert answers == told["api_calls"]["read"] + told["api_calls"]["write"]
    assert 0 <= found["bothways_api_quota_remaining_ratio", ()] <= 1
    assert found["bothways_score_age_seconds", ()] > 0
    assert found["bothways_last_success_timestamp_seconds", ()] == pytest.approx(
        found["bothways_last_run_timestamp_seconds", ()], abs=60
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [p.name for p in path.parent.iterdir()] == ["bothways.prom"]
    assert case.app.token not in text
    assert not any(row["properties"].get("name", "x") in text for row in case.app.records("accounts"))


def test_metrics_of_a_failed_run_say_so_and_keep_the_last_success(emulated, bothways):
    case = emulated("hubspot")
    add(case, f'\n[metrics]\ntextfile = "{case.folder}/bothways.prom"\n')
    bothways(case, "sync", "--json")
    before = families((case.folder / "bothways.prom").read_text())
    case.fault(kind="status", status=401, times=None, body="{}")
    bothways(case, "sync", "--json")
    after = families((case.folder / "bothways.prom").read_text())

    assert after["bothways_last_run_exit_code", ()] == 4
    name = ("bothways_last_success_timestamp_seconds", ())
    assert after[name] == before[name]


@pytest.mark.parametrize("crm", ["hubspot", "salesforce"])
def test_nothing_kept_between_runs_writes_nothing_twice(emulated, crm):
    case = emulated(crm)
    first = case.sync()
    held = case.held()
    shutil.rmtree(case.settings.workspace.dir)
    again = case.sync()

    assert first.result.written > 0
    assert (again.code, again.result.changed, again.result.written) == (0, 0, 0)
    assert again.result.unchanged == first.result.written + first.result.unchanged
    assert case.held() == held


def test_a_limit_of_time_defers_and_the_next_run_goes_on(emulated, bothways, clean):
    case = emulated("hubspot")
    add(case, "\n[sync]\nmax_runtime_minutes = 0.0005\n")
    stopped = bothways(case, "sync", "--json")
    assert exit_code(stopped.exception) == 7
    assert case.written() == 0

    case.settings = type(case.settings)(**{**case.settings.model_dump(), "sync": {}})
    assert case.sync().code == 0
    assert case.held() == clean("hubspot")
