"""Whatever is sent, the answer is Salesforce's refusal, never a broken connection."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.emulator.server.http import Request

BASE = "/services/data/v68.0"
WORDS = st.sampled_from(
    [
        "SELECT",
        "FROM",
        "WHERE",
        "AND",
        "OR",
        "NOT",
        "IN",
        "LIKE",
        "ORDER",
        "BY",
        "GROUP",
        "HAVING",
        "LIMIT",
        "OFFSET",
        "COUNT",
        "(",
        ")",
        ",",
        "=",
        "!=",
        "<",
        "'a'",
        "1",
        "null",
        "true",
        "Id",
        "Name",
        "Account",
        "Owner.Name",
        "Who.Type",
        "2026-01-01",
        "2026-01-01T00:00:00Z",
        "TODAY",
        "LAST_N_DAYS:3",
        "FIELDS",
        "ALL",
        "NULLS",
        "LAST",
        "DESC",
        "SUM",
        "Amount",
        "IsDeleted",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["Account", "001", "GET"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "records",
                    "attributes",
                    "type",
                    "id",
                    "Name",
                    "compositeRequest",
                    "batchRequests",
                    "richInput",
                    "graphs",
                    "Contacts",
                    "contentType",
                    "url",
                    "method",
                    "referenceId",
                    "body",
                    "operation",
                    "query",
                    "object",
                    "allOrNone",
                    "state",
                    "ids",
                    "fields",
                    "FullName",
                    "Metadata",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=10,
)
ROUTES = st.sampled_from(
    [
        ("PATCH", "composite/sobjects"),
        ("POST", "composite/sobjects"),
        ("POST", "composite/sobjects/Account"),
        ("POST", "composite"),
        ("POST", "composite/batch"),
        ("POST", "composite/graph"),
        ("POST", "composite/tree/Account"),
        ("POST", "/services/async/62.0/job"),
        ("PATCH", "composite/sobjects/Account/Id"),
        ("POST", "sobjects/Account"),
        ("PATCH", "sobjects/Account/001000000000000AAA"),
        ("POST", "jobs/query"),
        ("POST", "jobs/ingest"),
        ("POST", "metadata/deployRequest"),
        ("POST", "tooling/sobjects/CustomField"),
        ("GET", "sobjects/Account/updated"),
        ("GET", "composite/sobjects/Account"),
        ("GET", "limits/recordCount"),
    ]
)


def send(org, method, path, query=(), body=b""):
    headers = {"authorization": f"Bearer {org.app.token}", "content-type": "application/json"}
    headers["x-sfdc-session"] = org.app.token
    return org.app.handle(Request(method, path, path, list(query), headers, body))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    words=st.lists(WORDS, max_size=14)
    | st.lists(WORDS, max_size=10).map(lambda w: ["SELECT", "Id", "FROM", "Account", "WHERE", *w])
)
def test_any_soql_is_answered_or_refused(org, words):
    for path in ("query", "tooling/query"):
        text = " ".join(words).replace("Account", "CustomField" if path.startswith("tooling") else "Account")
        answer = send(org, "GET", f"{BASE}/{path}", [("q", text)])
        assert answer.status in (200, 400)
        if answer.status == 400:
            (error,) = json.loads(answer.body)
            assert {"message", "errorCode"} == set(error)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    call=st.sampled_from(
        (
            "listMetadata",
            "readMetadata",
            "retrieve",
            "checkRetrieveStatus",
            "upsertMetadata",
            "deleteMetadata",
            "deploy",
        )
    ),
    inside=st.lists(
        st.sampled_from(
            (
                "<type>CustomField</type>",
                "<fullNames>Account.X__c</fullNames>",
                "<queries><type>Layout</type></queries>",
                "<metadata><fullName>X</fullName></metadata>",
                "<asyncProcessId>09S</asyncProcessId>",
                "<ZipFile>!</ZipFile>",
                "<a/>",
            )
        ),
        max_size=4,
    ),
)
def test_any_soap_call_is_answered_or_a_fault(start_once, call, inside):
    token = start_once.app.token
    head = f"<h:Header xmlns:h='x'><SessionHeader><sessionId>{token}</sessionId></SessionHeader></h:Header>"
    text = f"<e:Envelope xmlns:e='x'>{head}<e:Body><{call}>{''.join(inside)}</{call}></e:Body></e:Envelope>"
    answer = send(start_once, "POST", "/services/Soap/m/62.0", body=text.encode())
    assert answer.status in (200, 500)
    assert b"Envelope" in answer.body


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(route=ROUTES, value=VALUES)
def test_any_body_is_answered_or_refused(start_once, route, value):
    path = route[1] if route[1].startswith("/") else f"{BASE}/{route[1]}"
    answer = send(start_once, route[0], path, body=json.dumps(value).encode())
    assert 200 <= answer.status < 500
