"""Our own writes in an incremental read: HubSpot counts them as changes, and they need not be brought back.

The search is asked for what was modified before and after our writes; within them it is only asked how many records it
counts. As many as we wrote (less those that were modified again later) means that nobody else is among them. Otherwise
the window is read like any other, and those that still have our stamp are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connectors.hubspot.api.call_counter import SEARCH_PAGE
from connectors.hubspot.read.cursor import Position
from connectors.hubspot.read.fetch import Fetcher
from connectors.hubspot.translate import values
from connectors.hubspot.translate.records import Record


@dataclass(frozen=True, slots=True)
class Echo:
    """Records by the stamp (epoch ms) that our last write gave them."""

    stamps: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, stamps: Mapping[str, datetime]) -> Echo:
        return cls({record: values.milliseconds(stamp) for record, stamp in stamps.items()})

    def within(self, low: int, high: int) -> Echo:
        """Those of a window, both ends included."""
        return Echo({record: stamp for record, stamp in self.stamps.items() if low <= stamp <= high})

    @property
    def first(self) -> int:
        return min(self.stamps.values())

    @property
    def last(self) -> int:
        return max(self.stamps.values())

    def beside(
        self, fetcher: Fetcher, name: str, wanted: Sequence[str], stamp: str, position: Position
    ) -> Iterator[tuple[list[Record], str]]:
        """The pages of an incremental read without what our writes left. Those within our writes' window are not
        resumed in the middle: their position is that of the pages before.
        """
        around = [(position.since, self.first - 1), (self.last + 1, position.start)]
        windows = [(low, high) for low, high in around if low <= high]
        after, moved = position.after, 0
        if windows:
            for records, after in fetcher.changed(name, wanted, stamp, windows, position.after, None):
                moved += sum(r["id"] in self.stamps for r in records)
                yield records, after
        if fetcher.count(name, stamp, self.first, self.last) == len(self.stamps) - moved:
            return
        for records, _ in fetcher.changed(name, wanted, stamp, [(self.first, self.last)], "", None):
            yield [r for r in records if not self.is_ours(r)], after

    def is_ours(self, record: Record) -> bool:
        """Whether a record is as our write left it."""
        stamp = self.stamps.get(record["id"])
        return stamp is not None and stamp == values.milliseconds(values.parse_time(record["updatedAt"]))


def modified(fetcher: Fetcher, name: str, window: tuple[int, int]) -> frozenset[str] | None:
    """The records of an object that were modified in the window; None when they are more than a page."""
    records, _ = next(fetcher.changed(name, (), "hs_lastmodifieddate", [window], "", None))
    return frozenset(r["id"] for r in records) if len(records) < SEARCH_PAGE else None
