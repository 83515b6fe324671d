"""The proxy that the environment names for an address: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, but for what NO_PROXY lists.

Addresses of this machine are never asked for through one.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

from connectors.errors import ConfigError
from connectors.http.addresses import LOOPBACK
from connectors.redaction import remember


@dataclass(frozen=True, slots=True)
class Proxy:
    """`url` without a password; `credentials` as user:password, None for none."""

    url: str
    credentials: str | None = None


def _port_exists(proxy: SplitResult) -> bool:
    try:
        return proxy.port is None or proxy.port > 0
    except ValueError:
        return False


def proxy_for(url: str) -> Proxy | None:
    """None: straight there. Raises ConfigError for a proxy that does not speak HTTP."""
    parts = urlsplit(url)
    if parts.hostname in LOOPBACK or proxy_bypass(parts.netloc):
        return None
    named = getproxies()
    told = named.get(parts.scheme) or named.get("all")
    if not told:
        return None
    proxy = urlsplit(told if "://" in told else f"http://{told}")
    if proxy.scheme not in ("http", "https") or not proxy.hostname or not _port_exists(proxy):
        raise ConfigError(
            f"The proxy that the environment names for {parts.scheme} is not an http or https address.",
            remedy="Set HTTPS_PROXY to http://host:port, or NO_PROXY to go without.",
        )
    bare = urlunsplit((proxy.scheme, proxy.netloc.rpartition("@")[2], "", "", ""))
    if proxy.username is None:
        return Proxy(bare)
    password = unquote(proxy.password or "")
    if password:
        remember(password)
    return Proxy(bare, f"{unquote(proxy.username)}:{password}")
