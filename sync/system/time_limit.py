"""A run's limit of time: when it is reached the run ends cleanly at the next page or batch and goes on another time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sync.errors import OutOfTime, Stopped


@contextmanager
def within_time(stop: threading.Event, limit: timedelta | None) -> Iterator[None]:
    """Within it, `stop` is set when the limit is over. Raises OutOfTime when the run ended for that."""
    if limit is None:
        yield
        return
    over = threading.Event()

    def expire() -> None:
        if not stop.is_set():  # a signal came first: it decides how this ends
            over.set()
            stop.set()

    timer = threading.Timer(limit.total_seconds(), expire)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Stopped as error:
        if not over.is_set():
            raise
        raise OutOfTime(
            f"The limit of {limit} for a run is over.",
            remedy="Run again: it goes on from here, with the same plan if there was one.",
        ) from error
    finally:
        timer.cancel()
        timer.join()
