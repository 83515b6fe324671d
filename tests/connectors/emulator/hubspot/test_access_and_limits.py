"""Who may do what, how often, and how the refusals look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from connectors.emulator.hubspot.access import ALL_SCOPES, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN

LIST = "/crm/v3/objects/companies?limit=1"
SEARCH = "/crm/v3/objects/companies/search"


def test_without_a_bearer_there_is_no_answer(portal: Any) -> None:
    for header in ("", "Basic eA==", "Bearer "):
        answer = portal.call("GET", LIST, headers={"Authorization": header})
        assert (answer.status, answer.json["category"]) == (401, "INVALID_AUTHENTICATION")
    assert portal.call("GET", LIST, headers={"Authorization": "Bearer anything"}).status == 401


def test_any_token_is_taken_where_a_test_wants_that_and_none_once_revoked(make_portal: Callable[..., Any]) -> None:
    portal = make_portal(only_own_token=False)
    assert portal.call("GET", LIST, headers={"Authorization": "Bearer anything"}).status == 200
    portal = make_portal()
    assert portal.call("GET", LIST, headers={"Authorization": "Bearer anything"}).status == 401
    assert portal.call("GET", LIST).status == 200
    portal.app.behaviours.revoked_tokens.add(portal.app.token)
    assert portal.call("GET", LIST).status == 401


def test_an_expired_token_says_so(portal: Any) -> None:
    portal.app.behaviours.expired_tokens.add(portal.app.token)
    answer = portal.call("GET", LIST)
    assert (answer.status, answer.json["category"]) == (401, "EXPIRED_AUTHENTICATION")
    assert "expired 75 second(s) ago" in answer.json["message"]


@pytest.mark.parametrize(
    ("scope", "method", "path", "body"),
    [
        ("crm.objects.companies.read", "GET", LIST, None),
        ("crm.objects.companies.read", "POST", SEARCH, {}),
        ("crm.objects.companies.write", "POST", "/crm/v3/objects/companies/batch/update", {"inputs": []}),
        ("crm.objects.owners.read", "GET", "/crm/v3/owners", None),
        ("crm.objects.deals.read", "POST", "/crm/v4/associations/deals/companies/batch/read", {"inputs": []}),
        ("crm.schemas.companies.write", "POST", "/crm/v3/properties/companies/groups", {"name": "a", "label": "b"}),
        ("sales-email-read", "GET", "/crm/v3/objects/emails", None),
        ("tickets", "GET", "/crm/v3/objects/tickets", None),
    ],
)
def test_a_missing_scope_is_named(portal: Any, scope: str, method: str, path: str, body: Any) -> None:
    assert portal.call(method, path, body).status in (200, 201)
    portal.app.behaviours.scopes[portal.app.token] = ALL_SCOPES - {scope}
    answer = portal.call(method, path, body)
    assert (answer.status, answer.json["category"]) == (403, "MISSING_SCOPES")
    assert answer.json["errors"][0]["context"]["requiredGranularScopes"] == [scope]


@pytest.mark.parametrize("path", ["/oauth/v1/token", "/oauth/v3/token", "/oauth/2026-09/token"])
def test_a_refresh_token_buys_access_tokens_that_end(make_portal: Callable[..., Any], path: str) -> None:
    portal = make_portal(only_own_token=True)
    form = {
        "grant_type": "refresh_token",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": ""}
    granted = portal.call("POST", path, urlencode(form), headers)
    assert (granted.status, granted.json["expires_in"], granted.json["refresh_token"]) == (200, 1800, REFRESH_TOKEN)
    bearer = {"Authorization": f"Bearer {granted.json['access_token']}"}
    assert portal.call("GET", LIST, headers=bearer).status == 200
    told = portal.get(f"/oauth/v1/access-tokens/{granted.json['access_token']}")
    assert "crm.objects.companies.read" in told["scopes"]
    portal.clock.advance(1801)
    answer = portal.call("GET", LIST, headers=bearer)
    assert (answer.status, answer.json["category"]) == (401, "EXPIRED_AUTHENTICATION")
    refused = portal.call("POST", path, urlencode({**form, "refresh_token": "old"}), headers)
    assert (refused.status, refused.json["status"]) == (400, "BAD_REFRESH_TOKEN")


@pytest.mark.parametrize(("tier", "burst"), [("free", 100), ("professional", 190), ("increased", 250), ("oauth", 110)])
def test_a_tier_allows_so_many_requests_in_any_ten_seconds(
    make_portal: Callable[..., Any], tier: str, burst: int
) -> None:
    portal = make_portal(rate_limits=True, tier=tier)
    for _ in range(burst - 1):
        assert portal.call("GET", "/crm/v3/owners?limit=1").status == 200
    portal.clock.advance(6)
    assert portal.call("GET", "/crm/v3/owners?limit=1").status == 200
    refused = portal.call("GET", "/crm/v3/owners?limit=1")
    assert (refused.status, refused.json["policyName"]) == (429, "TEN_SECONDLY_ROLLING")
    assert "retry-after" not in refused.headers
    assert "category" not in refused.json
    portal.clock.advance(4)
    assert portal.call("GET", "/crm/v3/owners?limit=1").status == 200, "the window rolls: the first ones have left it"
    portal.clock.advance(1)
    for _ in range(burst - 2):
        portal.app.limits.check("burst")
    assert portal.call("GET", "/crm/v3/owners?limit=1").status == 429


def test_five_searches_a_second_apart_from_everything_else(make_portal: Callable[..., Any]) -> None:
    portal = make_portal(rate_limits=True)
    answers = [portal.call("POST", SEARCH, {}) for _ in range(6)]
    assert [one.status for one in answers] == [200] * 5 + [429]
    assert answers[5].json["category"] == "RATE_LIMITS"
    assert not [name for one in answers for name in one.headers if "interval" in name or "secondly" in name]
    assert "x-hubspot-ratelimit-daily-remaining" in answers[5].headers
    assert portal.call("GET", LIST).headers["x-hubspot-ratelimit-remaining"] == "189"
    portal.clock.advance(1)
    assert portal.call("POST", SEARCH, {}).status == 200


def test_association_batches_have_a_window_of_their_own(make_portal: Callable[..., Any]) -> None:
    portal = make_portal(rate_limits=True, tier="free")
    for _ in range(100):
        portal.app.limits.check("burst")
    assert portal.call("GET", LIST).status == 429
    path = "/crm/v4/associations/deals/companies/batch/read"
    assert portal.call("POST", path, {"inputs": []}).status == 200
    for _ in range(99):
        portal.app.limits.check("associations")
    assert portal.call("POST", path, {"inputs": []}).status == 429


def test_the_day_ends_at_midnight_where_the_account_is(make_portal: Callable[..., Any]) -> None:
    portal = make_portal(rate_limits=True, daily_limit=2, retry_after=True)
    assert [portal.call("GET", LIST).status for _ in range(2)] == [200, 200]
    refused = portal.call("GET", LIST)
    assert (refused.status, refused.json["policyName"]) == (429, "DAILY")
    assert refused.headers["retry-after"] == str(23 * 3600), "1 a.m. in Berlin"
    assert refused.headers["x-hubspot-ratelimit-daily-remaining"] == "0"
    portal.clock.advance(23 * 3600 - 1)
    assert portal.call("GET", LIST).status == 429
    portal.clock.advance(1)
    assert portal.call("GET", LIST).status == 200


def test_oauth_tokens_are_told_nothing_about_the_day(make_portal: Callable[..., Any]) -> None:
    headers = make_portal(tier="oauth").call("GET", LIST).headers
    assert not [name for name in headers if "daily" in name]


def test_a_migration_refuses_everything_with_a_time_to_come_back(portal: Any) -> None:
    portal.app.behaviours.migrating = 120
    answer = portal.call("GET", LIST)
    assert (answer.status, answer.headers["retry-after"]) == (477, "120")


def test_paths_that_are_none(portal: Any) -> None:
    for path in ("/", "/crm/v3", "/crm/v3/objects", "/crm/objects/2019-03/companies", "/crm/v3/nothing", "/x/y/z"):
        answer = portal.call("GET", path)
        assert answer.status in (400, 404), path
        assert answer.json["status"] == "error"
    assert (
        portal.call("GET", "/crm/v3/objects/unicorns").json["message"] == "Unable to infer object type from: unicorns"
    )
    assert portal.call("POST", "/crm/v3/objects/companies/batch/explode", {"inputs": []}).status == 404


@pytest.mark.parametrize("body", ["", "[]", "{", '{"inputs": 5}', '{"inputs": [5]}'])
def test_bodies_that_do_not_parse_are_the_clients_fault(portal: Any, body: str) -> None:
    for path in ("/crm/v3/objects/companies/batch/update", "/crm/v4/associations/deals/companies/batch/read"):
        assert portal.call("POST", path, body).status == 400
