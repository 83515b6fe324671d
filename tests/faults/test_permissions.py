"""Whatever the umask: what a run leaves behind can be read by its owner only."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("crm", ["hubspot", "salesforce"])
def test_files_are_0600_and_folders_0700(emulated, crm):
    case = emulated(crm)
    code = "import os; os.umask(0o022); from sync.cli.app import main; main()"
    environment = {**os.environ, "BOTHWAYS_ERROR_LOG": str(case.folder / "errors" / "log")}
    config = ("--config", str(case.folder / "bothways.toml"))
    before = {path: path.stat().st_mode for path in case.folder.rglob("*")}
    for words in (
        ("sync", "--json"),
        ("plan",),
        ("sync", "--full"),
        ("report",),
        ("score", "--output", str(case.folder / "made" / "s.csv")),
        ("purge", "--older-than", "30d"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, *words, *config],
            env=environment,
            cwd=case.folder,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    made = {path: stat.S_IMODE(path.lstat().st_mode) for path in case.folder.rglob("*") if path not in before}
    inside = {path: mode for path, mode in made.items() if path != case.folder / "made"}  # the reader's own folder
    assert len(inside) > 30
    assert {
        str(p.relative_to(case.folder)): oct(m) for p, m in inside.items() if m != (0o700 if p.is_dir() else 0o600)
    } == {}
