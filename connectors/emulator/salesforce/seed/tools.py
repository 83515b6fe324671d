"""Columns of canonical tables in the form that the store keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.emulator.salesforce.store.org import Org
from connectors.records import Stream

Column = Sequence[Any]


@dataclass(slots=True)
class Filling:
    """An organisation being filled: what each canonical id has become, and who does what has no known doer."""

    org: Org
    tables: Mapping[Stream, pa.Table]
    admin: str
    corporate_currency: str
    now: str
    gone: Mapping[str, frozenset[str]]
    """Canonical ids of soft-deleted records, by stream."""
    winners: Mapping[str, str]
    """Merged-away account -> the one that survives, canonical ids."""
    ids: dict[str, dict[str, str]] = field(default_factory=dict)

    def column(self, stream: Stream, name: str) -> list[Any]:
        return self.tables[stream][name].to_pylist()  # type: ignore[no-any-return]

    def number(self, stream: Stream, prefix: str) -> list[str]:
        """Gives each record of a stream its id, in order."""
        canonical = self.column(stream, "id")
        made = [self.org.serials.next(prefix) for _ in canonical]
        self.ids[stream] = dict(zip(canonical, made, strict=True))
        return made

    def refer(self, stream: Stream, values: Iterable[Any], default: str | None = None) -> list[Any]:
        """Canonical references as record ids."""
        known = self.ids[stream]
        return [known.get(value, default) for value in values]

    def times(self, stream: Stream, name: str) -> list[str | None]:
        return stamps(self.tables[stream][name])

    def days(self, stream: Stream, name: str) -> list[str | None]:
        return [None if text is None else text[:10] for text in self.times(stream, name)]

    def money_code(self, stream: Stream) -> list[str]:
        return [code or self.corporate_currency for code in self.column(stream, "currency")]

    def audit(self, stream: Stream, by: Column | None = None, created: Column | None = None) -> dict[str, Column]:
        """The system columns of a stream's records."""
        born = [stamp or self.now for stamp in (created or self.times(stream, "created_at"))]
        changed = [stamp or own for stamp, own in zip(self.times(stream, "modified_at"), born, strict=True)]
        who = by if by is not None else [self.admin] * len(born)
        gone = self.gone.get(stream, frozenset())
        deleted = [int(record in gone) for record in self.ids[stream]] if gone else [0] * len(born)
        return {
            "IsDeleted": deleted,
            "CreatedDate": born,
            "CreatedById": who,
            "LastModifiedDate": changed,
            "LastModifiedById": who,
            "SystemModstamp": changed,
        }

    def load(self, name: str, columns: Mapping[str, Column]) -> None:
        """Loads those of the columns that the object has (CurrencyIsoCode only exists with several currencies)."""
        held = self.org.schema.objects[name].fields
        kept = {column: values for column, values in columns.items() if column in held}
        self.org.store.load(name, list(kept), zip(*kept.values(), strict=True))

    def offer(self, name: str, field_name: str, values: Iterable[Any]) -> None:
        """Adds the values seen to a picklist."""
        f = self.org.schema.objects[name].fields[field_name]
        for value in sorted({value for value in values if value}):
            f.add_value(value)


def stamps(column: pa.ChunkedArray) -> list[str | None]:
    """Times as the API shows them, fractions of a second dropped."""
    seconds = pc.cast(column, pa.timestamp("s", tz="UTC"), safe=False)
    text = pc.binary_join_element_wise(pc.strftime(seconds, "%Y-%m-%dT%H:%M:%S"), ".000+0000", "")
    return text.to_pylist()  # type: ignore[no-any-return]


def split_name(name: str | None, fallback: str) -> tuple[str | None, str]:
    """First and last name, so that the two joined by a space are the name again."""
    if not name:
        return None, fallback
    first, space, last = name.partition(" ")
    return (first, last) if space and last else (None, name)
