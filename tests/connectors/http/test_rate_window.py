"""The rate of calls as the server counts it: a simulated server, workers with any latencies, and other clients."""

from __future__ import annotations

import heapq
import itertools
import random
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.http.rate_window import Throttle, Window

SECONDS = 10.0
Latency = Callable[[], tuple[float, float]]
"""Seconds until a call is counted, and from then until its answer is there."""


@dataclass
class Server:
    """Counts calls in a rolling window, as TEN_SECONDLY_ROLLING does; a refused call is not counted."""

    limit: int
    taken: deque[float] = field(default_factory=deque)
    refused: list[str] = field(default_factory=list)
    counted: list[tuple[float, str]] = field(default_factory=list)

    def count(self, now: float, who: str) -> int | None:
        """What is left after the call, None if it was refused."""
        while self.taken and self.taken[0] <= now - SECONDS:
            self.taken.popleft()
        if len(self.taken) >= self.limit:
            self.refused.append(who)
            return None
        self.taken.append(now)
        self.counted.append((now, who))
        return self.limit - len(self.taken)

    def used_by(self, who: str, start: float, end: float) -> int:
        return sum(start <= at < end for at, name in self.counted if name == who)


class Simulation:
    """Events in the order of their time; nothing waits for real."""

    def __init__(self, limit: int) -> None:
        self.server, self.now = Server(limit), 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()

    def at(self, moment: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._number), action))

    def run(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            self.now, _, action = heapq.heappop(self._events)
            action()

    def client(self, who: str, window: Window, latency: Latency, workers: int, start: float = 0.0) -> None:
        """So many workers of ours, each with one call after the other."""

        braked = [0.0]

        def ask() -> None:
            pause = max(window.delay(self.now), braked[0] - self.now)
            if pause > 0:
                self.at(self.now + pause, ask)
                return
            place = window.begin(self.now)
            there, back = latency()
            left: list[int | None] = []
            self.at(self.now + there, lambda: left.append(self.server.count(self.now, who)))

            def answered() -> None:
                if left[0] is None:
                    window.refused(place, self.now)
                    braked[0] = self.now + SECONDS
                else:
                    window.end(place, self.now)
                    window.told(place, self.server.limit, left[0])
                ask()

            self.at(self.now + there + back, answered)

        for _ in range(workers):
            self.at(start, ask)

    def stranger(self, times: Iterator[float]) -> None:
        """Another client, that looks at nothing."""
        for moment in times:
            self.at(moment, lambda: self.server.count(self.now, "other") and None)


def told(limit: int) -> Window:
    window = Window(limit, SECONDS)
    window.allow(limit, told=True)
    return window


def some(seconds: float) -> Latency:
    """About so many seconds, there and back together."""
    chance = random.Random(3)
    return lambda: (seconds * chance.uniform(0.2, 0.8), seconds * chance.uniform(0.2, 0.8))


def paced(rate: float, start: float, end: float, seed: int = 1) -> Iterator[float]:
    """So many calls in ten seconds, not quite evenly."""
    chance = random.Random(seed)
    moment = start
    while moment < end:
        yield moment
        moment += SECONDS / rate * chance.uniform(0.5, 1.5)


@given(
    limit=st.integers(1, 40),
    workers=st.integers(1, 12),
    latencies=st.lists(st.tuples(st.floats(0, 15), st.floats(0, 15)), min_size=1, max_size=20),
)
def test_alone_no_call_is_ever_refused_whatever_the_latencies(
    limit: int, workers: int, latencies: list[tuple[float, float]]
) -> None:
    simulated = Simulation(limit)
    simulated.client("we", Window(limit, SECONDS), itertools.cycle(latencies).__next__, workers)
    simulated.run(60.0)
    assert simulated.server.refused == []
    assert simulated.server.counted


@pytest.mark.parametrize(("seconds", "share"), [(0.002, 0.97), (0.2, 0.95), (0.5, 0.92)])
def test_alone_the_published_limit_is_used_at_any_usual_latency(seconds: float, share: float) -> None:
    simulated = Simulation(190)
    simulated.client("we", told(190), some(seconds), workers=16)
    simulated.run(220.0)
    assert simulated.server.refused == []
    assert simulated.server.used_by("we", 20.0, 220.0) / 20 >= share * 190


@pytest.mark.parametrize(("rate", "seconds"), [(10, 0.1), (60, 0.1), (60, 0.01), (150, 0.1)])
def test_a_client_that_comes_later_gets_its_calls_and_we_what_it_leaves(rate: int, seconds: float) -> None:
    simulated = Simulation(190)
    simulated.client("we", told(190), some(seconds), workers=12)
    simulated.stranger(paced(rate, 30.0, 230.0))
    simulated.run(320.0)
    ours = simulated.server.used_by("we", 50.0, 230.0) / 18
    assert simulated.server.refused.count("other") <= 0.005 * 20 * rate
    assert simulated.server.refused.count("we") <= 2 * (rate > 60)
    assert ours >= 0.6 * (190 - rate)
    assert simulated.server.used_by("we", 260.0, 320.0) / 6 >= 0.95 * 190


def test_a_limit_of_ones_own_below_the_servers_is_had_beside_others_too() -> None:
    simulated = Simulation(190)
    simulated.client("we", Window(60, SECONDS), some(0.1), workers=12)
    simulated.stranger(paced(100, 0.0, 120.0))
    simulated.run(120.0)
    assert simulated.server.refused == []
    assert simulated.server.used_by("we", 20.0, 120.0) / 10 >= 50


def test_two_of_us_share_the_window_and_neither_starves() -> None:
    simulated = Simulation(190)
    simulated.client("we", told(190), some(0.1), workers=12)
    simulated.client("they", told(190), some(0.1), workers=12, start=30.0)
    simulated.run(330.0)
    used = {who: simulated.server.used_by(who, 130.0, 330.0) / 20 for who in ("we", "they")}
    assert len(simulated.server.refused) <= 5
    assert min(used.values()) >= 0.2 * 190
    assert sum(used.values()) >= 0.85 * 190


def test_a_client_that_takes_everything_neither_stops_us_nor_is_stormed() -> None:
    simulated = Simulation(190)
    simulated.client("we", told(190), some(0.1), workers=12)
    simulated.stranger(paced(400, 20.0, 220.0))
    simulated.run(220.0)
    assert simulated.server.used_by("we", 40.0, 220.0) >= 5
    assert simulated.server.refused.count("we") <= 22  # one in ten seconds


def test_where_nothing_is_told_refusals_lower_the_rate_and_time_forgives() -> None:
    window = Window(5, 1.0)

    def rate(start: float) -> int:
        begun = 0
        for tick in range(100):
            if window.delay(start + tick / 100) <= 0:
                window.end(window.begin(start + tick / 100), start + tick / 100)
                begun += 1
        return begun

    def refuse(now: float) -> None:
        window.refused(window.begin(now), now)

    assert rate(0.0) == 5
    refuse(10.0)
    refuse(10.1)
    assert rate(12.0) == 4
    assert rate(17.0) == 5
    for moment in range(12):
        refuse(30.0 + 2 * moment)
    assert rate(54.0) == 1
    assert rate(90.0) == 5


def test_after_a_refusal_one_call_at_a_time_until_one_is_taken() -> None:
    window = Window(5, 1.0)
    first, second = window.begin(0.0), window.begin(0.0)
    window.refused(first, 0.1)
    assert window.delay(2.0) > 0
    window.refused(second, 2.0)
    assert window.delay(4.0) == 0
    third = window.begin(4.0)
    assert window.delay(4.5) > 0
    window.end(third, 4.6)
    assert window.delay(4.6) == 0


def test_threads_together_keep_the_limit() -> None:
    now, slept = [0.0], threading.Lock()

    def sleep(seconds: float) -> None:
        with slept:
            now[0] += seconds

    throttle = Throttle(10, 1.0, clock=lambda: now[0], sleep=sleep)
    begun: list[float] = []

    def work() -> None:
        for _ in range(25):
            place = throttle.begin()
            begun.append(place.begun)
            throttle.end(place)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ordered = sorted(begun)
    assert len(ordered) == 100
    assert all(later - earlier >= 1.0 for earlier, later in zip(ordered, ordered[10:], strict=False))


def test_a_window_without_calls_or_time_is_refused() -> None:
    for limit, seconds in ((0, 1.0), (1, 0.0)):
        with pytest.raises(ValueError, match="at least one call"):
            Window(limit, seconds)
