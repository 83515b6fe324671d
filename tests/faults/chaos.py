"""A proxy that knows HTTP and nothing else, and does to every exchange what a bad network, or a bad box on it, can do.

Each exchange (one request and its answer) draws a behaviour from its own seed. `HARMLESS` ones are odd but lawful: a
client must understand them. `BROKEN` ones lose, cut, delay or repeat bytes. `DAMAGED` ones change bytes or exchange
answers, which plain HTTP cannot always show. What the behaviours do is in `mischief.py`.
"""

from __future__ import annotations

import contextlib
import random
import socket
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from messages import Message, message
from mischief import ANSWERS, BROKEN, HARMLESS, REQUESTS, Exchange, Hung


@dataclass
class Connection:
    """One connection from the program, and its own one to the server."""

    client: socket.socket
    server: socket.socket
    asked: Any
    told: Any
    late: bytes = b""
    """Bytes that reach the client only once it has sent its next request."""


class ChaosProxy:
    """Listens on loopback and forwards to `port`. A context manager; `done` counts what was done."""

    def __init__(self, port: int, *, rate: float = 0.2, seed: int = 0, kinds: tuple[str, ...] = HARMLESS + BROKEN):
        self._port, self._rate, self._seed, self._kinds = port, rate, seed, kinds
        self._lock, self._number = threading.Lock(), 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.faults: Counter[str] = Counter()
        self.over = threading.Event()
        self.swaps = Swaps()

    def __enter__(self) -> ChaosProxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.over.set()
        self._listener.close()

    def quiet(self) -> None:
        """No faults from now on."""
        self._rate = 0.0

    def upstream(self) -> socket.socket:
        """A new connection to the server."""
        made = socket.create_connection(("127.0.0.1", self._port))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def _draw(self) -> tuple[str, random.Random]:
        with self._lock:
            self._number += 1
            dice = random.Random(f"{self._seed}/{self._number}")
            kind = dice.choice(self._kinds) if dice.random() < self._rate else ""
            if kind:
                self.faults[kind] += 1
            return kind, dice

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError, Hung), self.upstream() as server:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(client, server, client.makefile("rb"), server.makefile("rb"))
            while (request := message(connection.asked)) and self._exchange(connection, request):
                pass

    def _exchange(self, connection: Connection, request: Message) -> bool:
        """One request and what becomes of it; whether the connection goes on."""
        kind, dice = self._draw()
        if connection.late:
            connection.client.sendall(connection.late)
            connection.late = b""
        exchange = Exchange(self, connection, request, dice)
        if kind in REQUESTS:
            return REQUESTS[kind](exchange)
        connection.server.sendall(request.raw)
        answer = message(connection.told)
        if answer is None:
            return False
        if not kind:
            connection.client.sendall(answer.raw)
            return True
        return ANSWERS[kind](exchange, answer)


@dataclass
class Swaps:
    """Two exchanges under way at the same time that get each other's answer."""

    _lock: threading.Condition = field(default_factory=threading.Condition)
    _waiting: list[list[Message]] = field(default_factory=list)

    def trade(self, mine: Message, patience: float = 0.05) -> Message:
        """The other's answer, or one's own when nobody comes."""
        with self._lock:
            if self._waiting:
                other = self._waiting.pop()
                theirs = other[0]
                other[0] = mine
                self._lock.notify_all()
                return theirs
            place = [mine]
            self._waiting.append(place)
            self._lock.wait_for(lambda: place[0] is not mine, patience)
            with contextlib.suppress(ValueError):
                self._waiting.remove(place)
            return place[0]
