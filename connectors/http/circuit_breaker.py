"""What all threads of a connector share about the one host they talk to: pause, number of calls at once, circuit,
budget.

pause      The server says "later" to one thread: none calls until then, and then a single one tries first.
crowd      Calls at once are halved when the server says that they are too many, and grow by one a round of successes.
circuit    After CIRCUIT failures in a row without any answer nothing is sent for a minute, then a single call tries.
budget     Retries may be EASY of the calls; beyond that each waits longer, beyond MOST (and FLOOR) there are none.
shut       Credentials refused, or the day's allowance used up: no further call.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from connectors.errors import BothwaysError, RetriableError, Throttled, Unreachable
from connectors.http.retry import waits
from connectors.stopping import pause

CIRCUIT = 20
REOPENED = 60.0
"""Seconds until a single call may try whether the host is there again."""
EASY, MOST, FLOOR = 0.1, 0.4, 20
SLOW = 4.0
"""Seconds: the longest extra pause of a retry beyond the easy share."""
SHUT = 300.0
"""Seconds for which a refusal of everything holds; a process that lives longer asks again."""
_NOBODY_THERE = frozenset({None, 200, 408})


class Governor:
    """One host. `most` is how many calls may be under way at once. `clock` is monotonic seconds. Thread-safe."""

    def __init__(
        self,
        most: int = 32,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = pause,
    ) -> None:
        self._most, self._clock, self._sleep = most, clock, sleep
        self._changed = threading.Condition()
        self._at_once, self._under_way = float(most), 0
        self._braked_until, self._trying, self._careful = 0.0, False, False
        self._round = 0
        self._in_a_row, self._last = 0, ""
        self._calls, self._retries = 0, 0
        self._shut: tuple[BothwaysError, float] | None = None

    @property
    def at_once(self) -> int:
        """How many calls may be under way now."""
        return max(1, int(self._at_once))

    @property
    def braked(self) -> bool:
        """Whether the server has asked for a pause that is not over."""
        return self._braked_until > self._clock()

    @contextmanager
    def call(self) -> Iterator[None]:
        """One call, begun when it may. Raises Unreachable while the circuit is open, and what `shut` was told."""
        mine = self._enter()
        try:
            yield
        except RetriableError as error:
            self._failed(error, mine)
            raise
        except BothwaysError:  # the server has answered
            self._succeeded()
            raise
        else:
            self._succeeded()
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def shut(self, error: BothwaysError, seconds: float = SHUT) -> None:
        """No further call for so long: each raises the error."""
        with self._changed:
            self._shut = (error, self._clock() + seconds)
            self._changed.notify_all()

    def may_retry(self) -> bool:
        """Whether the budget has room for one more retry, which is then taken from it."""
        with self._changed:
            if self._retries >= max(FLOOR, MOST * self._calls):
                return False
            self._retries += 1
            return True

    def strain(self) -> float:
        """Seconds that a retry waits longer, because retries are more than the easy share of the calls."""
        with self._changed:
            easy = self._retries <= max(FLOOR, EASY * self._calls)
        return 0.0 if easy else random.uniform(0, SLOW)  # noqa: S311  (not for secrets)

    def _enter(self) -> int:
        while True:
            with self._changed:
                if self._shut is not None:
                    error, until = self._shut
                    if self._clock() < until:
                        raise error
                    self._shut = None
                pause = self._braked_until - self._clock()
                if pause > 0 and self._in_a_row >= CIRCUIT:
                    raise Unreachable(
                        f"{self._in_a_row} calls in a row got no answer, the last: {self._last}",
                        remedy="Nothing more is asked for now; the next run goes on from here.",
                    )
                if pause <= 0:
                    if self._under_way >= self.at_once or (self._careful and self._trying):
                        self._changed.wait()
                        continue
                    self._under_way += 1
                    self._calls += 1
                    self._trying = self._careful
                    return self._round
            self._sleep(pause)

    def _succeeded(self) -> None:
        with self._changed:
            self._careful = self._trying = False
            self._in_a_row = 0
            self._at_once = min(self._most, self._at_once + 1 / self._at_once)

    def _failed(self, error: RetriableError, begun_in: int) -> None:
        with self._changed:
            self._trying = False
            if isinstance(error, Throttled):
                if begun_in == self._round:  # those that were under way together are one lesson, not many
                    self._round += 1
                    self._at_once = max(1.0, min(self._at_once, self._under_way) / 2)
                self._careful = True
                self._brake(error.retry_after or 0.0)
            elif error.status in _NOBODY_THERE or (error.status or 0) >= 500:
                self._in_a_row += 1
                self._last = str(error)
                if self._in_a_row >= CIRCUIT:
                    self._careful = True
                    self._braked_until = self._clock() + REOPENED
            else:
                self._in_a_row = 0

    def _brake(self, seconds: float) -> None:
        if waits():
            self._braked_until = max(self._braked_until, self._clock() + seconds)
