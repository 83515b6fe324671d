"""Ends what is under way soon after the process is asked to stop: waits, database statements, and calls that hang.

One process does one run at a time, so this is one switch for all threads. `sync.system.stop_soon` throws it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from connectors.errors import Unreachable

T = TypeVar("T")
SHORT = 1.0
"""Seconds: a wait that is no longer is waited out, so that a batch under way is not given up for it."""


class Interruptible(Protocol):
    """A database connection whose statement can be ended from another thread."""

    def interrupt(self) -> None: ...


_asked, _cut = threading.Event(), threading.Event()
_lock = threading.Lock()
_connections: list[Interruptible] = []
_cutters: list[Callable[[], object]] = []


class Stopping(Unreachable):
    """The process is being stopped: nothing more is sent, and what was not answered counts as unknown."""


def ask() -> None:
    """From now on long waits end with `Stopping`."""
    _asked.set()


def cut() -> None:
    """From now on no call begins, and those under way are ended."""
    _cut.set()
    for cutter in _cutters:
        cutter()


def interrupt() -> None:
    """Ends the statements that run now; to be repeated, since others may follow."""
    with _lock:
        for connection in _connections:
            connection.interrupt()


def reset() -> None:
    """The run has ended; the next one starts as if nobody had asked."""
    _asked.clear()
    _cut.clear()


def asked() -> bool:
    """Whether the process is asked to stop."""
    return _asked.is_set()


def on_cut(cutter: Callable[[], object]) -> None:
    """Registers what ends calls under way."""
    _cutters.append(cutter)


def pause(seconds: float) -> None:
    """Sleeps. Raises Stopping when asked to stop before a long sleep is over."""
    if seconds <= SHORT:
        time.sleep(max(0.0, seconds))
    elif _asked.wait(seconds):
        raise _stopping()


def go_on() -> None:
    """Raises Stopping when no call may begin any more."""
    if _cut.is_set():
        raise _stopping()


def go_on_computing() -> None:
    """Raises Stopping when asked to stop."""
    if _asked.is_set():
        raise _stopping()


def until_asked(items: Iterable[T]) -> Iterator[T]:
    """The items. Raises Stopping in between when asked to stop."""
    for item in items:
        go_on_computing()
        yield item


@contextmanager
def interruptible(connection: Interruptible) -> Iterator[None]:
    """Within it, `interrupt` ends the connection's statement."""
    with _lock:
        _connections.append(connection)
    try:
        yield
    finally:
        with _lock:
            _connections[:] = [known for known in _connections if known is not connection]


def _stopping() -> Stopping:
    return Stopping("Asked to stop.", remedy="Run the same command again: it resumes.")
