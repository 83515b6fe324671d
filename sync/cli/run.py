"""`plan`, `sync`, `score`: the run itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.console.output import AsOfOption, ConfigOption, JsonOption, Output, QuietOption
from sync.console.results import show_accounts, show_changes, show_result

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from config.settings import Settings
    from sync.options import RunOptions
    from sync.result import RunResult

EngineOption = Annotated[str | None, typer.Option("--engine", help="duckdb or spark; default as in the settings.")]


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    app.command()(plan)
    app.command()(sync)
    app.command()(score)


def plan(
    config: ConfigOption = "bothways.toml",
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Pull, land, enrich, diff: what would change, per property, and the API calls it would cost. Writes nothing."""
    from sync.run import run_plan

    output = Output(as_json=as_json, quiet=quiet)
    settings, options = _prepared(config, as_of)
    result = _run(run_plan, settings, options, output)
    if as_json:
        output.result(result.to_json())
    else:
        show_result(output, "plan", result)
        show_changes(output, result)
        output.say(f"\nWrite exactly this with: bothways sync --plan {result.digest}")


def sync(
    config: ConfigOption = "bothways.toml",
    as_of: AsOfOption = None,
    plan_digest: Annotated[
        str | None, typer.Option("--plan", metavar="DIGEST", help="Write only if the changes are those of this plan.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything anew.")] = False,
    accept: Annotated[bool, typer.Option("--accept", help="Go on past a brake that stopped the last run.")] = False,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Go on though another install writes to this CRM.")
    ] = False,
    max_runtime: Annotated[
        str | None,
        typer.Option(
            "--max-runtime", metavar="TIME", help="End cleanly after so long, like 90m; the next run goes on."
        ),
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """All five stages: pull, land, enrich, diff, write back."""
    from dataclasses import replace

    from sync.observe.hooks import observed
    from sync.run import run_sync
    from sync.system.times import duration_argument

    output = Output(as_json=as_json, quiet=quiet)
    settings, options = _prepared(config, as_of)
    options = replace(options, plan_digest=plan_digest, full=full, accept=accept, take_over=take_over)
    limit = duration_argument(max_runtime) if max_runtime else settings.sync.max_runtime
    with observed(settings) as seen:
        result = seen.result = _run(run_sync, settings, options, output, limit)
    if as_json:
        output.result(result.to_json())
    else:
        show_result(output, "sync", result)
    if result.exit_code:
        if result.error and not as_json:
            output.error(result.error, "", result.exit_code)
        raise typer.Exit(result.exit_code)


def score(
    config: ConfigOption = "bothways.toml",
    as_of: Annotated[
        list[str] | None,
        typer.Option(
            "--as-of", metavar="TIME", help="Score as of this moment (UTC); may be given several times; default now."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--output", help="A .parquet or .csv file (a row per as-of and record), or a folder.")
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--input", help="A folder of canonical Parquet or CSV tables, instead of what the settings say."),
    ] = None,
    engine: EngineOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Enrichment alone: scores as files, nothing is written to a CRM."""
    from config import settings as config_settings
    from config.loading import load_model
    from enrichment.fields import fields
    from sync.console.progress import progress_for
    from sync.options import RunContext, options_from, workspace_of
    from sync.registry import connect
    from sync.report.export import check_export, export_scores
    from sync.run import run_score
    from sync.system.signals import obeying_signals
    from sync.system.times import time_argument

    output = Output(as_json=as_json, quiet=quiet)
    settings = (
        config_settings.for_folder(source, Path(config)) if source is not None else config_settings.load(Path(config))
    )
    options = options_from(settings, engine=engine)
    moments = [time_argument(text) for text in as_of or []]
    if out is not None:
        check_export(out)
    connector = connect(settings)
    try:
        with obeying_signals(options.stop), progress_for(output) as progress:
            scored = run_score(
                RunContext(connector, workspace_of(settings), load_model(settings), fields("full"), options, progress),
                moments,
            )
    finally:
        connector.close()
    made = export_scores(scored, out) if out is not None else []
    last = scored[-1]
    if as_json:
        output.result(
            {
                "schema": 1,
                "crm": settings.crm.kind,
                "as_of": [item.as_of.isoformat() for item in scored],
                "model_version": last.model_version,
                "scored": dict(last.counts),
                "rejects": last.rejects,
                "output": [str(path) for path in made] or [str(item.scores_dir) for item in scored],
            }
        )
        return
    for item in scored:
        counts = ", ".join(f"{count:,} {name}" for name, count in item.counts.items())
        output.say(
            f"as of {item.as_of:%Y-%m-%d %H:%M} UTC: {counts} scored"
            + (f"; {item.rejects:,} rejects" if item.rejects else "")
        )
    show_accounts(output, last.scores_dir, limit=12)
    for path in made:
        output.say(f"Wrote {path}")


def _prepared(config: str, as_of: str | None) -> tuple[Settings, RunOptions]:
    from config import settings as config_settings
    from sync.options import options_from
    from sync.system.times import time_argument

    settings = config_settings.load(Path(config))
    return settings, options_from(settings, time_argument(as_of) if as_of else None)


def _run(
    command: Callable[..., RunResult],
    settings: Settings,
    options: RunOptions,
    output: Output,
    limit: timedelta | None = None,
) -> RunResult:
    from sync.execute import connected
    from sync.system.signals import obeying_signals

    with obeying_signals(options.stop):
        return connected(command, settings, options, output, limit)
