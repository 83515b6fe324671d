"""N7 and N8: whom the token is sent to, whose certificates are believed, and which way the environment says to go."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from rows import told
from secure import json_answer, server, tunnel

from connectors.errors import BothwaysError, ConfigError, RetriableError
from connectors.hubspot.api.client import Client as HubSpot
from connectors.hubspot.config import HubSpotConfig
from connectors.salesforce.api.client import Client as Salesforce
from connectors.salesforce.config import SalesforceConfig

TOKEN = "canary-51e0b7-token"
CRMS = ("salesforce", "hubspot")
HOSTS = {"salesforce": "example.my.salesforce.com", "hubspot": "api.hubapi.com"}
BODIES = {"salesforce": b'{"sObjects": []}', "hubspot": b'{"portalId": 1}'}


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture
def trusted(authority, tmp_path):
    path = tmp_path / "company-ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("BOTHWAYS_TEST_TOKEN", TOKEN)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def context_of(certificate: trustme.LeafCert, *, newest: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    if newest is not None:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest
    return context


def ask(crm: str, url: str, ca_file: str | None = None) -> None:
    """One call with the token."""
    auth = {"method": "token", "token": {"env": "BOTHWAYS_TEST_TOKEN"}}
    settings = {"kind": crm, "url": url, "auth": auth, "ca_file": ca_file, "request_seconds": 5}
    if crm == "hubspot":
        client = HubSpot(HubSpotConfig.model_validate(settings))
        try:
            client.account()
        finally:
            client.close()
        return
    other = Salesforce(SalesforceConfig.model_validate(settings))
    try:
        other.record_counts(["Account"])
    finally:
        other.transport.close()


def answering(crm: str):
    return lambda request: json_answer(BODIES[crm])


@pytest.mark.parametrize("crm", CRMS)
def test_a_company_certificate_that_the_settings_name_is_believed(crm, authority, trusted):
    with server(answering(crm), context_of(authority.issue_cert("localhost"))) as heard:
        ask(crm, f"https://localhost:{heard.port}", trusted)
        assert TOKEN.encode() in heard.data


BAD = ("self-signed", "expired", "not yet valid", "for another host", "TLS 1.1 only")


@pytest.mark.parametrize("crm", CRMS)
@pytest.mark.parametrize("fault", BAD)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
def test_who_cannot_prove_to_be_the_crm_gets_no_byte_of_the_token(crm, fault, authority, trusted, told_of):
    now = datetime.now(UTC)
    made = {
        "self-signed": lambda: trustme.CA().issue_cert("localhost"),
        "expired": lambda: authority.issue_cert("localhost", not_after=now - timedelta(days=1)),
        "not yet valid": lambda: authority.issue_cert(
            "localhost", not_before=now + timedelta(days=1), not_after=now + timedelta(days=9)
        ),
        "for another host": lambda: authority.issue_cert("login.example.com"),
        "TLS 1.1 only": lambda: authority.issue_cert("localhost"),
    }[fault]()
    newest = ssl.TLSVersion.TLSv1_1 if fault == "TLS 1.1 only" else None
    with told_of("N7", f"a server whose certificate is {fault}" if not newest else fault, crm) as outcome:
        refusal = pytest.raises(RetriableError if newest else ConfigError)
        with server(answering(crm), context_of(made, newest=newest)) as heard, refusal:
            ask(crm, f"https://localhost:{heard.port}", trusted)
        assert heard.connections > 0
        assert heard.data == b""
        outcome.times = heard.connections


@pytest.mark.parametrize("crm", CRMS)
@pytest.mark.parametrize("to", ["http://localhost:{port}/", "https://localhost:{port}/", "//localhost:{port}/x"])
@pytest.mark.parametrize("status", [b"301 Moved", b"307 Temporary Redirect", b"308 Permanent Redirect"])
def test_a_redirect_is_not_followed(crm, to, status, authority, trusted, told_of):
    with (
        told_of("N7", "a redirect to plain http, or to another host", crm) as outcome,
        server(answering(crm)) as other,
    ):
        moved = json_answer(b"{}", status, b"Location: " + to.format(port=other.port).encode())
        secure, refusal = context_of(authority.issue_cert("localhost")), pytest.raises(BothwaysError)
        with server(lambda request: moved, secure) as heard, refusal:
            ask(crm, f"https://localhost:{heard.port}", trusted)
        assert (other.connections, bytes(other.data)) == (0, b"")
        outcome.times = 1


@pytest.mark.parametrize("crm", CRMS)
def test_the_way_through_a_company_proxy(crm, authority, trusted, monkeypatch, told_of):
    """HTTPS_PROXY is honoured: the CRM is reached through a tunnel, and the token is inside it only."""
    with (
        told_of("N8", "HTTPS_PROXY with a password, a company CA in ca_file, NO_PROXY", crm) as outcome,
        server(answering(crm), context_of(authority.issue_cert(HOSTS[crm]))) as heard,
        tunnel(heard.port) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://someone:s%40me@127.0.0.1:{proxy.port}")
        ask(crm, f"https://{HOSTS[crm]}", trusted)
        assert proxy.data.startswith(f"CONNECT {HOSTS[crm]}:443 ".encode())
        assert b"c29tZW9uZTpzQG1l" in proxy.data  # someone:s@me
        assert TOKEN.encode() not in proxy.data
        assert TOKEN.encode() in heard.data
        outcome.times = 1


@pytest.mark.parametrize("crm", CRMS)
@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_certificates_of_the_settings_win_over_those_of_the_environment(
    crm, name, authority, trusted, monkeypatch, tmp_path
):
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    with (
        server(answering(crm), context_of(authority.issue_cert(HOSTS[crm]))) as heard,
        tunnel(heard.port) as proxy,
    ):
        monkeypatch.setenv(name, str(other))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        ask(crm, f"https://{HOSTS[crm]}", trusted)
        assert TOKEN.encode() in heard.data


@pytest.mark.parametrize("crm", CRMS)
def test_the_other_end_of_a_tunnel_must_prove_itself_too(crm, authority, trusted, monkeypatch):
    with (
        server(answering(crm), context_of(authority.issue_cert("evil.example.com"))) as heard,
        tunnel(heard.port) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(ConfigError, match="certificate"):
            ask(crm, f"https://{HOSTS[crm]}", trusted)
        assert TOKEN.encode() not in proxy.data + heard.data


@pytest.mark.parametrize("crm", CRMS)
@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY", "http_proxy"])
def test_this_machine_is_never_asked_for_through_a_proxy(crm, name, monkeypatch):
    with server(answering(crm)) as heard, tunnel(heard.port) as proxy:
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        ask(crm, f"http://127.0.0.1:{heard.port}")
        assert (proxy.connections, heard.connections) == (0, 1)


@pytest.mark.parametrize("crm", CRMS)
def test_no_proxy_is_honoured(crm, authority, trusted, monkeypatch):
    with server(answering(crm), context_of(authority.issue_cert(HOSTS[crm]))) as heard, tunnel(heard.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", f"example.org,{HOSTS[crm].partition('.')[2]}")
        monkeypatch.setattr("socket.getaddrinfo", _nowhere)
        with pytest.raises(RetriableError):
            ask(crm, f"https://{HOSTS[crm]}", trusted)
        assert proxy.connections == 0


def _nowhere(*args, **kw):
    raise OSError("no such host")


@pytest.mark.parametrize("crm", CRMS)
def test_an_address_of_ipv6_alone(crm, told_of):
    with told_of("N8", "a server that has an IPv6 address only", crm) as outcome:
        with server(answering(crm), host="::1") as heard:
            ask(crm, f"http://[::1]:{heard.port}")
        assert TOKEN.encode() in heard.data
        outcome.times = 1


@pytest.mark.parametrize("crm", CRMS)
def test_the_switch_that_turns_verification_off_does_not_exist(crm):
    model = SalesforceConfig if crm == "salesforce" else HubSpotConfig
    assert [name for name in model.model_fields if "verify" in name or "insecure" in name] == []


@pytest.fixture
def told_of():
    return told
