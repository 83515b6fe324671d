"""The first SIGTERM ends a run cleanly with 143; the next run goes on and ends where an uninterrupted one would
have.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from sync.onboarding.demo import build_emulator, write_demo_settings


def test_sigterm_in_the_middle_of_a_pull(organisation, tmp_path):
    with build_emulator("hubspot", organisation, limits=False) as server:
        path = write_demo_settings("hubspot", server.url, organisation, tmp_path)
        environment = {**os.environ, "BOTHWAYS_CRM_TOKEN": server.app.token, "BOTHWAYS_LOG_FORMAT": "text"}

        def command(*words):
            return [sys.executable, "-c", "from sync.cli.app import main; main()", *words, "--config", str(path)]

        subprocess.run(command("provision", "--quiet"), env=environment, check=True)
        server.faults.add({"match": {"path": "emails"}, "kind": "stall", "seconds": 1, "times": None})
        running = subprocess.Popen(
            command("sync", "--json"), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for line in running.stderr:
            if line.startswith("pull"):
                running.send_signal(signal.SIGTERM)
                break
        _, errors = running.communicate(timeout=60)
        server.faults.clear()
        again = subprocess.run(command("sync", "--json"), env=environment, capture_output=True, text=True, check=False)

    assert running.returncode == 143, errors
    assert again.returncode == 0, again.stderr
    assert server.stats()["records_written"]["companies"]["bothways_stance"] == len(
        organisation.visible().tables["accounts"]
    )
