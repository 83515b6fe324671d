"""`explain`, `report`, `dead-letters`, `schema`: what earlier runs found. Nothing here talks to a CRM."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sync.console.output import ConfigOption, JsonOption, Output, QuietOption


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    app.command()(explain)
    app.command()(report)
    app.command()(schema)
    letters = typer.Typer(
        help="Changes that the CRM refused, with the reason; every later run tries them again.", no_args_is_help=True
    )
    letters.command("list")(list_dead_letters)
    app.add_typer(letters, name="dead-letters")


def explain(
    record: Annotated[str, typer.Argument(help="An account's or opportunity's id or name.")],
    config: ConfigOption = "bothways.toml",
    as_json: JsonOption = False,
) -> None:
    """Every component, weight, input and prior behind one record's scores."""
    from config import settings as config_settings
    from config.loading import load_model
    from sync.console.explanation import show
    from sync.report.explain import explain_record

    settings = config_settings.load(Path(config))
    found = explain_record(settings, load_model(settings), record)
    output = Output(as_json=as_json)
    if as_json:
        output.result(found.to_json())
    else:
        show(output, found)


def report(
    config: ConfigOption = "bothways.toml",
    out: Annotated[
        Path | None, typer.Option("--out", help="Where to write the page; default report.html in the workspace.")
    ] = None,
    names: Annotated[
        bool,
        typer.Option("--names/--no-names", help="Customer names are customer data: leave them out to share the page."),
    ] = True,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="AGE", help="Show what changed in this time, like 7d; default: since the last write."
        ),
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """One page to read, search and share: where hours go, who waits, whom we rely on, what changed, every account and deal."""
    from config import settings as config_settings
    from sync.report.build import build_report
    from sync.system.times import duration_argument

    settings = config_settings.load(Path(config))
    age = duration_argument(since) if since else None
    path = build_report(settings, out or settings.workspace.dir / "report.html", names=names, since=age)
    output = Output(as_json=as_json, quiet=quiet)
    if as_json:
        output.result({"schema": 1, "report": str(path)})
    output.say(f"Wrote {path}")


def list_dead_letters(config: ConfigOption = "bothways.toml", as_json: JsonOption = False) -> None:
    """List them, the oldest first."""
    from dataclasses import asdict

    from config import settings as config_settings
    from sync.state.run_queries import dead_letters

    letters = dead_letters(config_settings.load(Path(config)))
    output = Output(as_json=as_json)
    if as_json:
        output.result({"schema": 1, "dead_letters": [asdict(letter) for letter in letters]})
        return
    if not letters:
        output.say("None: the CRM took every change.")
        return
    output.table(
        ("Record", "Tries", "Since", "Reason"),
        [
            (
                f"{x.stream} {x.record_id}",
                str(x.attempts),
                x.first_at[:16],
                f"{x.code}: {x.message}" + (f" {x.remedy}" if x.remedy else ""),
            )
            for x in letters
        ],
        right=(1,),
    )


def schema(
    name: Annotated[str, typer.Argument(help="result: what sync and plan print with --json.")] = "result",
) -> None:
    """The JSON Schema of what a command prints with --json."""
    from connectors.errors import ConfigError
    from sync.console.schema import SCHEMAS

    if name not in SCHEMAS:
        raise ConfigError(f"There is no schema {name!r}.", remedy=f"Known: {', '.join(SCHEMAS)}.")
    Output(as_json=True).result(SCHEMAS[name])
