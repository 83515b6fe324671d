"""`state show|check|restore|accept`: looking after the state file by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.console.output import ConfigOption, JsonOption, Output, QuietOption

if TYPE_CHECKING:
    from sync.options import Workspace
    from sync.repair.state_files import Report


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    group = typer.Typer(
        help="The state file: what there is, whether it is sound, and what to do about one that was set aside.",
        no_args_is_help=True,
    )
    for name, command in (("show", show), ("check", check), ("restore", restore), ("accept", accept)):
        group.command(name)(command)
    app.add_typer(group, name="state")


def show(config: ConfigOption = "bothways.toml", as_json: JsonOption = False) -> None:
    """List the present state, those that were set aside, and copies of older versions, with what each holds."""
    from sync.repair import state_files

    _print(state_files.show(_workspace(config)), Output(as_json=as_json))


def check(config: ConfigOption = "bothways.toml", as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Check the state, and every pulled file, plan and score file against its checksum. Exit 1 if one is damaged."""
    from sync.repair import state_files

    output = Output(as_json=as_json, quiet=quiet)
    report = state_files.check(_workspace(config))
    _print(report, output)
    for name in report.damaged:
        output.say(f"Damaged: {name}")
    if not report.sound:
        if not as_json:
            output.error("Something in the workspace is damaged.", "The next sync reads it again from the CRM.", 1)
        raise typer.Exit(1)
    output.say("All sound." if not report.waiting else "The present state is sound.")


def restore(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="A name of `state show`, or a backup; default the newest.")
    ] = None,
    config: ConfigOption = "bothways.toml",
    as_json: JsonOption = False,
) -> None:
    """Add to the present state what one that was set aside, or a backup, still knows. Nothing is overwritten."""
    from sync.repair import state_files

    output = Output(as_json=as_json)
    done = state_files.restore(_workspace(config), file)
    if as_json:
        output.result(done.to_json())
    counts = ", ".join(f"{count:,} of {table}" for table, count in done.added.items() if count) or "nothing new"
    output.say(f"Added from {done.source}: {counts}.")
    if done.unreadable:
        output.say(f"{done.unreadable:,} rows could not be read and are missing.")


def accept(
    config: ConfigOption = "bothways.toml",
    remove: Annotated[bool, typer.Option("--remove", help="Delete the files instead of keeping them.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Accept that what a damaged state knew is lost; commands no longer say so."""
    from sync.repair import state_files

    names = state_files.accept(_workspace(config), remove=remove)
    output = Output(as_json=as_json)
    if as_json:
        output.result({"schema": 1, "accepted": names, "removed": remove})
    output.say(f"Accepted: {', '.join(names)}." if names else "No state was set aside.")


def _workspace(config: str) -> Workspace:
    from config import settings as config_settings
    from sync.options import workspace_of

    return workspace_of(config_settings.load(Path(config)))


def _print(report: Report, output: Output) -> None:
    if output.as_json:
        output.result(report.to_json())
        return
    output.table(
        ("File", "What", "Bytes", "Version", "Holds", "Damage"),
        [
            (
                file.name,
                file.kind,
                f"{file.bytes:,}",
                str(file.version),
                ", ".join(f"{count:,} {table}" for table, count in file.rows.items() if count),
                file.damage,
            )
            for file in report.files
        ],
        right=(2, 3),
    )
