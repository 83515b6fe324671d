"""Situations of real organisations, each with its right value and where it was reported or documented."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from connectors.emulator.organisation.model import Organisation
from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.emulator.salesforce.noise import add_noise
from connectors.emulator.server.http import EmulatorServer
from connectors.errors import AuthError, RetriableError
from connectors.salesforce.api.failures import TokenRefused
from connectors.salesforce.read.lookups import Lookups


@pytest.fixture(scope="session")
def organisation(demo: Organisation) -> Organisation:
    """The demo with few of its activities, of every kind."""
    acts = demo.tables["activities"]
    kinds = [acts.filter(pc.equal(acts["channel"], kind)).slice(0, 12) for kind in ("email", "call", "meeting", "task")]
    deleted = tuple((stream, i) for stream, i in demo.deleted if stream != "activities")
    return replace(demo, tables={**demo.tables, "activities": pa.concat_tables(kinds)}, deleted=deleted)


def rows(pages: Any) -> dict[str, dict[str, Any]]:
    """The records of the pages by id, the last of each."""
    return {row["id"]: row for page in pages for row in page.batch.to_pylist()}


def described(connector: Any) -> tuple[str, ...]:
    """The streams: the first call that a connector makes is to ask what there is."""
    return connector.capabilities.streams  # type: ignore[no-any-return]


def a_meeting(app: SalesforceEmulator) -> tuple[str, str]:
    """An event of the present with one invited contact, and the contact."""
    sql = (
        "SELECT e.Id, r.RelationId FROM Event e JOIN EventRelation r ON r.EventId = e.Id WHERE e.IsChild = 0 "
        "AND e.IsDeleted = 0"
        " AND r.RelationId LIKE '003%' GROUP BY e.Id HAVING COUNT(*) = 1 ORDER BY e.Id"
    )
    found = app.org.store.tuples(sql)
    return found[0][0], found[0][1]


def test_the_fields_that_the_organisation_shows_are_told(connect: Any, app: SalesforceEmulator) -> None:
    """A field granted after the first read stays null in records that do not change (estuary/connectors#3493): what is
    shown is part of the landing's identity. Our own fields are not part of it, or each installation would mean a whole
    read.
    """
    before = {stream: connect(token=app.runtime_token).shown_fields(stream) for stream in ("accounts", "activities")}
    assert "Account.AnnualRevenue:currency" in before["accounts"]
    assert "Task.CallDurationInSeconds:int" in before["activities"]
    assert "EventRelation.Status:picklist" in before["activities"]
    app.revoke("Account", "AnnualRevenue")
    after = connect(token=app.runtime_token).shown_fields("accounts")
    assert set(before["accounts"]) - set(after) == {"Account.AnnualRevenue:currency"}
    app.grant("Account", "AnnualRevenue")
    assert connect(token=app.runtime_token).shown_fields("accounts") == before["accounts"]


def test_the_static_rate_of_every_currency_is_read_beside_the_dated_ones(connect: Any, app: SalesforceEmulator) -> None:
    """Object Reference, CurrencyType: rates count units per unit of the corporate currency, which need not be the
    dollar; and SOQL guide, convertCurrency(): accounts and assets are converted by the static rate, deals by the dated
    one.
    """
    app.set_currencies("JPY", {"USD": 0.0066666667}, {"USD": [("2020-01-01", 0.01), ("2026-01-01", 0.008)]})
    [page] = connect(token=app.runtime_token).read("currency_rates", None)
    told = {(r["currency"], str(r["start_at"])[:10]): r["rate"] for r in page.batch.to_pylist()}
    assert told == {
        ("JPY", "None"): 1.0,
        ("USD", "None"): pytest.approx(150.0),
        ("USD", "2020-01-01"): pytest.approx(100.0),
        ("USD", "2026-01-01"): pytest.approx(125.0),
    }


def test_a_rate_that_is_gone_is_noticed_by_the_next_read(connect: Any, app: SalesforceEmulator) -> None:
    """Rates are few and read whole, and DatedConversionRate remembers no deletions: a run without news must still be
    one.
    """
    app.set_currencies("EUR", {"USD": 1.25}, {"USD": [("2026-01-01", 1.25), ("2026-06-01", 1.28)]})
    connector = connect(token=app.runtime_token)
    [first] = connector.read("currency_rates", None)
    [same] = connector.read("currency_rates", first.cursor)
    assert (same.batch, same.cursor, same.deleted) == (first.batch, first.cursor, ())
    gone = app.org.store.tuples("SELECT Id FROM DatedConversionRate ORDER BY StartDate DESC")[0][0]
    app.purge("DatedConversionRate", gone)
    [after] = connector.read("currency_rates", same.cursor)
    assert after.deleted == (gone,)
    assert "currency_rates" in connector.capabilities.incremental


def test_the_token_that_the_cli_no_longer_shows_has_a_message_of_its_own(connect: Any) -> None:
    """forcedotcom/cli#3560: `sf org display --json` shows "[REDACTED] Use 'sf org auth show-access-token' to view"."""
    with pytest.raises(TokenRefused) as refused:
        described(connect(token="[REDACTED] Use 'sf org auth show-access-token' to view"))
    assert "sf org auth show-access-token --target-org" in refused.value.remedy


def test_activities_about_too_many_are_read_in_smaller_windows(connect: Any, app: SalesforceEmulator) -> None:
    """OPERATION_TOO_LARGE for a user without View All Data (singer-io/tap-salesforce#98): the same records all the
    same, by Bulk or not, and resumable inside a window.
    """
    whole = rows(connect().read("activities", None))
    seen = rows(connect(token=app.runtime_token).read("activities", None))
    app.limit_whos(10)
    connector = connect(token=app.runtime_token)
    pages = list(connector.read("activities", None))
    assert rows(pages) == seen
    assert seen.keys() == whole.keys()
    middle = len(pages) // 2
    resumed = rows(connect(token=app.runtime_token).read("activities", pages[middle].cursor))
    assert {**rows(pages[: middle + 1]), **resumed}.keys() == seen.keys()
    by_bulk = rows(connect(token=app.runtime_token, bulk_read_rows=5).read("activities", None))
    assert by_bulk.keys() == seen.keys()


def test_what_no_window_is_small_enough_for_says_who_may_read_it(connect: Any, app: SalesforceEmulator) -> None:
    """Never exit 1: the remedy is the permission that saves the server the check."""
    app.limit_whos(0)
    with pytest.raises(AuthError, match=r"Task|Event") as refused:
        list(connect(token=app.runtime_token).read("activities", None))
    assert "View All Data" in refused.value.remedy


def test_the_record_of_a_series_and_a_proposed_meeting_are_no_meetings(connect: Any, app: SalesforceEmulator) -> None:
    """Change Data Capture guide, "Recurring Activities": GroupEventType 3 is the series' own record, IsRecurrence
    false; the describe of a recorded org calls 2 a proposed event. Ten meetings counted as eleven, and proposals as
    held.
    """
    event, _ = a_meeting(app)
    before = rows(connect().read("activities", None))
    series, occurrences = app.add_series(event, occurrences=9)
    proposed = app.propose(event)
    after = rows(connect().read("activities", None))
    assert after.keys() - before.keys() == set(occurrences)
    assert series not in after
    assert proposed not in after


def test_an_invitation_that_is_answered_after_the_meeting_was_read(connect: Any, app: SalesforceEmulator) -> None:
    """Object Reference, EventRelation: Status is a field of the relation; the event's own stamp stays. It was done for
    good.
    """
    event, person = a_meeting(app)
    connector = connect(overlap_minutes=0)
    marks = {s: list(connector.read(s, None))[-1].cursor for s in ("accounts", "activities")}
    assert not rows(connector.read("activities", marks["activities"]))
    app.respond(event, person, "Declined")
    changed = rows(connector.read("activities", marks["activities"]))
    assert {i: row["outcome"] for i, row in changed.items()} == {event: "cancelled"}
    app.respond(event, person, "Uninvited")
    again = connect(overlap_minutes=0)
    again.expect(marks)
    [row] = rows(again.read("activities", marks["activities"])).values()
    assert (row["person_ids"], row["direction"]) == ([], "internal")


def test_a_new_meeting_is_not_read_twice_for_its_relations(connect: Any, app: SalesforceEmulator) -> None:
    event, _ = a_meeting(app)
    connector = connect(overlap_minutes=0)
    mark = list(connector.read("activities", None))[-1].cursor
    app.add_series(event, occurrences=3)
    before = connector.calls().by_endpoint
    pages = list(connector.read("activities", mark))
    assert sum(page.batch.num_rows for page in pages) == 3
    told = connector._client.calls().by_endpoint
    assert told["POST composite"] - before["POST composite"] <= 3, (
        "the relations of what is new are asked for once, by id"
    )


def test_a_deal_says_when_its_stage_changed(connect: Any, app: SalesforceEmulator) -> None:
    """A deal lost before its close date keeps the date (Salesforce Help 004517774): only LastStageChangeDate tells
    when.
    """
    deal = next(r for r in app.records("Opportunity") or [] if not r["IsClosed"] and not r["IsDeleted"])
    future = (app.org.now().date() + timedelta(days=60)).isoformat()
    app.change("Opportunity", deal["Id"], {"StageName": "Closed Lost", "CloseDate": future})
    row = rows(connect().read("opportunities", None))[deal["Id"]]
    assert (row["is_closed"], row["close_at"].date().isoformat()) == (True, future)
    assert row["stage_changed_at"].date() == app.org.now().date()


@pytest.mark.parametrize(("kind", "automated"), [("AiAutomated", True), ("AiAssisted", False), (None, False)])
def test_only_what_ai_sent_by_itself_is_automated(
    connect: Any, app: SalesforceEmulator, kind: str | None, automated: bool
) -> None:
    """Object Reference, EmailMessage.AutomationType: AiAutomated is generated and sent by AI, AiAssisted sent by a
    person.
    """
    mail = app.org.store.tuples("SELECT Id FROM EmailMessage WHERE IsDeleted = 0 AND Automated__c = 0 ORDER BY Id")[0][
        0
    ]
    app.org.store.execute("UPDATE EmailMessage SET AutomationType = ? WHERE Id = ?", (kind, mail))
    row = rows(connect().read("activities", None))[mail]
    assert row["automated"] is automated
    assert "@" in row["sender"]


@pytest.mark.parametrize(
    ("answer", "remedy"),
    [
        (
            {"error": "OAUTH_APP_BLOCKED", "error_description": "this app is blocked by admin"},
            "Connected Apps OAuth Usage",
        ),
        ({"error": "invalid_client", "error_description": "app must be installed into org"}, "Install"),
        ({"error": "invalid_grant", "error_description": "ip restricted"}, "login IP ranges"),
        ({"error": "inactive_user", "error_description": "user is inactive"}, "Activate the integration user"),
        ({"error": "invalid_grant", "error_description": "user hasn't approved this consumer"}, "pre-authorise"),
        ({"error": "invalid_grant", "error_description": "request not supported on this domain"}, "My Domain"),
        ({"error": "invalid_client_id", "error_description": "client identifier invalid"}, "crm.auth.client_id"),
        ({"error": "invalid_client", "error_description": "invalid client credentials"}, "crm.auth.client_secret"),
        ({"error": "something new", "error_description": "never seen"}, "Check crm.auth"),
    ],
)
def test_each_refusal_to_sign_in_has_a_remedy_of_its_own(
    connect: Any, server: EmulatorServer, client_credentials: dict[str, Any], answer: dict[str, str], remedy: str
) -> None:
    """n8n-io/n8n#21589 (OAUTH_APP_BLOCKED), forceworkbench#772 (ip restricted), Salesforce Help "OAuth 2.0
    Authorization Errors". A refusal is final: it is asked once.
    """
    body = json.dumps(answer)
    server.faults.add({"kind": "status", "status": 400, "body": body, "match": {"path": "oauth2/token"}, "times": None})
    connector = connect(auth=client_credentials)
    with pytest.raises(TokenRefused) as refused:
        described(connector)
    assert remedy in refused.value.remedy
    assert connector.calls().by_endpoint["oauth2/token"] == 1


@pytest.mark.parametrize("words", ["login rate exceeded", "retry your request"])
def test_a_refusal_that_passes_is_tried_again(
    connect: Any, server: EmulatorServer, client_credentials: dict[str, Any], words: str
) -> None:
    """Salesforce limits sign-ins per hour: "login rate exceeded" was final, and the night was lost."""
    body = f'{{"error":"invalid_grant","error_description":"{words}"}}'
    server.faults.add({"kind": "status", "status": 400, "body": body, "match": {"path": "oauth2/token"}, "times": 1})
    assert connect(auth=client_credentials).capabilities.streams
    server.faults.add({"kind": "status", "status": 400, "body": body, "match": {"path": "oauth2/token"}, "times": None})
    with pytest.raises(RetriableError):
        described(connect(auth=client_credentials))


def test_a_user_without_the_api_is_told_which_permission_it_lacks(connect: Any, server: EmulatorServer) -> None:
    body = '[{"message":"The REST API is not enabled for this Organization.","errorCode":"API_DISABLED_FOR_ORG"}]'
    server.faults.add(
        {"kind": "status", "status": 403, "body": body, "match": {"path": "/services/data"}, "times": None}
    )
    with pytest.raises(AuthError) as refused:
        described(connect())
    assert "API Enabled" in refused.value.remedy


def test_the_task_that_email_to_case_opens_is_the_mail_once_more(connect: Any, app: SalesforceEmulator) -> None:
    """Object Reference, EmailMessage.ActivityId: "usually represents an open task that is created for the case owner
    when a new unread email message is received": a plain task, which counted as another mail once it was closed.
    """
    mail, task = app.org.store.tuples(
        "SELECT Id, ActivityId FROM EmailMessage WHERE IsDeleted = 0 AND ActivityId IS NOT NULL"
    )[0]
    app.org.store.execute(
        "UPDATE Task SET TaskSubtype = 'Task', Type = NULL, Subject = 'Email: Re: help' WHERE Id = ?", (task,)
    )
    found = rows(connect().read("activities", None))
    assert mail in found
    assert task not in found


def test_a_query_that_takes_too_long_and_that_bulk_refuses_is_read_in_windows(
    connect: Any, app: SalesforceEmulator, server: EmulatorServer
) -> None:
    """airbytehq/airbyte#19947: QUERY_TIMEOUT on Task, whole."""
    whole = rows(connect().read("activities", None))
    slow = '[{"message":"Your query request was running for too long.","errorCode":"QUERY_TIMEOUT"}]'
    unbounded = {"path": r"queryAll\?.*FROM\+Task\+WHERE\+IsDeleted"}
    server.faults.add({"kind": "status", "status": 400, "body": slow, "match": unbounded, "times": None})
    refused = '[{"message":"Entity Task is not supported by the Bulk API.","errorCode":"INVALIDENTITY"}]'
    server.faults.add(
        {"kind": "status", "status": 400, "body": refused, "match": {"path": "jobs/query"}, "times": None}
    )
    mapping = connect()._mapping
    only_tasks = mapping.model_copy(
        update={"activities": mapping.activities.model_copy(update={"email": None, "meeting": None})}
    )
    connector = connect(mapping=only_tasks)
    found = rows(connector.read("activities", None))
    assert found.keys() >= {i for i in whole if i.startswith("00T")}
    assert sum(server.stats()["faults_fired"].values()) >= 2


@pytest.mark.parametrize("announced", [True, False])
def test_an_organisation_that_does_not_tell_whose_people_changed_is_read_all_the_same(
    connect: Any,
    app: SalesforceEmulator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    announced: bool,
) -> None:
    """Filtering a relation by its activity is documented for SOQL at large, not for each of these: a refusal costs no
    night.
    """
    event, _ = a_meeting(app)
    connector = connect(overlap_minutes=0)
    marks = {s: list(connector.read(s, None))[-1].cursor for s in ("accounts", "activities")}
    app.change("Event", event, {"Subject": "Another"})
    told = Lookups.changes
    monkeypatch.setattr(
        Lookups,
        "changes",
        lambda self, kind: (replace(told(self, kind)[0], parent_born="Nowhere.CreatedDate"), told(self, kind)[1]),
    )
    again = connect(overlap_minutes=0)
    if announced:
        again.expect(marks)
    pages = list(again.read("activities", marks["activities"]))
    assert event in rows(pages)
    assert list(connect().read("activities", pages[-1].cursor))
    assert "whose people have changed" in caplog.text


def test_noise_is_nobodys_effort(organisation: Organisation, connect: Any, app: SalesforceEmulator) -> None:
    """Series records, proposals, drafts, calls called off, mails sent by AI and automatic replies: what counts
    is the same.
    """

    def counted() -> dict[str, Any]:
        found = rows(connect().read("activities", None)).items()
        return {i: row for i, row in found if not row["automated"] and row["outcome"] != "cancelled"}

    before = counted()
    made = add_noise(app)
    assert all(made.values())
    after = counted()
    assert after == before
    assert not after.keys() & {*made["series"], *made["proposals"], *made["drafts"]}
