"""The answers of HubSpot as they come from the wire: whole JSON objects or RetriableError."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from connectors.errors import RetriableError
from connectors.http import strict_json
from connectors.hubspot.api.endpoints import Endpoint

_WHOLE = frozenset({200, 201, 202, 204, 207})


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer: the JSON body (an empty dict for none)."""

    status: int
    body: dict[str, Any]


def parsed(endpoint: Endpoint, status: int, content_type: str, raw: bytes) -> Answer:
    """A success as it must be. Raises RetriableError for one that is not whole, strict JSON in UTF-8."""
    if status not in _WHOLE:
        raise RetriableError(f"{endpoint.name}: {status} is no answer of HubSpot's.")
    if not raw:
        if status in (202, 204):
            return Answer(status, {})
        raise RetriableError(f"{endpoint.name}: HubSpot answered {status} with nothing in it.", status=status)
    kind, _, more = content_type.lower().partition(";")
    if kind.strip() != "application/json" or not _in_utf8(more):
        raise RetriableError(f"{endpoint.name}: the answer is {content_type or 'of no type'}, not JSON.", status=status)
    try:
        body = loads(raw)
    except ValueError as error:
        raise RetriableError(f"{endpoint.name}: the answer is not whole JSON ({error}).", status=status) from None
    if not isinstance(body, dict):
        raise RetriableError(f"{endpoint.name}: the answer is not a JSON object.", status=status)
    return Answer(status, body)


def loads(raw: bytes) -> Any:
    """One JSON value. What orjson refuses (half a character in a string) is read strictly. Raises ValueError."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return strict_json.loads(raw)


def _in_utf8(parameters: str) -> bool:
    _, named, charset = parameters.partition("charset=")
    return not named or charset.partition(";")[0].strip().strip('"') in ("utf-8", "utf8")
