"""The one retry policy: what may be retried has no default, tries and total time are capped, the server's word is
obeyed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Protocol, TypeVar

import tenacity

from connectors.errors import RetriableError, Throttled, Unreachable
from connectors.stopping import pause

T = TypeVar("T")

MAX_WAIT = 60.0
"""Seconds: the longest pause within a run. A server that asks for a longer one is asked again by the next run."""

_test_mode = threading.Event()


class Budget(Protocol):
    """Whether more retries may be made, and how much slower."""

    def may_retry(self) -> bool:
        """Takes one retry from the budget; False when there is none left."""
        ...

    def strain(self) -> float:
        """Seconds to wait longer than otherwise."""
        ...


def retrying(
    call: Callable[[], T],
    *,
    on: type[RetriableError] | tuple[type[RetriableError], ...],
    attempts: int = 5,
    total: float = 300.0,
    budget: Budget | None = None,
) -> T:
    """Calls until it succeeds, fails with something else than `on`, or `attempts`, `total` seconds or the budget are
    used up.

    Waits as long as the error's `retry_after` says, else exponentially with full jitter up to MAX_WAIT; a `retry_after`
    beyond MAX_WAIT is not waited for. Never repeats what is Unreachable. Re-raises the last error.
    """

    def worth_it(error: BaseException) -> bool:
        if not isinstance(error, on) or isinstance(error, Unreachable) or (error.retry_after or 0.0) > MAX_WAIT:
            return False
        return budget is None or budget.may_retry()

    def wait(state: tenacity.RetryCallState) -> float:
        if _test_mode.is_set():
            return 0.0
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, RetriableError) else None
        if asked is not None:
            return asked + tenacity.wait_random(0, max(0.05, 0.2 * asked))(state)
        extra = 0.0 if budget is None or isinstance(error, Throttled) else budget.strain()
        return extra + tenacity.wait_random_exponential(multiplier=0.5, max=MAX_WAIT)(state)

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(worth_it),
        stop=tenacity.stop_after_attempt(attempts) | tenacity.stop_before_delay(total),
        wait=wait,
        sleep=pause,
        reraise=True,
    )(call)


def seconds_of(header: str | None, date: str | None = None) -> float | None:
    """The seconds that a Retry-After asks for, given as a number or as a date; None for none, or for nonsense.

    `date` is the Date of the same answer: a date is meant by the server's clock, not by ours.
    """
    text = (header or "").strip()
    if text.isdecimal() and text.isascii():
        return float(text[:12])
    until, now = _instant(text), _instant(date or "")
    return None if until is None else max(0.0, until - (time.time() if now is None else now))


def _instant(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def waits() -> bool:
    """False in test mode."""
    return not _test_mode.is_set()


def without_waiting(*, on: bool) -> None:
    """Test mode: retries happen at once."""
    (_test_mode.set if on else _test_mode.clear)()
