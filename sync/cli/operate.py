"""`history`, `rollback`, `status`, `purge`, `dead-letters retry|drop`: looking after what runs have done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sync.console.output import ConfigOption, JsonOption, Output, QuietOption
from sync.console.results import ago

if TYPE_CHECKING:
    from config.settings import Settings
    from sync.repair.resend import Outcome

RecordsArgument = Annotated[list[str] | None, typer.Argument(metavar="[RECORD]...", help="Ids; all when left out.")]


def register(app: typer.Typer) -> None:
    """Adds the commands to the application; `dead-letters` must be there already."""
    for command in (history, rollback, status, purge):
        app.command()(command)
    letters = next(group.typer_instance for group in app.registered_groups if group.name == "dead-letters")
    assert letters is not None
    letters.command("retry")(retry)
    letters.command("drop")(drop)


def history(
    what: Annotated[str, typer.Argument(metavar="RECORD|RUN", help="An id or name of a record, or the id of a run.")],
    config: ConfigOption = "bothways.toml",
    as_json: JsonOption = False,
) -> None:
    """What was written when, old and new values."""
    from dataclasses import asdict

    from sync.state.history import history as read_history

    rows = read_history(_settings(config), what)
    output = Output(as_json=as_json)
    if as_json:
        output.result({"schema": 1, "changes": [asdict(row) for row in rows]})
        return
    output.table(
        ("When", "Run", "Record", "Status", "Change"),
        [
            (
                row.at[:19],
                row.run_id + (f" ({row.kind})" if row.kind != "sync" else ""),
                f"{row.stream} {row.record_id}",
                row.status,
                "; ".join(f"{name}: {_shown(row.old.get(name))} -> {_shown(new)}" for name, new in row.new.items())
                + (f"  {row.code}: {row.message}" if row.code else ""),
            )
            for row in rows
        ],
    )


def rollback(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The id of a run, as `bothways status` shows it.")],
    config: ConfigOption = "bothways.toml",
    plan: Annotated[bool, typer.Option("--plan", help="Count what would be restored; write nothing.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Restore the values that a run replaced, where they have not changed again. The next sync then asks before it
    writes.
    """
    from sync.repair.rollback import run_rollback

    output = Output(as_json=as_json, quiet=quiet)
    told = _with_crm(config, output, run_rollback, target=run, preview=plan)
    if as_json:
        output.result(told.to_json())
    verb = "would be restored" if plan else "restored"
    done = told.restored if told.outcome is None else told.outcome.written
    output.say(f"Run {told.rolled_back}: {done:,} of {told.records:,} records {verb}.")
    if told.kept:
        output.say(f"  {told.kept:,} values changed again after that run and were left alone.")
    if told.missing:
        output.say(f"  {told.missing:,} records are no longer there.")
    if told.outcome is not None:
        output.say("  The next sync will stop and ask; look at `bothways plan`, then use sync --accept.")
        _finish(told.outcome, output)


