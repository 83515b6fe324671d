"""HubSpot's own client for Node.js works against the emulator, unmodified."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.emulator.hubspot.app import HubSpotEmulator
from connectors.emulator.organisation.model import demo_organisation
from connectors.emulator.server.http import EmulatorServer

HERE = Path(__file__).parent
STEPS = 10


@pytest.mark.slow
@pytest.mark.node
def test_the_vendors_node_client_reads_writes_and_fails_as_against_the_service(tmp_path: Path) -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("needs node and npm")
    for name in ("package.json", "package-lock.json", "drive.mjs"):
        shutil.copy(HERE / name, tmp_path)
    subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=300,
    )
    app = HubSpotEmulator(
        demo_organisation(accounts=30, now=datetime(2026, 11, 1, tzinfo=UTC)),
        revoked_tokens={"revoked"},
        rate_limits=False,
    )
    with EmulatorServer(app) as server:
        run = subprocess.run(
            [node, "drive.mjs", server.url, app.token],
            cwd=tmp_path,
            capture_output=True,
            check=False,
            text=True,
            timeout=120,
            env={**os.environ, "NODE_OPTIONS": ""},
        )
    assert run.returncode == 0, run.stderr
    assert len(json.loads(run.stdout)) == STEPS
    assert app.stats()["records_written"]["companies"]["our_score"] == 4
