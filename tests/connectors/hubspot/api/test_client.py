"""The transport against an emulated portal that misbehaves, over a real socket."""

from __future__ import annotations

import itertools
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from connectors.emulator.hubspot.access import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from connectors.errors import AuthError, QuotaReached, RetriableError
from connectors.http import retry
from connectors.hubspot.api.client import Client
from connectors.hubspot.config import HubSpotConfig


class Clock:
    """Time that only passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_780_000_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def client_of(portal: Any, clock: Any = None, sleep: Any = None, **settings: Any) -> Client:
    portal.monkeypatch.setenv("HUBSPOT_TEST_TOKEN", portal.app.token)
    auth = settings.pop("auth", {"method": "token", "token": {"env": "HUBSPOT_TEST_TOKEN"}})
    config = HubSpotConfig.model_validate({"url": portal.server.url, "auth": auth, **settings})
    clock = clock or Clock()
    return Client(config, monotonic=clock, sleep=sleep or clock.sleep)


def companies(client: Client) -> int:
    query = [("limit", "100"), ("properties", "name")]
    return len(client.call(client.paths.listing("companies"), query=query).body["results"])


def test_our_own_throttle_keeps_under_the_tiers_limit(portal: Any) -> None:
    clock = Clock()
    one = portal(rate_limits=True, clock=clock, interval_headers=True)
    client = client_of(one, clock)
    for _ in range(400):
        companies(client)
    search = {"filterGroups": [], "limit": 1}
    for _ in range(30):
        client.call(client.paths.search("companies"), body=search)
    assert client.calls.total().read == 430
    assert sum(clock.slept) >= 20


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock by which also the retries wait."""
    clock = Clock()
    retry.without_waiting(on=False)
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=clock.sleep))
    return clock


@pytest.mark.parametrize("hint", [True, False])
def test_a_429_is_waited_out_with_or_without_a_hint(portal: Any, waited: Clock, hint: bool) -> None:
    one = portal(rate_limits=True, clock=waited, retry_after=hint)
    client = client_of(one, waited, rate_limit=1000, search_limit=1000)
    for _ in range(195):
        companies(client)
    for _ in range(8):
        client.call(client.paths.search("companies"), body={"filterGroups": [], "limit": 1})
    refused = client.calls.total().read - 203
    assert 1 <= refused <= 4
    assert waited.slept


@pytest.mark.parametrize(
    ("tier", "least", "most"),
    [("free", 90, 100), ("oauth", 100, 110), ("enterprise", 175, 190), ("increased", 235, 250)],
)
def test_the_limit_is_the_accounts_own_as_its_answers_tell_it(portal: Any, tier: str, least: int, most: int) -> None:
    clock = Clock()
    one = portal(rate_limits=True, clock=clock, tier=tier)
    client = client_of(one, clock)
    begun = clock.now
    while clock.now < begun + 100:
        companies(client)
    assert least * 10 <= client.calls.total().read <= most * 11
    assert one.refused == 0


def test_an_account_that_tells_nothing_gets_what_the_smallest_may_make(portal: Any) -> None:
    clock = Clock()
    client = client_of(portal(rate_limits=True, clock=clock, tier="free", interval_headers=False), clock)
    begun = clock.now
    while clock.now < begun + 60:
        companies(client)
    assert client.calls.total().read >= 600


@pytest.mark.parametrize(("tier", "limit"), [("free", 100), ("enterprise", 150), ("increased", 200)])
def test_associations_have_a_limit_of_their_own(portal: Any, tier: str, limit: int) -> None:
    clock = Clock()
    one = portal(rate_limits=True, clock=clock, tier=tier)
    client = client_of(one, clock)
    companies(client)
    begun = clock.now
    while clock.now < begun + 50:
        client.call(client.paths.associations("companies", "contacts"), body={"inputs": [{"id": "1"}]})
    assert client.calls.total().by_endpoint["associations companies contacts"] >= 0.9 * 5 * limit
    assert one.refused == 0


