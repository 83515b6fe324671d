"""HubSpot's newer Python SDK finds nothing wrong with any answer, strictly validated."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.emulator.hubspot.app import HubSpotEmulator
from connectors.emulator.organisation.model import demo_organisation
from connectors.emulator.server.http import EmulatorServer

HERE = Path(__file__).parent


@pytest.mark.slow
def test_the_vendors_newer_sdk_validates_every_answer(tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path)], check=True, capture_output=True, timeout=120)
    install = [str(python), "-m", "pip", "install", "-q", "-r", str(HERE / "requirements.txt")]
    subprocess.run(install, check=True, capture_output=True, timeout=300)
    now = datetime(2026, 11, 1, tzinfo=UTC)
    with EmulatorServer(HubSpotEmulator(demo_organisation(accounts=30, now=now), rate_limits=False)) as server:
        run = subprocess.run(
            [str(python), str(HERE / "drive.py"), server.url, server.app.token],
            capture_output=True,
            check=False,
            text=True,
            timeout=120,
            env={**os.environ, "NO_PROXY": "127.0.0.1"},
        )
    assert run.returncode == 0, run.stderr
    assert len(json.loads(run.stdout)) == 10
