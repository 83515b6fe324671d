"""Where a read stands, as the opaque string that sync keeps: survives the process and is inclusive on resume.

A read is frozen at its start: changes later than `start` belong to the next one, whose lower bound is `start` less the
overlap window. Within a read the position is the list's `after` (full, sweep) or the last id (changes: the search is
sorted by id and every page asks for ids beyond the last, so neither the 10,000 results nor records that leave the
window under our feet can hide one).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, get_args

import orjson

from connectors.base import Page
from connectors.errors import BothwaysError, StateError

Phase = Literal["full", "sweep", "changes", "relist", "done"]
REMEDY = "Read everything anew: bothways sync --full."
_DAY_MS = 86_400_000
_NIGHT_MS = 72_000_000
"""20 hours: a run a night may begin a little earlier than the one before."""
_SKEW_MS = 300_000


@dataclass(frozen=True, slots=True)
class Position:
    """`kind` counts through the objects of a stream; `start`, `since` and `swept` are the server's epoch milliseconds.

    `swept` is when the archived records were last looked through and `due` says that this read does so again. `linked`
    is when the associations of landed records were last read. `shown` are the mapped properties that the records of
    each kind
    had: where they are others in an increment, all records of the kind are listed again (relist).
    """

    phase: Phase
    kind: int = 0
    after: str = ""
    start: int = 0
    since: int = 0
    swept: int = 0
    due: bool = False
    linked: int = 0
    shown: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> str:
        """As a cursor."""
        return orjson.dumps({"v": 1, **asdict(self)}).decode()

    @classmethod
    def decode(cls, cursor: str) -> Position:
        """The position. Raises StateError for a cursor that is not ours."""
        try:
            fields = orjson.loads(cursor)
            if fields.pop("v") != 1 or fields["phase"] not in get_args(Phase):
                raise ValueError("unknown version or phase")
            position = cls(**fields)
        except (orjson.JSONDecodeError, ValueError, KeyError, TypeError, AttributeError):
            raise StateError(f"The cursor {cursor[:60]!r} is not one of HubSpot's.", remedy=REMEDY) from None
        numbers = (position.kind, position.start, position.since, position.swept, position.linked)
        texts = (
            [position.after, *position.shown, *position.shown.values()] if isinstance(position.shown, dict) else [None]
        )
        if not all(isinstance(text, str) for text in texts) or not all(type(n) is int and n >= 0 for n in numbers):
            raise StateError(f"The cursor {cursor[:60]!r} is damaged.", remedy=REMEDY)
        return position

    def next_read(self, now: int, *, always_sweep: bool) -> Position:
        """From a finished read to the start of the next one. Raises StateError when it lies in the server's future."""
        if self.start > now + _SKEW_MS:
            raise StateError("The cursor is later than the server's clock.", remedy=REMEDY)
        due = always_sweep or now - self.swept >= _DAY_MS
        linked = now if self.links_due(now) else self.linked
        return replace(self, phase="sweep" if due else "changes", kind=0, after="", start=now, due=due, linked=linked)

    def links_due(self, now: int) -> bool:
        """Whether a read that starts now, the night after the last one, is to read associations again."""
        return now - self.linked >= _NIGHT_MS

    def at(self, after: str) -> Position:
        """Further on in the same phase."""
        return replace(self, after=after)

    def next_phase(self, kinds: int, overlap: int) -> Position:
        """The phase after this one: the same kind's changes, the next kind, or the end with its watermark."""
        if self.phase == "sweep":
            return replace(self, phase="changes", after="")
        if self.kind + 1 < kinds:
            first: Phase = "full" if self.phase == "full" else ("sweep" if self.due else "changes")
            return replace(self, phase=first, kind=self.kind + 1, after="")
        swept = self.start if self.due or self.phase == "full" else self.swept
        linked = self.start if self.phase == "full" else self.linked
        return Position(
            "done", start=self.start, since=max(0, self.start - overlap), swept=swept, linked=linked, shown=self.shown
        )


def begin(now: int) -> Position:
    """The start of a full read."""
    return Position("full", start=now)


def ending_at(pages: Iterable[Page], following: Callable[[], Position]) -> Iterator[Page]:
    """The pages, the last one with the cursor of what follows them; when they fail, all that came before as they
    are.
    """
    last: Page | None = None
    try:
        for page in pages:
            if last is not None:
                yield last
            last = page
    except BothwaysError:
        if last is not None:
            yield last
        raise
    if last is not None:
        yield replace(last, cursor=following().encode())
