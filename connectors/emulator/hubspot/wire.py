"""HubSpot's wire forms: instants, numbers, headers, the error envelope.

Values cross the wire as strings in HubSpot's normal form: instants in ISO 8601 with milliseconds and `Z`, numbers
without trailing zeros, booleans as `true` and `false`.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from connectors.emulator.server.http import Request, Response

CONTENT_TYPE = "application/json;charset=utf-8"
PORTAL_ID = 26000123
APP_ID = 900001
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Json = dict[str, Any]

_LOCAL = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?\Z")
_WHOLE = re.compile(r"[0-9]{1,18}")
_serial = itertools.count(1)


def iso(ms: int) -> str:
    """An instant in HubSpot's normal form, from epoch milliseconds."""
    return (EPOCH + timedelta(milliseconds=ms)).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def epoch_ms(text: str) -> int | None:
    """Epoch milliseconds of an ISO instant, a date, or a number of milliseconds; None when it is none of them."""
    text = text.strip()
    if _WHOLE.fullmatch(text.removeprefix("-")):
        return int(text)
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // timedelta(milliseconds=1)


def number(text: str) -> str | None:
    """A number in HubSpot's normal form (no exponent, no trailing zeros); None when it is not a finite number."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    if not value.is_finite() or abs(value.adjusted()) > 300:
        return None
    plain = format(value.normalize(), "f")
    return "0" if plain in ("-0", "0") else plain


def whole(text: object) -> int | None:
    """A whole number, as ids and offsets are, written in plain digits; None when it is none."""
    digits = str(text)
    return int(digits) if _WHOLE.fullmatch(digits) else None


def correlation_id() -> str:
    """A new id in the form of a UUID; a counter, so that two runs of the same requests answer the same bytes."""
    return f"b0770000-0000-4000-8000-{next(_serial):012x}"


class ApiError(Exception):
    """An error answer, raised by handlers and turned into a response by the application."""

    def __init__(self, status: int, message: str, category: str | None = None, **extra: Any) -> None:
        super().__init__(message)
        self.status = status
        self.headers: dict[str, str] = extra.pop("headers", {})
        self.body: Json = {"status": "error", "message": message, "correlationId": correlation_id(), **extra}
        if category is not None:
            self.body["category"] = category

    def entry(self) -> Json:
        """The error as one entry of a batch's `errors`."""
        kept = ("status", "category", "subCategory", "message", "errors", "context")
        entry: Json = {key: self.body[key] for key in kept if key in self.body}
        return {**entry, "context": dict(entry.get("context", {}))}

    def response(self) -> Response:
        headers = {"X-HubSpot-Correlation-Id": self.body["correlationId"], **self.headers}
        if self.status == 404:
            headers["X-HubSpot-NotFound"] = "true"
        return answer(self.body, self.status, headers)


def invalid(message: str, **extra: Any) -> ApiError:
    """A 400 of category VALIDATION_ERROR."""
    return ApiError(400, message, "VALIDATION_ERROR", **extra)


def bad_json(detail: str) -> ApiError:
    """The answer to a body that does not parse or has the wrong shape."""
    return invalid(f"Invalid input JSON on line 1, column 1: {detail}")


def names(value: object, what: str) -> list[str]:
    """A list of names from a body; null is an empty one. Raises ApiError."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise bad_json(f"{what} must be a list of strings")
    return value


def not_found() -> ApiError:
    """The answer to an object id that does not exist: it has no category."""
    return ApiError(404, "resource not found")


def invalid_properties(problems: Iterable[Json]) -> ApiError:
    """The answer to values that a record cannot take: JSON inside the message."""
    return invalid(invalid_properties_message(problems))


def invalid_properties_message(problems: Iterable[Json]) -> str:
    listed = [{"isValid": False, **p, "localizedErrorMessage": p["message"], "portalId": PORTAL_ID} for p in problems]
    return "Property values were not valid: " + json.dumps(listed, separators=(",", ":"))


def answer(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer with the exact content type of the service."""
    return Response(status, orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS), CONTENT_TYPE, dict(headers or {}))


def no_content() -> Response:
    """204 without a body."""
    return Response(204)


def trace_headers() -> dict[str, str]:
    """The headers that every answer carries."""
    identifier = correlation_id()
    return {
        "Server": "cloudflare",
        "CF-Ray": f"{next(_serial):016x}-FRA",
        "X-HubSpot-Correlation-Id": identifier,
        "X-Trace": f"2B{identifier.replace('-', '').upper()}",
    }


def origin(request: Request) -> str:
    """Where the client found the service: a name that is not of this machine came through a proxy, by TLS."""
    host = request.headers.get("host", "api.hubapi.com")
    local = _LOCAL.match(host) is not None
    return f"{request.headers.get('x-forwarded-proto') or ('http' if local else 'https')}://{host}"


def flag(text: str | None) -> bool:
    """A boolean query parameter; the Python client writes `True` and `False`."""
    return (text or "").strip().lower() == "true"
