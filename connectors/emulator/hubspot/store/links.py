"""Associations: for each ordered pair of object types, from whom to whom and of which types.

A link is kept from both sides. The seeded ones lie in sorted arrays; a record whose links change is copied into a
dictionary that overrules them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left

import numpy as np
import numpy.typing as npt

from connectors.emulator.hubspot.schema.objects import (
    CHILD_OF_PARENT,
    PARENT_OF_CHILD,
    PRIMARY,
    USER,
    AssociationType,
    defined_types,
    plain_type,
    primary_type,
)

Types = tuple[AssociationType, ...]
Whole = npt.NDArray[np.int64]


class Links:
    """The links of one ordered pair of object types."""

    def __init__(self, sources: Whole, targets: Whole, kinds: npt.NDArray[np.int8], types: list[Types]) -> None:
        order = np.lexsort((targets, sources))
        self._sources = array("q", sources[order].astype(np.int64).tobytes())
        self._targets = array("q", targets[order].astype(np.int64).tobytes())
        self._kinds = array("b", kinds[order].astype(np.int8).tobytes())
        self._types = types
        self._changed: dict[int, dict[int, Types]] = {}

    def of(self, source: int) -> list[tuple[int, Types]]:
        """The targets of a record in ascending order, each with its association types."""
        if source in self._changed:
            return sorted(self._changed[source].items(), key=lambda item: item[0])
        at, found = bisect_left(self._sources, source), []
        while at < len(self._sources) and self._sources[at] == source:
            found.append((self._targets[at], self._types[self._kinds[at]]))
            at += 1
        return found

    def mutable(self, source: int) -> dict[int, Types]:
        """The links of one record, to be changed in place."""
        if source not in self._changed:
            self._changed[source] = dict(self.of(source))
        return self._changed[source]


def empty() -> Links:
    none = np.empty(0, np.int64)
    return Links(none, none, none.astype(np.int8), [])


class LinkStore:
    """All associations of a portal and their labels."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], Links] = {}
        self._labels: dict[tuple[str, str], list[AssociationType]] = {}
        self._next_label = 101
        self._now: dict[int, AssociationType | None] = {}
        """What labels of people's own that have changed are now, by type id; None: gone."""

    def seed(
        self,
        pair: tuple[str, str],
        sources: Whole,
        targets: Whole,
        kinds: npt.NDArray[np.int8],
        types: list[Types],
    ) -> None:
        """Fills one pair and its way back; `kinds` says for each link which of `types` it has."""
        back = [tuple(self.counterpart(pair, kind) for kind in one) for one in types]
        self._pairs[pair] = Links(sources, targets, kinds, types)
        if pair[0] != pair[1]:
            self._pairs[pair[1], pair[0]] = Links(targets, sources, kinds, back)

    def of(self, pair: tuple[str, str], source: int) -> list[tuple[int, Types]]:
        links = self._pairs.get(pair)
        found = [] if links is None else links.of(source)
        return [(target, self._current(kinds)) for target, kinds in found] if self._now else found

    def _current(self, kinds: Types) -> Types:
        return tuple(now for kind in kinds if (now := self._as_now(kind)) is not None)

    def _as_now(self, kind: AssociationType) -> AssociationType | None:
        return self._now.get(kind.type_id, kind) if kind.category == USER else kind

    def types(self, pair: tuple[str, str]) -> list[AssociationType]:
        """Every association type of a pair: HubSpot's own, then the labels that people defined."""
        return defined_types(*pair) + self._labels.get(pair, [])

    def define(self, pair: tuple[str, str], label: str, inverse: str | None = None) -> AssociationType:
        """A new label, and the one for the way back."""
        kind = AssociationType(self._next_label, label, USER)
        self._next_label += 1
        self._labels.setdefault(pair, []).append(kind)
        if pair[0] != pair[1]:
            self._labels.setdefault((pair[1], pair[0]), []).append(
                AssociationType(self._next_label, inverse or label, USER)
            )
            self._next_label += 1
        return kind

    def relabel(self, pair: tuple[str, str], type_id: int | None, label: str | None) -> bool:
        """Renames a label, or takes it and the one of the way back away (None); False where people have defined none
        such.
        """
        held = self._labels.get(pair, [])
        at = next((place for place, kind in enumerate(held) if kind.type_id == type_id), None)
        if at is None:
            return False
        old = held[at]
        if label is not None:
            held[at] = AssociationType(old.type_id, label, USER)
            self._now[old.type_id] = held[at]
            return True
        for side in {pair, (pair[1], pair[0])}:
            self._now[self._labels[side].pop(at).type_id] = None
        return True

    def counterpart(self, pair: tuple[str, str], kind: AssociationType) -> AssociationType:
        """The same link seen from the other side."""
        source, target = pair
        kind = self._as_now(kind) or plain_type(source, target) or kind
        if kind == CHILD_OF_PARENT:
            return PARENT_OF_CHILD
        if kind == PARENT_OF_CHILD:
            return CHILD_OF_PARENT
        if kind in self._labels.get(pair, []):
            return kind if source == target else self._labels[target, source][self._labels[pair].index(kind)]
        other = primary_type(target, source) if kind.label == PRIMARY else plain_type(target, source)
        assert other is not None
        return other

    def create(self, pair: tuple[str, str], source: int, target: int, kinds: Types) -> Types:
        """Adds types to a link, made if need be, and gives all that it then has. A record has one primary company."""
        plain = plain_type(*pair)
        given = ((plain,) if plain is not None else ()) + tuple(kind for kind in kinds if kind != plain)
        if any(kind.label == PRIMARY for kind in given):
            self._demote(pair, source, target)
        forward = self._pair(pair).mutable(source)
        forward[target] = forward.get(target, ()) + tuple(k for k in given if k not in forward.get(target, ()))
        backward = self._pair((pair[1], pair[0])).mutable(target)
        backward[source] = tuple(self.counterpart(pair, kind) for kind in forward[target])
        return forward[target]

    def archive(self, pair: tuple[str, str], source: int, target: int, kinds: Types | None = None) -> None:
        """Takes away a link, or only some of its types."""
        forward = self._pair(pair).mutable(source)
        left = () if kinds is None else tuple(k for k in forward.get(target, ()) if k not in kinds)
        backward = self._pair((pair[1], pair[0])).mutable(target)
        if left:
            forward[target] = left
            backward[source] = tuple(self.counterpart(pair, kind) for kind in left)
        else:
            forward.pop(target, None)
            backward.pop(source, None)

    def drop(self, plural: str, source: int) -> None:
        """Takes away every link of a record."""
        for pair in [pair for pair in self._pairs if pair[0] == plural]:
            for target, _ in self.of(pair, source):
                self.archive(pair, source, target)

    def move(self, plural: str, source: int, to: int) -> None:
        """Gives every link of a record to another one of the same type."""
        for pair in [pair for pair in self._pairs if pair[0] == plural]:
            for target, kinds in self.of(pair, source):
                self.archive(pair, source, target)
                if target != to:
                    self.create(pair, to, target, kinds)

    def _demote(self, pair: tuple[str, str], source: int, target: int) -> None:
        owner_first = pair[1] == "companies"
        holder_pair = pair if owner_first else (pair[1], pair[0])
        holder, company = (source, target) if owner_first else (target, source)
        for other, kinds in self.of(holder_pair, holder):
            primary = tuple(kind for kind in kinds if kind.label == PRIMARY)
            if other != company and primary:
                self.archive(holder_pair, holder, other, primary)

    def _pair(self, pair: tuple[str, str]) -> Links:
        return self._pairs.setdefault(pair, empty())
