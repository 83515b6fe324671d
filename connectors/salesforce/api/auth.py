"""Access tokens: four ways to get one, one at a time whatever the number of threads."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

import jwt

from connectors.errors import AuthError, ConfigError, RetriableError
from connectors.http import strict_json
from connectors.http.server_clock import ServerClock
from connectors.salesforce.api.failures import TokenRefused, refusal, sign_in_failure
from connectors.salesforce.config import ClientCredentialsAuth, JwtAuth, RefreshAuth, SalesforceConfig, TokenAuth
from connectors.secret_rotation import keep
from connectors.secrets import Secret, remember

_log = logging.getLogger(__name__)

RENEW_AFTER = 30 * 60.0
"""Seconds: a token that we can replace is replaced well before the organisation's session timeout (two hours by
default).
"""

_SKEW = 60.0
"""Seconds that our clock may differ from the server's before what we signed is signed again."""

PostForm = Callable[[str, Mapping[str, str]], tuple[int, bytes]]
"""Posts a form to a path of the organisation and returns status and body; retries nothing but the connection."""


class Tokens:
    """The current access token. Thread-safe; a renewal happens once however many threads ask for it."""

    def __init__(
        self,
        config: SalesforceConfig,
        post: PostForm,
        *,
        clock: Callable[[], float] = time.monotonic,
        server: ServerClock | None = None,
    ) -> None:
        self._server = server or ServerClock()
        self._auth, self._post, self._clock = config.auth, post, clock
        self._lock = threading.Lock()
        self._token: str | None = None
        self._since = 0.0
        self._refresh: str | None = None
        self._refused: AuthError | None = None

    def current(self) -> str:
        """A token that should be good. Raises AuthError or ConfigError."""
        with self._lock:
            stale = not isinstance(self._auth, TokenAuth) and self._clock() - self._since >= RENEW_AFTER
            if self._token is None or self._refused is not None or stale:
                self._fetch()
            assert self._token is not None  # _fetch sets it or raises
            return self._token

    def renew(self, refused: str) -> str:
        """A token other than the refused one. Threads that were refused the same token share one renewal."""
        with self._lock:
            if self._token == refused:
                self._fetch()
                if self._token == refused:
                    raise TokenRefused(
                        "Salesforce refuses the access token and there is no other.",
                        remedy="Get a new one, or use crm.auth.method client_credentials, jwt or refresh.",
                    )
            assert self._token is not None  # set when the refused one was handed out
            return self._token

    def _fetch(self) -> None:
        if self._refused is not None:  # no login storm: a refusal is final for this process
            raise self._refused
        try:
            self._token = self._obtain()
        except AuthError as error:
            self._refused = error
            raise
        remember(self._token)
        self._since = self._clock()

    def _obtain(self) -> str:
        auth = self._auth
        if isinstance(auth, TokenAuth):
            return _real(auth.token)
        status, body = self._post("/services/oauth2/token", self._form(auth))
        if status == 400 and isinstance(auth, JwtAuth) and self._skew() > _SKEW:
            # What was signed by our clock was of the wrong time for the server, whose clock we know now.
            status, body = self._post("/services/oauth2/token", self._form(auth))
        if status >= 500 or status in (420, 429):
            raise RetriableError(f"Salesforce does not issue tokens now (HTTP {status}).", status=status)
        if status != 200:
            said = refusal(body)
            if not said.code and body:
                raise RetriableError(f"Something on the way answered {status} where Salesforce issues tokens.")
            raise sign_in_failure(status, said, auth.method)
        try:
            answer = strict_json.loads(body)
            token = str(answer["access_token"])
        except (ValueError, KeyError, TypeError):
            raise RetriableError(
                "The token endpoint answered with something else than a token.",
                remedy="Check that crm.url is the organisation's My Domain.",
            ) from None
        if isinstance(auth, RefreshAuth) and answer.get("refresh_token"):
            self._keep(auth.refresh_token, str(answer["refresh_token"]))
        return token

    def _form(self, auth: ClientCredentialsAuth | JwtAuth | RefreshAuth) -> dict[str, str]:
        if isinstance(auth, ClientCredentialsAuth):
            return {
                "grant_type": "client_credentials",
                "client_id": auth.client_id,
                "client_secret": auth.client_secret.read(),
            }
        if isinstance(auth, JwtAuth):
            signed = _assertion(auth, self._now())
            return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": signed}
        secret = {"client_secret": auth.client_secret.read()} if auth.client_secret else {}
        token = self._refresh or auth.refresh_token.read()
        return {"grant_type": "refresh_token", "client_id": auth.client_id, "refresh_token": token, **secret}

    def _now(self) -> float:
        server_time = self._server.now()
        return time.time() if server_time is None else server_time.timestamp()

    def _skew(self) -> float:
        return abs(time.time() - self._now())

    def _keep(self, source: Secret, rotated: str) -> None:
        """With rotation on, the old refresh token is used up: the new one must survive this process."""
        self._refresh = rotated
        if not keep(source, rotated):
            _log.warning(
                "Salesforce rotated the refresh token, and %s cannot be written: the next run will be refused. "
                "Keep crm.auth.refresh_token in a file, or turn rotation off.",
                source.describe(),
            )


def _real(source: Secret) -> str:
    """The token. Raises TokenRefused for the sentence that the Salesforce CLI shows in its place since 2.136.8."""
    token = source.read()
    if token.lstrip('"').startswith("[REDACTED]"):
        raise TokenRefused(
            f"The access token from {source.describe()} is what `sf org display` shows instead of one.",
            remedy="Take it from `sf org auth show-access-token --target-org NAME --json` (.result.accessToken).",
        )
    return source.read_token()


def _assertion(auth: JwtAuth, now: float) -> str:
    claims = {"iss": auth.client_id, "sub": auth.username, "aud": auth.audience, "exp": int(now) + 180}
    try:
        return jwt.encode(claims, auth.private_key.read(), algorithm="RS256")
    except (ValueError, TypeError, jwt.PyJWTError):
        raise ConfigError(
            f"The private key from {auth.private_key.describe()} is not an RSA key in PEM format.",
            remedy="Set crm.auth.private_key to the key of the app's certificate.",
        ) from None
