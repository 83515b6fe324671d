"""What each side did: the acts that count, the minutes of both sides, and who opened, wrote and answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import groupby
from typing import Any

from oracle.books import Row, Tables, told_by
from oracle.plain import days_between, halved, millionth

from enrichment.model import ScoringModel

CHANNEL = {"email": "email", "call": "call", "meeting": "meeting", "case_reply": "case"}
COUNTED = {"email": {None, "done"}, "case_reply": {None, "done"}, "meeting": {None, "done", "no_show"}}
COUNTED["call"] = {None, "done", "not_connected"}


@dataclass
class Act:
    """One act with the minutes it took each side; `worked` minutes are capped, `read` ones are not."""

    channel: str
    at: datetime
    account: int
    deal: int | None
    direction: str | None
    person: int | None
    people: frozenset[int]
    user: int | None
    thread: int | None
    seller_heads: int
    customer_heads: int
    case: int | None = None
    with_customer: bool = True
    date_only: bool = False
    mandated: bool = False
    offsets: tuple[int | None, int | None] = (None, None)  # the customer's, ours
    seller_worked: float = 0.0
    customer_worked: float = 0.0
    seller_read: float = 0.0
    customer_read: float = 0.0
    raised: bool = False  # a case that they opened
    opens: bool = False  # the first of its thread, a call, a meeting, a case
    is_answer: bool = False
    answered_at: datetime | None = None  # when they next wrote in the thread
    seller: float = 0.0
    customer: float = 0.0

    @property
    def by_customer(self) -> bool:
        return self.direction == "inbound"


@dataclass
class Effort:
    """Minutes of a set of acts: decayed, and plain."""

    seller: float = 0.0
    customer: float = 0.0
    count: float = 0.0
    acts: list[Act] = field(default_factory=list)

    @property
    def newest(self) -> datetime | None:
        return max((a.at for a in self.acts), default=None)


def read_acts(tables: Tables, as_of: datetime, model: ScoringModel) -> list[Act]:
    """Every act known at the as-of that counts, with its minutes after the caps and the capture rates."""
    people: dict[int, set[int]] = defaultdict(set)
    for row in tables["activity_people"]:
        people[row["activity"]].add(row["person"])
    acts = [
        _act(r, people, model)
        for r in tables["activities"]
        if r["account"] is not None and _counts(r, model) and told_by(as_of, r, "occurred_at")
    ]
    acts += [
        _raised(r, model)
        for r in tables["cases"]
        if r["account"] is not None and r["opened_at"] and r["by_customer"] and told_by(as_of, r, "opened_at")
    ]
    _follow_threads(acts, model)
    _cap_days(acts, model)
    for act in acts:
        rate = getattr(model.effort.capture_rates, act.channel)
        act.seller = act.seller_worked + act.seller_read
        act.customer = (act.customer_worked + act.customer_read) / rate
    return acts


def _counts(row: Row, model: ScoringModel) -> bool:
    if row["automated"] and model.effort.exclude_automated:
        return False
    if row["occurred_at"] is None or row["direction"] == "internal":
        return False
    return row["outcome"] in COUNTED.get(row["channel"], set())


def _act(row: Row, people: dict[int, set[int]], model: ScoringModel) -> Act:
    act = Act(
        channel=CHANNEL[row["channel"]],
        at=row["occurred_at"],
        account=row["account"],
        deal=row["opportunity"],
        direction=row["direction"],
        person=row["person"],
        people=frozenset(people[row["activity"]] | ({row["person"]} if row["person"] is not None else set())),
        user=row["seller_user"],
        thread=row["thread"] if row["channel"] == "email" else None,
        seller_heads=_heads(row, "seller_people"),
        customer_heads=1 if model.effort.meeting_counting == "once" else _heads(row, "customer_people"),
        case=row["case"],
        with_customer=row["person"] is not None or (row["customer_people"] or 0) > 0 or row["direction"] == "inbound",
        date_only=bool(row["date_only"]),
        mandated=bool(row["mandated"]),
        offsets=(row["customer_offset"], row["seller_offset"]),
    )
    _charge(act, row, model)
    act.opens = act.channel in ("call", "meeting") or (act.channel == "email" and act.thread is None)
    return act


def _written(act: Act, minutes: float) -> tuple[float, float]:
    """Minutes of the one who acted, ours and theirs; nobody's where nobody knows who did."""
    return {"outbound": (minutes, 0.0), "inbound": (0.0, minutes)}.get(act.direction or "", (0.0, 0.0))


