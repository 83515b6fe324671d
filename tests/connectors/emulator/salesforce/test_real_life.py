"""Claims about what real organisations do, each from a document of the vendor or a recorded answer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from datetime import timedelta

import pytest

FORM = {"Content_Type": "application/x-www-form-urlencoded", "Authorization": ""}
KEY, SECRET = "3MVG9emulatedConsumerKey", "emulated-consumer-secret"
CLIENT = f"client_id={KEY}&client_secret={SECRET}"


def form(running, path, body, **headers):
    return running.call("POST", f"/services/oauth2/{path}", body.encode(), **{**FORM, **headers})


def test_the_signature_is_of_id_and_issued_at_by_the_consumer_secret(org):
    """REST API Developer Guide, OAuth flows: "Base64-encoded HMAC-SHA256 signature signed with the consumer's private
    key containing the concatenated ID and issued_at value".
    """
    body = form(org, "token", f"grant_type=client_credentials&{CLIENT}").json()
    digest = hmac.new(SECRET.encode(), (body["id"] + body["issued_at"]).encode(), hashlib.sha256).digest()
    assert body["signature"] == base64.b64encode(digest).decode()


def test_introspection_wants_to_know_who_asks(start):
    """Salesforce Help, "OpenID Connect Token Introspection": client_id and client_secret in a Basic header or in the
    body.
    """
    running = start(session_lifetime=timedelta(hours=1))
    session = form(running, "token", f"grant_type=client_credentials&{CLIENT}").json()
    assert form(running, "introspect", f"token={session['access_token']}").json()["error"] == "invalid_client"
    state = form(running, "introspect", f"token={session['access_token']}&{CLIENT}").json()
    assert (state["active"], state["client_id"], state["token_type"]) == (True, KEY, "access_token")
    assert state["sub"] == session["id"]
    assert state["exp"] > state["iat"]
    basic = {"Authorization": "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()}
    refresh = form(running, "introspect", f"token={running.app.refresh_token}", **basic).json()
    assert (refresh["active"], refresh["token_type"]) == (True, "refresh_token")
    assert form(running, "introspect", f"token=nobody&{CLIENT}").json() == {"active": False}


def test_userinfo_has_all_that_openid_clients_read(org):
    """Salesforce Help, "Query for User Information": the example answer's keys."""
    info = org.call("GET", "/services/oauth2/userinfo").json()
    assert {"photos", "picture", "profile", "address", "utcOffset", "updated_at", "urls", "zoneinfo"} <= set(info)
    assert info["picture"] == info["photos"]["picture"]
    assert {"enterprise", "metadata", "partner", "rest", "sobjects", "query", "custom_domain"} <= set(info["urls"])


def test_the_sentence_that_the_cli_puts_in_a_tokens_place_is_no_token(org):
    """forcedotcom/cli#3560: since 2.136.8 `sf org display --json` shows "[REDACTED] ..." and calls with it fail with
    INVALID_AUTH_HEADER (vlocityinc/vlocity_build#791)."""
    answer = org.as_user("[REDACTED] Use 'sf org auth show-access-token' to view")("GET", "limits")
    assert (answer.status, answer.json()[0]["errorCode"]) == (401, "INVALID_AUTH_HEADER")


def test_soap_tells_accessibility_mode_and_the_pages_of_an_object(org):
    """SOAP API Developer Guide, getUserInfoResult and DescribeSObjectResult."""

    def soap(body):
        session = f"<SessionHeader><sessionId>{org.app.token}</sessionId></SessionHeader>"
        envelope = (
            '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com">'
            f"<e:Header>{session}</e:Header><e:Body>{body}</e:Body></e:Envelope>"
        )
        return org.call("POST", "/services/Soap/u/60.0", envelope.encode(), Content_Type="text/xml").body.decode()

    user = soap("<getUserInfo/>")
    assert "<accessibilityMode>false</accessibilityMode>" in user
    for name in ("currencySymbol", "orgDefaultCurrencyIsoCode", "userDefaultCurrencyIsoCode", "roleId", "userUiSkin"):
        assert f"<{name}>" in user or f'<{name} xsi:nil="true"/>' in user  # pyforce 1.9.1 reads each
    described = soap("<describeSObject><sObjectType>Account</sObjectType></describeSObject>")
    assert re.search(r"<urlDetail>http[^<]+/\{ID\}</urlDetail>", described)
    assert re.search(r"<urlNew>http[^<]+/001/e</urlNew>", described)


