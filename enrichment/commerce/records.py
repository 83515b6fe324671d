"""The commercial records that scores are made of, together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from enrichment.as_of import AsOf
from enrichment.commerce import holdings
from enrichment.expressions import Expr
from enrichment.model import ScoringModel


@dataclass(frozen=True, slots=True)
class Commerce:
    """What the commercial records came to. `bought` are deals' families, `seen` rivals, `used` assets."""

    deals: Expr
    contracts: Expr
    used: Expr
    bought: Expr
    seen: Expr


def read_commerce(tables: Mapping[str, Expr], dealt: Expr, as_of: AsOf, model: ScoringModel) -> Commerce:
    """The commercial tables as known at `as_of`."""
    return Commerce(
        dealt,
        holdings.contracts(tables),
        holdings.assets(tables, as_of, model),
        holdings.deal_families(tables),
        holdings.rivals(tables, dealt, as_of, model),
    )
