"""Rows as the JSON and CSV that the API shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from connectors.emulator.salesforce.soql.sql import Output, Plan
from connectors.emulator.salesforce.store.schema import Object, Schema

Record = dict[str, Any]


@dataclass(slots=True)
class _Parent:
    name: str
    type: str
    id_at: int
    polymorphic: bool
    leaves: list[tuple[str, int, str]] = field(default_factory=list)
    parents: dict[str, _Parent] = field(default_factory=dict)


class Shape:
    """Turns rows of a plan's SQL into records: attributes first, fields in the order selected, parents nested, null if
    none.
    """

    def __init__(self, schema: Schema, plan: Plan, version: str) -> None:
        self._schema = schema
        self._version = version
        self._type = plan.object.name
        self.sql: list[str] = ["t.Id"]
        self._order: list[str] = []
        self._leaves: list[tuple[str, int, str]] = []
        self._parents: dict[str, _Parent] = {}
        for output in plan.outputs:
            self._place(output)

    def _place(self, output: Output) -> None:
        leaves, parents = self._leaves, self._parents
        if output.path[0] not in self._order:
            self._order.append(output.path[0])
        for step in output.steps:
            if step.name not in parents:
                self.sql.append(step.id_sql)
                parents[step.name] = _Parent(step.name, step.object, len(self.sql) - 1, step.polymorphic)
            leaves, parents = parents[step.name].leaves, parents[step.name].parents
        self.sql.append(output.sql)
        leaves.append((output.path[-1], len(self.sql) - 1, output.type))

    def records(self, rows: list[tuple[Any, ...]]) -> list[Record]:
        url = f"/services/data/v{self._version}/sobjects/{self._type}/"
        kind = self._type
        if not self._parents:
            names = [leaf[0] for leaf in self._leaves]
            fixes = [(name, _FIXES[type_]) for name, _, type_ in self._leaves if type_ in _FIXES]
            made = [
                {"attributes": {"type": kind, "url": url + row[0]}, **dict(zip(names, row[1:], strict=True))}
                for row in rows
            ]
            for name, fix in fixes:
                for record in made:
                    record[name] = fix(record[name])
            return made
        return [self._nested(row, url) for row in rows]

    def _nested(self, row: tuple[Any, ...], url: str) -> Record:
        record: Record = {"attributes": {"type": self._type, "url": url + row[0]}}
        flat = {name: _shown(row[at], type_) for name, at, type_ in self._leaves}
        for name in self._order:
            record[name] = flat[name] if name in flat else self._parent(self._parents[name], row)
        return record

    def _parent(self, parent: _Parent, row: tuple[Any, ...]) -> Record | None:
        record_id = row[parent.id_at]
        if record_id is None:
            return None
        target = self._schema.of_id(record_id) or parent.type
        url = f"/services/data/v{self._version}/sobjects/{target}/{record_id}"
        made: Record = {"attributes": {"type": parent.type, "url": url}}
        for name, at, type_ in parent.leaves:
            made[name] = _shown(row[at], type_)
        for name, inner in parent.parents.items():
            made[name] = self._parent(inner, row)
        return made


def _flag(value: Any) -> bool | None:
    return None if value is None else value == 1


def _address(value: Any) -> Record | None:
    parts: Record | None = json.loads(value) if value else None
    return parts if parts and any(part is not None for part in parts.values()) else None


def _integer(value: Any) -> Any:
    return int(value) if isinstance(value, float) else value


_FIXES: dict[str, Callable[[Any], Any]] = {"boolean": _flag, "address": _address, "int": _integer}


def _shown(value: Any, type_: str) -> Any:
    fix = _FIXES.get(type_)
    return fix(value) if fix else value


def whole_record(thing: Object, row: Record, version: str, names: list[str] | None = None) -> Record:
    """A stored row with all the fields named (default: all), as the API shows a record."""
    made: Record = {
        "attributes": {"type": thing.name, "url": f"/services/data/v{version}/sobjects/{thing.name}/{row['Id']}"}
    }
    for name in names if names is not None else list(thing.fields):
        f = thing.fields[name]
        if f.type == "address":
            stem = name.removesuffix("Address")
            parts = {
                part[0].lower() + part[1:]: row.get(stem + part)
                for part in (
                    "City",
                    "Country",
                    "GeocodeAccuracy",
                    "Latitude",
                    "Longitude",
                    "PostalCode",
                    "State",
                    "Street",
                )
            }
            made[name] = parts if any(value is not None for value in parts.values()) else None
        else:
            made[name] = _shown(row.get(name), f.type)
    return made
