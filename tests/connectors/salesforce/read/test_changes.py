"""What people do to an organisation between two reads: persons, new parents, merges, late commits, archives, a busy
hour.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from connectors.base import Change, Page
from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.records import Stream
from connectors.salesforce.names import OBJECTS
from enrichment.fields import fields

Rows = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def organisation(demo: Any) -> Any:
    return demo


@pytest.fixture
def app(organisation: Any) -> SalesforceEmulator:
    return SalesforceEmulator(organisation, person_accounts=True)


def read(connector: Any, stream: Stream, since: str | None = None) -> list[Page]:
    return list(connector.read(stream, since))


def rows(pages: list[Page]) -> Rows:
    return {row["id"]: row for page in pages for row in page.batch.to_pylist()}


def alive(app: SalesforceEmulator, kind: str) -> list[dict[str, Any]]:
    return [row for row in app.records(kind) or [] if not row["IsDeleted"]]


@pytest.fixture
def person(app: SalesforceEmulator) -> tuple[str, str]:
    """An account and its contact that are one person, with acts."""
    busy = Counter(row["WhoId"] for row in alive(app, "Task") if row["WhoId"])
    contacts = {row["Id"]: row["AccountId"] for row in alive(app, "Contact")}
    contact = next(c for c, _ in busy.most_common() if contacts.get(c))
    for other, owner in contacts.items():
        if owner == contacts[contact] and other != contact:
            app.delete("Contact", other)
    app.make_person(contacts[contact], contact)
    return contacts[contact], contact


def test_a_person_account_is_one_account_with_one_person(
    connect: Any, app: SalesforceEmulator, person: tuple[str, str]
) -> None:
    account, contact = person
    connector = connect()
    assert account in rows(read(connector, "accounts"))
    people = {i for i, row in rows(read(connector, "people")).items() if row["account_id"] == account}
    assert people == {contact}
    acts = [row for row in rows(read(connector, "activities")).values() if contact in (row["person_ids"] or ())]
    assert acts
    assert {tuple(act["person_ids"]).count(contact) for act in acts} == {1}
    assert {act["account_id"] for act in acts} <= {account, None}
    assert not any(account in (act["person_ids"] or ()) for act in acts)


def test_the_score_of_a_person_is_written_to_the_account(
    connect: Any, app: SalesforceEmulator, person: tuple[str, str]
) -> None:
    account, contact = person
    owned = fields("essential")
    connect().provision(owned)
    spec = next(s for s in owned if s.stream == "accounts" and s.type == "number")
    [result] = connect(owned=owned).write([Change("accounts", account, {spec.name: 42.0}, "key")])
    assert result.error is None
    assert set(OBJECTS) == {"accounts", "opportunities"}
    assert not any("Bothways" in name for row in alive(app, "Contact") if row["Id"] == contact for name in row)


def test_records_that_move_are_read_where_they_are_now(connect: Any, app: SalesforceEmulator) -> None:
    connector = connect()
    marks = {stream: read(connector, stream)[-1].cursor for stream in ("accounts", "people", "opportunities")}
    one, two, *_ = [row["Id"] for row in alive(app, "Account")]
    contact = next(row["Id"] for row in alive(app, "Contact") if row["AccountId"] != two)
    deal = next(row["Id"] for row in alive(app, "Opportunity") if row["AccountId"] != two)
    app.change("Account", one, {"ParentId": two})
    app.change("Contact", contact, {"AccountId": two})
    app.change("Opportunity", deal, {"AccountId": two})
    assert rows(read(connector, "accounts", marks["accounts"]))[one]["parent_id"] == two
    assert rows(read(connector, "people", marks["people"]))[contact]["account_id"] == two
    assert rows(read(connector, "opportunities", marks["opportunities"]))[deal]["account_id"] == two


def test_a_merged_person_is_named_and_its_acts_follow(connect: Any, app: SalesforceEmulator) -> None:
    connector = connect()
    marks = {stream: read(connector, stream)[-1].cursor for stream in ("people", "activities")}
    busy = Counter(row["WhoId"] for row in alive(app, "Task") if row["WhoId"])
    living = {row["Id"] for row in alive(app, "Contact")}
    loser, winner = [c for c, _ in busy.most_common() if c in living][:2]
    app.merge("Contact", winner, [loser])
    people = read(connector, "people", marks["people"])
    assert {loser: winner}.items() <= {k: v for page in people for k, v in page.merged.items()}.items()
    acts = rows(read(connector, "activities", marks["activities"]))
    assert acts
    assert not any(loser in (act["person_ids"] or ()) for act in acts.values())
    assert any(winner in (act["person_ids"] or ()) for act in acts.values())


@pytest.mark.parametrize(
    ("stream", "name", "value"),
    [("opportunities", "Opportunity", {"Name": "Late"}), ("activities", "Event", {"Subject": "Late"})],
)
def test_what_commits_late_is_read_next_time(
    connect: Any, app: SalesforceEmulator, stream: Stream, name: str, value: dict[str, str]
) -> None:
    connector = connect()
    known = rows(read(connector, stream))
    record = next(row["Id"] for row in alive(app, name) if row["Id"] in known)
    app.change_later(name, record, value, seconds=3600)
    mark = read(connector, stream)[-1].cursor
    app.commit()
    assert record in rows(read(connector, stream, mark))


def test_a_change_to_an_archived_act_is_read(connect: Any, app: SalesforceEmulator) -> None:
    app.org.store.execute("UPDATE Event SET IsArchived = 1")
    connector = connect()
    pages = read(connector, "activities")
    record = next(row["Id"] for row in alive(app, "Event") if row["Id"] in rows(pages))
    app.change("Event", record, {"Subject": "Found again"})
    assert record in rows(read(connector, "activities", pages[-1].cursor))


def test_a_busy_organisation_is_waited_for(connect: Any, app: SalesforceEmulator) -> None:
    connector = connect()
    whole = rows(read(connector, "accounts"))
    app.quota.busy = 2
    assert rows(read(connector, "accounts")) == whole


def test_a_record_that_is_deleted_for_good_is_gone_with_the_next_whole_read(
    connect: Any, app: SalesforceEmulator
) -> None:
    """airbytehq/airbyte#34082 and #44845: a hard delete (Bulk `hardDelete`, an emptied recycle bin, CampaignMember and
    its like) leaves no row that a query could find. The guide says how long that takes.
    """
    connector = connect()
    begun = read(connector, "people")
    lost = next(iter(rows(begun)))
    app.purge("Contact", lost)
    since = read(connector, "people", begun[-1].cursor)
    assert lost not in {i for page in since for i in (*page.deleted, *page.merged, *rows([page]))}
    assert rows(begun).keys() - rows(read(connector, "people")).keys() == {lost}


def test_a_record_that_is_restored_is_there_again(connect: Any, app: SalesforceEmulator) -> None:
    """SOAP API Developer Guide, undelete(): a record may come back from the recycle bin, and its stamp moves."""
    connector = connect()
    begun = read(connector, "people")
    one = next(iter(rows(begun)))
    app.delete("Contact", one)
    gone = read(connector, "people", begun[-1].cursor)
    assert one in {i for page in gone for i in page.deleted}
    app.undelete("Contact", one)
    assert rows(read(connector, "people", gone[-1].cursor))[one] == {**rows(begun)[one], "modified_at": stamp(app, one)}


def stamp(app: SalesforceEmulator, contact: str) -> Any:
    text = next(row["SystemModstamp"] for row in app.records("Contact") or [] if row["Id"] == contact)
    return datetime.fromisoformat(text.replace("+0000", "+00:00"))
