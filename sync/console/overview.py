"""`bothways` alone: where you stand, and the one next command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sync.console.output import Output
from sync.console.results import ago

if TYPE_CHECKING:
    from config.settings import Settings


def show_overview(output: Output, config: Path) -> None:
    """Settings, credentials, last run, stances, and what to do next. Reads this machine only; nothing is asked of a
    CRM.
    """
    from config import settings as config_settings
    from connectors.errors import BothwaysError

    if not config.exists():
        output.say(f"There is no {config} here yet.\n")
        output.say("Next: bothways init     answer a few questions and create it")
        output.say("  or: bothways demo     see it run on emulated CRMs, no account needed")
        output.say("\nAll commands: bothways --help")
        return
    settings = config_settings.load(config)
    output.say(f"Settings      {config} ({_where(settings)})")
    try:
        missing = _missing_secret(settings)
    except BothwaysError as error:
        missing = str(error)
    output.say(f"Credentials   {missing or 'found'}")
    step = _history(output, settings)
    if missing:
        step = ("put the token where the settings say, then run: bothways check", "")
    output.say(f"\nNext: {step[0]}" + (f"     {step[1]}" if step[1] else ""))
    output.say("All commands: bothways --help")


def _where(settings: Settings) -> str:
    crm = settings.crm
    return f"files in {crm.input}" if crm.kind == "files" else f"{crm.kind} at {crm.url}"


def _missing_secret(settings: Settings) -> str:
    """Why the credentials cannot be read; empty where they can."""
    from connectors.errors import ConfigError
    from connectors.secrets import Secret

    auth: Any = getattr(settings.crm, "auth", None)
    for name in type(auth).model_fields if auth is not None else ():
        value = getattr(auth, name)
        if isinstance(value, Secret):
            try:
                value.read()
            except ConfigError as error:
                return str(error).splitlines()[0]
    return ""


def _history(output: Output, settings: Settings) -> tuple[str, str]:
    from sync.state.history import status

    told = status(settings)
    syncs = [run for run in told.runs if run.kind == "sync"]
    if told.last_success is None:
        planned = next((run for run in told.runs if run.kind == "plan" and run.status == "finished"), None)
        output.say("Last sync     none yet")
        if planned is not None:
            output.say(f"Last plan     {ago(planned.ended_at)}")
            _stances(output, settings)
            return "bothways provision, then bothways sync", "install the fields and write the scores"
        return (
            "bothways check",
            "test the credentials and what can be read; then bothways plan shows what would be written",
        )
    output.say(f"Last sync     {ago(told.last_success)}")
    _stances(output, settings)
    if told.dead_letters:
        output.say(f"Rejected      {told.dead_letters:,} changes that the CRM refused")
        return "bothways dead-letters", "see why"
    if told.set_aside:
        return "bothways state show", "a damaged state was set aside"
    if syncs and syncs[0].status not in ("finished", "running"):
        output.say(f"Last try      {syncs[0].status}: {syncs[0].error.splitlines()[0] if syncs[0].error else ''}")
        return "bothways sync", "it picks up where the last run stopped"
    return "bothways report", "one page: where hours go, who waits, whom you rely on, what changed"


def _stances(output: Output, settings: Settings) -> None:
    from enrichment.fields import STANCES
    from sync.report.data import columns_of
    from sync.state.run_queries import finished_runs

    runs = finished_runs(settings)
    if not runs:
        return
    rows = columns_of(runs[0].scores_dir / "accounts.parquet", ("bothways_stance",))
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["bothways_stance"]] = counts.get(row["bothways_stance"], 0) + 1
    shown = ", ".join(f"{label} {counts[code]:,}" for code, label in STANCES if counts.get(code))
    output.say(f"Accounts      {len(rows):,}: {shown}")
