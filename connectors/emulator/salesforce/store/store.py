"""The records: one in-memory SQLite table per object, columns named as the fields, indexed as Salesforce indexes.

Times are kept as the very text that the API shows (`2026-01-02T17:38:59.000+0000`), which sorts as it reads.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connectors.emulator.salesforce.store.schema import Field, Object, Schema

_INDEXED = ("SystemModstamp",)


class Store:
    """Rows of all objects. Every method is atomic; `lock` makes several of them one transaction."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.lock = threading.RLock()
        self._db = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None, cached_statements=512)
        for statement in ("PRAGMA synchronous=OFF", "PRAGMA temp_store=MEMORY"):
            self._db.execute(statement)
        self._db.execute("PRAGMA case_sensitive_like=OFF")
        for thing in schema.objects.values():
            self.create(thing)

    def create(self, thing: Object) -> None:
        """The table of an object, empty."""
        columns = ", ".join(column(f) for f in thing.fields.values() if f.type != "address")
        self.execute(f'CREATE TABLE "{thing.name}" ({columns})')

    def index(self) -> None:
        """Builds the indexes (after the seed, when it costs least)."""
        with self.lock:
            for thing in self.schema.objects.values():
                wanted = [f.name for f in thing.fields.values() if f.indexed or f.name in _INDEXED]
                for name in wanted:
                    self._db.execute(
                        f'CREATE INDEX IF NOT EXISTS "{thing.name}.{name}" ON "{thing.name}" '
                        f'("{name}"{", Id" if name == "SystemModstamp" else ""})'
                    )
            self._db.execute("ANALYZE")

    def drop(self, name: str) -> None:
        """Takes an object's table away with all that is in it."""
        self.execute(f'DROP TABLE "{name}"')

    def add_column(self, thing: Object, new: Field) -> None:
        """A new field, empty in every row (a checkbox: its default)."""
        with self.lock:
            held = {row[1] for row in self._db.execute(f'PRAGMA table_info("{thing.name}")')}
            if new.name in held:
                self._db.execute(f'UPDATE "{thing.name}" SET "{new.name}" = NULL')  # noqa: S608
            else:
                self._db.execute(f'ALTER TABLE "{thing.name}" ADD COLUMN {column(new)}')
            if new.type == "boolean":
                self._db.execute(f'UPDATE "{thing.name}" SET "{new.name}" = ?', (1 if new.default else 0,))  # noqa: S608

    def load(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Bulk insertion of seed rows; an absent checkbox is false."""
        absent = [
            f.name for f in self.schema.objects[name].fields.values() if f.type == "boolean" and f.name not in columns
        ]
        names = ", ".join(f'"{c}"' for c in [*columns, *absent])
        marks = ", ".join(["?"] * len(columns) + ["0"] * len(absent))
        with self.lock:
            self._db.execute("BEGIN")
            self._db.executemany(f'INSERT INTO "{name}" ({names}) VALUES ({marks})', rows)  # noqa: S608
            self._db.execute("COMMIT")

    def insert(self, name: str, values: Mapping[str, Any]) -> None:
        names = ", ".join(f'"{c}"' for c in values)
        with self.lock:
            self._db.execute(
                f'INSERT INTO "{name}" ({names}) VALUES ({", ".join("?" * len(values))})',  # noqa: S608  # noqa: S608
                tuple(values.values()),
            )

    def update(self, name: str, record_id: str, values: Mapping[str, Any]) -> None:
        sets = ", ".join(f'"{c}" = ?' for c in values)
        with self.lock:
            self._db.execute(f'UPDATE "{name}" SET {sets} WHERE Id = ?', (*values.values(), record_id))  # noqa: S608

    def delete(self, name: str, record_id: str) -> None:
        """Removes the row for good."""
        with self.lock:
            self._db.execute(f'DELETE FROM "{name}" WHERE Id = ?', (record_id,))  # noqa: S608

    def get(self, name: str, record_id: str) -> dict[str, Any] | None:
        """One row with all its stored fields, deleted or not."""
        rows = self.rows(f'SELECT * FROM "{name}" WHERE Id = ?', (record_id,))  # noqa: S608
        return rows[0] if rows else None

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        with self.lock:
            cursor = self._db.execute(sql, parameters)
            names = [description[0] for description in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def tuples(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self.lock:
            return self._db.execute(sql, parameters).fetchall()

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Rows changed."""
        with self.lock:
            return self._db.execute(sql, parameters).rowcount


def column(f: Field) -> str:
    """A column definition: text compares in any letter case, ids exactly."""
    if f.name == "Id":
        return '"Id" TEXT PRIMARY KEY'
    return f'"{f.name}" {f.affinity}' + (" COLLATE NOCASE" if f.is_text else "")
