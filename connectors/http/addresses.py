"""Takes an address apart once; every request is then built from the parts.

A check of one parser is worth nothing when another one sends the request: they disagree about back slashes, user names,
blanks and full stops of other alphabets. So an address must match one narrow pattern as a whole, and its host an
allow-list as a whole; what any parser could read otherwise does not match.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_SPELLING = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]{2,45}\]|[a-z0-9][a-z0-9.-]{0,252})(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?",
    re.ASCII | re.IGNORECASE,
)
_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*", re.ASCII)
_USUAL = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Address:
    """Scheme, host (lower case, IPv6 without brackets), port and path; `path` is "" or begins with a slash."""

    scheme: str
    host: str
    port: int
    path: str = ""

    @property
    def origin(self) -> str:
        """`scheme://host`, with the port where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _USUAL[self.scheme] else f":{self.port}")

    @property
    def loopback(self) -> bool:
        """Whether it is of this machine."""
        return self.host in LOOPBACK

    def __str__(self) -> str:
        return self.origin + self.path


def address(text: str, hosts: re.Pattern[str] | None = None) -> Address:
    """The parts of an address: https, or http to this machine. `hosts` is what its host must match as a whole.

    Raises ValueError, which says what is wrong but does not repeat the address: it may hold a secret.
    """
    found = _SPELLING.fullmatch(text)
    if found is None:
        if re.match(r"(?i)https?://[^/]*@", text):
            raise ValueError("must be an address without a user or password")
        raise ValueError("must be a plain address like https://host.example, with nothing before or after it")
    scheme, host = found["scheme"].lower(), found["host"].lower()
    port = int(found["port"] or _USUAL[scheme])
    host = _host(host)
    if not 0 < port <= 65535:
        raise ValueError("has a port that does not exist")
    if host not in LOOPBACK and scheme != "https":
        raise ValueError("must begin with https:// (plain http is for 127.0.0.1 and localhost only)")
    if host not in LOOPBACK and hosts is not None and (not hosts.fullmatch(host) or port != 443):
        raise ValueError(f"is of {host}{'' if port == 443 else f', port {port}'}, which is not allowed here")
    return Address(scheme, host, port, found["path"] or "")


def path(text: str) -> str:
    """A path with its query, as an answer names the next page. Raises ValueError for anything else, such as an
    address.
    """
    if not _PATH.fullmatch(text) or text.startswith("//"):
        raise ValueError("is not a path")
    return text


def _host(text: str) -> str:
    if text.startswith("["):
        return str(ipaddress.IPv6Address(text[1:-1]))
    if text[0].isdigit() and text.replace(".", "").isdigit():
        return str(ipaddress.IPv4Address(text))  # four plain numbers: no octal, no short forms
    if not _NAME.fullmatch(text):
        raise ValueError("has a host that is no plain name")
    return text
