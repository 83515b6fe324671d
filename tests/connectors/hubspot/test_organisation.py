"""What is read from an emulated portal is the organisation that it was filled with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.records import SCHEMAS, Stream

# what HubSpot has no place for, or keeps in another form
ELSEWHERE: dict[Stream, set[str]] = {
    "accounts": {"lifecycle_stage"},  # follows from the type
    "opportunities": {"amount", "currency", "rivals"},  # money at home; rivals are a stream of their own
    "opportunity_people": {"created_at", "modified_at"},  # a link has no stamps
    "line_items": {"product_id"},  # the product's record, not its article number
    "activities": {
        "channel",
        "dedupe_key",
        "date_only",
        "person_ids",
        "sender",
        *("account_id", "account_ids", "opportunity_id", "opportunity_ids"),  # the test after this one
    },
    "cases": {"account_id"},  # a third is tied to its company through the contact alone
    "users": {"time_zone"},
}


def expected(app: Any, table: Any, stream: Stream) -> dict[str, dict[str, Any]]:
    def translated(column: str, value: Any) -> Any:
        target = (SCHEMAS[stream].field(column).metadata or {}).get(b"ref", b"").decode()
        if not target or value is None:
            return value
        return [app.ids[target][v] for v in value] if isinstance(value, list) else app.ids[target].get(value)

    rows = [{c: translated(c, v) for c, v in row.items()} for row in table.to_pylist()]
    return {key_of(app, stream, row): row for row in rows}


def key_of(app: Any, stream: Stream, row: dict[str, Any]) -> str:
    if stream == "opportunity_people":
        return f"{row['opportunity_id']}-{row['person_id']}"
    if stream == "activities":
        return f"{row['channel']}s-{app.ids[stream][row['id']]}"
    key: str = app.ids[stream][row["id"]]
    return key


@pytest.mark.parametrize(
    "stream",
    [
        "accounts", "people", "users", "opportunities", "opportunity_people", "line_items", "activities", "cases",
        "contracts", "assets",
    ],
)  # fmt: skip
def test_read_back(portal: Any, use: Any, stream: Stream) -> None:
    one = portal(accounts=0)
    organisation = one.organisation
    got = use.rows(use.read(one.connect(), stream))
    want = expected(one.app, organisation.visible().tables[stream], stream)
    columns = [c for c in SCHEMAS[stream].names if c not in ELSEWHERE.get(stream, set()) | {"id"}]
    if stream == "activities":  # nobody is asked whether a task is automated
        want = {k: {**row, "automated": None if k.startswith("tasks") else row["automated"]} for k, row in want.items()}
        for key, row in want.items():  # the meetings to come have been since: nobody updates their outcome
            if key.startswith("meetings") and row["outcome"] == "scheduled" and row["occurred_at"] < datetime.now(UTC):
                row["outcome"] = "done"
    assert want.keys() == got.keys()
    assert {k: {c: row[c] for c in columns} for k, row in want.items()} == {
        k: {c: row[c] for c in columns} for k, row in got.items()
    }


def test_what_an_activity_is_about_is_among_all_that_it_is_associated_with(portal: Any, use: Any) -> None:
    """The portal associates activities with old deals and with companies that nobody there belongs to, as HubSpot
    does.
    """
    one = portal()
    got = use.rows(use.read(one.connect(), "activities"))
    several = {"account": 0, "opportunity": 0}
    for key, row in expected(one.app, one.organisation.visible().tables["activities"], "activities").items():
        for what in several:
            all_of_them = got[key][f"{what}_ids"]
            assert row[f"{what}_id"] in (all_of_them or [got[key][f"{what}_id"]])
            assert all_of_them is None or got[key][f"{what}_id"] == all_of_them[0]
            several[what] += all_of_them is not None
    assert min(several.values()) > 10
    mails = [row for row in got.values() if row["channel"] == "email"]
    assert {row["sender"] is not None for row in mails} == {True}


def test_participants_are_the_same_people(portal: Any, use: Any) -> None:
    one = portal()
    got = use.rows(use.read(one.connect(), "activities"))
    want = expected(one.app, one.organisation.visible().tables["activities"], "activities")
    assert {k: sorted(row["person_ids"] or []) for k, row in want.items()} == {
        k: sorted(row["person_ids"]) for k, row in got.items()
    }
    mails = {k: row["person_ids"] for k, row in want.items() if row["channel"] == "email" and row["person_ids"]}
    assert {k: people[0] for k, people in mails.items()} == {k: got[k]["person_ids"][0] for k in mails}


def test_foreign_money_is_at_home(portal: Any, use: Any) -> None:
    one = portal()
    got = use.rows(use.read(one.connect(), "opportunities"))
    want = expected(one.app, one.organisation.visible().tables["opportunities"], "opportunities")
    assert {"EUR"} == {row["currency"] for row in got.values()}
    foreign = {k for k, row in want.items() if row["currency"] not in (None, "EUR") and row["amount"]}
    assert foreign
    assert all(got[k]["amount"] != want[k]["amount"] for k in foreign)
    assert all(got[k]["amount"] == want[k]["amount"] for k in want.keys() - foreign)
