"""What `check` found on a terminal: a line each, a remedy once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from sync.console.output import Output

if TYPE_CHECKING:
    from connectors.base import Finding

_MARKS = {"ok": "ok  ", "todo": "todo", "warn": "warn", "fail": "FAIL"}


def show_findings(output: Output, findings: Sequence[Finding]) -> None:
    """Good ones only without --quiet; a remedy that several findings share stands after the last of them."""
    last = {finding.remedy: place for place, finding in enumerate(findings) if finding.level != "ok"}
    for place, finding in enumerate(findings):
        line = f"{_MARKS[finding.level]}  {finding.topic}: {finding.message}"
        if finding.level == "ok":
            output.say(line)
        elif finding.remedy and last[finding.remedy] == place:
            typer.echo(f"{line}\n      {finding.remedy}")
        else:
            typer.echo(line)
