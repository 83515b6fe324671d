"""One authenticated REST call inside `/services/data/vXX.0`, and how it is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from connectors.emulator.salesforce.store.access import Rights
from connectors.emulator.salesforce.store.errors import ApiError
from connectors.emulator.salesforce.store.writes import WriteOptions
from connectors.emulator.server.http import Request, Response

JSON = "application/json;charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Call:
    """`path` is what follows the version, without slashes at its ends; `inner` marks a sub-request of a composite."""

    request: Request
    path: str
    version: str
    rights: Rights
    inner: bool = False

    def header(self, name: str) -> str | None:
        return self.request.headers.get(name.lower())

    def json(self) -> Any:
        """The body. Raises JSON_PARSER_ERROR."""
        try:
            return self.request.json()
        except ValueError as error:
            raise ApiError(400, "JSON_PARSER_ERROR", f"The HTTP entity body is not valid JSON: {error}") from None

    def write_options(self) -> WriteOptions:
        return WriteOptions(auto_assign=(self.header("Sforce-Auto-Assign") or "TRUE").strip().upper() != "FALSE")


def answer(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        status, orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS), JSON, dict(headers or {}), compress=True
    )


def no_content() -> Response:
    return Response(204)
