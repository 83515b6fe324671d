"""The only module that knows simple-salesforce: a thin client of one organisation over our own transport.

The library is used for what it does well (addresses, describe, limits, quoting); its retry, re-login, bulk and deploy
paths lose headers or records and are not used.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote

import orjson
import requests
from simple_salesforce import Salesforce
from simple_salesforce.format import SoqlFormatter

from connectors.base import ApiCalls
from connectors.errors import BothwaysError, RetriableError
from connectors.salesforce.api.answers import JSON, Found, Record, found, parsed
from connectors.salesforce.api.failures import failure
from connectors.salesforce.api.transport import Transport
from connectors.salesforce.config import SalesforceConfig

QUERIES_A_CALL = 5
REQUESTS_A_CALL = 25
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part:
    """One answer inside a composite call."""

    status: int
    body: Any

    def error(self, endpoint: str) -> BothwaysError | None:
        """The error it stands for; None for a success."""
        return None if self.status < 300 else failure(self.status, orjson.dumps(self.body), endpoint)


class Client:
    """One organisation. Every method raises the errors that `Transport.request` raises. Safe to share between
    threads.
    """

    def __init__(self, config: SalesforceConfig, time_zone: str = "UTC") -> None:
        self._config = config
        self.transport = Transport(config, time_zone)
        self._library = Salesforce(
            session_id="set-by-transport",
            instance_url=config.url,
            session=self.transport,
            version=config.api_version,
            object_pairs_hook=None,
        )
        self._composites = itertools.count(1)
        self.minimum = 0
        """The least calls that the work so far could have taken; the readers and the writer add to it."""

    @property
    def root(self) -> str:
        """The versioned path, as in nextRecordsUrl and composite addresses."""
        return f"/services/data/v{self._config.api_version}"

    def now(self) -> datetime:
        """The server's clock, rather early than late; ours is never asked. Raises RetriableError when it is not
        known.
        """
        told = self.transport.server_time
        if told is None:
            raise RetriableError("Salesforce's answers carry no Date header, so there is no clock to go by.")
        return told

    def send(self, method: str, path: str, payload: object = None, **options: Any) -> Any:
        """Any JSON request; `path` begins at the root of the organisation. None for an answer without a body."""
        if payload is not None:
            options["data"] = orjson.dumps(payload)
            options["headers"] = {"Content-Type": JSON, **options.get("headers", {})}
        return self.asked(method, path, options.pop("shape", _any), **options)

    def asked(self, method: str, path: str, shape: Callable[[Any], T], **options: Any) -> T:
        """A request whose answer must have a shape; one that has not is asked for again, like any broken answer."""
        answers: list[T] = []
        self.raw(method, path, check=lambda response: answers.append(shape(parsed(response))), **options)
        return answers[-1]

    def raw(self, method: str, path: str, **options: Any) -> requests.Response:
        """Any request; a success whose body has not been looked at."""
        headers = {"Accept": JSON, "Accept-Encoding": "gzip", **options.pop("headers", {})}
        return self.transport.request(method, self._config.url + path, headers=headers, **options)

    def query(self, soql: str, *, everything: bool = False) -> Found:
        """The first page of a query; `everything` includes deleted records and archived activities."""
        path = f"{self.root}/{'queryAll' if everything else 'query'}"
        options = {"Sforce-Query-Options": f"batchSize={self._config.page_rows}"}
        return self.asked("GET", path, lambda body: found(body, _object_of(soql)), params={"q": soql}, headers=options)

    def more(self, address: str, before: Found | None = None) -> Found:
        """The next page; with the page before it, one of the same query and not that page again."""

        def next_page(body: Any) -> Found:
            page = found(body)
            if before is not None and not before.goes_on_with(page, address):
                raise RetriableError("Salesforce answered with a page of another query.")
            return page

        options = {"Sforce-Query-Options": f"batchSize={self._config.page_rows}"}
        return self.asked("GET", address, next_page, headers=options)

    def tooling(self, soql: str) -> Found:
        """The first page of a query of the Tooling API. Raises AuthError for a user who may not look at the set-up."""
        return found(self.send("GET", f"{self.root}/tooling/query", params={"q": soql}))

    def counts(self, objects: Sequence[str]) -> dict[str, int]:
        """How many records of each object the user can see; objects that cannot be counted are left out."""
        answers = self.queries([soql("SELECT COUNT() FROM {:literal}", name) for name in objects])
        return {name: a.total for name, a in zip(objects, answers, strict=True) if isinstance(a, Found)}

    def record_counts(self, objects: Sequence[str]) -> dict[str, int]:
        """About how many records there are, seen or not. Objects the server does not count are left out."""

        def sizes(body: Any) -> dict[str, int]:
            try:
                return {str(row["name"]): int(row["count"]) for row in body["sObjects"]}
            except (KeyError, TypeError, ValueError):
                raise RetriableError("Salesforce answered a question about sizes with something else.") from None

        return self.asked("GET", f"{self.root}/limits/recordCount", sizes, params={"sObjects": ",".join(objects)})

    def limits(self) -> Record:
        """The organisation's limits, as Salesforce names them."""
        return dict(self._library.limits())

    def composite(self, requests_: Sequence[Record], *, purpose: str = "read", **options: Any) -> list[Part]:
        """At most 25 requests (5 of them queries or collections) in one call, answers in order."""
        call = next(self._composites)  # so that the answer to another call is never taken for the one to this
        named = [{"referenceId": f"c{call}r{number}", **request} for number, request in enumerate(requests_)]
        payload = {"allOrNone": False, "compositeRequest": named}

        def parts(answer: Any) -> list[Part]:
            try:
                by_name = {part["referenceId"]: part for part in answer["compositeResponse"]}
                return [
                    Part(int(by_name[name]["httpStatusCode"]), by_name[name].get("body")) for name in map(_ref, named)
                ]
            except (KeyError, TypeError, ValueError, AttributeError):
                raise RetriableError("Salesforce POST composite: fewer answers than requests.") from None

        options["data"] = orjson.dumps(payload)
        options["headers"] = {"Content-Type": JSON, **options.get("headers", {})}
        return self.asked("POST", f"{self.root}/composite", parts, purpose=purpose, **options)

    def queries(self, statements: Sequence[str], *, everything: bool = False) -> list[Found | BothwaysError]:
        """First pages of several queries, five to a call; one that fails does not stop the others."""
        verb = "queryAll" if everything else "query"
        results: list[Found | BothwaysError] = []
        options = {"Sforce-Query-Options": f"batchSize={self._config.page_rows}"}
        for start in range(0, len(statements), QUERIES_A_CALL):
            group = statements[start : start + QUERIES_A_CALL]
            asked = [
                {"method": "GET", "url": f"{self.root}/{verb}?q={quote(text, safe='')}", "httpHeaders": options}
                for text in group
            ]
            parts = self.composite(asked)
            results += [
                part.error(verb) or found(part.body, _object_of(text)) for part, text in zip(parts, group, strict=True)
            ]
        return results

    def describe(self, objects: Sequence[str]) -> dict[str, Record | None]:
        """Descriptions of objects, 25 to a call; None for one that does not exist for this user."""
        described: dict[str, Record | None] = {}
        for start in range(0, len(objects), REQUESTS_A_CALL):
            group = list(objects[start : start + REQUESTS_A_CALL])
            asked = [{"method": "GET", "url": f"{self.root}/sobjects/{name}/describe"} for name in group]
            for name, part in zip(group, self.composite(asked), strict=True):
                if part.status not in (200, 404) and (error := part.error(f"GET sobjects/{name}/describe")):
                    raise error
                described[name] = part.body if part.status == 200 else None
        return described

    def calls(self) -> ApiCalls:
        """Calls so far."""
        counted = dict(self.transport.counted)
        by_purpose = {kind: sum(n for (k, _), n in counted.items() if k == kind) for kind in ("read", "write")}
        labels: dict[str, int] = {}
        for (_, label), number in counted.items():
            labels[label] = labels.get(label, 0) + number
        return ApiCalls(by_purpose["read"], by_purpose["write"], self.minimum, dict(sorted(labels.items())))


