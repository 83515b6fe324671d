"""Rate: as many calls as a server's rolling window allows and not one more, shared with whoever else uses the window.

`Window` is the bookkeeping (pure; the caller gives the time), `Throttle` the clock, lock and waiting around it. Times
are seconds of one monotonic clock.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from connectors.stopping import pause

_RESERVE = 0.016
"""The share of a limit that was told to us which we never use: room in which another client can be noticed."""
_GIVEN, _TAKEN = 0.08, 0.02
"""With another client in the window, the share that is left free besides what it uses, when we use more than half of
the window, and when less: of two of us the one with less gains, and neither starves.
"""
_REMEMBERED = 2
"""The most that others have used in so many windows is left to them."""
_PATIENCE = 0.05, 0.2
"""Shares of `seconds` without a call after which one begins if a single place is free, and whatever others do: nobody
waits for ever."""
_FORGIVEN_AFTER = 6
"""So many windows after a refusal the limit is raised again, step by step."""
_LOOK_AGAIN = 0.05
"""Seconds after which to look again when somebody else's calls must expire first."""

_PACE, _LATE = 0.95, 4
"""Calls begin a little closer together than the limit has them, and so many may catch up when a thread was late."""
_TICK = 0.001
"""Seconds: the shortest pause, so that a rounding error is never taken for leave to begin."""


@dataclass(eq=False, slots=True)
class Place:
    """One call. The server counted it at some moment between its beginning and its answer, we cannot know when."""

    begun: float
    ended: float | None = None