def status(
    config: ConfigOption = "bothways.toml",
    max_age: Annotated[
        str | None, typer.Option("--max-age", metavar="AGE", help="Exit 1 if the last success is older, like 26h.")
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """The last runs, for people and for monitors."""
    from sync.state.history import status as read_status
    from sync.system.times import duration_argument

    allowed = duration_argument(max_age) if max_age else None
    told = read_status(_settings(config), allowed)
    output = Output(as_json=as_json, quiet=quiet)
    if as_json:
        output.result(told.to_json())
    output.table(
        ("Run", "Kind", "Status", "Ended", "Exit", "Written", "Error"),
        [
            (
                line.run_id,
                line.kind,
                line.status,
                "" if line.ended_at is None else ago(line.ended_at),
                _shown(line.exit_code, ""),
                _shown(line.written, ""),
                line.error,
            )
            for line in told.runs
        ],
        right=(4, 5),
    )
    letters = (
        f"{told.dead_letters:,} rejected changes (see `bothways dead-letters`)"
        if told.dead_letters
        else "No rejected changes"
    )
    output.say(f"Last successful sync: {ago(told.last_success)}. {letters}.")
    if told.set_aside:
        output.say(f"Set aside as damaged, not yet decided about: {', '.join(told.set_aside)} (`bothways state show`).")
    if told.stale:
        if not as_json:
            output.error(f"Last successful sync: {ago(told.last_success)}. That is longer than {max_age}.", "", 1)
        raise typer.Exit(1)


def purge(
    config: ConfigOption = "bothways.toml",
    person: Annotated[str | None, typer.Option(help="A person's (or colleague's) id or e-mail address.")] = None,
    account: Annotated[str | None, typer.Option(help="An account's id.")] = None,
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="AGE", help="Runs that ended before, like 30d.")
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Count what would be forgotten; change nothing.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Forget a person, an account, or everything older than the retention. The CRM is not touched."""
    from connectors.errors import ConfigError
    from sync.options import workspace_of
    from sync.privacy.purge import purge_old, purge_record
    from sync.system.times import duration_argument

    if sum(choice is not None for choice in (person, account, older_than)) != 1:
        raise ConfigError("Say what to forget.", remedy="Give one of --person, --account and --older-than.")
    settings = _settings(config)
    workspace, crm = workspace_of(settings), settings.crm.kind
    told = (
        purge_old(workspace, crm, duration_argument(older_than), preview=plan)
        if older_than is not None
        else purge_record(workspace, crm, person=person, account=account, preview=plan)
    )
    output = Output(as_json=as_json, quiet=quiet)
    if as_json:
        output.result(told.to_json())
    verb = "Would be forgotten" if plan else "Forgotten"
    output.say(
        f"{verb}: {told.rewritten:,} files of pulled records rewritten, {told.removed:,} files removed or rewritten, "
        f"{told.rows:,} rows of the state deleted."
    )
    if older_than is None and not plan:
        output.say("It is kept out of what is read from now on. In the CRM nothing was changed.")


def retry(
    records: RecordsArgument = None,
    config: ConfigOption = "bothways.toml",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Send refused changes again now, instead of with the next sync."""
    from sync.repair.dead_letters import retry_letters

    output = Output(as_json=as_json, quiet=quiet)
    told = _with_crm(config, output, retry_letters, records=records or [])
    if as_json:
        output.result(told.to_json())
    output.say(f"{told.written:,} of {told.planned:,} taken, {told.rejected:,} refused again.")
    _finish(told, output)


def drop(
    records: RecordsArgument = None,
    config: ConfigOption = "bothways.toml",
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Forget refused changes. A later sync that still wants them tries them again."""
    from connectors.errors import ConfigError
    from sync.options import workspace_of
    from sync.repair.dead_letters import drop_letters

    if not records and not everything:
        raise ConfigError("Say which dead letters to drop.", remedy="Give ids, or --all.")
    settings = _settings(config)
    count = drop_letters(workspace_of(settings), settings.crm.kind, records or [])
    output = Output(as_json=as_json)
    if as_json:
        output.result({"schema": 1, "dropped": count})
    output.say(f"{count:,} dropped.")


def _settings(config: str) -> Settings:
    from config import settings as config_settings

    return config_settings.load(Path(config))


def _with_crm(config: str, output: Output, command: Callable[..., Any], **asked: object) -> Any:
    from config.loading import load_model
    from enrichment.fields import fields
    from sync.console.progress import progress_for
    from sync.options import RunContext, options_from, workspace_of
    from sync.registry import connect
    from sync.system.signals import obeying_signals

    settings = _settings(config)
    options = options_from(settings)
    connector = connect(settings)
    try:
        with obeying_signals(options.stop), progress_for(output) as progress:
            specs = fields(settings.score.profile)
            model = load_model(settings)
            return command(RunContext(connector, workspace_of(settings), model, specs, options, progress), **asked)
    finally:
        connector.close()


def _finish(outcome: Outcome, output: Output) -> None:
    if outcome.exit_code:
        if outcome.error and not output.as_json:
            output.error(outcome.error, "", outcome.exit_code)
        raise typer.Exit(outcome.exit_code)


def _shown(value: object, nothing: str = "empty") -> str:
    return nothing if value is None else str(value)
