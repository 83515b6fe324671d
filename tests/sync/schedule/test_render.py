"""The units that are printed are taken by what they are for, map exit codes as documented, and hold no secret."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config.settings import load
from connectors.errors import ConfigError
from sync.cli.app import app
from sync.schedule.render import FILES, Asked, units

BIN = Path(sys.executable).parent
ASKED = Asked(Path("/etc/bothways/bothways.toml"), "/usr/local/bin/bothways")
TOML = """
[crm]
kind = "hubspot"
auth = {{ method = "token", token = {{ {source} }} }}
[notify]
webhook = {{ env = "A_HOOK" }}
"""


@pytest.fixture
def settings(tmp_path):
    def make(source):
        path = tmp_path / "bothways.toml"
        path.write_text(TOML.format(source=source))
        return load(path)

    return make


def text_of(kind, settings=None, asked=ASKED):
    return "\n".join(units(kind, settings, asked).values())


@pytest.mark.parametrize("kind", FILES)
def test_every_reference_to_a_secret_has_its_place_and_no_value_is_read(kind, settings, monkeypatch):
    monkeypatch.setenv("A_TOKEN", "canary-token")
    monkeypatch.setenv("A_HOOK", "canary-hook")
    text = text_of(kind, settings('env = "A_TOKEN"'))

    assert "canary" not in text
    assert "$" not in re.sub(r"\$\{\{|\$\?|\$code|\(exit code \$", "", text)
    if kind in ("systemd", "kubernetes", "github-actions"):
        assert text.count("A_TOKEN") >= 1
        assert text.count("A_HOOK") >= 1


def test_systemd_loads_the_credentials_that_the_settings_name(settings):
    text = text_of("systemd", settings('credential = "crm"'))

    assert "LoadCredential=crm:/etc/bothways/crm" in text
    assert re.search(r"^SuccessExitStatus=6 7$", text, re.MULTILINE)
    assert re.search(r"^RestartPreventExitStatus=1 2 3 4 5$", text, re.MULTILINE)
    for line in ("DynamicUser=yes", "ProtectSystem=strict", "TimeoutStartSec=2h", "Persistent=true", "UMask=0077"):
        assert line in text


def test_a_job_of_kubernetes_is_not_tried_again_where_a_person_must_look():
    text = text_of("kubernetes")

    assert re.search(r"action: FailJob\n\s+onExitCodes:\n.*\n.*\n\s+values: \[2, 4, 5\]", text)
    for line in ("concurrencyPolicy: Forbid", "backoffLimit: 2", "runAsNonRoot: true", "readOnlyRootFilesystem: true"):
        assert line in text


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (6, 0), (7, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (8, 8)])
def test_a_workflow_fails_as_bothways_does_except_when_it_is_deferred(code, ends, tmp_path):
    script = text_of("github-actions").split("run: |\n")[-1]
    program = tmp_path / "bothways"
    program.write_text(f"#!/bin/sh\nexit {code}\n")
    program.chmod(0o700)
    done = subprocess.run(
        ["bash", "-e", "-c", script], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, check=False
    )

    assert done.returncode == ends


class Skip(Exception):
    pass


class Fail(Exception):
    pass


class Again(Exception):
    pass


@pytest.mark.parametrize(
    ("code", "error"),
    [(0, None), (1, Fail), (2, Fail), (3, Fail), (4, Fail), (5, Fail), (6, Skip), (7, Skip), (8, Again), (-9, Again)],
)
def test_a_task_of_airflow_fails_skips_or_is_tried_again(code, error, monkeypatch, capsys):
    made, tasks = text_of("airflow"), []
    ast.parse(made)

    def keep(**given):
        return lambda function: (lambda: tasks.append(function)) if function.__name__ == "sync" else function

    airflow = {
        "airflow": types.ModuleType("airflow"),
        "airflow.decorators": types.SimpleNamespace(dag=keep, task=keep),
        "airflow.exceptions": types.SimpleNamespace(
            AirflowException=Again, AirflowFailException=Fail, AirflowSkipException=Skip
        ),
    }
    for name, module in airflow.items():
        monkeypatch.setitem(sys.modules, name, module)
    exec(compile(made, "bothways_dag.py", "exec"), {"__name__": "dag"})
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: types.SimpleNamespace(returncode=code, stdout="{}"))

    [sync] = tasks
    if error is None:
        sync()
    else:
        with pytest.raises(error):
            sync()


def test_cron_gets_one_line_that_a_shell_takes(tmp_path):
    text = text_of("cron")
    [line] = [line for line in text.splitlines() if line.startswith("17 2 * * *")]

    assert subprocess.run(["sh", "-n", "-c", line.split("*  ", 1)[1]], check=False).returncode == 0
    assert "%" not in line  # cron would make a line end of it


@pytest.mark.parametrize(
    "asked",
    [
        Asked(Path("/etc/x"), "/bin/b", at="25:00"),
        Asked(Path("/etc/x"), "/bin/b", at="2:17; reboot"),
        Asked(Path("/etc/x"), "/bin/b", name="../x"),
        Asked(Path("/etc/x y"), "/bin/b"),
        Asked(Path("/etc/x"), "/bin/b\nExecStartPre=/bin/sh"),
        Asked(Path("/etc/x"), "/bin/b", image="x: y"),
    ],
)
def test_what_cannot_stand_in_a_unit_is_refused(asked):
    with pytest.raises(ConfigError):
        units("systemd", None, asked)


def test_an_unknown_scheduler_is_refused_with_those_there_are():
    with pytest.raises(ConfigError, match="systemd"):
        units("launchd", None, ASKED)


def test_files_are_written_once_and_never_over_another(tmp_path):
    words = ["schedule", "systemd", "--config", str(tmp_path / "none.toml"), "--output", str(tmp_path / "units")]

    assert CliRunner().invoke(app, words).exit_code == 0
    assert sorted(path.name for path in (tmp_path / "units").iterdir()) == [
        "bothways-purge.service",
        "bothways-purge.timer",
        "bothways.service",
        "bothways.timer",
    ]
    assert isinstance(CliRunner().invoke(app, words).exception, ConfigError)


CHECKS = {
    "systemd": ["systemd-analyze", "verify"],
    "kubernetes": [str(BIN / "kubernetes-validate"), "--strict"],
    "github-actions": [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.github-workflows"],
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", CHECKS)
@pytest.mark.parametrize("source", ['env = "A_TOKEN"', 'credential = "crm"'])
def test_the_tools_of_each_take_the_units(kind, source, settings, tmp_path):
    check = CHECKS[kind]
    if shutil.which(check[0]) is None:
        pytest.skip(f"{check[0]} is not installed")
    asked = Asked(Path("/etc/bothways/bothways.toml"), sys.executable)
    paths = []
    for name, text in units(kind, settings(source), asked).items():
        (tmp_path / name).write_text(text)
        paths.append(str(tmp_path / name))
    done = subprocess.run([*check, *paths], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr if kind == "systemd" else "") == (0, ""), done.stdout + done.stderr


@pytest.mark.slow
def test_zizmor_finds_nothing_in_the_workflow(settings, tmp_path):
    if not (BIN / "zizmor").exists():
        pytest.skip("zizmor is not installed: run make check-all")
    path = tmp_path / "bothways.yml"
    path.write_text(text_of("github-actions", settings('env = "A_TOKEN"')))
    done = subprocess.run([BIN / "zizmor", "--offline", path], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
