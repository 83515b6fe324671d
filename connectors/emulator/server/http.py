"""A small HTTP/1.1 server for the emulators: keep-alive, one packet per response, TCP_NODELAY, faults below the byte.

Written by hand rather than on a web framework because its purpose is to misbehave on request: reset a connection, cut a
body, drip it, or take effect and then answer nothing. It listens on loopback only.
"""

from __future__ import annotations

import gzip
import json
import socket
import socketserver
import sys
import threading
import traceback
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol, cast
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from connectors.emulator.server.control import Controlled
from connectors.emulator.server.faults import Fault, FaultBook
from connectors.emulator.server.packet import body_of, line_of, wire


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Header names are lower-case; `path` is percent-decoded and has no query; `target` is as sent."""

    method: str
    target: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes

    def param(self, name: str, default: str | None = None) -> str | None:
        """The first query parameter of that name."""
        return next((value for key, value in self.query if key == name), default)

    def params(self, name: str) -> list[str]:
        """All values of a query parameter, repeated or comma-separated."""
        return [part for key, value in self.query if key == name for part in value.split(",") if part]

    def json(self) -> Any:
        """The body as JSON; raises ValueError."""
        return json.loads(self.body or b"null")

    def form(self) -> dict[str, str]:
        """The body as an urlencoded form."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(slots=True)
