"""Pages of one or several objects behind one cursor: REST queries for what is small or recent, Bulk for what is large.

REST pages are ordered by (SystemModstamp, Id), so a read can begin behind any record. There is no upper bound in the
query: a record that changes while we read moves ahead of us and comes twice, where a bound would drop it. What bounds
the *watermark* is the server's clock at the start of the read, less the overlap, because rows become visible after the
moment they are stamped.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from connectors.base import Page
from connectors.errors import AuthError, BothwaysError, FatalError, RetriableError, SchemaError
from connectors.records import Stream
from connectors.salesforce.api.answers import Found, Record
from connectors.salesforce.api.bulk_query import BulkQueries
from connectors.salesforce.api.client import Client, soql_time
from connectors.salesforce.api.describe import Selection
from connectors.salesforce.api.failures import BulkRefused, LocatorGone, QueryTimeout, TooLarge
from connectors.salesforce.config import SalesforceConfig
from connectors.salesforce.read.cursor import Position, Watermark, decode
from connectors.salesforce.read.lookups import Lookups, Need
from connectors.salesforce.read.statement import statement
from connectors.salesforce.read.tombstones import living, parted
from connectors.salesforce.read.windows import Bounds, Windows
from connectors.salesforce.translate.columns import Frame, as_ids, from_json
from connectors.salesforce.translate.records import ID, STAMP, Translated

_log = logging.getLogger(__name__)

PAGE = 2_000
Answers = dict[int, Found | BothwaysError]
"""First pages by the number of the feed."""


@dataclass(frozen=True, slots=True)
class Feed:
    """One object of a stream: what to select, and how a page of living rows becomes canonical."""

    selection: Selection
    translate: Callable[[Frame], Translated]
    stands_for: str | None = None
    """A path to ids of other records of the stream that these replace (an e-mail's task)."""
    needs: Callable[[Frame], Sequence[Need]] | None = None
    """What `translate` will look up for a page."""
    only_changes: bool = False
    """Not part of a read of everything: rows that say which records of the stream to read again."""
    tombstones: bool = True
    """Whether a deleted row is a deleted record of the stream."""


@dataclass(frozen=True, slots=True)
class _Raw:
    frame: Frame
    position: Position
    last: bool


@dataclass(slots=True)
class Reader:
    """Reads the feeds of one stream, one after the other."""

    client: Client
    config: SalesforceConfig
    stream: Stream
    feeds: Sequence[Feed]
    sizes: Mapping[str, int] = field(default_factory=dict)
    """About how many records each object has, where known: above the threshold a full read goes by Bulk at once."""
    lookups: Lookups | None = None
    """Who is asked for related rows: at once for all feeds, when they are small."""
    totals: dict[int, int] = field(default_factory=dict)
    """What the server has said of each feed's rows, by its number."""
    under_way: int = 0

    @property
    def expected(self) -> int | None:
        """About how many rows all feeds give, None as long as the server has not said so of each."""
        known = dict(self.totals)
        return sum(known.values()) if known and len(known) == len(self.feeds) else None

    def pages(self, since: str | None, begun: tuple[Position, Answers] | None = None) -> Iterator[Page]:
        """All pages from a cursor on; the last one's cursor is the watermark. `begun`: the read has begun there, and
        its first pages are these.
        """
        position, first = begun or (self._start(since), None)
        if position.low is None:
            self.feeds = [feed for feed in self.feeds if not feed.only_changes]
        if first is None:
            first = self._first_pages(position)
        self._prefetch(first)
        self._know(position, first)
        for number in range(position.part, len(self.feeds)):
            feed, self.under_way = self.feeds[number], number
            final = number == len(self.feeds) - 1
            whole = position.low is None and position.is_start
            part = self._part(feed.selection, position, first.get(number))
            for raw in self._if_served(feed, position, part) if feed.only_changes else part:
                if not raw.last:
                    cursor = raw.position.encode()
                elif final:
                    cursor = self._watermark(position).encode()
                else:
                    cursor = position.next_part().encode()
                page, living = self._page(feed, raw.frame, cursor, incremental=position.low is not None)
                if whole and feed.stands_for and self.lookups is not None:
                    self.lookups.note_twins(as_ids(living.get(feed.stands_for)), complete=raw.last)
                yield page
            position = position.next_part()

    def _know(self, position: Position, first: Answers) -> None:
        for number, feed in enumerate(self.feeds):
            answer = first.get(number)
            if number < position.part:
                self.totals[number] = 0  # read by an earlier attempt
            elif isinstance(answer, Found):
                self.totals[number] = answer.total
            elif position.low is None and feed.selection.object in self.sizes:
                self.totals[number] = self.sizes[feed.selection.object]

    def _if_served(self, feed: Feed, position: Position, part: Iterator[_Raw]) -> Iterator[_Raw]:
        """A part that a read can do without: an organisation that refuses the query is said to, and the rest is
        read.
        """
        try:
            yield from part
        except (SchemaError, FatalError, RetriableError) as error:
            refused = "MALFORMED_QUERY" in str(error) if isinstance(error, RetriableError) else True
            if not refused or isinstance(error, AuthError):
                raise
            _log.warning(
                "%s does not tell whose people have changed: such changes are seen by the next whole read. %s",
                feed.selection.object,
                error,
            )
            yield _Raw(from_json([], feed.selection.paths), position, last=True)

    def _start(self, since: str | None) -> Position:
        stood = decode(since) if since is not None else None
        if isinstance(stood, Position):
            return stood
        return Position(soql_time(self.client.now()), None if stood is None else stood.since)

    def _watermark(self, position: Position) -> Watermark:
        high = datetime.fromisoformat(position.high)
        return Watermark(soql_time(high - timedelta(minutes=self.config.overlap_minutes)))

    def _first_pages(self, position: Position) -> Answers:
        """With several objects to read by REST, the first page of each in one call."""
        fresh = [n for n in range(position.part, len(self.feeds)) if n != position.part or position.record is None]
        small = [n for n in fresh if not self._is_large(self.feeds[n].selection, position) and position.job is None]
        if len(small) < 2:
            return {}
        start = Position(position.high, position.low)
        statements = [statement(self.feeds[n].selection, start, ordered=True) for n in small]
        self.client.minimum -= len(small) - 1
        return dict(zip(small, self.client.queries(statements, everything=True), strict=True))

    def _prefetch(self, first: Mapping[int, Found | BothwaysError]) -> None:
        """Related rows of all small feeds in one call."""
        if self.lookups is None:
            return
        needs: list[Need] = []
        for number, answer in first.items():
            feed = self.feeds[number]
            if feed.needs is not None and isinstance(answer, Found) and answer.more is None and answer.records:
                needs += feed.needs(living(from_json(answer.records, feed.selection.paths)))
        self.lookups.prefetch(needs)

    def _is_large(self, selection: Selection, position: Position) -> bool:
        return position.low is None and self.sizes.get(selection.object, 0) > self.config.bulk_read_rows

    def _part(self, selection: Selection, position: Position, first: Found | BothwaysError | None) -> Iterator[_Raw]:
        """One object from a position on; at least one page."""
        if position.job is not None or (position.record is None and self._is_large(selection, position)):
            try:
                yield from self._bulk(selection, position)
            except BulkRefused:
                position = replace(position, job=None, locator=None, rows=0)
            else:
                return
        try:
            found = self._opened(selection, position, first)
        except TooLarge:
            yield from self._in_windows(selection, position)
            return
        except QueryTimeout:
            yield from self._slowly(selection, position)
            return
        if position.record is None and found.total > self.config.bulk_read_rows:
            try:
                yield from self._bulk(selection, position)
            except BulkRefused:
                pass
            else:
                return
        yield from self._rest(selection, position, found, self._asking(selection))

    def _slowly(self, selection: Selection, position: Position) -> Iterator[_Raw]:
        """What a query took too long for: by Bulk, or where that is refused in smaller windows."""
        try:
            yield from self._bulk(selection, replace(position, stamp=None, record=None))
        except BulkRefused:
            yield from self._in_windows(selection, position)

    def _in_windows(self, selection: Selection, position: Position) -> Iterator[_Raw]:
        """By spans of stamps, each as wide as the server answers. The last one has no end: what changes meanwhile moves
        there.
        """
        for window in Windows(selection, position):
            ask = self._asking(selection, window.bounds)
            try:
                found = ask(position)
            except QueryTimeout as error:
                window.halve(error)
                continue
            for raw in self._rest(selection, position, found, ask):
                position = raw.position
                if raw.frame.size or window.is_last:
                    yield replace(raw, last=raw.last and window.is_last)

    def _asking(self, selection: Selection, window: Bounds | None = None) -> Callable[[Position], Found]:
        everything = selection.deletable
        return lambda position: self.client.query(
            statement(selection, position, ordered=True, window=window), everything=everything
        )

    def _opened(self, selection: Selection, position: Position, first: Found | BothwaysError | None) -> Found:
        if isinstance(first, RetriableError) and not isinstance(first, QueryTimeout):
            first = None
        if isinstance(first, BothwaysError):
            raise first
        return first or self._asking(selection)(position)

    def _rest(
        self, selection: Selection, position: Position, found: Found, ask: Callable[[Position], Found]
    ) -> Iterator[_Raw]:
        rows = of_query = 0
        self.totals[self.under_way] = found.total
        while True:
            rows += len(found.records)
            of_query += len(found.records)
            if found.more is None and of_query != found.total:
                raise RetriableError(f"A query of {selection.object} gave {of_query} rows of {found.total}.")
            frame = from_json(found.records, selection.paths)
            if found.records:
                position = position.behind(*_place(found.records[-1]))
            yield _Raw(frame, position, found.more is None)
            if found.more is None:
                self.client.minimum += max(1, -(-rows // PAGE))
                return
            try:
                found = self.client.more(found.more, found)
            except LocatorGone:
                of_query = 0
                found = ask(position)

    def _bulk(self, selection: Selection, position: Position) -> Iterator[_Raw]:
        queries = BulkQueries(self.client, self.config)
        if position.job is None or not queries.is_alive(position.job):
            text = statement(selection, replace(position, stamp=None, record=None), ordered=False)
            job = queries.start(text, everything=selection.deletable)
            self.client.minimum += 1
            position = replace(position, stamp=None, record=None, job=job, locator=None, rows=0)
        assert position.job is not None  # started above when there was none
        for page in queries.pages(position.job, selection.paths, position.locator, position.rows):
            position = replace(position, locator=page.locator, rows=page.rows)
            self.totals[self.under_way] = page.expected
            yield _Raw(page.frame, position, page.locator is None)

    def _page(self, feed: Feed, frame: Frame, cursor: str, *, incremental: bool) -> tuple[Page, Frame]:
        """The canonical page, and the rows that it was made from."""
        deleted: list[str] = []
        merged: dict[str, str] = {}
        if feed.tombstones:
            frame, deleted, merged = parted(frame)
        made = feed.translate(frame)
        if incremental:
            replaced = as_ids(frame.get(feed.stands_for)).drop_null().to_pylist() if feed.stands_for else []
            deleted += [*made.gone, *replaced]
        return Page(self.stream, made.batch, cursor, tuple(deleted), merged, made.rejects), frame


def _place(record: Record) -> tuple[str | None, str]:
    stamp = record.get(STAMP)
    return (soql_time(datetime.fromisoformat(stamp)) if stamp else None), str(record[ID])
