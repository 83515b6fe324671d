"""One call as handlers see it: the request, its route, whose token it carries, and helpers to read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from connectors.emulator.hubspot.access import Access
from connectors.emulator.hubspot.routes import Route
from connectors.emulator.hubspot.schema.objects import ObjectType
from connectors.emulator.hubspot.store.portal import Portal
from connectors.emulator.hubspot.wire import Json, bad_json, flag, invalid, origin, whole
from connectors.emulator.server.http import Request

BATCH_LIMIT = 100
HISTORY_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Call:
    """A request on its way through the application."""

    request: Request
    route: Route
    portal: Portal
    access: Access
    token: str = ""

    @property
    def archived(self) -> bool:
        return flag(self.request.param("archived"))

    def body(self) -> Json:
        """The JSON object of the body. Raises ApiError."""
        value = self.parsed()
        if not isinstance(value, dict):
            raise bad_json("an object was expected")
        return value

    def parsed(self) -> Any:
        try:
            return self.request.json()
        except ValueError:
            raise bad_json("unexpected character") from None

    def inputs(self, most: int = BATCH_LIMIT) -> list[Json]:
        """The inputs of a batch, at most so many. Raises ApiError."""
        inputs = self.body().get("inputs")
        if not isinstance(inputs, list) or not all(isinstance(one, dict) for one in inputs):
            raise bad_json("inputs must be a list of objects")
        if len(inputs) > most:
            raise invalid(
                f"The maximum number of inputs supported in a batch is {most}. Please reduce the number of "
                f"items and try "
                "again"
            )
        return inputs

    def whole(self, name: str, default: int, most: int) -> int:
        """A whole number of the query. Raises ApiError when it is none or too large."""
        text = self.request.param(name) or str(default)
        value = whole(text)
        if value is None:
            raise invalid(f"Invalid value for {name}: {text}")
        if value > most:
            raise invalid(f"{name} must be at most {most}, it was {text}")
        return value

    def link(self, after: str) -> str:
        """The absolute address of the next page: the same host, path and query."""
        query = [(key, value) for key, value in self.request.query if key != "after"] + [("after", after)]
        return f"{origin(self.request)}{self.request.path}?{urlencode(query)}"

    def paging(self, after: str) -> Json:
        return {"next": {"after": after, "link": self.link(after)}}

    def reads(self, kind: ObjectType) -> None:
        """Raises ApiError 403 without the scope to read."""
        self.access.require(self.token, kind.read_scope)

    def writes(self, kind: ObjectType) -> None:
        """Raises ApiError 403 without the scope to write."""
        self.access.require(self.token, kind.write_scope)
