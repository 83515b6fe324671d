"""The day's allowance of a HubSpot account: what is left of it, as the last answer told, and what is kept for
others.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from connectors.errors import QuotaReached
from connectors.http.quota_reserve import kept_share
from connectors.http.server_clock import ServerClock
from connectors.hubspot.config import HubSpotConfig

_REMEMBERED = 900.0
"""Seconds: a remainder of the day older than this is asked for again, by the next call, since a day may have begun."""


class Quota:
    """Thread-safe. `zone` is that of the hours in which others work with the account."""

    def __init__(
        self, config: HubSpotConfig, clock: ServerClock, zone: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._config, self._clock, self._zone, self._monotonic = config, clock, zone, monotonic
        self._lock = threading.Lock()
        self._left: tuple[int, int, float] | None = None

    def note(self, headers: Mapping[str, str]) -> None:
        """Learns from an answer, whoever's calls it counts."""
        left, daily = headers.get("X-HubSpot-RateLimit-Daily-Remaining"), headers.get("X-HubSpot-RateLimit-Daily")
        if left and daily and left.isdecimal() and daily.isdecimal():
            with self._lock:
                self._left = (int(left), int(daily), self._monotonic())

    def keep_reserve(self) -> None:
        """Raises QuotaReached when the next call would eat into what is kept for others."""
        with self._lock:
            told = self._left
        if told is None:
            return
        left, daily, seen = told
        c = self._config
        share = kept_share(c.daily_reserve, c.busy_reserve, c.busy_hours, self._clock.now(), self._zone)
        reserve = int(daily * share)
        if left <= reserve and self._monotonic() - seen < _REMEMBERED:
            raise QuotaReached(
                f"HubSpot has {left} of {daily} calls left today and {reserve} are kept for others.",
                remedy="Run outside busy hours, or after midnight in the account's time zone, or lower "
                "crm.daily_reserve "
                "and crm.busy_reserve.",
            )
