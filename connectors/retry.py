"""The one retry policy: what may be retried has no default, tries and total time are capped, the server's word is obeyed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import TypeVar

import tenacity

from connectors.errors import RetriableError

T = TypeVar("T")

MAX_WAIT = 60.0
"""Seconds: the longest pause that we choose ourselves; a server's Retry-After may be longer."""

_test_mode = threading.Event()


def retrying(
    call: Callable[[], T],
    *,
    on: type[RetriableError] | tuple[type[RetriableError], ...],
    attempts: int = 5,
    total: float = 300.0,
) -> T:
    """Calls until it succeeds, fails with something else than `on`, or `attempts` / `total` seconds are used up.

    Waits as long as the error's `retry_after` says, else exponentially with full jitter up to MAX_WAIT. Re-raises the last error.
    """

    def wait(state: tenacity.RetryCallState) -> float:
        if _test_mode.is_set():
            return 0.0
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, RetriableError) else None
        if asked is not None:
            return asked + tenacity.wait_random(0, max(0.05, 0.2 * asked))(state)
        return tenacity.wait_random_exponential(multiplier=0.5, max=MAX_WAIT)(state)

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(on),
        stop=tenacity.stop_after_attempt(attempts) | tenacity.stop_before_delay(total),
        wait=wait,
        reraise=True,
    )(call)


def seconds_of(header: str | None) -> float | None:
    """The seconds that a Retry-After asks for, given as a number or as a date; None for none, or for nonsense."""
    text = (header or "").strip()
    if text.isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return max(0.0, until.timestamp() - time.time())


def without_waiting(*, on: bool) -> None:
    """Test mode: retries happen at once."""
    (_test_mode.set if on else _test_mode.clear)()
