"""`/composite`: up to 25 requests in one, results of one usable in the next."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import orjson

from connectors.emulator.salesforce.call import Call, answer
from connectors.emulator.salesforce.store.errors import ApiError
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.server.http import Request, Response

_MOST = 25
_MOST_HEAVY = 5
_HEAVY = re.compile(r"/services/data/v\d+\.0/(query|queryAll|composite/sobjects|composite/tree)\b")
_REFERENCE = re.compile(r"@\{([^}]+)\}")
_HALTED = ApiError(
    400,
    "PROCESSING_HALTED",
    "The transaction was rolled back since another operation in the same transaction failed.",
)
Json = dict[str, Any]


class Composite:
    """Handler of `/composite`; `run` performs one sub-request as the same user."""

    def __init__(self, org: Org, run: Callable[[Request, Call], Response]) -> None:
        self._org = org
        self._run = run

    def handle(self, call: Call) -> Response:
        return answer({"compositeResponse": self.answers(call.json(), call)})

    def answers(self, body: Any, call: Call) -> list[Json]:
        """One result for each sub-request, in order. Raises ApiError for a request that is refused whole."""
        parts = body.get("compositeRequest") if isinstance(body, dict) else None
        if not isinstance(parts, list) or not parts:
            raise ApiError(400, "INVALID_INPUT", "compositeRequest must be a list of sub-requests")
        if not all(isinstance(part, dict) for part in parts):
            raise ApiError(400, "JSON_PARSER_ERROR", "each sub-request must be an object")
        if len(parts) > _MOST:
            raise ApiError(400, "LIMIT_EXCEEDED", f"Limit of {_MOST} reached for compositeRequest.")
        heavy = sum(1 for part in parts if _HEAVY.match(str(part.get("url", ""))))
        if heavy > _MOST_HEAVY:
            message = (
                f"Limit of {_MOST_HEAVY} reached for query and sObject Collections operations in compositeRequest."
            )
            raise ApiError(400, "LIMIT_EXCEEDED", message)
        names = [part.get("referenceId") for part in parts]
        if not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
            raise ApiError(400, "INVALID_INPUT", "each sub-request needs a referenceId of its own")
        if not body.get("allOrNone"):
            return self._each(parts, call, stop=False)
        with self._org.store.lock:
            self._org.store.execute("SAVEPOINT composite")
            results = self._each(parts, call, stop=True)
            if any(_bad(result) for result in results):
                self._org.store.execute("ROLLBACK TO composite")
                self._org.access.forget()
                results = [result if _bad(result) else _undone(result) for result in results]
            self._org.store.execute("RELEASE composite")
        return results

    def _each(self, parts: list[Json], call: Call, *, stop: bool) -> list[Json]:
        done: dict[str, Json] = {}
        for part in parts:
            done[part["referenceId"]] = self._one(part, call, done, halted=stop and any(_bad(d) for d in done.values()))
        return list(done.values())

    def _one(self, part: Json, call: Call, done: dict[str, Json], *, halted: bool) -> Json:
        try:
            if halted:
                raise _HALTED
            filled = _fill(part, done)
            response = self._run(_request(filled, call), call)
        except ApiError as error:
            return _result(part["referenceId"], error.status, error.body(), {})
        body = orjson.loads(response.body) if response.body else None
        return _result(part["referenceId"], response.status, body, response.headers)


def _request(part: Json, call: Call) -> Request:
    url = part.get("url")
    if not isinstance(url, str) or not url.startswith("/services/data/"):
        raise ApiError(400, "INVALID_INPUT", f"Invalid url of a sub-request: {url}")
    split = urlsplit(url)
    given = part.get("httpHeaders")
    headers = {name.lower(): str(value) for name, value in given.items()} if isinstance(given, dict) else {}
    own = {
        name: value for name, value in call.request.headers.items() if name in ("authorization", "sforce-auto-assign")
    }
    body = part.get("body")
    query = parse_qsl(split.query, keep_blank_values=True)
    return Request(
        str(part.get("method", "GET")).upper(),
        url,
        unquote_plus(split.path),
        query,
        {**own, "content-type": "application/json", **headers},
        b"" if body is None else orjson.dumps(body),
    )


def _result(reference: str, status: int, body: object, headers: dict[str, str]) -> Json:
    return {"body": body, "httpHeaders": headers, "httpStatusCode": status, "referenceId": reference}


def _undone(result: Json) -> Json:
    """A sub-request that had succeeded, after another one failed."""
    return {**result, "body": _HALTED.body(), "httpHeaders": {}, "httpStatusCode": 400}


def _bad(result: Json) -> bool:
    return int(result["httpStatusCode"]) >= 400


def _fill(part: Json, done: dict[str, Json]) -> Json:
    """`@{reference.path[0].field}` replaced by values of earlier results. Raises PROCESSING_HALTED after a failed
    one.
    """

    def value_of(expression: str) -> Any:
        name, *path = re.split(r"\.|(?=\[)", expression)
        if name not in done:
            raise ApiError(400, "PROCESSING_HALTED", f"Invalid reference specified. No value for {expression} found")
        if _bad(done[name]):
            raise ApiError(400, "PROCESSING_HALTED", f"The operation {name} that this one refers to failed")
        value = done[name]["body"]
        for step in path:
            try:
                value = value[int(step[1:-1])] if step.startswith("[") else value[step]
            except (KeyError, IndexError, TypeError, ValueError):
                message = f"Invalid reference specified. No value for {expression} found in {name}"
                raise ApiError(400, "PROCESSING_HALTED", message) from None
        return value

    def fill(item: Any) -> Any:
        if isinstance(item, str):
            whole = _REFERENCE.fullmatch(item)
            return value_of(whole.group(1)) if whole else _REFERENCE.sub(lambda m: str(value_of(m.group(1))), item)
        if isinstance(item, list):
            return [fill(inner) for inner in item]
        if isinstance(item, dict):
            return {name: fill(inner) for name, inner in item.items()}
        return item

    filled: Json = fill(part)
    return filled
