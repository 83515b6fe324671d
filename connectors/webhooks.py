"""What a CRM tells us without being asked (webhooks): never data, only which records are worth reading again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from connectors.errors import BothwaysError
from connectors.records import Stream


class NotSigned(BothwaysError):
    """The delivery does not prove that it comes from the CRM; nothing of it may be used."""


class Malformed(BothwaysError):
    """The delivery is genuine but is not what the CRM documents; nothing of it was understood."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A record to be read again."""

    stream: Stream
    record_id: str


@dataclass(frozen=True, slots=True)
class Notices:
    """What one delivery says: the records to mark, and how many events there were of each outcome.

    Outcomes: `marked`; `own` (our own writes coming back); `other` (a kind of event or object that is not used here);
    `elsewhere` (of another account). `erased` are the marks whose records somebody has erased for privacy: all that is
    kept of them must go.
    """

    marks: frozenset[Mark]
    events: Mapping[str, int] = field(default_factory=dict)
    erased: frozenset[Mark] = frozenset()


class Webhooks(Protocol):
    """Reads a CRM's deliveries. Pure but for the secret, which is read anew each time."""

    def read(self, method: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Notices:
        """What a delivery says. Header names are lower case. The same delivery may come twice, late or out of order:
        marks are the same whatever the order. Raises NotSigned or Malformed; ConfigError when the secret cannot be
        had.
        """
        ...
