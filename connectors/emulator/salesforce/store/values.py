"""Values that clients send, checked and turned into what is stored: type, length, digits, picklists, ids."""

from __future__ import annotations

import math
import re
from datetime import UTC, date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from connectors.emulator.salesforce.store.dates import parse_time, stamp
from connectors.emulator.salesforce.store.errors import RowError
from connectors.emulator.salesforce.store.ids import to_18
from connectors.emulator.salesforce.store.schema import Field, Schema


def stored(schema: Schema, f: Field, value: Any, *, csv: bool = False) -> Any:
    """`value` of a JSON body (or, `csv`, of a Bulk cell) as it is stored. Raises RowError with the code Salesforce
    uses.
    """
    if value is None or value == "":
        return _empty(f)
    if f.is_id:
        return _reference(schema, f, value)
    if f.type == "boolean":
        return _boolean(f, value, csv=csv)
    if f.is_number:
        return _number(f, value, csv=csv)
    if f.type == "datetime":
        return _time(f, value)
    if f.type == "date":
        return _date(f, value)
    if not isinstance(value, str):
        if isinstance(value, (dict, list)):
            raise _parser(f, "string", value)
        value = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return _text(f, value)


def _empty(f: Field) -> Any:
    if f.type == "boolean":
        raise RowError("INVALID_TYPE_ON_FIELD_IN_RECORD", f"{f.label}: value not of required type: ", [f.name])
    if f.required and not f.defaulted:
        raise RowError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{f.name}]", [f.name])
    return None


def _parser(f: Field, kind: str, value: Any) -> RowError:
    shape = (
        "VALUE_STRING" if isinstance(value, str) else "START_OBJECT" if isinstance(value, dict) else "VALUE_NUMBER_INT"
    )
    return RowError("JSON_PARSER_ERROR", f"Cannot deserialize instance of {kind} from {shape} value {value}", [f.name])


def _text(f: Field, value: str) -> str | None:
    value = value.strip() if f.type != "textarea" else value.rstrip()
    if not value:
        return None
    if f.restricted and f.values and value not in f.values:
        message = f"{f.label}: bad value for restricted picklist field: {value}"
        raise RowError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, [f.name])
    if f.length and len(value) > f.length:
        message = f"{f.label}: data value too large: {value} (max length={f.length})"
        raise RowError("STRING_TOO_LONG", message, [f.name])
    if f.type == "email" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
        raise RowError("INVALID_EMAIL_ADDRESS", f"{f.label}: invalid email address: {value}", [f.name])
    return value


def _reference(schema: Schema, f: Field, value: Any) -> str:
    record_id = to_18(value) if isinstance(value, str) else None
    if record_id is None or (f.refers_to and schema.of_id(record_id) not in f.refers_to):
        raise RowError("MALFORMED_ID", f"{f.label}: id value of incorrect type: {value}", [f.name])
    return record_id


def _boolean(f: Field, value: Any, *, csv: bool) -> int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.lower() in ("true", "false", *(("1", "0") if csv else ())):
        return int(value.lower() in ("true", "1"))
    raise _parser(f, "boolean", value)


def _number(f: Field, value: Any, *, csv: bool) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise _parser(f, "double", value)
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        if csv:
            message = f"{f.label}: value not of required type: {value}"
            raise RowError("INVALID_TYPE_ON_FIELD_IN_RECORD", message, [f.name]) from None
        raise _parser(f, "double", value) from None
    if not math.isfinite(number):
        raise _parser(f, "double", value)
    if f.type == "int":
        if number != number.to_integral_value() or abs(number) >= 2**31:
            raise _parser(f, "int", value)
        return int(number)
    if f.precision:
        number = (
            number.quantize(Decimal(1).scaleb(-f.scale), ROUND_HALF_UP) if abs(number) < Decimal(10) ** 18 else number
        )
        if abs(number) >= Decimal(10) ** (f.precision - f.scale):
            message = f"{f.label}: value outside of valid range on numeric field: {value}"
            raise RowError("NUMBER_OUTSIDE_VALID_RANGE", message, [f.name])
    return float(number) or 0.0


def _time(f: Field, value: Any) -> str:
    moment = parse_time(value) if isinstance(value, str) else None
    if moment is None or not 1700 <= moment.year <= 4000:
        raise _parser(f, "datetime", value)
    return stamp(moment.astimezone(UTC))


def _date(f: Field, value: Any) -> str:
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        raise _parser(f, "date", value) from None
