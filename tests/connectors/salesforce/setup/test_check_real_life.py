"""What `check` tells a person about an organisation as it really is: each finding once, with one remedy."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from connectors.base import Finding, Organisation
from connectors.emulator.organisation.model import Organisation as Emulated
from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.emulator.server.http import EmulatorServer
from connectors.salesforce.config import API_VERSION
from connectors.salesforce.setup.check_user import ending
from enrichment.fields import fields


@pytest.fixture(scope="session")
def organisation(demo: Emulated) -> Emulated:
    """The demo with few of its activities, of every kind."""
    acts = demo.tables["activities"]
    kinds = [acts.filter(pc.equal(acts["channel"], kind)).slice(0, 40) for kind in ("email", "call", "meeting")]
    deleted = tuple((stream, i) for stream, i in demo.deleted if stream != "activities")
    return replace(demo, tables={**demo.tables, "activities": pa.concat_tables(kinds)}, deleted=deleted)


def said(connector: Any, words: str) -> list[Finding]:
    return [f for f in connector.check().findings if words in f.message]


def test_before_installing_there_is_something_to_do_and_nothing_has_failed(connect: Any) -> None:
    """Fourteen lines of FAIL and exit 4 told a new user that something was broken."""
    diagnosis = connect(owned=fields("essential")).check()
    assert diagnosis.ok
    [todo] = [f for f in diagnosis.findings if f.level == "todo"]
    assert todo.message == f"{len(fields('essential'))} fields to install."
    assert "bothways provision" in todo.remedy
    assert not [f for f in diagnosis.findings if f.topic == "properties" and f != todo]


def test_some_missing_fields_are_one_failure_that_names_them(connect: Any, app: SalesforceEmulator) -> None:
    connect().provision(fields("essential"))
    assert not [f for f in connect(owned=fields("essential")).check().findings if f.topic == "properties"]
    app.revoke("Account", "Bothways_Stance__c")
    app.revoke("Account", "Bothways_Confidence__c")
    [failed] = [f for f in connect(owned=fields("essential")).check().findings if f.topic == "properties"]
    assert failed.level == "fail"
    assert failed.message.startswith(f"2 of {len(fields('essential'))} fields are not installed, or hidden")
    assert "Account.Bothways_Stance__c" in failed.message


def test_values_that_an_administrator_removed_from_our_picklist_are_named(
    connect: Any, app: SalesforceEmulator
) -> None:
    """HubSpot's fault of the same kind: `check` was green, and the sync stopped at the first write of a removed
    option.
    """
    connect().provision(fields("essential"))
    field = app.org.schema.objects["Account"].fields["Bothways_Stance__c"]
    gone = field.values.pop()
    app.org.fields_changed()
    [found] = said(connect(owned=fields("essential")), "lacks the values")
    assert (found.level, gone in found.message) == ("warn", True)
    field.restricted = True
    app.org.fields_changed()
    [found] = said(connect(owned=fields("essential")), "lacks the values")
    assert (found.level, "are refused" in found.message) == ("fail", True)


def test_the_corporate_currency_and_where_it_comes_from(connect: Any, app: SalesforceEmulator) -> None:
    """Object Reference, CurrencyType.IsCorporate."""
    app.set_currencies("JPY", {"USD": 1 / 150, "EUR": 1 / 160}, {})
    connector = connect()
    assert said(connector, "Corporate currency JPY (the organisation's CurrencyType; 3 currencies")
    connector._organisation = Organisation(corporate_currency="USD")
    [wrong] = said(connector, "The settings call USD")
    assert (wrong.level, wrong.remedy) == ("warn", 'Set organisation.corporate_currency = "JPY", or leave it out.')


def test_activities_that_sharing_hides_are_counted_against_what_there_is(connect: Any, app: SalesforceEmulator) -> None:
    """Activity sharing Private: the integration user saw a few hundred of 400,000 and `check` said nothing."""
    assert not said(connect(token=app.runtime_token), "This user sees")
    for row in app.org.store.rows("SELECT * FROM Task"):
        for _ in range(3):
            app._copied("Task", row, {})
    app.private_activities()
    [found] = said(connect(token=app.runtime_token), "This user sees")
    assert "0 of about" in found.message
    assert "Task" in found.message
    assert "Sharing Settings > Activity" in found.remedy


def test_what_cannot_be_queried_as_a_whole_is_said(connect: Any, app: SalesforceEmulator) -> None:
    """singer-io/tap-salesforce#98: `check` was green, and each night ended with 1."""
    app.limit_whos(3)
    [found] = said(connect(token=app.runtime_token), "OPERATION_TOO_LARGE")
    assert (found.level, found.message[:14]) == ("warn", "Task and Event")
    assert "View All Data" in found.remedy


