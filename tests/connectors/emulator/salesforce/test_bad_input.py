"""Whatever is sent, the answer is Salesforce's refusal, never a broken connection."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.emulator.http import Request

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
    return org.app.handle(Request(method, path, path, list(query), headers, body))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    words=st.lists(WORDS, max_size=14)
    | st.lists(WORDS, max_size=10).map(lambda w: ["SELECT", "Id", "FROM", "Account", "WHERE", *w])
)
def test_any_soql_is_answered_or_refused(org, words):
    answer = send(org, "GET", f"{BASE}/query", [("q", " ".join(words))])
    assert answer.status in (200, 400)
    if answer.status == 400:
        (error,) = json.loads(answer.body)
        assert {"message", "errorCode"} == set(error)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(route=ROUTES, value=VALUES)
def test_any_body_is_answered_or_refused(start_once, route, value):
    answer = send(start_once, route[0], f"{BASE}/{route[1]}", body=json.dumps(value).encode())
    assert 200 <= answer.status < 500
