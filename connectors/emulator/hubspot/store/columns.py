"""Columns of a table: what a record's property is, kept so that a million records fit in memory.

Instants are 64-bit milliseconds, texts are shared where equal, and what can be computed from other columns is.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Protocol

from connectors.emulator.hubspot.wire import EPOCH, epoch_ms

UNSET = -(2**63)


class Column(Protocol):
    """The values of one property; `get` and `set` speak HubSpot's normal form, None being unset."""

    def get(self, row: int, /) -> str | None: ...
    def set(self, row: int, value: str | None, /) -> None: ...
    def grow(self) -> None: ...


class Texts:
    """Strings, numbers in normal form, enumerations."""

    __slots__ = ("values",)

    def __init__(self, values: Iterable[str | None]) -> None:
        self.values = list(values)

    def get(self, row: int) -> str | None:
        return self.values[row]

    def set(self, row: int, value: str | None) -> None:
        self.values[row] = value

    def grow(self) -> None:
        self.values.append(None)


class Instants:
    """Epoch milliseconds."""

    __slots__ = ("values",)

    def __init__(self, values: Iterable[int | None]) -> None:
        self.values = values if isinstance(values, array) else array("q", (UNSET if v is None else v for v in values))

    def ms(self, row: int) -> int | None:
        value: int = self.values[row]
        return None if value == UNSET else value

    def get(self, row: int) -> str | None:
        value = self.values[row]
        if value == UNSET:
            return None
        return (EPOCH + timedelta(milliseconds=value)).isoformat(timespec="milliseconds")[:23] + "Z"

    def set(self, row: int, value: str | None) -> None:
        ms = None if value is None else epoch_ms(value)
        self.values[row] = UNSET if ms is None else ms

    def set_ms(self, row: int, ms: int) -> None:
        self.values[row] = ms

    def grow(self) -> None:
        self.values.append(UNSET)


class Computed:
    """Worked out from the row when read, unless a write has put a value in its place.

    Only the first `count` rows, those of the seed, can be computed; a record made later holds what was written to it.
    """

    __slots__ = ("compute", "count", "overrides")

    def __init__(self, count: int, compute: Callable[[int], str | None]) -> None:
        self.compute, self.count = compute, count
        self.overrides: dict[int, str | None] = {}

    def get(self, row: int) -> str | None:
        if row in self.overrides:
            return self.overrides[row]
        return self.compute(row) if row < self.count else None

    def set(self, row: int, value: str | None) -> None:
        self.overrides[row] = value

    def grow(self) -> None:
        return


class Ids:
    """`hs_object_id`: the record's own id."""

    __slots__ = ("ids",)

    def __init__(self, ids: array[int]) -> None:
        self.ids = ids

    def get(self, row: int) -> str | None:
        return str(self.ids[row])

    def set(self, _row: int, _value: str | None) -> None:
        raise TypeError("hs_object_id cannot be set")

    def grow(self) -> None:
        return
