"""What threads share about one host: pause, crowd, circuit, budget. Time is a number that only sleeping moves."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from connectors.errors import AuthError, QuotaReached, RetriableError, Throttled, Unreachable
from connectors.http import retry
from connectors.http.circuit_breaker import CIRCUIT, EASY, FLOOR, MOST, REOPENED, Governor
from connectors.http.retry import retrying


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds


@pytest.fixture(autouse=True)
def real_waits():
    retry.without_waiting(on=False)
    yield
    retry.without_waiting(on=True)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def governor(clock):
    return Governor(8, clock=clock, sleep=clock.sleep)


def call(governor, error=None):
    with governor.call():
        if error is not None:
            raise error


def fail(governor, error):
    with pytest.raises(type(error)):
        call(governor, error)


def test_a_pause_that_one_thread_is_told_of_holds_for_all(governor, clock):
    fail(governor, Throttled("slow down", retry_after=10.0))
    call(governor)
    assert clock.now >= 1010.0


def test_in_a_storm_one_call_is_made_each_window_whatever_the_workers(governor, clock):
    """The server refuses for ten windows; eight workers want to call."""
    began: list[float] = []
    lock = threading.Lock()

    def work() -> None:
        def once() -> None:
            with governor.call():
                with lock:
                    began.append(clock.now)
                if clock.now < 1100.0:
                    raise Throttled("storm", retry_after=10.0)

        while True:
            try:
                return once()
            except Throttled:
                continue

    fail(governor, Throttled("storm", retry_after=10.0))
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work) for _ in range(8)]:
            done.result(30)
    windows = [int((at - 1000) // 10) for at in began if at < 1100.0]
    assert len(windows) == len(set(windows)), windows
    assert len(began) == len(windows) + 8


def test_calls_at_once_are_halved_once_a_burst_and_grow_again(governor):
    def burst() -> None:
        gate = threading.Barrier(8)

        def refused() -> None:
            with governor.call():
                gate.wait(10)
                raise Throttled("too many at once", retry_after=0.0)

        with ThreadPoolExecutor(8) as pool:
            for done in [pool.submit(refused) for _ in range(8)]:
                with pytest.raises(Throttled):
                    done.result(30)

    burst()
    assert governor.at_once == 4
    for _ in range(4):
        call(governor)
    assert governor.at_once in (4, 5)
    for _ in range(60):
        call(governor)
    assert governor.at_once == 8


def test_no_more_than_allowed_are_under_way():
    governor = Governor(3)
    now, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal now, most
        with governor.call():
            with lock:
                now += 1
                most = max(most, now)
            with lock:
                now -= 1

    with ThreadPoolExecutor(12) as pool:
        for done in [pool.submit(work) for _ in range(200)]:
            done.result(30)
    assert most <= 3


def test_the_circuit_opens_after_failures_in_a_row_and_lets_one_call_try_later(governor, clock):
    for _ in range(CIRCUIT):
        fail(governor, RetriableError("503", status=503))
    with pytest.raises(Unreachable, match="20 calls in a row"):
        call(governor)
    clock.sleep(REOPENED)
    fail(governor, RetriableError("503", status=503))
    with pytest.raises(Unreachable):
        call(governor)
    clock.sleep(REOPENED)
    call(governor)
    call(governor)


def test_a_refusal_of_one_record_is_an_answer_and_closes_the_circuit(governor):
    for _ in range(CIRCUIT - 1):
        fail(governor, RetriableError("reset"))
    fail(governor, RetriableError("locked", status=423))
    fail(governor, AuthError("not this object"))
    for _ in range(CIRCUIT - 1):
        fail(governor, RetriableError("reset"))
    call(governor)


def test_what_is_unreachable_is_not_tried_again(governor):
    tries = []

    def once() -> None:
        tries.append(1)
        raise Unreachable("nobody there")

    with pytest.raises(Unreachable):
        retrying(once, on=RetriableError, budget=governor)
    assert len(tries) == 1


def test_a_pause_longer_than_a_minute_is_left_to_the_next_run(governor):
    tries = []

    def once() -> None:
        tries.append(1)
        raise RetriableError("later", retry_after=retry.MAX_WAIT + 1)

    with pytest.raises(RetriableError):
        retrying(once, on=RetriableError, budget=governor)
    assert len(tries) == 1


@pytest.mark.parametrize("share", [0.2, 0.28, 0.9])
def test_retries_are_a_share_of_the_calls(clock, share):
    """20 % of failures are survived by everyone; at 90 % retries end at their share instead of making five calls of
    one.
    """
    import random

    retry.without_waiting(on=True)
    dice, governor = random.Random(1), Governor(clock=clock, sleep=clock.sleep)
    calls, done, lost = 0, 0, 0
    for _ in range(2000):

        def once() -> None:
            nonlocal calls
            with governor.call():
                calls += 1
                if dice.random() < share:
                    raise RetriableError("500", status=500)

        try:
            retrying(once, on=RetriableError, budget=governor)
            done += 1
        except Unreachable:
            break
        except RetriableError:
            lost += 1
    if share == 0.2:
        assert lost <= 3  # five failures in a row: one in 3,125
        assert calls <= 1.3 * 2000
    assert calls - (done + lost) <= MOST * calls + FLOOR + 1


def test_beyond_the_easy_share_a_retry_waits_longer(clock):
    governor = Governor(clock=clock, sleep=clock.sleep)
    for _ in range(100):
        call(governor)
    for _ in range(max(FLOOR, int(EASY * 100))):
        assert governor.may_retry()
    assert governor.strain() == 0.0
    assert governor.may_retry()
    assert any(governor.strain() > 0 for _ in range(20))


def test_after_a_refusal_of_everything_nothing_more_is_sent(governor, clock):
    sent = []
    governor.shut(QuotaReached("the day is used up"), seconds=900.0)
    with pytest.raises(QuotaReached), governor.call():
        sent.append(1)
    clock.sleep(900.0)
    call(governor)
    assert sent == []
