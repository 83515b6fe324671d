"""Chains that should end but may turn in a circle: who is whose parent, who was merged into whom. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

K = TypeVar("K", int, str)


def ends(links: Mapping[K, K]) -> tuple[dict[K, K], list[tuple[K, ...]]]:
    """Where each chain of links ends, for every key of `links`, and the circles that were cut.

    A circle is cut at its smallest member, which becomes the end of all that lead into it. Does not depend on the order
    of `links`. Circles come sorted, each beginning with its smallest member.
    """
    end: dict[K, K] = {}
    circles: list[tuple[K, ...]] = []
    for start in sorted(links):
        path: list[K] = []
        place: dict[K, int] = {}
        here = start
        while here in links and here not in end and here not in place:
            place[here] = len(path)
            path.append(here)
            here = links[here]
        if here in place:
            circle = path[place[here] :]
            first = circle.index(min(circle))
            circles.append(tuple(circle[first:] + circle[:first]))
            final = min(circle)
        else:
            final = end.get(here, here)
        for member in path:
            end[member] = final
    return end, sorted(circles)
