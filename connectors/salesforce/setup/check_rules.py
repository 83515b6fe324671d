"""What runs in the organisation when we save a score: validation rules, flows, triggers and workflow rules, each
named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.base import Finding
from connectors.errors import AuthError, FatalError, SchemaError
from connectors.salesforce.api.answers import Record
from connectors.salesforce.api.client import Client, soql
from connectors.salesforce.names import OBJECTS

_WRITTEN = tuple(OBJECTS.values())
_SAVES = ("RecordBeforeSave", "RecordAfterSave")
_UPDATES = ("Update", "CreateAndUpdate")
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of automation: how it is asked for, which rows matter, and what is to be said of them."""

    plural: str
    statement: str
    tooling: bool
    name: str
    object: str
    effect: str
    remedy: str


_KINDS = (
    _Kind(
        "validation rules",
        "SELECT ValidationName, EntityDefinition.QualifiedApiName FROM ValidationRule WHERE Active = true",
        tooling=True,
        name="ValidationName",
        object="EntityDefinition.QualifiedApiName",
        effect="a record that breaks one refuses its score",
        remedy=(
            "Exempt the integration user in them (a custom permission), or correct the records that dead-letters names."
        ),
    ),
    _Kind(
        "flows",
        "SELECT ApiName, TriggerType, RecordTriggerType, TriggerObjectOrEvent.QualifiedApiName FROM FlowDefinitionView"
        " WHERE IsActive = true",
        tooling=False,
        name="ApiName",
        object="TriggerObjectOrEvent.QualifiedApiName",
        effect="every score that is written starts them",
        remedy="Give them entry conditions on fields of their own, so that a score does not start them.",
    ),
    _Kind(
        "Apex triggers",
        "SELECT Name, TableEnumOrId, UsageBeforeUpdate, UsageAfterUpdate FROM ApexTrigger WHERE Status = 'Active'",
        tooling=True,
        name="Name",
        object="TableEnumOrId",
        effect="every score that is written runs them",
        remedy="See that they stand 200 records at once, and do nothing when only fields Bothways_* have changed.",
    ),
    _Kind(
        "workflow rules",
        "SELECT Name, TableEnumOrId FROM WorkflowRule",
        tooling=True,
        name="Name",
        object="TableEnumOrId",
        effect="those that are active are evaluated for every score that is written",
        remedy="Let them be evaluated only when the record comes to meet their criteria.",
    ),
)


def rules(client: Client) -> Iterator[Finding]:
    """One finding for each kind on each object that we write; one for all that this user may not look at."""
    hidden: list[str] = []
    quiet: list[str] = []
    for kind in _KINDS:
        try:
            rows = _rows(client, kind)
        except (AuthError, FatalError, SchemaError):  # the user may not, or the edition has no such thing
            hidden.append(kind.plural)
            continue
        found = list(_findings(kind, rows))
        yield from found
        if not found:
            quiet.append(kind.plural)
    written = " or ".join(_WRITTEN)
    if quiet:
        yield Finding("ok", "rules", f"No {', '.join(quiet)} run when an {written} is updated.")
    if hidden:
        yield Finding(
            "warn",
            "rules",
            f"This user may not see which {', '.join(hidden)} run when an {written} is updated.",
            "Run `bothways check` once as an administrator, or give it View Setup and Configuration.",
        )


def _rows(client: Client, kind: _Kind) -> list[Record]:
    # the condition on the object is not part of the statement: not every one of these can be filtered by it
    answer = client.tooling(soql(kind.statement)) if kind.tooling else client.query(soql(kind.statement))
    rows = list(answer.records)
    while answer.more is not None:
        answer = client.more(answer.more)
        rows += answer.records
    return [row for row in rows if _runs_on_update(row)]


def _runs_on_update(row: Mapping[str, Any]) -> bool:
    if "TriggerType" in row:
        return row["TriggerType"] in _SAVES and row.get("RecordTriggerType") in (*_UPDATES, None)
    if "UsageAfterUpdate" in row:
        return bool(row["UsageAfterUpdate"] or row.get("UsageBeforeUpdate"))
    return True


def _findings(kind: _Kind, rows: Sequence[Record]) -> Iterator[Finding]:
    for owner in _WRITTEN:
        names = sorted(str(row[kind.name]) for row in rows if _at(row, kind.object) == owner)
        if not names:
            continue
        listed = ", ".join(names[:_MOST_NAMED]) + (
            f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        )
        text = (
            f"{kind.plural[0].upper()}{kind.plural[1:]} of {owner} ({len(names)}): {listed}. In effect: {kind.effect}."
        )
        yield Finding("warn", "rules", text, kind.remedy)


def _at(row: Mapping[str, Any], path: str) -> object:
    value: Any = row
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
