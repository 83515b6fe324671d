"""The answer of `query?columns=true`: what the columns of a statement are, without any rows."""

from __future__ import annotations

from typing import Any

from connectors.emulator.salesforce.soql.sql import Output, Plan
from connectors.emulator.salesforce.soql.tree import AGGREGATES, Call

Json = dict[str, Any]
_NUMBERS = ("int", "double", "currency", "percent")
_TEXTS = ("string", "textarea", "picklist", "multipicklist", "email", "phone", "url", "combobox")
_APEX = {
    "int": "Integer",
    "double": "Double",
    "currency": "Double",
    "percent": "Double",
    "boolean": "Boolean",
    "id": "Id",
    "reference": "Id",
    "date": "Date",
    "datetime": "Datetime",
    "address": "Address",
}


def column_metadata(plan: Plan) -> Json:
    """Fields of a parent are joined under one column of the relationship's name; so are those of a sub-query."""
    return {
        "columnMetadata": _columns(plan),
        "entityName": plan.object.name,
        "groupBy": bool(plan.query.group),
        "idSelected": any(output.path == ("Id",) for output in plan.outputs),
        "keyPrefix": plan.object.prefix,
    }


def _columns(plan: Plan) -> list[Json]:
    shown = _shown(plan)
    made: list[Json] = []
    for output in plan.outputs:
        inside = made
        for step in output.path[:-1]:
            joined = next((column for column in inside if column["columnName"] == step and column["joinColumns"]), None)
            if joined is None:
                joined = {**_column(step, step, None), "foreignKeyName": None, "joinColumns": []}
                inside.append(joined)
            inside = joined["joinColumns"]
        name = output.path[-1]
        inside.append(_column(name, shown.get(name, name), output, aggregate=name in shown))
    children = [
        {**_column(child.name, child.name, None, aggregate=True), "joinColumns": _columns(child.plan)}
        for child in plan.children
    ]
    return [*made, *children]


def _shown(plan: Plan) -> dict[str, str]:
    """Column name -> the function that it is of, for the aggregates among them."""
    if not plan.query.aggregates:
        return {}
    names = [selected.what for selected in plan.query.select]
    return {
        output.path[-1]: f"{what.name}({what.argument or ''})"
        for output, what in zip(plan.outputs, names, strict=False)
        if isinstance(what, Call) and what.name in AGGREGATES
    }


def _column(name: str, shown: str, output: Output | None, *, aggregate: bool = False) -> Json:
    kind = output.type if output else ""
    return {
        "aggregate": aggregate,
        "apexType": _APEX.get(kind, "String") if output else None,
        "booleanType": kind == "boolean",
        "columnName": name,
        "custom": name.endswith("__c"),
        "displayName": shown,
        "foreignKeyName": None,
        "insertable": output is not None and not aggregate,
        "joinColumns": [],
        "numberType": kind in _NUMBERS,
        "textType": kind in _TEXTS,
        "updatable": output is not None and not aggregate,
    }
