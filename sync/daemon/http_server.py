"""A small HTTP listener for the daemon, on waitress: bounded in connections, headers, body and idle time."""

from __future__ import annotations

import errno
import logging
import socket
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from connectors.errors import ConfigError

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

HEADERS, IDLE, CONNECTIONS, THREADS = 32_768, 20, 100, 12
"""Bytes of headers; seconds that a connection may be silent; connections at once; requests at once."""


def answer(
    start: Callable[..., Any], status: str, body: str = "", content_type: str = "text/plain; charset=utf-8"
) -> Iterable[bytes]:
    """A WSGI answer that no cache may keep."""
    raw = body.encode()
    start(status, [("Content-Type", content_type), ("Content-Length", str(len(raw))), ("Cache-Control", "no-store")])
    return [raw]


class Listener:
    """Serves a WSGI application at `host:port` in threads of its own, from construction until `close`.

    `body` is the most bytes that a request may have: more is answered 413. Raises ConfigError when the address is taken.
    """

    def __init__(self, app: WSGIApplication, host: str, port: int, *, body: int, name: str) -> None:
        from waitress.server import create_server

        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            bound = socket.create_server((host, port), family=family)
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be listened on ({error.strerror})"
            raise ConfigError(f"The address {host}:{port} for {name} {why}.", remedy="Choose another.") from None
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # requests that wait their turn are no news
        self._map: dict[int, Any] = {}
        self._server: Any = create_server(
            app,
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

    def _serve(self) -> None:
        from waitress import wasyncore

        while not self._stopping.is_set():
            wasyncore.loop(timeout=1.0, map=self._map, count=1)
        self._server.task_dispatcher.shutdown(timeout=3)
        wasyncore.loop(timeout=0.05, map=self._map, count=2)  # what the last tasks answered
        wasyncore.close_all(self._map, ignore_all=True)