def test_senders_that_look_like_ours_are_proposed(connect: Any, app: SalesforceEmulator) -> None:
    """Mails from a second brand's domain counted as the customer's effort."""
    assert not said(connect(), "own_domains")
    outgoing = [row for row in app.records("EmailMessage") or [] if not row["Incoming"] and not row["IsDeleted"]]
    for row in outgoing[:5]:
        app.org.store.execute("UPDATE EmailMessage SET FromAddress = 'sam@brand.example' WHERE Id = ?", (row["Id"],))
    user = next(row for row in app.records("User") or [] if row["Alias"] and "@halden" in row["Email"])
    app.org.store.execute("UPDATE User SET Email = 'sam@other-brand.example' WHERE Id = ?", (user["Id"],))
    [found] = said(connect(), "own_domains")
    assert "outgoing mails of brand.example (5)" in found.message
    assert "users of other-brand.example (1)" in found.message
    assert '"brand.example"' in found.remedy
    assert "sam" not in found.message


def test_users_of_a_customer_portal_are_no_people_of_ours(connect: Any, app: SalesforceEmulator) -> None:
    """Object Reference, User.UserType: CSPLitePortal, PowerCustomerSuccess and others are customers who sign in."""
    user = next(row for row in app.records("User") or [] if row["Alias"] and "@halden" in row["Email"])
    sql = "UPDATE User SET Email = 'ann@customer.example', UserType = 'CSPLitePortal' WHERE Id = ?"
    app.org.store.execute(sql, (user["Id"],))
    assert not said(connect(), "own_domains")


def test_conversations_that_nobody_reads_are_said(connect: Any, app: SalesforceEmulator) -> None:
    """Chats and calls of Service Cloud are objects of their own (PipedreamHQ/pipedream#11809 for HubSpot's): they were
    never read, and never said.
    """
    assert not said(connect(), "not read:")
    made = app.org.schema.add_custom_object("MessagingSession", "Messaging Session", "Messaging Sessions", "Name")
    app.org.store.create(made)
    for _ in range(3):
        app._inserted("MessagingSession", {"Name": "chat"})
    [found] = said(connect(), "not read:")
    assert "MessagingSession (3)" in found.message


def test_values_without_a_mapping_are_listed_with_their_counts(connect: Any, app: SalesforceEmulator) -> None:
    """A custom value of CallType went on as a direction that no score knows; an Origin that nobody mapped made a case
    ours.
    """
    calls = [row["Id"] for row in app.records("Task") or [] if row["TaskSubtype"] == "Call"][:4]
    for call in calls:
        app.org.store.execute(
            "UPDATE Task SET CallType = 'Conference', CallDisposition = 'Callback' WHERE Id = ?", (call,)
        )
    app.org.store.execute("UPDATE \"Case\" SET Origin = 'Field visit'")
    connector = connect()
    [direction] = said(connector, "Task.CallType")
    assert (direction.level, "Conference (4)" in direction.message) == ("warn", True)
    [origin] = said(connector, "Case.Origin")
    assert origin.level == "warn"
    assert "by_customer is unknown" in origin.message
    assert "Field visit" in origin.message
    rows = [row for page in connector.read("activities", None) for row in page.batch.to_pylist() if row["id"] in calls]
    assert {row["direction"] for row in rows} == {None}


