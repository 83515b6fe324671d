"""A request is over at its deadline wherever the server drips: in its headers, in its body, after them."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

import pytest
import urllib3

from connectors.http.deadline import Deadline, watch_connections, within


def dripping(first: bytes):
    """A server that sends `first` at once and then a byte every 20 ms, for ever."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve():
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(first)
            try:
                while not ended.wait(0.02):
                    connection.sendall(b"x")
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    return listener, ended


@pytest.mark.parametrize(
    "first", [b"", b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n"]
)
def test_a_drip_ends_at_the_deadline(first):
    listener, ended = dripping(first)
    manager = urllib3.PoolManager(retries=False, timeout=30)
    watch_connections(manager)
    deadline = Deadline(0.3)
    began = time.monotonic()
    with suppress(urllib3.exceptions.HTTPError), within(deadline):  # http.client takes headers that end early for whole
        manager.request("GET", f"http://127.0.0.1:{listener.getsockname()[1]}/")
    ended.set()
    listener.close()
    manager.clear()
    assert deadline.expired
    assert time.monotonic() - began < 10  # not the 30 s of silence, nor for ever


def test_a_request_that_is_over_in_time_is_left_alone():
    deadline = Deadline(0.01)
    one, other = socket.socketpair()
    with within(deadline):
        deadline.use(one)
    time.sleep(0)
    deadline.expire()
    other.sendall(b"still open")
    assert (one.recv(100), deadline.expired) == (b"still open", False)
    one.close()
    other.close()


def test_a_name_that_nobody_answers_for_ends_at_the_deadline(monkeypatch):
    """The resolver of the system has time-outs of its own making, and nothing ends it."""
    answer, closed = threading.Event(), threading.Event()
    known = socket.getaddrinfo

    def silent(*arguments, **named):
        answer.wait(60)
        return known("127.0.0.1", *arguments[1:], **named)

    class Listed(socket.socket):
        def close(self):
            super().close()
            closed.set()

    listener = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setattr(socket, "getaddrinfo", silent)
    manager = urllib3.PoolManager(retries=False, timeout=30)
    watch_connections(manager)
    deadline = Deadline(0.2)
    with pytest.raises(urllib3.exceptions.ConnectTimeoutError), within(deadline):
        manager.request("GET", f"http://crm.example:{listener.getsockname()[1]}/")
    assert deadline.expired
    monkeypatch.setattr(socket, "socket", Listed)
    answer.set()
    assert closed.wait(10)  # what is made too late is not left open
    listener.close()
