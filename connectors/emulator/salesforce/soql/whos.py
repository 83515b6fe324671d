"""How many people and records a query of activities may be about, for a user whom sharing hides anything from."""

from __future__ import annotations

from connectors.emulator.salesforce.soql.sql import ARCHIVED, Plan
from connectors.emulator.salesforce.store.access import Rights
from connectors.emulator.salesforce.store.errors import ApiError
from connectors.emulator.salesforce.store.org import Org

CODE = "OPERATION_TOO_LARGE"


def too_large(org: Org, plan: Plan, rights: Rights) -> str | None:
    """The message for a query of tasks or events that Salesforce refuses to check the sharing of; None for any other
    (SOAP API Developer Guide, "Core Data Types Used in API Calls", OPERATION_TOO_LARGE;
    singer-io/tap-salesforce#98).
    """
    most = org.behaviours.most_whos
    if most is None or rights.sees_all or plan.object.name not in ARCHIVED:
        return None
    rows = f'FROM "{plan.object.name}" t {plan.joins}{plan.where}'
    sql = f"SELECT COUNT(*) FROM (SELECT t.WhoId {rows} UNION SELECT t.WhatId {rows})"  # noqa: S608
    found = org.store.tuples(sql, (*plan.parameters, *plan.parameters))[0][0]
    return f"exceeded {most} distinct who/what's" if found > most else None


def refuse_too_large(org: Org, plan: Plan, rights: Rights) -> None:
    """Raises ApiError for such a query."""
    message = too_large(org, plan, rights)
    if message is not None:
        raise ApiError(400, CODE, message)
