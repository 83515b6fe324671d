"""Makes a run end within seconds of being asked to, whatever it is at: waiting, computing, calling."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from connectors import stopping
from sync.errors import Stopped

GRACE = 3.0
"""Seconds that calls under way may take to be answered; then they are cut, and count as unknown."""
_LOOK, _AGAIN = 0.25, 0.1
"""Seconds between two looks at the event, and between two interruptions of the database."""


@contextmanager
def stopping_soon(stop: threading.Event) -> Iterator[None]:
    """Within it, what is under way ends soon after `stop` is set. Raises Stopped for what was interrupted then.

    Waits end at once, statements of the database within a tenth of a second, calls after GRACE.
    """
    import duckdb

    over = threading.Event()
    thread = threading.Thread(target=_watch, args=(stop, over), name="stop-soon", daemon=True)
    thread.start()
    try:
        yield
    except (stopping.Stopping, duckdb.InterruptException) as error:
        if not stop.is_set():
            raise
        raise Stopped("Asked to stop.", remedy="Run the same command again: it resumes.") from error
    finally:
        over.set()
        thread.join()
        stopping.reset()


def _watch(stop: threading.Event, over: threading.Event) -> None:
    while not stop.wait(_LOOK):
        if over.is_set():
            return
    stopping.ask()
    asked_at, cut = time.monotonic(), False
    while not over.wait(_AGAIN):
        stopping.interrupt()
        if not cut and time.monotonic() - asked_at >= GRACE:
            cut = True
            with suppress(OSError):
                stopping.cut()
