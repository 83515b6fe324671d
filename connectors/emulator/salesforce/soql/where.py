"""Conditions of SOQL as SQL, with SOQL's two-valued logic: a comparison with an empty field is false, and its NOT
true.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from connectors.emulator.salesforce.soql.lexer import Token, malformed, pointed, unquote
from connectors.emulator.salesforce.soql.tree import Call, Compare, Condition, Logic, Operand, Query
from connectors.emulator.salesforce.store.dates import day_range, literal_stamp
from connectors.emulator.salesforce.store.errors import ApiError
from connectors.emulator.salesforce.store.ids import to_18
from connectors.emulator.salesforce.store.schema import Field

Parameters = list[Any]
_DATE_PARTS = {
    "CALENDAR_YEAR": ("substr({}, 1, 4) + 0", "int"),
    "CALENDAR_MONTH": ("substr({}, 6, 2) + 0", "int"),
    "CALENDAR_QUARTER": ("(substr({}, 6, 2) + 2) / 3", "int"),
    "DAY_IN_MONTH": ("substr({}, 9, 2) + 0", "int"),
    "HOUR_IN_DAY": ("substr({}, 12, 2) + 0", "int"),
    "DAY_ONLY": ("substr({}, 1, 10)", "date"),
    "DAY_IN_WEEK": ("strftime('%w', substr({}, 1, 10)) + 1", "int"),
    "DAY_IN_YEAR": ("strftime('%j', substr({}, 1, 10)) + 0", "int"),
    "WEEK_IN_MONTH": ("(substr({}, 9, 2) - 1) / 7 + 1", "int"),
    "WEEK_IN_YEAR": ("(strftime('%j', substr({}, 1, 10)) - 1) / 7 + 1", "int"),
    # The fiscal year of this organisation is the calendar's.
    "FISCAL_YEAR": ("substr({}, 1, 4) + 0", "int"),
    "FISCAL_MONTH": ("substr({}, 6, 2) + 0", "int"),
    "FISCAL_QUARTER": ("(substr({}, 6, 2) + 2) / 3", "int"),
}


class Where:
    """Translates conditions. `resolve` gives the SQL and field of an operand, `inner` the SQL of a semi-join."""

    def __init__(
        self,
        text: str,
        today: date,
        resolve: Callable[[Operand], tuple[str, Field]],
        inner: Callable[[Query, Parameters], str],
    ) -> None:
        self._text = text
        self._today = today
        self._resolve = resolve
        self._inner = inner

    def sql(self, condition: Condition, parameters: Parameters) -> str:
        if isinstance(condition, Logic):
            if condition.operator == "NOT":
                return f"coalesce({self.sql(condition.parts[0], parameters)}, 0) = 0"
            joined = f" {condition.operator} ".join(self.sql(part, parameters) for part in condition.parts)
            return f"({joined})"
        return self._compare(condition, parameters)

    def _compare(self, compare: Compare, parameters: Parameters) -> str:
        sql, field = self._resolve(compare.left)
        if not field.filterable or field.type == "address":
            at = compare.left.at
            raise ApiError(
                400,
                "INVALID_FIELD",
                pointed(self._text, at, f"field '{field.name}' can not be filtered in a query call"),
            )
        if compare.inner is not None:
            inside = self._inner(compare.inner, parameters)
            return f"{sql} {compare.operator} ({inside})"
        if compare.operator in ("INCLUDES", "EXCLUDES"):
            return self._multi(sql, compare, parameters)
        if compare.operator == "LIKE":
            token = compare.values[0]
            if token.kind != "string" or not (field.is_text or field.is_id):
                raise self._wrong(field, token, "invalid operator")
            parameters.append(unquote(self._text, token, like=True))
            return f"{sql} LIKE ? ESCAPE '\\'"
        if compare.operator in ("IN", "NOT IN"):
            return self._among(sql, field, compare, parameters)
        return self._single(sql, field, compare.operator, compare.values[0], parameters)

    def _single(self, sql: str, field: Field, operator: str, token: Token, parameters: Parameters) -> str:
        days = day_range(token.text.upper(), self._today) if token.kind == "name" else None
        if days is not None:
            return self._days(sql, field, operator, token, days, parameters)
        value = self.value(field, token)
        if value is None:
            if operator not in ("=", "!="):
                raise malformed(self._text, token.at, f"unexpected token: '{token.text}'")
            return f"{sql} IS {'NOT ' if operator == '!=' else ''}NULL"
        parameters.append(value)
        if operator == "=":
            return f"{sql} = ?"
        if operator == "!=":
            return f"{sql} IS NOT ?"
        return f"{sql} {operator} ?"

    def _days(
        self, sql: str, field: Field, operator: str, token: Token, days: tuple[date, date], parameters: Parameters
    ) -> str:
        if field.type not in ("date", "datetime"):
            raise self._wrong(field, token, "")
        first, after = (day.isoformat() + ("T00:00:00.000+0000" if field.type == "datetime" else "") for day in days)
        bounds = {"<": ("<", first), ">=": (">=", first), ">": (">=", after), "<=": ("<", after)}
        if operator in bounds:
            parameters.append(bounds[operator][1])
            return f"{sql} {bounds[operator][0]} ?"
        parameters += [first, after]
        inside = f"({sql} >= ? AND {sql} < ?)"
        return inside if operator == "=" else f"coalesce({inside}, 0) = 0"

    def _among(self, sql: str, field: Field, compare: Compare, parameters: Parameters) -> str:
        values = [self.value(field, token) for token in compare.values]
        given = [value for value in values if value is not None]
        parameters += given
        marks = ", ".join("?" * len(given))
        collate = " COLLATE NOCASE" if field.is_text else ""
        has_null = len(given) < len(values)
        if compare.operator == "IN":
            inside = f"{sql}{collate} IN ({marks})"
            return f"({inside} OR {sql} IS NULL)" if has_null else inside
        inside = f"{sql}{collate} NOT IN ({marks})"
        return f"({inside} AND {sql} IS NOT NULL)" if has_null else f"({inside} OR {sql} IS NULL)"

    def _multi(self, sql: str, compare: Compare, parameters: Parameters) -> str:
        tests = []
        for token in compare.values:
            every = unquote(self._text, token).split(";")
            parameters += [f"%;{value};%" for value in every]
            tests.append("(" + " AND ".join([f"(';' || {sql} || ';') LIKE ?"] * len(every)) + ")")
        joined = "(" + " OR ".join(tests) + ")"
        return joined if compare.operator == "INCLUDES" else f"coalesce({joined}, 0) = 0"

    def value(self, field: Field, token: Token) -> Any:
        """A literal as stored, checked against the field's type."""
        if token.word() == "NULL":
            return None
        kind = field.type
        if field.is_id and token.kind == "string":
            text = unquote(self._text, token)
            record_id = to_18(text)
            if record_id is None and text:
                raise ApiError(
                    400,
                    "INVALID_QUERY_FILTER_OPERATOR",
                    pointed(self._text, token.at, f"invalid ID field: {text}"),
                )
            return record_id
        if (field.is_text or field.is_id) and token.kind == "string":
            return unquote(self._text, token) or None
        if kind == "boolean" and token.word() in ("TRUE", "FALSE"):
            return int(token.word() == "TRUE")
        if field.is_number and token.kind == "number":
            return float(token.text)
        if field.is_number and re.match(r"[A-Z]{3}\d", token.text):
            return float(token.text[3:])
        if kind == "datetime" and token.kind == "datetime":
            return self._stamp(token)
        if kind == "date" and token.kind == "date":
            return token.text
        raise self._wrong(field, token, "")

    def _stamp(self, token: Token) -> str:
        try:
            return literal_stamp(token.text)
        except ValueError:
            raise malformed(self._text, token.at, f"Invalid datetime: {token.text}") from None

    def _wrong(self, field: Field, token: Token, why: str) -> ApiError:
        kind = {"datetime": "dateTime", "reference": "id"}.get(field.type, "string" if field.is_text else field.type)
        quotes = "should be enclosed in quotes" if kind in ("string", "id") else "should not be enclosed in quotes"
        message = why or f"value of filter criterion for field '{field.name}' must be of type {kind} and {quotes}"
        return ApiError(400, "INVALID_FIELD", pointed(self._text, token.at, message))


def date_part(call: Call, sql: str, field: Field) -> tuple[str, Field] | None:
    """The SQL of a date function; None if it is not one."""
    if call.name not in _DATE_PARTS:
        return None
    pattern, kind = _DATE_PARTS[call.name]
    return pattern.format(sql), Field(field.name, kind)