def test_deals_that_are_entered_late_are_noticed(connect: Any, app: SalesforceEmulator) -> None:
    assert not said(connect(), "entered late")
    won = [row for row in app.records("Opportunity") or [] if row["IsWon"] and not row["IsDeleted"]]
    now = app.org.now()
    assert len(won) > 25
    for number, row in enumerate(won):
        closed = (now - timedelta(days=100 + number % 50)).date().isoformat()
        born = (now - timedelta(days=40 + number % 10)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        app.org.store.execute(
            "UPDATE Opportunity SET CloseDate = ?, CreatedDate = ? WHERE Id = ?", (closed, born, row["Id"])
        )
    [found] = said(connect(), "entered late")
    assert found.level == "warn"


@pytest.mark.parametrize(
    ("version", "level"), [("31.0", "warn"), ("40.0", "warn"), ("41.0", None), (API_VERSION, None)]
)
def test_versions_whose_end_is_announced(version: str, level: str | None) -> None:
    """Salesforce Help 005321531: 31.0 to 40.0 are unsupported from Summer '27 and gone with Summer '28."""
    found = list(ending(version, ["67.0", "68.0"]))
    assert [f.level for f in found] == ([level] if level else [])
    assert all('"68.0"' in f.remedy for f in found)


def test_a_formula_is_said_to_change_without_a_trace(connect: Any, app: SalesforceEmulator, mapping: Any) -> None:
    """estuary/connectors#2519: formula fields do not touch SystemModstamp, so increments miss them."""
    info = connect()._schema.object("Account")
    field = info.fields["annualrevenue"]
    connector = connect()
    connector._schema.forget = lambda: None
    connector._schema._known.update(
        {"Account": replace(info, fields={**info.fields, "annualrevenue": replace(field, calculated=True)})}
    )
    [found] = said(connector, "formula")
    assert "Account.AnnualRevenue" in found.message
    assert "Account.AnnualRevenue:currency*" in connector.shown_fields("accounts")


def test_each_finding_and_each_remedy_is_said_once(
    connect: Any, app: SalesforceEmulator, server: EmulatorServer
) -> None:
    """The message of an error used to end with its remedy, and the remedy stood below it again."""
    for name in ("Industry", "AnnualRevenue", "NumberOfEmployees"):
        app.revoke("Account", name)
    for name in ("EmailMessageRelation", "EventRelation", "TaskRelation"):
        app.org.schema.remove_object(name)
    findings = connect(token=app.runtime_token, owned=fields("full")).check().findings
    assert not [m for m, n in Counter(f.message for f in findings).items() if n > 1]
    assert not [f for f in findings if f.remedy and f.remedy in f.message]
    assert len([f for f in findings if "not readable: Account." in f.message]) == 1
    assert len([f for f in findings if "only the main person" in f.message]) == 1
    body = '[{"message":"no","errorCode":"API_DISABLED_FOR_ORG"}]'
    server.faults.add({"kind": "status", "status": 403, "body": body, "match": {"path": "userinfo"}, "times": None})
    [failed] = connect().check().findings
    assert failed.remedy not in failed.message


def test_calls_of_milliseconds_are_noticed(connect: Any, app: SalesforceEmulator) -> None:
    """Object Reference, Task.CallDurationInSeconds; hackclub/slash-z#3 is one of many that sent the other unit ("I was
    using ms, Slack expects seconds"): a call of three minutes took two days.
    """
    assert not said(connect(), "milliseconds where seconds")
    app.org.store.execute("UPDATE Task SET CallDurationInSeconds = 1000 * CallDurationInSeconds")
    [found] = said(connect(), "milliseconds where seconds")
    assert (found.level, "Task.CallDurationInSeconds" in found.message) == ("warn", True)
