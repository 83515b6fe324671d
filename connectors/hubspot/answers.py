"""The answers of HubSpot as they come from the wire: whole JSON objects or RetriableError."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import orjson
import urllib3

from connectors.errors import RetriableError
from connectors.hubspot.paths import Endpoint

CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer: the JSON body (an empty dict for none)."""

    status: int
    body: dict[str, Any]


def drain(response: urllib3.HTTPResponse) -> bytes:
    """The whole body, as the deadline of the request allows."""
    chunks = []
    while chunk := response.read1(CHUNK, decode_content=True):
        chunks.append(chunk)
    response.release_conn()
    return b"".join(chunks)


def parsed(endpoint: Endpoint, status: int, content_type: str, raw: bytes) -> Answer:
    if not raw:
        if status in (202, 204):
            return Answer(status, {})
        raise RetriableError(f"{endpoint.name}: HubSpot answered {status} with nothing in it.", status=status)
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise RetriableError(f"{endpoint.name}: the answer is {content_type or 'of no type'}, not JSON.", status=status)
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = _with_lone_surrogates(raw)
    if not isinstance(body, dict):
        raise RetriableError(f"{endpoint.name}: the answer is not whole, or not a JSON object.", status=status)
    return Answer(status, body)


def _with_lone_surrogates(raw: bytes) -> object:
    """JSON whose strings hold half a character, which orjson refuses: those halves become "?". None for anything else."""

    def refuse(constant: str) -> object:
        raise ValueError(constant)

    try:
        body = json.loads(raw.decode("utf-8"), parse_constant=refuse)
    except ValueError:
        return None
    return orjson.loads(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))
