"""A receiver in a process of its own: what the tests kill between a delivery and its answer."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from connectors.hubspot.config import HubSpotMapping
from connectors.hubspot.webhooks.reader import HubSpotWebhooks
from connectors.secrets import Secret
from sync.daemon.http_server import Listener
from sync.daemon.webhook_receiver import BODY, Receiver, StateFile
from sync.options import Workspace

URL, CLIENT_SECRET = "https://hooks.example.com/hubspot", "0b07a115-client-secret"


def hooks() -> HubSpotWebhooks:
    """HubSpot's deliveries, as the shipped mapping understands them."""
    os.environ["BOTHWAYS_CLIENT_SECRET"] = CLIENT_SECRET
    shipped = Path(__file__).parents[2] / "config" / "mappings" / "hubspot.toml"
    mapping = HubSpotMapping.model_validate(tomllib.loads(shipped.read_text("utf-8")))
    return HubSpotWebhooks(Secret(env="BOTHWAYS_CLIENT_SECRET"), URL, mapping)


def receiver(
    workspace: Path, *, clock: Callable[[], datetime] | None = None, **more: object
) -> tuple[Receiver, StateFile]:
    """A receiver for a workspace, and the state that it keeps open."""
    state = StateFile(Workspace(workspace))
    return Receiver(hooks(), state, "hubspot", clock=clock or (lambda: datetime.now(UTC)), **more), state  # type: ignore[arg-type]


def main(workspace: Path, kill: str, told: Connection) -> None:
    """Serves until killed; tells its port."""
    os.environ["BOTHWAYS_FAILPOINT"] = kill
    made, _ = receiver(workspace)
    with Listener(made, "127.0.0.1", 0, body=BODY, name="webhooks") as door:
        told.send(door.port)
        told.recv()
