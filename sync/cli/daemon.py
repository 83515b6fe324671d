"""Processes that stay: `daemon` runs syncs when they are due, `fleet` runs many CRMs, `mcp` answers an assistant."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from sync.console.output import ConfigOption, JsonOption, Output, QuietOption


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    app.command()(daemon)
    app.command()(mcp)
    app.command()(fleet)


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


def fleet(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Holds CRM.toml or CRM/bothways.toml for each CRM.")],
    command: Annotated[
        str, typer.Argument(metavar="COMMAND", help="sync or plan; status shows how they stand.")
    ] = "sync",
    parallel: Annotated[int, typer.Option("--parallel", min=1, max=32, help="Runs at the same time.")] = 4,
    max_runtime: Annotated[
        str | None,
        typer.Option("--max-runtime", metavar="TIME", help="Begin nothing after this, like 6h, and end cleanly."),
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run many CRMs, each with its own settings, lock and state. What breaks one does not touch the others."""
    from connectors.errors import ConfigError
    from sync.console.fleet import show_fleet, show_members
    from sync.errors import Stopped
    from sync.fleet.members import members
    from sync.fleet.pool import run_fleet
    from sync.system.signals import obeying_signals
    from sync.system.time_limit import within_time
    from sync.system.times import duration_argument

    output = Output(as_json=as_json, quiet=quiet)
    found = members(folder)
    if command == "status":
        show_members(output, found)
        return
    if command not in ("sync", "plan"):
        raise ConfigError(f"A fleet has no command {command!r}.", remedy="Choose sync, plan or status.")
    stop = threading.Event()
    limit = duration_argument(max_runtime) if max_runtime else None
    with obeying_signals(stop), within_time(stop, limit):
        result = run_fleet(
            found,
            [command],
            stop,
            parallel=parallel,
            tell=lambda ended: output.say(
                f"{ended.name}: {ended.meaning}" + (f": {ended.error}" if ended.error else "")
            ),
        )
        show_fleet(output, result)
        if stop.is_set():
            raise Stopped(f"Asked to stop: {len(result.left):,} CRMs were not started; the next run starts with them.")
    if result.exit_code:
        raise typer.Exit(result.exit_code)
