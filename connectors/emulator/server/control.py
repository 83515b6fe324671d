"""Controls of an emulator beside those that every emulator has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from connectors.emulator.server.http import Request, Response


@runtime_checkable
class Controlled(Protocol):
    """An application with controls of its own under `/__emulator__/`."""

    def control(self, request: Request, path: tuple[str, ...]) -> Response | None:
        """Answers what is at the path below `/__emulator__/`; None: nothing is."""
        ...
