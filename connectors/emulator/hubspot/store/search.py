"""The search endpoint: filters, sorting, the window over results, and the index that lags behind.

Filters see what the index holds, results what the records hold. An id range or a window of modification stamps is
looked up; what else is asked is checked on those rows only.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, cast

from connectors.emulator.hubspot.schema.properties import Properties
from connectors.emulator.hubspot.store.columns import Instants
from connectors.emulator.hubspot.store.links import LinkStore
from connectors.emulator.hubspot.store.table import ARCHIVED, LIVE, Table
from connectors.emulator.hubspot.wire import Json, bad_json, epoch_ms, invalid, names, whole

MAX_BODY, MAX_PAGE, MAX_OFFSET = 3000, 200, 10_000
MAX_GROUPS, MAX_FILTERS, MAX_ALL_FILTERS = 5, 6, 18
_OPERATORS = {
    "EQ",
    "NEQ",
    "LT",
    "LTE",
    "GT",
    "GTE",
    "BETWEEN",
    "IN",
    "NOT_IN",
    "HAS_PROPERTY",
    "NOT_HAS_PROPERTY",
    "CONTAINS_TOKEN",
    "NOT_CONTAINS_TOKEN",
}
_RANGES = {"EQ", "LT", "LTE", "GT", "GTE", "BETWEEN"}
_EVERYTHING = (-(2**62), 2**62)

Comparable = float | str
Test = Callable[[int], bool]


class Query:
    """A checked search request."""

    def __init__(self, body: Any) -> None:
        if not isinstance(body, dict):
            raise bad_json("an object was expected")
        groups = body.get("filterGroups") or []
        if body.get("filters"):
            groups = [*groups, {"filters": body["filters"]}]
        if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
            raise bad_json("filterGroups must be a list of objects")
        self.groups = [_filters(group) for group in groups]
        self.limit = _whole(body.get("limit", 10), "limit")
        self.after = _whole(body.get("after") or 0, "after")
        self.query = str(body.get("query") or "").lower()
        self.properties = names(body.get("properties"), "properties")
        self.sort, self.descending = _sort(body.get("sorts") or [])
        self._check_sizes()

    def key(self) -> str:
        """Equal for requests that differ only in the page they ask for."""
        return repr((self.groups, self.sort, self.descending, self.query))

    def _check_sizes(self) -> None:
        if len(self.groups) > MAX_GROUPS:
            raise invalid(f"There are too many filterGroups: the most is {MAX_GROUPS}.")
        if any(len(group) > MAX_FILTERS for group in self.groups):
            raise invalid(f"There are too many filters in a filterGroup: the most is {MAX_FILTERS}.")
        if sum(map(len, self.groups)) > MAX_ALL_FILTERS:
            raise invalid(f"There are too many filters: the most is {MAX_ALL_FILTERS}.")
        if not 0 <= self.limit <= MAX_PAGE:
            raise invalid(f"limit must be at most {MAX_PAGE}, it was {self.limit}")
        if self.after < 0 or self.after + self.limit > MAX_OFFSET:
            raise invalid(f"Paging past {MAX_OFFSET} results is not supported: after={self.after}, limit={self.limit}")


class Searcher:
    """Answers searches over one table. Not thread-safe."""

    def __init__(
        self, table: Table, properties: Properties, links: LinkStore, others: Callable[[str], str | None]
    ) -> None:
        self._table, self._properties, self._links, self._others = table, properties, links, others
        self._cache: OrderedDict[tuple[str, int], list[int]] = OrderedDict()

    def run(self, query: Query) -> tuple[int, list[int], int | None]:
        """(total, rows of the page, offset of the next page). Archived rows may be in the total, never on the page."""
        rows = self.matches(query)
        page = rows[query.after : query.after + query.limit]
        following = query.after + query.limit
        state = self._table.state
        return len(rows), [row for row in page if state[row] == LIVE], following if following < len(rows) else None

    def matches(self, query: Query) -> list[int]:
        """All matching rows in the order asked for."""
        key = (query.key(), self._table.version)
        if key not in self._cache:
            self._cache[key] = self._find(query)
            while len(self._cache) > 8:
                self._cache.popitem(last=False)
        return self._cache[key]

    def _find(self, query: Query) -> list[int]:
        found: set[int] = set()
        for group in query.groups or [[]]:
            tests = [self._test(one) for one in group]
            if query.query:
                tests.append(self._text_test(query.query))
            rows = self._candidates(group)
            found.update(row for row in rows if self._indexed(row) and all(test(row) for test in tests))
        return self._ordered(found, query)

    def _indexed(self, row: int) -> bool:
        lag = self._table.lag.get(row)
        if lag is None:
            return self._table.state[row] == LIVE
        if lag.created:
            return False
        return self._table.state[row] == LIVE or (self._table.state[row] == ARCHIVED and lag.archived)

    def _candidates(self, group: list[Json]) -> range | list[int]:
        ids, stamps = list(_EVERYTHING), list(_EVERYTHING)
        for one in group:
            name = one["propertyName"]
            if name in ("hs_object_id", self._table.kind.modified) and one["operator"] in _RANGES:
                bounds = ids if name == "hs_object_id" else stamps
                low, high = self._bounds(one)
                bounds[:] = [max(bounds[0], low), min(bounds[1], high)]
        by_id = self._table.rows_between(ids[0], ids[1])
        if tuple(stamps) == _EVERYTHING or len(by_id) < 256:
            return by_id
        by_stamp = self._table.modified_between(stamps[0], stamps[1])
        return by_stamp if len(by_stamp) < len(by_id) else by_id

    def _bounds(self, one: Json) -> tuple[int, int]:
        low, high = _EVERYTHING
        operator = one["operator"]
        value = self._number(one["propertyName"], one.get("value"))
        if operator in ("EQ", "GT", "GTE", "BETWEEN"):
            low = int(value)
        if operator in ("EQ", "LT", "LTE"):
            high = int(value)
        if operator == "BETWEEN":
            high = int(self._number(one["propertyName"], one.get("highValue")))
        return low, high

    def _test(self, one: Json) -> Test:
        name, operator = one["propertyName"], one["operator"]
        if name.startswith("associations."):
            return self._association_test(name.removeprefix("associations."), one)
        definition = self._properties.get(name)
        if definition is None:
            raise invalid(f"There was a problem with the request: property {name} does not exist")
        value_of = self._reader(name, definition["type"])
        if operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
            wanted = operator == "HAS_PROPERTY"
            return lambda row: (value_of(row) is not None) == wanted
        if operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
            return self._token_test(name, str(one["value"]), negated=operator.startswith("NOT"))
        if operator in ("IN", "NOT_IN"):
            given = {self._operand(name, definition["type"], value) for value in one["values"]}
            if operator == "IN":
                return lambda row: value_of(row) in given
            return lambda row: (value := value_of(row)) is not None and value not in given
        operand = self._operand(name, definition["type"], one.get("value"))
        high = self._operand(name, definition["type"], one.get("highValue")) if operator == "BETWEEN" else operand
        return _comparison(operator, value_of, operand, high)

    def _reader(self, name: str, kind: str) -> Callable[[int], Comparable | None]:
        """Reads a property of a row as the index has it, in a form that compares."""
        table, column = self._table, self._table.columns.get(name)
        lag = table.lag

        def read(row: int) -> Comparable | None:
            late = lag.get(row) if lag else None
            if late is not None and name in late.values:
                text = late.values[name]
            elif isinstance(column, Instants):
                return column.ms(row)
            else:
                text = None if column is None else column.get(row)
            return None if text is None else _comparable(kind, text)

        if name == "hs_object_id":
            return lambda row: table.ids[row]
        return read

    def _operand(self, name: str, kind: str, value: object) -> Comparable:
        if kind in ("number", "date", "datetime") or name == "hs_object_id":
            return self._number(name, value)
        return str(value).lower()

    def _number(self, name: str, value: object) -> float:
        definition = self._properties.get(name)
        text = str(value)
        if definition is not None and definition["type"] in ("date", "datetime"):
            ms = epoch_ms(text)
            if ms is not None:
                return ms
        else:
            try:
                found = whole(text)
                return float(text) if found is None else found
            except ValueError:
                pass
        raise invalid(f"There was a problem with the request: {text!r} is not a valid value for {name}")

    def _token_test(self, name: str, value: str, *, negated: bool) -> Test:
        wanted = value.lower().strip("*")
        get = self._table.get
        return lambda row: (wanted in (get(row, name) or "").lower()) != negated

    def _text_test(self, text: str) -> Test:
        names = [name for name in self._table.kind.defaults if name in self._table.columns] or list(self._table.columns)
        get = self._table.get
        return lambda row: any(text in (get(row, name) or "").lower() for name in names)

    def _association_test(self, other: str, one: Json) -> Test:
        plural = self._others(other)
        if plural is None:
            raise invalid(f"There was a problem with the request: no object type {other}")
        values = one["values"] if one["operator"] in ("IN", "NOT_IN") else [one.get("value")]
        if one["operator"] not in ("EQ", "IN"):
            raise invalid("Associations can only be filtered with EQ and IN")
        pair = (plural, self._table.kind.plural)
        numbers = [number for value in values if (number := whole(value)) is not None]
        ids = {source for number in numbers for source, _ in self._links.of(pair, number)}
        return lambda row: self._table.ids[row] in ids

    def _ordered(self, rows: set[int], query: Query) -> list[int]:
        if query.sort is None or query.sort == "hs_object_id":
            return sorted(rows, reverse=query.descending)
        definition = self._properties.get(query.sort)
        if definition is None:
            raise invalid(f"There was a problem with the request: property {query.sort} does not exist")
        value_of = self._reader(query.sort, definition["type"])
        keyed = [(value, row) for row in rows if (value := value_of(row)) is not None]
        known = sorted(cast(list[tuple[float, int]], keyed), reverse=query.descending)
        return [row for _, row in known] + sorted(row for row in rows if value_of(row) is None)


def _comparable(kind: str, text: str) -> Comparable | None:
    if kind == "number":
        return float(text)
    if kind in ("date", "datetime"):
        return epoch_ms(text)
    return text.lower()


def _comparison(operator: str, value_of: Callable[[int], Any], operand: Any, high: Any) -> Test:
    if operator == "EQ":
        return lambda row: value_of(row) == operand
    if operator == "NEQ":
        return lambda row: value_of(row) != operand
    if operator == "GT":
        return lambda row: (value := value_of(row)) is not None and value > operand
    if operator == "GTE":
        return lambda row: (value := value_of(row)) is not None and value >= operand
    if operator == "LT":
        return lambda row: (value := value_of(row)) is not None and value < operand
    if operator == "LTE":
        return lambda row: (value := value_of(row)) is not None and value <= operand
    return lambda row: (value := value_of(row)) is not None and operand <= value <= high


def _filters(group: Json) -> list[Json]:
    filters = group.get("filters") or []
    if not isinstance(filters, list):
        raise bad_json("filters must be a list")
    for one in filters:
        if not isinstance(one, dict) or not one.get("propertyName") or not isinstance(one["propertyName"], str):
            raise bad_json("a filter needs a propertyName")
        if str(one.get("operator")) not in _OPERATORS:
            raise bad_json(f"operator {one.get('operator')!r} is not one of {sorted(_OPERATORS)}")
        if one["operator"] in ("IN", "NOT_IN") and not isinstance(one.get("values"), list):
            raise invalid(f"operator {one['operator']} requires values")
        if one["operator"] == "BETWEEN" and one.get("highValue") is None:
            raise invalid("operator BETWEEN requires highValue")
        if one["operator"] not in ("IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY") and one.get("value") is None:
            raise invalid(f"operator {one['operator']} requires a value")
    return filters


def _sort(sorts: Any) -> tuple[str | None, bool]:
    if not isinstance(sorts, list) or len(sorts) > 1:
        raise invalid("Only one sort is supported")
    if not sorts:
        return None, False
    if isinstance(sorts[0], dict):
        return str(sorts[0].get("propertyName")), sorts[0].get("direction") == "DESCENDING"
    return str(sorts[0]).removeprefix("-"), str(sorts[0]).startswith("-")


def _whole(value: object, name: str) -> int:
    found = None if isinstance(value, bool) else whole(value)
    if found is None:
        raise bad_json(f"{name} must be a whole number")
    return found
