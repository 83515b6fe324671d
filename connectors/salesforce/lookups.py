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

_PEOPLE_A_RECORD = 500
"""Ids in one query about relations: some four rows each fill a page of 2,000."""
_TWINS = 2_000

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

    def ties(self, kind: ActivityKind, ids: Sequence[str]) -> Ties:
        """The people tied to each activity, in a stable order."""
        name, key = _RELATIONS[kind]
        info = self._schema.object(name)
        if info is None or not ids:
            return {}
        fields = [
            f
            for f in (key, "RelationId", "RelationType", "Status", "IsOrganizer", "IsWhat", "IsDeleted")
            if info.has(f)
        ]
        statements = [
            soql(
                "SELECT {:literal} FROM {:literal} WHERE {:literal} IN {}", ", ".join(["Id", *fields]), name, key, group
            )
            for group in _groups(ids, _PEOPLE_A_RECORD)
        ]
        ties: dict[str, list[Tie]] = defaultdict(list)
        for row in sorted(self._rows(statements), key=lambda row: str(row["Id"])):
            if row.get("RelationId") and not row.get("IsWhat"):
                tie = Tie(
                    row["RelationId"], row.get("RelationType") or row.get("Status") or "", bool(row.get("IsOrganizer"))
                )
                ties[row[key]].append(tie)
        return ties

    def twins(self, email_object: str, task_field: str, task_ids: Sequence[str]) -> set[str]:
        """Those of the tasks that an e-mail record stands for."""
        if not task_ids or self._schema.find(email_object, task_field) is None:
            return set()
        template = "SELECT Id, {:literal} FROM {:literal} WHERE {:literal} IN {}"
        statements = [
            soql(template, task_field, email_object, task_field, group) for group in _groups(task_ids, _TWINS)
        ]
        return {row[task_field] for row in self._rows(statements)}

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
        self._client.minimum += max(1, -(-rows // (2_000 * QUERIES_A_CALL)))


def _groups(ids: Sequence[str], size: int) -> list[list[str]]:
    return [list(ids[start : start + size]) for start in range(0, len(ids), size)]
