"""The transport: the only module that knows the official client library, which it uses for the wire and nothing more.

One ApiClient and one connection pool for all threads (its property chain would open a pool per access); raw bodies
parsed by orjson; every retry is ours, because the library's own never repeats a POST and hides what it repeats. Limits
per request: 5 s to connect, 60 s between two reads, 120 s in all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

from connectors.deadline import Deadline, watch_connections, within
from connectors.errors import AuthError, ConfigError, QuotaReached, RetriableError
from connectors.hubspot.answers import Answer, drain, parsed
from connectors.hubspot.auth import Tokens
from connectors.hubspot.calls import CallCounter
from connectors.hubspot.config import HubSpotConfig
from connectors.hubspot.failures import Expired, classify
from connectors.hubspot.paths import Endpoint, Paths, Pool
from connectors.retry import retrying
from connectors.throttle import Throttle

if TYPE_CHECKING:
    from hubspot.crm.objects import ApiClient

CONNECT, READ, DEADLINE = 5.0, 60.0, 120.0
ASSOCIATION_LIMIT = 130
"""Batch reads of associations in ten seconds: their own limit is 150, or 100 on the smallest tier (never above rate_limit)."""
_LARGEST_TIER = 250
_REMEMBERED = 900.0
"""Seconds: a remainder of the day older than this is asked for again, by the next call, since a day may have begun."""

Query = Sequence[tuple[str, str]]


class Client:
    """Calls endpoints. Raises RetriableError (after its own retries), QuotaReached, AuthError, NotFound or Refused."""

    def __init__(
        self,
        config: HubSpotConfig,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.paths = Paths(config.api_version)
        self.calls = CallCounter()
        self._config = config
        self._monotonic = monotonic
        self._tokens = Tokens(config.auth, self._exchange, monotonic=monotonic)
        limit = config.rate_limit
        associations = limit if limit > _LARGEST_TIER else min(limit, ASSOCIATION_LIMIT)
        self._throttles: dict[Pool, Throttle] = {
            "burst": Throttle(limit, 10.0, clock=monotonic, sleep=sleep),
            "search": Throttle(config.search_limit, 1.0, clock=monotonic, sleep=sleep),
            "associations": Throttle(associations, 10.0, clock=monotonic, sleep=sleep),
        }
        self._lock, self._account_lock = threading.Lock(), threading.Lock()
        self._account: dict[str, Any] | None = None
        self._api: ApiClient | None = None
        self._api_error: type[Exception] = RetriableError  # until the library is loaded
        self._clock: tuple[datetime, float] | None = None
        self._left: tuple[int, int, float] | None = None
        self._used_up: tuple[QuotaReached, float] | None = None

    def call(
        self,
        endpoint: Endpoint,
        *,
        query: Query = (),
        body: object = None,
        write: bool = False,
        attempts: int = 5,
        expects: str = "",
    ) -> Answer:
        """One call, repeated while that may help. Only for calls that are harmless to repeat, which all of ours are.

        An answer without the key `expects` (an empty object of something on the way) is no answer.
        """

        def sent(token: str) -> Answer:
            answer = self._send(endpoint, query, body, token, write=write)
            if expects and answer.body.get(expects) is None:
                raise RetriableError(f"{endpoint.name}: the answer has no {expects} in it.", status=answer.status)
            return answer

        def once() -> Answer:
            token = self._tokens.current()
            try:
                return sent(token)
            except Expired as refused:
                if not self._tokens.renew(token):
                    raise AuthError(str(refused)) from None
            try:
                return sent(self._tokens.current())
            except Expired as refused:
                raise AuthError(str(refused)) from None

        return retrying(once, on=RetriableError, attempts=attempts)

    def server_time(self) -> datetime | None:
        """The server's clock as of its last answer."""
        with self._lock:
            return self._clock[0] if self._clock else None

    def now(self) -> datetime:
        """The server's clock now: its last Date and the time since. Asks for the account's details if nothing was asked yet."""
        with self._lock:
            clock = self._clock
        if clock is None:
            self.account()
            clock = self._clock
        if clock is None:
            raise RetriableError("HubSpot's answers carry no Date header, so there is no clock to go by.")
        return clock[0] + timedelta(seconds=self._monotonic() - clock[1])

    def account(self) -> dict[str, Any]:
        """The account's details: portal id, currency, zone. Asked for once."""
        with self._account_lock:
            if self._account is None:
                self._account = self.call(self.paths.account(), expects="portalId").body
                self.calls.needed("account", 1, 1)
            return self._account

    def close(self) -> None:
        """Drops the connections."""
        if self._api is not None:
            self._api.rest_client.pool_manager.clear()

    def _send(self, endpoint: Endpoint, query: Query, body: object, token: str, *, write: bool) -> Answer:
        self._keep_reserve()
        self._throttles[endpoint.pool].acquire()
        self.calls.attempt(endpoint.name, write=write)
        headers = {"Accept": "application/json", "Authorization": f"Bearer {token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self._exchange_bytes(endpoint, headers, query=list(query), body=body)

    def _exchange(self, form: dict[str, str]) -> dict[str, Any]:
        """The token endpoint, for OAuth."""
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        endpoint = self.paths.token()

        def once() -> dict[str, Any]:
            self.calls.attempt(endpoint.name, write=False)
            return self._exchange_bytes(endpoint, headers, form=form).body

        return retrying(once, on=RetriableError, attempts=3)

    def _exchange_bytes(
        self,
        endpoint: Endpoint,
        headers: dict[str, str],
        *,
        query: list[tuple[str, str]] | None = None,
        body: object = None,
        form: dict[str, str] | None = None,
    ) -> Answer:
        api = self._api or self._open()
        deadline = Deadline(DEADLINE)
        try:
            with within(deadline):
                answer = self._answer(api, endpoint, headers, query=query, body=body, form=form)
        except urllib3.exceptions.HTTPError as error:
            why = "not complete in time" if deadline.expired else f"{type(error).__name__} on the way to HubSpot"
            raise RetriableError(f"{endpoint.name}: {why}.") from None
        except self._api_error as error:
            raise self._failed(endpoint, error) from None
        except OSError as error:
            raise RetriableError(f"{endpoint.name}: {type(error).__name__} on the way to HubSpot.") from None
        if deadline.expired:
            raise RetriableError(f"{endpoint.name}: the answer was not complete in time.")
        status, told, raw = answer
        self._note(told)
        return parsed(endpoint, status, told.get("Content-Type", ""), raw)

    def _answer(
        self,
        api: ApiClient,
        endpoint: Endpoint,
        headers: dict[str, str],
        *,
        query: list[tuple[str, str]] | None,
        body: object,
        form: dict[str, str] | None,
    ) -> tuple[int, Any, bytes]:
        response = api.call_api(
            endpoint.path,
            endpoint.method,
            query_params=query or [],
            header_params=headers,
            body=body,
            post_params=form or {},
            auth_settings=[],
            _preload_content=False,
            _request_timeout=(CONNECT, READ),
        )
        return response.status, response.headers, drain(response)

    def _failed(self, endpoint: Endpoint, error: Any) -> Exception:
        if not error.status:
            if "CERTIFICATE" in str(error.reason).upper():
                return ConfigError(
                    f"{endpoint.name}: the server's certificate is not trusted.",
                    remedy="Set crm.ca_file to your proxy's CA certificate, or check crm.url.",
                )
            return RetriableError(f"{endpoint.name}: the TLS connection failed.")
        headers = error.headers or {}
        self._note(headers)
        failure = classify(endpoint, error.status, headers, error.body)
        if isinstance(failure, QuotaReached):
            self._used_up = (failure, self._monotonic())
        if isinstance(failure, RetriableError) and failure.status in (429, 477) and failure.retry_after:
            pools: Sequence[Pool] = (endpoint.pool,) if failure.status == 429 else ("burst", "search", "associations")
            for pool in pools:
                self._throttles[pool].brake(failure.retry_after)
        return failure

    def _note(self, headers: Any) -> None:
        date = headers.get("Date")
        left, daily = headers.get("X-HubSpot-RateLimit-Daily-Remaining"), headers.get("X-HubSpot-RateLimit-Daily")
        with self._lock:
            with suppress(ValueError, TypeError):  # a mangled header is no reason to fail
                if date:
                    self._clock = (parsedate_to_datetime(date).astimezone(UTC), self._monotonic())
            if left and daily and left.isdigit() and daily.isdigit():
                self._left = (int(left), int(daily), self._monotonic())

    def _keep_reserve(self) -> None:
        if self._used_up is not None and self._monotonic() - self._used_up[1] < _REMEMBERED:
            raise self._used_up[0]  # one thread was told; the others need not ask
        if self._left is None:
            return
        left, daily, seen = self._left
        reserve = int(daily * self._config.daily_reserve)
        if left <= reserve and self._monotonic() - seen < _REMEMBERED:
            raise QuotaReached(
                f"HubSpot has {left} of {daily} calls left today and {reserve} are kept for others.",
                remedy="Run after midnight in the account's time zone, or lower crm.daily_reserve.",
            )

    def _open(self) -> ApiClient:
        from hubspot.crm.objects import ApiClient, ApiException, Configuration  # takes 0.3 s

        with self._lock:
            if self._api is None:
                settings = Configuration(host=self._config.url)
                settings.retries = urllib3.Retry(
                    total=0,
                    redirect=0,
                    respect_retry_after_header=False,
                    raise_on_status=False,
                    raise_on_redirect=False,
                )
                settings.connection_pool_maxsize = 16
                settings.ssl_ca_cert = self._config.ca_file
                settings.proxy = _proxy(self._config.url)
                self._api_error = ApiException
                self._api = ApiClient(settings)
                watch_connections(self._api.rest_client.pool_manager)
            return self._api


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for the URL; urllib3 does not look there by itself."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)
