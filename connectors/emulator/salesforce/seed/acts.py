"""Canonical activities, one by one, with their references already record ids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from connectors.emulator.salesforce.seed.tools import Filling


@dataclass(slots=True)
class Act:
    """One activity. `what` is what it is about: the deal, else the case, else the account. `audit`: the system
    columns.
    """

    channel: str
    direction: str | None
    outcome: str | None
    automated: int
    mandated: int
    at: str | None
    date_only: bool
    minutes: float | None
    account: str | None
    what: str | None
    case: str | None
    opportunity: str | None
    people: list[str]
    users: list[str]
    thread: str | None
    message: str | None
    audit: tuple[Any, ...]


def acts(filling: Filling) -> Iterator[tuple[str, Act]]:
    """Every activity with its canonical id, in the order of the table."""
    ids, gone = filling.ids, filling.gone.get("activities", frozenset())
    columns = {name: filling.column("activities", name) for name in filling.tables["activities"].column_names}
    for name in ("occurred_at", "created_at", "modified_at"):
        columns[name] = filling.times("activities", name)
    for values in zip(*columns.values(), strict=True):
        row = dict(zip(columns, values, strict=True))
        users = [ids["users"][user] for user in row["user_ids"] or () if user in ids["users"]]
        people = [ids["people"][person] for person in row["person_ids"] or () if person in ids["people"]]
        account = ids["accounts"].get(row["account_id"])
        opportunity = ids["opportunities"].get(row["opportunity_id"])
        case = ids["cases"].get(row["case_id"])
        born = row["created_at"] or row["occurred_at"] or filling.now
        changed = row["modified_at"] or born
        owner = users[0] if users else filling.admin
        yield (
            row["id"],
            Act(
                channel=row["channel"] or "task",
                direction=row["direction"],
                outcome=row["outcome"],
                automated=int(bool(row["automated"])),
                mandated=int(bool(row["mandated"])),
                at=row["occurred_at"],
                date_only=bool(row["date_only"]),
                minutes=row["minutes"],
                account=account,
                what=opportunity or case or account,
                case=case,
                opportunity=opportunity,
                people=people,
                users=users,
                thread=row["thread_id"],
                message=row["dedupe_key"],
                audit=(int(row["id"] in gone), born, owner, changed, owner, changed),
            ),
        )
