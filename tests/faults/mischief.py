"""What can happen to one exchange: by name, a function that does it and says whether the connection goes on."""

from __future__ import annotations

import gzip
import json
import random
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from messages import message

LONG = 30.0
"""Seconds: longer than any deadline of a test. Ends when the proxy does."""
LOGIN = b"<!DOCTYPE html><html><head><title>Sign in to the guest network</title></head><body>Welcome</body></html>"


class Hung(Exception):
    """The proxy was closed while it held a connection."""


@dataclass
class Exchange:
    """One request of the program, on its connection."""

    proxy: Any
    connection: Any
    request: Any
    dice: random.Random

    def send(self, data: bytes) -> None:
        self.connection.client.sendall(data)

    def end(self) -> bool:
        """The connection ends cleanly after what was sent."""
        self.connection.client.shutdown(socket.SHUT_RDWR)
        return False

    def reset(self) -> bool:
        """The connection ends by RST."""
        client = self.connection.client
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        return False

    def hold(self, seconds: float) -> None:
        if self.proxy.over.wait(seconds):
            raise Hung


Answered = Callable[[Exchange, Any], bool]
Asked = Callable[[Exchange], bool]
ANSWERS: dict[str, Answered] = {}
REQUESTS: dict[str, Asked] = {}
_groups: dict[str, list[str]] = {"harmless": [], "broken": [], "damaged": []}


def answer(group: str) -> Callable[[Answered], Answered]:
    def add(do: Answered) -> Answered:
        ANSWERS[do.__name__] = do
        _groups[group].append(do.__name__)
        return do

    return add


def asking(group: str) -> Callable[[Asked], Asked]:
    def add(do: Asked) -> Asked:
        REQUESTS[do.__name__] = do
        _groups[group].append(do.__name__)
        return do

    return add


def lines(head: bytes) -> list[bytes]:
    """The start line and the header lines."""
    return head[:-4].split(b"\r\n")


def joined(parts: list[bytes], end: bytes = b"\r\n") -> bytes:
    return end.join([*parts, b"", b""])


def without(head: bytes, *names: bytes) -> list[bytes]:
    return [part for part in lines(head) if part.split(b":")[0].strip().lower() not in names]


def chunked(body: bytes, dice: random.Random, *, whole: bool = True) -> bytes:
    """The body in chunks of odd sizes."""
    out, at = b"", 0
    while at < len(body):
        size = min(len(body) - at, dice.choice((1, 2, 3, 7, 64, 1000, 4097)))
        if len(out) > 20_000:
            size = len(body) - at
        extension = dice.choice((b"", b"", b";name=value"))
        out += f"{size:X}".encode() + extension + b"\r\n" + body[at : at + size] + b"\r\n"
        at += size
    return out + (b"0\r\nX-Trailer: yes\r\n\r\n" if whole else b"")


# ---------------------------------------------------------------- lawful, and a client must cope


@answer("harmless")
def informed(x, a):
    """Interim answers come first."""
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
    x.send(x.dice.choice((b"HTTP/1.1 100 Continue\r\n\r\n", early, b"HTTP/1.1 102 Processing\r\n\r\n" + early)))
    x.send(a.raw)
    return True


@answer("harmless")
def in_chunks(x, a):
    x.send(joined([*without(a.head, b"content-length"), b"Transfer-Encoding: chunked"]) + chunked(a.body, x.dice))
    return True


@answer("harmless")
def compressed(x, a):
    if b"gzip" not in x.request.head.lower() or b"content-encoding" in a.head.lower() or not a.body:
        x.send(a.raw)
        return True
    body = gzip.compress(a.body)
    x.send(
        joined([*without(a.head, b"content-length"), b"Content-Encoding: gzip", b"Content-Length: %d" % len(body)])
        + body
    )
    return True


@answer("harmless")
def until_close(x, a):
    """No length: the body ends where the connection does."""
    x.send(joined([*without(a.head, b"content-length", b"connection"), b"Connection: close"]) + a.body)
    return x.end()


@answer("harmless")
def odd_case(x, a):
    first, *rest = lines(a.head)
    turned = [name.swapcase() + b":" + value for name, _, value in (part.partition(b":") for part in rest)]
    x.send(joined([first, *turned, b"x-Empty:"]) + a.body)
    return True


