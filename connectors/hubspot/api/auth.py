"""Access tokens: read from the secret's source, or exchanged for a refresh token; renewed by one thread for all."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from connectors.errors import AuthError
from connectors.hubspot.api.failures import Expired, NotFound, Refused
from connectors.hubspot.config import OAuthAuth, TokenAuth
from connectors.secret_rotation import keep
from connectors.secrets import remember

_log = logging.getLogger(__name__)

_LIFE = 0.8
"""An access token is renewed at this share of its life, before it can expire under a call."""


class Tokens:
    """The token to send. `exchange` posts a form to the token endpoint and returns the JSON answer."""

    def __init__(
        self,
        auth: TokenAuth | OAuthAuth,
        exchange: Callable[[dict[str, str]], dict[str, Any]],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._auth, self._exchange, self._monotonic = auth, exchange, monotonic
        self._lock = threading.Lock()
        self._token: str | None = None
        self._refresh: str | None = None
        self._until = float("inf")
        self._refused: AuthError | None = None

    def current(self) -> str:
        """The token as known, fetched when there is none or it is about to expire. Raises AuthError or ConfigError."""
        with self._lock:
            if self._token is None or self._refused is not None or self._monotonic() >= self._until:
                self._fetch()
            assert self._token is not None
            return self._token

    def renew(self, refused: str) -> bool:
        """After a 401 for `refused`: True when there is now another token to try. One thread renews, the others
        wait.
        """
        with self._lock:
            if self._token == refused:
                self._fetch()
            return self._token != refused

    def _fetch(self) -> None:
        if self._refused is not None:  # each thread would ask in vain
            raise self._refused
        try:
            self._obtain()
        except AuthError as error:
            self._refused = error
            raise

    def _obtain(self) -> None:
        if isinstance(self._auth, TokenAuth):
            self._token = self._auth.token.read_token()
            return
        form = {
            "grant_type": "refresh_token",
            "client_id": self._auth.client_id,
            "client_secret": self._auth.client_secret.read(),
            "refresh_token": self._refresh or self._auth.refresh_token.read(),
        }
        try:
            answer = self._exchange(form)
        except (Refused, Expired, NotFound) as error:
            raise AuthError(
                f"HubSpot refused the refresh token ({error}).",
                remedy="Connect the app to the account again and update crm.auth.refresh_token.",
            ) from None
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            raise AuthError("HubSpot's token answer has no access_token.", remedy="Check crm.auth.")
        remember(token)
        self._keep(self._auth, form["refresh_token"], answer.get("refresh_token"))
        self._token = token
        self._until = self._monotonic() + _LIFE * float(answer.get("expires_in") or 1800)

    def _keep(self, auth: OAuthAuth, sent: str, answered: object) -> None:
        """HubSpot answers with the refresh token that it was sent; should it be another, that one counts from now
        on.
        """
        if not isinstance(answered, str) or not answered or answered == sent:
            return
        self._refresh = answered
        if not keep(auth.refresh_token, answered):
            _log.warning(
                "HubSpot replaced the refresh token, and %s cannot be written: the next run will be refused. "
                "Keep crm.auth.refresh_token in a file.",
                auth.refresh_token.describe(),
            )
