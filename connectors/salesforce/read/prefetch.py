"""What has changed in several streams, asked for together: on a quiet day one call of five queries does for five
objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.base import Cursor
from connectors.errors import BothwaysError, StateError
from connectors.records import Stream
from connectors.salesforce.api.answers import Found
from connectors.salesforce.api.client import QUERIES_A_CALL, Client, soql_time
from connectors.salesforce.read.cursor import Position, Watermark, decode
from connectors.salesforce.read.fetch import Answers, Feed
from connectors.salesforce.read.statement import statement


@dataclass(slots=True)
class Ahead:
    """First pages of the reads that have been announced, fetched with the first of them and given away once each."""

    client: Client
    feeds: Callable[[Stream], Sequence[Feed]]
    beside: Callable[[], Sequence[str]] = tuple
    """Statements of small reads that are not of changes, asked in the same calls."""
    _announced: dict[Stream, str] = field(default_factory=dict)
    _ready: dict[Stream, tuple[Cursor, Position, Answers]] = field(default_factory=dict)
    _beside: list[Found | BothwaysError] | None = None

    def announce(self, cursors: Mapping[Stream, Cursor | None]) -> None:
        """These reads will follow. Asks nothing yet; of reads that do not begin at a watermark nothing is fetched
        ahead.
        """
        self._ready.clear()
        self._beside = None
        self._announced = {stream: cursor for stream, cursor in cursors.items() if cursor and _is_watermark(cursor)}

    def start(self, stream: Stream, since: Cursor | None) -> tuple[Position, Answers] | None:
        """Where the read of changes begins and its first pages; None when it was not announced. The position has the
        clock of before the pages were asked for, so that nothing committed since is taken for read. Raises as a query
        does.
        """
        if self._announced.get(stream) == since and len(self._announced) > 1:
            self._fetch()
        cursor, position, answers = self._ready.pop(stream, (None, Position(""), {}))
        return (position, answers) if cursor is not None and cursor == since else None

    def take_beside(self) -> list[Found | BothwaysError] | None:
        """The answers to the statements of `beside`, once; None when they have not been asked."""
        taken, self._beside = self._beside, None
        return taken

    def _fetch(self) -> None:
        announced, self._announced = self._announced, {}
        now = soql_time(self.client.now())
        starts: dict[Stream, Position] = {}
        asked: list[tuple[Stream, int, str]] = []
        for stream, cursor in announced.items():
            mark = decode(cursor)
            assert isinstance(mark, Watermark)  # no other was kept
            starts[stream] = Position(now, mark.since)
            for number, feed in enumerate(self.feeds(stream)):
                asked.append((stream, number, statement(feed.selection, starts[stream], ordered=True)))
        small = list(self.beside())
        answers = self.client.queries([*(text for _, _, text in asked), *small], everything=True)
        calls = -(-(len(asked) + len(small)) // QUERIES_A_CALL)
        self.client.minimum -= len(asked) + bool(small) - calls  # each reader adds one for its objects
        self._beside = answers[len(asked) :] if small else None
        answers = answers[: len(asked)]
        for (stream, number, _), answer in zip(asked, answers, strict=True):
            _, _, mine = self._ready.setdefault(stream, (announced[stream], starts[stream], {}))
            mine[number] = answer


def _is_watermark(cursor: Cursor) -> bool:
    try:
        return isinstance(decode(cursor), Watermark)
    except StateError:  # reading from it raises
        return False
