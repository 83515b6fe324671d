"""Says in words why a server could not be reached: name server, proxy, certificate, clock, refusal, silence.

The libraries wrap the cause several times; what a person needs is at the bottom.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import urllib3

from connectors.errors import ConfigError

_EXPIRED, _NOT_YET, _HOSTNAME = 10, 9, frozenset({62, 64})
"""Codes of OpenSSL's verification."""
_DEEP = 12


@dataclass(frozen=True, slots=True)
class Trouble:
    """`words` go after a colon, `remedy` is a sentence. `lasting`: no repeating helps, a person must change
    something.
    """

    words: str
    remedy: str
    lasting: bool = False


def trouble(error: BaseException, host: str) -> Trouble:
    """What an error of the network libraries means for a call to a host."""
    causes = list(_causes(error))

    def first(*kinds: type[BaseException]) -> BaseException | None:
        return next((cause for cause in causes if isinstance(cause, kinds)), None)

    if refused := first(ssl.SSLCertVerificationError):
        return _certificate(refused, host)
    if proxied := first(urllib3.exceptions.ProxyError):
        del proxied
        why = "its name cannot be looked up" if first(socket.gaierror) else "it does not take the connection"
        return Trouble(
            f"the proxy on the way to {host} cannot be used: {why}",
            "Check HTTPS_PROXY, and NO_PROXY if no proxy is needed.",
        )
    if first(ssl.SSLError):
        return Trouble(
            f"the TLS connection to {host} failed",
            "TLS 1.2 or later is needed; look for a proxy or firewall that opens TLS on the way.",
        )
    if first(socket.gaierror):
        return Trouble(
            f"the name {host} cannot be looked up (DNS)",
            "Check the host in crm.url, this machine's name server, and HTTPS_PROXY if a proxy is needed.",
        )
    if first(ConnectionRefusedError):
        return Trouble(f"{host} refuses the connection", "Check crm.url, firewall and HTTPS_PROXY.")
    if first(urllib3.exceptions.ConnectTimeoutError):
        return Trouble(f"{host} does not answer", "Check firewall and network, and HTTPS_PROXY if a proxy is needed.")
    if first(ConnectionResetError, http.client.RemoteDisconnected, BrokenPipeError):
        return Trouble(f"the connection to {host} was cut", "If that lasts, look for a firewall or proxy on the way.")
    return Trouble(f"no whole answer from {host} ({type(causes[-1]).__name__})", "")


def trusted(ca_file: str | None) -> None:
    """Raises ConfigError when the file of `crm.ca_file` cannot be used."""
    if ca_file is None:
        return
    try:
        ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # of SSL too
        why = "holds no certificate in PEM format" if isinstance(error, ssl.SSLError) else f"{error.strerror}"
        raise ConfigError(
            f"crm.ca_file: {ca_file} cannot be used: {why}.", remedy="Name a file of CA certificates in PEM format."
        ) from None


def _certificate(error: BaseException, host: str) -> Trouble:
    code = getattr(error, "verify_code", 0)
    clock = f"this machine's clock says {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    if code in (_EXPIRED, _NOT_YET):
        what = "it has expired" if code == _EXPIRED else "it is not valid yet"
        return Trouble(
            f"the certificate of {host} is not trusted: {what}; {clock}",
            "If the clock is wrong, set it (NTP); if it is right, the server's owner must renew the certificate.",
            lasting=True,
        )
    if code in _HOSTNAME:
        return Trouble(
            f"the certificate of {host} is not trusted: it is for another host",
            "Check crm.url, and look for a proxy or sign-in page that answers in its place.",
            lasting=True,
        )
    return Trouble(
        f"the certificate of {host} is not trusted: its issuer is not known here",
        "Set crm.ca_file to your proxy's CA certificate, or check crm.url.",
        lasting=True,
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it wraps, the outermost first."""
    cause: object = error
    for _ in range(_DEEP):
        if not isinstance(cause, BaseException):
            return
        yield cause
        inner = next((arg for arg in cause.args if isinstance(arg, BaseException)), None)
        cause = getattr(cause, "reason", None) or cause.__cause__ or inner or cause.__context__
