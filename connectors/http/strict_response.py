"""Whole HTTP answers only: a header that ends with its empty line, a body that is as long as declared and unpacks to
its end.

http.client takes a header that was cut for a whole one, passes over lines that are none, and hands an interim answer
(103) out as the final one, so that every later answer on that connection would be taken for the one before.
"""

from __future__ import annotations

import http.client
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import urllib3

CHUNK = 1 << 16
LARGEST = 1 << 30
"""Bytes of one body; no page or result file that we ask for comes near it."""
_INTERIM = 20
"""So many interim answers are passed over."""
_BLANK = (b"\r\n", b"\n")


class Broken(http.client.HTTPException):
    """The header of an answer is not whole, or says two things at once."""


class _Lines:
    """A stream that remembers its last line."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.last = b""

    def readline(self, limit: int = -1) -> bytes:
        self.last = self._stream.readline(limit)
        return self.last

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class StrictResponse(http.client.HTTPResponse):
    """An answer whose header is checked as it is read. Raises HTTPException, as http.client does."""

    def begin(self) -> None:
        if getattr(self, "headers", None) is not None:  # None until they have been read
            return
        stream: Any = self.fp
        lines: Any = _Lines(stream)
        self.fp = lines
        try:
            super().begin()
        finally:
            if self.fp is lines:
                self.fp = stream
        if lines.last not in _BLANK:
            raise Broken("the header was cut")
        if self.headers.defects:
            raise Broken("a line of the header is none")
        lengths = _lengths(self.headers.get_all("Content-Length") or ())
        if len(lengths) > 1 or not all(each.isascii() and each.isdecimal() for each in lengths):
            raise Broken("no single length is declared")

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_INTERIM):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status >= 200 or status in (100, 101):  # 100 is passed over by http.client itself
                return version, status, reason
            while self.fp.readline(65537) not in (*_BLANK, b""):
                pass
        raise Broken("interim answers without end")


def whole_body(response: urllib3.BaseHTTPResponse, late: Callable[[], bool] = lambda: False) -> bytes:
    """The unpacked body of an answer that was asked for as a stream; its connection then goes back to the pool.

    Raises urllib3's HTTPError or `Broken` when it is not whole, or when `late` says that its time is up. Only gzip is
    unpacked, since nothing else is ever asked for.
    """
    try:
        body = _drained(response, late)
        unpacked = _unpacked(response.headers.get("Content-Encoding", ""), body)
    except BaseException:
        response.close()
        raise
    response.release_conn()
    return unpacked


def _drained(response: urllib3.BaseHTTPResponse, late: Callable[[], bool]) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := response.read1(CHUNK, decode_content=False):
        chunks.append(chunk)
        size += len(chunk)
        if late():
            raise Broken("not complete in time")
        if size > LARGEST:
            raise Broken("larger than anything that was asked for")
    sized = "chunked" not in response.headers.get("Transfer-Encoding", "").lower()
    declared = _lengths([response.headers.get("Content-Length", "")]) if sized else set()
    if any(int(length) != size for length in declared):
        raise Broken(f"{size} of {declared} bytes")
    return b"".join(chunks)


def _lengths(headers: Iterable[str]) -> set[str]:
    """The lengths declared, each once; a box on the way may say the same one again."""
    return {part.strip() for header in headers for part in header.split(",") if part.strip()}


def _unpacked(encoding: str, body: bytes) -> bytes:
    if not body or encoding.lower() in ("", "identity"):
        return body
    if encoding.lower() not in ("gzip", "x-gzip"):
        raise Broken(f"packed as {encoding}")
    unpack = zlib.decompressobj(wbits=31)
    try:
        plain = unpack.decompress(body, LARGEST)
    except zlib.error:
        raise Broken("the packed body is damaged") from None
    if not unpack.eof:
        raise Broken("the packed body was cut")
    if unpack.unused_data:
        raise Broken("more follows the packed body")
    return plain
