"""Freezes what this version of the program leaves behind: `python tests/data/states/make.py`, once for each release.

Makes `tests/data/states/<version of the tables>/` with a state database, the settings that the release ships as its
reference, the CRM that the state speaks of, and how many rows each table had. It is never made again for an old
version: that every later program can go on with it is what `tests/sync/state/test_upgrade.py` tests.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
import tempfile
import warnings
from contextlib import closing
from pathlib import Path

HERE = Path(__file__).parent
if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parents[1] / "sync"))


def main() -> None:
    from fake_crm import AS_OF, FakeConnector, organisation
    from scorer import SPECS, by_acts, scoring_by

    from connectors.base import WriteError
    from connectors.errors import QuotaReached
    from enrichment.model import ScoringModel
    from sync.options import RunContext, RunOptions, Workspace
    from sync.progress import NullProgress
    from sync.run import run_sync
    from sync.state import tables

    warnings.filterwarnings("ignore", category=DeprecationWarning)
    made = HERE / str(tables.VERSION)
    made.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        crm = organisation(8, path=made / "crm.json")
        connector = FakeConnector(crm, SPECS, write_batch=5, write_workers=1)
        connector.refuse["A002"] = WriteError("rejected", "RULE", "A rule says no.", "Mend the rule.")

        def sync() -> object:
            options = RunOptions(as_of=AS_OF)
            with scoring_by(by_acts):
                return run_sync(
                    RunContext(connector, Workspace(Path(folder)), ScoringModel(), SPECS, options, NullProgress())
                )

        sync()
        for n in range(6):  # a second run that is cut short: some rows confirmed, some without an answer, some not sent
            crm.put(
                "activities",
                f"late{n}",
                channel="call",
                direction="inbound",
                occurred_at=AS_OF,
                person_ids=[f"P00{n}0"],
            )
        connector.lose_answers = [None, QuotaReached("the day is over")]
        sync()
        crm.save()
        state = Path(folder) / "state.sqlite"
        with closing(sqlite3.connect(state)) as connection:
            connection.execute("pragma wal_checkpoint(truncate)")
            counts = {
                table.name: connection.execute(f"select count(*) from {table.name}").fetchone()[0]
                for table in tables.metadata.sorted_tables
            }
            statuses = dict(connection.execute("select status, count(*) from journal group by status").fetchall())
        shutil.copy(state, made / "state.sqlite")
    shutil.copy(HERE.parents[2] / "config" / "bothways.toml", made / "bothways.toml")
    (made / "expected.json").write_text(json.dumps({"rows": counts, "journal": statuses}, indent=1) + "\n")


if __name__ == "__main__":
    main()
