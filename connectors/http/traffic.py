"""What crossed the wire: one debug line for each exchange with a CRM, answers counted by status, the day's allowance.

A line has method, path, status, seconds and the harmless headers; never a query (SOQL and filters hold data), a body or
a token.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Mapping

from connectors.redaction import redact, shown_headers

_log = logging.getLogger(__name__)
_SALESFORCE_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")


class Traffic:
    """Answers of this process, by HTTP status, and the share of the day's calls that the CRM says is left.
    Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: Counter[int] = Counter()
        self._left: float | None = None

    def note(self, status: int, headers: Mapping[str, str]) -> None:
        """Counts one answer."""
        left = _left_of_day(headers)
        with self._lock:
            self._answers[status] += 1
            self._left = self._left if left is None else left

    def answers(self) -> Counter[int]:
        """Answers so far, by status."""
        with self._lock:
            return Counter(self._answers)

    def left_of_day(self) -> float | None:
        """0 to 1 as of the last answer that said; None when none did."""
        with self._lock:
            return self._left


TRAFFIC = Traffic()


class Exchange:
    """One request under way."""

    def __init__(self, method: str, url: str, headers: Mapping[str, str] | None) -> None:
        self._what = f"{method} {redact(url.partition('?')[0])}"
        self._sent = dict(headers or {})
        self._begun = time.monotonic()

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """Counts the answer and writes the line when debug logs are wanted."""
        TRAFFIC.note(status, headers)
        if _log.isEnabledFor(logging.DEBUG):
            took = time.monotonic() - self._begun
            sent, got = shown_headers(self._sent), shown_headers(dict(headers))
            _log.debug("%s -> %d in %.3f s; sent %s; got %s", self._what, status, took, sent, got)


def _left_of_day(headers: Mapping[str, str]) -> float | None:
    usage = _SALESFORCE_USAGE.search(headers.get("Sforce-Limit-Info", ""))
    if usage and int(usage[2]):
        return max(0.0, 1 - int(usage[1]) / int(usage[2]))
    left, daily = headers.get("X-HubSpot-RateLimit-Daily-Remaining", ""), headers.get("X-HubSpot-RateLimit-Daily", "")
    return int(left) / int(daily) if left.isdecimal() and daily.isdecimal() and int(daily) else None
