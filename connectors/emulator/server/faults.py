"""Injectable faults: rules that match requests, and what happens to the answer on the wire.

A rule is a JSON object, or a list of them:

    {"match": {"method": "POST", "path": "batch/update", "body": "..."},   regular expressions, all optional
     "times": 1,            how often it fires (default 1; null: always)
     "after": 0,            matching requests let through first
     "rate": 0.2, "seed": 1 instead of every one: a seeded share of the matching requests
     "kind": "status",      status | reset | reset_after | cut | stall | drip | close | html
     "status": 503, "body": "...", "content_type": "...", "headers": {...},   of kind status
     "bytes": 100,          of cut: bytes of the answer that are sent; of drip: bytes at a time
     "seconds": 5}          of stall and drip: how long

`reset` drops the connection before the request takes effect, `reset_after` when it has; `cut` and `drip` take effect.
"""

from __future__ import annotations

import random
import re
import socket
import struct
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connectors.emulator.server.http import Response

KINDS = ("status", "reset", "reset_after", "cut", "stall", "drip", "close", "html")
_KEYS = {
    "match",
    "times",
    "after",
    "rate",
    "seed",
    "kind",
    "status",
    "body",
    "content_type",
    "headers",
    "bytes",
    "seconds",
}
_LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Login</title></head><body>Please log in</body></html>"


@dataclass(slots=True)
class Fault:
    """One rule and how often it has fired."""

    rule: dict[str, Any]
    fired: int = 0
    seen: int = 0
    patterns: dict[str, re.Pattern[str]] = field(default_factory=dict)
    chance: random.Random | None = None

    @property
    def kind(self) -> str:
        return str(self.rule["kind"])

    @property
    def takes_effect(self) -> bool:
        """Whether the application sees the request at all."""
        return self.kind in ("reset_after", "cut", "drip", "stall", "close")

    def matches(self, method: str, target: str, body: bytes) -> bool:
        texts = {"method": method, "path": target, "body": ""}
        if "body" in self.patterns:
            texts["body"] = body.decode("utf-8", "replace")
        if not all(pattern.search(texts[name]) for name, pattern in self.patterns.items()):
            return False
        self.seen += 1
        times = self.rule.get("times", 1)
        if self.seen <= int(self.rule.get("after", 0)) or (times is not None and self.fired >= times):
            return False
        if self.chance is not None and self.chance.random() >= float(self.rule["rate"]):
            return False
        self.fired += 1
        return True

    def response(self) -> Response | None:
        """The answer of a fault that hides the request from the application."""
        from connectors.emulator.server.http import Response

        if self.kind == "html":
            return Response(int(self.rule.get("status", 200)), _LOGIN_PAGE.encode(), "text/html; charset=UTF-8")
        if self.kind != "status":
            return None
        content_type = self.rule.get("content_type", "application/json;charset=utf-8")
        return Response(
            int(self.rule.get("status", 500)),
            str(self.rule.get("body", "")).encode(),
            content_type,
            dict(self.rule.get("headers", {})),
        )

    def send(self, connection: socket.socket, wire: bytes) -> bool:
        """Sends what the fault leaves of the answer; True when the connection must end there."""
        if self.kind in ("reset", "reset_after"):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            return True
        if self.kind == "close":
            return True
        if self.kind == "cut":
            connection.sendall(wire[: int(self.rule.get("bytes", max(0, len(wire) - 10)))])
            return True
        if self.kind == "stall":
            time.sleep(float(self.rule.get("seconds", 5)))
            return False
        if self.kind == "drip":
            step, pause = int(self.rule.get("bytes", 1)), float(self.rule.get("seconds", 0.1))
            for start in range(0, len(wire), step):
                connection.sendall(wire[start : start + step])
                time.sleep(pause)
            return True
        return False


class FaultBook:
    """All rules of one server. Thread-safe."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._fired: Counter[str] = Counter()

    def add(self, rules: Any) -> None:
        """Adds one rule or a list of them. Raises ValueError naming what is wrong; then none is added."""
        self_rules = rules if isinstance(rules, list) else [rules]
        parsed = [_parse(rule) for rule in self_rules]
        with self._lock:
            self._faults += parsed

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def rules(self) -> list[dict[str, Any]]:
        with self._lock:
            return [{**fault.rule, "fired": fault.fired} for fault in self._faults]

    def fired(self) -> dict[str, int]:
        """How often each kind of fault has fired."""
        with self._lock:
            return dict(self._fired)

    def next_for(self, method: str, target: str, body: bytes) -> Fault | None:
        """The first rule that fires for this request."""
        with self._lock:
            for fault in self._faults:
                if fault.matches(method, target, body):
                    self._fired[fault.kind] += 1
                    return fault
        return None


def _parse(rule: Any) -> Fault:
    if not isinstance(rule, dict):
        raise ValueError("a rule is a JSON object")
    if unknown := set(rule) - _KEYS:
        raise ValueError(f"unknown keys {sorted(unknown)}; known: {sorted(_KEYS)}")
    if rule.get("kind") not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    match = rule.get("match", {})
    if unknown := set(match) - {"method", "path", "body"}:
        raise ValueError(f"unknown match keys {sorted(unknown)}")
    try:
        patterns = {name: re.compile(text) for name, text in match.items()}
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    chance = random.Random(rule.get("seed", 0)) if "rate" in rule else None
    if chance is not None:
        rule = {"times": None, **rule}
    return Fault(rule, patterns=patterns, chance=chance)
