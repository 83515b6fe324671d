"""What each side did: the acts that count, the minutes of both sides, and who opened, wrote, read and answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from oracle.books import Row, Tables, known_at
from oracle.plain import days_between, halved, millionth

from enrichment.model import ScoringModel

CHANNEL = {"email": "email", "message": "message", "call": "call", "meeting": "meeting", "case_reply": "case"}
COUNTED: dict[str, set[str | None]] = {
    "email": {None, "done"},
    "message": {None, "done"},
    "case_reply": {None, "done"},
    "meeting": {None, "done", "no_show"},
    "call": {None, "done", "not_connected"},
}
OTHER = {"outbound": "inbound", "inbound": "outbound"}


@dataclass
class Act:
    """One act with the minutes it took each side; `worked` minutes are capped, `read` ones are not.

    `read_from`: when it was known that the receiver had read the message; None: nobody is charged for reading it.
    """

    key: int
    channel: str
    at: datetime
    account: int
    direction: str | None
    deals: frozenset[int] = frozenset()
    person: int | None = None
    people: frozenset[int] = frozenset()
    user: int | None = None
    thread: int | None = None
    seller_heads: int = 1
    customer_heads: int = 1
    case: int | None = None
    with_customer: bool = True
    date_only: bool = False
    mandated: bool = False
    met: bool = False  # a connected call or a held meeting
    written: bool = False  # a message
    offsets: tuple[int | None, int | None] = (None, None)  # the customer's, ours
    seller_worked: float = 0.0
    customer_worked: float = 0.0
    reading: float = 0.0  # minutes that reading it takes the receiver
    read_from: datetime | None = None
    raised: bool = False  # a case that they opened
    opens: bool = False  # the first of its thread, a call, a meeting, a case
    is_answer: bool = False  # of ours, to something they wrote before in the thread
    seller: float = 0.0
    customer: float = 0.0

    @property
    def by_customer(self) -> bool:
        return self.direction == "inbound"

    @property
    def ours(self) -> bool:
        return self.direction == "outbound"

    @property
    def signed(self) -> bool:
        """It is known who acted, or both sides took part."""
        return self.direction in OTHER or self.channel == "meeting" or (self.channel == "call" and self.met)


@dataclass
class Effort:
    """Minutes of a set of acts, decayed; the decayed number of signed ones with a customer's person, and of the
    unsigned."""

    seller: float = 0.0
    customer: float = 0.0
    count: float = 0.0
    unsigned: float = 0.0
    acts: list[Act] = field(default_factory=list)

    @property
    def newest(self) -> datetime | None:
        """The newest of which it is known who acted."""
        return max((a.at for a in self.acts if a.signed), default=None)

    @property
    def unseen(self) -> bool:
        """Something was logged, and of none of it is known who acted."""
        return bool(self.acts) and self.newest is None


def read_acts(tables: Tables, as_of: datetime, model: ScoringModel) -> list[Act]:
    """Every act known at the as-of that counts, with its minutes after the caps and the capture rates."""
    people: dict[int, set[int]] = defaultdict(set)
    for row in tables["activity_people"]:
        people[row["activity"]].add(row["person"])
    deals: dict[int, set[int]] = defaultdict(set)
    for row in tables["activity_opportunities"]:
        deals[row["activity"]].add(row["opportunity"])
    acts = [
        _act(r, people[r["activity"]], deals[r["activity"]], model)
        for r in tables["activities"]
        if r["account"] is not None and _counts(r, model) and known_at(as_of, r, "occurred_at")
    ]
    cases = [r for r in tables["cases"] if r["account"] is not None and known_at(as_of, r, "opened_at")]
    acts += [_raised(r, model) for r in cases if r["opened_at"] and r["by_customer"]]
    acts += [_first_reply(r, model) for r in cases if _replied_unlogged(r, acts, as_of)]
    _follow_threads(acts)
    _cap_days(acts, model)
    for act in acts:
        charge(act, model)
    return acts


def charge(act: Act, model: ScoringModel, until: datetime | None = None) -> Act:
    """Sets both sides' minutes; reading counts if it was known by `until`."""
    known = act.read_from is not None and (until is None or act.read_from <= until)
    read = act.reading if known and model.effort.count_mail_read else 0.0
    act.seller = act.seller_worked + (read if act.by_customer else 0.0)
    theirs = act.customer_worked + (read if act.ours else 0.0)
    act.customer = theirs / getattr(model.effort.capture_rates, act.channel)
    return act


def as_of_close(act: Act, until: datetime, model: ScoringModel) -> Act:
    """The act as it was known at the close of a deal."""
    return charge(replace(act), model, until)


def _counts(row: Row, model: ScoringModel) -> bool:
    message = row["channel"] in ("email", "message", "case_reply")
    automatic = row["automated"] or (message and row["sender"] in model.effort.automatic_senders)
    if automatic and model.effort.exclude_automated:
        return False
    if row["occurred_at"] is None or row["direction"] == "internal":
        return False
    return row["outcome"] in COUNTED.get(row["channel"], set())


def _act(row: Row, people: set[int], deals: set[int], model: ScoringModel) -> Act:
    wrote = row["channel"] in ("email", "message")
    act = Act(
        key=row["activity"],
        channel=CHANNEL[row["channel"]],
        at=row["occurred_at"],
        account=row["account"],
        direction=row["direction"],
        deals=frozenset(deals | ({row["opportunity"]} if row["opportunity"] is not None else set())),
        person=row["person"],
        people=frozenset(people | ({row["person"]} if row["person"] is not None else set())),
        user=row["seller_user"],
        thread=row["thread"] if wrote else None,
        seller_heads=_heads(row, "seller_people"),
        customer_heads=1 if model.effort.meeting_counting == "once" else _heads(row, "customer_people"),
        case=row["case"],
        with_customer=row["person"] is not None or (row["customer_people"] or 0) > 0 or row["direction"] == "inbound",
        date_only=bool(row["date_only"]),
        mandated=bool(row["mandated"]),
        written=wrote,
        offsets=(row["customer_offset"], row["seller_offset"]),
    )
    _work(act, row, model)
    act.opens = act.channel in ("call", "meeting") or (wrote and act.thread is None)
    return act


