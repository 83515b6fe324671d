"""Every way Salesforce says no, as one of our errors. Policy is a table: code -> what to do, and what a person can do.

RetriableError ── QueryTimeout      the query ran longer than two minutes: read it by Bulk instead
               └─ LocatorGone       the query's cursor has expired: start again behind the last record
SchemaError    ── ObjectMissing     the organisation or the licence has no such object
FatalError     ── NotFound          no such resource
               ├─ BulkRefused       this object cannot be read by Bulk
               └─ AlreadyDone       a job is past what was asked of it
AuthError      ├─ SessionExpired    the access token is no longer good
               └─ TokenRefused      and there is no other
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from connectors.errors import (
    AuthError,
    BothwaysError,
    FatalError,
    QuotaReached,
    RetriableError,
    SchemaError,
    Throttled,
)
from connectors.http.retry import MAX_WAIT, seconds_of
from connectors.secrets import redact


class QueryTimeout(RetriableError):
    """The server cut the query short."""


class LocatorGone(RetriableError):
    """The cursor of a query is no longer known."""


class ObjectMissing(SchemaError):
    """No such object for this user."""


class NotFound(FatalError):
    """No such resource."""


class BulkRefused(FatalError):
    """The Bulk API does not serve this query."""


class AlreadyDone(FatalError):
    """A job is past what was asked of it."""


class SessionExpired(AuthError):
    """The access token is refused; a new one may help."""


class TokenRefused(AuthError):
    """No access token is to be had, or none but the one that was refused."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The first error of an answer, in its own words."""

    code: str = ""
    message: str = ""
    fields: tuple[str, ...] = ()


NOT_A_SESSION_PROBLEM = (
    "This session is not valid for use with the REST API",
    "Connected app is not attached to Agent",
)
_WAIT_FOR_SLOT = 5.0
"""Seconds until another try when too many long requests run at once; Salesforce never says how long."""
_RETRY_STATUS = frozenset({406, 408, 420, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
_RETRY_CODES = frozenset({"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "REQUEST_RUNNING_TOO_LONG"})
_GARBLED = frozenset({"JSON_PARSER_ERROR", "MALFORMED_QUERY", "INVALID_INPUT"})
"""What was refused is not what we sent: all of that is valid JSON and SOQL."""
_PERMISSION = frozenset(
    {
        "API_DISABLED_FOR_ORG",
        "API_CURRENTLY_DISABLED",
        "INSUFFICIENT_ACCESS",
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        "FUNCTIONALITY_NOT_ENABLED",
        "INVALID_LOGIN",
        "FORBIDDEN",
    }
)


def refusal(body: bytes) -> Refusal:
    """What an error body says: a list of errors, one error, an OAuth error; empty for HTML or nothing."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Refusal()
    first = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, dict):
        return Refusal()
    code = first.get("errorCode") or first.get("statusCode") or first.get("exceptionCode") or first.get("error") or ""
    message = first.get("message") or first.get("exceptionMessage") or first.get("error_description") or ""
    return Refusal(str(code), redact(" ".join(str(message).split())), tuple(map(str, first.get("fields") or ())))


def failure(status: int, body: bytes, endpoint: str, wait: str | None = None, date: str | None = None) -> BothwaysError:
    """The error for an answer that is not a success; `wait` is its Retry-After, `date` its Date."""
    said = refusal(body)
    text = f"Salesforce {endpoint}: {said.code or f'HTTP {status}'}{': ' + said.message if said.message else ''}."
    special = _special(said, text, status)
    if special is not None:
        return special
    seconds = seconds_of(wait, date)
    if status == 429 or said.code == "REQUEST_LIMIT_EXCEEDED":
        if (seconds or 0.0) > MAX_WAIT:
            return QuotaReached(text, remedy=f"Salesforce asks to come back in {seconds:.0f} s; the next run goes on.")
        return Throttled(text, status=status, retry_after=seconds or _WAIT_FOR_SLOT)
    if status == 401:
        if any(phrase in said.message for phrase in NOT_A_SESSION_PROBLEM):
            return AuthError(text, remedy="Use a token of an external client app with the scope api.")
        return SessionExpired(text, remedy="Check crm.auth: the token has expired or was revoked.")
    if said.code in _PERMISSION or (status == 403 and (said.code or not body)):
        return AuthError(text, remedy="Assign the permission set Bothways_Integration to the integration user.")
    if status in _RETRY_STATUS or said.code in _RETRY_CODES | _GARBLED:
        return RetriableError(text, status=status, retry_after=seconds)
    if status in (404, 410) and (said.code or not body):
        remedy = "This API version is gone: set crm.api_version." if status == 410 else ""
        return NotFound(text, remedy=remedy)
    if status < 400 or (body and not said.code):
        return RetriableError(
            f"Salesforce {endpoint}: something on the way answered {status} in Salesforce's place.",
            remedy="If that lasts, set crm.url to the organisation's own My Domain (redirects are not followed), and look "
            "for a proxy or a sign-in page before it.",
        )
    return FatalError(text)


def _special(said: Refusal, text: str, status: int) -> BothwaysError | None:
    if said.code == "REQUEST_LIMIT_EXCEEDED":
        if "total" in said.message.lower():
            return QuotaReached(text, remedy="The day's API calls are used up; the next run goes on from here.")
        return None
    if said.code == "QUERY_TIMEOUT":
        return QueryTimeout(text, status=status)
    if said.code == "INVALID_QUERY_LOCATOR":
        return LocatorGone(text, status=status)
    if said.code == "INVALID_TYPE":
        return ObjectMissing(text, remedy="Change the mapping, or give the integration user access to the object.")
    if said.code in ("INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE"):
        return SchemaError(text, remedy="Run `bothways provision` and assign the permission set Bothways_Integration.")
    if said.code in ("INVALIDBATCH", "INVALIDJOBSTATE"):
        return AlreadyDone(text)
    if said.code in ("INVALIDENTITY", "API_ERROR") and "bulk" in said.message.lower():
        return BulkRefused(text)
    return None
