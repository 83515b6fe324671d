"""What an answer of Salesforce must look like to count as one: whole JSON, the result of the query that was asked, with
ids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from connectors.errors import RetriableError
from connectors.http import strict_json
from connectors.salesforce.ids import is_id

JSON = "application/json"
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A page of a query's answer; `more` is the address of the next, None on the last."""

    records: list[Record]
    total: int
    more: str | None

    def goes_on_with(self, page: Found, address: str) -> bool:
        """Whether the page can be the next of this one's query."""
        same = page.total == self.total and page.more != address
        return same and (not self.records or not page.records or _type_of(self.records[0]) == _type_of(page.records[0]))


def keyed(name: str, kind: type = str) -> Callable[[Any], Record]:
    """The shape of an object that has at least this key, with a value of this type; an id looks like one."""

    def shape(body: Any) -> Record:
        if (
            not isinstance(body, dict)
            or not isinstance(body.get(name), kind)
            or (name == "id" and not is_id(body[name]))
        ):
            raise RetriableError(f"Salesforce answered without {name}.")
        return body

    return shape


def parsed(response: requests.Response) -> Any:
    """The JSON of a success, strictly: not a login page, not NaN, not a body that ends early."""
    if response.status_code in (204, 304) or (response.status_code != 200 and not response.content):
        return None
    kind, _, more = response.headers.get("Content-Type", "").lower().partition(";")
    if kind.strip() != JSON or not _in_utf8(more):
        raise RetriableError(
            f"Salesforce answered with {kind or 'no content type'} where JSON was due.",
            remedy=(
                "Check that crm.url is the organisation's My Domain and that no proxy or login page stands before it."
            ),
        )
    try:
        return strict_json.loads(response.content)
    except ValueError as error:
        raise RetriableError(f"Salesforce answered with something else than whole JSON ({error}).") from None


def _in_utf8(parameters: str) -> bool:
    _, named, charset = parameters.partition("charset=")
    return not named or charset.partition(";")[0].strip().strip('"') in ("utf-8", "utf8")


def found(body: Any, of: str = "") -> Found:
    """A query's answer, with records of the object `of` if one is named. Raises RetriableError when it is not one."""
    try:
        more = None if body["done"] is True else str(body["nextRecordsUrl"])
        page = Found([dict(row) for row in body["records"]], int(body["totalSize"]), more)
        others = of and any((_type_of(row) or of).lower() != of.lower() for row in page.records)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise RetriableError("Salesforce answered a query with something else than its result.") from None
    if any("Id" in row and not is_id(row["Id"]) for row in page.records):
        raise RetriableError("Salesforce answered a query with a record that has no id.")
    if others or len(page.records) > page.total or (more is None and not page.records and page.total and of):
        raise RetriableError("Salesforce answered a query with the result of another one.")
    return page


def _type_of(row: Mapping[str, Any]) -> str | None:
    """The object of a record; an aggregate has none that is known beforehand."""
    name = (row.get("attributes") or {}).get("type")
    return None if name == "AggregateResult" else name
