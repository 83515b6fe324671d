"""What in a portal uses our properties: lists by their filters, workflows by their triggers and actions.

HubSpot refuses to archive a property that is in use, and says so only then; here it is said beforehand. Whatever the
definition of a list or workflow looks like, a property is used where its name stands.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from connectors.errors import AuthError, BothwaysError
from connectors.hubspot.api.client import Client
from connectors.hubspot.read.fetch import batched

LISTS_SCOPE, FLOWS_SCOPE = "crm.lists.read", "automation"
FOUND_AT_ONCE, READ_AT_ONCE, MOST = 500, 100, 5000
"""Lists a search; lists or workflows whose definition is read in a call; beyond so many of them the rest is not looked
at.
"""


@dataclass(frozen=True, slots=True)
class Use:
    """A list or workflow, and the properties of ours that it names."""

    kind: str
    name: str
    properties: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A kind of user that could not be looked at, and why."""

    kind: str
    why: str
    scope: str


def uses(client: Client, names: Collection[str]) -> Iterator[Use | Unknown]:
    """Every list and workflow that names one of the properties; an Unknown for a kind that cannot be looked at."""
    wanted = re.compile(rf"\b({'|'.join(re.escape(n) for n in sorted(names))})\b") if names else None
    if wanted is None:
        return
    for kind, scope, read in (("list", LISTS_SCOPE, _lists), ("workflow", FLOWS_SCOPE, _flows)):
        try:
            for name, definition in read(client):
                found = tuple(sorted(set(wanted.findall(orjson.dumps(definition).decode()))))
                if found:
                    yield Use(kind, name, found)
        except AuthError as error:
            yield Unknown(kind, str(error), scope)
        except BothwaysError as error:
            yield Unknown(kind, str(error), "")


def _lists(client: Client) -> Iterator[tuple[str, Any]]:
    """Lists that have filters, each with them."""
    ids: list[str] = []
    offset, more = 0, True
    while more and len(ids) < MOST:
        asked = {"query": "", "offset": offset, "count": FOUND_AT_ONCE, "processingTypes": ["DYNAMIC", "SNAPSHOT"]}
        body = client.call(client.paths.lists_search(), body=asked, expects="lists").body
        page = [str(one["listId"]) for one in body.get("lists") or ()]
        ids += page
        more, offset = bool(body.get("hasMore")) and bool(page), offset + len(page)
    for some in batched(ids, READ_AT_ONCE):
        query = [*(("listIds", one) for one in some), ("includeFilters", "true")]
        for one in client.call(client.paths.lists(), query=query, expects="lists").body.get("lists") or ():
            yield str(one.get("name") or one.get("listId")), one.get("filterBranch")


def _flows(client: Client) -> Iterator[tuple[str, Any]]:
    """Workflows, each with its whole definition."""
    ids: list[str] = []
    after = ""
    while len(ids) < MOST:
        query = [("limit", str(READ_AT_ONCE)), *([("after", after)] if after else [])]
        body = client.call(client.paths.flows(), query=query, expects="results").body
        ids += [str(one["id"]) for one in body.get("results") or ()]
        following = str(((body.get("paging") or {}).get("next") or {}).get("after") or "")
        if not following or following == after:
            break
        after = following
    for some in batched(ids, READ_AT_ONCE):
        asked = {"inputs": [{"flowId": one, "type": "FLOW_ID"} for one in some]}
        for one in client.call(client.paths.flows_read(), body=asked, expects="results").body.get("results") or ():
            yield str(one.get("name") or one.get("id")), one


def of_property(found: Sequence[Use], name: str) -> str:
    """Who uses one property, in words; "" for nobody."""
    return ", ".join(str(use) for use in found if name in use.properties)
