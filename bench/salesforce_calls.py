"""What a Salesforce organisation of some size costs: API calls against the least possible, memory, and who waits for
whom.

    .venv/bin/python bench/salesforce_calls.py --accounts 1000 10000
    .venv/bin/python bench/salesforce_calls.py --accounts 100000 --activities 10

For each size an emulator in a process of its own, `provision`, then three times `sync`: the first reads everything, the
second what the first has written (it lies within the overlap), the third, with the overlap off, what a quiet day is.
The least is worked out here from how many records the organisation holds, not taken from the connector: for each object
the cheaper of REST (2,000 rows a call, 10,000 for rows asked by id) and one Bulk job (three calls and one for each
50,000 rows); 1,000 records a write. Exits 1 when the first takes more than the least and 5 % and 10 calls, when a later
one writes, when the quiet one takes more than 15 calls, or when any takes more than 1 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from connectors.emulator.organisation.model import demo_organisation
from connectors.salesforce.config import API_VERSION, SalesforceMapping
from connectors.salesforce.connector import mapped_objects
from connectors.salesforce.read.lookups import RELATION_OBJECTS
from sync.onboarding.demo import write_demo_settings

BOTHWAYS = str(Path(sys.executable).with_name("bothways"))
REST_PAGE, BY_ID, BULK_PAGE, BULK_JOB, WRITE_BATCH = 2_000, 10_000, 50_000, 3, 1_000
SPARE, FLAT = 1.05, 10
QUIET = 15
MOST_MEMORY_MB = 1_024


@dataclass(frozen=True, slots=True)
class Run:
    """One command: what it printed, its wall and processor seconds, its peak memory."""

    result: Mapping[str, Any]
    wall: float
    cpu: float
    memory_mb: float

    @property
    def waiting(self) -> float:
        """The share of the wall time in which it computed nothing: it waited for the organisation (or the disk)."""
        return max(0.0, 1.0 - self.cpu / self.wall)


@contextmanager
def emulator(accounts: int, activities: float, seed: int) -> Iterator[dict[str, Any]]:
    """An emulated organisation in its own process."""
    sizes = ["--accounts", str(accounts), "--activities-per-account", str(activities), "--seed", str(seed)]
    process = subprocess.Popen([BOTHWAYS, "emulator", "salesforce", *sizes], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(timeout=30)


def run(config: Path, token: str, *words: str) -> Run:
    """A command of ours. Raises SystemExit when it fails."""
    environment = {**os.environ, "BOTHWAYS_CRM_TOKEN": token}
    begun = time.monotonic()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen([BOTHWAYS, *words, "--config", str(config), "--json"], stdout=out, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - begun
        out.seek(0)
        text = out.read()
    if process.returncode != 0:
        raise SystemExit(f"bothways {' '.join(words)} ended with {process.returncode}: {text}")
    return Run(json.loads(text), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def mapped() -> list[str]:
    """The objects that the demo's mapping reads."""
    folder = resources.files("config") / "mappings"
    whole = tomllib.loads((folder / "salesforce.toml").read_text(encoding="utf-8"))
    own = tomllib.loads((folder / "salesforce-demo.toml").read_text(encoding="utf-8"))
    return mapped_objects(SalesforceMapping.model_validate(_over(whole, own)))


def _over(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    joined = dict(base)
    for name, value in top.items():
        both = isinstance(value, dict) and isinstance(base.get(name), dict)
        joined[name] = _over(base[name], value) if both else value
    return joined


def sizes(ready: Mapping[str, Any], objects: list[str]) -> dict[str, int]:
    """How many records each object has, as the organisation counts them; without those that it does not have."""
    found = {}
    for name in objects:
        words = urllib.parse.urlencode({"q": f"SELECT COUNT() FROM {name}"})
        request = urllib.request.Request(f"{ready['ready']}/services/data/v{API_VERSION}/queryAll?{words}")
        request.add_header("Authorization", f"Bearer {ready['token']}")
        try:
            with urllib.request.urlopen(request) as answer:
                found[name] = int(json.load(answer)["totalSize"])
        except urllib.error.HTTPError:
            continue
    return found


def calls_by_endpoint(ready: Mapping[str, Any]) -> dict[str, int]:
    """As the organisation has counted them."""
    with urllib.request.urlopen(f"{ready['ready']}/__emulator__/stats") as answer:
        return dict(json.load(answer)["calls"])


def least_reads(held: Mapping[str, int]) -> int:
    """One description, one count of records, and each object in the cheaper of its two ways."""
    made = 2
    for name, rows in held.items():
        page = BY_ID if name in RELATION_OBJECTS else REST_PAGE
        made += min(max(1, -(-rows // page)), BULK_JOB + max(1, -(-rows // BULK_PAGE)))
    return made


def bench(accounts: int, activities: float, seed: int) -> bool:
    """Measures one size and prints it; False when a claim does not hold."""
    with tempfile.TemporaryDirectory() as folder, emulator(accounts, activities, seed) as ready:
        # only own domains, currency and zone are taken from this organisation: they do not depend on the size
        config = write_demo_settings("salesforce", ready["ready"], demo_organisation(seed, 24), Path(folder))
        run(config, ready["token"], "provision")
        before = calls_by_endpoint(ready)
        runs = [run(config, ready["token"], "sync")]
        text = config.read_text(encoding="utf-8")
        config.write_text(text.replace("[crm]\n", "[crm]\noverlap_minutes = 0\n"), encoding="utf-8")
        asked = calls_by_endpoint(ready)
        runs += [run(config, ready["token"], "sync") for _ in range(2)]
        held = sizes(ready, [name for name in mapped() if name not in ("Product2",)])
    first = runs[0]
    reads, writes = least_reads(held), -(-first.result["written"] // WRITE_BATCH)
    rows = sum(first.result["pulled"].values())
    print(
        f"\n{accounts:,} accounts, {activities:g} activities each: {sum(held.values()):,} records, {rows:,} of "
        f"them read"
    )
    print("  sync     reads  least   writes  least   written   wall s  waiting  peak MB")
    held_up = True
    for name, each in zip(("first", "echo", "quiet"), runs, strict=True):
        calls, written = each.result["api_calls"], each.result["written"]
        wanted = writes if each is first else 0
        print(
            f"  {name:7}{calls['read']:7,}{reads if each is first else '-':>7}{calls['write']:9,}{wanted:7,}"
            f"{written:10,}{each.wall:9.1f}{each.waiting:9.0%}{each.memory_mb:9,.0f}"
        )
        held_up &= each is not first or calls["read"] <= reads * SPARE + FLAT
        held_up &= name != "quiet" or calls["read"] <= QUIET
        held_up &= calls["write"] <= wanted * SPARE + (FLAT if each is first else 0)
        held_up &= each.memory_mb <= MOST_MEMORY_MB
    stages = ", ".join(f"{name} {took:.1f}" for name, took in first.result["seconds"].items() if took >= 0.05)
    print(f"  first sync by stage, s: {stages}")
    most = sorted((n - before.get(name, 0), name) for name, n in asked.items())[:-9:-1]
    print("  of its calls: " + ", ".join(f"{name} {n:,}" for n, name in most if n))
    print("" if held_up else "  a claim does not hold", end="" if held_up else "\n")
    return held_up


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--activities", type=float, default=50.0, help="of each account")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    results = [bench(accounts, arguments.activities, arguments.seed) for accounts in arguments.accounts]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
