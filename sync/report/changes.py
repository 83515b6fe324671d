"""What changed between two runs, and which earlier run a report is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from sync.state.run_queries import FinishedRun
from sync.system.times import parse_time

MOVED = 5.0
"""Points by which a dependence or a balance must have moved to be listed among the movers."""


class Judged(Protocol):
    """What is compared of an account."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def stance(self) -> str: ...
    @property
    def customer_dependence(self) -> float | None: ...
    @property
    def balance(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Mover:
    """An account whose stance changed, or whose dependence or balance moved by at least MOVED."""

    id: str
    name: str
    before: str
    after: str
    dependence_moved: float | None
    balance_moved: float | None


def baseline(runs: Sequence[FinishedRun], since: timedelta | None) -> FinishedRun | None:
    """Of finished runs, the newest first, the one that the first is compared with; None when there is none.

    Without `since` the run that wrote before the last one that did (a plan is compared with the last: a run that wrote
    nothing would hide what people saw change); with it the youngest that is at least so old, or else the oldest that is
    kept.
    """
    earlier = runs[1:]
    if since is None:
        wrote = [run for run in runs if run.kind == "sync" and run.written]
        held = bool(runs) and runs[0].kind == "sync"  # the last write is then what the CRM holds now
        return next(iter(wrote[1 if held else 0 :]), None)
    until = parse_time(runs[0].as_of) - since if runs else None
    old = [run for run in earlier if until is not None and parse_time(run.as_of) <= until]
    return old[0] if old else (earlier[-1] if earlier else None)


def movers(old: Mapping[str, Judged], rows: Sequence[Judged]) -> tuple[Mover, ...]:
    """Accounts of both that moved: those with another stance first, then the furthest."""
    found = []
    for row in rows:
        before = old.get(row.id)
        if before is None:
            continue
        dependence = _difference(before.customer_dependence, row.customer_dependence)
        balance = _difference(before.balance, row.balance)
        if before.stance != row.stance or abs(dependence or 0.0) >= MOVED or abs(balance or 0.0) >= MOVED:
            found.append(Mover(row.id, row.name, before.stance, row.stance, dependence, balance))
    found.sort(
        key=lambda m: (m.before == m.after, -abs(m.dependence_moved or 0.0) - abs(m.balance_moved or 0.0), m.name)
    )
    return tuple(found)


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before
