"""`schedule`: prints ready units for cron, systemd, Kubernetes, GitHub Actions and Airflow."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from sync.console.output import ConfigOption, Output


def register(app: typer.Typer) -> None:
    """Adds the command to the application."""
    app.command()(schedule)


def schedule(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="cron, systemd, kubernetes, github-actions or airflow.")],
    config: ConfigOption = "bothways.toml",
    at: Annotated[
        str, typer.Option("--at", metavar="HH:MM", help="When, every day (UTC in Kubernetes and Actions).")
    ] = "02:17",
    name: Annotated[str, typer.Option(help="Of the unit, and of its folder of state.")] = "bothways",
    image: Annotated[
        str, typer.Option(help="The container image, for Kubernetes.")
    ] = "registry.example.com/bothways:latest",
    out: Annotated[
        Path | None, typer.Option("--output", metavar="DIR", help="Write the files there instead of printing them.")
    ] = None,
) -> None:
    """Print a ready unit for a scheduler: exit codes mapped, secrets by reference, nothing more allowed than is
    needed.
    """
    from config import settings as config_settings
    from connectors.errors import ConfigError
    from sync.schedule.render import Asked, units

    path = Path(config)
    settings = config_settings.load(path) if path.exists() else None
    program = shutil.which(sys.argv[0]) or shutil.which("bothways") or "/usr/local/bin/bothways"
    where = path if kind == "github-actions" and not path.is_absolute() else path.absolute()
    made = units(kind, settings, Asked(where, str(Path(program).absolute()), at, name, image))
    if out is None:
        for text in made.values():
            typer.echo(text)
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise ConfigError(f"{out} is not a folder.", remedy="Name a folder with --output.") from None
    for file, text in made.items():
        if (out / file).exists():
            raise ConfigError(f"{out / file} exists already.", remedy="Move it away, or choose another --output.")
        (out / file).write_text(text, encoding="utf-8")
        (out / file).chmod(0o644)  # holds no secret, and is read by another user
        Output().say(f"Wrote {out / file}")
