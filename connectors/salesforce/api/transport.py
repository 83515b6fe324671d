"""The HTTP session under simple-salesforce: deadlines, whole bodies only, tokens, errors, quota and the server's clock.

Every call, the library's own included, goes through `Transport.request`, so that none of the library's retry, re-login
and bulk paths is ever reached: a 401 is healed here (once), and anything that is not a success leaves as one of our
errors.
"""

from __future__ import annotations

import http.client
import io
import re
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from connectors.errors import AuthError, ConfigError, QuotaReached, RetriableError
from connectors.http.addresses import address, path
from connectors.http.circuit_breaker import Governor
from connectors.http.deadline import Deadline, watch_connections, within
from connectors.http.proxy import proxy_for
from connectors.http.quota_reserve import kept_share
from connectors.http.retry import retrying
from connectors.http.server_clock import ServerClock
from connectors.http.strict_response import whole_body
from connectors.network_errors import trouble, trusted
from connectors.salesforce.api.auth import Tokens
from connectors.salesforce.api.failures import LocatorGone, QueryTimeout, SessionExpired, TokenRefused, failure
from connectors.salesforce.config import SalesforceConfig

_CONNECT = 10.0
_SILENCE = 130.0
"""Seconds between two reads: a query may run for two minutes before its first byte."""
_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")
_WHOLE = frozenset({200, 201, 202, 204, 304})
_USED_UP = 900.0
"""Seconds after which a day that was used up is asked about again."""
_ID = re.compile(r"^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?(-\d+)?$")


