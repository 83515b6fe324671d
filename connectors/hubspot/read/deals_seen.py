"""The deals that a read has seen: the read of their contacts, which comes after it, need not list them again."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectors.hubspot.api.call_counter import CHUNK
from connectors.hubspot.read.cursor import Position
from connectors.hubspot.translate.records import Record

_LONGEST_WAIT = 3600.0
"""Seconds: beyond that the deals are listed once more for their contacts."""


@dataclass(frozen=True, slots=True)
class Deals:
    """The deals that a read of the opportunities has just seen: their contacts need no second listing."""

    position: Position
    """Where that read ended."""
    since: int | None
    """The lower bound of that read; None: all deals."""
    ids: tuple[str, ...]


class Underway:
    """A read that another thread may be about; `wait` returns when none is."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._over.set()
        self._reader = 0

    def __enter__(self) -> None:
        self._reader = threading.get_ident()
        self._over.clear()

    def __exit__(self, *exc: object) -> None:
        self._over.set()

    def wait(self) -> None:
        if self._reader != threading.get_ident():  # whoever reads both by turns must not wait for itself
            self._over.wait(_LONGEST_WAIT)


def runs(ids: Sequence[str], position: Position) -> Iterator[tuple[list[str], Position]]:
    """The ids in order, 1,000 at a time; at least one run."""
    ordered = sorted(ids, key=int)
    for start in range(0, max(1, len(ordered)), CHUNK):
        run = ordered[start : start + CHUNK]
        yield run, position.at(run[-1] if run else position.after)


def beyond(pages: Iterator[tuple[list[Record], str]], position: Position) -> Iterator[tuple[list[str], Position]]:
    """The ids of listed or found deals past the position's, 1,000 at a time; at least one run."""
    passed = int(position.after or 0)
    held: list[str] = []
    for records, _ in pages:
        held += [r["id"] for r in records if int(r["id"]) > passed]
        if len(held) >= CHUNK:
            yield from runs(held, position)
            held = []
    yield from runs(held, position)
