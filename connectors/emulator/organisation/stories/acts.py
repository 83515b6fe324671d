"""The acts of the stories: mails in threads, calls, meetings, to-dos, and cases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from connectors.emulator.organisation.catalogue import OWN_DOMAINS, record_id
from connectors.emulator.organisation.stories.book import Book, Party, Row

_LOGGED = timedelta(minutes=4)


def _act(book: Book, party: Party, when: datetime, values: Row) -> str:
    scheduled = values.get("outcome") == "scheduled"
    if scheduled != (when + _LOGGED > book.now):
        raise ValueError(f"{party.name}: an act at {when} is on the wrong side of now")
    created = book.at(2) if scheduled else when + _LOGGED
    defaults: Row = {
        "account_id": party.id,
        "automated": False,
        "date_only": False,
        "outcome": "done",
        "occurred_at": when,
    }
    return book.add("activities", created, defaults | values)


def mails(
    book: Book,
    party: Party,
    days: float,
    script: str,
    *,
    who: int = 0,
    cc: Sequence[int] = (),
    user: str | None = None,
    deal: str | None = None,
) -> None:
    """One thread that starts `days` ago. The script reads left to right: `>` is a mail of ours, `<` one of theirs, a
    number the hours until the next: `> 5 < 2 >`."""
    people = [party.people[who], *(party.people[i] for i in cc)]
    links: Row = {"person_ids": people, "user_ids": [user or party.owner], "opportunity_id": deal}
    _thread(book, party, book.at(days), script, links)


def _thread(book: Book, party: Party, when: datetime, script: str, links: Row) -> None:
    book.threads += 1
    for sign in script.split():
        if sign not in "<>":
            when += timedelta(seconds=round(float(sign) * 3600))
            continue
        values: Row = {"channel": "email", "direction": "outbound" if sign == ">" else "inbound"}
        values |= {"thread_id": record_id("threads", book.threads), "dedupe_key": _message_id(book)}
        _act(book, party, when, values | links)


def _message_id(book: Book) -> str:
    book.messages += 1
    return f"<{record_id('messages', book.messages)}@{OWN_DOMAINS[0]}>"


def rhythm(
    book: Book,
    party: Party,
    script: str,
    *,
    first: int,
    last: int,
    every: int,
    who: int | None = None,
    deal: str | None = None,
) -> None:
    """The same kind of thread every so many days, from `first` to `last` days ago, with each of their people in
    turn.
    """
    for turn, days in enumerate(range(first, last - 1, -every)):
        mails(book, party, days, script, who=turn % len(party.people) if who is None else who, deal=deal)


def call(
    book: Book,
    party: Party,
    days: float,
    minutes: float | None,
    *,
    theirs: bool = False,
    who: int = 0,
    deal: str | None = None,
) -> None:
    """A call; without minutes nobody picked up."""
    values: Row = {
        "channel": "call",
        "direction": "inbound" if theirs else "outbound",
        "person_ids": [party.people[who]],
        "user_ids": [party.owner],
    }
    values |= {
        "minutes": None if minutes is None else round(minutes * 60) / 60,
        "outcome": "not_connected" if minutes is None else "done",
    }
    _act(book, party, book.at(days), values | {"opportunity_id": deal})


def meeting(
    book: Book,
    party: Party,
    days: float,
    minutes: int = 45,
    *,
    theirs: bool = False,
    who: Sequence[int] = (0,),
    users: Sequence[str] = (),
    outcome: str = "done",
    deal: str | None = None,
    mandated: bool | None = None,
) -> None:
    """A meeting; `theirs`: they booked it. `scheduled` ones lie in the future (negative days), and
    `mandated` ones are owed by contract."""
    values: Row = {
        "channel": "meeting",
        "direction": "inbound" if theirs else "outbound",
        "minutes": float(minutes),
        "outcome": outcome,
    }
    values |= {
        "person_ids": [party.people[i] for i in who],
        "user_ids": [party.owner, *users],
        "opportunity_id": deal,
        "mandated": mandated,
    }
    _act(book, party, book.at(days), values)


def todo(book: Book, party: Party, days: float) -> None:
    """A to-do of ours, known by its day only."""
    values: Row = {
        "channel": "task",
        "direction": "outbound",
        "date_only": True,
        "person_ids": [party.people[0]],
        "user_ids": [party.owner],
    }
    _act(book, party, book.day(days), values)


def case(
    book: Book,
    party: Party,
    days: float,
    script: str = "",
    *,
    who: int = 0,
    closed_after: float | None = None,
    ours: bool = False,
) -> None:
    """A case raised by them (or, `ours`, by us) `days` ago; the script is the exchange of mails that followed, and
    starts with the hours until the first. When we first replied is read off these mails, as not every CRM keeps it.
    """
    opened = book.at(days)
    values: Row = {
        "account_id": party.id,
        "person_id": party.people[who],
        "opened_at": opened,
        "by_customer": not ours,
        "owner_id": party.owner,
    }
    values |= {
        "priority": "High" if days < 60 else "Medium",
        "closed_at": None if closed_after is None else opened + timedelta(days=closed_after),
    }
    number = book.add("cases", opened, values)
    if script:
        _thread(
            book,
            party,
            opened,
            script,
            {"person_ids": [party.people[who]], "user_ids": [party.owner], "case_id": number},
        )


def odd_mail(book: Book, party: Party, days: float, *, copies: int = 1, **changes: object) -> list[str]:
    """A mail of ours with some columns set otherwise (automated, bounced, internal), logged `copies` times; their
    ids.
    """
    book.threads += 1
    values: Row = {
        "channel": "email",
        "direction": "outbound",
        "thread_id": record_id("threads", book.threads),
        "dedupe_key": _message_id(book),
    }
    values |= {"person_ids": [party.people[0]], "user_ids": [party.owner]} | changes
    when = book.at(days)
    return [_act(book, party, when, values) for _ in range(copies)]
