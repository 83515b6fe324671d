"""Relations that are read whole by Bulk, kept in a file of their own while a read lasts, and asked by the id of the
activity.

A relation has several rows for each e-mail or meeting: by id 10,000 of them come in a call, by Bulk 50,000. Of the file
one batch is in memory at a time.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.salesforce.api.answers import Record
from connectors.salesforce.api.bulk_query import BulkQueries
from connectors.salesforce.api.client import Client, soql
from connectors.salesforce.api.failures import BulkRefused
from connectors.salesforce.config import SalesforceConfig
from connectors.salesforce.translate.columns import Frame, as_flag, as_ids, as_text

_BY_ID = 9_200
"""Rows that come in a call when they are asked by id, as a rule."""
_JOB = 4
"""Calls that a Bulk query takes beside its pages."""
_LEAVES_OUT = ("IsDeleted", "IsWhat")
"""Rows of which these are true are not kept."""
_FLAGS = (*_LEAVES_OUT, "IsOrganizer")


@dataclass(slots=True)
class Relations:
    """Reads a relation once, when it is first asked for and large enough."""

    client: Client
    config: SalesforceConfig
    _folder: tempfile.TemporaryDirectory[str] | None = None
    _held: dict[str, Any] = field(default_factory=dict)
    """Object -> its open file; None for one that Bulk does not serve."""

    def of(self, name: str, key: str, fields: Sequence[str], ids: Sequence[str], *, about: int) -> list[Record] | None:
        """The living rows of these ids; None when they are to be asked for by id: the relation, of `about` so many
        rows, is small or not for Bulk. Raises the errors of a Bulk query.
        """
        if about < self.config.bulk_read_rows or about / _BY_ID <= _JOB + about / self.config.bulk_page_rows:
            return None
        if name not in self._held:
            self._held[name] = self._read(name, fields)
        file = self._held[name]
        if file is None:
            return None
        wanted = pa.array(ids, pa.string())
        rows: list[Record] = []
        for number in range(file.num_record_batches):
            batch = file.get_batch(number)
            rows += batch.filter(pc.is_in(batch.column(key), value_set=wanted)).to_pylist()
        return rows

    def close(self) -> None:
        """Removes the files."""
        self._held.clear()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _read(self, name: str, fields: Sequence[str]) -> Any:
        queries = BulkQueries(self.client, self.config)
        try:
            job = queries.start(soql("SELECT {:literal} FROM {:literal}", ", ".join(fields), name), everything=True)
            self.client.minimum += 1
            return self._stored(name, fields, queries, job)
        except BulkRefused:
            return None

    def _stored(self, name: str, fields: Sequence[str], queries: BulkQueries, job: str) -> Any:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="bothways-")
        path = Path(self._folder.name) / f"{name}.arrow"
        columns = pa.schema(
            [(each, pa.bool_() if each in _FLAGS else pa.string()) for each in fields if each not in _LEAVES_OUT]
        )
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, columns) as writer:
            for page in queries.pages(job, fields):
                writer.write_batch(_typed(page.frame, columns))
        return pa.ipc.open_file(pa.OSFile(str(path)))  # mapped, all of it would count as ours


def _typed(frame: Frame, columns: pa.Schema) -> pa.RecordBatch:
    """The living rows about people."""
    arrays = []
    for each in columns:
        column = frame.get(each.name)
        cast = as_flag if each.name in _FLAGS else as_ids if each.name.endswith("Id") else as_text
        arrays.append(pa.nulls(frame.size, each.type) if column.null_count == frame.size else cast(column))
    batch = pa.RecordBatch.from_arrays(arrays, schema=columns)
    out = pc.or_(*(pc.fill_null(_flag(frame, name), False) for name in _LEAVES_OUT))
    return batch.filter(pc.invert(out))


def _flag(frame: Frame, name: str) -> Any:
    column = frame.get(name)
    return pa.nulls(frame.size, pa.bool_()) if column.null_count == frame.size else as_flag(column)
