"""The transport: the only module that knows the official client library, which it uses for the wire and nothing more.

One ApiClient and one connection pool for all threads (its property chain would open a pool per access); raw bodies
parsed by orjson; every retry is ours, because the library's own never repeats a POST and hides what it repeats. Limits
per request: 5 s to connect, 60 s between two reads, `request_seconds` (120) in all.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import urllib3

from connectors.errors import AuthError, ConfigError, QuotaReached, RetriableError
from connectors.http.addresses import address
from connectors.http.circuit_breaker import Governor
from connectors.http.deadline import Deadline, watch_connections, within
from connectors.http.proxy import proxy_for
from connectors.http.retry import retrying
from connectors.http.server_clock import ServerClock
from connectors.http.strict_response import whole_body
from connectors.hubspot.api.answers import Answer, parsed
from connectors.hubspot.api.auth import Tokens
from connectors.hubspot.api.call_counter import CallCounter
from connectors.hubspot.api.daily_quota import Quota
from connectors.hubspot.api.endpoints import Endpoint, Paths
from connectors.hubspot.api.failures import Expired, classify
from connectors.hubspot.api.limits import Limits, Turn
from connectors.hubspot.config import HubSpotConfig
from connectors.network_errors import trouble, trusted
from connectors.stopping import pause

if TYPE_CHECKING:
    from hubspot.crm.objects import ApiClient

CONNECT, READ = 5.0, 60.0
_USED_UP = 900.0
"""Seconds after which a day that was used up is asked about again: a new one may have begun."""

Query = Sequence[tuple[str, str]]
Check = Callable[[dict[str, Any]], None]
"""Raises RetriableError for a body that cannot be the answer to what was asked."""


class Client:
    """Calls endpoints. Raises RetriableError (after its own retries), QuotaReached, AuthError, NotFound or Refused."""

    def __init__(
        self,
        config: HubSpotConfig,
        time_zone: str = "UTC",
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = pause,
    ) -> None:
        self.paths = Paths(config.api_version)
        self.calls = CallCounter()
        trusted(config.ca_file)
        self._config, self._host = config, address(config.url).host
        self._monotonic = monotonic
        self._tokens = Tokens(config.auth, self._exchange, monotonic=monotonic)
        self.clock = ServerClock(monotonic)
        self._limits = Limits(config, monotonic=monotonic, sleep=sleep)
        self._quota = Quota(config, self.clock, time_zone, monotonic)
        self._governor = Governor(clock=monotonic, sleep=sleep)
        self._lock, self._account_lock = threading.Lock(), threading.Lock()
        self._account: dict[str, Any] | None = None
        self._api: ApiClient | None = None
        self._api_error: type[Exception] = RetriableError  # until the library is loaded

    def call(
        self,
        endpoint: Endpoint,
        *,
        query: Query = (),
        body: object = None,
        write: bool = False,
        attempts: int = 5,
        expects: str = "",
        check: Check | None = None,
    ) -> Answer:
        """One call, repeated while that may help. Only for calls that are harmless to repeat, which all of ours are.

        An answer without the key `expects` (an empty object of something on the way) is no answer, nor is one that
        `check` refuses.
        """

        def sent(token: str) -> Answer:
            with self._governor.call():
                answer = self._send(endpoint, query, body, token, write=write)
                if expects and answer.body.get(expects) is None:
                    raise RetriableError(f"{endpoint.name}: the answer has no {expects} in it.", status=answer.status)
                if check is not None:
                    check(answer.body)
            return answer

        def once() -> Answer:
            token = self._tokens.current()
            try:
                return sent(token)
            except Expired as refused:
                if not self._tokens.renew(token):
                    raise self._locked_out(refused) from None
            try:
                return sent(self._tokens.current())
            except Expired as refused:
                raise self._locked_out(refused) from None

        return retrying(once, on=RetriableError, attempts=attempts, budget=self._governor)

    def server_time(self) -> datetime | None:
        """The server's clock now, or None before its first answer."""
        return self.clock.now()

    def now(self) -> datetime:
        """The server's clock now, rather early than late. Asks for the account's details if nothing was asked yet."""
        if self.clock.now() is None:
            self.account()
        now = self.clock.earliest()
        if now is None:
            raise RetriableError("HubSpot's answers carry no Date header, so there is no clock to go by.")
        return now

    def account(self) -> dict[str, Any]:
        """The account's details: portal id, currency, zone. Asked for once."""
        with self._account_lock:
            if self._account is None:
                self._account = self.call(self.paths.account(), expects="portalId").body
                self.calls.needed("account", 1, 1)
            return self._account

    def account_seen(self) -> dict[str, Any]:
        """The account's details if they were asked for already; else nothing. Makes no call."""
        return self._account or {}

    def close(self) -> None:
        """Drops the connections."""
        self.drop_connections()

    def _send(self, endpoint: Endpoint, query: Query, body: object, token: str, *, write: bool) -> Answer:
        headers = {"Accept": "application/json", "Authorization": f"Bearer {token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        self._quota.keep_reserve()
        with self._limits.turn(endpoint.pool) as turn:
            self.calls.attempt(endpoint.name, write=write)
            return self._exchange_bytes(endpoint, headers, turn, query=list(query), body=body)

    def _exchange(self, form: dict[str, str]) -> dict[str, Any]:
        """The token endpoint, for OAuth."""
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        endpoint = self.paths.token()

        def once() -> dict[str, Any]:
            self.calls.attempt(endpoint.name, write=False)
            return self._exchange_bytes(endpoint, headers, form=form).body

        return retrying(once, on=RetriableError, attempts=3, budget=self._governor)

    def _locked_out(self, refused: Expired) -> AuthError:
        """The error of a token that nothing can renew: no thread sends anything more."""
        error = AuthError(str(refused))
        self._governor.shut(error)
        return error

    def _exchange_bytes(
        self,
        endpoint: Endpoint,
        headers: dict[str, str],
        turn: Turn | None = None,
        *,
        query: list[tuple[str, str]] | None = None,
        body: object = None,
        form: dict[str, str] | None = None,
    ) -> Answer:
        api = self._api or self._open()
        deadline = Deadline(self._config.request_seconds)
        try:
            with within(deadline):
                answer = self._answer(api, endpoint, headers, query=query, body=body, form=form, deadline=deadline)
        except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
            if deadline.expired:
                raise RetriableError(f"{endpoint.name}: not complete in time.") from None
            raise self._unreached(endpoint, error) from None
        except self._api_error as error:
            raise self._failed(endpoint, turn, error) from None
        if deadline.expired:
            raise RetriableError(f"{endpoint.name}: the answer was not complete in time.")
        status, told, raw = answer
        self._note(turn, told)
        try:
            return parsed(endpoint, status, told.get("Content-Type", ""), raw)
        except RetriableError:
            self.drop_connections()
            raise

    def _answer(
        self,
        api: ApiClient,
        endpoint: Endpoint,
        headers: dict[str, str],
        *,
        query: list[tuple[str, str]] | None,
        body: object,
        form: dict[str, str] | None,
        deadline: Deadline,
    ) -> tuple[int, Any, bytes]:
        response = api.rest_client.request(  # below call_api, which takes 2 ms to walk through a body of 1,000 ids
            endpoint.method,
            f"{self._config.url}{endpoint.path}",
            query_params=query or [],
            headers={**api.default_headers, **headers},
            body=body,
            post_params=form or {},
            _preload_content=False,
            _request_timeout=(CONNECT, min(READ, self._config.request_seconds)),
        )
        return response.status, response.headers, whole_body(response, lambda: deadline.expired)

    def drop_connections(self) -> None:
        """What came on one of them was no answer to what was asked: more of it may be under way."""
        if self._api is not None:
            self._api.rest_client.pool_manager.clear()

    def _unreached(self, endpoint: Endpoint, error: BaseException) -> ConfigError | RetriableError:
        what = trouble(error, self._host)
        kind = ConfigError if what.lasting else RetriableError
        return kind(f"{endpoint.name}: {what.words}.", remedy=what.remedy)

    def _failed(self, endpoint: Endpoint, turn: Turn | None, error: Any) -> Exception:
        if not error.status:  # the library makes one of TLS
            return self._unreached(endpoint, error.__context__ or error)
        headers = error.headers or {}
        self._note(turn, headers)
        failure = classify(endpoint, error.status, headers, error.body)
        if isinstance(failure, QuotaReached):
            self._governor.shut(failure, _USED_UP)
        self._limits.failed(turn, failure)
        return failure

    def _note(self, turn: Turn | None, headers: Mapping[str, str]) -> None:
        self.clock.note(headers.get("Date"))
        self._quota.note(headers)
        self._limits.told(turn, headers)

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
                settings.connection_pool_maxsize = 32
                settings.ssl_ca_cert = self._config.ca_file
                if (proxy := proxy_for(self._config.url)) is not None:
                    settings.proxy = proxy.url
                    settings.proxy_headers = urllib3.make_headers(proxy_basic_auth=proxy.credentials)
                self._api_error = ApiException
                self._api = ApiClient(settings)
                watch_connections(self._api.rest_client.pool_manager)
            return self._api
