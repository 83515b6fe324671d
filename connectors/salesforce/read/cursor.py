"""Where a read stands. Plain JSON, so that it survives the process.

Two kinds: `Position`, inside a read, and `Watermark`, at its end. A Bulk position names the server's job, which is kept
for seven days; when it is gone, that part is read again from its start (twice is allowed, never missed).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from connectors.errors import StateError


@dataclass(frozen=True, slots=True)
class Position:
    """In the middle of a read. Times are ISO texts as SOQL takes them."""

    high: str
    """The server's clock when the read began."""
    low: str | None = None
    """Records stamped earlier are not read; None: everything."""
    part: int = 0
    """Which of the stream's objects, in the mapping's order."""
    stamp: str | None = None
    """The last record's SystemModstamp, and its id: the next one is behind them."""
    record: str | None = None
    job: str | None = None
    locator: str | None = None
    rows: int = 0
    """Rows of the Bulk job before the locator."""

    @property
    def is_start(self) -> bool:
        """Whether nothing of the object has been read."""
        return self.record is None and self.job is None

    def next_part(self) -> Position:
        """The start of the next object."""
        return Position(self.high, self.low, self.part + 1)

    def behind(self, stamp: str | None, record: str) -> Position:
        return replace(self, stamp=stamp, record=record, job=None, locator=None, rows=0)

    def encode(self) -> str:
        return json.dumps({k: v for k, v in asdict(self).items() if v is not None}, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Watermark:
    """The end of a read: the next one begins at `since`, which already lies an overlap behind the clock."""

    since: str

    def encode(self) -> str:
        return json.dumps({"since": self.since})


def decode(cursor: str) -> Position | Watermark:
    """Raises StateError for a cursor that no Salesforce connector made."""
    try:
        value = json.loads(cursor)
        if set(value) == {"since"}:
            datetime.fromisoformat(value["since"])
            return Watermark(value["since"])
        return Position(**value)
    except (ValueError, TypeError):
        raise StateError(
            "The stored cursor was not made by the Salesforce connector.", remedy="Run `bothways sync --full`."
        ) from None


def is_of_everything(cursor: str | None) -> bool:
    """Whether a read from this cursor is of all records, not of changed ones. Raises StateError as `decode` does."""
    stood = None if cursor is None else decode(cursor)
    return stood is None or (isinstance(stood, Position) and stood.low is None)