class Response:
    """One answer. `content_type` empty: no such header (a bare 204). `compress` allows gzip when the client accepts
    it.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    compress: bool = False


def json_response(
    value: object,
    status: int = 200,
    *,
    content_type: str = "application/json;charset=utf-8",
    headers: dict[str, str] | None = None,
) -> Response:
    """A JSON answer. `value` must be made of plain types."""
    return Response(status, orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS), content_type, dict(headers or {}))


class Application(Protocol):
    """What an emulator provides to the server. Called from many threads; does its own locking."""

    crm: str
    token: str

    def handle(self, request: Request) -> Response:
        """Answers any path that is not under `/__emulator__/`. Must not raise for bad input: it answers as the CRM
        would.
        """
        ...

    def records(self, kind: str) -> list[dict[str, Any]] | None:
        """Records by kind (accounts, opportunities, activities, people ...) with their vendor field names; None: no
        such kind.
        """
        ...

    def stats(self) -> dict[str, Any]:
        """At least `records_written` ({object: {field: n}}); the server adds calls and faults."""
        ...

    def endpoint(self, request: Request) -> str:
        """A short stable name of the endpoint, ids replaced, to count calls by."""
        ...

    def ways_in(self) -> dict[str, Any]:
        """Every way in: tokens, and what clients that log in by themselves need."""
        ...


class EmulatorServer:
    """Runs an application on a loopback port in background threads. Use as a context manager, or `serve_forever`."""

    def __init__(self, app: Application, port: int = 0, host: str = "127.0.0.1") -> None:
        self.app = app
        self.faults = FaultBook()
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._server = _Server((host, port), self)
        self.port: int = self._server.server_address[1]
        self.url = f"http://{host}:{self.port}"

    def __enter__(self) -> EmulatorServer:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._server.drop_connections()

    def stop(self) -> None:
        """Frees the port of a server that was not started."""
        self._server.server_close()

    def serve_forever(self) -> None:
        """Blocks until interrupted."""
        try:
            self._server.serve_forever(poll_interval=0.2)
        finally:
            self._server.server_close()

    def answer(self, request: Request) -> tuple[Response, Fault | None]:
        """The application's answer, or the emulator's own for `/__emulator__/`; with the fault to apply while sending
        it.
        """
        if request.path.startswith("/__emulator__/"):
            return self._own(request), None
        endpoint = self.app.endpoint(request)
        with self._lock:
            self.calls[endpoint] += 1
        fault = self.faults.next_for(request.method, request.target, request.body)
        if fault is not None and not fault.takes_effect:
            return fault.response() or Response(), fault
        return self.app.handle(request), fault

    def stats(self) -> dict[str, Any]:
        """Calls by endpoint, records written by field, faults fired."""
        with self._lock:
            calls = dict(sorted(self.calls.items()))
        return {
            "crm": self.app.crm,
            "calls": calls,
            "calls_total": sum(calls.values()),
            "faults_fired": self.faults.fired(),
            **self.app.stats(),
        }

    def _own(self, request: Request) -> Response:
        parts = request.path.strip("/").split("/")
        if request.method == "GET" and parts[1:] == ["stats"]:
            return json_response(self.stats())
        if request.method == "GET" and parts[1:] == ["access"]:
            return json_response(self.app.ways_in())
        if parts[1:] == ["faults"]:
            if request.method == "GET":
                return json_response(self.faults.rules())
            if request.method == "DELETE":
                self.faults.clear()
                return json_response([])
            try:
                self.faults.add(request.json())
            except (ValueError, TypeError) as error:
                return json_response({"error": f"fault rule: {error}"}, 400)
            return json_response(self.faults.rules())
        if request.method == "GET" and len(parts) == 3 and parts[1] == "records":
            records = self.app.records(parts[2])
            return (
                json_response(records)
                if records is not None
                else json_response({"error": f"no records of kind {parts[2]!r}"}, 404)
            )
        told = self.app.control(request, tuple(parts[1:])) if isinstance(self.app, Controlled) else None
        if told is not None:
            return told
        return json_response({"error": "GET stats, GET access, GET records/KIND, GET|POST|DELETE faults"}, 404)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128
    block_on_close = False

    def __init__(self, address: tuple[str, int], owner: EmulatorServer) -> None:
        self.owner = owner
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(address, _Handler)
        # A connection that select saw may be gone by the time of accept, which would wait for the next one, for ever
        # when there is none: the server could not be shut down.
        self.socket.settimeout(1.0)

    def track(self, connection: socket.socket, *, opened: bool) -> None:
        with self._open_lock:
            (self._open.add if opened else self._open.discard)(connection)

    def drop_connections(self) -> None:
        with self._open_lock:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  (the base class's signature)
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError)):
            traceback.print_exc(file=sys.stderr)


class _Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    rbufsize = 65536

    def setup(self) -> None:
        super().setup()
        self._owner = cast(_Server, self.server)
        self._owner.track(self.connection, opened=True)

    def finish(self) -> None:
        self._owner.track(self.connection, opened=False)
        try:
            super().finish()
        except OSError:
            return

    def handle(self) -> None:
        while True:
            try:
                request = self._read()
            except ValueError as error:
                self._send(Response(400, str(error).encode(), "text/plain"), {}, "GET", close=True)
                return
            if request is None:
                return
            response, fault = self._owner.owner.answer(request)
            close = request.headers.get("connection", "").lower() == "close"
            sent = wire(response, request, close=close)
            if fault is not None and fault.send(self.connection, sent):
                return
            self.connection.sendall(sent)
            if close:
                return

    def _send(self, response: Response, headers: dict[str, str], method: str, *, close: bool) -> None:
        request = Request(method, "/", "/", [], headers, b"")
        self.connection.sendall(wire(response, request, close=close))

    def _read(self) -> Request | None:
        line = self.rfile.readline(65537)
        while line in (b"\r\n", b"\n"):
            line = self.rfile.readline(65537)
        if not line.endswith(b"\n"):
            return None
        try:
            method, target, version = line.decode("latin-1").split()
        except ValueError:
            raise ValueError("malformed request line") from None
        if not version.startswith("HTTP/1."):
            raise ValueError("HTTP/1.x only")
        headers: dict[str, str] = {}
        size = len(line)
        while (raw := line_of(self.rfile)) not in (b"\r\n", b"\n"):
            size += len(raw)
            name, colon, value = raw.decode("latin-1").partition(":")
            if not colon:
                raise ValueError("malformed header")
            headers[name.strip().lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = body_of(self.rfile, headers)
        if headers.get("content-encoding", "").lower() == "gzip" and body:
            body = gzip.decompress(body)
        headers["x-emulator-head-bytes"] = str(size)
        split = urlsplit(f"/{target.lstrip('/')}" if target.startswith("//") else target)
        return Request(
            method.upper(), target, unquote(split.path), parse_qsl(split.query, keep_blank_values=True), headers, body
        )
