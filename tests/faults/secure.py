"""A TLS server that remembers every byte it was sent in the clear or unpacked, and a proxy that tunnels to it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"


@dataclass
class Heard:
    """What came in: requests after TLS, or the first lines of what came to a proxy."""

    port: int
    host: str = "127.0.0.1"
    data: bytearray = field(default_factory=bytearray)
    connections: int = 0


Answer = Callable[[bytes], bytes]


def json_answer(body: bytes, status: bytes = b"200 OK", *headers: bytes) -> bytes:
    extra = b"".join(header + b"\r\n" for header in headers)
    return (
        b"HTTP/1.1 %s\r\nDate: Thu, 15 Oct 2026 12:00:00 GMT\r\nContent-Type: "
        b"application/json\r\n%sContent-Length: %d\r\n\r\n%s" % (status, extra, len(body), body)
    )


@contextmanager
def listening(serve: Callable[[socket.socket, Heard], None], host: str = "127.0.0.1") -> Iterator[Heard]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, 0), family=family)
    heard = Heard(listener.getsockname()[1], host)

    def one(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            serve(connection, heard)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            heard.connections += 1
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield heard
    finally:
        listener.close()


@contextmanager
def server(answer: Answer, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Heard]:
    """Answers requests; in the clear without a context."""

    def serve(connection: socket.socket, heard: Heard) -> None:
        stream = context.wrap_socket(connection, server_side=True) if context else connection
        with stream:
            while request := _head(stream):
                heard.data += request
                stream.sendall(answer(request))

    with listening(serve, host) as heard:
        yield heard


@contextmanager
def tunnel(to: int) -> Iterator[Heard]:
    """A proxy that takes CONNECT to anywhere, and goes to a port of this machine."""

    def serve(connection: socket.socket, heard: Heard) -> None:
        heard.data += _head(connection)
        with socket.create_connection(("127.0.0.1", to)) as there:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(there, connection), daemon=True)
            back.start()
            _pump(connection, there)
            back.join(10)

    with listening(serve) as heard:
        yield heard


def _head(stream: socket.socket) -> bytes:
    """A request's header and what came with it; the body is not told apart."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = stream.recv(65536)
        if not more:
            return data
        data += more
    return data


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