def test_winning_moves_a_future_close_date_to_today_and_losing_does_not(start):
    """Salesforce Help 004517774, "Validation Rule Does Not Trigger for System Updates": open to Closed/Won moves a
    close date in the future to the current date in UTC; one in the past stays, and so does that of a lost deal.
    Validation rules do not see the move.
    """
    running = start()
    deals = [
        r["Id"] for r in running.call.rows("SELECT Id FROM Opportunity WHERE IsClosed = false ORDER BY Id LIMIT 3")
    ]
    today = running.app.org.now().date()
    future, past = (today + timedelta(days=90)).isoformat(), (today - timedelta(days=9)).isoformat()
    seen = []
    running.app.add_validation_rule("Opportunity", lambda row: bool(seen.append(row["CloseDate"])), "never")
    for deal, stage, close in zip(
        deals, ("Closed Won", "Closed Won", "Closed Lost"), (future, past, future), strict=True
    ):
        running.app.change("Opportunity", deal, {"CloseDate": close})
        running.app.change("Opportunity", deal, {"StageName": stage})
    rows = [
        running.call.one(f"SELECT CloseDate, LastStageChangeDate, IsClosed FROM Opportunity WHERE Id = '{d}'")
        for d in deals
    ]
    assert [row["CloseDate"] for row in rows] == [today.isoformat(), past, future]
    assert all(row["IsClosed"] and row["LastStageChangeDate"][:10] == today.isoformat() for row in rows)
    assert seen[1] == future
    loaded = running.admin(
        "POST", "sobjects/Opportunity", {"Name": "Loaded", "StageName": "Closed Won", "CloseDate": future}
    )
    assert running.admin("GET", f"sobjects/Opportunity/{loaded.json()['id']}").json()["CloseDate"] == future


def test_a_series_is_a_record_beside_its_occurrences(start):
    """Change Data Capture Developer Guide, "Recurring Activities": the series record has GroupEventType 3 and
    IsRecurrence false. The describe of a recorded org names the values: 2 "Proposed Event", 3 "IsRecurrence2 Series
    Pattern".
    """
    running = start()
    meeting = running.call.one("SELECT Id FROM Event WHERE IsChild = false ORDER BY Id LIMIT 1")["Id"]
    series, more = running.app.add_series(meeting, occurrences=9)
    row = running.call.one(
        f"SELECT GroupEventType, IsRecurrence, Recurrence2PatternText FROM Event WHERE Id = '{series}'"
    )
    assert (row["GroupEventType"], row["IsRecurrence"]) == ("3", False)
    assert len(set(more)) == 9
    assert len(running.call.rows(f"SELECT Id FROM EventRelation WHERE EventId = '{more[0]}'")) == len(
        running.call.rows(f"SELECT Id FROM EventRelation WHERE EventId = '{meeting}'")
    )


def test_an_answer_to_an_invitation_changes_the_relation_alone(start):
    """Object Reference, EventRelation: Status New, Declined, Accepted, Uninvited, Maybe; it is a record of its own."""
    running = start()
    tie = running.call.rows("SELECT EventId, RelationId FROM EventRelation WHERE IsInvitee = true ORDER BY Id LIMIT 1")[
        0
    ]
    event = f"SELECT SystemModstamp FROM Event WHERE Id = '{tie['EventId']}'"
    before = running.call.one(event)
    running.app.respond(tie["EventId"], tie["RelationId"], "Declined")
    assert running.call.one(event) == before
    where = f"EventId = '{tie['EventId']}' AND RelationId = '{tie['RelationId']}'"
    assert running.call.one(f"SELECT Status FROM EventRelation WHERE {where}")["Status"] == "Declined"


