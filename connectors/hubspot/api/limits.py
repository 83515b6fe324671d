"""HubSpot's limits in ten seconds and in one, by pool, learnt from the answers; the day's allowance is in `quota.py`.

Every answer outside a search tells how many calls the account may make in ten seconds and how many of them are left.
Both are hints that may be missing: then the smallest published limit holds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from connectors.errors import BothwaysError, RetriableError
from connectors.http.rate_window import Place, Throttle
from connectors.hubspot.api.endpoints import Pool
from connectors.hubspot.config import HubSpotConfig
from connectors.stopping import pause

TEN_SECONDS = 10.0
UNTOLD = 100
"""Calls in ten seconds until an answer tells the account's own limit: that of the smallest tier."""
_ASSOCIATIONS = ((250, 200), (190, 150), (0, 100))
"""Batch reads of associations in ten seconds, which have a limit of their own, by the least limit of the account's
tier.
"""
_HEADER = "X-HubSpot-RateLimit-"


@dataclass(frozen=True, slots=True)
class Turn:
    """A call under way, and the pool that it counts against."""

    pool: Pool
    place: Place


class Limits:
    """Lets calls begin when they may. Thread-safe."""

    def __init__(
        self,
        config: HubSpotConfig,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = pause,
    ) -> None:
        self._fixed = config.rate_limit
        self._limit = limit = config.rate_limit or UNTOLD
        self._throttles: dict[Pool, Throttle] = {
            "burst": Throttle(limit, TEN_SECONDS, clock=monotonic, sleep=sleep),
            "search": Throttle(config.search_limit, 1.0, clock=monotonic, sleep=sleep),
            "associations": Throttle(_associations(limit), TEN_SECONDS, clock=monotonic, sleep=sleep),
        }

    @contextmanager
    def turn(self, pool: Pool) -> Iterator[Turn]:
        """Waits until a call of the pool may begin; it is over when the block is left."""
        place = self._throttles[pool].begin()
        try:
            yield Turn(pool, place)
        finally:
            self._throttles[pool].end(place)

    def told(self, turn: Turn | None, headers: Mapping[str, str]) -> None:
        """What the headers of an answer say. Those of a call in another pool are not about that pool."""
        limit, remaining = _number(headers, "Max"), _number(headers, "Remaining")
        if turn is None or turn.pool != "burst" or not limit or remaining is None:
            return
        if _number(headers, "Interval-Milliseconds") not in (None, 1000 * TEN_SECONDS):
            return
        if self._fixed is None and limit != self._limit:
            self._limit = limit
            self._throttles["burst"].allow(limit)
            self._throttles["associations"].allow(_associations(limit))
        self._throttles["burst"].told(turn.place, limit, min(remaining, limit))

    def failed(self, turn: Turn | None, failure: BothwaysError) -> None:
        """A call was refused for its rate."""
        if turn is not None and isinstance(failure, RetriableError) and failure.status == 429:
            self._throttles[turn.pool].refused(turn.place)


def _associations(limit: int) -> int:
    """A limit above every tier's is somebody's own choice and holds for all."""
    if limit > _ASSOCIATIONS[0][0]:
        return limit
    return min(limit, next(own for least, own in _ASSOCIATIONS if limit >= least))


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(_HEADER + name) or ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
