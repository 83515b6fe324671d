"""Bearer tokens: which are good, what they may do, and the OAuth endpoints that hand them out."""

from __future__ import annotations

from collections.abc import Callable

from connectors.emulator.hubspot.behaviours import Behaviours
from connectors.emulator.hubspot.schema.objects import STANDARD
from connectors.emulator.hubspot.wire import APP_ID, PORTAL_ID, ApiError, Json, iso

CLIENT_ID = "11111111-2222-4333-8444-555555555555"
CLIENT_SECRET = "66666666-7777-4888-8999-000000000000"  # noqa: S105  (of an emulated app)
REFRESH_TOKEN = "eu1-0000-refresh-0000-4000-8000-000000000001"  # noqa: S105

ALL_SCOPES = frozenset(
    {
        "oauth",
        "automation",
        "e-commerce",
        "tickets",
        "sales-email-read",
        "crm.lists.read",
        "crm.lists.write",
        "crm.import",
        "settings.currencies.read",
        "crm.export",
        "crm.objects.owners.read",
        "crm.objects.custom.read",
        "crm.objects.custom.write",
        "crm.schemas.custom.read",
        *(
            f"crm.{part}.{name}.{access}"
            for part, names in (
                ("objects", ("companies", "contacts", "deals", "line_items")),
                ("schemas", ("companies", "contacts", "deals", "line_items")),
            )
            for name in names
            for access in ("read", "write")
        ),
        *(kind.scope.format(access=access) for kind in STANDARD for access in ("read", "write")),
    }
)


class Access:
    """Decides whether a request may pass."""

    def __init__(self, token: str, behaviours: Behaviours, clock: Callable[[], float]) -> None:
        self.token = token
        self._behaviours, self._clock = behaviours, clock
        self._issued: dict[str, float] = {}

    def bearer(self, authorization: str | None) -> str:
        """The token of a request. Raises ApiError 401."""
        kind, _, token = (authorization or "").partition(" ")
        token = token.strip()
        if kind.lower() != "bearer" or not token or token in self._behaviours.revoked_tokens:
            raise _unauthenticated()
        expiry = self._issued.get(token)
        if token in self._behaviours.expired_tokens:
            expiry = self._clock() - 75
        if expiry is not None:
            if expiry <= self._clock():
                raise _expired(expiry, self._clock())
        elif self._behaviours.only_own_token and token != self.token:
            raise _unauthenticated()
        return token

    def scopes(self, token: str) -> frozenset[str]:
        return self._behaviours.scopes.get(token, ALL_SCOPES)

    def require(self, token: str, *any_of: str) -> None:
        """Passes if the token has one of the scopes. Raises ApiError 403."""
        if not any_of or self.scopes(token) & set(any_of):
            return
        raise ApiError(
            403,
            "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: "
            "https://developers.hubspot.com/scopes.",
            "MISSING_SCOPES",
            errors=[
                {
                    "message": "One or more of the following scopes are required.",
                    "context": {"requiredGranularScopes": list(any_of)},
                }
            ],
            links={"scopes": "https://developers.hubspot.com/scopes"},
        )

    def refresh(self, form: dict[str, str]) -> Json:
        """A new access token for the refresh token. Raises ApiError 400."""
        if form.get("grant_type") != "refresh_token":
            raise ApiError(400, "missing or unknown grant_type", "BAD_REQUEST")
        if form.get("client_id") != CLIENT_ID or form.get("client_secret") != CLIENT_SECRET:
            raise ApiError(400, "missing or invalid client id or secret", error="invalid_client")
        if form.get("refresh_token") != REFRESH_TOKEN or REFRESH_TOKEN in self._behaviours.revoked_tokens:
            refusal = ApiError(400, "missing or invalid refresh token", error="invalid_grant")
            refusal.body["status"] = "BAD_REFRESH_TOKEN"
            raise refusal
        token = f"oauth-{len(self._issued) + 1:08d}-{'0' * 20}"
        self._issued[token] = self._clock() + self._behaviours.token_life
        return {
            "token_type": "bearer",
            "refresh_token": REFRESH_TOKEN,
            "access_token": token,
            "expires_in": self._behaviours.token_life,
        }

    def describe(self, token: str) -> Json:
        """What a token is. Raises ApiError 404."""
        if token != self.token and token not in self._issued and self._behaviours.only_own_token:
            raise ApiError(404, "token not found")
        left = self._issued.get(token, self._clock() + self._behaviours.token_life) - self._clock()
        return {
            "token": token,
            "active": left > 0,
            "user": "admin@portal.example",
            "user_id": 1,
            "hub_id": PORTAL_ID,
            "hub_domain": "portal.example",
            "app_id": APP_ID,
            "scopes": sorted(self.scopes(token)),
            "token_type": "access",
            "expires_in": max(0, round(left)),
        }

    def describe_refresh(self, token: str) -> Json:
        """What a refresh token is. Raises ApiError 404."""
        if token != REFRESH_TOKEN or token in self._behaviours.revoked_tokens:
            raise ApiError(404, "refresh token not found")
        return {
            "token": token,
            "client_id": CLIENT_ID,
            "user": "admin@portal.example",
            "user_id": 1,
            "hub_id": PORTAL_ID,
            "hub_domain": "portal.example",
            "scopes": sorted(ALL_SCOPES),
            "token_type": "refresh",
        }

    def revoke(self, token: str) -> None:
        """The token is good no more."""
        self._behaviours.revoked_tokens.add(token)


def _unauthenticated() -> ApiError:
    return ApiError(
        401,
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find "
        "more details "
        "at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
        "INVALID_AUTHENTICATION",
    )


def _expired(expiry: float, now: float) -> ApiError:
    return ApiError(
        401,
        f"The OAuth token used to make this call expired {round(now - expiry)} second(s) ago.",
        "EXPIRED_AUTHENTICATION",
        context={"expire time": [iso(round(expiry * 1000))]},
    )
