"""Associations of records, and their addresses in HubSpot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Link(NamedTuple):
    """One association: the other record, the type ids that join them and the first label given by a person."""

    record_id: str
    types: frozenset[int]
    label: str | None = None


Links = Mapping[str, Sequence[Link]]
"""By the id of the record that they start from."""

_TYPES = {"companies": "0-2", "deals": "0-3"}


def record_form(account: Mapping[str, Any], object_name: str) -> str:
    """The address of a record of an object with `{id}` for its id; empty where portal or object type is not known.

    `uiDomain` differs by data centre (app-eu1.hubspot.com).
    """
    portal, domain = account.get("portalId"), str(account.get("uiDomain") or "app.hubspot.com")
    kind = _TYPES.get(object_name) or (object_name if object_name.startswith("2-") else "")
    if not portal or not kind or not domain.endswith(".hubspot.com"):
        return ""
    return f"https://{domain}/contacts/{portal}/record/{kind}/{{id}}"