def _any(body: Any) -> Any:
    return body


def _ref(request: Mapping[str, Any]) -> str:
    return str(request["referenceId"])


def _object_of(soql: str) -> str:
    """The object after the first FROM, which in all of our statements is the one that is read; "" for a count."""
    if "COUNT()" in soql:
        return ""
    named = re.search(r"\bFROM ([A-Za-z0-9_]+)", soql)
    return named[1] if named else ""


_LITERAL = re.compile(r"[A-Za-z0-9_.,:+ -]+")
"""API names, lists of them, moments and numbers: nothing that could end a name and begin something else."""


class _Statement(SoqlFormatter):  # type: ignore[misc]  # the library has no types
    def format_field(self, value: Any, format_spec: str) -> Any:
        if format_spec == "literal" and not (isinstance(value, str) and _LITERAL.fullmatch(value)):
            raise ValueError(f"{value!r} cannot stand in SOQL without quotes")
        return super().format_field(value, format_spec)


def soql(statement: str, *values: object) -> str:
    """SOQL with quoted values. `{:literal}` is for names of the API, moments and numbers as text: anything else, text
    from outside above all, is refused with a ValueError.
    """
    return str(_Statement().vformat(statement, values, {}))


def soql_time(moment: datetime) -> str:
    """A datetime literal, to the millisecond."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
