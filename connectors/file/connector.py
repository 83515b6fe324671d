"""A folder of CSV or Parquet files as a connector: reads canonical streams through a mapping, writes scores to CSV
files.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import (
    ApiCalls,
    Capabilities,
    Change,
    Cursor,
    Diagnosis,
    Finding,
    Organisation,
    Page,
    PropertySpec,
    ProvisionPlan,
    Reject,
    Value,
    WriteError,
    WriteResult,
)
from connectors.errors import ConfigError, RetriableError, SchemaError
from connectors.file import provision
from connectors.file.check import diagnose
from connectors.file.config import FilesConfig, FilesMapping, nearest
from connectors.file.output_files import WrittenFile, misfit_reject, to_cell
from connectors.file.query import MISFITS, RECORD_SEPARATOR, UNIT_SEPARATOR
from connectors.file.readers.archives import archive_of, data_files
from connectors.file.sources import Sources
from connectors.file.streams import Streams, canonical_files
from connectors.file.understanding.doubts import certain, doubtful, unplaced
from connectors.file.understanding.hints import misfit
from connectors.records import SCHEMAS, Stream, schema

PAGE_ROWS = 20_000
WRITE_BATCH = 10_000
_WRITABLE: frozenset[Stream] = frozenset({"accounts", "opportunities"})
_CURSOR = re.compile(r"([0-9a-f]{32}):(\d+)")


class FileConnector:
    """Reads the folder `config.input`, writes `<stream>_scores.csv` in `config.output`; makes no API calls.

    A stream comes from its mapping, else from a file `<stream>.csv` (.csv.gz, .tsv, .parquet, .xlsx) in canonical
    columns. It is read whole each time; a cursor is a fingerprint of all that is read and an offset, so a changed file
    starts again. Raises ConfigError where the folder, a file, a column or an expression of the mapping is wrong.
    """

    name = "files"

    def __init__(
        self, config: FilesConfig, mapping: FilesMapping, owned: Sequence[PropertySpec], organisation: Organisation
    ) -> None:
        self._config, self._mapping, self._owned, self._organisation = config, mapping, tuple(owned), organisation
        self._input, self._output = config.input_dir().resolve(), config.output_dir()
        self._lock = threading.RLock()
        self._digests: dict[tuple[Path, int, int], str] = {}
        self._state = ""
        self._streams = self._opened()
        self.capabilities = Capabilities(self._streams.available, frozenset(), WRITE_BATCH, writable=_WRITABLE)

    def check(self) -> Diagnosis:
        """Files found, rows, rejects, columns that nothing uses, coverage by stream. Never raises for a finding."""
        return diagnose(lambda: self._current()[1], self._output, self._organisation, self._owned)

    def read(self, stream: Stream, since: Cursor | None) -> Iterator[Page]:
        """Pages of at most PAGE_ROWS in the order of ids; from a cursor of unchanged files, what was not yet given.

        The first page carries the rejects that belong to none of its records: malformed rows, rows without an id, and
        the lesser of two rows with one id.
        """
        state, streams = self._current()
        written = WrittenFile.load(self._output, stream)
        fingerprint = hashlib.sha256(f"{stream}|{state}|{written.digest()}".encode()).hexdigest()[:32]
        offset = _offset(since, fingerprint)
        total, lost = streams.prepare(stream) if stream in streams.available else (0, ())
        for wrong in certain(streams, stream) if total else ():
            raise ConfigError(wrong.message, remedy=wrong.remedy)
        if offset >= total:
            nothing = pa.RecordBatch.from_pylist([], schema(stream, self._owned))
            yield Page(stream, nothing, f"{fingerprint}:{total}", rejects=lost if offset == 0 else ())
            return
        currencies = self._currencies(streams)
        for batch in streams.rows(stream, offset, PAGE_ROWS):
            rejects = [*(lost if offset == 0 else ()), *_misfits(stream, batch), *_unknown(stream, batch, currencies)]
            full, unreadable = self._with_held(stream, batch, written)
            offset += batch.num_rows
            yield Page(stream, full, f"{fingerprint}:{offset}", rejects=(*rejects, *unreadable))

    def doubts(self) -> list[Finding]:
        """What is in doubt about the streams that were read, as `check` says it."""
        streams = self._streams
        found = [f for s in streams.prepared if streams.prepare(s)[0] for f in doubtful(streams, s)]
        return [f for f in (*found, *unplaced(streams)) if f.level == "warn"]

    def plan_provision(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """The folder, files and columns that are missing. Reads only."""
        return provision.plan(self._output, specs)

    def provision(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """Adds them; raises SchemaError before any change if a path is taken by something that is not ours."""
        with self._lock:
            return provision.apply(self._output, specs)

    def plan_unprovision(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """The columns that would go, and the files that would be left without any."""
        return provision.plan_removal(self._output, specs)

    def unprovision(self, specs: Sequence[PropertySpec]) -> ProvisionPlan:
        """Takes away our columns, then files and a folder that hold nothing else."""
        with self._lock:
            return provision.remove(self._output, specs)

    def write(self, changes: Sequence[Change]) -> Iterator[WriteResult]:
        """One result per change, in order; each file is replaced whole once per call, before its results are given.

        An id that no record of the input has is `gone`, a value its property cannot hold is `rejected`. Raises
        ConfigError for a property that is not ours and SchemaError for one that is not provisioned, before anything is
        written, and RetriableError when a file cannot be replaced.
        """
        with self._lock:
            yield from self._write(changes)

    def _write(self, changes: Sequence[Change]) -> list[WriteResult]:
        _, streams = self._current()
        files = {stream: WrittenFile.load(self._output, stream) for stream in {c.stream for c in changes}}
        specs = {(s.stream, s.name): s for s in self._owned}
        self._refuse_foreign(changes, specs, files)
        ids = {s: streams.ids(s) if s in streams.available else frozenset() for s in files}
        results = []
        for change in changes:
            error = None if change.record_id in ids[change.stream] else _gone(change)
            if error is None:
                try:
                    cells = {n: _cell(n, v, specs[change.stream, n]) for n, v in change.values.items()}
                    files[change.stream].put(change.record_id, cells)
                except ValueError as refused:
                    error = WriteError(
                        "rejected", "INVALID_VALUE", str(refused), "Write a value the property can hold."
                    )
            results.append(WriteResult(change, error))
        for stream in {r.change.stream for r in results if r.error is None}:
            try:
                files[stream].save()
            except OSError as error:
                raise RetriableError(
                    f"Cannot write {files[stream].path}: {error}; it is as it was before.",
                    remedy="Free space or mend the folder's permissions, and run again.",
                ) from None
        return results

    def _refuse_foreign(
        self,
        changes: Sequence[Change],
        specs: dict[tuple[Stream, str], PropertySpec],
        files: dict[Stream, WrittenFile],
    ) -> None:
        for stream, name in sorted({(c.stream, name) for c in changes for name in c.values}):
            if (stream, name) not in specs:
                known = [n for s, n in specs if s == stream]
                raise ConfigError(f"{name!r} is not a property of ours on {stream}{nearest(name, known)}.")
            if name not in files[stream].header:
                raise SchemaError(
                    f"{files[stream].path} has no column {name!r}.", remedy="Run `bothways provision` first."
                )

    def calls(self) -> ApiCalls:
        """None are ever made."""
        return ApiCalls()

    def server_time(self) -> datetime | None:
        return None

    def close(self) -> None:
        """Frees the embedded database; the connector is of no use after it."""
        self._streams.sources.close()

    def _opened(self) -> Streams:
        files = data_files(self._input)
        return Streams(
            Sources(
                self._input, self._mapping, self._config, self._organisation.time_zone, self._organisation.own_domains
            ),
            self._mapping,
            canonical_files(files),
        )

    def _current(self) -> tuple[str, Streams]:
        """(fingerprint, streams) of the files as they are now: opened anew if one changed since the last call."""
        with self._lock:
            state = self._fingerprint(self._streams)
            if state != self._state:
                if self._state:
                    self._streams = self._opened()
                self._state = state
            return state, self._streams

    def _fingerprint(self, streams: Streams) -> str:
        o = self._organisation
        parts = [self._mapping.model_dump_json(), streams.sources.zone, o.corporate_currency or "", *o.own_domains]
        parts += [f"{path}={self._digest(path)}" for path in self._on_disk(streams)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def _on_disk(self, streams: Streams) -> list[Path]:
        names = (path.relative_to(self._input).as_posix() for path in streams.used_files())
        return sorted({archive_of(self._input, name)[0] for name in names})

    def _digest(self, path: Path) -> str:
        stamp = path.stat()
        key = (path, stamp.st_size, stamp.st_mtime_ns)
        if key not in self._digests:
            try:
                with path.open("rb") as file:
                    self._digests[key] = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise ConfigError(f"Cannot read {path}: {error}.") from None
        return self._digests[key]

    def _currencies(self, streams: Streams) -> frozenset[str] | None:
        """The codes that can be converted; None when the files give no rates at all."""
        if "currency_rates" not in streams.available:
            return None
        own = self._organisation.corporate_currency
        return streams.texts("currency_rates", "currency") | ({own} if own else set())

    def _with_held(
        self, stream: Stream, batch: pa.RecordBatch, written: WrittenFile
    ) -> tuple[pa.RecordBatch, list[Reject]]:
        """The batch in the canonical schema, with what was last written to each record."""
        wanted = schema(stream, self._owned)
        base = SCHEMAS[stream]
        arrays = [batch.column(f.name).cast(f.type) for f in base]
        specs = [s for s in self._owned if s.stream == stream]
        rejects: list[Reject] = []
        held = []
        for record_id in batch.column("id").to_pylist() if specs else ():
            values, misfits = written.held(record_id, specs)
            held.append(values)
            rejects += [misfit_reject(stream, record_id, name, cell, written.path) for name, cell in misfits]
        arrays += [pa.array([row[s.name] for row in held], wanted.field(s.name).type) for s in specs]
        return pa.RecordBatch.from_arrays(arrays, schema=wanted), rejects


def _offset(since: Cursor | None, fingerprint: str) -> int:
    """Where to go on: 0 unless the cursor was made from the same files."""
    match = _CURSOR.fullmatch(since or "")
    return int(match.group(2)) if match and match.group(1) == fingerprint else 0


def _misfits(stream: Stream, batch: pa.RecordBatch) -> Iterator[Reject]:
    notes = batch.column(MISFITS)
    rows = pc.indices_nonzero(pc.not_equal(pc.fill_null(notes, ""), "")).to_pylist()
    for row in rows:
        for note in notes[row].as_py().split(RECORD_SEPARATOR):
            column, _, text = note.partition(UNIT_SEPARATOR)
            yield Reject(stream, batch.column("id")[row].as_py(), column, misfit(stream, column, text))


def _unknown(stream: Stream, batch: pa.RecordBatch, known: frozenset[str] | None) -> Iterator[Reject]:
    """Records in a currency without a rate: they go through, their money cannot be converted."""
    if known is None or "currency" not in SCHEMAS[stream].names or stream == "currency_rates":
        return
    for record_id, code in zip(batch.column("id").to_pylist(), batch.column("currency").to_pylist(), strict=True):
        if code is not None and code not in known:
            message = f"no rate for the currency {code!r}{nearest(code, known)}; the amount cannot be converted"
            yield Reject(stream, record_id, "currency", message)


def _cell(name: str, value: Value, spec: PropertySpec) -> str:
    try:
        return to_cell(value, spec)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _gone(change: Change) -> WriteError:
    return WriteError(
        "gone", "NOT_FOUND", f"No record of {change.stream} in the input has the id {change.record_id!r}."
    )