def _heads(row: Row, column: str) -> int:
    """Only those who talk spend each a length of their own."""
    return max(1, row[column] or 0) if row["channel"] in ("call", "meeting") else 1


def _charge(act: Act, row: Row, model: ScoringModel) -> None:
    """Minutes by the table of acts, each side's at most 480."""
    m, ours, theirs = model.effort.minutes, 0.0, 0.0
    length, outcome = row["minutes"], row["outcome"]
    if act.channel == "email":
        ours, theirs = _written(act, m.email_write)
        act.seller_read = m.email_read if act.by_customer else 0.0
    elif act.channel == "case":
        ours, theirs = _written(act, m.case_reply)
    elif act.channel == "call" and (outcome == "not_connected" or (outcome is None and not length)):
        ours, theirs = _written(act, m.call_not_connected)
    else:
        usual = m.call_unknown_length if act.channel == "call" else m.meeting_unknown_length
        length = length or usual
        if outcome == "no_show":
            ours = length / 2
        else:
            ours, theirs = length * act.seller_heads, length * act.customer_heads
    act.seller_worked, act.customer_worked = min(m.act_cap, ours), min(m.act_cap, theirs)


def _raised(row: Row, model: ScoringModel) -> Act:
    return Act(
        channel="case",
        at=row["opened_at"],
        account=row["account"],
        deal=row["opportunity"],
        direction="inbound",
        person=row["person"],
        people=frozenset() if row["person"] is None else frozenset({row["person"]}),
        user=None,
        thread=None,
        seller_heads=1,
        customer_heads=1,
        customer_worked=min(model.effort.minutes.act_cap, model.effort.minutes.case_raised),
        raised=True,
        opens=True,
    )


def by_thread(acts: Iterable[Act]) -> list[list[Act]]:
    """The messages of each thread, oldest first."""
    mail = sorted((a for a in acts if a.thread is not None), key=lambda a: (a.thread, a.at))
    return [list(messages) for _, messages in groupby(mail, key=lambda a: a.thread)]


def _follow_threads(acts: list[Act], model: ScoringModel) -> None:
    """Who opened each thread; which messages of ours answer; which they answered, and so have read."""
    for messages in by_thread(acts):
        messages[0].opens = True
        for n, message in enumerate(messages):
            if message.direction != "outbound":
                continue
            message.is_answer = any(earlier.by_customer for earlier in messages[:n])
            message.answered_at = min((m.at for m in messages[n + 1 :] if m.by_customer), default=None)
            if model.effort.count_mail_read and message.answered_at is not None:
                message.customer_read = model.effort.minutes.email_read


def _cap_days(acts: list[Act], model: ScoringModel) -> None:
    """No first-named person works more than 600 minutes of a UTC day: that day's acts shrink together."""
    cap = model.effort.minutes.person_day_cap
    for side in ("seller", "customer"):
        days: dict[tuple[Any, date], list[Act]] = defaultdict(list)
        for act in acts:
            who = act.user if side == "seller" else act.person
            if who is not None:
                days[who, act.at.date()].append(act)
        for crowd in days.values():
            own = sum(millionth(getattr(a, f"{side}_worked") / getattr(a, f"{side}_heads")) for a in crowd)
            if own > cap:
                for act in crowd:
                    setattr(act, f"{side}_worked", getattr(act, f"{side}_worked") * cap / own)


def as_of_close(act: Act, until: datetime, model: ScoringModel) -> Act:
    """The act as it was known at the close: mail of ours that they answered later had not been read."""
    if act.customer_read and act.answered_at is not None and act.answered_at > until:
        unread = act.customer_read / model.effort.capture_rates.email
        return replace(act, customer=act.customer - unread, customer_read=0.0)
    return act


def effort(acts: Iterable[Act], now: datetime, half_life_days: float) -> Effort:
    """Decayed minutes of both sides, and the decayed number of acts with a customer's person."""
    total = Effort(acts=list(acts))
    for act in total.acts:
        weight = halved(days_between(act.at, now), half_life_days)
        total.seller += millionth(act.seller * weight)
        total.customer += millionth(act.customer * weight)
        total.count += millionth(weight) if act.with_customer else 0.0
    return total


def plain_minutes(acts: Iterable[Act]) -> tuple[float, float]:
    """Minutes of ours and of theirs, undecayed."""
    acts = list(acts)
    return sum(millionth(a.seller) for a in acts), sum(millionth(a.customer) for a in acts)