class Transport(requests.Session):
    """A session for one organisation. Safe to share between threads."""

    def __init__(self, config: SalesforceConfig, time_zone: str = "UTC") -> None:
        super().__init__()
        self._config, self._zone = config, time_zone
        trusted(config.ca_file)
        self._address = address(config.url)
        self._secure = replace(self._address, scheme="https").origin if self._address.loopback else config.url
        self._lock = threading.Lock()
        self.counted: Counter[tuple[str, str]] = Counter()
        """Calls by (read or write, endpoint)."""
        self.clock = ServerClock()
        self._governor = Governor()
        self.usage: tuple[int, int] | None = None
        """Calls used and allowed today by the whole organisation, as of the last answer."""
        self.observe_reserve = True
        self.verify = config.ca_file or True
        self.trust_env = not self._address.loopback
        proxy_for(config.url)  # one that cannot be used is refused now, not by each call
        self.auth = _keep_authorization
        self.cookies.set_policy(_NoCookies())
        self.adapters.clear()  # what is not of the organisation has no way out
        self.mount(self._address.origin + "/", _Adapter(pool_maxsize=32, max_retries=0))
        self.tokens = Tokens(config, self._post_form, server=self.clock)

    @property
    def server_time(self) -> datetime | None:
        """The server's clock now, rather early than late; None before its first answer."""
        return self.clock.earliest()

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kw: Any) -> requests.Response:
        """As `requests.Session.request`, but for a success only. Extra keywords: `purpose` (read or write), `repeat`
        (False: an unknown outcome is not tried again), `check` (raises RetriableError for a body that is not what was
        asked for, so that it is asked for again). Raises the errors of `failures`, QuotaReached and RetriableError."""
        assert not args, "keywords only"
        verb, target = str(method), self._origin(str(url))
        purpose, repeat = kw.pop("purpose", "read"), kw.pop("repeat", True)
        if not repeat:
            return self._healed(verb, target, purpose, kw)
        outcome = retrying(
            lambda: self._unless_useless(verb, target, purpose, kw),
            on=RetriableError,
            total=600.0,
            budget=self._governor,
        )
        if isinstance(outcome, RetriableError):
            raise outcome
        return outcome

    def _unless_useless(
        self, method: str, url: str, purpose: str, kw: dict[str, Any]
    ) -> requests.Response | RetriableError:
        """The answer, or an error that asking the same again cannot heal, though asking otherwise can."""
        try:
            return self._healed(method, url, purpose, kw)
        except (LocatorGone, QueryTimeout) as error:
            return error

    def _healed(self, method: str, url: str, purpose: str, kw: dict[str, Any]) -> requests.Response:
        token = self.tokens.current()
        try:
            return self._once(method, url, purpose, kw, token)
        except SessionExpired:
            pass
        try:
            return self._once(method, url, purpose, kw, self.tokens.renew(token))
        except AuthError as error:
            if not isinstance(error, SessionExpired | TokenRefused):
                raise
            self._governor.shut(error)  # nothing that any thread sends would be taken
            raise

    def _once(self, method: str, url: str, purpose: str, kw: dict[str, Any], token: str) -> requests.Response:
        label = endpoint(method, url)
        headers = {k: v for k, v in (kw.get("headers") or {}).items() if k.lower() != "x-prettyprint"}
        headers["Authorization"] = f"Bearer {token}"
        check = kw.get("check")
        asked = {name: value for name, value in kw.items() if name != "check"}
        with self._governor.call():
            self._spare_others()
            with self._lock:
                self.counted[(purpose, label)] += 1
            response = self._exchange(method, url, {**asked, "headers": headers}, label)
            self._note(response.headers)
            if response.status_code >= 300 and response.status_code != 304:
                raise self._failed(response, label)
            try:
                if response.status_code not in _WHOLE:
                    raise RetriableError(f"Salesforce {label}: {response.status_code} is no answer of Salesforce's.")
                if check is not None:
                    check(response)
            except RetriableError:
                self.close()  # more of what was no answer may be under way on the connection
                raise
        return response

    def _failed(self, response: requests.Response, label: str) -> Exception:
        wait = response.headers.get("Retry-After")
        error = failure(response.status_code, response.content, label, wait, response.headers.get("Date"))
        if isinstance(error, QuotaReached):
            self._governor.shut(error, _USED_UP)
        return error

    def _exchange(self, method: str, url: str, kw: dict[str, Any], label: str) -> requests.Response:
        """One request and its whole body, within the deadline. Raises RetriableError when the answer is not whole."""
        limit = self._config.request_seconds
        kw = {**kw, "timeout": (_CONNECT, min(limit, _SILENCE)), "stream": True, "allow_redirects": False}
        if self._config.ca_file:
            kw["verify"] = self._config.ca_file  # said for each request, or REQUESTS_CA_BUNDLE would win over it
        deadline = Deadline(limit)
        try:
            with within(deadline):
                response = super().request(method, url, **kw)
                body = whole_body(response.raw, lambda: deadline.expired)
        except (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
            if deadline.expired:
                raise RetriableError(f"Salesforce {label}: not complete in time.") from error
            what = trouble(error, self._address.host)
            kind = ConfigError if what.lasting else RetriableError
            raise kind(f"Salesforce {label}: {what.words}.", remedy=what.remedy) from None
        if deadline.expired:
            raise RetriableError(f"Salesforce {label}: the answer was not complete in time.")
        response.raw = io.BytesIO(body)
        return response

    def _post_form(self, path: str, form: Mapping[str, str]) -> tuple[int, bytes]:
        with self._lock:
            self.counted[("read", "oauth2/token")] += 1
        kw = {"data": dict(form), "headers": {"Accept": "application/json"}}
        response = self._exchange("POST", self._config.url + path, kw, "oauth2/token")
        self.clock.note(response.headers.get("Date"))
        return response.status_code, response.content

    def _origin(self, url: str) -> str:
        """The address to ask, built from the organisation's own and a path. No other host is ever asked. Raises
        AuthError.

        The library always says https; a loopback organisation may speak plain http.
        """
        for known in (self._config.url, self._secure):
            if url.startswith(known + "/"):
                with suppress(ValueError):
                    return self._address.origin + path(url[len(known) :])
        raise AuthError(f"The address {url.split('?')[0]} is not of {self._config.url}: no token is sent there.")

    def _note(self, headers: Mapping[str, str]) -> None:
        usage = _USAGE.search(headers.get("Sforce-Limit-Info", ""))
        self.clock.note(headers.get("Date"))
        with self._lock:
            if usage:
                self.usage = int(usage[1]), int(usage[2])

    def _spare_others(self) -> None:
        if self.usage is None or not self.observe_reserve:
            return
        used, allowed = self.usage
        c = self._config
        share = kept_share(c.quota_reserve, c.busy_reserve, c.busy_hours, self.clock.now(), self._zone)
        reserve = max(share * allowed, min(c.quota_reserve_calls, allowed / 2))
        if used >= allowed - reserve:
            raise QuotaReached(
                f"{used} of the organisation's {allowed} API calls of the day are used; {reserve:.0f} are "
                f"left to others.",
                remedy=(
                    "The next run goes on from here; run outside busy hours, or lower crm.quota_reserve "
                    "and crm.busy_reserve."
                ),
            )


def _keep_authorization(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Without an `auth` of ours, requests would put the password of a ~/.netrc in the place of the token."""
    return request


class _NoCookies(requests.cookies.cookielib.DefaultCookiePolicy):  # type: ignore[name-defined,misc]
    """A token is all that identifies us; cookies would only be state shared between threads."""

    def set_ok(self, cookie: Any, request: Any) -> bool:  # noqa: ARG002  (the base class's signature)
        return False


class _Adapter(HTTPAdapter):
    """Whose connections, those through a proxy too, obey deadlines."""

    def init_poolmanager(self, *args: Any, **kw: Any) -> None:
        super().init_poolmanager(*args, **kw)
        watch_connections(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kw: Any) -> urllib3.ProxyManager:
        manager: urllib3.ProxyManager = super().proxy_manager_for(proxy, **kw)
        watch_connections(manager)
        return manager


def endpoint(method: str, url: str) -> str:
    """A short name to count calls by: version, ids and query left out."""
    path = re.sub(r"^https?://[^/]+/", "", url.split("?")[0])
    path = re.sub(r"^services/(data/v[\d.]+(/|$)|(?!data))", "", path)
    parts = ["*" if _ID.match(part) else part for part in path.split("/") if part]
    return f"{method} {'/'.join(parts)}"
