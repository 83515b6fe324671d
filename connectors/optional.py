"""Protocols of sources that can do more than `connectors.base.Source`. The run recognises them by `isinstance`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

import pyarrow as pa

from connectors.base import Cursor, Finding, Page
from connectors.records import Stream


@runtime_checkable
class Rereader(Protocol):
    """A source that can also be asked for single records: for those that the CRM said have changed."""

    def reread(self, stream: Stream, ids: Sequence[str]) -> Iterator[Page]:
        """The present state of these records, whatever a search index says: those that exist in batches (a merged-away
        id by its survivor, with `merged`), all others in `deleted`. The cursor means nothing. Raises as
        `Source.read`.
        """


@runtime_checkable
class Expecting(Protocol):
    """A source that needs fewer calls when it knows beforehand which reads will follow."""

    def expect(self, cursors: Mapping[Stream, Cursor | None]) -> None:
        """These streams will be read, from these cursors. What the reads give is the same without it. Asks nothing
        itself.
        """


@runtime_checkable
class ShowsFields(Protocol):
    """A source whose fields can appear and disappear: a stream is read whole again when they do."""

    def shown_fields(self, stream: Stream) -> tuple[str, ...]:
        """Sorted `name:type` of the vendor fields that feed the stream now, not our own. No more calls than
        `capabilities`.
        """


@runtime_checkable
class Relinks(Protocol):
    """A source in which records are associated with others without a trace in what was modified."""

    def relinks(self, stream: Stream, since: Cursor) -> bool:
        """Whether the associations of recent records are to be read again before the increment from this cursor."""

    def relink_days(self) -> int:
        """How many days back a modification makes a record recent; open deals are always. 0: no others."""

    def relink(self, stream: Stream, rows: pa.Table) -> Iterator[Page]:
        """Those of the landed records (canonical rows) whose associations have changed, as they are now. The cursor
        means nothing. Raises as `Source.read`.
        """


@runtime_checkable
class KnowsEchoes(Protocol):
    """A source whose increments would bring our own writes back, and that can leave them out."""

    def wrote(self, stream: Stream, stamps: Mapping[str, datetime]) -> None:
        """These records (id: modification stamp) are landed as our last write left them: a read may leave out those
        that still have that stamp, and must bring any that was changed since. Asks nothing itself.
        """


@runtime_checkable
class ShowsRecords(Protocol):
    """A source whose records people open in a browser, at addresses that only it knows."""

    def record_form(self, stream: Stream) -> str:
        """The address of a record with `{id}` where its id goes; empty where it is not known. Asks nothing itself."""


@runtime_checkable
class Counts(Protocol):
    """A source whose server says, in answers that are needed anyway, how many records a read will give."""

    def expected(self, stream: Stream) -> int | None:
        """About how many records the read of a stream that is under way gives in all, as far as the server has said;
        else None. Asks nothing itself; may be called while others read.
        """


@runtime_checkable
class Doubts(Protocol):
    """A source that can say what it doubts about what it has just read."""

    def doubts(self) -> Sequence[Finding]:
        """Findings of level warn about the streams that were read. Never raises for a finding."""
