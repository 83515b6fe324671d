"""Long lists in parts that are read at the same time: a list gives 100 records a call, and one call at a time is too
slow.

The list is in the order of ids, and its `after` is in practice the id from which it goes on. That is documented
nowhere, so it is not relied on: a part reads on until it has met a record that the next part has, or the end of the
list. Wherever the next part began, and whether it began at all, nothing between the two can be missed; it is only read
more slowly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import pairwise

from connectors.errors import BothwaysError, StateError
from connectors.hubspot.api.call_counter import LIST_PAGE
from connectors.hubspot.api.failures import Refused
from connectors.hubspot.translate.records import Record

Fetched = tuple[list[Record], str]
"""Records, and the `after` that follows them ("" for none)."""
Pages = Callable[[str], Fetched]
"""One page from an `after`."""
Outlook = Callable[[], tuple[int, int]]
"""The highest id and how many records there are: a hint, from an index that lags."""

PARTS = 8
LEAST_PAGES = 50
"""A part of fewer pages is not worth the page that two neighbours both ask for."""
ALONE = 10
"""Pages that are read one after the other before anything else is asked."""


@dataclass(eq=False, slots=True)
class Part:
    """Some of the list from `start` on. `first` and `last` are the ids it has read (0: none yet), `after` goes on from
    there.
    """

    after: str
    start: int = 0
    first: int = 0
    last: int = 0
    over: bool = False
    seen: int = 0

    def pages_left(self, end: int) -> float:
        """About, up to the next part, if its records lie as densely as so far."""
        if self.over or not self.seen or self.last <= self.start:
            return 0.0
        return self.seen / (self.last - self.start) * (end - self.last) / LIST_PAGE


def encode(parts: list[Part]) -> str:
    """Where the parts stand, as the `after` of a cursor; "" when all is read."""
    if all(p.over for p in parts):
        return ""
    if len(parts) == 1:
        return parts[0].after
    return ",".join(f"{'' if p.over else p.after}:{p.start}:{p.first}:{p.last}" for p in parts)


def decode(after: str) -> list[Part]:
    """The parts again. Raises StateError for what `encode` did not make."""
    if ":" not in after:
        return [Part(after)]
    try:
        split = [text.split(":") for text in after.split(",")]
        return [Part(a, int(start), int(first), int(last), over=not a) for a, start, first, last in split]
    except ValueError:
        raise StateError(f"The position {after[:60]!r} is damaged.", remedy="bothways sync --full") from None


def spread(after: str, pages: Pages, outlook: Outlook) -> Iterator[Fetched]:
    """All pages from a position on, each with the position after it; the parts in any order, a record perhaps twice."""
    parts = decode(after)
    alone = 0
    while len(parts) == 1:
        records, following = pages(parts[0].after)
        parts[0].after = following
        alone += 1
        if following and alone == ALONE:
            parts = _split(following, records, outlook)
        yield records, encode(parts) if following else ""
        if not following:
            return
    yield from _together(parts, pages)


def _split(following: str, records: list[Record], outlook: Outlook) -> list[Part]:
    """The rest in parts, when the position looks like an id and enough is left."""
    whole, ids = Part(following), [int(r["id"]) for r in records]
    if not ids or ids != sorted(ids) or not following.isdecimal() or int(following) - ids[-1] not in (0, 1):
        return [whole]
    top, total = outlook()
    start = int(following)
    count = min(PARTS, (total // LIST_PAGE - ALONE) // LEAST_PAGES, (top - start) // LIST_PAGE)
    edges = [start + (top - start) * n // count for n in range(count)] if count > 1 else []
    return [Part(str(edge), edge) for edge in edges] or [whole]


def _together(parts: list[Part], pages: Pages) -> Iterator[Fetched]:
    flying: dict[Future[Fetched], Part] = {}
    failure: BothwaysError | None = None
    with ThreadPoolExecutor(PARTS) as pool:
        while True:
            if failure is None:
                for part in _ready(parts, list(flying.values())):
                    flying[pool.submit(pages, part.after)] = part
            if not flying:
                break
            done, _ = wait(flying, return_when=FIRST_COMPLETED)
            for future in done:
                part = flying.pop(future)
                try:
                    records, following = future.result()
                except BothwaysError as error:
                    if isinstance(error, Refused) and not part.first and part is not parts[0]:
                        _drop(parts, part)  # no place to begin: the part before reads on
                    else:
                        failure = failure or error
                    continue
                if part in parts:
                    yield _advance(parts, part, records, following), encode(parts)
    if failure is not None:
        raise failure


def _ready(parts: list[Part], flying: list[Part]) -> Iterator[Part]:
    """The parts that may ask for their next page: not one that has come to where the next is just about to begin."""
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        waits = following is not None and not following.first and part.last >= following.start and following in flying
        if not part.over and part not in flying and not waits:
            yield part


def _advance(parts: list[Part], part: Part, records: list[Record], following: str) -> list[Record]:
    """Takes a page into account; returns what of it no other part has."""
    ids = [int(r["id"]) for r in records]
    if ids:
        part.first, part.last = part.first or ids[0], ids[-1]
    part.after, part.seen = following, part.seen + len(ids)
    place = parts.index(part)
    following_part = parts[place + 1] if place + 1 < len(parts) else None
    met = following_part is not None and 0 < following_part.first <= part.last
    if not following and not met:  # all to the end of the list is read
        del parts[place + 1 :]
    if not following:
        part.over = True
        if not part.first and place:
            _drop(parts, part)
    for one, other in pairwise(parts):
        one.over = one.over or 0 < other.first <= one.last
    _steal(parts)
    if following_part is None or not met:
        return records
    return [r for r, i in zip(records, ids, strict=True) if i < following_part.first]


def _drop(parts: list[Part], part: Part) -> None:
    """Takes out a part that has read nothing: the one before it goes on in its place, if it was not at the end
    itself.
    """
    before = parts[parts.index(part) - 1]
    parts.remove(part)
    before.over = before.over and not before.after


def _steal(parts: list[Part]) -> None:
    """When there are fewer parts at work than there could be, half of what is left of the longest becomes a part of its
    own.
    """
    if sum(not p.over for p in parts) >= PARTS:
        return
    left = [(p.pages_left(n.start), p, n) for p, n in pairwise(parts) if not p.over]
    pages, longest, following = max(left, key=lambda one: one[0], default=(0.0, None, None))
    if longest is None or following is None or pages < 2 * LEAST_PAGES:
        return
    middle = (longest.last + following.start) // 2
    parts.insert(parts.index(longest) + 1, Part(str(middle), middle))
