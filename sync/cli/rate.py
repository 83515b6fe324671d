"""`rate`: what no CRM records, asked of people."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.cli.setup import asking_plainly
from sync.console.output import ConfigOption, JsonOption, Output, QuietOption

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync.onboarding.rate import Book
    from sync.ratings.answers import Ratings

_ANSWER = "0 not at all to 3 entirely, a share like 0.7, or ? for unknown."


def register(app: typer.Typer) -> None:
    """Adds the command to the application."""
    app.command()(rate)


def rate(
    config: ConfigOption = "bothways.toml",
    family: Annotated[
        str | None,
        typer.Option("--family", metavar="NAME", help="The product family to rate; part of its name will do."),
    ] = None,
    strategic: Annotated[
        str | None, typer.Option("--strategic", metavar="N", help=f"Part of their strategy? {_ANSWER}")
    ] = None,
    critical: Annotated[
        str | None, typer.Option("--critical", metavar="N", help="If it stops, does their work stop?")
    ] = None,
    costly: Annotated[
        str | None, typer.Option("--costly", metavar="N", help="Would switching to another supplier cost them much?")
    ] = None,
    modular: Annotated[
        str | None, typer.Option("--modular", metavar="N", help="Could they replace it piece by piece?")
    ] = None,
    compact: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=N,N,N,N", help="The four answers at once, in that order; several times."),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Show the families with their ratings; ask nothing.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Rate what you sell: four questions about each product family, the most revenue first. Written into your model
    file.
    """
    from config import settings as config_settings
    from connectors.errors import ConfigError
    from sync.console.results import with_config
    from sync.onboarding import rate as rating

    path, output = Path(config), Output(as_json=as_json, quiet=quiet)
    settings = config_settings.load(path)
    flags = {"strategic": strategic, "critical": critical, "costly": costly, "modular": modular}
    by_flags = bool(compact) or any(value is not None for value in flags.values())
    if not (by_flags or listed or as_json or sys.stdin.isatty()):
        raise ConfigError(
            "Nobody can be asked here.",
            remedy='Answer by flags, like --set "Pumps=3,2,3,0"; --list shows what is sold.',
        )
    before = book = rating.read_book(settings, path, output)

    def keep(given: Mapping[str, Ratings]) -> Book:
        return rating.save(path, settings, book, given)

    if by_flags:
        given = rating.by_flags(book, family, flags, compact or ())
        if changed := {name: ratings for name, ratings in given.items() if ratings != book.of(name)}:
            book = keep(changed)
    elif not (listed or as_json):
        rating.show_book(output, book)
        output.say()
        book = rating.asked(book, asking_plainly, output.say, keep, family)
    if as_json:
        output.result(book.to_json())
        return
    if by_flags or listed:
        rating.show_book(output, book)
    if book.ratings != before.ratings:
        output.say(f"Wrote {book.model}.")
        output.say(f"Next: bothways plan{with_config(path)}     what it changes, before anything is written")
