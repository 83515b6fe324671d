"""What checks ask of the search: how many records there are, and some of the newest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from connectors.hubspot.api.client import Client
from connectors.hubspot.translate import values

PAGE = 200
Filter = tuple[str, str, object]
"""Property, operator, value (a list for IN)."""


def days_ago(client: Client, days: float) -> str:
    """That instant in epoch milliseconds, by the server's clock."""
    return str(values.milliseconds(client.now() - timedelta(days=days)))


def count(client: Client, kind: str, filters: Sequence[Filter]) -> int:
    """How many records the search counts."""
    total = client.call(client.paths.search(kind), body=_request(filters, 1), expects="results").body.get("total")
    return total if isinstance(total, int) else 0


def found(
    client: Client,
    kind: str,
    filters: Sequence[Filter],
    properties: Sequence[str],
    *,
    newest: str = "",
    first: str = "",
) -> Iterator[Mapping[str, str | None]]:
    """Properties of one page of records; `newest` or `first` names the property they are sorted by."""
    body = _request(filters, PAGE) | {"properties": list(properties)}
    if newest or first:
        body["sorts"] = [{"propertyName": newest or first, "direction": "DESCENDING" if newest else "ASCENDING"}]
    for row in client.call(client.paths.search(kind), body=body, expects="results").body.get("results") or ():
        yield row.get("properties") or {}


def _request(filters: Sequence[Filter], limit: int) -> dict[str, object]:
    listed = [
        {"propertyName": name, "operator": operator, "values" if operator == "IN" else "value": value}
        for name, operator, value in filters
    ]
    return {"filterGroups": [{"filters": listed}] if listed else [], "limit": limit}
