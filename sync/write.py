"""Write back: batches of changes to the CRM, each journalled as unknown before it is sent and closed by its answers.

At most `write_workers` batches are in flight, so a kill leaves at most so many to be sent again. A record that the CRM
could not take just now (a locked row) is tried again in this run, in smaller batches, then left to the next one.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime

from connectors.base import Change, Connector, PropertySpec, Value, WriteResult
from connectors.errors import AuthError, BothwaysError, FatalError, RetriableError, SchemaError
from connectors.http.retry import retrying
from connectors.records import Stream
from sync.errors import RefusedByCrm, Stopped
from sync.progress import Progress
from sync.state.journal import Journal, Key, Planned, Verdict, values_of
from sync.system.failpoints import failpoint

ROUNDS = 4
"""How often the records that could not be taken are tried again within the run."""
_MOST = (5, 0.5)
"""Refusals for one reason concern more than the record when they are at least so many, and more than this share of a
batch.
"""
_REFUSING_BATCHES = 2
_CIRCUIT = 3
"""So many calls failing as a whole, one after the other: the CRM is not there, the rest is not even tried."""


class Writer:
    """Writes one plan. `send` may be called once."""

    def __init__(
        self,
        connector: Connector,
        journal: Journal,
        run_id: str,
        specs: Sequence[PropertySpec],
        progress: Progress,
        stop: threading.Event,
    ) -> None:
        self._connector, self._journal, self._run_id = connector, journal, run_id
        self._types: Mapping[str, str] = {s.name: s.type for s in specs}
        self._progress, self._stop = progress, stop
        self._halt: BothwaysError | None = None
        self._refusing: Counter[str] = Counter()
        self._failed_calls = 0
        self.echo: dict[Stream, dict[str, tuple[Mapping[str, Value], datetime]]] = {}
        """What was confirmed with its stamp: by stream and record, the values and the stamp."""
        self._last_failure: RetriableError | None = None

    def send(self, rows: Iterable[Planned]) -> None:
        """Sends all rows; afterwards the journal says what became of each.

        Raises, once nothing is in flight any more: QuotaReached, AuthError, SchemaError, RetriableError when calls
        failed as a whole until the tries were used up, Stopped when asked to stop.
        """
        size = self._connector.capabilities.write_batch
        left = self._pass(_batches(rows, size), max(1, self._connector.capabilities.write_workers))

        def again() -> None:
            nonlocal left, size
            if len(left) <= 10 * size:  # so that one bad row cannot spoil its neighbours; never thousands of calls
                size = max(1, size // 4)
            left = self._pass(_batches(left, size), 1)
            if left and self._halt is None:
                raise RetriableError("rows are left", retry_after=getattr(self._last_failure, "retry_after", None))

        if left and self._halt is None:
            try:
                retrying(again, on=RetriableError, attempts=ROUNDS)
            except RetriableError:
                self._going()  # asked to stop while it waited
                self._halt = self._halt or self._last_failure
        if self._halt is not None:
            raise self._halt

    def _pass(self, batches: Iterator[list[Planned]], workers: int) -> list[Planned]:
        """Sends the batches; returns the rows that are worth another try."""
        left: list[Planned] = []
        flying: dict[Future[tuple[list[WriteResult], BothwaysError | None]], list[Planned]] = {}
        with ThreadPoolExecutor(workers, "write") as pool:
            while True:
                while self._going() and len(flying) < workers and (batch := next(batches, None)) is not None:
                    self._journal.sending(self._run_id, batch)
                    failpoint("batch.unknown")
                    flying[pool.submit(self._call, batch)] = batch
                if not flying:
                    return left
                done, _ = wait(flying, return_when=FIRST_COMPLETED)
                for future in done:
                    left += self._close(flying.pop(future), *future.result())

    def _going(self) -> bool:
        if self._stop.is_set() and self._halt is None:
            self._halt = Stopped(
                "Asked to stop while writing.", remedy="Run the same command again: it goes on from here."
            )
        return self._halt is None

    def _call(self, batch: Sequence[Planned]) -> tuple[list[WriteResult], BothwaysError | None]:
        results: list[WriteResult] = []
        try:
            for result in self._connector.write([self._change(row) for row in batch]):
                results.append(result)  # noqa: PERF402  what came before an error counts
        except BothwaysError as error:
            return results, error
        return results, None

    def _close(
        self, batch: Sequence[Planned], results: Sequence[WriteResult], error: BothwaysError | None
    ) -> list[Planned]:
        failpoint("batch.sent")
        rows = {row.key: row for row in batch}
        verdicts: dict[Key, Verdict] = {}
        for result in results:
            key = (result.change.stream, result.change.record_id)
            if key not in rows:
                raise FatalError(f"The connector answered for {key[0]} {key[1]}, which was not in the batch.")
            verdicts[key] = Verdict(rows[key], result.error)
            if result.error is None and result.stamp is not None:
                self.echo.setdefault(key[0], {})[key[1]] = (result.change.values, result.stamp)
        verdicts = self._weighed(verdicts)
        self._journal.record_results(self._run_id, list(verdicts.values()))
        failpoint("batch.confirmed")
        self._count(batch, verdicts)
        self._judge(verdicts.values(), error)
        unanswered = [row for key, row in rows.items() if key not in verdicts]
        return unanswered + [v.row for v in verdicts.values() if v.error is not None and v.error.retriable]

    def _weighed(self, verdicts: dict[Key, Verdict]) -> dict[Key, Verdict]:
        """A few records that may not be edited are dead letters; where it is most of a batch, the permission is
        gone.
        """
        denied = {key: v.error for key, v in verdicts.items() if v.error is not None and v.error.kind == "auth"}
        if len(denied) >= _MOST[0] and len(denied) > _MOST[1] * len(verdicts):
            return verdicts
        return verdicts | {key: Verdict(verdicts[key].row, replace(e, kind="rejected")) for key, e in denied.items()}

    def _mass_refusal(self, verdicts: Sequence[Verdict]) -> None:
        """Stops when most records of two batches were refused for one reason: the others would be too."""
        reasons = Counter(
            v.error.code for v in verdicts if v.error is not None and v.error.kind in ("rejected", "gone")
        )
        code, count = max(reasons.items(), key=lambda item: item[1], default=("", 0))
        if count < _MOST[0] or count <= _MOST[1] * len(verdicts):
            return
        self._refusing[code] += 1
        if self._refusing[code] == _REFUSING_BATCHES:
            first = next(v.error for v in verdicts if v.error is not None and v.error.code == code)
            self._halt = self._halt or RefusedByCrm(
                f"Most records of {_REFUSING_BATCHES} batches were refused for one reason: {code}: {first.message}",
                remedy=first.remedy or "Fix that in the CRM, then run again: it resumes from here.",
            )

    def _count(self, batch: Sequence[Planned], verdicts: Mapping[Key, Verdict]) -> None:
        closed = sum(1 for v in verdicts.values() if v.error is None or not v.error.retriable)
        self._progress.advance(batch[0].stream, closed)

    def _judge(self, verdicts: Iterable[Verdict], error: BothwaysError | None) -> None:
        """Decides whether the run can go on."""
        if isinstance(error, RetriableError):
            self._failed_calls, self._last_failure = self._failed_calls + 1, error
            if self._failed_calls >= _CIRCUIT:
                self._halt = self._halt or error
            return
        if error is not None:
            self._halt = self._halt or error
            return
        self._failed_calls, self._last_failure = 0, None
        verdicts = list(verdicts)
        self._mass_refusal(verdicts)
        for verdict in verdicts:
            refusal = verdict.error
            if refusal is not None and refusal.kind in ("auth", "schema"):
                kind = AuthError if refusal.kind == "auth" else SchemaError
                self._halt = self._halt or kind(f"{refusal.code}: {refusal.message}", remedy=refusal.remedy)

    def _change(self, row: Planned) -> Change:
        values = {name: self._value(name, value) for name, value in values_of(row.new).items()}
        key = f"{self._run_id}/{row.stream}/{row.record_id}"
        return Change(row.stream, row.record_id, values, key, row.parent_id)

    def _value(self, name: str, value: Value) -> Value:
        kind = self._types[name]
        if value is None:
            return None
        if kind == "datetime":
            return datetime.fromisoformat(str(value))
        return float(str(value)) if kind == "number" else value


def _batches(rows: Iterable[Planned], size: int) -> Iterator[list[Planned]]:
    batch: list[Planned] = []
    for row in rows:
        if batch and (len(batch) == size or batch[0].stream != row.stream):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
