"""Every answer that is not a success becomes one of our errors, by its status and body; each field of the body may be
missing.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import AuthError, BothwaysError, QuotaReached, RetriableError, Throttled
from connectors.hubspot.api.endpoints import Paths
from connectors.hubspot.api.failures import Expired, NotFound, Refused, classify

LISTING = Paths("2026-03").listing("companies")
ROLLING = "You have reached your ten_secondly_rolling limit."


def answered(status: int, body: object, headers: dict[str, str] | None = None) -> BothwaysError:
    raw = body if isinstance(body, str) else json.dumps({"status": "error", "message": "no", **dict(body or {})})  # type: ignore[call-overload]
    return classify(LISTING, status, headers or {}, raw)


@pytest.mark.parametrize(
    ("status", "body", "kind", "pause"),
    [
        (429, {"message": ROLLING, "errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"}, Throttled, 10.0),
        (429, {"message": ROLLING}, Throttled, 10.0),
        (429, {"message": "You have reached your secondly limit.", "category": "RATE_LIMITS"}, Throttled, 1.0),
        (429, {"message": "slow down", "errorType": "RATE_LIMIT", "policyName": "SECONDLY"}, Throttled, 1.0),
        (429, {"message": "You have reached your daily limit.", "policyName": "DAILY"}, QuotaReached, None),
        (429, {"message": "You have reached your daily limit."}, QuotaReached, None),
        (423, {"message": "locked"}, RetriableError, 2.0),
        (502, "<html>Bad gateway</html>", RetriableError, None),
        (521, "", RetriableError, None),
        (524, {}, RetriableError, None),
        (401, {"category": "INVALID_AUTHENTICATION"}, Expired, None),
        (401, {"category": "EXPIRED_AUTHENTICATION", "context": {"expire time": ["2022-06-21"]}}, Expired, None),
        (404, {"message": "resource not found"}, NotFound, None),
        (404, {"category": "OBJECT_NOT_FOUND"}, NotFound, None),
        (400, {"category": "VALIDATION_ERROR"}, Refused, None),
        (409, {"category": "CONFLICT", "message": "Contact already exists. Existing ID: 12345"}, Refused, None),
        (414, {"message": "URI Too Long"}, Refused, None),
    ],
)
def test_each_answer_has_its_error_and_its_pause(
    status: int, body: Any, kind: type[BothwaysError], pause: float | None
) -> None:
    error = answered(status, body)
    assert type(error) is kind
    assert getattr(error, "retry_after", None) == pause


def test_the_servers_own_pause_is_taken_where_it_gives_one() -> None:
    error = answered(429, {"message": ROLLING}, {"Retry-After": "3"})
    assert isinstance(error, RetriableError)
    assert error.retry_after == 3.0


@pytest.mark.parametrize("key", ["requiredGranularScopes", "requiredScopes"])
@pytest.mark.parametrize("place", ["context", "errors"])
def test_a_missing_scope_is_named_exactly(key: str, place: str) -> None:
    context = {key: ["crm.objects.deals.read", "crm.objects.deals.write"]}
    body = {"context": context} if place == "context" else {"errors": [{"message": "One or more", "context": context}]}
    error = answered(403, {**body, "category": "MISSING_SCOPES"})
    assert isinstance(error, AuthError)
    assert "crm.objects.deals.read, crm.objects.deals.write" in str(error)


def test_a_refusal_without_a_scope_is_told_as_it_is() -> None:
    error = answered(403, {"message": "This account may not."})
    assert isinstance(error, AuthError)
    assert "This account may not." in str(error)
    assert error.remedy


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["message", "x"]), inner, max_size=2),
    max_leaves=6,
)


@given(
    status=st.sampled_from([301, 400, 401, 403, 404, 409, 423, 429, 477, 500, 503]),
    body=st.dictionaries(
        st.sampled_from(["message", "category", "policyName", "errors", "context", "status", "correlationId"]), JSON
    ),
)
def test_no_body_breaks_the_reading_of_an_error(status: int, body: dict[str, Any]) -> None:
    error = classify(LISTING, status, {}, json.dumps(body))
    assert isinstance(error, BothwaysError)
    assert str(error)
