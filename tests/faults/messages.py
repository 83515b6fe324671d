"""Whole HTTP messages from a stream of bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class Message:
    """Start line and header, and body."""

    head: bytes
    body: bytes

    @property
    def raw(self) -> bytes:
        return self.head + self.body


def message(stream: Any) -> Message | None:
    """The next whole message; None at the end of the stream. Program and emulators send a length or no body."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline(1 << 20)
        if not line:
            return None
        head += line
    sizes = [part for part in head.lower().split(b"\r\n") if part.startswith(b"content-length:")]
    length = int(sizes[0].split(b":")[1]) if sizes else 0
    body = stream.read(length) if length else b""
    return Message(head, body) if len(body) == length else None
