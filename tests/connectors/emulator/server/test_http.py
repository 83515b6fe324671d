"""The server under both emulators: what it takes for a request."""

from __future__ import annotations

import socket
import threading

import pytest

from connectors.emulator.hubspot.app import HubSpotEmulator
from connectors.emulator.organisation.model import demo_organisation
from connectors.emulator.server.http import EmulatorServer

WHOLE = (
    b"POST /crm/v3/objects/companies/search HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token\r\n"
    b'Content-Type: application/json\r\nContent-Length: 11\r\n\r\n{"limit":1}'
)


@pytest.fixture(scope="module")
def server():
    app = HubSpotEmulator(demo_organisation(7, 2))
    app.token = "token"
    with EmulatorServer(app) as running:
        yield running


def told(server: EmulatorServer, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").read()


def test_a_whole_request_is_answered(server):
    assert told(server, WHOLE).startswith(b"HTTP/1.1 ")


@pytest.mark.parametrize("place", [5, 60, 110, len(WHOLE) - 20, len(WHOLE) - 1])
def test_a_request_that_was_cut_never_was_one(server, place):
    before = server.stats()["calls_total"]
    assert told(server, WHOLE[:place]) == b""
    assert server.stats()["calls_total"] == before


def test_a_request_whose_chunks_were_cut_never_was_one(server):
    head = WHOLE.split(b"Content-Length")[0] + b"Transfer-Encoding: chunked\r\n\r\n"
    before = server.stats()["calls_total"]
    assert told(server, head + b'b\r\n{"limit":1}\r\n') == b""
    assert told(server, head + b'b\r\n{"lim') == b""
    assert server.stats()["calls_total"] == before
    assert told(server, head + b'b\r\n{"limit":1}\r\n0\r\n\r\n').startswith(b"HTTP/1.1 ")


def test_a_connection_that_was_announced_and_is_gone_holds_nobody_up():
    """It would keep the server from shutting down."""
    idle = EmulatorServer(HubSpotEmulator(demo_organisation(7, 2)))
    waiting = threading.Thread(target=idle._server._handle_request_noblock, daemon=True)
    waiting.start()
    waiting.join(timeout=30)
    assert not waiting.is_alive()
    idle.stop()
