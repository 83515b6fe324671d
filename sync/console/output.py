"""What a command prints: results on stdout (tables for people, or one JSON object), everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from connectors.redaction import redact, redact_values
from sync.system import logs
from sync.system.logs import printable

__all__ = [
    "AsOfOption",
    "ConfigOption",
    "JsonOption",
    "Output",
    "QuietOption",
    "number",
    "printable",
    "usage_wants_json",
]

ConfigOption = Annotated[
    str,
    typer.Option(
        "--config", "-c", envvar="BOTHWAYS_CONFIG", help="The settings file.", metavar="FILE", show_default=True
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print only on trouble.")]
AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", help="Score as of this moment (ISO date or time, UTC); default now.", metavar="TIME"),
]


def usage_wants_json(arguments: Sequence[str]) -> bool:
    """Whether `--json` was asked for, known before the arguments are parsed."""
    return "--json" in arguments


class Output:
    """Where a command's words go. Names from a CRM are printed as text, never as markup."""

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json, self.quiet = as_json, quiet

    def result(self, value: Mapping[str, Any]) -> None:
        """The one JSON object. A character that UTF-8 cannot write (half of a pair) is replaced."""
        import orjson

        options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
        try:
            text = orjson.dumps(value, default=str, option=options).decode()
        except TypeError:  # half of a surrogate pair somewhere
            text = json.dumps(value, default=str, indent=2)
        sys.stdout.write(redact_values(text) + "\n")
        sys.stdout.flush()

    def say(self, text: str = "") -> None:
        """A line for people; nothing with --json or --quiet."""
        if not (self.as_json or self.quiet):
            sys.stdout.write(printable(redact_values(text)) + "\n")
            sys.stdout.flush()

    def note(self, text: str) -> None:
        """A line about what is going on, on stderr."""
        if not self.quiet:
            logs.write("info", text)

    def error(self, message: str, remedy: str, code: int) -> None:
        """What went wrong, and with --json the same as an object on stdout."""
        message, remedy = redact(message), redact(remedy)
        if self.as_json:
            self.result({"error": {"message": message, "remedy": remedy}, "exit_code": code})
        text = message + (f"\n{remedy}" if remedy else "")
        if logs.as_json(error=True):
            logs.write("error", message, error=True, more={"remedy": remedy, "exit_code": code})
        else:
            logs.write("error", f"bothways: {text}", error=True)

    def table(
        self, columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = (), title: str = ""
    ) -> None:
        """A table for people; wraps its last column on a narrow terminal."""
        if self.as_json or self.quiet:
            return
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
        for index, column in enumerate(columns):
            last = index == len(columns) - 1
            table.add_column(
                column,
                justify="right" if index in right else "left",
                no_wrap=not last,
                overflow="fold" if last else "ellipsis",
            )
        for row in rows:
            table.add_row(*(Text(printable(redact_values(cell))) for cell in row))
        console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160, highlight=False)
        console.print(table)


def number(value: float | None, unit: str = "") -> str:
    """A score for people: one decimal, `unknown` when it is not known."""
    return "unknown" if value is None else f"{value:,.1f}{unit}"
