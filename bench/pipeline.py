"""The whole line at size: pull, land, enrich, diff and write back against an emulator in a process of its own.

    .venv/bin/python bench/pipeline.py --accounts 10000       both CRMs; 5 opportunities and 50 activities an account

Prints, for each CRM: calls made against the least that the published page and batch sizes allow, rows a second by
stage, peak memory, and what the second sync wrote (it must be 0). Exits 1 if a claim does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connectors.emulator.organisation.model import demo_organisation
from sync.onboarding.demo import write_demo_settings

BOTHWAYS = str(Path(sys.executable).with_name("bothways"))


@contextmanager
def emulator(crm: str, accounts: int, seed: int) -> Iterator[dict[str, Any]]:
    """An emulator in its own process, without rate limits: what is measured here is our own work."""
    command = [BOTHWAYS, "emulator", crm, "--accounts", str(accounts), "--seed", str(seed), "--no-limits"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(timeout=30)


def run(config: Path, token: str, *words: str) -> tuple[dict[str, Any], float, float]:
    """The command's JSON, its wall seconds and its peak memory in MB."""
    environment = {**os.environ, "BOTHWAYS_CRM_TOKEN": token}
    begun = time.monotonic()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen([BOTHWAYS, *words, "--config", str(config), "--json"], stdout=out, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read()
    if process.returncode != 0:
        raise SystemExit(f"bothways {' '.join(words)} ended with {process.returncode}: {text}")
    return json.loads(text), time.monotonic() - begun, usage.ru_maxrss / 1024


def bench(crm: str, accounts: int, seed: int) -> bool:
    """Runs one CRM and prints what was measured; False if a claim failed."""
    with tempfile.TemporaryDirectory() as folder, emulator(crm, accounts, seed) as ready:
        # only own domains, currency and zone are taken from this one: they do not depend on the size
        config = write_demo_settings(crm, ready["ready"], demo_organisation(seed, 24), Path(folder))
        run(config, ready["token"], "provision")
        first, wall, memory = run(config, ready["token"], "sync")
        again, wall_again, _ = run(config, ready["token"], "sync")
        third, wall_third, _ = run(config, ready["token"], "sync")
    pulled, seconds, calls = first["pulled"], first["seconds"], first["api_calls"]
    rows = sum(pulled.values())
    scored = sum(first["scored"].values())
    made = calls["read"] + calls["write"]
    print(
        f"\n{crm}: {accounts:,} accounts, {pulled.get('opportunities', 0):,} opportunities, "
        f"{pulled.get('activities', 0):,} activities"
    )
    print(f"  calls      {made:,} made, least possible {calls['minimum']:,}: {made / max(1, calls['minimum']):.3f}")
    for stage, amount in (
        ("pull", rows),
        ("land", rows),
        ("enrich", scored),
        ("diff", scored),
        ("write", first["written"]),
    ):
        took = seconds.get(stage) or 0.0
        print(f"  {stage:8}   {amount:,} rows in {took:.1f} s" + (f": {amount / took:,.0f} rows/s" if took else ""))
    print(f"  first sync {wall:.1f} s wall, peak memory {memory:,.0f} MB, wrote {first['written']:,}")
    for name, result, took in (("second", again, wall_again), ("third", third, wall_third)):
        used = result["api_calls"]
        print(f"  {name:6} sync {took:.1f} s wall, {used['read'] + used['write']:,} calls, wrote {result['written']:,}")
    return again["written"] == 0 and third["written"] == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--crm", choices=("salesforce", "hubspot"))
    arguments = parser.parse_args()
    crms = [arguments.crm] if arguments.crm else ["salesforce", "hubspot"]
    results = [bench(crm, arguments.accounts, arguments.seed) for crm in crms]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
