"""The records that HubSpot associates an activity with beyond the one it is about.

By default an activity logged on a contact is associated with the contact's company and with open deals of either, and
people add others. It keeps those links when a deal is closed, and nobody takes a partner's company off a meeting: so an
activity leads to old deals and to companies that nobody there spoke for, often with lower ids than the right ones.
"""

from __future__ import annotations

from collections import defaultdict

from connectors.emulator.hubspot.seed.source import Source

_DEALS_EVERY, _COMPANIES_EVERY = 3, 4
"""One activity in so many has another deal or company."""


def deals(source: Source, rows: list[int], times: list[int | None]) -> list[list[int]]:
    """By activity: its deal, and on some the newest deal of the same company that was closed before it."""
    closed: dict[str | None, list[tuple[int, int]]] = defaultdict(list)
    numbers = source.numbers("opportunities")
    for key, account, shut, at in zip(
        source.column("opportunities", "id"),
        source.column("opportunities", "account_id"),
        source.column("opportunities", "is_closed"),
        source.instants("opportunities", "close_at"),
        strict=True,
    ):
        if shut and at is not None and account is not None and key not in source.gone:
            closed[account].append((at, numbers[key]))
    for found in closed.values():
        found.sort()
    own = source.refs("activities", "opportunity_id", "opportunities", rows)
    accounts = source.column("activities", "account_id", rows)
    made = []
    for at, (deal, account, when) in enumerate(zip(own, accounts, times, strict=True)):
        links = [] if deal is None else [deal]
        if deal is not None and when is not None and at % _DEALS_EVERY == 0:
            links += [number for shut, number in closed[account] if shut < when and number != deal][-1:]
        made.append(links)
    return made


def companies(source: Source, rows: list[int]) -> list[list[int]]:
    """By activity: its company, and on some another one that none of its people belong to; only where somebody of its
    own company takes part, so that the activity still says whose it is."""
    homes = dict(zip(source.column("people", "id"), source.column("people", "account_id"), strict=True))
    accounts = source.column("activities", "account_id", rows)
    people = source.column("activities", "person_ids", rows)
    own = source.refs("activities", "account_id", "accounts", rows)
    first, keys = source.first("accounts"), source.column("accounts", "id")
    made = []
    for at, (account, persons, number) in enumerate(zip(accounts, people, own, strict=True)):
        links = [] if number is None else [number]
        theirs = [homes.get(one) for one in persons or ()]
        if number is not None and at % _COMPANIES_EVERY == 1 and theirs and set(theirs) == {account}:
            other = (number - first) // 2
            links += [first + other] if first + other != number and keys[other] not in source.gone else []
        made.append(links)
    return made
