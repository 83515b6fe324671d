"""Access tokens: four ways to get one, one at a time whatever the number of threads."""

from __future__ import annotations

import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import jwt
import orjson

from connectors.errors import AuthError, ConfigError, RetriableError
from connectors.salesforce.config import ClientCredentialsAuth, JwtAuth, RefreshAuth, SalesforceConfig, TokenAuth
from connectors.salesforce.failures import refusal
from connectors.secrets import Secret, remember

_log = logging.getLogger(__name__)

RENEW_AFTER = 30 * 60.0
"""Seconds: a token that we can replace is replaced well before the organisation's session timeout (two hours by default)."""

PostForm = Callable[[str, Mapping[str, str]], tuple[int, bytes]]
"""Posts a form to a path of the organisation and returns status and body; retries nothing but the connection."""


class Tokens:
    """The current access token. Thread-safe; a renewal happens once however many threads ask for it."""

    def __init__(
        self, config: SalesforceConfig, post: PostForm, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
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
            if self._token is None or stale:
                self._fetch()
            assert self._token is not None  # _fetch sets it or raises
            return self._token

    def renew(self, refused: str) -> str:
        """A token other than the refused one. Threads that were refused the same token share one renewal."""
        with self._lock:
            if self._token == refused:
                self._fetch()
                if self._token == refused:
                    raise AuthError(
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
            return auth.token.read()
        status, body = self._post("/services/oauth2/token", self._form(auth))
        if status >= 500 or status in (420, 429):
            raise RetriableError(f"Salesforce does not issue tokens now (HTTP {status}).", status=status)
        if status != 200:
            said = refusal(body)
            raise AuthError(
                f"Salesforce refuses to issue a token: {said.code or f'HTTP {status}'} {said.message}".rstrip() + ".",
                remedy=f"Check crm.auth ({auth.method}) and the external client app's policies and Run-As user.",
            )
        try:
            answer = orjson.loads(body)
            token = str(answer["access_token"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise AuthError(
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
            return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": _assertion(auth)}
        secret = {"client_secret": auth.client_secret.read()} if auth.client_secret else {}
        token = self._refresh or auth.refresh_token.read()
        return {"grant_type": "refresh_token", "client_id": auth.client_id, "refresh_token": token, **secret}

    def _keep(self, source: Secret, rotated: str) -> None:
        """With rotation on, the old refresh token is used up: the new one must survive this process."""
        self._refresh = rotated
        remember(rotated)
        if source.file is None:
            _log.warning(
                "Salesforce rotated the refresh token, and %s cannot be written: the next run will be refused. "
                "Keep crm.auth.refresh_token in a file, or turn rotation off.",
                source.describe(),
            )
            return
        _replace(source.file, rotated)


def _assertion(auth: JwtAuth) -> str:
    claims = {"iss": auth.client_id, "sub": auth.username, "aud": auth.audience, "exp": int(time.time()) + 180}
    try:
        return jwt.encode(claims, auth.private_key.read(), algorithm="RS256")
    except (ValueError, TypeError, jwt.PyJWTError):
        raise ConfigError(
            f"The private key from {auth.private_key.describe()} is not an RSA key in PEM format.",
            remedy="Set crm.auth.private_key to the key of the app's certificate.",
        ) from None


def _replace(path: Path, text: str) -> None:
    """Writes the file so that a kill leaves either the old content or the new, readable by its owner only."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)
