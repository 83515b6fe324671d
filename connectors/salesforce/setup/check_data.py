"""What the organisation's own records would do to a score: duplicates, merges, and channels that nobody logs."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.base import Finding
from connectors.errors import BothwaysError
from connectors.salesforce.api.answers import Found
from connectors.salesforce.api.client import Client, soql
from connectors.salesforce.api.describe import Schema
from connectors.salesforce.config import ActivityMapping, ObjectMapping, SalesforceMapping

_MOST_GROUPS = 200
_SAME = "SELECT {0:literal}, COUNT(Id) n FROM {1:literal} WHERE {0:literal} != null GROUP BY {0:literal} HAVING COUNT(Id) > 1 LIMIT {2:literal}"


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
    """How many accounts the recycle bin remembers as merged; whether this user sees them is part of the test of a pull."""
    info = schema.object("Account")
    if info is None or not info.has("MasterRecordId"):
        return
    statement = "SELECT COUNT() FROM Account WHERE IsDeleted = true AND MasterRecordId != null"
    [answer] = client.queries([soql(statement)], everything=True)
    if isinstance(answer, Found) and answer.total:
        yield Finding(
            "ok", "objects", f"{answer.total} merged accounts are known: their history counts for the survivor."
        )


def silent_channels(client: Client, mapping: ActivityMapping, schema: Schema) -> Iterator[Finding]:
    """Calls and meetings: a channel without a record in 90 days is not logged here, rather than not used."""
    asked: list[tuple[str, str]] = []
    recent = "SELECT COUNT() FROM {:literal} WHERE {:literal} = LAST_N_DAYS:90"
    for channel, each, column in (("meeting", mapping.meeting, "starts_at"), ("call", mapping.call, "occurred_at")):
        path = each.fields.get(column) if each is not None else None
        if each is None or not path or schema.find(each.object, path) is None:
            continue
        text = soql(recent, each.object, path)
        subtype = each.fields.get("subtype")
        if channel == "call" and subtype and schema.find(each.object, subtype) is not None:
            text += soql(" AND {:literal} = 'Call'", subtype)
        asked.append((channel, text))
    for (channel, _), answer in zip(asked, client.queries([text for _, text in asked]), strict=True):
        if isinstance(answer, Found) and answer.total == 0:
            yield Finding(
                "warn",
                "activity",
                f"No {channel} has been logged for 90 days: the channel is absent here, not silent.",
                f"Have {channel}s logged in Salesforce, or score without them knowingly.",
            )


def coverage(client: Client, mapping: SalesforceMapping, schema: Schema) -> Iterator[Finding]:
    """How many accounts each channel has reached in 90 days: what the scores of the others cannot rest on."""
    kinds = mapping.activities
    asked: list[tuple[str, str]] = []
    reached = "SELECT COUNT_DISTINCT({:literal}) n FROM {:literal} WHERE {:literal} = LAST_N_DAYS:90"
    for plural, each, column in (("meetings", kinds.meeting, "starts_at"), ("calls", kinds.call, "occurred_at")):
        account = each.fields.get("account_id") if each is not None else None
        path = each.fields.get(column) if each is not None else None
        if each is None or not account or not path or not all(schema.find(each.object, p) for p in (account, path)):
            continue
        text = soql(reached, account, each.object, path)
        subtype = each.fields.get("subtype")
        if plural == "calls" and subtype and schema.find(each.object, subtype) is not None:
            text += soql(" AND {:literal} = 'Call'", subtype)
        asked.append((plural, text))
    total, *answers = client.queries(
        [soql("SELECT COUNT() FROM {:literal}", mapping.accounts.object), *(t for _, t in asked)]
    )
    said = [
        f"{plural} with {int(answer.records[0].get('n') or 0)}"
        for (plural, _), answer in zip(asked, answers, strict=True)
        if isinstance(answer, Found) and answer.records
    ]
    if said and isinstance(total, Found):
        yield Finding("ok", "activity", f"Of {total.total} accounts in 90 days: {', '.join(said)}.")
