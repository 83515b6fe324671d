"""Rows that belong to a page of activities: who was on an e-mail, a meeting or a task, and which tasks an e-mail stands
for.

Asked by id, several hundred to a query and five queries to a call, so that nothing has to be kept from page to page. In
a read of everything that is large, a relation is read whole by Bulk instead (`relations`), and the e-mails that were
read tell which tasks they stand for: both take far fewer calls.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.errors import BothwaysError
from connectors.http.retry import retrying
from connectors.salesforce.api.answers import Record
from connectors.salesforce.api.client import QUERIES_A_CALL, Client, soql
from connectors.salesforce.api.describe import Schema, Selection
from connectors.salesforce.api.failures import LocatorGone
from connectors.salesforce.config import ActivityKind, ObjectMapping
from connectors.salesforce.read.bulk_relations import Relations
from connectors.salesforce.translate.participants import Tie, Ties
from connectors.salesforce.translate.records import STAMP

_FIRST_GUESS = 500
"""Ids in the first query about relations; later ones are sized by what came back, to fill a page."""
_PAGE = 2_000
_IDS_IN = "SELECT {:literal} FROM {:literal} WHERE {:literal} IN {}"

_TIE_FIELDS = ("RelationId", "RelationType", "Status", "IsOrganizer", "IsWhat")
_RELATIONS: dict[ActivityKind, tuple[str, str]] = {
    "email": ("EmailMessageRelation", "EmailMessageId"),
    "meeting": ("EventRelation", "EventId"),
    "call": ("TaskRelation", "TaskId"),
    "task": ("TaskRelation", "TaskId"),
}
RELATION_OBJECTS = tuple(dict.fromkeys(name for name, _ in _RELATIONS.values()))


def tie_fields(schema: Schema) -> list[tuple[str, str]]:
    """The fields of the relations that are there, with their types."""
    infos = [info for info in map(schema.object, RELATION_OBJECTS) if info is not None]
    return [(f"{i.name}.{f}", i.fields[f.lower()].type) for i in infos for f in _TIE_FIELDS if i.has(f)]


@dataclass(frozen=True, slots=True)
class Need:
    """Rows of an object whose `key` is one of some ids: what the page of a feed will ask for."""

    object: str
    key: str
    fields: tuple[str, ...]
    ids: tuple[str, ...]
    ids_a_query: int


_SCATTERED = frozenset({"call", "task"})
"""Kinds of which few records have more people than the one they name: asked by id, however many records there are."""
_MOST_TWINS = 2_000_000
"""Ids of tasks that are kept in memory."""


class Lookups:
    """Asks for related rows. An object that is not there has none. `sizes` says about how many rows the objects have,
    in a read of everything; `relations` reads one of them whole. Close it when the read is over.
    """

    def __init__(
        self,
        client: Client,
        schema: Schema,
        sizes: Mapping[str, int] = MappingProxyType({}),
        relations: Relations | None = None,
    ) -> None:
        self._client, self._schema, self._sizes, self._relations = client, schema, sizes, relations
        self._twins: list[pa.Array] = []
        self._twins_known = False
        self._ids_a_query: dict[str, int] = {}
        self._ready: dict[tuple[str, str], tuple[frozenset[str], list[Record]]] = {}

    def tie_need(self, kind: ActivityKind, ids: Sequence[str]) -> Need | None:
        """What `ties` will ask for; None for nothing."""
        name, key = _RELATIONS[kind]
        fields = self._there(name, (key, *_TIE_FIELDS))
        return Need(name, key, tuple(fields), tuple(ids), _FIRST_GUESS) if fields and ids else None

    def twin_need(self, email_object: str, task_field: str, task_ids: Sequence[str]) -> Need | None:
        """What `twins` will ask for; None for nothing."""
        fields = self._there(email_object, (task_field,))
        there = task_ids and task_field in fields
        return Need(email_object, task_field, tuple(fields), tuple(task_ids), _PAGE) if there else None

    def prefetch(self, needs: Sequence[Need]) -> None:
        """Asks for several needs in one call, when they fit into one; `ties` and `twins` then ask nothing."""
        groups = [(need, group) for need in needs for group in _groups(need.ids, need.ids_a_query)]
        if len(needs) < 2 or len(groups) > QUERIES_A_CALL:
            return
        statements = [soql(_IDS_IN, ", ".join(n.fields), n.object, n.key, group) for n, group in groups]
        answers = retrying(lambda: list(self._answers(statements)), on=LocatorGone, attempts=3)
        for need in needs:
            rows = [row for (n, _), found in zip(groups, answers, strict=True) if n is need for row in found]
            self._ready[need.object, need.key] = frozenset(need.ids), rows

    def ties(self, kind: ActivityKind, ids: Sequence[str]) -> Ties:
        """The people tied to each activity, in a stable order."""
        name, key = _RELATIONS[kind]
        fields = self._there(name, (key, *_TIE_FIELDS))
        found: dict[str, list[Tie]] = defaultdict(list)
        start = 0
        ready = self._taken(name, key, ids)
        if ready is None and ids and kind not in _SCATTERED and self._relations is not None:
            ready = self._relations.of(name, key, fields, ids, about=self._sizes.get(name, 0))
        if ready is not None:
            _tie(found, key, ready)
            return found
        while fields and start < len(ids):
            size = self._ids_a_query.get(name, _FIRST_GUESS)
            asked = ids[start : start + size * QUERIES_A_CALL]
            start += len(asked)
            rows = self._rows([soql(_IDS_IN, ", ".join(fields), name, key, group) for group in _groups(asked, size)])
            self._ids_a_query[name] = _fitting(len(asked), len(rows))
            _tie(found, key, rows)
        return found

    def note_twins(self, task_ids: Any, *, complete: bool) -> None:
        """Tasks that e-mails which have been read stand for; `complete`: these were the last of all of them."""
        self._twins.append(task_ids.drop_null())
        self._twins_known = complete and sum(map(len, self._twins)) <= _MOST_TWINS
        if complete and not self._twins_known:
            self._twins.clear()

    def close(self) -> None:
        """Gives back what a relation that was read whole takes on the disk."""
        if self._relations is not None:
            self._relations.close()

    def twins(self, email_object: str, task_field: str, task_ids: Sequence[str]) -> set[str]:
        """Those of the tasks that an e-mail record stands for."""
        fields = self._there(email_object, (task_field,))
        if not task_ids or task_field not in fields:
            return set()
        if (ready := self._taken(email_object, task_field, task_ids)) is not None:
            return {row[task_field] for row in ready}
        if self._twins_known:
            asked = pa.array(task_ids, pa.string())
            return set(asked.filter(pc.is_in(asked, value_set=pa.chunked_array(self._twins, pa.string()))).to_pylist())
        groups = _groups(task_ids, _PAGE)
        rows = self._rows([soql(_IDS_IN, ", ".join(fields), email_object, task_field, group) for group in groups])
        return {row[task_field] for row in rows}

    def records(self, selection: Selection, ids: Sequence[str]) -> list[Record]:
        """The living records of these ids, 2,500 to a call."""
        fields = ", ".join(selection.paths)
        groups = _groups(ids, _FIRST_GUESS)
        return self._rows([soql(_IDS_IN, fields, selection.object, "Id", group) for group in groups]) if ids else []

    def changes(self, kind: ActivityKind) -> tuple[Selection, str] | None:
        """What to read to learn whose people have changed, and the field that names the activity; None where the
        relation has no stamp or is not there. Those of new activities are left out: they are among the changed ones
        anyway.
        """
        name, key = _RELATIONS[kind]
        info = self._schema.object(name)
        if info is None or not info.queryable or not all(info.has(field) for field in (STAMP, key)):
            return None
        mapping = ObjectMapping(object=name, fields={key: key})
        parent = key.removesuffix("Id")
        born = f"{parent}.CreatedDate" if parent.lower() in info.relations else None
        return Selection(mapping, ("Id", STAMP, key), parent_born=born), key

    def _there(self, name: str, fields: Sequence[str]) -> list[str]:
        """Of the fields those that the object has; nothing when it is not there."""
        info = self._schema.object(name)
        return [] if info is None else [field for field in ("Id", "IsDeleted", *fields) if info.has(field)]

    def _taken(self, name: str, key: str, ids: Sequence[str]) -> list[Record] | None:
        """The rows of these ids if they have been fetched before; each fetch is used once."""
        known, rows = self._ready.pop((name, key), (frozenset(), []))
        return rows if ids and known.issuperset(ids) else None

    def _rows(self, statements: Sequence[str]) -> list[Record]:
        answers = retrying(lambda: list(self._answers(statements)), on=LocatorGone, attempts=3)
        return [row for rows in answers for row in rows]

    def _answers(self, statements: Sequence[str]) -> Iterator[list[Record]]:
        """The living rows of each statement."""
        total = 0
        for answer in self._client.queries(statements, everything=True):
            if isinstance(answer, BothwaysError):
                raise answer
            rows = list(answer.records)
            while answer.more is not None:
                answer = self._client.more(answer.more, answer)
                rows += answer.records
            total += len(rows)
            yield [row for row in rows if not row.get("IsDeleted")]
        self._client.minimum += max(1, -(-total // (_PAGE * QUERIES_A_CALL)))


def _tie(found: dict[str, list[Tie]], key: str, rows: Sequence[Record]) -> None:
    for row in sorted(rows, key=lambda row: str(row["Id"])):
        if row.get("RelationId") and not row.get("IsWhat"):
            word = row.get("RelationType") or row.get("Status") or ""
            found[row[key]].append(Tie(row["RelationId"], word, bool(row.get("IsOrganizer"))))


def _fitting(ids: int, rows: int) -> int:
    """How many ids make not quite a page of rows, when the next are like these."""
    return max(_FIRST_GUESS // 5, min(_PAGE, int(0.92 * _PAGE * ids / max(rows, 1))))


def _groups(ids: Sequence[str], size: int) -> list[list[str]]:
    return [list(ids[start : start + size]) for start in range(0, len(ids), size)]
