"""Whether an answer can be the associations that were asked for: the records they start from, and which kinds they join."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from typing import Any

from connectors.hubspot.api.response_checks import Call, Check, is_id, results, texts

Pair = tuple[str, str]

_KNOWN: dict[Pair, tuple[int, ...]] = {
    ("contacts", "companies"): (1, 279),
    ("companies", "contacts"): (2, 280),
    ("companies", "deals"): (6, 342),
    ("deals", "companies"): (5, 341),
    ("deals", "contacts"): (3,),
    ("contacts", "deals"): (4,),
    ("companies", "tickets"): (25, 340),
    ("tickets", "companies"): (26, 339),
    ("deals", "tickets"): (27,),
    ("tickets", "deals"): (28,),
    ("contacts", "tickets"): (15,),
    ("tickets", "contacts"): (16,),
    ("deals", "line_items"): (19,),
    ("line_items", "deals"): (20,),
    ("emails", "contacts"): (198,),
    ("emails", "companies"): (186,),
    ("emails", "deals"): (210,),
    ("calls", "contacts"): (194,),
    ("calls", "companies"): (182,),
    ("calls", "deals"): (206,),
    ("meetings", "contacts"): (200,),
    ("meetings", "companies"): (188,),
    ("meetings", "deals"): (212,),
    ("tasks", "contacts"): (204,),
    ("tasks", "companies"): (192,),
    ("tasks", "deals"): (216,),
    ("communications", "contacts"): (81,),
    ("communications", "companies"): (87,),
    ("communications", "deals"): (85,),
    ("communications", "tickets"): (83,),
}
"""HubSpot's own type ids, which differ by kind and direction, as its documentation lists them."""
_ONE = {"companies": "company", "contacts": "contact", "deals": "deal", "tickets": "ticket"}


class AssociationTypes:
    """Which type ids join which two kinds: those that are documented, and others as the answers show them. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pairs: dict[int, Pair] = {each: pair for pair, ids in _KNOWN.items() for each in ids}

    def links(self, call: Call, pair: Pair, ids: Collection[str]) -> Check:
        """Associations from the records `ids` to another kind. Those without any are named by an error each."""
        asked = frozenset(ids)

        def check(body: dict[str, Any]) -> None:
            types: set[int] = set()
            origins: set[str] = set()
            for row in results(call.what, body):
                origin, to = row.get("from"), row.get("to") or []
                if not isinstance(origin, dict) or not is_id(origin.get("id")) or not isinstance(to, list):
                    raise call.wrong("an entry is no association")
                if not _turns_over(row.get("paging")):
                    raise call.wrong("an entry does not say how it goes on")
                origins.add(str(origin["id"]))
                types |= _types(call, to)
            without, others = _without_any(call, body, pair[1])
            looks = frozenset(origins), frozenset(types), frozenset(without)
            if others or self._others(types, pair):
                call.doubt("the associations lead to another kind", looks)
            if not origins | without <= asked:
                call.doubt("the associations are of other records", looks)
            if not body.get("errors") and asked - origins:
                call.doubt("not every record is answered for", looks)
            if body.get("errors") and without and asked - origins - without:
                call.doubt("not every record is answered for", looks)
            self._learn(types, pair)

        return check

    def _others(self, types: Iterable[int], pair: Pair) -> bool:
        with self._lock:
            return any(self._pairs.get(t, pair) != pair for t in types)

    def _learn(self, types: Iterable[int], pair: Pair) -> None:
        with self._lock:
            for each in types:
                self._pairs.setdefault(each, pair)


def _turns_over(paging: Any) -> bool:
    """Whether this is no paging, or one with a next page that can be asked for."""
    following = paging.get("next") or {} if isinstance(paging, dict) else paging or {}
    return isinstance(following, dict) and isinstance(following.get("after"), str | int | None)


def _types(call: Call, to: Iterable[Any]) -> set[int]:
    """The ids of HubSpot's own types among the associations."""
    try:
        if not all(is_id(one["toObjectId"]) for one in to):
            raise call.wrong("an entry is no association")
        named = [each for one in to for each in one.get("associationTypes") or ()]
        if not all(isinstance(each.get("label"), str | None) for each in named):
            raise call.wrong("an entry is no association")
        numbers = [(int(each["typeId"]), each.get("category")) for each in named]
        return {number for number, category in numbers if category == "HUBSPOT_DEFINED"}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise call.wrong("an entry is no association") from None


def _without_any(call: Call, body: dict[str, Any], target: str) -> tuple[set[str], bool]:
    """The records that errors name, and whether one of the errors is about another kind than the target."""
    named: set[str] = set()
    others = False
    errors = body.get("errors") or []
    if not isinstance(errors, list):
        raise call.wrong("its errors are no list")
    for error in errors:
        context = error.get("context") if isinstance(error, dict) else None
        if not isinstance(context, dict):
            continue
        named.update(texts(context.get("fromObjectId")))
        kinds = {kind.lower() for kind in texts(context.get("toObjectType"))}
        others = others or (bool(kinds) and target in _ONE and kinds.isdisjoint({target, _ONE[target]}))
    return named, others
