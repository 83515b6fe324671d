"""A CRM in memory (or in a file, so that it outlives a killed process) and a connector for it that keeps the contract.

Server stamps grow with every change, our own writes included. Reads are inclusive at the cursor. Faults are asked for.
"""

from __future__ import annotations

import json
import os
import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from connectors.base import (
    ApiCalls,
    Capabilities,
    Change,
    Diagnosis,
    Page,
    PropertySpec,
    ProvisionPlan,
    WriteError,
    WriteResult,
)
from connectors.errors import BothwaysError
from connectors.records import SCHEMAS, Stream, schema

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
AS_OF = datetime(2026, 3, 1, 12, tzinfo=UTC)
STREAMS: tuple[Stream, ...] = ("accounts", "people", "users", "opportunities", "activities", "cases")


def at(tick: float) -> datetime:
    """The instant of a server tick (one a second)."""
    return EPOCH + timedelta(seconds=tick)


@dataclass
class FakeCrm:
    """Records by stream and id. `log` has deletes and merges: (tick, stream, id, survivor or None)."""

    path: Path | None = None
    records: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    log: list[tuple[int, str, str, str | None]] = field(default_factory=list)
    tick: int = 0
    writes: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, stream: Stream, record_id: str, **values: Any) -> None:
        self.tick += 1
        old = self.records.setdefault(stream, {}).get(record_id, {"created_at": at(self.tick).isoformat()})
        texts = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in values.items()}
        self.records[stream][record_id] = {**old, **texts, "id": record_id, "_tick": self.tick}

    def delete(self, stream: Stream, record_id: str) -> dict[str, Any]:
        self.tick += 1
        self.log.append((self.tick, stream, record_id, None))
        return self.records[stream].pop(record_id)

    def merge(self, stream: Stream, loser: str, survivor: str) -> None:
        self.tick += 1
        self.log.append((self.tick, stream, loser, survivor))
        del self.records[stream][loser]

    def save(self) -> None:
        if self.path is not None:
            beside = self.path.with_suffix(".tmp")
            beside.write_text(
                json.dumps({"records": self.records, "log": self.log, "tick": self.tick, "writes": self.writes})
            )
            os.replace(beside, self.path)

    @classmethod
    def load(cls, path: Path) -> FakeCrm:
        told = json.loads(path.read_text())
        return cls(
            path, told["records"], [tuple(e) for e in told["log"]], told["tick"], [tuple(w) for w in told["writes"]]
        )

    def held(self, names: Sequence[str]) -> dict[tuple[str, str], dict[str, Any]]:
        """Our values of every record that we write to, by stream and id."""
        return {
            (stream, record_id): {n: record.get(n) for n in names if n in record}
            for stream in ("accounts", "opportunities")
            for record_id, record in sorted(self.records.get(stream, {}).items())
        }