def test_a_limit_of_ones_own_is_kept_below_the_accounts(portal: Any) -> None:
    clock = Clock()
    client = client_of(portal(rate_limits=True, clock=clock), clock, rate_limit=20)
    begun = clock.now
    while clock.now < begun + 50:
        companies(client)
    assert client.calls.total().read <= 120


def test_the_daily_limit_stops_the_run_without_another_call(portal: Any) -> None:
    body = {"status": "error", "message": "You have reached your daily limit.", "policyName": "DAILY"}
    one = portal()
    one.fault(match={"path": "companies"}, kind="status", status=429, body=json.dumps(body), times=None)
    client = client_of(one)
    with pytest.raises(QuotaReached, match="daily"):
        companies(client)
    assert client.calls.total().read == 1


def test_calls_stop_at_the_reserve(portal: Any) -> None:
    one = portal(rate_limits=True, daily_limit=20)
    client = client_of(one, daily_reserve=0.5)
    for _ in range(10):
        companies(client)
    with pytest.raises(QuotaReached, match="10 are kept"):
        companies(client)
    assert client.calls.total().read == 10


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "status", "status": 502, "body": "<html>", "content_type": "text/html"},
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 524},
        {"kind": "reset"},
        {"kind": "reset_after"},
        {"kind": "cut", "bytes": 400},
        {"kind": "html"},
        {"kind": "status", "status": 200, "body": "{}x"},
        {"kind": "status", "status": 200, "body": '{"results": [NaN]}'},
        {"kind": "status", "status": 200, "body": ""},
        {"kind": "status", "status": 423, "body": '{"message": "locked"}'},
        {"kind": "status", "status": 477, "headers": {"Retry-After": "5"}},
    ],
    ids=str,
)
def test_what_may_pass_is_tried_again(portal: Any, rule: dict[str, Any]) -> None:
    one = portal()
    whole = companies(client_of(one))
    one.fault(match={"method": "GET", "path": "companies"}, times=2, **rule)
    assert whole == companies(client_of(one))


def test_a_server_that_drips_is_not_waited_for_for_ever(portal: Any) -> None:
    one = portal()
    one.fault(match={"path": "companies"}, kind="drip", bytes=16, seconds=0.05, times=None)
    client = client_of(one, request_seconds=0.1)
    with pytest.raises(RetriableError, match="in time"):
        client.call(client.paths.properties("companies"), attempts=1)


def test_half_a_character_in_a_name_stops_nothing(portal: Any) -> None:
    one = portal()
    body = '{"results": [{"id": "1", "properties": {"name": "A\\ud83d B"}}]}'
    one.fault(match={"path": "companies"}, kind="status", status=200, body=body)
    client = client_of(one)
    answer = client.call(client.paths.listing("companies")).body
    assert answer["results"][0]["properties"]["name"] == "A? B"


def test_a_post_is_tried_again_too(portal: Any) -> None:
    one = portal()
    one.fault(match={"method": "POST"}, kind="status", status=503, times=2)
    client = client_of(one)
    assert client.call(client.paths.search("companies"), body={"filterGroups": [], "limit": 1}).body["results"]
    assert client.calls.total().read == 3


def test_the_library_repeats_nothing_behind_our_back(portal: Any) -> None:
    """By default it would: a GET whose answer carries Retry-After, three times, uncounted."""
    one = portal()
    one.fault(match={"path": "companies"}, kind="status", status=503, headers={"Retry-After": "0"}, times=2)
    client = client_of(one)
    companies(client)
    assert sum(one.calls.values()) == client.calls.total().read == 3


def test_a_redirect_is_not_followed_with_the_token(portal: Any) -> None:
    one, elsewhere = portal(), portal()
    one.fault(
        match={"path": "companies"}, kind="status", status=302, headers={"Location": elsewhere.server.url}, times=None
    )
    with pytest.raises(RetriableError):
        companies(client_of(one))
    assert elsewhere.calls == {}


