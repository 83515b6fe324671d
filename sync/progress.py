"""What a run tells of its progress; the displays are in `sync.console.progress`."""

from __future__ import annotations

from typing import Protocol

from connectors.base import Connector
from connectors.optional import Counts
from connectors.records import Stream


class Progress(Protocol):
    """Called from several threads while a run goes on."""

    def stage(self, name: str) -> None:
        """A stage begins: pull, land, enrich, diff, write."""
        ...

    def advance(self, stream: str, rows: int) -> None:
        """So many more rows of a stream are done in this stage."""
        ...

    def expect(self, stream: str, rows: int) -> None:
        """About so many rows of a stream there will be in this stage; said again when more is known."""
        ...

    def note(self, text: str) -> None:
        """Something worth a line."""
        ...


class NullProgress:
    """Says nothing."""

    def stage(self, name: str) -> None:
        del name

    def advance(self, stream: str, rows: int) -> None:
        del stream, rows

    def expect(self, stream: str, rows: int) -> None:
        del stream, rows

    def note(self, text: str) -> None:
        del text


class ExpectedProgress:
    """Progress of a source that knows how much there is to read: says so with each page."""

    def __init__(self, connector: Connector, progress: Progress) -> None:
        self._counts = connector if isinstance(connector, Counts) else None
        self._progress = progress

    def advance(self, stream: Stream, rows: int) -> None:
        expected = self._counts.expected(stream) if self._counts is not None else None
        if expected:
            self._progress.expect(stream, expected)
        self._progress.advance(stream, rows)
