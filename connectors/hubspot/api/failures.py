"""What an answer that is not a success means: pure, from status, headers and body to one of our errors.

429 TEN_SECONDLY_ROLLING   RetriableError, ten seconds     429 SECONDLY  RetriableError, one second
429 DAILY                  QuotaReached                    429, 477      with a pause of over a minute: QuotaReached
401 EXPIRED_AUTHENTICATION Expired (refresh, once)         401 other     Expired too: the secret may have been rotated
403                        AuthError that names the scope  404           NotFound
423                        RetriableError, two seconds     408, 5xx      RetriableError, and so is JSON that is none
everything else            Refused: the request itself will not do; RetriableError when the answer is not HubSpot's
                           (a redirect, a page of a box on the way)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

import orjson

from connectors.errors import AuthError, BothwaysError, FatalError, QuotaReached, RetriableError, Throttled
from connectors.http.retry import MAX_WAIT, seconds_of
from connectors.hubspot.api.endpoints import Endpoint

TEN_SECONDS, ONE_SECOND, LOCKED = 10.0, 1.0, 2.0
_ENVELOPE = frozenset({"status", "message", "category", "errors", "correlationId", "errorType", "policyName"})


class ErrorDetail(TypedDict, total=False):
    """One entry of `errors`; every key is optional."""

    message: str
    code: str
    category: str
    subCategory: str
    context: dict[str, list[str]]


class ErrorBody(TypedDict, total=False):
    """HubSpot's error envelope; every key is optional."""

    message: str
    category: str
    subCategory: str
    policyName: str
    errorType: str
    context: dict[str, list[str]]
    errors: list[ErrorDetail]


class NotFound(FatalError):
    """404: no such record, property or object type."""


class Expired(FatalError):
    """401: the token may be renewed once, and the call sent again."""


class Refused(FatalError):
    """A 4xx that no retry can help; `body` says why."""

    def __init__(self, message: str, status: int, body: ErrorBody) -> None:
        super().__init__(message)
        self.status = status
        self.body = body

    @property
    def text(self) -> str:
        """All messages of the answer in one string."""
        parts = [self.body.get("message", ""), *(e.get("message", "") for e in self.body.get("errors", []))]
        return "; ".join(p for p in parts if p)


def parse(raw: bytes | str | None) -> ErrorBody:
    """The envelope, or an empty one when the body is something else (an HTML page of a proxy); what is of another type
    than it should be is left out."""
    try:
        body = orjson.loads(raw or b"{}")
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(body, dict):
        return {}
    errors = body.get("errors")
    details = [_typed(e) for e in errors if isinstance(e, dict)] if isinstance(errors, list) else []
    return {**_typed(body), **({"errors": details} if details else {})}  # type: ignore[typeddict-item]


def _typed(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        key: value for key, value in body.items() if isinstance(value, str) and key not in ("context", "errors")
    }
    context = body.get("context")
    if isinstance(context, dict):
        found["context"] = {k: [str(one) for one in v] for k, v in context.items() if isinstance(v, list)}
    return found


def classify(endpoint: Endpoint, status: int, headers: Mapping[str, str], raw: bytes | str | None) -> BothwaysError:
    """The error for an answer outside 2xx."""
    body = parse(raw)
    message = body.get("message") or f"HubSpot answered {status}"
    what = f"{endpoint.name}: {message}"
    wait = retry_after(headers)
    if status == 429:
        return _limited(what, body, wait)
    if status == 477:
        return _moving(what, wait)
    if status == 401:
        return Expired(what, remedy="Create a new service key, or connect the app again, and update crm.auth.")
    if status == 423:
        return RetriableError(what, retry_after=wait or LOCKED, status=status)
    if status == 408 or status >= 500:
        return RetriableError(what, retry_after=wait, status=status)
    if status < 400 or (raw and not _ENVELOPE & body.keys()):
        return RetriableError(
            f"{endpoint.name}: something on the way answered {status} in HubSpot's place.",
            remedy="If that lasts, look for a proxy or a sign-in page before api.hubapi.com.",
        )
    if status == 403:
        return _forbidden(what, body)
    if status == 404:
        return NotFound(what)
    if message.startswith("Invalid input JSON"):  # what we send is valid: it was damaged on its way
        return RetriableError(what, status=status)
    return Refused(what, status, body)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header, which may be a date; None without one."""
    return seconds_of(headers.get("Retry-After") or headers.get("retry-after"), headers.get("Date"))


def _limited(what: str, body: ErrorBody, wait: float | None) -> BothwaysError:
    policy = (body.get("policyName") or "").upper()
    text = body.get("message", "").lower()
    if policy == "DAILY" or "daily" in text:
        return QuotaReached(what, remedy="The allowance starts anew at midnight in the account's time zone; run then.")
    secondly = policy == "SECONDLY" or (not policy and "secondly limit" in text and "ten_secondly" not in text)
    if (wait or 0.0) > MAX_WAIT:
        return QuotaReached(what, remedy=f"HubSpot asks to come back in {wait:.0f} seconds; the next run goes on.")
    return Throttled(what, retry_after=wait or (ONE_SECOND if secondly else TEN_SECONDS), status=429)


def _moving(what: str, wait: float | None) -> BothwaysError:
    if wait is not None and wait <= MAX_WAIT:
        return Throttled(what, retry_after=wait, status=477)
    hint = f"HubSpot asks to come back in {wait:.0f} seconds." if wait else "It may take up to 24 hours."
    return QuotaReached(f"{what} The account is being moved between data centres.", remedy=hint)


def _forbidden(what: str, body: ErrorBody) -> AuthError:
    scopes: list[str] = []
    for context in [body.get("context") or {}, *(e.get("context") or {} for e in body.get("errors", []))]:
        for key in ("requiredGranularScopes", "requiredScopes"):
            scopes += context.get(key, [])
    if not scopes:
        return AuthError(what, remedy="Give the service key or app access to this object in HubSpot.")
    named = ", ".join(dict.fromkeys(scopes))
    return AuthError(
        f"{what} Missing scope: {named}.",
        remedy=f"Add the scope {named} to the service key or app, or leave the object out of the mapping.",
    )
