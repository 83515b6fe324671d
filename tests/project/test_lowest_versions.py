"""The lowest versions that `pyproject.toml` allows are enough for a first sync: its floors are true."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_lowest_versions_allowed_install_and_sync(tmp_path):
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv is None:
        pytest.skip("uv is not installed: `make requirements` installs it")
    venv.create(tmp_path / "venv", with_pip=False)
    program = tmp_path / "venv" / "bin" / "bothways"
    install = [uv, "pip", "install", "--quiet", "--python", str(program.with_name("python"))]
    done = subprocess.run(
        [*install, "--resolution", "lowest-direct", str(ROOT)], capture_output=True, text=True, check=False
    )
    if "error sending request" in done.stderr or "Failed to fetch" in done.stderr:
        pytest.skip("no package index can be reached")
    assert done.returncode == 0, done.stderr

    (tmp_path / "accounts.csv").write_text("id,name,created_at\n1,Ash,2024-01-05\n2,Birch,2024-02-06\n")
    (tmp_path / "bothways.toml").write_text(
        '[crm]\nkind = "files"\ninput = "."\n[organisation]\nown_domains = ["us.example"]\n'
    )
    environment = {"PATH": os.environ["PATH"], "BOTHWAYS_CACHE": str(tmp_path / "cache")}
    for command, said in (("provision", ""), ("sync", "2 written"), ("sync", "0 written, 2 unchanged"), ("plan", "")):
        ran = subprocess.run(
            [program, command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert said in ran.stdout
