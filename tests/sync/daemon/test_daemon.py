"""The daemon: when runs begin, however long they take, however they end, whatever the clock does; and its pages."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge

from sync.daemon.daemon import LONGEST_WAIT, Daemon, Standing
from sync.daemon.health import Health, Sources
from sync.daemon.timetable import LONGEST_RETRY, Agenda

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@dataclass
class TestClock:
    """Waiting moves the time at once. `sleeps` are naps of the machine: a wait that takes so much longer."""

    __test__ = False
    at: datetime = START
    naps: list[timedelta] = field(default_factory=list)
    on_wait: Callable[[], object] = lambda: None

    def now(self) -> datetime:
        return self.at

    def wait(self, wake: threading.Event, seconds: float) -> None:
        assert 0 < seconds <= LONGEST_WAIT
        self.on_wait()
        if not wake.is_set():
            self.at += timedelta(seconds=seconds) + (self.naps.pop(0) if self.naps else timedelta())


@dataclass
class Runs:
    """Notes when passes began, as hours since START; ends the daemon after the last of `codes`."""

    clock: TestClock
    codes: list[int]
    takes: timedelta = timedelta()
    began: list[float] = field(default_factory=list)
    daemon: Daemon | None = None
    at_once: int = 0

    def __call__(self, stop: threading.Event) -> int:
        self.at_once += 1
        assert self.at_once == 1
        assert not stop.is_set()
        self.began.append(round((self.clock.at - START) / HOUR, 2))
        self.clock.at += self.takes
        self.at_once -= 1
        code = self.codes[len(self.began) - 1]
        if len(self.began) == len(self.codes):
            self.daemon.stop()
        return code

    def until_the_end(self, agenda: Agenda, waiting: Callable[[], int] = lambda: 0) -> list[float]:
        self.daemon = Daemon(self, agenda, waiting=waiting, clock=self.clock)
        self.daemon.run()
        return self.began


def agenda(hours: float = 6, last: datetime | None = None, early: timedelta | None = None) -> Agenda:
    return Agenda.after(last, START, hours * HOUR, early)


def test_the_first_run_is_at_once_and_then_one_is_due_every_six_hours():
    assert Runs(TestClock(), [0, 0, 3, 0]).until_the_end(agenda()) == [0, 6, 12, 18]


def test_a_restart_goes_on_where_the_last_run_left_the_schedule():
    assert Runs(TestClock(), [0, 0]).until_the_end(agenda(last=START - 2 * HOUR)) == [4, 10]
    assert Runs(TestClock(), [0, 0]).until_the_end(agenda(last=START - 50 * HOUR)) == [0, 6]
    assert Runs(TestClock(), [0]).until_the_end(agenda(last=START + HOUR)) == [0]  # the clock was set back


def test_times_missed_in_sleep_are_made_up_for_by_one_run():
    clock = TestClock(naps=[timedelta(), 20 * HOUR])
    assert Runs(clock, [0, 0, 0, 0]).until_the_end(agenda()) == [0, 20.02, 24, 30]


def test_a_run_that_takes_longer_than_the_interval_is_followed_by_one():
    assert Runs(TestClock(), [0, 0, 0, 0], takes=7 * HOUR).until_the_end(agenda()) == [0, 7, 14, 21]


@pytest.mark.parametrize("code", [6, 7, 8])
def test_what_may_pass_is_tried_again_after_5_10_20_40_and_60_minutes(code):
    runs = Runs(TestClock(), [code] * 7 + [0, 0])
    began = runs.until_the_end(agenda(hours=48))
    assert [round((b - a) * 60) for a, b in pairwise(began[:8])] == [5, 10, 20, 40, 60, 60, 60]
    assert began[8] == 48


def test_a_retry_does_not_move_the_schedule():
    began = Runs(TestClock(), [8, 0, 0, 0]).until_the_end(agenda())
    assert began == [0, 0.08, 6, 12]


@pytest.mark.parametrize("code", [1, 2, 4, 5])
def test_what_waits_for_a_person_keeps_the_schedule(code):
    clock = TestClock()
    runs = Runs(clock, [code, 0])
    seen: list[Standing] = []
    clock.on_wait = lambda: seen.append(runs.daemon.standing())
    assert runs.until_the_end(agenda(early=MINUTE), waiting=lambda: 5) == [0, 6]  # not early either
    assert {(s.code, s.waits_for_a_person) for s in seen} == {(code, True)}


def test_a_clock_that_is_set_back_costs_no_more_than_one_interval():
    clock = TestClock()
    runs = Runs(clock, [0, 0, 0])
    clock.naps = [timedelta(), -30 * 24 * HOUR]
    began = runs.until_the_end(agenda())
    assert began[1] - began[0] <= -30 * 24 + 6.1
    assert began[2] - began[1] == 6


def test_marks_begin_a_run_early_once_for_all_that_come_meanwhile():
    clock = TestClock()
    runs = Runs(clock, [0, 0, 0])
    came: list[datetime] = []

    def mark() -> None:
        if clock.at >= START + HOUR and len(came) < 8:
            came.append(clock.at)
            runs.daemon.marked()
            clock.at += MINUTE

    clock.on_wait = mark
    began = runs.until_the_end(agenda(early=10 * MINUTE))
    assert came[-1] - came[0] < 10 * MINUTE
    assert began[1] == pytest.approx((came[0] + 10 * MINUTE - START) / HOUR, abs=0.02)
    assert began[2] == 6


def test_marks_wait_for_the_schedule_when_no_early_run_is_wanted():
    assert Runs(TestClock(), [0, 0]).until_the_end(agenda(), waiting=lambda: 5) == [0, 6]


def test_marks_left_by_an_earlier_process_and_those_of_a_failed_run_count_too():
    left = [5, 5, 0, 0]
    runs = Runs(TestClock(), [0, 0])
    assert runs.until_the_end(agenda(last=START, early=HOUR / 2), waiting=lambda: left.pop(0)) == [0.5, 1]
    runs = Runs(TestClock(), [8, 8, 0])  # the retries come first, not the marks
    assert runs.until_the_end(agenda(early=MINUTE), waiting=lambda: 5) == [0, 0.08, 0.25]


def test_stopping_reaches_the_run_under_way_and_begins_no_other():
    clock = TestClock()
    daemon: list[Daemon] = []

    def run(stop: threading.Event) -> int:
        daemon[0].stop()
        assert stop.is_set()
        assert daemon[0].standing().stopping
        return 143

    daemon.append(Daemon(run, agenda(), clock=clock))
    daemon[0].run()
    assert daemon[0].standing().code == 143
    daemon[0].run()
    assert clock.at == START


def test_a_stop_at_the_worst_moment_is_not_slept_through():
    clock = TestClock()
    daemon = Daemon(lambda stop: 0, agenda(last=START), clock=clock)

    class Wake(threading.Event):
        def clear(self) -> None:
            daemon.stop()
            super().clear()

    daemon._wake = Wake()
    daemon.run()
    assert clock.at == START


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["pass", "end", "mark", "look"]),
            st.integers(-5000, 5000),
            st.sampled_from([0, 1, 3, 5, 7, 8]),
        ),
        max_size=30,
    ),
    st.floats(0.5, 48),
)
def test_the_next_run_is_never_further_away_than_one_interval(events, hours):
    """Whatever ran, however it ended, whatever steps the clock made."""
    now = START
    made = Agenda.after(None, now, hours * HOUR, 5 * MINUTE)
    for what, minutes, code in events:
        now += minutes * MINUTE
        if what == "pass":
            made.began(now)
        elif what == "end":
            made.ended(code, now)
            if code in (6, 7, 8):
                assert made.next_at(now) - now <= LONGEST_RETRY
        elif what == "mark":
            made.mark(now)
        assert made.next_at(now) - now <= hours * HOUR


STANDING = Standing(False, False, 0, START, START, START, START + 6 * HOUR, False)


def of_the_runs() -> CollectorRegistry:
    registry = CollectorRegistry()
    Gauge("bothways_scored", "Records.", registry=registry).set(7)
    return registry


def page(path: str, standing: Standing = STANDING, method: str = "GET", **more: object) -> tuple[str, str]:
    """Status and body of one of the daemon's pages."""
    sources = Sources(lambda: standing, of_the_runs, 6 * HOUR, **{"clock": lambda: START + HOUR, **more})
    told: list[str] = []
    path, _, query = path.partition("?")
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
    body = Health(sources)(environ, lambda status, headers: told.append(status))
    return told[0], b"".join(body).decode()


