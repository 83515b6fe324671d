"""Requests from, and responses as, bytes: a response is one packet, so that no delayed acknowledgement slows it."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from email.utils import formatdate
from http import HTTPStatus
from io import BufferedIOBase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.emulator.server.http import Request, Response

_MAX_BODY = 256 * 1024 * 1024
_REASONS = {int(s): s.phrase for s in HTTPStatus}


def wire(response: Response, request: Request, *, close: bool) -> bytes:
    """What is sent. The body is compressed where both sides allow it, and left out where HTTP says so."""
    body = response.body
    head = [
        f"HTTP/1.1 {response.status} {_REASONS.get(response.status, 'Unknown')}",
        f"Date: {formatdate(usegmt=True)}",
    ]
    if response.content_type:
        head.append(f"Content-Type: {response.content_type}")
    if response.compress and len(body) > 1024 and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, compresslevel=1, mtime=0)
        head.append("Content-Encoding: gzip")
    head += [f"{name}: {value}" for name, value in response.headers.items()]
    if response.status not in (204, 304):
        head.append(f"Content-Length: {len(body)}")
    else:
        body = b""
    if close:
        head.append("Connection: close")
    payload = b"" if request.method == "HEAD" else body
    return ("\r\n".join(head) + "\r\n\r\n").encode("latin-1") + payload


def line_of(stream: BufferedIOBase) -> bytes:
    """The next line of a request. Raises ConnectionError at its end: a request that was cut never was one."""
    line = stream.readline(65537)
    if not line.endswith(b"\n"):
        raise ConnectionError("the request was cut")
    return line


def exactly(stream: BufferedIOBase, size: int) -> bytes:
    """So many bytes of a request. Raises ConnectionError when there are fewer."""
    data = stream.read(size) if size else b""
    if len(data) != size:
        raise ConnectionError("the request was cut")
    return data


def body_of(stream: BufferedIOBase, headers: Mapping[str, str]) -> bytes:
    """The body of a request, sized or in chunks. Raises ValueError for one that is too large or broken."""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        chunks = []
        while length := int(line_of(stream).split(b";")[0], 16):
            chunks.append(exactly(stream, length))
            line_of(stream)
        while line_of(stream) not in (b"\r\n", b"\n"):
            pass
        return b"".join(chunks)
    length = int(headers.get("content-length") or 0)
    if length > _MAX_BODY:
        raise ValueError("body too large")
    return exactly(stream, length)
