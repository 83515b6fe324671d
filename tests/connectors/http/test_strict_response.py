"""Answers byte by byte: what is not whole is never handed out, what is lawful is understood."""

from __future__ import annotations

import gzip
import http.client
import socket
import threading
from contextlib import contextmanager

import pytest
import urllib3

from connectors.http.deadline import Deadline, watch_connections, within
from connectors.http.strict_response import whole_body

BODY = b'{"results": [{"id": "1"}, {"id": "2"}]}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)
PACKED = gzip.compress(BODY)
BROKEN = (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError)


@contextmanager
def serving(*answers: bytes):
    """Gives the answers in turn, on one connection or several."""
    left = list(answers)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                while left and connection.recv(65536):
                    connection.sendall(left.pop(0))

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    listener.close()


def ask(url: str, times: int = 1) -> list[tuple[int, bytes]]:
    manager = urllib3.PoolManager(retries=False)
    watch_connections(manager)
    found = []
    for _ in range(times):
        with within(Deadline(5)):
            answer = manager.request("GET", url, preload_content=False)
            found.append((answer.status, whole_body(answer)))
    manager.clear()
    return found


def packed(body: bytes, *, close: bool = False) -> bytes:
    sized = b"Connection: close" if close else b"Content-Length: %d" % len(body)
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n" + sized + b"\r\n\r\n" + body


LAWFUL = {
    "plain": HEAD + BODY,
    "interim": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + HEAD + BODY,
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\n"
    + BODY[:3] + b"\r\n%x\r\n" % (len(BODY) - 3) + BODY[3:] + b"\r\n0\r\nX: y\r\n\r\n",
    "gzip": packed(PACKED),
    "gzip until close": packed(PACKED, close=True),
    "until close": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + BODY,
    "bare newlines": (HEAD.replace(b"\r\n", b"\n")) + BODY,
    "same length twice": HEAD.replace(b"\r\n\r\n", b"\r\nContent-Length: %d\r\n\r\n" % len(BODY)) + BODY,
}  # fmt: skip
UNLAWFUL = {
    "two lengths": HEAD.replace(b"\r\n\r\n", b"\r\nContent-Length: 7\r\n\r\n") + BODY,
    "two lengths in one line": HEAD.replace(b"Content-Length: ", b"Content-Length: 7, ") + BODY,
    "a length that is none": HEAD.replace(b"Content-Length: ", b"Content-Length: -") + BODY,
    "a line that is none": HEAD.replace(b"\r\n\r\n", b"\r\nno colon\r\n\r\n") + BODY,
    "chunks cut": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "chunk sizes cut": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1",
    "gzip damaged": packed(PACKED[:-6] + b"\0\0\0\0\0\0"),
    "gzip and more": packed(PACKED + b"more"),
    "unknown packing": HEAD.replace(b"\r\n\r\n", b"\r\nContent-Encoding: br\r\n\r\n") + BODY,
    "interim for ever": b"HTTP/1.1 102 Processing\r\n\r\n" * 50 + HEAD + BODY,
    "garbage first": b"\x16\x03\x01" + HEAD + BODY,
    "the body alone": BODY,
}


@pytest.mark.parametrize("name", LAWFUL)
def test_what_is_lawful_is_understood(name):
    with serving(LAWFUL[name]) as url:
        assert ask(url) == [(200, BODY)]


@pytest.mark.parametrize("name", UNLAWFUL)
def test_what_is_not_whole_is_refused(name):
    with serving(UNLAWFUL[name]) as url, pytest.raises(BROKEN):
        ask(url)


def test_an_answer_that_is_cut_anywhere_is_refused():
    whole = HEAD + BODY
    for place in range(len(whole)):
        with serving(whole[:place]) as url, pytest.raises(BROKEN):
            ask(url)


@pytest.mark.parametrize("close", [True, False])
def test_a_packed_body_that_is_cut_anywhere_is_refused_even_with_the_right_length(close):
    for place in range(1, len(PACKED), 5):
        with serving(packed(PACKED[:place], close=close)) as url, pytest.raises(BROKEN):
            ask(url)


def test_after_an_interim_answer_the_next_request_gets_its_own():
    """http.client would hand out the 103, and then every answer one request too late."""
    second = HEAD.replace(b"200 OK", b"201 Created") + BODY
    with serving(LAWFUL["interim"], second) as url:
        assert ask(url, times=2) == [(200, BODY), (201, BODY)]


def test_an_answer_that_is_sent_twice_is_not_taken_for_the_next_one():
    second = HEAD.replace(b"200 OK", b"201 Created") + BODY
    with serving(HEAD + BODY + HEAD + BODY, second) as url:
        assert ask(url, times=2) == [(200, BODY), (201, BODY)]
