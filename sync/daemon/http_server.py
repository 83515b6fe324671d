"""A small HTTP listener for the daemon, on waitress: bounded in connections, headers, body, idle time and time per
request.
"""

from __future__ import annotations

import errno
import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from connectors.errors import ConfigError
from connectors.http.addresses import LOOPBACK

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_HOST = re.compile(r"(?P<host>\[[0-9a-f:.]{2,45}\]|[a-z0-9][a-z0-9.-]{0,252})(?::[0-9]{1,5})?", re.ASCII)

HEADERS, IDLE, CONNECTIONS, THREADS = 32_768, 20, 100, 12
"""Bytes of headers; seconds that a connection may be silent; connections at once; requests at once."""
REQUEST = 10.0
"""Seconds from the first byte of a request to its last, and for its answer to be fetched: a drip ends there too."""
CROWDED = 0.8
"""Above this share of the connections those that wait for their sender make way for new ones, the oldest first."""
_SWEEP = 0.5


def answer(
    start: Callable[..., Any], status: str, body: str = "", content_type: str = "text/plain; charset=utf-8"
) -> Iterable[bytes]:
    """A WSGI answer that no cache may keep."""
    raw = body.encode()
    start(status, [("Content-Type", content_type), ("Content-Length", str(len(raw))), ("Cache-Control", "no-store")])
    return [raw]


def asked_host(environ: WSGIEnvironment) -> str:
    """The host that a request names, in small letters and without a port; "" for none or nonsense."""
    match = _HOST.fullmatch(str(environ.get("HTTP_HOST", "")).lower())
    return match["host"].strip("[]") if match else ""


class Listener:
    """Serves a WSGI application at `host:port` in threads of its own, from construction until `close`.

    `body` is the most bytes that a request may have: more is answered 413. A request must name the address that is
    listened on, this machine or one of `hosts`: a web page in somebody's browser that leads its own name here is
    answered 421. Raises ConfigError when the address is taken.
    """

    def __init__(
        self, app: WSGIApplication, host: str, port: int, *, body: int, name: str, hosts: Collection[str] = ()
    ) -> None:
        from waitress.server import create_server

        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            bound = socket.create_server((host, port), family=family)
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be listened on ({error.strerror})"
            raise ConfigError(f"The address {host}:{port} for {name} {why}.", remedy="Choose another.") from None
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # requests that wait their turn are no news
        self._map: dict[int, Any] = {}
        self._app, self._hosts = app, frozenset({*LOOPBACK, host, *(known.lower() for known in hosts)})
        self._waiting: dict[int, tuple[Any, float]] = {}
        self._server: Any = create_server(
            self._known_host,
            map=self._map,
            sockets=[bound],
            threads=THREADS,
            ident=None,
            max_request_body_size=body,
            max_request_header_size=HEADERS,
            channel_timeout=IDLE,
            cleanup_interval=5,
            connection_limit=CONNECTIONS,
            expose_tracebacks=False,
            clear_untrusted_proxy_headers=True,
        )
        self.host, self.port = host, int(bound.getsockname()[1])
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it serves."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Answers what is under way, then drops all connections."""
        self._stopping.set()
        self._server.pull_trigger()
        self._thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _known_host(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if asked_host(environ) not in self._hosts:
            return answer(start_response, "421 Misdirected Request")
        return self._app(environ, start_response)

    def _drop_slow(self, now: float) -> None:
        """Closes connections whose sender takes too long, and when there are many the oldest."""
        channels = [c for c in self._map.values() if hasattr(c, "requests") and not c.requests]
        before, self._waiting = self._waiting, {}
        for channel in channels:
            busy = channel.request is not None or channel.total_outbufs_len
            known, since = before.get(id(channel), (None, now))
            self._waiting[id(channel)] = (channel, since if known is channel and busy else now)
        oldest = sorted(self._waiting.values(), key=lambda item: item[0].creation_time)
        crowd = max(0, len(channels) - int(CROWDED * CONNECTIONS))
        for number, (channel, since) in enumerate(oldest):
            if number < crowd or now - since > REQUEST:
                channel.handle_close()

    def _serve(self) -> None:
        from waitress import wasyncore

        swept = 0.0
        while not self._stopping.is_set():
            wasyncore.loop(timeout=_SWEEP, map=self._map, count=1)
            if time.monotonic() - swept >= _SWEEP:
                swept = time.monotonic()
                self._drop_slow(swept)
        self._server.task_dispatcher.shutdown(timeout=3)
        wasyncore.loop(timeout=0.05, map=self._map, count=2)  # what the last tasks answered
        wasyncore.close_all(self._map, ignore_all=True)
