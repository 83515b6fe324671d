"""Reads and syncs in a process whose clock is wrong: by hours, jumping while they run, in other zones."""

from __future__ import annotations

import os
import sys
import threading
import time
import warnings
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path


def main(settings: str, token: str, orders: Connection) -> None:
    """Obeys (what, hours, jump, zone) until None comes: `read` answers {stream: ids read}, `sync` (exit code,
    notes).
    """
    os.environ["BOTHWAYS_CRM_TOKEN"] = token
    warnings.filterwarnings("ignore")
    here = Path(__file__).parent
    sys.path[:0] = [str(here.parent / "sync"), str(here.parents[1])]
    from config import settings as config_settings
    from connectors.http import retry

    retry.without_waiting(on=True)
    loaded = config_settings.load(Path(settings))
    cursors: dict[str, str] = {}
    while (order := orders.recv()) is not None:
        what, hours, jump, zone = order
        with wrong(hours, jump, zone):
            orders.send(read(loaded, cursors) if what == "read" else sync(loaded))
    orders.close()


class wrong:  # noqa: N801  (used as a function)
    """The clock is so many hours off, and jumps by so many more in the middle."""

    def __init__(self, hours: float, jump: float, zone: str) -> None:
        import time_machine

        off = datetime.now(UTC) + timedelta(hours=hours)
        self._travel = time_machine.travel(off, tick=True)
        self._jump, self._zone = timedelta(hours=jump), zone

    def __enter__(self) -> None:
        os.environ["TZ"] = self._zone
        time.tzset()
        traveller = self._travel.start()
        if self._jump:
            threading.Timer(0.02, lambda: traveller.shift(self._jump)).start()

    def __exit__(self, *exc: object) -> None:
        time.sleep(0.03 if self._jump else 0)  # the jump must not come into the next run
        self._travel.stop()


def read(settings, cursors: dict[str, str]) -> dict[str, list[str]]:
    """One incremental read of the streams that are written to, each from where the one before ended."""
    from sync.registry import connect

    connector = connect(settings)
    found: dict[str, list[str]] = {}
    assert connector.capabilities.streams  # at Salesforce the first question, and the first answer with a clock
    for stream in ("accounts", "opportunities"):
        pages = list(connector.read(stream, cursors.get(stream)))
        cursors[stream] = pages[-1].cursor
        found[stream] = [i for page in pages for i in page.batch.column("id").to_pylist()]
    connector.close()
    return found


def sync(settings) -> tuple[int, list[str]]:
    from scorer import SPECS, by_acts, scoring_by

    from enrichment.model import ScoringModel
    from sync.options import RunContext, options_from, workspace_of
    from sync.progress import NullProgress
    from sync.registry import connect
    from sync.run import run_sync

    notes: list[str] = []

    class Notes(NullProgress):
        def note(self, message: str) -> None:
            notes.append(message)

    options = options_from(settings, datetime(2026, 10, 15, tzinfo=UTC))
    connector = connect(settings)
    with scoring_by(by_acts):
        told = run_sync(RunContext(connector, workspace_of(settings), ScoringModel(), SPECS, options, Notes()))
    connector.close()
    return told.exit_code, notes
