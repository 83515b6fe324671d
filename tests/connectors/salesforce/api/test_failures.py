"""Every way Salesforce says no, by status and code, as its documentation and other clients' users report them."""

from __future__ import annotations

import json

import pytest

from connectors.errors import AuthError, FatalError, QuotaReached, RetriableError, SchemaError, Throttled
from connectors.salesforce.api.failures import (
    BulkRefused,
    LocatorGone,
    NotFound,
    ObjectMissing,
    QueryTimeout,
    SessionExpired,
    failure,
)

BACON = (
    "\nSELECT Bacon__c FROM Account\n       ^\nERROR at Row:1:Column:8\nNo such column 'Bacon__c' on entity "
    "'Account'. If you"
    " are attempting to use a custom field, be sure to append the '__c' after the custom field name."
)


def body(code: str, message: str) -> bytes:
    return json.dumps([{"message": message, "errorCode": code}]).encode()


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (401, "INVALID_SESSION_ID", "Session expired or invalid", SessionExpired),
        (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", QuotaReached),
        (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", Throttled),
        (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.", Throttled),
        (403, "API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization.", AuthError),
        (403, "INSUFFICIENT_ACCESS", "insufficient access rights", AuthError),
        (400, "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", AuthError),
        (403, "FUNCTIONALITY_NOT_ENABLED", "not enabled", AuthError),
        (404, "NOT_FOUND", "The requested resource does not exist", NotFound),
        (410, "UNSUPPORTED_API_VERSION", "Invalid API version", NotFound),
        (400, "INVALID_FIELD", BACON, SchemaError),
        (400, "INVALID_TYPE", "sObject type 'XYZZY' is not supported.", ObjectMissing),
        (400, "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: X.", SchemaError),
        (400, "MALFORMED_QUERY", "unexpected token: FORM", RetriableError),
        (400, "JSON_PARSER_ERROR", "Unexpected character", RetriableError),
        (400, "INVALID_QUERY_LOCATOR", "invalid query locator", LocatorGone),
        (400, "QUERY_TIMEOUT", "Your query request was running for too long.", QueryTimeout),
        (400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record", RetriableError),
        (400, "INVALIDENTITY", "Entity 'TaskWhoRelation' is not supported by the Bulk API.", BulkRefused),
        (503, "SERVER_UNAVAILABLE", "Server Unavailable", RetriableError),
        (500, "UNKNOWN_EXCEPTION", "An unexpected error occurred.", RetriableError),
        (409, "SOMETHING_NEW", "in words nobody has seen", FatalError),
    ],
)
def test_a_code_has_its_meaning(status: int, code: str, message: str, kind: type[Exception]) -> None:
    error = failure(status, body(code, message), "GET query")
    assert type(error) is kind
    assert code in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize("status", [406, 408, 420, 429, 500, 502, 503, 504])
@pytest.mark.parametrize(
    "text", [b"", b"<html><body>Down for maintenance</body></html>", b"null", b"[]", b'"no"', b"{"]
)
def test_an_error_without_json_is_judged_by_its_status(status: int, text: bytes) -> None:
    assert isinstance(failure(status, text, "GET query"), RetriableError)
    assert type(failure(401, text, "GET query")) is SessionExpired


@pytest.mark.parametrize("text", [b"<html><body>404 Not Found</body></html>", b"no such host"])
def test_what_something_on_the_way_has_not_found_may_be_there(text: bytes) -> None:
    assert isinstance(failure(404, text, "GET query"), RetriableError)
    assert type(failure(404, b"", "GET query")) is NotFound


@pytest.mark.parametrize(
    "message",
    ["This session is not valid for use with the REST API", "Connected app is not attached to Agent"],
)
def test_a_401_that_no_new_token_heals_is_no_reason_to_sign_in_again(message: str) -> None:
    error = failure(401, body("INVALID_SESSION_ID", message), "GET query")
    assert type(error) is AuthError
    assert error.remedy


def test_what_a_person_can_do_is_said() -> None:
    for status, code in (
        (401, "INVALID_SESSION_ID"),
        (403, "API_DISABLED_FOR_ORG"),
        (400, "INVALID_FIELD"),
        (400, "INVALID_TYPE"),
        (410, "GONE"),
        (302, ""),
    ):
        assert failure(status, body(code, "x"), "GET query").remedy


def test_how_long_to_wait_is_taken_from_the_server_where_it_says_so() -> None:
    assert isinstance(failure(429, b"", "GET query"), Throttled)
    told = failure(503, b"", "GET query", "7")
    assert isinstance(told, RetriableError)
    assert told.retry_after == 7.0
    busy = failure(403, body("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded."), "GET query")
    assert isinstance(busy, RetriableError)
    assert busy.retry_after is not None  # Salesforce never says: a slot is not free at once
