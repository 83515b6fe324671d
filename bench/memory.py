"""Peak memory of reading, settling and scoring, at sizes that double: it must not follow the number of records.

    .venv/bin/python bench/memory.py --activities 250000 1000000        20 activities, 2 people, 1 deal an account

Each size is scored from Parquet files by `bothways score` in a process of its own. `--limit` in MB makes the process
fail that takes more (its data segment is limited). Exits 1 when the largest size took over half as much again as the
smallest.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from connectors.records import SCHEMAS

BOTHWAYS = str(Path(sys.executable).with_name("bothways"))
_TYPES = {
    "string": "VARCHAR",
    "double": "DOUBLE",
    "int64": "BIGINT",
    "bool": "BOOLEAN",
    "list<item: string>": "VARCHAR[]",
}
_VALUES = {
    "accounts": {"id": "'A' || i", "name": "'Customer ' || i", "country": "'US'"},
    "people": {
        "id": "'P' || i",
        "account_id": "'A' || (i // 2)",
        "email": "'p' || i || '@c' || (i // 2) || '.example'",
    },
    "users": {"id": "'U' || i", "name": "'Ann ' || i", "email": "'u' || i || '@ours.example'", "active": "true"},
    "opportunities": {
        "id": "'O' || i",
        "account_id": "'A' || i",
        "amount": "100.0 + i % 997",
        "is_closed": "i % 3 = 0",
        "is_won": "i % 6 = 0",
        "close_at": "TIMESTAMPTZ '2026-01-01' + to_days(CAST(i % 400 AS INTEGER))",
    },
    "activities": {
        "id": "'T' || i",
        "channel": "['email', 'call', 'meeting'][1 + i % 3]",
        "direction": "CASE WHEN hash(i) % 2 = 0 THEN 'inbound' ELSE 'outbound' END",
        "occurred_at": "TIMESTAMPTZ '2025-06-01' + to_minutes(CAST(hash(i + 1) % 700000 AS BIGINT))",
        "person_ids": "['P' || (i // 10)]",
        "user_ids": "['U' || (i % 50)]",
        "thread_id": "'H' || (i // 4)",
        "dedupe_key": "'K' || i",
    },
}


def tables(folder: Path, activities: int) -> None:
    """Canonical tables of so many activities."""
    counts = {
        "accounts": activities // 20,
        "people": activities // 10,
        "users": 50,
        "opportunities": activities // 20,
        "activities": activities,
    }
    with duckdb.connect() as connection:
        for name, count in counts.items():
            columns = []
            for field in SCHEMAS[name]:  # type: ignore[index]
                value = _VALUES[name].get(field.name, "NULL")
                kind = _TYPES.get(str(field.type), "TIMESTAMPTZ")
                columns.append(f'CAST({value} AS {kind}) AS "{field.name}"')
            target = folder / f"{name}.parquet"
            connection.execute(f"COPY (SELECT {', '.join(columns)} FROM range({count}) r(i)) TO '{target}'")


def peak(activities: int, limit: int | None) -> tuple[float, float]:
    """Peak resident MB of the process that scores them, and its seconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "tables").mkdir()
        tables(folder / "tables", activities)
        settings = folder / "bothways.toml"
        settings.write_text(
            '[crm]\nkind = "files"\ninput = "tables"\n\n[workspace]\ndir = "ws"\n\n'
            '[organisation]\nown_domains = ["ours.example"]\ncorporate_currency = "USD"\n'
        )
        before = ["prlimit", f"--data={limit * 2**20}", "--"] if limit is not None else []
        begun = time.monotonic()
        process = subprocess.Popen(
            [*before, BOTHWAYS, "score", "--config", str(settings), "--as-of", "2026-10-01", "--json", "--quiet"],
            stdout=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"scoring {activities:,} activities ended with {process.returncode}")
        return usage.ru_maxrss / 1024, time.monotonic() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--activities", type=int, nargs="+", default=[250_000, 1_000_000])
    parser.add_argument("--limit", type=int, help="MB of data that the process may have")
    arguments = parser.parse_args()
    found = []
    for activities in arguments.activities:
        megabytes, seconds = peak(activities, arguments.limit)
        found.append(megabytes)
        print(f"{activities:>12,} activities: peak {megabytes:,.0f} MB, {seconds:.0f} s", flush=True)
    sys.exit(0 if found[-1] <= 1.5 * found[0] else 1)


if __name__ == "__main__":
    main()
