"""Exports of a portal: what was asked for, how far each is, and the file it came to."""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.emulator.hubspot.schema.objects import ObjectType
from connectors.emulator.hubspot.wire import Json


@dataclass(slots=True)
class Export:
    """One export; `polls` more looks at it see it at work."""

    id: str
    asked: int
    kind: ObjectType
    body: Json
    properties: list[str]
    rows: list[int]
    polls: int
    state: str = "PENDING"
    changed: int = 0
    file: bytes = b""
    zipped: bool = False
    links: dict[str, int] = field(default_factory=dict)
    """Key of an address -> until when it holds."""


@dataclass(slots=True)
class Exports:
    """All exports of a portal."""

    all: dict[str, Export] = field(default_factory=dict)