def test_fifty_calls_use_one_connection(portal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's own chain of properties would open a pool, and a connection, for each."""
    one = portal()
    connections: list[object] = []
    track = one.server._server.track

    def counted(connection: object, *, opened: bool) -> None:
        if opened:
            connections.append(connection)
        track(connection, opened=opened)

    monkeypatch.setattr(one.server._server, "track", counted)
    client = client_of(one, rate_limit=1000)
    for _ in range(50):
        companies(client)
    assert len(connections) == 1


@pytest.mark.parametrize(
    "token", ["pat-na1-11111111-aaaa", "pat-eu1-22222222-bbbb", "CJ-static-token-of-a-project-app"]
)
def test_any_kind_of_token_is_sent_as_a_bearer(portal: Any, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    one = portal(only_own_token=False)
    one.app.token = token
    seen: list[str | None] = []
    handle = one.app.handle

    def watched(request: Any) -> Any:
        seen.append(request.headers.get("authorization"))
        return handle(request)

    monkeypatch.setattr(one.app, "handle", watched)
    companies(client_of(one))
    assert seen == [f"Bearer {token}"]


def test_what_does_not_pass_is_an_error_after_five_tries(portal: Any) -> None:
    one = portal()
    one.fault(kind="status", status=500, times=None)
    client = client_of(one)
    with pytest.raises(RetriableError):
        companies(client)
    assert client.calls.total().read == 5


def test_a_long_migration_ends_the_run(portal: Any) -> None:
    client = client_of(portal(migrating=3600))
    with pytest.raises(QuotaReached, match="3600"):
        companies(client)
    assert client.calls.total().read == 1


def test_a_missing_scope_is_named(portal: Any) -> None:
    one = portal()
    one.app.behaviours.scopes[one.app.token] = frozenset({"crm.objects.contacts.read"})
    client = client_of(one)
    with pytest.raises(AuthError, match=r"crm\.objects\.companies\.read") as refused:
        companies(client)
    assert refused.value.remedy
    assert client.calls.total().read == 1


def test_a_revoked_token_stops_after_one_call_and_is_not_shown(portal: Any) -> None:
    one = portal()
    one.app.behaviours.revoked_tokens.add(one.app.token)
    client = client_of(one)
    with pytest.raises(AuthError) as refused:
        companies(client)
    assert one.app.token not in str(refused.value)
    assert client.calls.total().read == 1


def test_a_rotated_token_is_read_again(portal: Any, tmp_path: Path) -> None:
    one = portal(only_own_token=False)
    secret = tmp_path / "token"
    secret.write_text("pat-old-token")
    client = client_of(one, auth={"method": "token", "token": {"file": str(secret)}})
    companies(client)
    one.app.behaviours.expired_tokens.add("pat-old-token")
    secret.write_text("pat-new-token")
    assert companies(client)


def oauth(portal: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("HS_SECRET", CLIENT_SECRET)
    monkeypatch.setenv("HS_REFRESH", REFRESH_TOKEN)
    return {
        "method": "oauth",
        "client_id": CLIENT_ID,
        "client_secret": {"env": "HS_SECRET"},
        "refresh_token": {"env": "HS_REFRESH"},
    }


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_an_access_token_is_renewed_before_it_expires(
    portal: Any, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    clock = Clock()
    one = portal(clock=clock, only_own_token=True)
    client = client_of(one, clock, auth=oauth(one, monkeypatch), api_version=version)
    companies(client)
    clock.sleep(1500)
    companies(client)
    assert client.calls.total().by_endpoint == {"list companies": 2, "token": 2}


def test_an_access_token_that_expired_all_the_same_is_renewed_once(
    portal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = portal(only_own_token=True)
    client = client_of(one, auth=oauth(one, monkeypatch))
    companies(client)
    one.app.behaviours.expired_tokens.add("oauth-00000001-" + "0" * 20)
    companies(client)
    assert client.calls.total().by_endpoint == {"list companies": 3, "token": 2}


def test_one_thread_renews_for_all(portal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one = portal(only_own_token=True)
    client = client_of(one, auth=oauth(one, monkeypatch))
    companies(client)
    one.app.behaviours.expired_tokens.add("oauth-00000001-" + "0" * 20)
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: companies(client), range(32)))
    assert client.calls.total().by_endpoint["token"] == 2


def test_a_refresh_token_that_hubspot_replaces_is_kept_for_the_next_process(
    portal: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = portal(only_own_token=True)
    plain = one.app.access.refresh
    used: list[str] = []

    def rotating(form: dict[str, str]) -> dict[str, Any]:
        used.append(form["refresh_token"])
        answer = plain({**form, "refresh_token": REFRESH_TOKEN})
        return {**answer, "refresh_token": f"rotated-{len(used)}-0000"}

    monkeypatch.setattr(one.app.access, "refresh", rotating)
    secret = tmp_path / "refresh"
    secret.write_text(REFRESH_TOKEN)
    auth = {**oauth(one, monkeypatch), "refresh_token": {"file": str(secret)}}
    for _ in range(2):
        client = client_of(one, auth=auth)
        companies(client)
        client._tokens.renew(client._tokens.current())
    assert used == [REFRESH_TOKEN, "rotated-1-0000", "rotated-2-0000", "rotated-3-0000"]
    assert secret.read_text().strip() == "rotated-4-0000"
    assert secret.stat().st_mode & 0o077 == 0
    assert not caplog.records

    companies(client_of(one, auth=oauth(one, monkeypatch)))
    assert ["cannot be written" in record.message for record in caplog.records] == [True]
    assert "rotated" not in caplog.text


def test_a_refused_refresh_token_says_what_to_do(portal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one = portal(only_own_token=True)
    one.app.behaviours.revoked_tokens.add(REFRESH_TOKEN)
    with pytest.raises(AuthError, match="refresh token") as refused:
        companies(client_of(one, auth=oauth(one, monkeypatch)))
    assert "refresh_token" in refused.value.remedy
    assert REFRESH_TOKEN not in str(refused.value)


def test_a_refused_refresh_token_is_asked_for_once_whatever_the_threads(
    portal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = portal(only_own_token=True)
    client = client_of(one, auth=oauth(one, monkeypatch))
    companies(client)
    one.app.behaviours.revoked_tokens.add(REFRESH_TOKEN)
    one.app.behaviours.expired_tokens.add("oauth-00000001-" + "0" * 20)

    def refused(_: int) -> bool:
        with pytest.raises(AuthError):
            companies(client)
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(refused, range(32)))
    told = client.calls.total().by_endpoint
    assert told["token"] == 2
    assert told["list companies"] <= 1 + 8  # what was under way


def test_a_token_that_nothing_renews_stops_every_thread(portal: Any) -> None:
    one = portal()
    client = client_of(one)
    companies(client)
    one.fault(kind="status", status=401, body='{"category": "INVALID_AUTHENTICATION"}', times=None)

    def refused(_: int) -> bool:
        with pytest.raises(AuthError):
            companies(client)
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(refused, range(64)))
    assert client.calls.total().read <= 1 + 8


def test_in_a_storm_of_429_one_call_is_made_in_each_pause(portal: Any) -> None:
    """Eight threads, each told to wait ten seconds; time is a number that only sleeping moves."""
    retry.without_waiting(on=False)
    clock, lock, began = Clock(), threading.Lock(), []
    one = portal()
    storm = {"kind": "status", "status": 429, "headers": {"Retry-After": "10"}, "body": "{}", "times": None}
    one.fault(match={"path": "companies"}, **storm)
    client = client_of(one, clock, rate_limit=1000)
    monkeypatched = client.calls.attempt

    def noted(name: str, *, write: bool) -> None:
        with lock:
            began.append(clock.now)
        monkeypatched(name, write=write)

    client.calls.attempt = noted  # type: ignore[method-assign]

    def refused(_: int) -> bool:
        with pytest.raises(RetriableError):
            client.call(client.paths.listing("companies"), attempts=1)
        return True

    refused(0)
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(refused, range(24)))
    began.sort()
    assert len(began) == 25
    assert all(later - earlier >= 10.0 for earlier, later in itertools.pairwise(began))


def test_the_servers_clock_is_known_after_one_answer(portal: Any) -> None:
    client = client_of(portal())
    assert client.server_time() is None
    client.now()
    assert client.server_time() is not None
    assert client.calls.total().read == 1
