"""What the objects that hold activities have in common: their rows by role, the canonical activities made of them, and
what they ask about the people in them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import pyarrow as pa

from connectors.records import SCHEMAS
from connectors.salesforce.config import ActivityKind, ObjectMapping
from connectors.salesforce.translate.columns import Caster, Frame, as_ids, as_time, translated
from connectors.salesforce.translate.participants import Ties
from connectors.salesforce.translate.records import ID, STAMP, Translated

DIRECTIONS = frozenset({"inbound", "outbound", "internal"})
OUTCOMES = frozenset({"done", "not_connected", "no_show", "scheduled", "cancelled"})
Columns = Mapping[str, pa.DataType | None]
"""Role -> type; None for an id."""

TEXT, REAL, FLAG, ID_ROLE = pa.string(), pa.float64(), pa.bool_(), None
COMMON: Columns = {"subject": TEXT, "automated": FLAG, "mandated": FLAG}
ABOUT: Columns = dict.fromkeys(("who_id", "what_id", "account_id", "owner_id"), ID_ROLE)
_CREATED = "CreatedDate"


class Related(Protocol):
    """Rows of other objects that belong to a page of activities."""

    def ties(self, kind: ActivityKind, ids: Sequence[str]) -> Ties:
        """The people tied to each activity, in a stable order."""
        ...

    def twins(self, email_object: str, task_field: str, task_ids: Sequence[str]) -> Collection[str]:
        """Those of the tasks that an e-mail record stands for."""
        ...

    def tie_need(self, kind: ActivityKind, ids: Sequence[str]) -> Any:
        """What `ties` will ask for; None for nothing."""
        ...

    def twin_need(self, email_object: str, task_field: str, task_ids: Sequence[str]) -> Any:
        """What `twins` will ask for; None for nothing."""
        ...


class ActivityObject(Protocol):
    """An object that holds activities: which fields it reads (`mapping`), what it asks of others, how it becomes
    canonical.
    """

    @property
    def mapping(self) -> ObjectMapping: ...

    @property
    def kind(self) -> ActivityKind:
        """Whose relation holds its people."""
        ...

    def needs(self, frame: Frame) -> list[Any]:
        """What `translate` will look up for a page."""
        ...

    def translate(self, frame: Frame) -> Translated:
        """A page of living rows."""
        ...


@dataclass(slots=True)
class ActivityPage:
    """One page, to be gone through row by row, and what has become of its rows."""

    mapping: ObjectMapping
    frame: Frame
    caster: Caster
    made: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in SCHEMAS["activities"].names})
    gone: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, mapping: ObjectMapping, frame: Frame) -> ActivityPage:
        return cls(mapping, frame, Caster("activities", mapping.object, as_ids(frame.get(ID)).to_pylist()))

    def rows(self, columns: Mapping[str, pa.DataType | None]) -> Iterator[dict[str, Any]]:
        """Each row by role, with its `id`, `created_at` and `modified_at`."""
        lists = {role: self._column(role, kind) for role, kind in columns.items()}
        lists |= {"id": list(self.caster.ids), "created_at": self._stamps(_CREATED), "modified_at": self._stamps(STAMP)}
        for values in zip(*lists.values(), strict=True):
            yield dict(zip(lists, values, strict=True))

    def add(self, row: Mapping[str, Any], **values: Any) -> None:
        """An activity made of the row."""
        same = ("id", "mandated", "created_at", "modified_at")
        for name, column in self.made.items():
            column.append(row[name] if name in same else values.get(name))

    def drop(self, row: Mapping[str, Any]) -> None:
        """The row is no activity (any more)."""
        self.gone.append(row["id"])

    def finish(self) -> Translated:
        schema = SCHEMAS["activities"]
        arrays = [pa.array(self.made[f.name], f.type) for f in schema]
        batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
        return Translated(batch, tuple(self.caster.rejects), tuple(self.gone))

    def _column(self, role: str, kind: pa.DataType | None) -> list[Any]:
        column = self.frame.get(self.mapping.fields.get(role))
        if kind is None:
            return list(as_ids(column).to_pylist())
        return list(self.caster.cast(role, translated(column, self.mapping.values.get(role, {})), kind).to_pylist())

    def _stamps(self, path: str) -> list[datetime | None]:
        return list(as_time(self.frame.get(path)).to_pylist())


def ids_of(frame: Frame, condition: Any = None) -> list[str]:
    """The ids of a page, or of those of its rows that meet a condition."""
    ids = as_ids(frame.get(ID))
    return [i for i in (ids if condition is None else ids.filter(condition)).to_pylist() if i is not None]


def some(*needs: Any) -> list[Any]:
    """Without those that ask nothing."""
    return [need for need in needs if need is not None]


def known(word: str | None, words: Collection[str]) -> str | None:
    """A word of the canonical vocabulary; `check` lists those that the mapping does not translate into it."""
    return word if word in words else None
