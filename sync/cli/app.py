"""The command line: one typer application; commands import what they need when they run, so `--help` stays quick.

Exit codes (stable): 0 done; 1 unexpected; 2 usage or settings; 3 done, rejected over the threshold; 4 credentials or
permission; 5 a brake or another owner, a person must decide; 6 another run holds the lock; 7 deferred for quota or
time; 8 CRM unreachable or pull incomplete, nothing written; 130/143 signals. Only retry 7 and 8 automatically.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType

import typer

import sync.cli.daemon as cli_daemon
import sync.cli.emulator as cli_emulator
import sync.cli.evaluate as cli_judge
import sync.cli.inspect as cli_read
import sync.cli.operate as cli_operate
import sync.cli.rate as cli_rate
import sync.cli.run as cli_run
import sync.cli.schedule as cli_schedule
import sync.cli.setup as cli_setup
import sync.cli.state as cli_state
from connectors import stopping
from sync.console.exit import ended
from sync.console.help import GroupedCommands
from sync.console.output import Output, usage_wants_json
from sync.system import logs, streams

app = typer.Typer(
    name="bothways",
    help=(
        "Shows which customers rely on you, which you rely on, and which side does the work: scores from "
        "your CRM, written back to it."
    ),
    cls=GroupedCommands,
    invoke_without_command=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
for module in (
    cli_setup,
    cli_rate,
    cli_run,
    cli_read,
    cli_judge,
    cli_emulator,
    cli_operate,
    cli_schedule,
    cli_daemon,
    cli_state,
):
    module.register(app)


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"bothways {version('bothways')}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and stop."
    ),
) -> None:
    """Shows which customers rely on you, which you rely on, and which side does the work: scores from your CRM, written
    back to it.
    """
    del version
    if context.invoked_subcommand is None:
        from sync.console.overview import show_overview

        show_overview(Output(), Path(os.environ.get("BOTHWAYS_CONFIG") or "bothways.toml"))


def main() -> None:
    """The console script `bothways`."""
    streams.make_robust()
    signal.signal(signal.SIGTERM, _terminated)
    os.umask(0o077)  # what libraries write (Parquet, DuckDB's own files) is nobody else's business either
    logs.install()
    output = Output(as_json=usage_wants_json(sys.argv[1:]))
    code = 143
    try:
        code = ended(lambda: app(standalone_mode=False) or 0, output)
    finally:
        if code in (130, 143):  # threads that still call must not keep the process alive
            stopping.ask()
            stopping.cut()
    sys.exit(code)


def _terminated(signum: int, frame: FrameType | None) -> None:
    del signum, frame
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    logs.write("error", "Stopped. What was confirmed so far is kept; run the command again to resume.", error=True)
    raise SystemExit(143)
