"""The figures that the reasons of an account begin with: those on which its stance rests, in the words of the
catalogue."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from oracle.acts import Act
from oracle.books import Scope
from oracle.decide import NONE, Case
from oracle.halves import Engagement, Organisation
from oracle.importance import Importance
from oracle.plain import days_between, rounded
from oracle.replies import left_by_kind
from oracle.standing import midnight

from enrichment.model import ScoringModel

MONTH = 365.25 / 12


def starting(case: Case, model: ScoringModel, eased: float = 0.0) -> bool:
    """They hardly ever open, while customers do, and the effort is ours."""
    t = model.stance
    if case.a13 is None or case.a11 is None or case.openings < t.least_openings:
        return False
    usual = (case.usual_opening or 0.0) * 100 >= t.usual_openings
    return usual and case.a13 <= t.few_openings + eased and case.a11 > -eased


@dataclass
class Leading:
    """The figures of one account; `scope` is whose lifecycle it has, `whose` whose effort it is judged by."""

    org: Organisation
    case: Case
    own: Engagement
    judged: Engagement
    weight: Importance
    scope: Scope
    own_scope: Scope
    reach: float

    def texts(self, chosen: str, text: str) -> list[str]:
        """At most two, in order, and a contract that ran out."""
        found = *self._pair(chosen, text), self.run_out(chosen)
        return [part for part in found if part is not None]

    def run_out(self, chosen: str) -> str | None:
        """The contract that ended lately; unsaid where another runs, a deal is open, or the stance rests on no need."""
        books = self.org.books
        pacts = books.contracts_of(self.own_scope)
        ended = self._days(c["end_at"] for c in pacts if c["end_at"] and c["end_at"] <= books.as_of)
        if chosen in ("respond", "prospect", "lapsed", NONE) or any(books.runs(c) for c in pacts):
            return None
        if ended is None or ended >= self.org.model.effort.recent_days:
            return None
        if any(not d.closed for d in books.of(self.scope)):
            return None
        return self._count("run_out", ended)

    def _pair(self, chosen: str, text: str) -> tuple[str | None, str | None]:
        case, model = self.case, self.org.model
        quiet = case.silent and case.nothing_lately
        effort = self.silence() if quiet else self.hours()
        opening = chosen in ("test_reciprocity", "rebalance") and (case.a11 or 0.0) < model.stance.balance
        opening = opening and starting(case, model, model.stance.hysteresis)
        if text == "respond":
            return self.we_replied() or self.wrote(), self.hours()
        if chosen == "respond":
            threads, cases = self.answered("threads"), self.answered("cases")
            if threads:
                return threads, cases or self.hours()
            return cases, self.hours()
        if chosen == "prospect":
            told = text == "prospect_stop"
            return (self.since(), self.heard()) if told else (self.open_deals(), self.pipeline())
        if chosen == "lapsed":
            if text == "lapsed_back":
                return self.word(), self.bought()
            return (self.lost() if text == "lapsed_lost" else self.bought()), self.since()
        if chosen in ("protect", "partner"):
            return self.revenue() or self.pipeline(), effort
        if chosen == "earn_value":
            value, cost = (_whole(x or 0.0) for x in (case.a2, case.a3))
            return self._figure("held", value=value, cost=cost), effort
        if text == "keep_unknown":
            return self.revenue(), effort
        if chosen == NONE:
            return None, None
        if opening or text == "build_close_opening":
            return self.openings(), effort if opening else None
        if chosen == "test_reciprocity":
            return effort, self.openings()
        return effort, self.replied() if text == "keep_unanswered" else None

    def _figure(self, name: str, **figures: object) -> str:
        return self.org.model.words.figures[name].format(**figures)

    def _count(self, name: str, n: float | None) -> str | None:
        return None if n is None else self.org.model.words.counts[name].text(math.floor(n))

    def _acts(self) -> list[Act]:
        return [x for a in self.scope for x in self.org.acts[a]]

    def _days(self, moments: Iterable[datetime]) -> float | None:
        newest = max(moments, default=None)
        return None if newest is None else days_between(newest, self.org.as_of)

    def answered(self, kind: str) -> str | None:
        left, opened = left_by_kind(self.org.all_acts, self.own_scope, self.org.as_of, self.org.model)[kind]
        return self._figure(kind, answered=opened - left, opened=opened) if opened else None

    def wrote(self) -> str | None:
        days = self.org.model.effort.recent_days
        said = [a for s in self.own_scope for a in self.org.acts[s] if a.at > self.org.ago(days)]
        said = [a for a in said if a.channel in ("email", "message") or (a.channel == "case" and not a.raised)]
        ours, theirs = sum(a.ours for a in said), sum(a.by_customer for a in said)
        return self._figure("wrote", theirs=theirs, ours=ours, days=days) if ours + theirs else None

    def hours(self) -> str | None:
        ours, theirs = (rounded(h) or 0.0 for h in self.own.hours)
        known = self.org.has_acts and self.own.hours_known and not self.case.judged_with_family
        if not known or ours + theirs < 0.1:
            return None
        days = self.org.model.effort.recent_days
        return self._figure("hours", theirs=f"{theirs:.1f}", ours=f"{ours:.1f}", days=days)

    def silence(self) -> str:
        effort, n = self.org.model.effort, _whole(100 * self.reach)
        if self.own.work.acts:
            return self._figure("little", days=effort.recent_days, n=n)
        return self._figure("nothing", days=effort.window_days, n=n)

    def since(self) -> str | None:
        """Acts of ours of the year since we last heard of them or they bought; unsaid where something in between may
        be theirs."""
        bought = self.org.books.purchase_days(self.scope)
        theirs = [a.at for a in self._acts() if a.by_customer or a.met]
        last = max([*theirs, *(midnight(d) for d in bought[-1:])], default=None)
        window = self.org.ago(self.org.model.effort.window_days)
        ours = [a for a in self._acts() if a.ours and a.at > window and (last is None or a.at > last)]
        return self._count("unanswered", len(ours)) if ours and not self.case.perhaps_since else None

    def heard(self) -> str | None:
        return self._count("contact", self._days(a.at for a in self._acts() if a.by_customer or a.met))

    def word(self) -> str | None:
        return self._count("word", self._days(a.at for a in self._acts() if a.by_customer and a.channel != "meeting"))

    def open_deals(self) -> str | None:
        return self._count("open", sum(not d.closed for d in self.org.books.of(self.scope)) or None)

    def lost(self) -> str | None:
        books = self.org.books
        bought = [midnight(d) for d in books.purchase_days(self.scope)[-1:]]
        ends = [d.close_at for d in books.of(self.scope) if d.closed and not d.won and d.close_at]
        ends += [c["end_at"] for c in books.contracts_of(self.scope) if c["end_at"] and c["end_at"] <= books.as_of]
        days = self._days(e for e in ends if not bought or e > bought[0])
        return None if days is None else self._count("lost", days / MONTH)

    def bought(self) -> str | None:
        books = self.org.books
        bought = self._days(midnight(d) for d in books.purchase_days(self.scope)[-1:])
        if bought is not None:
            return self._count("bought", bought / MONTH)
        ended = self._days(c["end_at"] for c in books.contracts_of(self.scope) if c["end_at"])
        return None if ended is None else self._count("ended", ended / MONTH)

    def revenue(self) -> str | None:
        n = _whole(100 * (self.weight.share or 0.0))
        return self._count("revenue", n) if n >= 1 else None

    def pipeline(self) -> str | None:
        n = _whole(100 * (self.weight.pipeline_share or 0.0))
        return self._count("pipeline", n) if n >= 1 else None

    def openings(self) -> str | None:
        ours, theirs = self.judged.openings
        if ours < self.org.model.stance.least_openings or self.org.usual_opening is None:
            return None
        return self._figure("opened", n=theirs, all=ours + theirs)

    def we_replied(self) -> str | None:
        answered, due = self.own.we_replied
        return self._figure("we_replied", n=answered, all=due) if due else None

    def replied(self) -> str | None:
        replied, asked = self.judged.replied
        return self._figure("replied", n=replied, all=asked) if asked else None


def _whole(value: float) -> int:
    """To the nearest whole number, a half upwards, as people round."""
    return math.floor(round(value, 9) + 0.5)