class Window:
    """Promises that in no window of `seconds` the server counts more than `limit` of our calls, whatever they take.

    A call has its place from its beginning until `seconds` after its answer: whenever it was counted, it has left every
    window that a call which begins then can be in. When the server tells how many calls are left (`told`), the calls of
    others are seen and given way to; the first call goes alone, since its answer may tell the limit and who is there.
    """

    def __init__(self, limit: int, seconds: float) -> None:
        if limit < 1 or seconds <= 0:
            raise ValueError("a window allows at least one call in a positive time")
        self.seconds = seconds
        self._whole = self._most = limit
        self._flying: set[Place] = set()
        self._ended: deque[Place] = deque()
        self._past: deque[Place] = deque()
        self._begun = self._due = float("-inf")
        self._seen: tuple[Place, int] | None = None
        self._others: deque[tuple[float, int]] = deque()
        self._shared_until = float("-inf")
        self._lowered, self._refused, self._probing = 0, float("-inf"), True

    def allow(self, limit: int, *, told: bool) -> None:
        """Another limit from now on; of one that the server `told` a little is never used."""
        self._whole = limit
        self._most = max(1, limit - max(1, round(limit * _RESERVE))) if told else limit

    def delay(self, now: float) -> float:
        """0 when a call may begin, else the seconds after which to ask again."""
        self._expire(now)
        if self._probing and self._flying:
            return _LOOK_AGAIN
        if self._used >= self._limit(now) and not self._patient(now):
            pause = self._ended[0].ended + self.seconds - now if self._ended else _LOOK_AGAIN  # type: ignore[operator]
            shared = now < self._shared_until
            return max(min(pause, _LOOK_AGAIN) if shared else pause, _TICK)
        if 2 * self._used >= self._most:  # evenly, so that there is always a fresh answer that tells what others do
            pause = self._due - now
            if pause > _TICK:
                return pause
        return 0.0

    def begin(self, now: float) -> Place:
        """A call begins; only after `delay` was 0."""
        place = Place(now)
        self._flying.add(place)
        self._begun = now
        apart = _PACE * self.seconds / self._most
        self._due = max(self._due, now - _LATE * apart) + apart
        return place

    def end(self, place: Place, now: float, *, taken: bool = True) -> None:
        """Its answer is here, or it failed; `taken`: not for its rate. Harmless to say twice."""
        if place in self._flying:
            self._flying.discard(place)
            place.ended = now
            self._ended.append(place)
            self._probing = self._probing and not taken

    def told(self, place: Place, limit: int, remaining: int) -> None:
        """The answer to a call said that of `limit` calls `remaining` were left when it was counted."""
        assert place.ended is not None
        self._whole, used = limit, limit - remaining
        least, most = self._counted_with(place)
        memory = _REMEMBERED * self.seconds
        if used > most:  # somebody else, beyond doubt
            self._shared_until = place.ended + memory
        while self._others and (self._others[-1][1] <= used - least or self._others[-1][0] > place.ended):
            self._others.pop()
        self._others.append((place.ended, used - least))
        while self._others[0][0] <= place.ended - memory:
            self._others.popleft()
        if self._seen is None or place.begun >= self._seen[0].begun:
            self._seen = (place, remaining)

    def _counted_with(self, place: Place) -> tuple[int, int]:
        """How many of our calls at least and at most were in the server's window when it counted that one."""
        least = most = 0
        first, last = place.begun - self.seconds, place.ended - self.seconds  # type: ignore[operator]
        for known in (self._flying, self._ended, self._past):
            for p in known:
                if p.begun <= place.ended and (p.ended is None or p.ended >= first):  # type: ignore[operator]
                    most += 1
                    least += p is place or (p.ended is not None and p.ended <= place.begun and p.begun > last)
        return least, max(most, 1)

    def refused(self, place: Place, now: float) -> None:
        """The server refused a call for its rate, so others count too or the limit is lower than we think.

        A tenth less for a while; and until one call is taken, one at a time.
        """
        self.end(place, now, taken=False)
        self._probing = True
        if now - self._refused >= self.seconds:  # those in flight together were refused for one reason
            self._lowered = min(self._most - 1, self._lowered_by(now) + max(1, self._most // 10))
        self._refused = now

    @property
    def _used(self) -> int:
        return len(self._flying) + len(self._ended)

    def _limit(self, now: float) -> int:
        limit = max(1, self._most - self._lowered_by(now))
        if now >= self._shared_until:
            return limit
        share = _GIVEN if 2 * self._used > self._most else _TAKEN
        return min(limit, self._whole - self._others[0][1] - max(1, round(share * self._whole)))

    def _lowered_by(self, now: float) -> int:
        if not self._lowered:
            return 0
        steps = int((now - self._refused) / (_FORGIVEN_AFTER * self.seconds))
        return max(0, self._lowered - steps * max(1, self._most // 10))

    def _patient(self, now: float) -> bool:
        """Whether we have waited for others so long that one call may begin all the same."""
        if now >= self._shared_until or self._used >= self._most or self._seen is None:
            return False
        idle = (now - self._begun) / self.seconds
        return idle >= _PATIENCE[1] or (idle >= _PATIENCE[0] and self._free(now, *self._seen) >= 1)

    def _free(self, now: float, seen: Place, remaining: int) -> int:
        """Places that are free by the newest answer and by what became of our own calls since."""
        first, gone = seen.ended - self.seconds, now - self.seconds  # type: ignore[operator]
        later = sum(p.ended > seen.begun and p is not seen for p in self._ended)  # type: ignore[operator]
        expired = sum(p.ended <= gone and p.begun > first for p in self._past)  # type: ignore[operator]
        return remaining - len(self._flying) - later + expired

    def _expire(self, now: float) -> None:
        gone = now - self.seconds
        while self._ended and self._ended[0].ended <= gone:  # type: ignore[operator]
            self._past.append(self._ended.popleft())
        while self._past and self._past[0].ended <= gone - self.seconds:  # type: ignore[operator]
            self._past.popleft()


class Throttle:
    """A window shared by threads: `begin` waits until a call may begin, `end` says that it is over. Thread-safe."""

    def __init__(
        self,
        limit: int,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = pause,
    ) -> None:
        self._window = Window(limit, seconds)
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()

    def begin(self) -> Place:
        """Waits until a call may begin."""
        while True:
            with self._lock:
                now = self._clock()
                pause = self._window.delay(now)
                if pause <= 0:
                    return self._window.begin(now)
            self._sleep(pause)

    def end(self, place: Place) -> None:
        """The call is over, however it went; harmless to say twice."""
        with self._lock:
            self._window.end(place, self._clock())

    def allow(self, limit: int) -> None:
        """The limit that the server told."""
        with self._lock:
            self._window.allow(limit, told=True)

    def told(self, place: Place, limit: int, remaining: int) -> None:
        """See `Window.told`; ends the call."""
        with self._lock:
            self._window.end(place, self._clock())
            self._window.told(place, limit, remaining)

    def refused(self, place: Place) -> None:
        """See `Window.refused`."""
        with self._lock:
            self._window.refused(place, self._clock())
