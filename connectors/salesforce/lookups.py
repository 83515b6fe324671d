"""Rows that belong to a page of activities: who was on an e-mail, a meeting or a task, and which tasks an e-mail stands for.

Asked by id, several hundred to a query and five queries to a call, so that nothing has to be kept from page to page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from connectors.errors import BothwaysError
from connectors.retry import retrying
from connectors.salesforce.client import QUERIES_A_CALL, Client, Record, soql
from connectors.salesforce.config import ActivityKind
from connectors.salesforce.failures import LocatorGone
from connectors.salesforce.participants import Tie, Ties
from connectors.salesforce.schema import Schema

_FIRST_GUESS = 500
"""Ids in the first query about relations; later ones are sized by what came back, to fill a page."""
_PAGE = 2_000
_IDS_IN = "SELECT {:literal} FROM {:literal} WHERE {:literal} IN {}"

_RELATIONS: dict[ActivityKind, tuple[str, str]] = {
    "email": ("EmailMessageRelation", "EmailMessageId"),
    "meeting": ("EventRelation", "EventId"),
    "call": ("TaskRelation", "TaskId"),
    "task": ("TaskRelation", "TaskId"),
}
RELATION_OBJECTS = tuple(dict.fromkeys(name for name, _ in _RELATIONS.values()))


class Lookups:
    """Asks for related rows. An object that is not there has none."""

    def __init__(self, client: Client, schema: Schema) -> None:
        self._client, self._schema = client, schema
        self._ids_a_query: dict[str, int] = {}

    def ties(self, kind: ActivityKind, ids: Sequence[str]) -> Ties:
        """The people tied to each activity, in a stable order."""
        name, key = _RELATIONS[kind]
        fields = self._there(name, (key, "RelationId", "RelationType", "Status", "IsOrganizer", "IsWhat"))
        found: dict[str, list[Tie]] = defaultdict(list)
        start = 0
        while fields and start < len(ids):
            size = self._ids_a_query.get(name, _FIRST_GUESS)
            asked = ids[start : start + size * QUERIES_A_CALL]
            start += len(asked)
            rows = self._rows([soql(_IDS_IN, ", ".join(fields), name, key, group) for group in _groups(asked, size)])
            self._ids_a_query[name] = _fitting(len(asked), len(rows))
            for row in sorted(rows, key=lambda row: str(row["Id"])):
                if row.get("RelationId") and not row.get("IsWhat"):
                    word = row.get("RelationType") or row.get("Status") or ""
                    found[row[key]].append(Tie(row["RelationId"], word, bool(row.get("IsOrganizer"))))
        return found

    def twins(self, email_object: str, task_field: str, task_ids: Sequence[str]) -> set[str]:
        """Those of the tasks that an e-mail record stands for."""
        fields = self._there(email_object, (task_field,))
        if not task_ids or task_field not in fields:
            return set()
        groups = _groups(task_ids, _PAGE)
        rows = self._rows([soql(_IDS_IN, ", ".join(fields), email_object, task_field, group) for group in groups])
        return {row[task_field] for row in rows}

    def _there(self, name: str, fields: Sequence[str]) -> list[str]:
        """Of the fields those that the object has; nothing when it is not there."""
        info = self._schema.object(name)
        return [] if info is None else [field for field in ("Id", "IsDeleted", *fields) if info.has(field)]

    def _rows(self, statements: Sequence[str]) -> list[Record]:
        return retrying(lambda: list(self._pages(statements)), on=LocatorGone, attempts=3)

    def _pages(self, statements: Sequence[str]) -> Iterator[Record]:
        rows = 0
        for answer in self._client.queries(statements, everything=True):
            if isinstance(answer, BothwaysError):
                raise answer
            while True:
                rows += len(answer.records)
                yield from (record for record in answer.records if not record.get("IsDeleted"))
                if answer.more is None:
                    break
                answer = self._client.more(answer.more)
        self._client.minimum += max(1, -(-rows // (_PAGE * QUERIES_A_CALL)))


def _fitting(ids: int, rows: int) -> int:
    """How many ids make not quite a page of rows, when the next are like these."""
    return max(_FIRST_GUESS // 5, min(_PAGE, int(0.92 * _PAGE * ids / max(rows, 1))))


def _groups(ids: Sequence[str], size: int) -> list[list[str]]:
    return [list(ids[start : start + size]) for start in range(0, len(ids), size)]
