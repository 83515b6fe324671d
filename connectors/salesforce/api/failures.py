"""Every way Salesforce says no, as one of our errors. Policy is a table: code -> what to do, and what a person can do.

RetriableError ── QueryTimeout      the query ran longer than two minutes: read it by Bulk instead
               ├─ TooLarge          the query is about too many records to check access: read in smaller windows
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


class TooLarge(QueryTimeout):
    """The query is about more people and records than the server checks the sharing of."""


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


WHO_SEES_ALL = (
    "Give the integration user View All Data, or set the sharing default of activities (Setup > Sharing "
    "Settings > Activity) to "
    "Controlled by Parent and give it View All Records of accounts."
)
"""What lets a user see all activities without checking each."""

NOT_A_SESSION_PROBLEM = (
    "This session is not valid for use with the REST API",
    "Connected app is not attached to Agent",
)
_WAIT_FOR_SLOT = 5.0
"""Seconds until another try when too many long requests run at once; Salesforce never says how long."""
_RETRY_STATUS = frozenset({406, 408, 420, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
_RETRY_CODES = frozenset({"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "REQUEST_RUNNING_TOO_LONG"}
                         | {"API_CURRENTLY_DISABLED"})  # fmt: skip  # "because of a system problem"
_GARBLED = frozenset({"JSON_PARSER_ERROR", "MALFORMED_QUERY", "INVALID_INPUT"})
"""What was refused is not what we sent: all of that is valid JSON and SOQL."""
_PERMISSION = frozenset(
    {
        "INSUFFICIENT_ACCESS",
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        "FUNCTIONALITY_NOT_ENABLED",
        "INVALID_LOGIN",
        "FORBIDDEN",
    }
)


_ACCESS: dict[str, str] = {
    "API_DISABLED_FOR_ORG": "Give the user the permission API Enabled (the permission set licence Salesforce "
    "API Integration has "
    "it); Professional Edition has no API unless it was bought.",
    "INVALID_AUTH_HEADER": (
        "The access token is no token: use what `sf org auth show-access-token --target-org NAME --json` shows."
    ),
}
"""What helps against a code that says that nothing can be asked at all."""

_SIGN_IN: tuple[tuple[str, str], ...] = (
    (
        "no client credentials user enabled",
        "On the external client app, Policies > Edit: enable the client credentials flow and name a Run-As user.",
    ),
    ("request not supported on this domain", "Set crm.url to the organisation's My Domain (Setup > My Domain)."),
    (
        "app must be installed",
        "An administrator installs the app: Setup > Connected Apps OAuth Usage > Install. Since September "
        "2025 apps that are not "
        "installed are blocked.",
    ),
    (
        "not installed",
        "An administrator installs the app: Setup > Connected Apps OAuth Usage > Install. Since September "
        "2025 apps that are not "
        "installed are blocked.",
    ),
    (
        "oauth_app_blocked",
        "An administrator unblocks the app: Setup > Connected Apps OAuth Usage > Unblock, or installs it there.",
    ),
    (
        "blocked by admin",
        "An administrator unblocks the app: Setup > Connected Apps OAuth Usage > Unblock, or installs it there.",
    ),
    (
        "ip restricted",
        "Add this machine's public address to the login IP ranges of the user's profile, and to those of the "
        "app, or relax the "
        "app's IP policy.",
    ),
    ("inactive_user", "Activate the integration user, or name another Run-As user (Setup > Users)."),
    ("user is inactive", "Activate the integration user, or name another Run-As user (Setup > Users)."),
    ("inactive_org", "The organisation is locked, suspended or gone: ask Salesforce, or set crm.url to another."),
    (
        "user is locked",
        "Unlock or unfreeze the integration user (Setup > Users), and see Login History for what locked it.",
    ),
    (
        "user is frozen",
        "Unlock or unfreeze the integration user (Setup > Users), and see Login History for what locked it.",
    ),
    ("not admin approved", "On the app's Policies, pre-authorise a permission set that the integration user has."),
    ("hasn't approved", "On the app's Policies, pre-authorise a permission set that the integration user has."),
    (
        "invalid_client_id",
        "Set crm.auth.client_id to the consumer key of the app; a new app takes up to ten minutes to be known.",
    ),
    (
        "invalid_client",
        "Set crm.auth.client_secret to the app's consumer secret (it changes when somebody rotates it).",
    ),
    ("expired access/refresh token", "Sign in again for a new refresh token; with rotation on, keep it in a file."),
    (
        "audience",
        'Set crm.auth.audience to "https://login.salesforce.com", or "https://test.salesforce.com" for a sandbox.',
    ),
)
"""What Salesforce says when it refuses a token (code or words, in lower case), and what a person can do. The first one
counts.
"""

_SIGN_IN_PASSES = ("login rate exceeded", "rate_limit_exceeded", "login attempts exceeded", "retry your request",
                   "unknown_error", "server_error", "temporarily_unavailable")  # fmt: skip
_LOGIN_PAUSE = 30.0
"""Seconds to wait when too many sign in at once."""


def sign_in_failure(status: int, said: Refusal, method: str) -> BothwaysError:
    """The error for a refused token: one that passes is worth another try."""
    words = f"{said.code} {said.message}".lower()
    text = f"{said.code or f'HTTP {status}'}{': ' + said.message if said.message else ''}."
    if any(phrase in words for phrase in _SIGN_IN_PASSES):
        return RetriableError(f"Salesforce issues no token now: {text}", status=status, retry_after=_LOGIN_PAUSE)
    remedy = next((remedy for phrase, remedy in _SIGN_IN if phrase in words), "")
    return TokenRefused(
        f"Salesforce refuses to issue a token ({method}): {text}",
        remedy=remedy or f"Check crm.auth ({method}) and the external client app's policies and Run-As user.",
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
    if said.code in _ACCESS:
        return AuthError(text, remedy=_ACCESS[said.code])
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
            remedy="If that lasts, set crm.url to the organisation's own My Domain (redirects are not "
            "followed), and look "
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
    if said.code == "OPERATION_TOO_LARGE":
        return TooLarge(text, status=status, remedy=WHO_SEES_ALL)
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
