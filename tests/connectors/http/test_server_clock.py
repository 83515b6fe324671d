"""The server's clock, from answers of which some are mangled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.http import retry
from connectors.http.quota_reserve import hours, kept_share
from connectors.http.server_clock import ServerClock

TRUE = datetime(2026, 10, 15, 12, tzinfo=UTC)


class Monotonic:
    now = 5.0

    def __call__(self) -> float:
        return self.now


def told(*dates: str | None) -> ServerClock:
    clock = ServerClock(Monotonic())
    for date in dates:
        clock.note(date)
    return clock


def http(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def test_time_goes_on_between_answers():
    monotonic = Monotonic()
    clock = ServerClock(monotonic)
    clock.note(http(TRUE))
    monotonic.now += 90.0
    assert clock.now() == clock.earliest() == TRUE + timedelta(seconds=90)


@pytest.mark.parametrize("text", [None, "", "yesterday", "Thu, 99 Oct 2026 12:00:00 GMT", "Thu, 15 Oct 2026 12:00:00"])
def test_what_is_no_date_is_passed_over(text):
    assert told(text).now() is None
    assert told(text, http(TRUE), text).now() == TRUE


@settings(max_examples=80)
@given(st.lists(st.integers(-10_000_000, 10_000_000), max_size=3), st.integers(4, 8), st.randoms())
def test_a_watermark_is_never_too_late_while_one_answer_is_right(wrong, right, dice):
    dates = [http(TRUE)] * right + [http(TRUE + timedelta(seconds=s)) for s in wrong]
    dice.shuffle(dates)
    clock = told(*dates)
    assert clock.earliest() <= TRUE
    if len(wrong) < right:
        assert clock.now() == TRUE


def test_a_pause_until_a_date_is_by_the_servers_clock():
    """Whatever ours says: this answer is from another year."""
    assert retry.seconds_of(http(TRUE + timedelta(seconds=30)), http(TRUE)) == 30.0
    assert retry.seconds_of(http(TRUE - timedelta(seconds=30)), http(TRUE)) == 0.0
    assert retry.seconds_of("7", http(TRUE)) == 7.0
    assert retry.seconds_of("soon") is None
    assert retry.seconds_of("²") is None


@pytest.mark.parametrize(
    ("moment", "zone", "share"),
    [
        (datetime(2026, 10, 15, 12, tzinfo=UTC), "UTC", 0.4),  # a Thursday
        (datetime(2026, 10, 15, 7, 59, tzinfo=UTC), "UTC", 0.2),
        (datetime(2026, 10, 15, 18, tzinfo=UTC), "UTC", 0.2),
        (datetime(2026, 10, 15, 7, 59, tzinfo=UTC), "Europe/Berlin", 0.4),
        (datetime(2026, 10, 15, 18, tzinfo=UTC), "America/New_York", 0.4),
        (datetime(2026, 10, 17, 12, tzinfo=UTC), "UTC", 0.2),  # a Saturday
        (datetime(2026, 10, 16, 23, 30, tzinfo=UTC), "Asia/Tokyo", 0.2),  # Saturday there
        (None, "UTC", 0.4),
    ],
)
def test_more_is_left_to_others_while_they_work(moment, zone, share):
    assert kept_share(0.2, 0.4, "8-18", moment, zone) == share


def test_the_quiet_share_is_the_least():
    assert kept_share(0.5, 0.4, "8-18", TRUE, "UTC") == 0.5
    assert kept_share(0.2, 0.4, "", TRUE, "UTC") == 0.2


@pytest.mark.parametrize("text", ["8", "18-8", "8-8", "8-25", "a-b", "8 - 18", "08:00-18:00"])
def test_a_span_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="span of hours"):
        hours(text)
