"""Activities from mail, calendars and call logs before their people are known: columns for Arrow, and which side
acted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from connectors.base import Reject
from connectors.records import IDS, TIME

SHAPE = pa.schema(
    [
        ("id", pa.string()),
        ("channel", pa.string()),
        ("direction", pa.string()),
        ("outcome", pa.string()),
        ("automated", pa.bool_()),
        ("occurred_at", TIME),
        ("date_only", pa.bool_()),
        ("minutes", pa.float64()),
        ("people", IDS),  # `mailto:`, `tel:`, `name:` or `id:` of theirs, the author of an inbound act first
        ("users", IDS),  # of ours, likewise
        ("account_id", pa.string()),
        ("thread_id", pa.string()),
        ("dedupe_key", pa.string()),
        ("created_at", TIME),
        ("opener", pa.string()),  # who opened it, where only their name is known and so not whose they are
    ]
)


@dataclass(slots=True)
class Acts:
    """What a source gave: `rows` in the order of SHAPE, what could not be understood, and what was left out by
    reason.
    """

    rows: list[tuple[object, ...]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    doubts: list[tuple[str, str]] = field(default_factory=list)
    """What a person should look at, each with its remedy."""

    def add(self, *values: object) -> None:
        self.rows.append((*values, *(None,) * (len(SHAPE) - len(values))))

    def leave_out(self, reason: str) -> None:
        self.left_out[reason] = self.left_out.get(reason, 0) + 1

    def reject(self, record: str, column: str, message: str, source: str) -> None:
        self.rejects.append(Reject("activities", record, column, message, source))

    def table(self) -> pa.Table:
        columns: Sequence[Iterable[object]] = list(zip(*self.rows, strict=True)) or [()] * len(SHAPE)
        return pa.table([pa.array(list(c), f.type) for c, f in zip(columns, SHAPE, strict=True)], schema=SHAPE)


class Sides:
    """Which addresses are ours: those of our domains and of what lies below them."""

    def __init__(self, own_domains: Sequence[str]) -> None:
        self._domains = tuple(d.lower().removeprefix("@") for d in own_domains)
        self._below = tuple(f".{d}" for d in self._domains)

    def ours(self, address: str) -> bool:
        domain = address.rpartition("@")[2]
        return domain in self._domains or domain.endswith(self._below)

    def split(self, addresses: Iterable[str]) -> tuple[list[str], list[str]]:
        """(ours, theirs), in order and each once."""
        ours: list[str] = []
        theirs: list[str] = []
        for address in dict.fromkeys(addresses):
            (ours if self.ours(address) else theirs).append(address)
        return ours, theirs
