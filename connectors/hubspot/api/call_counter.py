"""Counts calls, and the least number of calls that the published page and batch sizes allow for the same records."""

from __future__ import annotations

import math
import threading
from collections import Counter

from connectors.base import ApiCalls

LIST_PAGE, SEARCH_PAGE, ASSOCIATION_BATCH, BATCH, OWNER_PAGE = 100, 200, 1000, 100, 500
CHUNK = ASSOCIATION_BATCH
"""Records of a page of ours: as many as one call gives the associations of."""


class CallCounter:
    """Thread-safe. One attempt is one call, also when it fails."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()
        self._writes = 0
        self._records: Counter[tuple[str, int]] = Counter()

    def attempt(self, name: str, *, write: bool) -> None:
        """One request is about to be sent."""
        with self._lock:
            self._calls[name] += 1
            self._writes += write

    def needed(self, work: str, records: int, size: int) -> None:
        """Work that needs one call per `size` records, and one if there are none."""
        with self._lock:
            self._records[work, size] += records

    def total(self) -> ApiCalls:
        """Calls so far and the minimum for them."""
        with self._lock:
            return ApiCalls(
                read=sum(self._calls.values()) - self._writes,
                write=self._writes,
                minimum=sum(max(1, math.ceil(n / size)) for (_, size), n in self._records.items()),
                by_endpoint=dict(sorted(self._calls.items())),
            )
