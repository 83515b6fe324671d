"""`explain`, `report`, `dead-letters`, `schema`: what earlier runs found. Nothing here talks to a CRM."""

from __future__ import annotations

import os
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
        help="Changes that the CRM refused, with the reason; every later run tries them again.",
        invoke_without_command=True,
    )
    letters.callback()(_letters)
    letters.command("list")(list_dead_letters)
    app.add_typer(letters, name="dead-letters")


def explain(
    record: Annotated[str, typer.Argument(help="An account's or deal's id, name, or part of its name.")],
    config: ConfigOption = "bothways.toml",
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page that opens at this record.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show why a record has its scores: the advice, what would change it, every component, who did what, earlier
    runs.
    """
    from config import settings as config_settings
    from config.loading import load_model
    from sync.console.explanation import show
    from sync.report.explain import explain_record
    from sync.report.links import link_form, record_link

    settings = config_settings.load(Path(config))
    found = explain_record(settings, load_model(settings), record)
    output = Output(as_json=as_json)
    if html is not None:
        from sync.report.build import build_record_page

        build_record_page(settings, html, found)
    if as_json:
        output.result(found.to_json())
        return
    show(output, found, record_link(link_form(settings, found.stream, found.run.links), found.explanation.record_id))
    if html is not None:
        output.say(f"Wrote {html}")


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
    """One page to read, search and share: where hours go, who waits, whom we rely on, what changed, every account and
    deal.
    """
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


def _letters(context: typer.Context) -> None:
    """Changes that the CRM refused, with the reason; every later run tries them again."""
    if context.invoked_subcommand is None:
        list_dead_letters(os.environ.get("BOTHWAYS_CONFIG") or "bothways.toml")


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
        output.say("No rejected changes.")
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