@dataclass
class FakeConnector:
    """Reads and writes a FakeCrm. The fault fields make it misbehave as a real one may."""

    crm: FakeCrm
    specs: tuple[PropertySpec, ...]
    page: int = 7
    write_batch: int = 10
    write_workers: int = 2
    read_workers: int = 3
    incremental: bool = True
    name: str = "fake"
    order: random.Random | None = None
    """Shuffles the pages of each read (all but the last cursor stay valid only without resuming)."""
    break_read: dict[Stream, tuple[int, BothwaysError]] = field(default_factory=dict)
    """Raise after so many pages of a stream."""
    refuse: dict[str, WriteError] = field(default_factory=dict)
    """By record id: the CRM does not take it."""
    refuse_times: dict[str, int] = field(default_factory=dict)
    """Only so many times (default: always)."""
    fail_calls: list[BothwaysError | None] = field(default_factory=list)
    """For the next write calls in turn: raise this before anything is applied."""
    lose_answers: list[BothwaysError | None] = field(default_factory=list)
    """For the next write calls in turn: apply all, then raise this."""
    read_calls: int = 0
    write_calls: int = 0
    reads: list[tuple[str, str | None]] = field(default_factory=list)

    @property
    def capabilities(self) -> Capabilities:
        incremental = frozenset(STREAMS) if self.incremental else frozenset()
        return Capabilities(STREAMS, incremental, self.write_batch, self.write_workers, self.read_workers)

    def read(self, stream: Stream, since: str | None) -> Iterator[Page]:
        with self.crm.lock:
            self.reads.append((stream, since))
            start = int(since) if since is not None else -1
            events: list[tuple[int, str, Any]] = [
                (r["_tick"], "row", dict(r)) for r in self.crm.records.get(stream, {}).values() if r["_tick"] >= start
            ]
            events += [(t, "gone", (i, to)) for t, s, i, to in self.crm.log if s == stream and t >= start]
            events.sort(key=lambda event: event[0])
        chunks = [events[i : i + self.page] for i in range(0, len(events), self.page)] or [[]]
        cursors = [str(chunk[-1][0]) if chunk else str(max(start, 0)) for chunk in chunks]
        if self.order is not None:
            self.order.shuffle(chunks)
        for number, (chunk, cursor) in enumerate(zip(chunks, cursors, strict=True)):
            if stream in self.break_read and self.break_read[stream][0] == number:
                raise self.break_read.pop(stream)[1]
            with self.crm.lock:
                self.read_calls += 1
            gone = [event[2] for event in chunk if event[1] == "gone"]
            yield Page(
                stream,
                self._batch(stream, [event[2] for event in chunk if event[1] == "row"]),
                cursor,
                deleted=tuple(i for i, to in gone if to is None),
                merged={i: to for i, to in gone if to is not None},
            )

    def _batch(self, stream: Stream, rows: list[dict[str, Any]]) -> pa.RecordBatch:
        shape = schema(stream, self.specs)
        made = []
        for row in rows:
            values = {**row, "modified_at": at(row["_tick"])}
            for column in shape:
                if pa.types.is_timestamp(column.type) and isinstance(values.get(column.name), str):
                    values[column.name] = datetime.fromisoformat(values[column.name])
            made.append({name: values.get(name) for name in shape.names})
        return pa.RecordBatch.from_pylist(made, schema=shape)

    def write(self, changes: Sequence[Change]) -> Iterator[WriteResult]:
        assert len(changes) <= self.write_batch
        with self.crm.lock:
            self.write_calls += 1
            fail = self.fail_calls.pop(0) if self.fail_calls else None
            lose = self.lose_answers.pop(0) if self.lose_answers else None
            if fail is not None:
                raise fail
            results = [self._apply(change) for change in changes]
            self.crm.save()
        if lose is not None:
            raise lose
        yield from reversed(results)

    def _apply(self, change: Change) -> WriteResult:
        error = self.refuse.get(change.record_id)
        times = self.refuse_times.get(change.record_id)
        if error is not None and times != 0:
            if times is not None:
                self.refuse_times[change.record_id] = times - 1
            return WriteResult(change, error)
        records = self.crm.records.get(change.stream, {})
        if change.record_id not in records:
            return WriteResult(change, WriteError("gone", "404", "no such record"))
        known = {s.name for s in self.specs if s.stream == change.stream}
        assert set(change.values) <= known, "wrote what is not ours"
        assert change.record_id not in SCHEMAS
        self.crm.writes.append((change.stream, change.record_id))
        self.crm.put(change.stream, change.record_id, **change.values)
        return WriteResult(change)

    def check(self) -> Diagnosis:
        return Diagnosis(())

    def plan_provision(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        return ProvisionPlan(())

    provision = plan_unprovision = unprovision = plan_provision

    def calls(self) -> ApiCalls:
        return ApiCalls(self.read_calls, self.write_calls, self.read_calls + self.write_calls)

    def server_time(self) -> datetime | None:
        return None

    def close(self) -> None: ...


def organisation(accounts: int = 12, *, path: Path | None = None) -> FakeCrm:
    """A small one: two deals, two people and some mail for each account."""
    crm = FakeCrm(path)
    crm.put("users", "U1", name="Ann", email="ann@ours.example", active=True, time_zone="Europe/Berlin")
    for n in range(accounts):
        a = f"A{n:03d}"
        crm.put("accounts", a, name=f"Customer {n}", country="US", parent_id=f"A{n // 3:03d}" if n % 3 else None)
        for p in range(2):
            crm.put("people", f"P{n:03d}{p}", account_id=a, email=f"p{p}@c{n}.example")
            crm.put("opportunities", f"O{n:03d}{p}", account_id=a, amount=100.0 * n, is_closed=False, is_won=False)
        for m in range(n % 5 + 1):
            crm.put(
                "activities",
                f"T{n:03d}{m}",
                channel="email",
                direction="inbound" if m % 2 else "outbound",
                occurred_at=at(m * 3600),
                person_ids=[f"P{n:03d}0"],
                user_ids=["U1"],
                dedupe_key=f"key{n}-{m}",
                thread_id=f"thread{n}",
            )
    crm.save()
    return crm