def _heads(row: Row, column: str) -> int:
    """Only those who talk spend each a length of their own."""
    return max(1, row[column] or 0) if row["channel"] in ("call", "meeting") else 1


def _actor(act: Act, minutes: float) -> tuple[float, float]:
    """Minutes of the one who acted, ours and theirs; nobody's where the direction is unknown."""
    return {"outbound": (minutes, 0.0), "inbound": (0.0, minutes)}.get(act.direction or "", (0.0, 0.0))


def _work(act: Act, row: Row, model: ScoringModel) -> None:
    """Minutes by the table of acts, what opening took included, each side's at most 480."""
    m, opening = model.effort.minutes, (0.0, 0.0)
    length, outcome = row["minutes"], row["outcome"]
    if row["channel"] == "email":
        ours, theirs = _actor(act, m.email_write)
        act.reading = m.email_read
    elif row["channel"] == "message":
        ours, theirs = _actor(act, m.message_write)
        act.reading = m.message_read
    elif act.channel == "case":
        ours, theirs = _actor(act, m.case_reply)
    elif act.channel == "call" and (outcome == "not_connected" or (outcome is None and not length)):
        ours, theirs = _actor(act, m.call_not_connected)
        opening = _actor(act, model.effort.opening.call)
    else:
        call = act.channel == "call"
        length = length or (m.call_unknown_length if call else m.meeting_unknown_length)
        opening = _actor(act, model.effort.opening.call if call else model.effort.opening.meeting)
        act.met = outcome != "no_show"
        ours, theirs = (
            (length * act.seller_heads, length * act.customer_heads) if act.met else (length / 2, 0.0)
        )  # fmt: skip
    act.seller_worked = min(m.act_cap, ours + opening[0])
    act.customer_worked = min(m.act_cap, theirs + opening[1])


def _case_act(row: Row, at: datetime, direction: str, key: int) -> Act:
    return Act(
        key=key,
        channel="case",
        at=at,
        account=row["account"],
        direction=direction,
        deals=frozenset() if row["opportunity"] is None else frozenset({row["opportunity"]}),
        person=row["person"],
        people=frozenset() if row["person"] is None else frozenset({row["person"]}),
        case=row["case"],
        offsets=(row["customer_offset"], row["seller_offset"]),
    )


def _raised(row: Row, model: ScoringModel) -> Act:
    act = _case_act(row, row["opened_at"], "inbound", -1)
    act.customer_worked = min(model.effort.minutes.act_cap, model.effort.minutes.case_raised)
    act.raised = act.opens = True
    return act


def _first_reply(row: Row, model: ScoringModel) -> Act:
    act = _case_act(row, row["first_reply_at"], "outbound", -1)
    act.seller_worked = min(model.effort.minutes.act_cap, model.effort.minutes.case_reply)
    return act


def _replied_unlogged(case: Row, acts: list[Act], as_of: datetime) -> bool:
    """The CRM keeps our first reply, and no act of ours on the case is logged within a day of it."""
    at = case["first_reply_at"]
    if at is None or at > as_of or (case["opened_at"] is not None and at < case["opened_at"]):
        return False
    return not any(a.ours and a.case == case["case"] and abs(a.at - at) <= timedelta(days=1) for a in acts)


def by_thread(acts: Iterable[Act]) -> list[list[Act]]:
    """The messages of each thread, by time, then id."""
    mail = sorted((a for a in acts if a.thread is not None), key=lambda a: (a.thread, a.at, a.key))
    return [list(messages) for _, messages in groupby(mail, key=lambda a: a.thread)]


def _follow_threads(acts: list[Act]) -> None:
    """Who opened each thread; which messages of ours answer; which messages their receivers have read.

    The receiver has read a message if it wrote later in the thread, or if the message is the first after one of its
    own.
    """
    for messages in by_thread(acts):
        messages[0].opens = True
        for n, message in enumerate(messages):
            receiver = OTHER.get(message.direction or "")
            if receiver is None:
                continue
            message.is_answer = message.ours and any(earlier.by_customer for earlier in messages[:n])
            before = [m.direction for m in messages[:n] if m.direction in OTHER]
            if before and before[-1] == receiver:
                message.read_from = message.at
            else:
                message.read_from = next((m.at for m in messages[n + 1 :] if m.direction == receiver), None)


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


def effort(acts: Iterable[Act], now: datetime, half_life_days: float) -> Effort:
    """Decayed minutes of both sides, and the decayed numbers of acts."""
    total = Effort(acts=list(acts))
    for act in total.acts:
        weight = halved(days_between(act.at, now), half_life_days)
        total.seller += millionth(act.seller * weight)
        total.customer += millionth(act.customer * weight)
        total.count += millionth(weight) if act.with_customer and act.signed else 0.0
        total.unsigned += 0.0 if act.signed else millionth(weight)
    return total


def plain_minutes(acts: Iterable[Act]) -> tuple[float, float]:
    """Minutes of ours and of theirs, undecayed."""
    acts = list(acts)
    return sum(millionth(a.seller) for a in acts), sum(millionth(a.customer) for a in acts)
