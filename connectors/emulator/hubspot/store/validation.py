"""Refusals of property values, and the admin's validation rules that writes of API version 2026-09 obey."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.emulator.hubspot.behaviours import Behaviours, ValidationRule
from connectors.emulator.hubspot.store.table import Table
from connectors.emulator.hubspot.wire import Json, invalid, invalid_properties_message

_CODE = "MISSING_CONDITIONAL_REQUIRED_PROPERTY"


def problem(message: str, code: str, name: str) -> Json:
    """One entry of the JSON inside a refusal's message."""
    return {"message": message, "error": code, "name": name}


def enforce(behaviours: Behaviours, table: Table, values: Mapping[str, str | None], row: int | None) -> None:
    """Checks a record as it would be after a write (row None: a new one). Raises ApiError."""
    for rule in behaviours.validation_rules:
        if rule.object_type not in (table.kind.plural, table.kind.singular, table.kind.type_id):
            continue
        after = _After(table, values, row)
        if _applies(rule, after) and after[rule.required] is None:
            found = problem(f'Property "{rule.required}" is required', _CODE, rule.required)
            entry = {"message": found["message"], "code": _CODE, "context": {"propertyName": [rule.required]}}
            raise invalid(invalid_properties_message([found]), errors=[entry])


class _After:
    """A record's values as they will be."""

    def __init__(self, table: Table, values: Mapping[str, str | None], row: int | None) -> None:
        self._table, self._values, self._row = table, values, row

    def __getitem__(self, name: str) -> str | None:
        if name in self._values:
            return self._values[name]
        return None if self._row is None else self._table.get(self._row, name)


def _applies(rule: ValidationRule, after: _After) -> bool:
    if rule.when is None:
        return True
    held = after[rule.when]
    return held is not None and (not rule.values or held in rule.values)
