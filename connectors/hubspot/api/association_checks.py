"""Whether an answer can be the associations that were asked for: the records they start from, and which kinds they join."""

from __future__ import annotations

import threading
from collections.abc import Collection, Hashable, Iterable
from operator import itemgetter
from typing import Any

from connectors.hubspot.api.response_checks import Call, is_id, results, texts
from connectors.hubspot.links import Link

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

    def links(self, call: Call, pair: Pair, ids: Collection[str]) -> Associations:
        """Associations from the records `ids` to another kind. Those without any are named by an error each."""
        return Associations(self, call, pair, frozenset(ids))

    def believe(self, call: Call, pair: Pair, found: Associations) -> None:
        """Raises RetriableError for associations that cannot be those that were asked for."""
        types, without, asked = found.types, found.without, found.asked
        if found.other_kind or self._others(types, pair):
            call.doubt("the associations lead to another kind", found.looks)
        answered = found.links.keys() | without
        if not answered <= asked:
            call.doubt("the associations are of other records", found.looks)
        # those without any are named by errors, unless HubSpot names none of them
        if len(answered) < len(asked) and (not found.errors or without):
            call.doubt("not every record is answered for", found.looks)
        self._learn(types, pair)

    def _others(self, types: Iterable[int], pair: Pair) -> bool:
        with self._lock:
            return any(self._pairs.get(t, pair) != pair for t in types)

    def _learn(self, types: Iterable[int], pair: Pair) -> None:
        with self._lock:
            for each in types:
                self._pairs.setdefault(each, pair)


class Associations:
    """What one batch read of associations answers: a check of the body that keeps what it has understood."""

    def __init__(self, types: AssociationTypes, call: Call, pair: Pair, asked: frozenset[str]) -> None:
        self._known, self._call, self._pair, self.asked = types, call, pair, asked
        self.links: dict[str, list[Link]] = {}
        """By the record they start from."""
        self.more: dict[str, str] = {}
        """Where those of a record go on, by record."""
        self.types: set[int] = set()
        """HubSpot's own types among them."""
        self.without: set[str] = set()
        self.errors: list[Any] = []
        self.other_kind = False

    @property
    def looks(self) -> Hashable:
        """Equal for two answers that say the same."""
        return frozenset(self.links), frozenset(self.types), frozenset(self.without)

    def __call__(self, body: dict[str, Any]) -> None:
        """Raises RetriableError."""
        self.links, self.more, self.types = {}, {}, set()
        rows = results(self._call.what, body)
        shapes: dict[Shape, Meaning] = {}
        found = self.links
        try:
            for row in rows:  # a thousand in an answer: this loop is most of what one costs
                origin, held = row["from"]["id"], []
                for to in row.get("to") or ():
                    target, kinds = to["toObjectId"], to.get("associationTypes") or ()
                    if type(target) is not int and not is_id(target):
                        raise ValueError
                    shape = _shape(kinds)
                    types, label = shapes.get(shape) or shapes.setdefault(shape, _meaning(shape))
                    held.append(_new(Link, (str(target), types, label)))
                if not is_id(origin):
                    raise ValueError
                origin = str(origin)
                found[origin] = found[origin] + held if origin in found else held
                if "paging" in row:
                    self._paging(origin, row["paging"] or {})
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._call.wrong("an entry is no association") from None
        self.types = {int(number) for shape in shapes for number, kind, _ in shape if kind == "HUBSPOT_DEFINED"}
        self.without, self.other_kind = _without_any(self._call, body, self._pair[1])
        self.errors = body.get("errors") or []
        self._known.believe(self._call, self._pair, self)

    def _paging(self, origin: str, paging: Any) -> None:
        after = (paging.get("next") or {}).get("after")
        if not isinstance(after, str | int | None):
            raise TypeError
        if after:
            self.more[origin] = str(after)


_TYPE = itemgetter("typeId", "category", "label")
_new = tuple.__new__

Shape = tuple[tuple[Any, object, str | None], ...]
"""The type id, category and label of each type of one association. Few are ever used."""
Meaning = tuple[frozenset[int], str | None]


def _shape(kinds: Iterable[dict[str, Any]]) -> Shape:
    try:
        return tuple(map(_TYPE, kinds))
    except KeyError:
        return tuple([(kind["typeId"], kind.get("category"), kind.get("label")) for kind in kinds])


def _meaning(shape: Shape) -> Meaning:
    """The type ids, and the first label that a person gave."""
    if not all(isinstance(label, str | None) for _, _, label in shape):
        raise TypeError("a label is no text")
    label = next((text for _, kind, text in shape if text and kind == "USER_DEFINED"), None)
    return frozenset(int(number) for number, _, _ in shape), label


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
