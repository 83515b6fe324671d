"""Signals at random moments of a sync: how long it takes to end, and that the next one resumes.

`python bench/stop_sweep.py --accounts 2000 --signals 40 --crm salesforce`. Each round starts in an empty workspace, so
that every stage is met; SIGTERM, SIGINT and `max_runtime_minutes` take turns. Fails when one takes more than 10 s or
ends otherwise than with its documented code.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from sync.onboarding.demo import build_emulator, organisation_for, write_demo_settings

MOST = 10.0
"""Seconds that a stop may take."""
CODES = {"SIGTERM": 143, "SIGINT": 130, "max_runtime": 7}
_STAGES = ("pull", "land", "enrich", "diff", "write")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=2_000)
    parser.add_argument("--signals", type=int, default=40)
    parser.add_argument("--crm", default="salesforce", choices=["salesforce", "hubspot"])
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    dice = random.Random(asked.seed)
    organisation = organisation_for(None, 7, asked.accounts, 5.0, 30.0)
    with build_emulator(asked.crm, organisation, limits=False) as server, tempfile.TemporaryDirectory() as folder:
        config = write_demo_settings(asked.crm, server.url, organisation, Path(folder))
        environment = {**os.environ, "BOTHWAYS_CRM_TOKEN": server.app.token, "BOTHWAYS_LOG_FORMAT": "text"}
        program = [sys.executable, "-c", "from sync.cli.app import main; main()"]

        def run(*words: str, limit: str | None = None) -> subprocess.Popen[str]:
            return subprocess.Popen(
                [*program, *words, "--config", str(config)],
                env=environment | ({} if limit is None else {"BOTHWAYS_SYNC__MAX_RUNTIME_MINUTES": limit}),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )

        run("provision").communicate()
        begun = time.monotonic()
        whole = run("sync")
        _, errors = whole.communicate()
        span = time.monotonic() - begun
        if whole.returncode:
            print(errors)
            return 1
        print(f"An undisturbed sync of {asked.accounts:,} accounts takes {span:.1f} s.", flush=True)
        waits: dict[str, list[float]] = {}
        bad = 0
        for number in range(asked.signals):
            shutil.rmtree(Path(folder) / "workspace", ignore_errors=True)
            how = list(CODES)[number % len(CODES)]
            took, stage, code = _one(run, how, dice.uniform(0.5, span))
            if code == 0:  # it was quicker than the signal
                stage = "after its end"
            waits.setdefault(stage, []).append(took)
            wrong = took > MOST or code not in (0, CODES[how])
            bad += wrong
            if wrong:
                print(f"{how} in {stage}: {took:.1f} s, exit code {code}", flush=True)
            if number % 5 == 4:
                again = run("sync")
                _, errors = again.communicate()
                if again.returncode:
                    bad += 1
                    print(f"The run after that ended with {again.returncode}: {errors[-500:]}", flush=True)
    for stage, found in sorted(waits.items()):
        print(f"{stage:14} {len(found):4} stops, the longest {max(found):5.2f} s")
    print(f"{asked.signals} stops, the longest {max(max(found) for found in waits.values()):.2f} s; {bad} wrong")
    return 1 if bad else 0


def _one(run: object, how: str, after: float) -> tuple[float, str, int]:
    """Seconds from the request to the end, the stage that was under way, the exit code."""
    assert callable(run)
    limit = str(after / 60) if how == "max_runtime" else None
    begun = time.monotonic()
    process = run("sync", limit=limit)
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.extend(process.stderr), daemon=True)
    reader.start()
    asked_at, stage = 0.0, "start"
    due = begun + after if limit is None else float("inf")
    while process.poll() is None:
        if limit is not None and due == float("inf") and any(line.startswith("pull") for line in said):
            due = time.monotonic() + after  # the program counts from there
        if not asked_at and time.monotonic() >= due:
            asked_at = time.monotonic()
            named = [name for name in _STAGES if any(line.startswith(name) for line in said)]
            stage = named[-1] if named else "start"
            if not limit:
                process.send_signal(getattr(signal, how))
        time.sleep(0.02)
    took = time.monotonic() - asked_at if asked_at else 0.0
    reader.join()
    process.stderr.close()
    # Before and after the program's own handlers the signal itself ends it, which a shell shows as the same code.
    return took, stage, process.returncode if process.returncode >= 0 else 128 - process.returncode


if __name__ == "__main__":
    raise SystemExit(main())