def test_private_activities_are_hidden_from_others_and_counted_all_the_same(start):
    """Sharing makes queries silently smaller, and record counts know nothing of it (Salesforce Help, "Sharing
    Settings": Activity, Private).
    """
    running = start()
    whole = {name: len(running.call.rows(f"SELECT Id FROM {name}")) for name in ("Task", "Event", "EmailMessage")}
    running.app.private_activities()
    for name, count in whole.items():
        assert count > len(running.call.rows(f"SELECT Id FROM {name}"))
        assert count == len(running.admin.rows(f"SELECT Id FROM {name}"))
    counted = running.call("GET", "limits/recordCount?sObjects=Task").json()["sObjects"]
    assert counted[0]["count"] >= whole["Task"]


@pytest.mark.parametrize("name", ["Task", "Event"])
def test_activities_about_too_many_are_refused_and_by_smaller_windows_answered(start, name):
    """SOAP API Developer Guide, "Core Data Types Used in API Calls", OPERATION_TOO_LARGE; singer-io/tap-salesforce#98:
    "exceeded 100000 distinct who/what's", for users without View All Data, counting queries and Bulk jobs included."""
    running = start()
    running.app.limit_whos(5)
    answer = running.call.query(f"SELECT Id FROM {name}")
    assert (answer.status, answer.json()[0]["errorCode"]) == (400, "OPERATION_TOO_LARGE")
    assert running.call.query(f"SELECT COUNT() FROM {name}").status == 400
    assert running.admin.query(f"SELECT Id FROM {name}").status == 200
    one = running.admin.rows(f"SELECT Id, SystemModstamp FROM {name} LIMIT 1")[0]
    assert running.call.query(f"SELECT Id FROM {name} WHERE Id = '{one['Id']}'").status == 200
    job = running.call("POST", "jobs/query", {"operation": "queryAll", "query": f"SELECT Id FROM {name}"}).json()
    states = [running.call("GET", f"jobs/query/{job['id']}").json() for _ in range(3)]
    assert states[-1]["state"] == "Failed"
    assert "OPERATION_TOO_LARGE" in states[-1]["errorMessage"]


def test_ai_mails_are_marked(org):
    """Object Reference, EmailMessage.AutomationType: AiAssisted was sent by a person, AiAutomated was not, null is a
    person's.
    """
    [field] = [
        f for f in org.admin("GET", "sobjects/EmailMessage/describe").json()["fields"] if f["name"] == "AutomationType"
    ]
    assert [value["value"] for value in field["picklistValues"]] == ["AiAssisted", "AiAutomated"]


def test_another_corporate_currency(start):
    """Object Reference, CurrencyType: IsCorporate marks the one that all rates are counted in."""
    running = start()
    running.app.set_currencies("JPY", {"USD": 1 / 150}, {"USD": [("1970-01-01", 1 / 140), ("2026-01-01", 1 / 150)]})
    rows = running.call.rows("SELECT IsoCode, IsCorporate FROM CurrencyType ORDER BY IsoCode")
    assert [(row["IsoCode"], row["IsCorporate"]) for row in rows] == [("JPY", True), ("USD", False)]
    assert (
        json.dumps(running.call.rows("SELECT NextStartDate FROM DatedConversionRate ORDER BY StartDate")).count("null")
        == 1
    )


def test_an_organisation_may_close_tasks_in_several_words(start):
    """Object Reference, TaskStatus: "Multiple task status values can represent a closed Task"."""
    org = start()
    done = next(row["Id"] for row in org.app.records("Task") if row["IsClosed"] and not row["IsDeleted"])
    called_off = org.app.call_off(done)
    admin = org.as_user(org.app.token)
    other = admin("POST", "sobjects/Task", {"Subject": "Ring them", "Status": "Not Started"}).json()["id"]
    assert admin("PATCH", f"sobjects/Task/{other}", {"Status": "Canceled"}).status == 204
    rows = {row["Id"]: row for row in org.app.records("Task")}
    assert [(rows[one]["Status"], rows[one]["IsClosed"]) for one in (called_off, other)] == [("Canceled", 1)] * 2
