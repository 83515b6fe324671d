"""Rows of random organisations and the dice that fill them."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from enrichment.inputs import INPUTS

Rows = dict[str, list[dict[str, Any]]]


class Ledger:
    """Rows of every input table at one as-of; the same seed throws the same."""

    def __init__(self, seed: int, as_of: datetime) -> None:
        self.random, self.as_of = Random(seed), as_of
        self.rows: Rows = {name: [] for name in INPUTS}
        # What the organisation as a whole does or does not record.
        recorded = ("sales", "pipeline", "contracts", "assets", "rivals", "mail", "calls", "cases")
        self.traits = {name: self.chance(0.85) for name in recorded}
        self.late = self.chance(0.3)  # deals are written down long after their close
        self.equal = self.chance(0.2)  # everybody buys the same
        self.logged = self.random.choice((1.0, 1.0, 0.4))  # the share of accounts of whom acts are recorded
        self.scale = self.random.choice((100, 2_500))

    def chance(self, p: float) -> bool:
        return self.random.random() < p

    def ago(self, least: float, most: float) -> datetime:
        """A whole second between so many days ago."""
        return self.as_of - timedelta(seconds=self.random.randint(int(least * 86400), int(most * 86400)))

    def made(self, event: datetime | None, lag: float = 3) -> datetime | None:
        """When a fact was recorded: at once, a little later, too late to be known, or nobody knows."""
        draw = self.random.random()
        if event is None or draw < 0.1:
            return None
        if draw < 0.14:
            return self.as_of + timedelta(days=self.random.randint(1, 40))
        return event + timedelta(seconds=self.random.randint(0, int(lag * 86400))) if draw < 0.4 else event

    def add(self, table: str, **values: Any) -> int:
        self.rows[table].append(values)
        return len(self.rows[table]) - 1

    def maybe(self, p: float, value: Any) -> Any:
        return value if self.chance(p) else None

    def sale(self, key: int, amount: float, days: int) -> None:
        self.open_deal(key, float(self.scale) if self.equal else amount, days, closed=True, is_won=True)

    def open_deal(self, key: int, amount: float, days: int, closed: bool, **values: Any) -> None:
        if not self.traits["sales" if closed else "pipeline"]:
            return
        number, close = len(self.rows["opportunities"]), self.ago(days, days + 1)
        made = close + timedelta(days=self.random.randint(20, 90)) if self.late else close - timedelta(days=30)
        row = {"amount": amount, "is_closed": closed, "close_at": close, "created_at": min(made, self.as_of)}
        row |= {"stage_changed_at": close if closed else None, "probability": self.random.choice((0.1, 0.5, 0.7))}
        row |= {"id": f"D{number:04}", "account": key, "owner": self.random.randint(1, 4), "is_won": False}
        self.add("opportunities", opportunity=number, name=f"Deal {number}", stage="s", **row | values)

    def contract(self, key: int, start: int, end: int) -> None:
        self.add("contracts", account=key, start_at=self.ago(start, start + 1), end_at=self.ago(end, end + 1))
