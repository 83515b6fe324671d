"""SIGINT and SIGTERM: the first asks a run to end cleanly at the next page or batch, the second ends it at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sync.errors import Stopped
from sync.system import logs

EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


@contextmanager
def obeying_signals(stop: threading.Event) -> Iterator[None]:
    """Within it, a signal sets `stop`. Raises SystemExit with the signal's code once the run has ended, or at the second one."""
    received: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        del frame
        if received:
            raise SystemExit(EXIT_CODES[signal.Signals(number)])
        received.append(number)
        stop.set()
        logs.write_at_once("info", "Stopping after the batch under way; once more to stop at once.")

    before = {number: signal.signal(number, handle) for number in EXIT_CODES}
    try:
        yield
    except Stopped as error:
        if not received:
            raise
        logs.write("error", str(error), error=True)
        raise SystemExit(EXIT_CODES[signal.Signals(received[0])]) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
