"""Lists (segments) of records: by hand, or by filters that name properties."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from connectors.emulator.hubspot.schema.objects import ObjectType
from connectors.emulator.hubspot.store.table import LIVE, Table
from connectors.emulator.hubspot.wire import Json, epoch_ms, invalid, iso

MANUAL, SNAPSHOT, DYNAMIC = "MANUAL", "SNAPSHOT", "DYNAMIC"
_KNOWN = {"IS_KNOWN", "IS_NOT_BLANK", "IS_UNKNOWN", "IS_BLANK"}
_NUMERIC: dict[str, Callable[[float, float], bool]] = {
    "IS_EQUAL_TO": lambda held, given: held == given,
    "IS_NOT_EQUAL_TO": lambda held, given: held != given,
    "IS_GREATER_THAN": lambda held, given: held > given,
    "IS_GREATER_THAN_OR_EQUAL_TO": lambda held, given: held >= given,
    "IS_LESS_THAN": lambda held, given: held < given,
    "IS_LESS_THAN_OR_EQUAL_TO": lambda held, given: held <= given,
}
_TEXT: dict[str, Callable[[str, set[str]], bool]] = {
    "IS": lambda held, given: held in given,
    "IS_EQUAL_TO": lambda held, given: held in given,
    "IS_EXACTLY": lambda held, given: set(held.split(";")) == given,
    "IS_ANY_OF": lambda held, given: bool(set(held.split(";")) & given),
    "IS_NOT": lambda held, given: held not in given,
    "IS_NOT_EQUAL_TO": lambda held, given: held not in given,
    "IS_NONE_OF": lambda held, given: not set(held.split(";")) & given,
    "CONTAINS": lambda held, given: any(one in held for one in given),
    "DOES_NOT_CONTAIN": lambda held, given: not any(one in held for one in given),
    "STARTS_WITH": lambda held, given: held.startswith(tuple(given)),
    "ENDS_WITH": lambda held, given: held.endswith(tuple(given)),
}
_NEGATIVE = {"IS_NOT", "IS_NOT_EQUAL_TO", "IS_NONE_OF", "DOES_NOT_CONTAIN"}
Test = Callable[[int], bool]


@dataclass(slots=True)
class RecordList:
    """One list. `members`: record id -> when it came in, of a list by hand (and of a snapshot)."""

    id: str
    name: str
    kind: ObjectType
    processing: str
    branch: Json | None
    created: int
    updated: int
    version: int = 1
    deleted: int | None = None
    members: dict[int, int] = field(default_factory=dict)
    permissions: Json | None = None

    def shown(self, *, size: int | None = None) -> Json:
        """As the API shows it."""
        made: Json = {
            "listId": self.id,
            "listVersion": self.version,
            "name": self.name,
            "objectTypeId": self.kind.type_id,
            "processingType": self.processing,
            "processingStatus": "COMPLETE",
            "createdAt": iso(self.created),
            "updatedAt": iso(self.updated),
            "filtersUpdatedAt": iso(self.updated),
            "createdById": "1",
            "updatedById": "1",
        }
        if self.deleted is not None:
            made["deletedAt"] = iso(self.deleted)
        if size is not None:
            made["size"] = size
        return made


@dataclass(slots=True)
class Lists:
    """All lists of a portal, those in the recycle bin too."""

    all: dict[str, RecordList] = field(default_factory=dict)
    last: int = 0

    def next_id(self) -> str:
        self.last += 1
        return str(self.last)

    def live(self) -> Iterator[RecordList]:
        return (one for one in self.all.values() if one.deleted is None)

    def uses(self, kind: ObjectType, name: str) -> bool:
        """Whether filters of a list name a property."""
        return any(one.kind == kind and name in set(named(one.branch)) for one in self.live())


def named(branch: Json | None) -> Iterator[str]:
    """The properties that filters name."""
    for one in (branch or {}).get("filters") or ():
        if isinstance(one, dict) and isinstance(one.get("property"), str):
            yield one["property"]
    for inner in (branch or {}).get("filterBranches") or ():
        yield from named(inner)


def members(one: RecordList, table: Table, test: Test | None) -> dict[int, int]:
    """Record id -> since when, in the order of ids."""
    if test is None:
        return {record: at for record, at in sorted(one.members.items()) if table.row(record) is not None}
    rows = (row for row in range(len(table.ids)) if table.state[row] == LIVE and test(row))
    return {table.ids[row]: one.updated for row in rows}


def compiled(branch: Any, table: Table, kinds: Callable[[str], str | None]) -> Test:
    """Filters as a test of a row; `kinds` gives the type of a property. Raises ApiError."""
    if not isinstance(branch, dict):
        raise invalid("filterBranch is required and must be an object")
    kind = branch.get("filterBranchType")
    if kind not in ("OR", "AND"):
        raise invalid(f"filterBranchType {kind} is not supported")
    tests = [compiled(inner, table, kinds) for inner in branch.get("filterBranches") or ()]
    tests += [_filter(one, table, kinds) for one in branch.get("filters") or ()]
    if kind == "OR":
        return lambda row: any(test(row) for test in tests)
    return lambda row: all(test(row) for test in tests)


def _filter(one: Any, table: Table, kinds: Callable[[str], str | None]) -> Test:
    operation = one.get("operation") if isinstance(one, dict) else None
    if not isinstance(operation, dict) or one.get("filterType") != "PROPERTY":
        raise invalid("Only filters of filterType PROPERTY with an operation are supported")
    name, operator = str(one.get("property")), str(operation.get("operator"))
    kind = kinds(name)
    if kind is None:
        raise invalid(f"The property {name} of a filter does not exist")
    if operator in _KNOWN:
        wanted = operator in ("IS_KNOWN", "IS_NOT_BLANK")
        return lambda row: (table.get(row, name) is not None) == wanted
    given = operation.get("values", operation.get("value", operation.get("timestamp")))
    if kind in ("number", "date", "datetime") and operator in _NUMERIC:
        return _number_test(table, name, kind, operator, given)
    if operator not in _TEXT:
        raise invalid(f"The operator {operator} is not supported for {name}")
    options = {str(value).lower() for value in (given if isinstance(given, list) else [given])}
    compare, empty = _TEXT[operator], bool(operation.get("includeObjectsWithNoValueSet")) or operator in _NEGATIVE

    def test(row: int) -> bool:
        held = table.get(row, name)
        return empty if held is None else compare(held.lower(), options)

    return test


def _number_test(table: Table, name: str, kind: str, operator: str, given: Any) -> Test:
    wanted = _comparable(kind, given)
    if wanted is None:
        raise invalid(f"The value of the filter for {name} is not a {kind}: {given}")
    compare = _NUMERIC[operator]

    def test(row: int) -> bool:
        held = _comparable(kind, table.get(row, name))
        return held is not None and compare(held, wanted)

    return test


def _comparable(kind: str, value: Any) -> float | None:
    if value is None:
        return None
    try:
        return epoch_ms(str(value)) if kind in ("date", "datetime") else float(value)
    except (TypeError, ValueError):
        return None
