"""The four ways to get an access token."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.emulator.salesforce.app import SalesforceEmulator
from connectors.emulator.server.http import EmulatorServer
from connectors.errors import AuthError, ConfigError, RetriableError
from connectors.salesforce.api.auth import Tokens
from connectors.secrets import redact


def signed_in(connector: Any) -> str:
    user = connector._client.send("GET", "/services/oauth2/userinfo")
    return str(user["user_id"])


def test_client_credentials_run_as_the_integration_user(
    connect: Any, app: SalesforceEmulator, client_credentials: dict[str, Any]
) -> None:
    assert signed_in(connect(auth=client_credentials)) == app.seeded.integration_user


def test_a_signed_assertion_runs_as_its_user(
    connect: Any, app: SalesforceEmulator, server: EmulatorServer, tmp_path: Path
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    [(username, user)] = [(n, u) for n, u in app.seeded.usernames.items() if u == app.seeded.integration_user]
    auth = {
        "method": "jwt",
        "client_id": "3MVG9emulatedConsumerKey",
        "username": username,
        "private_key": {"file": str(tmp_path / "key.pem")},
    }
    assert signed_in(connect(auth=auth)) == user
    with pytest.raises(AuthError, match="jwt"):
        signed_in(connect(auth={**auth, "audience": "https://elsewhere.example"}))
    (tmp_path / "key.pem").write_text("not a key")
    with pytest.raises(ConfigError, match=r"key\.pem"):
        signed_in(connect(auth=auth))


def test_a_rotated_refresh_token_is_kept(connect: Any, app: SalesforceEmulator, tmp_path: Path) -> None:
    app.tokens._rotate = True
    kept, secret = tmp_path / "refresh", tmp_path / "secret"
    kept.write_text(app.refresh_token)
    secret.write_text("emulated-consumer-secret")
    auth = {
        "method": "refresh",
        "client_id": "3MVG9emulatedConsumerKey",
        "client_secret": {"file": str(secret)},
        "refresh_token": {"file": str(kept)},
    }
    for _ in range(3):
        before = kept.read_text()
        assert signed_in(connect(auth=auth)) == app.seeded.integration_user
        assert kept.read_text() != before
        assert kept.stat().st_mode & 0o077 == 0
    assert kept.read_text().strip() not in redact(f"the token is {kept.read_text().strip()}")


def test_a_token_service_that_is_down_is_not_a_refusal(
    connect: Any, server: EmulatorServer, client_credentials: dict[str, Any]
) -> None:
    connector = connect(auth=client_credentials)
    server.faults.add({"kind": "html", "status": 503, "match": {"path": "oauth2/token"}, "times": None})
    with pytest.raises(RetriableError):
        signed_in(connector)
    server.faults.clear()
    assert signed_in(connector)


def test_a_login_page_is_no_token(connect: Any, server: EmulatorServer, client_credentials: dict[str, Any]) -> None:
    server.faults.add({"kind": "html", "status": 200, "match": {"path": "oauth2/token"}, "times": None})
    with pytest.raises(RetriableError, match="My Domain"):
        signed_in(connect(auth=client_credentials))


def test_no_error_shows_a_secret(connect: Any, server: EmulatorServer, client_credentials: dict[str, Any]) -> None:
    body = '[{"message":"bad token 00D!very-secret-token","errorCode":"INVALID_SESSION_ID"}]'
    server.faults.add({"kind": "status", "status": 401, "body": body, "times": None})
    with pytest.raises(AuthError) as refused:
        signed_in(connect(token="00D!very-secret-token"))
    assert "very-secret-token" not in str(refused.value)


class Clock:
    """Seconds that pass when they are told to."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_token_is_replaced_long_before_the_session_ends(connect: Any, client_credentials: dict[str, Any]) -> None:
    """An organisation's sessions last two hours by default, and may be set to fifteen minutes: then the 401 is
    healed.
    """
    config = connect(auth=client_credentials)._config
    clock, asked = Clock(), []

    def post(path: str, form: Any) -> tuple[int, bytes]:
        asked.append(form["grant_type"])
        return 200, b'{"access_token":"00D!token%d"}' % len(asked)

    tokens = Tokens(config, post, clock=clock)
    assert tokens.current() == tokens.current() == "00D!token1"
    clock.now += 29 * 60
    assert tokens.current() == "00D!token1"
    clock.now += 2 * 60
    assert tokens.current() == "00D!token2"
    assert asked == ["client_credentials"] * 2


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("invalid_grant", "no client credentials user enabled"),
        ("invalid_grant", "user hasn't approved this consumer"),
        ("invalid_client_id", "client identifier invalid"),
        ("invalid_client", "invalid client credentials"),
        ("unsupported_grant_type", None),
    ],
)
def test_a_refusal_of_a_token_is_told_and_not_repeated(
    connect: Any, server: EmulatorServer, client_credentials: dict[str, Any], code: str, words: str | None
) -> None:
    body = {"error": code} if words is None else {"error": code, "error_description": words}
    rule = {"kind": "status", "status": 400, "body": json.dumps(body), "match": {"path": "oauth2/token"}, "times": None}
    server.faults.add(rule)
    connector = connect(auth=client_credentials)
    for _ in range(2):
        with pytest.raises(AuthError, match=words or code) as refused:
            signed_in(connector)
        assert any(part in refused.value.remedy for part in ("Run-As", "Policies", "crm.auth"))
    assert server.stats()["calls"]["POST /services/oauth2/token"] == 1
