"""Pull and land: which streams to read from where, several at a time, one writer.

A stream that breaks off makes the whole pull incomplete: what came is landed and its cursor kept, the next run goes on
from there, and nothing is scored.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain

import sqlalchemy as sa

from connectors.base import Connector, Page
from connectors.errors import BothwaysError, RetriableError, Unreachable
from connectors.optional import Expecting, KnowsEchoes, Rereader
from connectors.records import Stream
from sync.errors import PullIncomplete, Stopped
from sync.progress import ExpectedProgress, Progress
from sync.pull import echo
from sync.pull.landing import Generation, Landing
from sync.pull.parts import Batch
from sync.pull.recent import linked_again
from sync.pull.rereads import Marked, Marks
from sync.pull.shown_fields import compare_fields
from sync.state.database import State
from sync.state.tables import pulls
from sync.system.failpoints import failpoint
from sync.system.times import parse_time

FLUSH_ROWS = 20_000
_ROUNDS = 3
_PATIENCE = 60.0
"""How often, and for how many seconds without a page, a read that broke off is gone on with in the same run."""
_LOOK = 0.25
"""Seconds between two looks at whether the run is asked to stop, while no page comes."""
_STALE = timedelta(hours=24)
"""An unfinished full read older than this is begun anew: what it landed first may have changed since."""


@dataclass(frozen=True, slots=True)
class PullPolicy:
    """`full` reads every stream whole; otherwise a stream is read whole when its last whole read is older than
    `full_every`.
    """

    full: bool = False
    full_every: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Pulled:
    """Records landed by this run (in all its attempts) and rejects among them."""

    rows: dict[Stream, int]
    rejects: int


@dataclass(frozen=True, slots=True)
class _End:
    stream: Stream
    error: BothwaysError | None = None


def pull(
    connector: Connector,
    landing: Landing,
    state: State,
    run_id: str,
    policy: PullPolicy,
    progress: Progress,
    stop: threading.Event | None = None,
    marks: Marks | None = None,
) -> Pulled:
    """Reads all streams of the connector to their end, and the marked records again. Raises PullIncomplete (or the
    CRM's QuotaReached, AuthError, SchemaError) when one cannot be; Stopped when `stop` is set.
    """
    compare_fields(connector, landing, progress)
    done = _complete(connector, landing, state, run_id)
    todo = [s for s in connector.capabilities.streams if s not in done]
    open_now = {s: _generation(s, connector, landing, policy) for s in todo}
    marked = marks.now() if marks is not None else Marked({})
    if isinstance(connector, Expecting):
        connector.expect({stream: generation.cursor for stream, generation in open_now.items()})
    if isinstance(connector, KnowsEchoes):
        for stream in todo:
            connector.wrote(stream, echo.stamps(landing, stream) if open_now[stream].status == "current" else {})
    linked = {s: linked_again(connector, s, open_now[s], landing) for s in todo}
    halt = threading.Event()
    pages: queue.Queue[Page | _End] = queue.Queue(maxsize=2 * max(1, connector.capabilities.read_workers))
    with ThreadPoolExecutor(max(1, connector.capabilities.read_workers), "read") as workers:
        reads = [
            workers.submit(_read, connector, s, open_now[s].cursor, marked.ids(s), linked[s], pages, halt) for s in todo
        ]
        errors = _land_all(landing, open_now, pages, halt, run_id, ExpectedProgress(connector, progress), stop)
    if marks is not None:
        broken = {stream for stream, _ in errors}
        # Those of streams that are not read here too: nothing will ever come of them.
        for stream in {*todo, *(marked.tokens.keys() - set(connector.capabilities.streams))} - broken:
            marks.taken(run_id, stream, marked)
    for read in reads:
        read.result()  # a defect in a reader is not a broken connection: let it be seen
    if stop is not None and stop.is_set():  # before the errors: readers that were halted broke off too
        raise Stopped("Asked to stop while reading.", remedy="Run the same command again: it goes on from here.")
    if errors:
        raise _verdict(errors)
    for stream in todo:
        landing.compact(stream)
    failpoint("pull.done")
    return pulled(state, run_id)


def pulled(state: State, run_id: str) -> Pulled:
    """What a run has landed so far."""
    with state.engine.begin() as connection:
        rows = connection.execute(sa.select(pulls).where(pulls.c.run_id == run_id).order_by(pulls.c.stream)).all()
    return Pulled({r.stream: r.rows for r in rows}, sum(r.rejects for r in rows))


def _complete(connector: Connector, landing: Landing, state: State, run_id: str) -> set[Stream]:
    """Streams that an earlier attempt of this run has read to their end, if what it landed can still be used.

    Files are read again: they may have been mended since, and cost no calls.
    """
    mine = (pulls.c.run_id == run_id) & pulls.c.complete
    with state.engine.begin() as connection:
        landed_streams = connection.execute(sa.select(pulls.c.stream).where(mine)).scalars().all()
    done = {stream for stream in landed_streams if connector.capabilities.incremental and _usable(landing, stream)}
    with state.engine.begin() as connection:
        for stream in set(landed_streams) - done:
            connection.execute(pulls.delete().where((pulls.c.run_id == run_id) & (pulls.c.stream == stream)))
    return done


def _usable(landing: Landing, stream: Stream) -> bool:
    current = landing.generation(stream, "current")
    return current is not None and current.columns == landing.columns(stream)


def _generation(stream: Stream, connector: Connector, landing: Landing, policy: PullPolicy) -> Generation:
    columns = landing.columns(stream)
    filling = landing.generation(stream, "filling")
    if filling is not None and filling.columns == columns and _age(filling) < _STALE:
        return filling
    current = landing.generation(stream, "current")
    if (
        current is not None
        and filling is None
        and not policy.full
        and stream in connector.capabilities.incremental
        and current.cursor is not None
        and current.columns == columns
        and _age(current) < policy.full_every
    ):
        return current
    return landing.begin(stream)


def _age(generation: Generation) -> timedelta:
    return datetime.now(UTC) - parse_time(generation.started_at)


def _again(connector: Connector, stream: Stream, ids: Sequence[str], since: str | None) -> Iterator[Page]:
    """The marked records of a stream as they are now. They move no cursor, and what was found by id lives, whatever
    tombstone came before it."""
    if since is None or not ids or stream not in connector.capabilities.rereadable:
        return  # a full read from its start meets every record anyway
    if not isinstance(connector, Rereader):
        raise AssertionError(f"{connector.name} says that it can read again, and cannot")
    for page in connector.reread(stream, ids):
        yield replace(page, cursor=since, merged={**page.merged, **{i: i for i in page.batch.column("id").to_pylist()}})


def _read(
    connector: Connector,
    stream: Stream,
    since: str | None,
    marked: Sequence[str],
    linked: Iterator[Page],
    pages: queue.Queue[Page | _End],
    halt: threading.Event,
) -> None:
    error: BothwaysError | None = PullIncomplete("The read ended unexpectedly.")
    try:
        if not halt.is_set():
            reader: Iterator[Page] = chain(
                linked, _again(connector, stream, marked, since), _whole(connector, stream, since, halt)
            )
            for page in reader:
                pages.put(page)
                if halt.is_set():
                    return
            error = None
    except BothwaysError as broken:
        error = broken
    finally:
        # Whatever happened, even a defect, the writer must hear that this stream is over, or it would wait for ever.
        pages.put(_End(stream, error))


def _whole(connector: Connector, stream: Stream, since: str | None, halt: threading.Event) -> Iterator[Page]:
    """All pages, going on behind the last one when a read breaks off: a call that fails five times in a row is bad luck
    where one in five fails, and a large read makes thousands. Raises what `Source.read` raises when that does not
    help.
    """
    for again in range(_ROUNDS):
        begun = time.monotonic()
        try:
            for page in connector.read(stream, since):
                yield page
                since, begun = page.cursor, time.monotonic()
        except RetriableError as broken:
            given_up = again == _ROUNDS - 1 or isinstance(broken, Unreachable) or halt.is_set()
            if given_up or time.monotonic() - begun > _PATIENCE:
                raise
        else:
            return


def _land_all(
    landing: Landing,
    open_now: dict[Stream, Generation],
    pages: queue.Queue[Page | _End],
    halt: threading.Event,
    run_id: str,
    progress: ExpectedProgress,
    stop: threading.Event | None,
) -> list[tuple[Stream, BothwaysError]]:
    waiting: dict[Stream, Batch] = {stream: Batch() for stream in open_now}
    errors: list[tuple[Stream, BothwaysError]] = []
    left = len(open_now)
    try:
        while left:
            if stop is not None and stop.is_set():
                halt.set()
            try:
                item = pages.get(timeout=_LOOK)
            except queue.Empty:
                continue
            if isinstance(item, _End):
                left -= 1
                if item.error is not None:
                    halt.set()
                    errors.append((item.stream, item.error))
                _flush(landing, open_now, waiting, item.stream, run_id, complete=item.error is None)
                continue
            waiting[item.stream].add(item)
            progress.advance(item.stream, item.batch.num_rows)
            if waiting[item.stream].rows >= FLUSH_ROWS:
                _flush(landing, open_now, waiting, item.stream, run_id, complete=False)
    finally:
        halt.set()
        while left:  # only when landing itself failed: let the readers go, their pages will be read again
            left -= isinstance(pages.get(), _End)
    return errors


def _flush(
    landing: Landing,
    open_now: dict[Stream, Generation],
    waiting: dict[Stream, Batch],
    stream: Stream,
    run_id: str,
    *,
    complete: bool,
) -> None:
    batch = waiting[stream]
    if complete or batch.pages:
        open_now[stream] = landing.land(open_now[stream], batch, run_id, complete=complete)
        waiting[stream] = Batch()


def _verdict(errors: list[tuple[Stream, BothwaysError]]) -> BothwaysError:
    # The first that no repeating can heal decides; else the pull is simply incomplete.
    for _, error in errors:
        if not isinstance(error, RetriableError):
            return error
    stream, first = next(((s, e) for s, e in errors if not isinstance(e, PullIncomplete)), errors[0])
    return PullIncomplete(
        f"The pull of {stream} broke off: {first}",
        remedy="Nothing was scored or written; run again, it goes on from here.",
    )
