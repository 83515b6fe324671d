"""The daemon: one sync after another in one process, when they are due. Never two at once; none of them can end it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from sync.daemon.timetable import Agenda
from sync.errors import ending

LONGEST_WAIT = 30.0
"""Seconds between two looks at the clock: after the machine slept, a missed run begins within so many."""

Pass = Callable[[threading.Event], int]
"""One sync, ended early when the event is set; gives its exit code and raises nothing."""


class Clock(Protocol):
    """Time, to be replaced in tests."""

    def now(self) -> datetime: ...

    def wait(self, wake: threading.Event, seconds: float) -> None:
        """Until the event is set, at most so long."""
        ...


class SystemClock:
    """The machine's own."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait(self, wake: threading.Event, seconds: float) -> None:
        wake.wait(seconds)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the daemon is at one moment."""

    running: bool
    stopping: bool
    code: int | None
    began_at: datetime
    ended_at: datetime | None
    succeeded_at: datetime | None
    next_at: datetime
    waits_for_a_person: bool


class Daemon:
    """Runs passes by an agenda until it is stopped. `marked` and `stop` may be called from any thread.

    `waiting` counts the marks that no run has read; `after` is called when a pass has ended.
    """

    def __init__(
        self,
        run: Pass,
        agenda: Agenda,
        *,
        waiting: Callable[[], int] = lambda: 0,
        after: Callable[[Standing], object] = lambda _: None,
        clock: Clock | None = None,
    ) -> None:
        self._run, self._agenda, self._waiting, self._after = run, agenda, waiting, after
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._current: threading.Event | None = None
        self._began = self._clock.now()
        self._ended: datetime | None = None
        self._succeeded: datetime | None = None
        self._look_for_marks()

    def run(self) -> None:
        """Returns when it was stopped and the run under way, if any, has ended."""
        while True:
            self._wake.clear()
            if self._stopping.is_set():  # looked at after the clearing: a stop in between must not be slept through
                return
            now = self._clock.now()
            with self._lock:
                left = (self._agenda.next_at(now) - now).total_seconds()
            if left > 0:
                self._clock.wait(self._wake, min(left, LONGEST_WAIT))
            else:
                self._one_pass()

    def marked(self) -> None:
        """There are marks that no run has read."""
        with self._lock:
            self._agenda.mark(self._clock.now())
        self._wake.set()

    def stop(self) -> None:
        """Asks the run under way to end at its next page or batch, and begins no other."""
        with self._lock:
            self._stopping.set()
            if self._current is not None:
                self._current.set()
        self._wake.set()

    def standing(self) -> Standing:
        """How it is now."""
        now = self._clock.now()
        with self._lock:
            agenda = self._agenda
            return Standing(
                self._current is not None,
                self._stopping.is_set(),
                agenda.code,
                self._began,
                self._ended,
                self._succeeded,
                agenda.next_at(now),
                agenda.waits_for_a_person,
            )

    def _one_pass(self) -> None:
        stop = threading.Event()
        with self._lock:
            if self._stopping.is_set():
                return
            self._agenda.began(self._clock.now())
            self._current = stop
        code = self._run(stop)
        with self._lock:
            self._current = None
            self._ended = self._clock.now()
            self._agenda.ended(code, self._ended)
            if ending(code).success:
                self._succeeded = self._ended
        self._look_for_marks()
        self._after(self.standing())

    def _look_for_marks(self) -> None:
        """Those of an earlier process, and those that came during the run."""
        if self._waiting():
            with self._lock:
                self._agenda.mark(self._clock.now())
