"""Spans of SystemModstamp for objects that the server does not answer about as a whole: halved when refused, doubled
when not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from connectors.errors import AuthError
from connectors.salesforce.api.client import soql_time
from connectors.salesforce.api.describe import Selection
from connectors.salesforce.api.failures import WHO_SEES_ALL, QueryTimeout, TooLarge
from connectors.salesforce.read.cursor import Position

Bounds = tuple[str, str | None]
"""From (inclusive), and before; None: no end."""

_FIRST = datetime(1999, 1, 1, tzinfo=UTC)
"""Before the first record of any organisation."""
_SMALLEST = timedelta(seconds=1)


@dataclass(slots=True)
class Windows:
    """Iterates over itself: each round is the next span to ask for, or after `halve` the same one, smaller."""

    selection: Selection
    position: Position
    _at: datetime = field(init=False)
    _width: timedelta = field(init=False)
    _refused: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        begun = self.position.stamp or self.position.low
        self._at = datetime.fromisoformat(begun) if begun else _FIRST
        self._width = max((self._high - self._at) / 2, _SMALLEST)

    def __iter__(self) -> Iterator[Windows]:
        while True:
            self._refused = False
            last = self.is_last
            yield self
            if self._refused:
                continue
            if last:
                return
            self._at += self._width
            self._width *= 2

    @property
    def bounds(self) -> Bounds:
        return soql_time(self._at), None if self.is_last else soql_time(self._at + self._width)

    @property
    def is_last(self) -> bool:
        """Whether this span reaches to the present."""
        return self._at + self._width > self._high

    def halve(self, error: QueryTimeout) -> None:
        """The server refused this span. Raises the error, or AuthError with what helps, when there is no smaller
        one.
        """
        if self._width <= _SMALLEST or not self.selection.stamped:
            if isinstance(error, TooLarge):
                raise AuthError(
                    f"Salesforce does not let this user read {self.selection.object}: one second of changes "
                    f"is about too many"
                    " records to check who may see them.",
                    remedy=WHO_SEES_ALL,
                ) from error
            raise error
        self._refused = True
        # whole seconds, as the stamps are; the last span reaches beyond the clock by less than it is wide
        reach = min(self._width, max(self._high - self._at, _SMALLEST))
        self._width = max(timedelta(seconds=int(reach.total_seconds() / 4)), _SMALLEST)

    @property
    def _high(self) -> datetime:
        return datetime.fromisoformat(self.position.high)
