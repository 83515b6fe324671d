"""`/services/oauth2/token` and `userinfo`: access tokens, by whom they were asked for and how long they hold."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from connectors.emulator.salesforce.call import answer
from connectors.emulator.salesforce.store.org import Org
from connectors.emulator.server.http import Request, Response

_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SESSION = 7200
"""Seconds: the session timeout that an organisation has by default."""
_AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")


@dataclass(slots=True)
class Client:
    """The external client app: its key and secret, its Run-As user, and who may use it by JWT (username -> user id)."""

    key: str
    secret: str
    run_as: str | None
    users: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Token:
    user_id: str
    until: datetime | None


class Refused(Exception):
    """An OAuth error."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.response = answer({"error": error, "error_description": description}, 400)


class Tokens:
    """Sessions of one organisation. `rotate`: each use of a refresh token gives a new one, and an old one used again
    revokes the grant. `password` is that of every seeded user; None: the old flow with a password is off."""

    def __init__(
        self,
        org: Org,
        client: Client,
        *,
        lifetime: timedelta | None = None,
        rotate: bool = False,
        password: str | None = None,
    ) -> None:
        self._org = org
        self._password = password
        self.client = client
        self._lifetime = lifetime
        self._rotate = rotate
        self._tokens: dict[str, _Token] = {}
        self._refresh: dict[str, tuple[str, str, bool]] = {}
        """refresh token -> (grant, user id, used)."""

    def add(self, token: str, user_id: str) -> str:
        """A session that lasts until revoked."""
        self._tokens[token] = _Token(user_id, None)
        return token

    def grant(self, user_id: str) -> str:
        """A refresh token, as the browser flow would have given."""
        token = "5Aep861" + secrets.token_urlsafe(24)
        self._refresh[token] = (secrets.token_hex(4), user_id, False)
        return token

    def user_of(self, token: str) -> str | None:
        """The user of a live session."""
        held = self._tokens.get(token)
        if held is None or (held.until is not None and self._org.now() >= held.until):
            return None
        return held.user_id

    def open(self, user_id: str) -> str:
        """A new session of a user, for as long as sessions last here."""
        token = f"{self._org.org_id[:15]}!{secrets.token_urlsafe(48)}"
        self._tokens[token] = _Token(user_id, self._org.now() + self._lifetime if self._lifetime else None)
        return token

    def revoke(self, token: str) -> None:
        self._tokens.pop(token, None)

    def handle(self, request: Request, base: str) -> Response:
        """The token endpoint."""
        if request.method != "POST":
            return answer({"error": "invalid_request", "error_description": "must use HTTP POST"}, 400)
        form = request.form()
        _basic(request, form)
        try:
            return answer(self._grant(form, base))
        except Refused as refused:
            return refused.response

    def _grant(self, form: dict[str, str], base: str) -> dict[str, Any]:
        kind = form.get("grant_type")
        if kind == "client_credentials":
            self._check_client(form)
            if self.client.run_as is None:
                raise Refused("invalid_grant", "no client credentials user enabled")
            return self._signed(self._session(self.client.run_as, base))
        if kind == _JWT:
            return self._session(self._jwt_user(form.get("assertion", ""), base), base)
        if kind == "refresh_token":
            self._check_client(form)
            return self._refreshed(form.get("refresh_token", ""), base)
        if kind == "password" and self._password is not None:
            self._check_client(form)
            return self._signed(self._session(self._named(form), base))
        raise Refused("unsupported_grant_type", "grant type not supported")

    def _named(self, form: dict[str, str]) -> str:
        """The user of the old flow with a password (and a security token behind it)."""
        user_id = self.client.users.get(form.get("username", ""))
        if user_id is None or not form.get("password", "").startswith(self._password or "\0"):
            raise Refused("invalid_grant", "authentication failure")
        return user_id

    def _check_client(self, form: dict[str, str]) -> None:
        if form.get("client_id") != self.client.key:
            raise Refused("invalid_client_id", "client identifier invalid")
        if form.get("client_secret") != self.client.secret:
            raise Refused("invalid_client", "invalid client credentials")

    def _jwt_user(self, assertion: str, base: str) -> str:
        head, claims = _unpacked(assertion)
        if head.get("alg") != "RS256":
            raise Refused("invalid_grant", "invalid assertion")
        if claims.get("iss") != self.client.key:
            raise Refused("invalid_client_id", "client identifier invalid")
        if str(claims.get("aud", "")).rstrip("/") not in (*_AUDIENCES, base):
            raise Refused("invalid_grant", "audience is invalid")
        try:
            left = float(claims.get("exp", 0)) - self._org.now().timestamp()
        except (TypeError, ValueError):
            raise Refused("invalid_grant", "invalid assertion") from None
        if left <= 0 or left > 330:
            raise Refused("invalid_grant", "expired authorization code" if left <= 0 else "exp is too far away")
        user_id = self.client.users.get(str(claims.get("sub")))
        if user_id is None:
            raise Refused("invalid_grant", "user hasn't approved this consumer")
        return user_id

    def _refreshed(self, token: str, base: str) -> dict[str, Any]:
        held = self._refresh.get(token)
        if held is None:
            raise Refused("invalid_grant", "expired access/refresh token")
        grant, user_id, used = held
        if used:
            self._refresh = {known: one for known, one in self._refresh.items() if one[0] != grant}
            raise Refused("invalid_grant", "expired access/refresh token")
        session = self._signed(self._session(user_id, base))
        if self._rotate:
            fresh = "5Aep861" + secrets.token_urlsafe(24)
            self._refresh[token] = (grant, user_id, True)
            self._refresh[fresh] = (grant, user_id, False)
            session["refresh_token"] = fresh
        return session

    def _session(self, user_id: str, base: str) -> dict[str, Any]:
        return {
            "access_token": self.open(user_id),
            "scope": "api",
            "instance_url": base,
            "id": f"https://login.salesforce.com/id/{self._org.org_id}/{user_id}",
            "token_type": "Bearer",
        }

    def _signed(self, session: dict[str, Any]) -> dict[str, Any]:
        """With `issued_at` and `signature`: Base64 of HMAC-SHA256, keyed with the consumer secret, over id + issued_at
        (REST API Developer Guide, "Understanding the Username-Password OAuth Authentication Flow")."""
        issued = str(int(self._org.now().timestamp() * 1000))
        message = f"{session['id']}{issued}".encode()
        digest = hmac.new(self.client.secret.encode(), message, hashlib.sha256).digest()
        return {**session, "issued_at": issued, "signature": base64.b64encode(digest).decode()}

    def introspect(self, request: Request) -> Response:
        """The state of an access or refresh token, for a client that proves who it is by Basic header or body
        (Salesforce Help, "OpenID Connect Token Introspection"). Anything that is no live token is
        `{"active": false}`.
        """
        if request.method != "POST":
            return answer({"error": "invalid_request", "error_description": "must use HTTP POST"}, 400)
        form = request.form()
        _basic(request, form)
        if form.get("client_id") != self.client.key or form.get("client_secret") != self.client.secret:
            return answer({"error": "invalid_client", "error_description": "invalid client credentials"}, 401)
        token = form.get("token", "")
        user_id, until = self.user_of(token), self._tokens[token].until if token in self._tokens else None
        kind = "access_token"
        if user_id is None and token in self._refresh and not self._refresh[token][2]:
            user_id, kind = self._refresh[token][1], "refresh_token"
        if user_id is None:
            return answer({"active": False})
        now = int(self._org.now().timestamp())
        row = self._org.store.get("User", user_id) or {}
        state = {
            "active": True,
            "scope": "api",
            "client_id": self.client.key,
            "username": row.get("Username"),
            "sub": f"https://login.salesforce.com/id/{self._org.org_id}/{user_id}",
            "token_type": kind,
            "iat": now,
            "nbf": now,
        }
        return answer(state | ({"exp": int(until.timestamp())} if until else {"exp": now + _SESSION}))

    def revoked(self, request: Request) -> Response:
        """The revocation endpoint: of a session, or of a refresh token."""
        token = request.form().get("token", "") or request.param("token") or ""
        known = token in self._tokens or token in self._refresh
        self.revoke(token)
        self._refresh.pop(token, None)
        return Response(200) if known else answer({"error": "unsupported_token_type"}, 400)


def _basic(request: Request, form: dict[str, str]) -> None:
    """Client id and secret from a Basic header, where that is how they came."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            key, _, secret = base64.b64decode(value).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return
        form.setdefault("client_id", key)
        form.setdefault("client_secret", secret)


def _unpacked(assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JWT; its signature is not checked."""
    parts = assertion.split(".")
    try:
        head, claims = (orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2])
    except (ValueError, binascii.Error):
        raise Refused("invalid_grant", "invalid assertion") from None
    if len(parts) != 3 or not parts[2] or not isinstance(head, dict) or not isinstance(claims, dict):
        raise Refused("invalid_grant", "invalid assertion")
    return head, claims
