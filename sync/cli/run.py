"""`plan`, `sync`, `score`: the run itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.console.output import AsOfOption, ConfigOption, JsonOption, Output, QuietOption
from sync.console.plan import show_plan
from sync.console.results import nothing_known, show_accounts, show_result, with_config

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
    everything: Annotated[
        bool, typer.Option("--all", help="Show every record that would change, not the 20 most telling.")
    ] = False,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write every change as a table.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write a page (HTML) to look through before you sync.")
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show what a sync would write: each record's old and new values, with the reason. Changes nothing in the CRM."""
    from config.loading import load_model
    from sync.ratings.cost import cost_of
    from sync.report.plan import planned_changes, write_csv
    from sync.run import run_plan
    from sync.system.files import check_output

    output = Output(as_json=as_json, quiet=quiet)
    for path in (csv, out):
        if path is not None:
            check_output(path)
    settings, options = _prepared(config, as_of)
    result = _run(run_plan, settings, options, output)
    rows = planned_changes(result.plan_path, result.scores_dir)
    model = load_model(settings)
    ratings = None if result.scores_dir is None else cost_of(settings, result.scores_dir, model)
    if csv is not None:
        write_csv(csv, rows)
    if out is not None:
        from sync.report.build import build_plan_page

        build_plan_page(settings, out, rows)
    if as_json:
        missing = None if ratings is None else ratings.to_json()
        output.result({**result.to_json(), "changes": [row.to_json() for row in rows], "ratings": missing})
        return
    show_plan(output, result, rows, everything=everything, config=Path(config), ratings=ratings)
    for path in (csv, out):
        if path is not None:
            output.say(f"Wrote {path}")


def sync(
    config: ConfigOption = "bothways.toml",
    as_of: AsOfOption = None,
    plan_digest: Annotated[
        str | None,
        typer.Option(
            "--plan",
            metavar="DIGEST",
            help="Write only if the changes are those of this plan (8 or more characters of its digest).",
        ),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything again instead of what changed.")] = False,
    accept: Annotated[bool, typer.Option("--accept", help="Continue past a brake that stopped the last run.")] = False,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Continue even though another bothways install writes to this CRM.")
    ] = False,
    max_runtime: Annotated[
        str | None,
        typer.Option(
            "--max-runtime", metavar="TIME", help="Stop cleanly after this time, like 90m; the next run resumes."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", hidden=True)] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Read the CRM, score every account and deal, write what changed."""
    from dataclasses import replace

    from connectors.errors import ConfigError
    from sync.observe.hooks import observed
    from sync.run import run_sync
    from sync.system.times import duration_argument

    if dry_run:
        raise ConfigError(
            "sync has no --dry-run, and nothing was done.",
            remedy=f"bothways plan{with_config(Path(config))} shows what a sync would write, and writes nothing.",
        )
    output = Output(as_json=as_json, quiet=quiet)
    settings, options = _prepared(config, as_of)
    options = replace(options, plan_digest=plan_digest, full=full, accept=accept, take_over=take_over)
    limit = duration_argument(max_runtime) if max_runtime else settings.sync.max_runtime
    with observed(settings) as seen:
        result = seen.result = _run(run_sync, settings, options, output, limit)
    if as_json:
        output.result(result.to_json())
    else:
        show_result(output, result, config=Path(config))
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
    """Compute scores as files. Nothing is written to a CRM."""
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
            + (
                f"; {item.rejects:,} record{'' if item.rejects == 1 else 's'} left out, not understood"
                if item.rejects
                else ""
            )
        )
    for item in scored:
        if not any(item.counts.values()):
            output.say(nothing_known(settings.workspace.dir / "normalized", item.as_of))
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
