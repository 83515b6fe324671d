"""Who answers whom, and how fast (A13 to A16): messages that were due an answer, and the habits of the organisation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from oracle.acts import Act, by_thread
from oracle.books import Row, Scope, Tables, known_at
from oracle.plain import business_hours, halved, median, shifted

from enrichment.model import ScoringModel


@dataclass(frozen=True)
class Item:
    """A message that was due an answer; `waited` business hours until it came, None: it never did."""

    account: int
    waited: float | None

    def prompt(self, half_life_hours: float, within: float) -> float:
        """1 at once, 0 never or too late; billionths, so that their order cannot matter."""
        too_late = self.waited is None or self.waited > within
        return 0.0 if too_late or self.waited is None else round(halved(self.waited, half_life_hours), 9)


class Replies:
    """All items of one side of the organisation."""

    def __init__(self, items: Iterable[Item], model: ScoringModel) -> None:
        self.items, self._rules = list(items), model.reciprocity
        self._within = self._rules.reply_within_days * model.calendar.day_hours

    @cached_property
    def usual(self) -> float | None:
        """The organisation's mean."""
        prompt = [i.prompt(self._rules.reply_half_life_hours, self._within) for i in self.items]
        return sum(prompt) / len(prompt) if prompt else None

    def responsiveness(self, scope: Scope) -> float | None:
        """A14 or A15; None below the least number of items."""
        mine = [i.prompt(self._rules.reply_half_life_hours, self._within) for i in self.items if i.account in scope]
        if len(mine) < self._rules.least_items or self.usual is None:
            return None
        kappa = self._rules.reply_kappa
        return 100 * (sum(mine) + kappa * self.usual) / (len(mine) + kappa)

    def counted(self, scope: Scope) -> tuple[int, int]:
        """How many were answered, of how many."""
        mine = [i for i in self.items if i.account in scope]
        return sum(1 for i in mine if i.waited is not None), len(mine)

    def hours(self, scope: Scope) -> float | None:
        """A16."""
        waits = [i.waited for i in self.items if i.account in scope and i.waited is not None]
        return median(waits) if len(waits) >= self._rules.least_items else None


class Clock:
    """Business hours on the clock of the one who is to answer."""

    def __init__(self, as_of: datetime, model: ScoringModel) -> None:
        self.as_of, self._calendar, self._window = as_of, model.calendar, model.effort.window_days
        self.limit = model.reciprocity.reply_within_days * model.calendar.day_hours

    def item(
        self, account: int, sent: datetime, offset: int | None, reply: datetime | None, later: int | None
    ) -> Item | None:
        """None when the message is too old or too young to be due an answer."""
        if (self.as_of - sent).total_seconds() > self._window * 86_400:
            return None
        if self.hours(sent, offset, self.as_of, offset) < self.limit:
            return None
        waited = None if reply is None else self.hours(sent, offset, reply, later)
        return Item(account, waited)

    def hours(self, start: datetime, offset: int | None, end: datetime, later: int | None) -> float:
        begin, finish = shifted(start, offset), shifted(end, later)
        return business_hours(begin, finish, self._calendar.day_starts_at_hour, self._calendar.day_hours)


def customer_replies(acts: list[Act], as_of: datetime, model: ScoringModel) -> Replies:
    """Our messages, and their answers on their clock."""
    return Replies(_mail_items(acts, "outbound", 0, Clock(as_of, model)), model)


def seller_replies(acts: list[Act], tables: Tables, as_of: datetime, model: ScoringModel) -> Replies:
    """Their messages and their cases, and our answers on our clock."""
    clock = Clock(as_of, model)
    items = _mail_items(acts, "inbound", 1, clock)
    for case in tables["cases"]:
        if (
            case["account"] is not None
            and case["opened_at"]
            and case["by_customer"]
            and known_at(as_of, case, "opened_at")
        ):
            answer, offset = _case_answer(case, acts, as_of), case["seller_offset"]
            item = clock.item(case["account"], case["opened_at"], offset, answer, offset)
            items += [item] if item else []
    return Replies(items, model)


def _case_answer(case: Row, acts: list[Act], as_of: datetime) -> datetime | None:
    """The first answer that the CRM keeps, else the first act of ours on the case."""
    opened: datetime = case["opened_at"]
    kept: datetime | None = case["first_reply_at"]
    if kept is not None and opened <= kept <= as_of:
        return kept
    ours = [a for a in acts if a.case == case["case"] and a.direction == "outbound" and not a.date_only]
    return min((a.at for a in ours if a.at >= opened), default=None)


def _mail_items(acts: list[Act], direction: str, side: int, clock: Clock) -> list[Item]:
    """Every message of a thread sent one way, answered by the next one the other way."""
    items = []
    for messages in by_thread(acts):
        timed = [m for m in messages if not m.date_only]
        for n, message in enumerate(timed):
            if message.direction != direction:
                continue
            answers = (m for m in timed[n + 1 :] if m.direction is not None and m.direction != direction)
            answer = next(answers, None)
            item = clock.item(
                message.account,
                message.at,
                message.offsets[side],
                answer.at if answer else None,
                answer.offsets[side] if answer else None,
            )
            items += [item] if item else []
    return items


def initiations(acts: Iterable[Act]) -> tuple[int, int]:
    """How often we, and they, opened: threads, calls, meetings, cases."""
    openers = [a.direction for a in acts if a.opens]
    return openers.count("outbound"), openers.count("inbound")


def unanswered(acts: list[Act], scope: Scope, as_of: datetime, model: ScoringModel) -> tuple[int, int]:
    """(U, N): of the N threads and cases that they opened in 90 days and that are due, U saw no act that could be ours
    (of which is not known that it is theirs), on any channel, within 7 business days."""
    kinds = left_by_kind(acts, scope, as_of, model).values()
    return sum(left for left, _ in kinds), sum(opened for _, opened in kinds)


def left_by_kind(acts: list[Act], scope: Scope, as_of: datetime, model: ScoringModel) -> dict[str, tuple[int, int]]:
    """`unanswered` of threads and of cases apart."""
    clock, since = Clock(as_of, model), model.effort.recent_days
    mine = [a for a in acts if a.account in scope]
    ours = [a for a in mine if not a.by_customer]
    found = {"threads": [0, 0], "cases": [0, 0]}
    for act in mine:
        opened = act.by_customer and (act.raised or (act.thread is not None and act.opens)) and not act.date_only
        if not opened or (as_of - act.at).total_seconds() >= since * 86_400:
            continue
        if clock.hours(act.at, act.offsets[1], as_of, act.offsets[1]) < clock.limit:
            continue
        answers = ((_latest(o), o.offsets[1]) for o in ours if _latest(o) >= act.at)
        left = not any(clock.hours(act.at, act.offsets[1], at, zone) <= clock.limit for at, zone in answers)
        counts = found["cases" if act.raised else "threads"]
        counts[0] += left
        counts[1] += 1
    return {kind: (left, opened) for kind, (left, opened) in found.items()}


def _latest(act: Act) -> datetime:
    """When it had happened for sure: of an act whose hour is unknown, the end of its day."""
    return act.at.replace(hour=0, minute=0, second=0) + timedelta(days=1) if act.date_only else act.at
