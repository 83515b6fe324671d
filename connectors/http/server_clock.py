"""The server's clock, as its answers tell it. Our own clock may be wrong, and is never used in its place."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_KEPT = 8
"""Answers that are remembered: one mangled date among them changes nothing."""


class ServerClock:
    """Date headers and the monotonic time of their arrival. Thread-safe."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._offsets: deque[float] = deque(maxlen=_KEPT)
        """Seconds between the monotonic clock and the server's."""

    def note(self, header: str | None) -> None:
        """Learns from a Date header; one that is missing or no date is passed over."""
        try:
            told = parsedate_to_datetime(header or "")
        except (ValueError, TypeError):
            return
        if told.tzinfo is None:
            return
        with self._lock:
            self._offsets.append(told.timestamp() - self._monotonic())

    def now(self) -> datetime | None:
        """The server's time now, by the median of the last answers; None before the first."""
        return self._at(lambda offsets: sorted(offsets)[(len(offsets) - 1) // 2])

    def earliest(self) -> datetime | None:
        """The server's time by the most cautious of the last answers: what happens from now on is stamped later than
        this.

        A watermark must come from here: one that is too early costs a second reading, one too late loses records.
        """
        return self._at(min)

    def _at(self, pick: Callable[[deque[float]], float]) -> datetime | None:
        with self._lock:
            if not self._offsets:
                return None
            offset = pick(self._offsets)
        return datetime.fromtimestamp(0, UTC) + timedelta(seconds=offset + self._monotonic())
