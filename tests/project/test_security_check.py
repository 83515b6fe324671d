"""The security check never calls ok what was not done."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def check(monkeypatch):
    spec = importlib.util.spec_from_file_location("security_check", ROOT / ".ci" / "security.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    monkeypatch.setattr(made.sys, "argv", ["security.py", "dependencies"])
    return made


@pytest.mark.parametrize(
    ("code", "out", "errors", "word", "exits"),
    [
        (0, "", "No known vulnerabilities found", "ok", 0),
        (
            1,
            "",
            "ERROR:pip_audit._cli:x: Dependency not found on PyPI and could not be audited: x (1)",
            "not audited",
            0,
        ),
        (1, "", "requests.exceptions.ConnectionError: Max retries exceeded", "not audited", 0),
        (
            1,
            '{"dependencies": [{"name": "x", "vulns": [{"id": "PYSEC-1"}]}]}',
            "Found 1 known vulnerability",
            "FAILED",
            1,
        ),
        (2, "", "usage: pip-audit", "FAILED", 1),
    ],
)
def test_an_audit_that_could_not_be_made_is_told_as_such(check, monkeypatch, capsys, code, out, errors, word, exits):
    monkeypatch.setattr(check, "run", lambda *words, **k: subprocess.CompletedProcess(words, code, out, errors))

    assert check.main() == exits
    assert capsys.readouterr().out.startswith(word)


def test_every_action_of_the_workflows_is_pinned_and_nothing_is_allowed_by_default():
    for path in [
        *(ROOT / ".github" / "workflows").glob("*.yml"),
        ROOT / "sync" / "schedule" / "units" / "github-actions.yml",
    ]:
        text = path.read_text(encoding="utf-8")
        uses = [line.split("uses:")[1].split("#")[0].strip() for line in text.splitlines() if "uses:" in line]
        assert uses != []
        assert all(len(name.partition("@")[2]) == 40 for name in uses), path
        assert "\npermissions: {}\n" in text
