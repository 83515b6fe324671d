"""`/limits` and the daily quota that every call counts against."""

from __future__ import annotations

import threading

from connectors.emulator.salesforce.store.errors import ApiError


class Quota:
    """Calls of the day. `used` may be set by a test, as when another app eats the quota."""

    def __init__(self, daily: int) -> None:
        self.daily = daily
        self.used = 0
        self.busy = 0
        """How many more calls meet too many long requests at once."""
        self._lock = threading.Lock()

    def take(self) -> None:
        """One call. Raises REQUEST_LIMIT_EXCEEDED when the day's are gone, or too many long ones run."""
        with self._lock:
            if self.used >= self.daily:
                raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
            if self.busy:
                self.busy -= 1
                raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded")
            self.used += 1

    def header(self) -> dict[str, str]:
        return {"Sforce-Limit-Info": f"api-usage={self.used}/{self.daily}"}

    def json(self, *, query_jobs: int, batches: int) -> dict[str, dict[str, int]]:
        def left(most: int, used: int = 0) -> dict[str, int]:
            return {"Max": most, "Remaining": max(0, most - used)}

        return {
            "ConcurrentAsyncGetReportInstances": left(200),
            "DailyApiRequests": left(self.daily, self.used),
            "DailyAsyncApexExecutions": left(250_000),
            "DailyBulkApiBatches": left(15_000, batches),
            "DailyBulkV2QueryFileStorageMB": left(976_562),
            "DailyBulkV2QueryJobs": left(10_000, query_jobs),
            "DataStorageMB": left(11_264),
            "FileStorageMB": left(11_264),
        }
