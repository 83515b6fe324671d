"""SIGINT and SIGTERM: the first asks a run to end cleanly within seconds, the second ends it immediately."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sync.errors import Stopped
from sync.system import logs

EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
LIMIT = 9.5
"""Seconds after a signal in which a run ends; then the process is cut off, which is no worse than a power cut."""


@contextmanager
def obeying_signals(stop: threading.Event) -> Iterator[None]:
    """Within it, a signal sets `stop`. Raises SystemExit with the signal's code once the run has ended, or at the
    second one.
    """
    received: list[int] = []
    signalled, over = threading.Event(), threading.Event()
    # Started now: a signal handler must not start a thread, and what it interrupts may never come back to Python.
    threading.Thread(target=_cut_off, args=(signalled, over, received), name="cut-off", daemon=True).start()

    def handle(number: int, frame: FrameType | None) -> None:
        del frame
        if received:
            raise SystemExit(EXIT_CODES[signal.Signals(number)])
        received.append(number)
        stop.set()
        signalled.set()
        logs.write_at_once("info", "Stopping; the next run resumes. Once more to stop immediately.")

    before = {number: signal.signal(number, handle) for number in EXIT_CODES}
    try:
        yield
    except Stopped as error:
        if not received:
            raise
        logs.write("error", str(error), error=True)
        raise SystemExit(EXIT_CODES[signal.Signals(received[0])]) from None
    finally:
        over.set()
        signalled.set()
        for number, handler in before.items():
            signal.signal(number, handler)


def _cut_off(signalled: threading.Event, over: threading.Event, received: list[int]) -> None:
    signalled.wait()
    if not over.wait(LIMIT):
        logs.write_at_once("warning", "The run did not end in time and is cut off; the next one resumes it.")
        os._exit(EXIT_CODES[signal.Signals(received[0])])