def test_healthz_asks_for_a_person_when_one_is_needed():
    assert page("/healthz")[0] == "200 OK"
    assert '"last_success": "2026-11-01T12:00:00Z"' in page("/healthz")[1]
    for code in (1, 2, 4, 5):
        status, body = page("/healthz", replace(STANDING, code=code, waits_for_a_person=True))
        assert status.startswith("503")
        assert f"exit code {code}" in body
    assert page("/healthz", replace(STANDING, code=8, succeeded_at=None))[0] == "200 OK"
    late = page("/healthz", replace(STANDING, code=8, succeeded_at=START - 12 * HOUR))
    assert late[0].startswith("503")
    assert "no sync has succeeded since 2026-11-01 00:00 UTC" in late[1]
    assert page("/healthz", replace(STANDING, running=True, succeeded_at=START - 12 * HOUR))[0] == "200 OK"


def test_readyz_tells_whether_it_works():
    assert page("/readyz")[0] == "200 OK"
    assert page("/readyz", replace(STANDING, code=5, waits_for_a_person=True))[0] == "200 OK"
    assert page("/readyz", replace(STANDING, stopping=True))[0].startswith("503")
    assert page("/readyz", listening=lambda: False)[0].startswith("503")


def test_metrics_are_those_of_the_runs_and_those_of_the_daemon():
    status, body = page("/metrics", marks=lambda: 4, heard=lambda: ({"200": 2, "401": 1}, {"marked": 3, "own": 9}))
    assert status == "200 OK"
    for line in (
        "bothways_scored 7.0",
        "bothways_daemon_healthy 1.0",
        "bothways_daemon_running 0.0",
        f"bothways_daemon_next_run_timestamp_seconds {(START + 6 * HOUR).timestamp()!r}".replace(
            "1793556000.0", "1.793556e+09"
        ),
        "bothways_marks 4.0",
        'bothways_webhook_deliveries_total{status="401"} 1.0',
        'bothways_webhook_events_total{outcome="own"} 9.0',
    ):
        assert line in body
    some = page("/metrics?name[]=bothways_scored&name[]=bothways_marks", marks=lambda: 4)[1]
    assert {line for line in some.splitlines() if not line.startswith("#")} == {
        "bothways_scored 7.0",
        "bothways_marks 4.0",
    }
    assert page("/metrics", method="HEAD")[0] == "200 OK"
    assert page("/elsewhere")[0].startswith("404")
    assert page("/healthz", method="POST")[0].startswith("405")


def test_the_figures_of_the_runs_are_looked_up_once_for_many_scrapes_and_anew_after_a_run():
    looked, clock, standing = [], TestClock(), [STANDING]

    def figures() -> CollectorRegistry:
        looked.append(1)
        return of_the_runs()

    sources = Sources(lambda: standing[0], figures, 6 * HOUR, clock=clock.now)
    health = Health(sources)
    for seconds, ended, times in ((0, 0, 1), (29, 0, 1), (1, 0, 2), (5, 9, 3), (5, 9, 3), (-3600, 9, 4)):
        clock.at += timedelta(seconds=seconds)
        standing[0] = replace(STANDING, ended_at=START + timedelta(seconds=ended))
        health.metrics()
        assert len(looked) == times
