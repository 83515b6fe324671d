"""Checks and reads the answer to a batch read of associations."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

from connectors.hubspot.api.response_checks import is_id, refuse_empty, results, wrong
from connectors.hubspot.links import Link


class Associations:
    """What one batch read of associations answers: a check of the body that keeps what it has understood."""

    def __init__(self, what: str, believed_empty: set[str]) -> None:
        self._what, self._not_empty = what, refuse_empty(what, believed_empty)
        self.links: dict[str, list[Link]] = {}
        """By the record they start from. Those without any are named by an error each."""
        self.more: dict[str, str] = {}
        """Where those of a record go on, by record."""

    def __call__(self, body: dict[str, Any]) -> None:
        """Raises RetriableError."""
        self.links, self.more = {}, {}
        rows = results(self._what, body)
        if not isinstance(body.get("errors") or [], list):
            raise wrong(self._what, "its errors are no list")
        if not body.get("errors"):
            self._not_empty(body)
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
            raise wrong(self._what, "an entry is no association") from None

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
