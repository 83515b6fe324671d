"""A proxy that speaks plain HTTP between the program and an emulator and does to the bytes what networks do.

It knows nothing of CRMs. A fault is drawn (seeded) for a share of the answers: cut at a byte, reset, stalled, dripped,
or a piece of it sent twice. What leaves the program is passed on whole; `reset_before` drops it instead.
"""

from __future__ import annotations

import contextlib
import random
import re
import socket
import struct
import threading
import time
from collections import Counter

KINDS = ("cut", "cut_head", "cut_unsized", "reset", "reset_before", "twice", "stall", "drip")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


class FaultProxy:
    """Listens on loopback and forwards to `port`. Use as a context manager; `faults` counts what was done."""

    def __init__(self, port: int, *, rate: float = 0.2, seed: int = 0, kinds: tuple[str, ...] = KINDS) -> None:
        self._port, self._rate, self._kinds = port, rate, kinds
        self._random, self._lock = random.Random(seed), threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.faults: Counter[str] = Counter()
        self.requests = 0

    def __enter__(self) -> FaultProxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._listener.close()

    def quiet(self) -> None:
        """No faults from now on."""
        self._rate = 0.0

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with (
            client,
            contextlib.suppress(OSError, ValueError),
            socket.create_connection(("127.0.0.1", self._port)) as server,
        ):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            asked, told = client.makefile("rb"), server.makefile("rb")
            while request := _message(asked):
                kind = self._draw()
                if kind == "reset_before":
                    _reset(client)
                    return
                server.sendall(request)
                answer = _message(told)
                if not self._send(client, answer, kind):
                    return

    def _draw(self) -> str:
        with self._lock:
            self.requests += 1
            kind = self._random.choice(self._kinds) if self._random.random() < self._rate else ""
            if kind:
                self.faults[kind] += 1
            return kind

    def _send(self, client: socket.socket, answer: bytes, kind: str) -> bool:
        """Whether the connection goes on."""
        head = answer.index(b"\r\n\r\n") + 4
        with self._lock:
            place = self._random.randrange(head, max(len(answer), head + 1))
            early = self._random.randrange(0, head)
        if kind == "reset":
            _reset(client)
        elif kind == "cut":
            client.sendall(answer[:place])
        elif kind == "cut_head":
            client.sendall(answer[:early])
        elif kind == "cut_unsized":  # no length, the end of the connection is the end of the body
            client.sendall(_LENGTH.sub(b"\r\nConnection: close\r\n", answer[:head]) + answer[head:place])
        elif kind == "twice":
            piece = answer[max(head, place - 400) : place]
            client.sendall(answer[:place] + piece + answer[place:])
        elif kind == "stall":
            client.sendall(answer[:early])
            time.sleep(0.3)
            client.sendall(answer[early:])
            return True
        elif kind == "drip":
            for start in range(0, len(answer), max(1, len(answer) // 8)):
                client.sendall(answer[start : start + max(1, len(answer) // 8)])
                time.sleep(0.01)
            return True
        else:
            client.sendall(answer)
            return True
        return False


def _message(stream: object) -> bytes:
    """One whole HTTP message with a length (or none): the emulators send nothing else. Empty at the end."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline(65537)  # type: ignore[attr-defined]
        if not line:
            return b""
        head += line
    length = _LENGTH.search(head)
    return head + (stream.read(int(length[1])) if length else b"")  # type: ignore[attr-defined]


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
