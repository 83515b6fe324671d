"""Rate limits: rolling windows by tier, and the three bodies of a 429."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from connectors.emulator.hubspot.behaviours import Behaviours
from connectors.emulator.hubspot.wire import APP_ID, ApiError

Tier = Literal["free", "starter", "professional", "enterprise", "increased", "oauth"]
TIERS: tuple[Tier, ...] = get_args(Tier)


@dataclass(frozen=True, slots=True)
class Allowance:
    """Requests that a tier allows: in ten seconds, in ten seconds for association batches, and a day (None: no end)."""

    burst: int
    associations: int
    daily: int | None


ALLOWANCES: dict[Tier, Allowance] = {
    "free": Allowance(100, 100, 250_000),
    "starter": Allowance(100, 100, 250_000),
    "professional": Allowance(190, 150, 625_000),
    "enterprise": Allowance(190, 150, 1_000_000),
    "increased": Allowance(250, 200, 2_000_000),
    "oauth": Allowance(110, 150, None),
}
SEARCHES_PER_SECOND = 5
ASSOCIATIONS_PER_DAY = 500_000


class Window:
    """At most `most` requests in any `seconds`."""

    def __init__(self, most: int, seconds: float) -> None:
        self.most, self.seconds = most, seconds
        self._times: deque[float] = deque()

    def take(self, now: float) -> bool:
        """Counts a request, or refuses it without counting."""
        self._expire(now)
        if len(self._times) >= self.most:
            return False
        self._times.append(now)
        return True

    def remaining(self, now: float) -> int:
        self._expire(now)
        return self.most - len(self._times)

    def wait(self, now: float) -> float:
        """Seconds until a request would be taken."""
        self._expire(now)
        return 0.0 if len(self._times) < self.most else self._times[0] + self.seconds - now

    def _expire(self, now: float) -> None:
        while self._times and self._times[0] <= now - self.seconds:
            self._times.popleft()


class RateLimits:
    """Counts requests; raises the 429 that the service would answer. The day ends at midnight in the account's zone."""

    def __init__(self, tier: Tier, behaviours: Behaviours, clock: Callable[[], float], time_zone: str = "UTC") -> None:
        self.allowance = ALLOWANCES[tier]
        self._behaviours, self._clock = behaviours, clock
        self._burst = Window(self.allowance.burst, 10)
        self._search = Window(SEARCHES_PER_SECOND, 1)
        self._associations = Window(self.allowance.associations, 10)
        self._zone = ZoneInfo(time_zone)
        self._day_ends, self._today, self._association_calls = 0.0, 0, 0

    @property
    def daily(self) -> int | None:
        return self.allowance.daily if self._behaviours.daily_limit is None else self._behaviours.daily_limit

    def check(self, bucket: Literal["burst", "search", "associations"]) -> None:
        """Counts one request. Raises ApiError 429."""
        if not self._behaviours.rate_limits:
            return
        now = self._clock()
        self._new_day(now)
        if (self.daily is not None and self._today >= self.daily) or (
            bucket == "associations" and self._association_calls >= ASSOCIATIONS_PER_DAY
        ):
            raise self._refusal("You have reached your daily limit.", self._day_ends - now, "DAILY")
        if bucket == "search" and not self._search.take(now):
            refusal = ApiError(429, "You have reached your secondly limit.", "RATE_LIMITS")
            raise self._with_hint(refusal, self._search.wait(now))
        window = {"burst": self._burst, "associations": self._associations}.get(bucket)
        if window is not None and not window.take(now):
            group = f"publicapi:private-apps-api-calls-10-secondly:{APP_ID}"
            raise self._refusal(
                "You have reached your ten_secondly_rolling limit.",
                window.wait(now),
                "TEN_SECONDLY_ROLLING",
                groupName=group,
            )
        self._today += 1
        self._association_calls += bucket == "associations"

    def headers(self, bucket: str) -> dict[str, str]:
        """The hints that an answer carries; searches carry none about the interval, OAuth tokens none about the day."""
        now = self._clock()
        hints: dict[str, str] = {}
        if bucket != "search" and self._behaviours.interval_headers:
            remaining = self._burst.remaining(now)
            hints |= {
                "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
                "X-HubSpot-RateLimit-Max": str(self.allowance.burst),
                "X-HubSpot-RateLimit-Remaining": str(remaining),
                "X-HubSpot-RateLimit-Secondly": str(self.allowance.burst // 10),
                "X-HubSpot-RateLimit-Secondly-Remaining": str(min(remaining, self.allowance.burst // 10)),
            }
        if self.daily is not None:
            self._new_day(now)
            hints["X-HubSpot-RateLimit-Daily"] = str(self.daily)
            hints["X-HubSpot-RateLimit-Daily-Remaining"] = str(max(0, self.daily - self._today))
        return hints

    def _new_day(self, now: float) -> None:
        if now >= self._day_ends:
            tomorrow = datetime.fromtimestamp(now, self._zone).date() + timedelta(days=1)
            self._day_ends = datetime.combine(tomorrow, time(), self._zone).timestamp()
            self._today, self._association_calls = 0, 0

    def _refusal(self, message: str, wait: float, policy: str, **more: str) -> ApiError:
        refusal = ApiError(429, message, errorType="RATE_LIMIT", policyName=policy, **more)
        return self._with_hint(refusal, wait)

    def _with_hint(self, refusal: ApiError, wait: float) -> ApiError:
        if self._behaviours.retry_after:
            refusal.headers["Retry-After"] = str(max(1, int(-(-wait // 1))))
        return refusal
