"""Random organisations as rows of the normalized tables: everything that the definitions have a word for happens in
some.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from oracle import profiles
from oracle.ledger import Ledger

from enrichment.fields import DEAL_STANCES, STANCES

FAMILIES = ("Pumps", "valves", "SEALS", "Hoses", "Other")
INDUSTRIES = ("Steel", "Food", None)
CURRENCIES = (None, "USD", "EUR", "JPY", "XXX")  # of XXX nobody knows a rate
ZONES = (-480, -300, 0, 60, 330, None)
SENDERS = (None, None, "ann", "noreply", "alerts", "no-reply", "notify")


class Maker(Ledger):
    """One organisation; the same seed makes the same one."""

    def __init__(
        self, seed: int, as_of: datetime, accounts: int = 30, deals: int = 6, busy: float | None = None
    ) -> None:
        """Of so many accounts with at most so many deals each; a `busy` one has some 4 acts an account times that."""
        super().__init__(seed, as_of)
        self.thread = 0
        self.keen: set[int] = set()
        self.families = FAMILIES
        self.kinds: dict[int, str] = {}
        self.busy = busy or self.random.choice((0.5, 2.0, 4.0))
        self.deals = deals
        self._rates()
        for key in range(accounts):
            self._account(key)
        for key in range(accounts):
            kind = self.kinds[key]
            if kind == "any":
                self._commerce(key)
            else:
                profiles.commerce(self, kind, key)
            self._habits(key)
            mood = self.random.choice(profiles.COURTED if kind == "prospect" else profiles.MOODS)
            if mood == "any":
                self._dealings(key)
            elif self.chance(self.logged):
                profiles.dealings(self, mood, key)
        self._forget_directions(Random(seed))

    def _forget_directions(self, chance: Random) -> None:
        """Of a few accounts nobody recorded who wrote, of some not even who rang."""
        for key in range(len(self.rows["accounts"])):
            kinds = chance.choice((*[()] * 20, ("message",), ("email", "message"), ("email", "message", "call")))
            share = chance.choice((0.5, 1.0))
            kinds = () if self.kinds[key] == "locked" else kinds  # those who are held by cost are few as it is
            for act in self.rows["activities"]:
                if act["account"] == key and act["channel"] in kinds and chance.random() < share:
                    act["direction"] = None

    def _rates(self) -> None:
        edges = sorted(self.ago(-60, 800) for _ in range(4))
        for currency, rates in (("EUR", (1.25, 1.1, 1.5)), ("JPY", (0.01, 0.02, 0.04))):
            for n, rate in enumerate(rates):
                start = None if n == 0 and self.chance(0.7) else edges[n]
                end = edges[n + 1] if self.chance(0.5) and n < 2 else None
                if n == 1 and self.chance(0.3):
                    end = edges[n] + (edges[n + 1] - edges[n]) / 2
                    end = end.replace(microsecond=0)
                self.add("currency_rates", currency=currency, rate=rate, start_at=start, end_at=end)
        self.random.shuffle(self.rows["currency_rates"])

    def _account(self, key: int) -> None:
        r = self.random
        parent = r.randrange(key) if key and self.chance(0.25) else None
        kind = self.kinds[key] = r.choice(profiles.KINDS)
        self.keen = self.keen | {key} if kind == "any" and self.chance(0.3) else self.keen  # who need us much
        keen = key in self.keen
        family = key if parent is None else self.rows["accounts"][parent]["family"]
        row = {
            "account": key,
            "id": f"A{key:03}",
            "name": f"Account {key}",
            "parent": parent,
            "family": family,
            "lifecycle_stage": self.maybe(0.2, r.choice(("customer", "lead", "evangelist"))),
            "industry": r.choice(INDUSTRIES),
            "currency": r.choice(CURRENCIES[:4]) if self.chance(0.9) else "XXX",
            "annual_revenue": self.maybe(0.7, float(r.choice((0, 1000, 250_000, 5_000_000)))),
            "employees": self.maybe(0.6, r.choice((0, 12, 400))),
            "wallet": self.maybe(0.3, float(r.choice((0, 5_000, 80_000)))),
            "strategic_importance": 1.0 if keen else self.maybe(0.2, r.choice((0.0, 0.35, 1.0, 7.0))),
            "mission_criticality": r.choice((1.0, 0.1)) if keen else self.maybe(0.2, r.random()),
            "non_modularity": 1.0 if keen else self.maybe(0.2, r.random()),
            "strategic_customer": self.maybe(0.3, self.chance(0.5)),
            "known_vendors": self.maybe(0.3, r.choice((1, 2, 4))),
            "created_at": self.made(self.ago(1, 1500)),
            "type": r.choice(("customer", "customer", "Client", "partner", None)),
        }
        self.add("accounts", **row | profiles.facts(kind, r))
        for n in range(r.randint(1, 4)):
            self.add("people", person=key * 10 + n, account=key)

    def _commerce(self, key: int) -> None:
        r = self.random
        for _ in range(r.randint(0, self.deals)):
            self._deal(key if self.chance(0.98) else None)
        if self.traits["contracts"] and key in self.keen and self.chance(0.7):
            self.add("contracts", account=key, start_at=self.ago(100, 900), end_at=self.ago(-900, -300))
        if self.traits["contracts"] and self.chance(0.4):
            start = self.maybe(0.9, self.ago(-20, 1000))
            end = self.maybe(0.85, self.ago(-900, 300))
            if start is None or end is None or end > start:
                self.add("contracts", account=key, start_at=start, end_at=end, created_at=self.made(start))
        if self.traits["assets"]:
            for _ in range(r.choice((0, 0, 1, 3))):
                self.asset(key)
        if self.traits["rivals"]:
            mine = [d["opportunity"] for d in self.rows["opportunities"] if d["account"] == key]
            for _ in range(r.choice((0, 0, 1, 2))):
                seen = self.maybe(0.95, self.ago(-10, 900))
                name = r.choice(("Acme", "acme", "Bolt", "Crane"))
                deal = r.choice(mine) if mine and self.chance(0.8) else None
                self.add("rivals", account=key, opportunity=deal, name=name, seen_at=seen, created_at=self.made(seen))

    def asset(self, key: int, **values: Any) -> None:
        r, rival = self.random, self.chance(0.3)
        installed = self.maybe(0.9, self.ago(-20, 1200))
        row = {
            "account": key,
            "family": self.maybe(0.8, r.choice(FAMILIES)),
            "active": r.choice((True, True, True, False)),
            "is_rival": rival,
            "vendor": self.maybe(0.8, r.choice(("Bolt", "Drum"))) if rival else None,
            "installed_at": installed,
            "ends_at": self.maybe(0.3, self.ago(-400, 200)),
            "price": self.maybe(0.8, float(r.randint(1, 900))),
            "currency": r.choice(CURRENCIES),
            "quantity": self.maybe(0.7, float(r.choice((1, 2, 10)))),
            "created_at": self.made(installed),
        }
        self.add("assets", **row | values)

    def _deal(self, account: int | None) -> None:
        r, key = self.random, len(self.rows["opportunities"])
        closed = self.traits["sales"] and self.chance(0.6)
        if not closed and not self.traits["pipeline"]:
            return
        close = self.ago(-30, r.choice((300, 1100))) if closed else self.maybe(0.9, self.ago(-200, 100))
        created = (close or self.as_of) - timedelta(days=r.randint(5, 200), seconds=r.randint(0, 86399))
        known = self.made(created if self.chance(0.8) else min(created, self.as_of), 1)
        self.add(
            "opportunities",
            opportunity=key,
            id=f"D{key:04}",
            account=account,
            name=f"Deal {key}",
            amount=self.maybe(0.85, float(r.choice((0, -400, 100, 2_500, 40_000)) + r.randint(0, 99))),
            currency=r.choice(CURRENCIES),
            is_closed=closed,
            is_won=closed and self.chance(0.6),
            stage="open",
            stage_changed_at=self.maybe(0.8, self.ago(-20, 300)) if closed and self.chance(0.3) else close,
            probability=self.maybe(0.85, r.choice((0.0, 0.1, 0.5, 0.6, 0.9, 1.0))),
            close_at=close,
            owner=self.maybe(0.9, r.randint(1, 4)),
            created_at=known,
        )
        for family in r.sample(FAMILIES, r.choice((0, 1, 1, 2))):
            self.add("families", opportunity=key, account=account, family=family, created_at=self.made(known))
        if account is not None:
            for person in r.sample(range(4), r.choice((0, 0, 1, 2))):
                self.add(
                    "opportunity_people", opportunity=key, person=account * 10 + person, created_at=self.made(known)
                )

    def _habits(self, key: int) -> None:
        r = self.random
        self.zones = (r.choice(ZONES), r.choice(ZONES))
        self.ours = r.choice((0.05, 0.5, 0.65, 0.97))  # how often we act first
        self.cases = []
        mine = [d for d in self.rows["opportunities"] if d["account"] == key]
        running = [d["opportunity"] for d in mine if not d["is_closed"]]
        self.mine = [d["opportunity"] for d in mine] + running * 8  # most acts on a deal are on an open one

    def _dealings(self, key: int) -> None:
        r = self.random
        amount = self.busy * r.choice((0.0, 0.5, 1.0, 2.0))
        if self.traits["cases"]:
            for _ in range(int(amount * r.randint(0, 2))):
                self.case(key)
        if self.traits["mail"]:
            for _ in range(int(amount * r.randint(0, 8))):
                self._mail(key)
        if self.traits["calls"]:
            for _ in range(int(amount * r.randint(0, 8))):
                self._talk(key)

    def _when(self) -> datetime:
        return self.ago(-3, self.random.choice((45, 100, 420)))

    def _who(self) -> str:
        return "outbound" if self.chance(self.ours) else "inbound"

    def act(self, key: int, channel: str, direction: str | None, at: datetime, **values: Any) -> None:
        r, number = self.random, len(self.rows["activities"])
        people = r.sample(range(key * 10, key * 10 + 4), r.randint(0, 3))
        facts = {
            "outcome": "done" if self.chance(0.92) else r.choice((None, "bounced", "scheduled", "cancelled")),
            "automated": self.maybe(0.5, self.chance(0.1)),
            "date_only": self.maybe(0.5, self.chance(0.1)),
            "opportunity": r.choice(self.mine) if self.mine and self.chance(0.5) else None,
            "sender": r.choice(SENDERS) if channel in ("email", "message", "case_reply") and self.chance(0.3) else None,
            "person": people[0] if people else None,
            "customer_people": max(1, len(people)),
            "seller_people": r.choice((1, 1, 2, 5, None)),
            "seller_user": self.maybe(0.9, r.randint(1, 4)),
            "case": r.choice(self.cases) if self.cases and self.chance(0.08) else None,
            "mandated": self.maybe(0.5, self.chance(0.2)),
            "customer_offset": self.zones[0],
            "seller_offset": self.zones[1],
            "created_at": self.made(at),
        }
        self.add(
            "activities",
            activity=number,
            channel=channel,
            direction=direction,
            occurred_at=at,
            account=key,
            **facts | values,
        )
        if facts["opportunity"] is not None:
            others = sorted(set(self.mine) - {facts["opportunity"]})
            for deal in r.sample(others, min(len(others), r.choice((0, 0, 1, 2)))):
                if deal != values.get("opportunity"):  # the table holds the others, not the act's first
                    self.add("activity_opportunities", activity=number, opportunity=deal)
        for person in people:
            self.add("activity_people", activity=number, person=person)

    def _mail(self, key: int) -> None:
        """A thread: messages either way, answered in minutes, over weekends, late, or never."""
        r, at = self.random, self._when()
        thread = self.maybe(0.9, self.thread)
        self.thread += 1
        direction = self._who()
        for _ in range(r.choice((1, 1, 2, 3, 6))):
            way = direction if self.chance(0.97) else None
            self.act(key, "email" if self.chance(0.9) else "message", way, at, thread=thread)
            at += timedelta(seconds=int(r.choice((0.02, 0.5, 3, 14)) * 86400 * r.random()) + 1)
            if self.chance(0.6):
                direction = "inbound" if direction == "outbound" else "outbound"

    def _talk(self, key: int) -> None:
        r, at = self.random, self._when()
        direction = self.maybe(0.85, self._who())
        if self.chance(0.5):
            outcome = r.choice(("done", "done", "not_connected", None))
            minutes = self.maybe(0.7, float(r.choice((1, 7, 20, 45, 90, 500))))
            self.act(key, "call", direction, at, outcome=outcome, minutes=minutes)
        elif self.chance(0.85):
            outcome = r.choice(("done", "done", "no_show", "scheduled"))
            minutes = self.maybe(0.9, float(r.choice((30, 60, 420))))
            self.act(key, "meeting", direction, at, outcome=outcome, minutes=minutes)
        else:
            self.act(key, r.choice(("task", "note")), direction, at)

    def case(self, key: int) -> None:
        r, number, opened = self.random, len(self.rows["cases"]), self._when()
        answered = opened + timedelta(seconds=int(r.choice((0.1, 2, 15)) * 86400 * r.random()))
        self.add(
            "cases",
            case=number,
            account=key,
            opportunity=r.choice(self.mine) if self.mine and self.chance(0.2) else None,
            person=self.maybe(0.8, key * 10 + r.randint(0, 3)),
            opened_at=opened,
            by_customer=self.maybe(0.95, self.chance(0.8)),
            first_reply_at=self.maybe(0.4, answered),
            customer_offset=self.zones[0],
            seller_offset=self.zones[1],
            created_at=self.made(opened),
        )
        for _ in range(r.choice((0, 1, 2))):
            at = opened + timedelta(seconds=r.randint(600, 12 * 86400))
            self.cases.append(number)
            self.act(key, "case_reply", r.choice(("outbound", "inbound")), at, case=number)

    def previous(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Stances last decided for some of the records, by which version, and whether the silence was known."""
        r, account, deal = self.random, [s for s, _ in STANCES], [s for s, _ in DEAL_STANCES]
        stances = {
            "accounts": {a["id"]: r.choice(account) for a in self.rows["accounts"] if self.chance(0.6)},
            "opportunities": {d["id"]: r.choice(deal) for d in self.rows["opportunities"] if self.chance(0.6)},
        }
        versions = (None, None, "2.0.0+0a1b2c3d", "2.7.1+0a1b2c3d", "1.4.0+0a1b2c3d", "20.0.0")
        return {
            stream: {
                i: {
                    "stance": s,
                    "model_version": r.choice(versions),
                    "silence_known": self.maybe(0.7, self.chance(0.5)),
                }
                for i, s in last.items()
            }
            for stream, last in stances.items()
        }
