"""Plans of one organisation read in many orders, by one process: `shuffled.py FOLDER SEED...` prints a JSON list of
them.

The order of pages, of rows within a page, the size of pages and the number of readers are drawn from each seed; what
else may differ between two machines (hash seed, time zone, locale) is for the caller to set in the environment.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import warnings
from contextlib import nullcontext
from pathlib import Path

if __name__ == "__main__":
    here = Path(__file__).parent
    sys.path[:0] = [str(here.parent / "sync"), str(here.parents[1])]

from fake_crm import AS_OF, FakeConnector, FakeCrm, organisation
from scorer import SPECS, by_acts, scoring_by

from enrichment.model import ScoringModel
from sync.options import RunContext, RunOptions, Workspace
from sync.progress import NullProgress
from sync.run import run_plan

FULL = -1
"""The seed for which the scores are those of the product, not of the tests' quick scorer."""


class Shuffled(FakeConnector):
    """Reads pages and their rows in an order that the dice decide."""

    def _batch(self, stream, rows):
        if self.order is not None:
            self.order.shuffle(rows)
        return super()._batch(stream, rows)


def crm() -> FakeCrm:
    """Renamed, merged and deleted records among the others."""
    made = organisation(40)
    for n in range(0, 40, 3):
        made.put("accounts", f"A{n:03d}", name=f"Renamed {n}")
    made.merge("people", "P0010", "P0011")
    made.delete("activities", "T0020")
    return made


def planned(folder: Path, seed: int, number: int) -> dict[str, str]:
    """Digest of the plan and of its bytes."""
    dice = random.Random(f"{seed}/{number}")
    connector = Shuffled(
        crm(), SPECS, page=dice.randint(1, 60), read_workers=dice.randint(1, 6), order=random.Random(dice.random())
    )
    options = RunOptions(as_of=AS_OF)
    with nullcontext() if seed == FULL else scoring_by(by_acts):
        told = run_plan(
            RunContext(
                connector, Workspace(folder / f"{seed}-{number}"), ScoringModel(), SPECS, options, NullProgress()
            )
        )
    assert told.plan_path is not None
    return {"digest": told.digest, "bytes": hashlib.sha256(told.plan_path.read_bytes()).hexdigest()}


if __name__ == "__main__":
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    sys.stdout.write(json.dumps([planned(Path(sys.argv[1]), int(s), n) for n, s in enumerate(sys.argv[2:])]) + "\n")
