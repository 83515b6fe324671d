"""When the daemon runs next: pure, from the times at which runs began, how they ended, and marks that wait.

A run is due every so often; times that were missed (the machine slept, a run took longer) are made up for by one run. A
run that ended with 6, 7 or 8 is tried again sooner: after 5, 10, 20, 40 minutes, then every hour. One that ended with
1, 2, 4 or 5 waits for a person, or for the next time that is due.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sync.errors import ending

FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=5), timedelta(hours=1)


@dataclass(slots=True)
class Agenda:
    """`due` is the next time by the schedule. All instants are UTC by the wall clock, which may step."""

    every: timedelta
    due: datetime
    early: timedelta | None = None
    """How long after the first mark a run is begun early; None: never."""
    retry_at: datetime | None = None
    failures: int = 0
    marked_at: datetime | None = None
    code: int | None = None
    """How the last run ended; None before the first."""

    @classmethod
    def after(cls, last: datetime | None, now: datetime, every: timedelta, early: timedelta | None = None) -> Agenda:
        """From when the last run that ended well began (None: never): at once if that is too long ago."""
        due = now if last is None or last > now else last + every
        return cls(every, max(due, now), early)

    def next_at(self, now: datetime) -> datetime:
        """When the next run is to begin; never further away than one interval, even when the clock was set back."""
        self.due = min(self.due, now + self.every)
        if self.retry_at is not None:
            self.retry_at = min(self.retry_at, now + LONGEST_RETRY)
            return min(self.due, self.retry_at)
        if self.early is not None and self.marked_at is not None and not self.waits_for_a_person:
            self.marked_at = min(self.marked_at, now)
            return min(self.due, self.marked_at + self.early)
        return self.due

    def mark(self, now: datetime) -> None:
        """Records are marked that no run has read yet."""
        if self.marked_at is None:
            self.marked_at = now

    def began(self, now: datetime) -> None:
        """A run begins: for all times that were due until now, and for all marks."""
        if self.due <= now:
            self.due += self.every * ((now - self.due) // self.every + 1)
        self.retry_at = self.marked_at = None

    def ended(self, code: int, now: datetime) -> None:
        """The run ended with this exit code."""
        self.code = code
        if ending(code).retry:
            self.failures += 1
            self.retry_at = now + min(FIRST_RETRY * 2 ** min(self.failures - 1, 10), LONGEST_RETRY)
        else:
            self.failures = 0

    @property
    def waits_for_a_person(self) -> bool:
        """The last run ended in a way that no repeating mends."""
        return self.code is not None and ending(self.code).needs_a_person
