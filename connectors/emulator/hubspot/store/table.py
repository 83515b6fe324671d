"""One object type's records, by columns, with an index over the modification stamp and a lagging view for search.

Rows are never removed: ids only grow, so a row's place is found by bisection, and archived or merged records keep
theirs.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from connectors.emulator.hubspot.schema.objects import ObjectType
from connectors.emulator.hubspot.store.columns import UNSET, Column, Ids, Instants, Texts
from connectors.emulator.hubspot.wire import PORTAL_ID, Json

LIVE, ARCHIVED, GONE = 0, 1, 2


@dataclass(slots=True)
class Lag:
    """What the search index still holds for a row: the values before the change, or nothing for a new record."""

    until: float
    created: bool = False
    archived: bool = False
    values: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Version:
    """One past value of a property."""

    value: str | None
    timestamp: int
    source: str
    source_id: str


class Table:
    """The records of one object type."""

    def __init__(self, kind: ObjectType, ids: Iterable[int], columns: dict[str, Column]) -> None:
        self.kind = kind
        self.ids = array("q", ids)
        count = len(self.ids)
        self.columns: dict[str, Column] = {"hs_object_id": Ids(self.ids)}
        for name in {kind.created, kind.modified, "hs_createdate"}:
            self.columns[name] = Instants([None] * count)
        self.columns |= columns
        self.state = bytearray(count)
        self.archived_at: dict[int, int] = {}
        self.merged_into: dict[int, int] = {}
        self.history: dict[tuple[int, str], list[Version]] = {}
        self.lag: dict[int, Lag] = {}
        self.version = 0
        self._prefix = f"https://app.hubspot.com/contacts/{PORTAL_ID}/record/{kind.type_id}/"
        self._sorted: npt.NDArray[np.int64] | None = None
        self._order: npt.NDArray[np.int64] | None = None
        self._dirty: set[int] = set()

    @property
    def created(self) -> Instants:
        column = self.columns[self.kind.created]
        assert isinstance(column, Instants)
        return column

    @property
    def modified(self) -> Instants:
        column = self.columns[self.kind.modified]
        assert isinstance(column, Instants)
        return column

    def row(self, identifier: int, state: int = LIVE) -> int | None:
        """The row of an id if it is in that state."""
        at = bisect_left(self.ids, identifier)
        found = at < len(self.ids) and self.ids[at] == identifier and self.state[at] == state
        return at if found else None

    def survivor(self, identifier: int) -> int:
        """The id that answers for a merged-away one, or the id itself."""
        while identifier in self.merged_into:
            identifier = self.merged_into[identifier]
        return identifier

    def page(self, after: int, limit: int, state: int = LIVE) -> list[int]:
        """Rows in the order of ids, from the first id >= `after`: one more than `limit` if there are more."""
        rows: list[int] = []
        row = bisect_left(self.ids, after)
        count = len(self.ids)
        while row < count and len(rows) <= limit:
            if self.state[row] == state:
                rows.append(row)
            row += 1
        return rows

    def append(self, identifier: int) -> int:
        """A new empty row; `identifier` must be greater than all before."""
        self.ids.append(identifier)
        self.state.append(LIVE)
        for column in self.columns.values():
            column.grow()
        row = len(self.ids) - 1
        self._dirty.add(row)
        return row

    def next_id(self) -> int:
        return (self.ids[-1] if self.ids else 1000) + 1

    def column(self, name: str) -> Column:
        """The column of a property, made when first written."""
        if name not in self.columns:
            self.columns[name] = Texts([None] * len(self.ids))
        return self.columns[name]

    def get(self, row: int, name: str) -> str | None:
        column = self.columns.get(name)
        return None if column is None else column.get(row)

    def touch(self, row: int, ms: int) -> None:
        """Moves the modification stamp; it never goes back."""
        self.version += 1
        self._dirty.add(row)
        before = self.modified.ms(row)
        self.modified.set_ms(row, ms if before is None or ms > before else before)

    def render(self, row: int, columns: list[tuple[str, Column | None]]) -> Json:
        """A record as the API shows it, without associations."""
        values = {name: None if column is None else column.get(row) for name, column in columns}
        identifier = str(self.ids[row])
        record: Json = {
            "id": identifier,
            "properties": values,
            "createdAt": self.columns["hs_createdate"].get(row) or values.get(self.kind.created),
            "updatedAt": values[self.kind.modified],
            "archived": self.state[row] == ARCHIVED,
            "url": self._prefix + identifier,
        }
        if row in self.archived_at:
            record["archivedAt"] = _iso(self.archived_at[row])
        return record

    def modified_between(self, low: int, high: int) -> list[int]:
        """Rows with a modification stamp in [low, high], and every row that changed since the index was built."""
        if self._sorted is None or self._order is None or len(self._dirty) > max(1000, len(self.ids) // 8):
            stamps = np.frombuffer(self.modified.values, dtype=np.int64).copy()
            self._order = np.argsort(stamps, kind="stable")
            self._sorted = stamps[self._order]
            self._dirty = set(self.lag)
        first, last = np.searchsorted(self._sorted, [max(low, UNSET + 1), high + 1])
        rows: list[int] = self._order[first:last].tolist()
        return [row for row in rows if row not in self._dirty] + list(self._dirty)

    def rows_between(self, low: int, high: int) -> range:
        """Rows with low <= id <= high."""
        return range(bisect_left(self.ids, low), bisect_right(self.ids, high))

    def remember(self, row: int, until: float, names: Iterable[str], *, created: bool = False) -> None:
        """Notes what search goes on seeing of a row until its index has caught up."""
        lag = self.lag.setdefault(row, Lag(until, created))
        lag.until = until
        for name in {*names, self.kind.modified}:
            lag.values.setdefault(name, self.get(row, name))

    def catch_up(self, now: float) -> None:
        """Forgets the lags that have passed."""
        for row in [row for row, lag in self.lag.items() if lag.until <= now]:
            del self.lag[row]
            self.version += 1


def _iso(ms: int) -> str | None:
    return Instants([ms]).get(0)
