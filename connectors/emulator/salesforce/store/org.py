"""The organisation: its schema, records, permissions and clock, which all parts of the emulator share."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.emulator.salesforce.store.access import PERMISSION_OBJECTS, Access
from connectors.emulator.salesforce.store.dates import stamp
from connectors.emulator.salesforce.store.ids import Serials
from connectors.emulator.salesforce.store.schema import Schema
from connectors.emulator.salesforce.store.store import Store

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ValidationRule:
    """`refuses` is true of a new row that may not be saved."""

    id: str
    name: str
    refuses: Callable[[dict[str, Any]], bool]
    message: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Automation:
    """Something that runs when a record of `object` is saved: `kind` is Flow, ApexTrigger or WorkflowRule. Nothing of
    it is carried out; it is there to be found.
    """

    id: str
    kind: str
    object: str
    name: str
    active: bool = True


@dataclass(slots=True)
class Behaviours:
    """What makes an organisation hard to live with; all off or as a quiet production org has them."""

    validation_rules: dict[str, list[ValidationRule]] = field(default_factory=lambda: defaultdict(list))
    """By object."""
    automations: list[Automation] = field(default_factory=list)
    locked: dict[str, int | None] = field(default_factory=dict)
    """Record id -> how many more writes meet the lock (None: all), of the record or of a child of it."""
    private_activities: bool = False
    """The sharing default of activities is Private: a user without View All Data sees the tasks and events that are
    their own, and of e-mails those that they sent.
    """
    most_whos: int | None = None
    """How many different people and records the tasks or events of a query may be about, for a user without View All
    Data; Salesforce has 100,000. None: any number.
    """
    assignment_owner: str | None = None
    """Who the active assignment rule gives an updated Case, Lead or Account to; None: no active rule."""


class Org:
    """One organisation. Thread-safe: `store.lock` is the lock of everything."""

    def __init__(self, *, multi_currency: bool, clock: Clock = system_clock) -> None:
        self.schema = Schema(multi_currency=multi_currency)
        self.store = Store(self.schema)
        self.access = Access(self.schema, self.store)
        self.serials = Serials()
        self.clock = clock
        self.behaviours = Behaviours()
        self.org_id = self.serials.next("00D")
        self.corporate_currency = "USD"
        self.closed_task_statuses = {"Completed"}
        self.schema_changed = clock().replace(microsecond=0)
        self.written: dict[str, Counter[str]] = defaultdict(Counter)
        self.owner_changes = 0
        self._last_read = 0
        self._last_write = 0
        self._clock_lock = threading.Lock()
        self._stamp_as: int | None = None
        self._uncommitted: list[tuple[float, int, Callable[[], None]]] = []

    def now(self) -> datetime:
        return self.clock()

    def reading(self) -> None:
        """Notes that somebody has read now: a later write gets a later second."""
        with self._clock_lock:
            self._last_read = max(self._last_read, int(self.clock().timestamp()))

    def write_stamp(self) -> str:
        """The stamp of a transaction: whole seconds, later than every read before it, never going back."""
        with self._clock_lock:
            if self._stamp_as is not None:
                return stamp(datetime.fromtimestamp(self._stamp_as, UTC))
            second = max(int(self.clock().timestamp()), self._last_read + 1, self._last_write)
            self._last_write = second
        return stamp(datetime.fromtimestamp(second, UTC))

    def delay(self, seconds: float, write: Callable[[], None]) -> None:
        """A transaction that starts, and takes its stamp, now; `write` happens when it commits `seconds` later."""
        now = self.clock().timestamp()
        with self._clock_lock:
            second = max(int(now), self._last_read + 1)
            self._uncommitted.append((now + seconds, second, write))

    def settle(self, *, everything: bool = False) -> None:
        """Commits the transactions whose time has come."""
        if not self._uncommitted:
            return
        now = self.clock().timestamp()
        with self.store.lock:
            with self._clock_lock:
                due = [one for one in self._uncommitted if everything or one[0] <= now]
                self._uncommitted = [one for one in self._uncommitted if one not in due]
            for _, second, write in due:
                self._stamp_as = second
                try:
                    write()
                finally:
                    self._stamp_as = None

    def changed(self, object_name: str) -> None:
        """Rows of an object have been written: permissions may be others now."""
        if object_name in PERMISSION_OBJECTS:
            self.fields_changed()

    def fields_changed(self) -> None:
        """What users can see has changed: the stamp of it is a later whole second than any before, since whoever holds
        a describe asks by whole seconds whether it is still good.
        """
        self.access.forget()
        now = self.now().replace(microsecond=0) + timedelta(seconds=1)
        self.schema_changed = max(now, self.schema_changed + timedelta(seconds=1))

    def count_write(self, object_name: str, fields: list[str]) -> None:
        with self._clock_lock:
            self.written[object_name].update(fields)
