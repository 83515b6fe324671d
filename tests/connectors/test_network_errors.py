"""Name server, proxy, certificate, clock, refusal and silence name themselves and what can be done."""

from __future__ import annotations

import http.client
import socket
import ssl

import pytest
import requests
import urllib3

from connectors.errors import ConfigError
from connectors.network_errors import trouble, trusted

POOL = urllib3.HTTPConnectionPool("host.example")


def certificate(code):
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code = code
    return error


def wrapped(cause):
    """As requests hands it on: ConnectionError(MaxRetryError(reason=NewConnectionError(...)) from the cause)."""
    try:
        try:
            raise cause
        except type(cause) as error:
            raise urllib3.exceptions.NewConnectionError(POOL, "failed") from error
    except urllib3.exceptions.NewConnectionError as error:
        return requests.exceptions.ConnectionError(urllib3.exceptions.MaxRetryError(POOL, "/", error))


@pytest.mark.parametrize(
    ("error", "words", "remedy", "lasting"),
    [
        (wrapped(socket.gaierror(-2, "Name or service not known")), "cannot be looked up (DNS)", "name server", False),
        (socket.gaierror(-3, "Temporary failure"), "cannot be looked up (DNS)", "name server", False),
        (wrapped(ConnectionRefusedError(111, "refused")), "refuses the connection", "firewall", False),
        (urllib3.exceptions.ConnectTimeoutError(POOL, "slow"), "does not answer", "firewall", False),
        (urllib3.exceptions.ProxyError("no", ConnectionRefusedError()), "proxy on the way", "HTTPS_PROXY", False),
        (urllib3.exceptions.ProxyError("no", socket.gaierror()), "its name cannot be looked up", "HTTPS_PROXY", False),
        (certificate(10), "it has expired; this machine's clock says", "clock", True),
        (certificate(9), "it is not valid yet; this machine's clock says", "clock", True),
        (certificate(62), "it is for another host", "crm.url", True),
        (certificate(20), "its issuer is not known", "crm.ca_file", True),
        (
            requests.exceptions.SSLError(
                urllib3.exceptions.MaxRetryError(POOL, "/", urllib3.exceptions.SSLError(certificate(18)))
            ),
            "its issuer is not known",
            "crm.ca_file",
            True,
        ),
        (ssl.SSLError(1, "wrong version number"), "TLS connection to host.example failed", "TLS 1.2", False),
        (http.client.RemoteDisconnected("gone"), "was cut", "firewall", False),
        (ValueError("odd"), "no whole answer from host.example (ValueError)", "", False),
    ],
)
def test_what_failed_and_what_to_do(error, words, remedy, lasting):
    found = trouble(error, "host.example")
    assert words in found.words
    assert "host.example" in found.words
    assert remedy in found.remedy
    assert found.lasting == lasting


def test_a_file_of_certificates_that_cannot_be_used_is_named(tmp_path):
    trusted(None)
    (tmp_path / "noise.pem").write_text("nope")
    for name, why in (("noise.pem", "no certificate in PEM format"), ("none.pem", "No such file")):
        with pytest.raises(ConfigError, match=rf"crm.ca_file: .*{name} cannot be used: .*{why}"):
            trusted(str(tmp_path / name))
