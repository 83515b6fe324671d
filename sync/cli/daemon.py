"""Processes that stay: `daemon` runs syncs when they are due, `mcp` answers an assistant."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from sync.console.output import ConfigOption, Output, QuietOption


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    app.command()(daemon)
    app.command()(mcp)


def daemon(
    config: ConfigOption = "bothways.toml",
    every: Annotated[
        str | None, typer.Option("--every", metavar="TIME", help="Like 6h; default as in the settings.")
    ] = None,
    webhooks: Annotated[
        bool, typer.Option("--webhooks", help="Receive HubSpot's webhooks: they mark records for the next sync.")
    ] = False,
    health: Annotated[
        str | None, typer.Option("--health", metavar="HOST:PORT", help="Serve /healthz, /readyz, /metrics (loopback).")
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Run syncs when they are due, until a signal. What goes wrong with one does not end it; see /healthz."""
    from config import settings as config_settings
    from config.daemon import DaemonSettings
    from connectors.errors import ConfigError
    from sync.daemon.service import Asked, serve
    from sync.system.times import duration_argument

    settings = config_settings.load(Path(config))
    interval = duration_argument(every) if every else settings.daemon.every
    if interval < timedelta(minutes=1):
        raise ConfigError(f"{every} is too often.", remedy="Give at least 1m.")
    try:
        pages = DaemonSettings(health=health).health if health else settings.daemon.health
    except ValueError:
        raise ConfigError(f"{health!r} is no loopback address.", remedy="Write it like 127.0.0.1:9464.") from None
    raise typer.Exit(serve(Asked(Path(config), settings, interval, pages, webhooks), Output(quiet=quiet)))


def mcp(
    config: ConfigOption = "bothways.toml",
    names: Annotated[
        bool,
        typer.Option(
            "--names/--no-names", help="Give customer names and reasons to the assistant, or ids and figures only."
        ),
    ] = True,
) -> None:
    """Answer an assistant's questions over the Model Context Protocol (stdio). Reads only; needs the extra mcp."""
    from sync.assistant.server import serve

    serve(Path(config), names=names)