@answer("harmless")
def more_headers(x, a):
    extra = [b"X-Box-%d: %s" % (n, b"v" * x.dice.choice((0, 10, 900))) for n in range(40)]
    x.send(joined([*lines(a.head), *extra, b"X-Long: " + b"l" * 30_000]) + a.body)
    return True


@answer("harmless")
def bare_newlines(x, a):
    x.send(joined(lines(a.head), b"\n") + a.body)
    return True


@answer("harmless")
def dripped(x, a):
    raw, step = a.raw, max(1, len(a.raw) // 12)
    for start in range(0, len(raw), step):
        x.send(raw[start : start + step])
        time.sleep(0.003)
    return True


@answer("harmless")
def split_anywhere(x, a):
    place = x.dice.randrange(1, len(a.raw))
    x.send(a.raw[:place])
    time.sleep(0.02)
    x.send(a.raw[place:])
    return True


@answer("harmless")
def old_version(x, a):
    """HTTP/1.0: the connection ends with the answer."""
    x.send(a.raw.replace(b"HTTP/1.1", b"HTTP/1.0", 1))
    return x.end()


@answer("harmless")
def closed_in_silence(x, a):
    """A whole answer, then the idle connection is closed without a word."""
    x.send(a.raw)
    time.sleep(x.dice.choice((0, 0, 0.01)))
    return x.end() if x.dice.random() < 0.5 else x.reset()


@answer("harmless")
def half_closed(x, a):
    x.send(a.raw)
    x.connection.client.shutdown(socket.SHUT_WR)
    x.connection.asked.read(1)
    return False


@asking("harmless")
def late(x):
    time.sleep(x.dice.choice((0.01, 0.05, 0.15)))
    return _forward(x)


# ---------------------------------------------------------------- lost, cut, late, repeated, exchanged


@asking("broken")
def reset_at_once(x):
    return x.reset()


@asking("broken")
def closed_at_once(x):
    return x.end()


@asking("broken")
def request_cut(x):
    """The server gets a part of the request; the program nothing, or what the server makes of it."""
    raw = x.request.raw
    x.connection.server.sendall(raw[: x.dice.randrange(1, len(raw))])
    x.connection.server.shutdown(socket.SHUT_WR)
    if x.dice.random() < 0.5:
        x.send(x.connection.told.read())
        return x.end()
    return x.reset()


@asking("broken")
def request_twice(x):
    """The server gets it twice, one after the other; the program gets the second answer."""
    with x.proxy.upstream() as again:
        again.sendall(x.request.raw)
        _read(again.makefile("rb"))
    return _forward(x)


@asking("broken")
def request_late(x):
    """The connection is lost, and the request arrives after all, later than whatever the program does next."""
    raw, proxy, wait = x.request.raw, x.proxy, x.dice.choice((0.02, 0.1, 0.3))

    def deliver() -> None:
        time.sleep(wait)
        with proxy.upstream() as server:
            server.sendall(raw)
            _read(server.makefile("rb"))

    threading.Thread(target=deliver, daemon=True).start()
    return x.reset()


@asking("broken")
def gateway(x):
    """A box on the way answers for the server; the request may have reached it."""
    if x.dice.random() < 0.5:
        x.connection.server.sendall(x.request.raw)
        _read(x.connection.told)
    status = x.dice.choice(
        (
            b"502 Bad Gateway",
            b"503 Service Unavailable",
            b"504 Gateway Timeout",
            b"400 Bad Request",
            b"408 Request Timeout",
            b"500 Internal Server Error",
            b"413 Too Large",
            b"404 Not Found",
        )
    )
    html = b"<html><body><h1>%s</h1></body></html>" % status
    x.send(b"HTTP/1.1 %s\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (status, len(html), html))
    return True


@asking("broken")
def captive(x):
    """A box on the way wants people to sign in first."""
    if x.dice.random() < 0.5:
        head = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/login\r\nContent-Length: 0\r\n\r\n"
        x.send(head)
    else:
        kind = x.dice.choice((b"text/html", b"text/html; charset=utf-8", b"application/json"))
        x.send(b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (kind, len(LOGIN), LOGIN))
    return True


@asking("broken")
def silence(x):
    x.connection.server.sendall(x.request.raw)
    _read(x.connection.told)
    x.hold(LONG)
    return False


@answer("broken")
def cut(x, a):
    x.send(a.raw[: x.dice.randrange(0, len(a.raw))])
    return x.end() if x.dice.random() < 0.5 else x.reset()


@answer("broken")
def cut_at_line(x, a):
    ends = [m.end() for m in re.finditer(rb"\n|[},]", a.body)] or [0]
    x.send(
        joined([*without(a.head, b"content-length"), b"Connection: close"]) + a.body[: x.dice.choice(ends[:-1] or [0])]
    )
    return x.end()


@answer("broken")
def cut_unsized(x, a):
    x.send(
        joined([*without(a.head, b"content-length"), b"Connection: close"])
        + a.body[: x.dice.randrange(0, len(a.body) or 1)]
    )
    return x.end()


@answer("broken")
def cut_chunks(x, a):
    body = chunked(a.body, x.dice, whole=False)
    x.send(
        joined([*without(a.head, b"content-length"), b"Transfer-Encoding: chunked"])
        + body[: x.dice.randrange(0, len(body) + 1)]
    )
    return x.end()


@answer("broken")
def cut_and_sized(x, a):
    """The body is cut, and its length says that it is whole."""
    body = a.body[: x.dice.randrange(0, len(a.body) or 1)]
    x.send(joined([*without(a.head, b"content-length"), b"Content-Length: %d" % len(body)]) + body)
    return True


@answer("broken")
def cut_gzip(x, a):
    body = gzip.compress(a.body) if b"content-encoding" not in a.head.lower() else a.body
    body = body[: x.dice.randrange(0, len(body))]
    sized = b"Content-Length: %d" % len(body) if x.dice.random() < 0.5 else b"Connection: close"
    x.send(joined([*without(a.head, b"content-length", b"content-encoding"), b"Content-Encoding: gzip", sized]) + body)
    return x.end()


@answer("broken")
def length_short(x, a):
    """A length that is too small; the rest of the body follows all the same."""
    x.send(joined([*without(a.head, b"content-length"), b"Content-Length: %d" % (len(a.body) // 2)]) + a.body)
    return True


@answer("broken")
def length_long(x, a):
    x.send(joined([*without(a.head, b"content-length"), b"Content-Length: %d" % (len(a.body) + 7)]) + a.body)
    if x.dice.random() < 0.5:
        x.hold(LONG)
    return x.end()


@answer("broken")
def two_lengths(x, a):
    x.send(joined([*lines(a.head), b"Content-Length: %d" % (len(a.body) // 3)]) + a.body)
    return True


@answer("broken")
def stalled(x, a):
    x.send(a.raw[: x.dice.randrange(0, len(a.raw))])
    x.hold(LONG)
    return False


@answer("broken")
def dripped_for_ever(x, a):
    raw = a.raw
    for place in range(len(raw)):
        x.send(raw[place : place + 1])
        x.hold(0.05)
        if place * 0.05 > LONG:
            break
    return False


@answer("broken")
def answered_twice(x, a):
    x.send(a.raw + a.raw)
    return True


@answer("damaged")
def answered_again_later(x, a):
    """The same answer once more, just when the next request has been sent."""
    x.send(a.raw)
    x.connection.late = a.raw
    return True


@answer("damaged")
def swapped(x, a):
    x.send(x.proxy.swaps.trade(a).raw)
    return True


@answer("broken")
def garbage_before(x, a):
    x.send(x.dice.choice((b"\x00\xff\x17\x03\x03", b"<html>", b"\r\n\r\n", b"HTTP", b"0\r\n\r\n")) + a.raw)
    return True


@answer("broken")
def garbage_after(x, a):
    x.send(a.raw + x.dice.choice((b"\r\n", b"\x00\x01", b"}", LOGIN)))
    return True


@answer("broken")
def headless(x, a):
    x.send(a.body)
    return x.end()


@answer("broken")
def head_broken(x, a):
    """A line in the header that is none."""
    first, *rest = lines(a.head)
    rest.insert(
        x.dice.randrange(0, len(rest) + 1), x.dice.choice((b"no colon here", b" folded: on", b"\x00", b": nameless"))
    )
    x.send(joined([first, *rest]) + a.body)
    return True


@answer("broken")
def headers_huge(x, a):
    x.send(joined([*lines(a.head), *(b"X-%d: y" % n for n in range(300)), b"X: " + b"z" * 80_000]) + a.body)
    return True


@answer("broken")
def untyped(x, a):
    dropped = x.dice.choice(((b"content-type",), (b"date",), (b"content-type", b"date")))
    x.send(joined(without(a.head, *dropped)) + a.body)
    return True


@answer("broken")
def mistyped(x, a):
    kind = x.dice.choice((b"text/html", b"application/octet-stream", b"application/json; charset=utf-16"))
    x.send(joined([*without(a.head, b"content-type"), b"Content-Type: " + kind]) + a.body)
    return True


@answer("broken")
def emptied(x, a):
    body = x.dice.choice((b"", b"{}", b"[]", b"null", b" ", b'"ok"'))
    x.send(joined([*without(a.head, b"content-length"), b"Content-Length: %d" % len(body)]) + body)
    return True


@answer("broken")
def other_status(x, a):
    status = x.dice.choice(
        (b"204 No Content", b"206 Partial Content", b"203 Changed", b"304 Not Modified", b"205 Reset")
    )
    x.send(joined([b"HTTP/1.1 " + status, *lines(a.head)[1:]]) + a.body)
    return True


@answer("broken")
def marked(x, a):
    """A byte order mark, or NaN, or a key twice."""
    body = x.dice.choice(
        (
            b"\xef\xbb\xbf" + a.body,
            a.body.replace(b"null", b"NaN"),
            re.sub(rb'("[A-Za-z]+":)', rb"\g<1>0,\g<1>", a.body, count=1),
        )
    )
    x.send(joined([*without(a.head, b"content-length"), b"Content-Length: %d" % len(body)]) + body)
    return True


# ---------------------------------------------------------------- changed


@answer("damaged")
def head_bit(x, a):
    raw = bytearray(a.raw)
    raw[x.dice.randrange(0, len(a.head))] ^= 1 << x.dice.randrange(0, 7)
    x.send(bytes(raw))
    return x.end()


@answer("damaged")
def body_bit(x, a):
    raw = bytearray(a.raw)
    raw[x.dice.randrange(len(a.head) if a.body else 0, len(raw))] ^= 1 << x.dice.randrange(0, 8)
    x.send(bytes(raw))
    return True


@answer("damaged")
def piece_twice(x, a):
    place = x.dice.randrange(0, len(a.raw))
    x.send(a.raw[:place] + a.raw[max(0, place - x.dice.choice((1, 8, 400, 1448))) :])
    return x.end()


@answer("damaged")
def piece_lost(x, a):
    place = x.dice.randrange(0, len(a.raw))
    x.send(a.raw[:place] + a.raw[place + x.dice.choice((1, 8, 400, 1448)) :])
    return x.end()


@answer("damaged")
def pieces_out_of_order(x, a):
    raw, size = a.raw, x.dice.choice((8, 100, 1448))
    at = x.dice.randrange(0, len(raw))
    x.send(raw[:at] + raw[at + size : at + 2 * size] + raw[at : at + size] + raw[at + 2 * size :])
    return True


@answer("damaged")
def reshaped(x, a):
    """Some value of the answer is gone, doubled, or of another type; the rest is as it was."""
    try:
        body = json.loads(gzip.decompress(a.body) if b"content-encoding: gzip" in a.head.lower() else a.body)
    except ValueError:
        x.send(a.raw)
        return True
    places = list(_places(body))
    for _ in range(x.dice.choice((1, 1, 3)) if places else 0):
        holder, key = x.dice.choice(places)
        if key not in (holder if isinstance(holder, dict) else range(len(holder))):
            continue
        if x.dice.random() < 0.3:
            del holder[key]
        else:
            holder[key] = x.dice.choice((None, True, -1, 1e300, "", "x", [], {}, [holder[key]], {"id": holder[key]}))
    raw = json.dumps(body).encode()
    head = [*without(a.head, b"content-length", b"content-encoding"), b"Content-Length: %d" % len(raw)]
    x.send(joined(head) + raw)
    return True


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON value that holds another: (list or object, index or key)."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield value, key
        yield from _places(inner)


def _forward(x: Exchange) -> bool:
    x.connection.server.sendall(x.request.raw)
    told = _read(x.connection.told)
    x.send(told)
    return bool(told)


def _read(stream: Any) -> bytes:
    found = message(stream)
    return found.raw if found else b""


HARMLESS, BROKEN, DAMAGED = (tuple(_groups[name]) for name in ("harmless", "broken", "damaged"))
