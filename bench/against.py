"""What scoring costs against an earlier commit: the same tables, processes in turns, medians and their ratio.

    .venv/bin/python bench/against.py --accounts 200 --accounts 50000 --rounds 5

The earlier commit is checked out beside this tree (`git worktree`) and runs on the same installed packages. The tables
are those of `bench/scale.py`. Processor seconds and peak memory are of a process that does nothing but score, its start
included; statements are compiled before the first round, as they are on every night but the first. Two trees with the
same model are compared column by column, too.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
from mutation_worker import ROOT, loaded
from scale import BLOCK, BUSY, SEED, repeated

COMMIT = "07061e7"
OUTPUTS = ("accounts", "opportunities", "account_audit", "opportunity_audit")
RUN = """
import resource, sys
from datetime import datetime
from pathlib import Path
sys.path.insert(0, sys.argv[1])
try:
    from sync.enrich import score_tables
except ImportError:
    from sync.engine import score_tables
from enrichment.model import ScoringModel
folder, out = Path(sys.argv[2]), Path(sys.argv[3])
score_tables(folder / "normalized", out, datetime.fromisoformat(sys.argv[4]), ScoringModel(), folder / "before",
             engine="duckdb", scratch=out.with_suffix(".scratch"))
usage = resource.getrusage(resource.RUSAGE_SELF)
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(usage.ru_utime + usage.ru_stime, int(peak.split()[1]) / 1024)
"""


def scored(tree: Path, folder: Path, out: Path, as_of: str) -> tuple[float, float]:
    """Processor seconds and peak MB of one scoring by the code in `tree`."""
    words = [sys.executable, "-W", "ignore", "-c", RUN, str(tree), str(folder), str(out), as_of]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=folder, env=environment)
    seconds, peak = done.stdout.split()
    return float(seconds), float(peak)


def differences(one: Path, other: Path) -> str:
    """How many columns differ in a value; nothing to say when the columns themselves do."""
    found = 0
    for name in OUTPUTS:
        mine, theirs = (pq.read_table(folder / f"{name}.parquet") for folder in (one, other))
        if mine.schema.names != theirs.schema.names:
            return "another model"
        found += sum(not mine[c].equals(theirs[c]) for c in mine.schema.names)
    return f"{found} columns differ"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, action="append")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--commit", default=COMMIT)
    given = parser.parse_args()
    sys.path[:0] = [str(ROOT / "tests")]
    as_of = loaded("enrichment_organisation", ROOT / "tests/enrichment/organisation.py").AS_OF
    from oracle.randomly import Maker  # type: ignore[import-not-found]

    work = Path(tempfile.mkdtemp(prefix="bothways-against-"))
    earlier = work / "earlier"
    subprocess.run(
        ["git", "-C", str(ROOT), "worktree", "add", "-q", "--detach", str(earlier), given.commit], check=True
    )
    try:
        maker = Maker(SEED, as_of, accounts=BLOCK, deals=10, busy=BUSY)
        for accounts in given.accounts or [BLOCK]:
            folder = work / str(accounts)
            repeated(folder, maker.rows, maker.previous(), max(1, accounts // BLOCK))
            trees = {"earlier": earlier, "now": ROOT}
            scored(ROOT, folder, folder / "now", as_of.isoformat())  # compiles
            figures: dict[str, list[tuple[float, float]]] = {name: [] for name in trees}
            for _ in range(given.rounds):
                for name, tree in trees.items():
                    figures[name].append(scored(tree, folder, folder / name, as_of.isoformat()))
            cpu = {name: statistics.median(seconds for seconds, _ in rows) for name, rows in figures.items()}
            peak = {name: statistics.median(mb for _, mb in rows) for name, rows in figures.items()}
            print(
                f"{accounts:,} accounts, "
                f"{pq.read_metadata(folder / 'normalized/activities.parquet').num_rows:,} activities:"
                f" {cpu['now']:.2f} CPU s against {cpu['earlier']:.2f} = {cpu['now'] / cpu['earlier']:.2f};"
                f" peak {peak['now']:.0f} MB against {peak['earlier']:.0f};"
                f" {differences(folder / 'now', folder / 'earlier')}",
                flush=True,
            )
    finally:
        subprocess.run(["git", "-C", str(ROOT), "worktree", "remove", "--force", str(earlier)], check=False)
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
