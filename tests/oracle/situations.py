"""Small organisations in which one account is in a situation whose right advice is known: `Town().needed("Mill")`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from oracle.archetypes import typed
from oracle.decide import Case
from oracle.reference import Reference

from enrichment.inputs import INPUTS
from enrichment.model import ScoringModel

AS_OF = datetime(2026, 6, 30, 12, tzinfo=UTC)  # a Tuesday
MODEL = ScoringModel.model_validate(
    {
        "families": {
            "strategic": {"Turbine": 0.8, "Bolts": 0.2, "Care": 0.5},
            "critical": {"Turbine": 0.95, "Bolts": 0.2, "Care": 0.4},
            "modular": {"Turbine": 0.1, "Bolts": 0.95, "Care": 0.6},
        }
    }
)


@dataclass(frozen=True)
class Advice:
    """What an account is told: its stance, which text, its figures, and what the stance was decided from."""

    stance: str
    text: str
    row: Mapping[str, Any]
    case: Case

    def __getattr__(self, name: str) -> Any:
        return self.row[f"bothways_{name}"]


class Town:
    """`ordinary` customers that buy every two months or so, write and are answered; and whoever is added."""

    def __init__(self, ordinary: int = 40, *, logged: bool = True, sales: bool = True) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in INPUTS}
        self.keys: dict[str, int] = {}
        self.sales = sales
        chance = Random(7)
        for n in range(ordinary):
            name, step = f"Ordinary {n}", chance.choice((45, 60, 75))
            self.account(name)
            amount = float(chance.randint(8, 40) * 1000)
            for k in range(12):
                self.buy(
                    name, amount, 5 + chance.randint(0, 20) + k * step, chance.choice(("Turbine", "Bolts", "Care"))
                )
            for _ in range(chance.randint(8, 20) if logged else 0):
                self.exchange(name, chance.uniform(12, 300), chance.choice(("outbound", "inbound")))
            if logged and chance.random() < 0.4:
                self.case(name, chance.uniform(15, 80), reply=1)

    def ago(self, days: float) -> datetime:
        return (AS_OF - timedelta(days=days)).replace(microsecond=0)

    def add(self, table: str, **values: Any) -> int:
        self.rows[table].append(values)
        return len(self.rows[table]) - 1

    def account(self, name: str, parent: str | None = None, **values: Any) -> None:
        key = self.keys[name] = len(self.keys)
        up = None if parent is None else self.keys[parent]
        facts = {"type": "Customer", "created_at": self.ago(3000), "industry": "Industry", **values}
        self.add("accounts", account=key, id=name, name=name, parent=up, family=key if up is None else up, **facts)
        self.add("people", person=key * 10, account=key)

    def deal(self, name: str, amount: float, close: float, family: str, **values: Any) -> int:
        number, key = len(self.rows["opportunities"]), self.keys[name]
        made = self.ago(max(close, 0) + 20)
        facts = {
            "opportunity": number,
            "account": key,
            "close_at": self.ago(close),
            "stage_changed_at": self.ago(close),
        }
        facts |= {"is_closed": False, "is_won": False, "owner": 1, "created_at": made, "amount": amount}
        self.add("opportunities", id=f"D{number}", name=f"Deal {number}", stage="s", **facts | values)
        self.add("families", opportunity=number, account=key, family=family, created_at=made)
        return number

    def buy(self, name: str, amount: float, close: float, family: str = "Bolts") -> None:
        if self.sales:
            self.deal(name, amount, close, family, is_closed=True, is_won=True)

    def monthly(self, name: str, amount: float, months: int = 24, family: str = "Bolts", newest: float = 9) -> None:
        for k in range(months):
            self.buy(name, amount, newest + 30 * k, family)

    def needed(self, name: str, amount: float = 22_000.0) -> None:
        """A customer that cannot do without us: critical product, long contract, everything installed."""
        self.account(name)
        self.monthly(name, amount, family="Turbine")
        self.contract(name, 500, -900)
        for family in ("Turbine", "Care", "Bolts"):
            self.asset(name, family)

    def contract(self, name: str, start: float, end: float) -> None:
        facts = {"start_at": self.ago(start), "end_at": self.ago(end), "created_at": self.ago(start)}
        self.add("contracts", account=self.keys[name], **facts)

    def asset(self, name: str, family: str) -> None:
        facts = {"active": True, "is_rival": False, "installed_at": self.ago(700), "created_at": self.ago(700)}
        self.add("assets", account=self.keys[name], family=family, **facts)

    def rivals(self, name: str, deal: int, *names: str) -> None:
        for rival in names:
            facts = {"seen_at": self.ago(40), "created_at": self.ago(40)}
            self.add("rivals", account=self.keys[name], opportunity=deal, name=rival, **facts)

    def act(self, name: str, channel: str, direction: str, days: float, **values: Any) -> int:
        number, key = len(self.rows["activities"]), self.keys[name]
        facts = {"channel": channel, "direction": direction, "outcome": "done", "occurred_at": self.ago(days)}
        facts |= {"account": key, "person": key * 10, "customer_people": 1, "seller_people": 1, "seller_user": 1}
        if channel == "email":
            facts["thread"] = 1_000_000 + number
        self.add("activities", activity=number, created_at=self.ago(days), **facts | values)
        self.add("activity_people", activity=number, person=key * 10)
        return number

    def mails(self, name: str, direction: str, count: int, newest: float, step: float, **values: Any) -> None:
        """Messages that open threads of their own."""
        for k in range(count):
            self.act(name, "email", direction, newest + k * step, **values)

    def exchange(self, name: str, days: float, first: str, after: float = 1.0) -> None:
        """A question and its answer in one thread."""
        number = self.act(name, "email", first, days)
        other = "inbound" if first == "outbound" else "outbound"
        self.act(name, "email", other, days - after, thread=1_000_000 + number)

    def case(self, name: str, days: float, reply: float | None = None) -> None:
        key, number = self.keys[name], len(self.rows["cases"])
        answered = None if reply is None else self.ago(days - reply)
        facts = {"opened_at": self.ago(days), "by_customer": True, "first_reply_at": answered}
        self.add("cases", case=number, account=key, person=key * 10, created_at=self.ago(days), **facts)

    def reference(self, model: ScoringModel = MODEL, as_of: datetime = AS_OF, previous: Any = None) -> Reference:
        return Reference(typed(self.rows), as_of, model, previous)

    def advice(self, model: ScoringModel = MODEL, as_of: datetime = AS_OF, previous: Any = None) -> dict[str, Advice]:
        """By account."""
        rows = self.reference(model, as_of, previous).account_rows()
        return {n: Advice(r["bothways_stance"], r["_why"]["text"], r, r["_why"]["case"]) for n, r in rows.items()}
