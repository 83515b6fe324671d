"""Where a read stands, as the opaque string that sync keeps: survives the process and is inclusive on resume.

A read is frozen at its start: changes later than `start` belong to the next one, whose lower bound is `start` less the
overlap window. Within a read the position is the list's `after` (full, sweep) or the last id (changes: the search is
sorted by id and every page asks for ids beyond the last, so neither the 10,000 results nor records that leave the
window under our feet can hide one).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Literal, get_args

import orjson

from connectors.errors import StateError

Phase = Literal["full", "sweep", "changes", "done"]
REMEDY = "Read everything anew: bothways sync --full."
_DAY_MS = 86_400_000
_NIGHT_MS = 72_000_000
"""20 hours: a run a night may begin a little earlier than the one before."""
_SKEW_MS = 300_000


@dataclass(frozen=True, slots=True)
class Position:
    """`kind` counts through the objects of a stream; `start`, `since` and `swept` are the server's epoch milliseconds.

    `swept` is when the archived records were last looked through and `due` says that this read does so again. `linked` is
    when the associations of landed records were last read.
    """

    phase: Phase
    kind: int = 0
    after: str = ""
    start: int = 0
    since: int = 0
    swept: int = 0
    due: bool = False
    linked: int = 0

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
        if not isinstance(position.after, str) or not all(type(n) is int and n >= 0 for n in numbers):
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
        return Position("done", start=self.start, since=max(0, self.start - overlap), swept=swept, linked=linked)


def begin(now: int) -> Position:
    """The start of a full read."""
    return Position("full", start=now)
