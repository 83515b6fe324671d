"""What unrated product families cost, in figures of the last scored run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from connectors.base import Finding
from enrichment.fields import STANCES
from enrichment.model import COMPONENTS, ScoringModel
from sync.ratings.sold import FamilySold, families_sold

if TYPE_CHECKING:
    from config.settings import Settings

ENOUGH = 0.8
"""Share of revenue in rated families from which nothing more is asked for."""
_PARTS = ("strategic_importance", "mission_criticality", "non_modularity")
_AUDIT = ("id", "active_families", "scored", "dependence_known", *(f"{name}_value" for name in _PARTS))
_SCORES = ("id", "bothways_customer_dependence")


@dataclass(frozen=True, slots=True)
class RatingsCost:
    """`accounts` have a customer dependence; `fewer_parts` of them bought product families none of which says anything,
    so that three parts of it are unknown, and `highest` is the highest of theirs. `unknown` more have none for want of
    any part.
    """

    families: int
    unrated: int
    unrated_share: float
    accounts: int
    fewer_parts: int
    unknown: int
    highest: float | None
    first: FamilySold
    high: float

    @property
    def message(self) -> str:
        """What it costs, in a sentence or two."""
        families = f"{self.families:,} product {'family' if self.families == 1 else 'families'} sold"
        if self.unrated == self.families:
            which = f"None of the {families} is rated"
        else:
            are = "is" if self.unrated == 1 else "are"
            which = f"{self.unrated:,} of the {families} ({percent(self.unrated_share)} of revenue) {are} not rated"
        rest = f"rests on at most {len(COMPONENTS) - len(_PARTS)} of its {len(COMPONENTS)} parts"
        text = f'{which}. For {self.fewer_parts:,} of {self.accounts:,} accounts "They need us" {rest}'
        if self.highest is not None and self.highest < self.high:
            labels = dict(STANCES)
            text += (
                f": none of them is above {self.highest:.1f}, and {labels['build_close']} and {labels['partner']}"
                f" begin at {self.high:.0f}"
            )
        return text + (f". It is unknown for {self.unknown:,} more." if self.unknown else ".")

    @property
    def advice(self) -> str:
        """Which family to rate first, and what that covers."""
        bought = f"{self.first.customers:,} {'account' if self.first.customers == 1 else 'accounts'}"
        return f"Rate {self.first.family} first ({percent(self.first.share)} of revenue, {bought})"

    def finding(self, command: str) -> Finding:
        """The same as a line of `check`; `command` is how to rate."""
        return Finding("todo", "ratings", self.message, f"{self.advice}: {command}")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def ratings_cost(scores: Path, normalized: Path, as_of: datetime | None, model: ScoringModel) -> RatingsCost | None:
    """What the ratings that are missing cost; None when they cost nothing: enough is rated, no families are recorded,
    or every account says itself what its ratings would.
    """
    sold = families_sold(normalized, as_of, model, normalized.parent)
    unrated = [family for family in sold if not family.rated]
    share = sum(family.share for family in unrated)
    if not unrated or (share <= 1 - ENOUGH and len(unrated) < len(sold)):
        return None
    audits, needs = _rows(scores / "account_audit.parquet", _AUDIT), _rows(scores / "accounts.parquet", _SCORES)
    need = {row["id"]: row["bothways_customer_dependence"] for row in needs}
    without = [
        row for row in audits if row["active_families"] and not any(row[f"{name}_value"] is not None for name in _PARTS)
    ]
    resting = [need[row["id"]] for row in without if need.get(row["id"]) is not None]
    unknown = sum(need.get(row["id"]) is None and row["scored"] and not row["dependence_known"] for row in without)
    if not resting and not unknown:
        return None
    return RatingsCost(
        families=len(sold),
        unrated=len(unrated),
        unrated_share=share,
        accounts=sum(value is not None for value in need.values()),
        fewer_parts=len(resting),
        unknown=unknown,
        highest=max(resting, default=None),
        first=unrated[0],
        high=model.stance.high,
    )


def cost_of_last_run(settings: Settings, model: ScoringModel) -> RatingsCost | None:
    """The same for the last finished run of these settings; None before the first."""
    from sync.state.run_queries import finished_runs, has_state

    runs = finished_runs(settings) if has_state(settings) else []
    if not runs:
        return None
    return cost_of(settings, runs[0].scores_dir, model)


def cost_of(settings: Settings, scores: Path, model: ScoringModel) -> RatingsCost | None:
    """The same for one folder of scores, made from what the workspace read last."""
    return ratings_cost(scores, settings.workspace.dir / "normalized", as_of_scores(scores), model)


def as_of_scores(scores: Path) -> datetime | None:
    """The moment that a folder of scores is of."""
    path = scores / "accounts.parquet"
    rows = pq.read_table(path, columns=["bothways_asof"]).slice(0, 1).to_pylist() if path.exists() else []
    return rows[0]["bothways_asof"] if rows else None


def _rows(path: Path, columns: Sequence[str]) -> list[dict[str, Any]]:
    if not path.exists() or not set(columns) <= set(pq.read_schema(path).names):
        return []
    rows: list[dict[str, Any]] = pq.read_table(path, columns=list(columns)).to_pylist()
    return rows


def percent(share: float) -> str:
    """A share for people: something is never called 0%."""
    return "under 1%" if 0 < share < 0.005 else f"{100 * share:.0f}%"
