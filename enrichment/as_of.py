"""The moment that scores are computed for, and the one gate that keeps what came later out of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import ibis

from enrichment.expressions import Expr
from enrichment.inputs import KNOWN_BY, KnownBy
from enrichment.parameters import AS_OF_SECONDS, AS_OF_TIME, whole_second

_TIME = "timestamp('UTC', 6)"


def _function(name: str, kind: str) -> Expr:
    """A call of a function without arguments that the engine's session defines."""

    def builtin() -> None: ...

    return ibis.udf.scalar.builtin(builtin, name=name, signature=((), kind))()


@dataclass(frozen=True, slots=True)
class AsOf:
    """One moment, to the whole second, as the two scalars that expressions use."""

    seconds: Expr
    """Whole seconds since 1970 UTC, int64."""
    time: Expr
    """The same as a UTC timestamp."""

    @classmethod
    def at(cls, moment: datetime) -> AsOf:
        """A constant. Raises ValueError for a datetime without a time zone."""
        moment = whole_second(moment)
        return cls(ibis.literal(int(moment.timestamp()), "int64"), ibis.literal(moment).cast(_TIME))

    @classmethod
    def parameter(cls) -> AsOf:
        """Two functions without arguments that the engine's session defines (`sync.scoring.engines.definitions`), so
        that one compiled text serves every moment.
        """
        return cls(_function(AS_OF_SECONDS, "int64"), _function(AS_OF_TIME, _TIME))


def known(tables: Mapping[str, Expr], as_of: AsOf) -> dict[str, Expr]:
    """Each table with only those rows that were known at `as_of`, by `inputs.KNOWN_BY`.

    A row is left out when any of its times is later. An unknown time is no reason to leave it out.
    """
    return {name: _known(table, KNOWN_BY[name], as_of) for name, table in tables.items()}


def _known(table: Expr, by: KnownBy, as_of: AsOf) -> Expr:
    for name in by.times:
        table = table.filter((table[name] <= as_of.time) | table[name].isnull())
    if not by.otherwise:
        return table
    undated = table.created_at.isnull()
    if by.only_if:
        undated = undated & ibis.or_(*(table[flag].coalesce(False) for flag in by.only_if))
    happened = ibis.or_(*((table[name] <= as_of.time).coalesce(False) for name in by.otherwise))
    timeless = ibis.and_(*(table[name].isnull() for name in by.otherwise))
    return table.filter(~undated | happened | timeless)
