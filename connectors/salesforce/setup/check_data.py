"""What the organisation's own records would do to a score: duplicates and merges."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.base import Finding
from connectors.errors import BothwaysError
from connectors.salesforce.api.answers import Found
from connectors.salesforce.api.client import Client, soql
from connectors.salesforce.api.describe import Schema
from connectors.salesforce.config import ObjectMapping, SalesforceMapping

_MOST_GROUPS = 200
_SAME = (
    "SELECT {0:literal}, COUNT(Id) n FROM {1:literal} WHERE {0:literal} != null GROUP BY {0:literal} "
    "HAVING COUNT(Id) > 1 LIMIT {2:literal}"
)


def duplicates(client: Client, mapping: SalesforceMapping, schema: Schema) -> Iterator[Finding]:
    """Accounts of one name and people of one address, counted. Nobody is named."""
    asked: list[tuple[ObjectMapping, str, str]] = []
    for each, column, effect in (
        (mapping.accounts, "name", "a customer spread over several accounts looks less dependent than it is"),
        (mapping.people, "email", "one person under several contacts is counted as several"),
    ):
        path = each.fields.get(column) if each is not None else None
        if each is not None and path and "." not in path and schema.find(each.object, path) is not None:
            asked.append((each, path, effect))
    statements = [soql(_SAME, path, each.object, str(_MOST_GROUPS)) for each, path, _ in asked]
    for (each, path, effect), answer in zip(asked, client.queries(statements), strict=True):
        if isinstance(answer, BothwaysError) or not answer.records:
            continue  # too large to group in time, or not a field that can be grouped by: nothing is known
        groups = len(answer.records)
        records = sum(int(row["n"]) for row in answer.records)
        many = f"at least {groups}" if groups >= _MOST_GROUPS else str(groups)
        yield Finding(
            "warn",
            "objects",
            f"{many} values of {each.object}.{path} are shared by {records} records: {effect}.",
            "Merge duplicates: the survivor then has the whole history.",
        )


def merges(client: Client, schema: Schema) -> Iterator[Finding]:
    """How many accounts the recycle bin remembers as merged; whether this user sees them is part of the test of a
    pull.
    """
    info = schema.object("Account")
    if info is None or not info.has("MasterRecordId"):
        return
    statement = "SELECT COUNT() FROM Account WHERE IsDeleted = true AND MasterRecordId != null"
    [answer] = client.queries([soql(statement)], everything=True)
    if isinstance(answer, Found) and answer.total:
        yield Finding(
            "ok", "objects", f"{answer.total} merged accounts are known: their history counts for the survivor."
        )
