"""Where pulled pages rest: Parquet parts on disk, and in the state database which of them count.

`<workspace>/landing/<crm>/<stream>/gen-NNNN/part-NNNNNN.parquet`. A part is put on disk durably *before* the row that
names it is committed together with the cursor; a part that no row names does not exist for a reader and is overwritten.
So pages may be landed twice, and none is ever lost.

A full read fills a new generation, which becomes the current one only when the read is complete: what it did not see is
gone. An incremental read adds parts to the current generation. Deletes and merges are landed too (`gone-*`), in the
same
order: `_seq` numbers every record and every tombstone of a stream as they came.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from connectors.base import Cursor, PropertySpec
from connectors.records import Stream, schema
from sync.errors import PullIncomplete
from sync.privacy.suppression import kept_out, strip, strip_gone
from sync.pull.parts import Batch, landed, part_tables
from sync.state.database import State, now
from sync.state.tables import generations, parts, pulls
from sync.system import checksums
from sync.system import files as durable
from sync.system.failpoints import failpoint

_STATUS = generations.c.status


@dataclass(frozen=True, slots=True)
class Generation:
    """The parts of one full read and of the incremental ones after it."""

    stream: Stream
    number: int
    status: str
    cursor: Cursor | None
    columns: str
    seq: int
    next_part: int
    rejects: int
    started_at: str

    def row(self) -> dict[str, object]:
        """As the state keeps it, sealed: a flipped bit in a cursor must not make a read begin too late."""
        values = {"generation" if k == "number" else k: v for k, v in asdict(self).items()}
        return {**values, "seal": hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:16]}


@dataclass(frozen=True, slots=True)
class Files:
    """What a reader may read of one stream: the committed parts of its current generation."""

    records: tuple[Path, ...] = ()
    gone: tuple[Path, ...] = ()
    rejects: tuple[Path, ...] = ()


class Landing:
    """The landing of one CRM in one workspace. Not thread-safe: one writer."""

    def __init__(
        self, workspace: Path, crm: str, state: State, owned: Sequence[PropertySpec], translation: str = ""
    ) -> None:
        self._root = workspace / "landing" / crm
        self._crm, self._state, self._owned, self._translation = crm, state, tuple(owned), translation
        self.shown: dict[Stream, tuple[str, ...]] = {}
        """By stream, the fields that the CRM shows now (`ShowsFields.shown_fields`); set before a pull."""

    def schema(self, stream: Stream) -> pa.Schema:
        """Of the records, as a connector yields them."""
        return schema(stream, self._owned)

    def columns(self, stream: Stream) -> str:
        """What a generation was landed with: a digest of the columns and of how they are filled, then the fields that
        the CRM showed. A generation landed with others cannot be added to.
        """
        text = ";".join([self._translation, *(f"{f.name}:{f.type}" for f in self.schema(stream))])
        return " ".join([hashlib.sha256(text.encode()).hexdigest()[:16], *self.shown.get(stream, ())])

    def field_changes(self, stream: Stream) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Fields that the CRM shows now and did not when the current generation was begun, and those that are gone."""
        current = self.generation(stream, "current")
        before, now_shown = set((current.columns.split(" ") if current else [""])[1:]), set(self.shown.get(stream, ()))
        if not before or not now_shown:  # landed before fields were kept, or by a source that does not tell
            return (), ()
        return tuple(sorted(now_shown - before)), tuple(sorted(before - now_shown))

    def generation(self, stream: Stream, status: str) -> Generation | None:
        """The generation that is `filling` or `current`, if all its parts are on disk as they were written."""
        with self._state.engine.begin() as connection:
            row = connection.execute(
                sa.select(generations)
                .where(self._of_stream(stream) & (generations.c.status == status))
                .order_by(generations.c.generation.desc())
                .limit(1)
            ).one_or_none()
            if row is None:
                return None
            files = connection.execute(
                sa.select(parts.c.name, parts.c.bytes, parts.c.sha256).where(self._of(stream, row.generation))
            ).all()
        columns = {name: value for name, value in row._asdict().items() if name not in ("crm", "seal", "generation")}
        generation = Generation(number=row.generation, **columns)
        folder = self._folder(stream, generation.number)
        if generation.row()["seal"] != row.seal or any(not checksums.holds(folder / f.name, f.sha256) for f in files):
            return None  # damaged, or somebody removed a part: what the cursor stands for is no longer here
        return generation

    def begin(self, stream: Stream) -> Generation:
        """Opens a new generation to be filled by a full read; an unfinished one is forgotten."""
        of_stream, columns = self._of_stream(stream), generations.c
        with self._state.engine.begin() as connection:
            newest = sa.select(sa.func.max(columns.generation), sa.func.max(columns.seq)).where(of_stream)
            last, seq = connection.execute(newest).one()
            number = max(last or 0, *self._on_disk(stream), 0) + 1
            fresh = Generation(stream, number, "filling", None, self.columns(stream), seq or 0, 1, 0, now())
            filling = sa.select(columns.generation).where(of_stream & (columns.status == "filling"))
            for old in connection.execute(filling).scalars().all():
                self._forget(connection, stream, old)
            connection.execute(generations.insert().values(crm=self._crm, **fresh.row()))
        return fresh

    def drop(self, stream: Stream) -> bool:
        """Removes what was landed of a stream that the CRM no longer has for us; False when there was nothing."""
        with self._state.engine.begin() as connection:
            query = sa.select(generations.c.generation).where(self._of_stream(stream))
            numbers = connection.execute(query).scalars().all()
            for number in numbers:
                self._forget(connection, stream, number)
        self._sweep(stream, keep=0)
        return bool(numbers)

    def land(self, generation: Generation, batch: Batch, run_id: str, *, complete: bool) -> Generation:
        """Puts the pages on disk, then commits them with their last cursor; `complete` ends the read of the stream.

        Raises SchemaError when a page has not the stream's columns.
        """
        folder = durable.make_dir(self._folder(generation.stream, generation.number))
        tables = part_tables(batch.pages, generation.seq, self.schema(generation.stream), generation.rejects)
        if out := kept_out(self._state, self._crm.removesuffix("-score")):
            for kind, without in (("part", strip), ("gone", strip_gone)):
                if kind in tables:
                    tables[kind] = without(tables[kind], generation.stream, out)
        files = []
        for kind, table in tables.items():
            name = f"{kind}-{generation.next_part:06d}.parquet"
            size = durable.put(folder / name, lambda path, t=table: pq.write_table(t, path))  # type: ignore[misc]
            sha256 = checksums.of(folder / name)
            files.append({"name": name, "kind": kind, "rows": table.num_rows, "bytes": size, "sha256": sha256})
        failpoint("pull.landed")
        after = replace(
            generation,
            status="current" if complete else generation.status,
            cursor=batch.pages[-1].cursor if batch.pages else generation.cursor,
            seq=generation.seq + batch.rows,
            next_part=generation.next_part + 1,
            rejects=generation.rejects + sum(len(p.rejects) for p in batch.pages),
        )
        self._commit(generation, after, files, batch, run_id, complete)
        failpoint("pull.committed")
        if complete:
            self._sweep(generation.stream, generation.number)
        return after

    def files(self, stream: Stream) -> Files:
        """The committed parts of the current generation, in the order they came; nothing for a stream never read.

        Raises PullIncomplete when they are not as they were written: the next run reads the stream again.
        """
        current = self.generation(stream, "current")
        if current is None:
            self._never_read(stream)
            return Files()
        folder = self._folder(stream, current.number)
        with self._state.engine.begin() as connection:
            rows = connection.execute(
                sa.select(parts.c.name, parts.c.kind).where(self._of(stream, current.number)).order_by(parts.c.name)
            ).all()
        by_kind = {k: tuple(folder / r.name for r in rows if r.kind == k) for k in ("part", "gone", "rejects")}
        return Files(by_kind["part"], by_kind["gone"], by_kind["rejects"])

    def compact(self, stream: Stream, *, above: int = 64) -> None:
        """Merges the records of a generation of more than `above` parts into one; nothing is lost, `_seq` is kept."""
        current = self.generation(stream, "current")
        old = self.files(stream).records
        if current is None or len(old) <= above:
            return
        name = f"part-{current.next_part:06d}.parquet"
        folder = self._folder(stream, current.number)

        def write(path: Path) -> None:
            with pq.ParquetWriter(path, landed(self.schema(stream))) as writer:
                for part in old:
                    writer.write_table(pq.read_table(part, partitioning=None))

        size = durable.put(folder / name, write)
        rows = sum(pq.read_metadata(part).num_rows for part in old)
        here = self._of(stream, current.number)
        with self._state.engine.begin() as connection:
            connection.execute(parts.delete().where(here & (parts.c.kind == "part")))
            connection.execute(
                parts.insert().values(
                    crm=self._crm,
                    stream=stream,
                    generation=current.number,
                    name=name,
                    kind="part",
                    rows=rows,
                    bytes=size,
                    sha256=checksums.of(folder / name),
                )
            )
            connection.execute(
                generations.update()
                .where(self._row(stream, current.number))
                .values(**replace(current, next_part=current.next_part + 1).row())
            )
        for part in old:
            part.unlink(missing_ok=True)

    def _commit(
        self,
        before: Generation,
        after: Generation,
        files: list[dict[str, object]],
        batch: Batch,
        run_id: str,
        complete: bool,
    ) -> None:
        key = {"crm": self._crm, "stream": after.stream, "generation": after.number}
        rows, rejects = sum(p.batch.num_rows for p in batch.pages), after.rejects - before.rejects
        with self._state.engine.begin() as connection:
            self._state.upsert(parts, [{**key, **f} for f in files], connection)
            connection.execute(generations.update().where(self._row(after.stream, after.number)).values(**after.row()))
            if complete and before.status == "filling":
                older = sa.select(generations.c.generation).where(
                    (generations.c.crm == self._crm)
                    & (generations.c.stream == after.stream)
                    & (generations.c.generation != after.number)
                )
                for number in connection.execute(older).scalars().all():
                    self._forget(connection, after.stream, number)
            mine = (pulls.c.run_id == run_id) & (pulls.c.stream == after.stream)
            done = connection.execute(sa.select(pulls.c.rows, pulls.c.rejects).where(mine)).one_or_none()
            total = {
                "run_id": run_id,
                "stream": after.stream,
                "rows": rows + (done.rows if done else 0),
                "rejects": rejects + (done.rejects if done else 0),
                "complete": complete,
            }
            self._state.upsert(pulls, [total], connection)

    def _never_read(self, stream: Stream) -> None:
        with self._state.engine.connect() as connection:
            query = sa.select(generations.c.generation).where(self._of_stream(stream) & (_STATUS == "current"))
            known = connection.execute(query).first()
        if known is not None:
            raise PullIncomplete(
                f"What was read of {stream} is no longer on disk as it was written.",
                remedy="Run again: the stream is read again from the CRM. If this repeats, look at the disk.",
            )

    def _forget(self, connection: sa.Connection, stream: Stream, number: int) -> None:
        connection.execute(parts.delete().where(self._of(stream, number)))
        connection.execute(generations.delete().where(self._row(stream, number)))

    def _sweep(self, stream: Stream, keep: int) -> None:
        for number in self._on_disk(stream):
            if number != keep:
                shutil.rmtree(self._folder(stream, number), ignore_errors=True)

    def _of(self, stream: Stream, number: int) -> sa.ColumnElement[bool]:
        return (parts.c.crm == self._crm) & (parts.c.stream == stream) & (parts.c.generation == number)

    def _row(self, stream: Stream, number: int) -> sa.ColumnElement[bool]:
        return self._of_stream(stream) & (generations.c.generation == number)

    def _of_stream(self, stream: Stream) -> sa.ColumnElement[bool]:
        return (generations.c.crm == self._crm) & (generations.c.stream == stream)

    def folder(self, stream: Stream) -> Path:
        """Of one stream; it exists once something of it was landed."""
        return self._root / stream

    def _folder(self, stream: Stream, number: int) -> Path:
        return self._root / stream / f"gen-{number:04d}"

    def _on_disk(self, stream: Stream) -> list[int]:
        return [int(p.name[4:]) for p in (self._root / stream).glob("gen-*") if p.name[4:].isdigit()]
