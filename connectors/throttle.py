"""Rate and quota: one rolling window and one brake per host, shared by all threads of a connector."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable


class Throttle:
    """At most `limit` calls begin in any `seconds` (a rolling window), and none while the brake is on.

    `clock` is monotonic seconds. Thread-safe; `acquire` blocks.
    """

    def __init__(
        self,
        limit: int,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if limit < 1 or seconds <= 0:
            raise ValueError("a throttle allows at least one call in a positive time")
        self._limit, self._seconds = limit, seconds
        self._clock, self._sleep = clock, sleep
        self._begun: deque[float] = deque()
        self._braked_until = 0.0
        self._lock = threading.Lock()

    def acquire(self) -> float:
        """Waits until a call may begin; returns the seconds waited."""
        waited = 0.0
        while True:
            with self._lock:
                now = self._clock()
                while self._begun and now - self._begun[0] >= self._seconds:
                    self._begun.popleft()
                pause = self._braked_until - now
                if pause <= 0 and len(self._begun) < self._limit:
                    self._begun.append(now)
                    return waited
                if pause <= 0:
                    pause = self._seconds - (now - self._begun[0])
            pause = max(pause, 0.001)
            self._sleep(pause)
            waited += pause

    def brake(self, seconds: float) -> None:
        """No call begins for that long: the server said so to one thread, so all of them stop."""
        with self._lock:
            self._braked_until = max(self._braked_until, self._clock() + seconds)
