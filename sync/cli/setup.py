"""`init`, `check`, `provision`, `uninstall`: from nothing to a CRM that is ready for the first sync, and back."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.console.findings import show_findings
from sync.console.output import ConfigOption, JsonOption, Output, QuietOption

if TYPE_CHECKING:
    from connectors.base import ProvisionPlan


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    app.command()(init)
    app.command()(check)
    app.command()(provision)
    app.command()(uninstall)


def init(
    config: ConfigOption = "bothways.toml",
    crm: Annotated[str | None, typer.Option(help="salesforce, hubspot or files; asked when left out.")] = None,
    url: Annotated[
        str | None, typer.Option(help="Instance URL, API base, or the folder of files; asked when left out.")
    ] = None,
    own_domain: Annotated[
        list[str] | None, typer.Option(help="A mail domain of ours; may be given several times.")
    ] = None,
    currency: Annotated[
        str | None, typer.Option(help="The corporate currency, like EUR; for Salesforce and HubSpot the CRM says.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--from", metavar="FOLDER", help="Exports of a CRM: finds out which, writes the mapping."),
    ] = None,
    time_zone: Annotated[
        str | None,
        typer.Option(help="Like Europe/Berlin; default: that of most users; with --from: of times in the files."),
    ] = None,
    presets: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="With --from: presets of your own, each a .toml file.")
    ] = None,
    won: Annotated[list[str] | None, typer.Option(help="With --from: a stage that is won; several times.")] = None,
    dates: Annotated[str | None, typer.Option(help="With --from: day or month, whichever comes first.")] = None,
    numbers: Annotated[str | None, typer.Option(help="With --from: thousands or decimals, what 24.000 is.")] = None,
    client_id: Annotated[
        str | None, typer.Option(help="Salesforce: sign in by client credentials, as this external client app.")
    ] = None,
    rate: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=N,N,N,N", help="A product family's ratings, as bothways rate --set takes them."),
    ] = None,
    exclude_type: Annotated[
        list[str] | None, typer.Option(metavar="TYPE", help="An account type that is no customer; several times.")
    ] = None,
    segment: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="The CRM's field with a customer's segment; default: its industry."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing, take what is proposed.")] = False,
) -> None:
    """Answer a few questions and create bothways.toml."""
    from connectors.errors import ConfigError
    from sync.onboarding.first_settings import defaults_for, folder_of, settings_text, write_new
    from sync.onboarding.rate import offered

    path = Path(config)
    if path.exists():
        raise ConfigError(f"{path} exists already.", remedy="Edit it, or name another file with --config.")
    if folder is not None:
        from sync.onboarding.first_settings import Answers, from_folder

        given = Answers(own_domain or (), currency, time_zone, won or (), dates, numbers, yes, presets)
        for line in from_folder(folder, path, given, lambda text, default: str(typer.prompt(text, default=default))):
            Output().say(line)
        offered(path, Output(), asking_plainly, rate or (), asking=sys.stdin.isatty() and not yes)
        return
    from sync.onboarding import wizard

    def ask(question: str, default: str, hidden: bool) -> str:
        return str(typer.prompt(question, default=default, hide_input=hidden, show_default=bool(default)))

    kind, output = wizard.ask_kind(ask, crm), Output()
    if kind == "files":
        suggestion = defaults_for(kind)
        address = folder_of(url, suggestion, None if yes else ask, output.say)
        domains = own_domain or []
        if own_domain is None and not yes:
            answer = ask("Your own mail domains, separated by commas (mail from them is ours)", "", False)
            domains = [part.strip() for part in answer.split(",") if part.strip()]
        text = settings_text(kind, os.path.relpath(address, path.parent), domains, currency, time_zone)
        draft, step = wizard.Draft(text, works=False), suggestion.next_step
    else:
        said = wizard.Given(
            url, client_id, own_domain, currency, time_zone, exclude_type, segment, yes, sys.stdin.isatty()
        )
        draft, step = wizard.crm_settings(kind, said, path, ask, output.say), wizard.next_step(path, client_id)
    files = {path: draft.text} | {path.with_name(name): text for name, text in draft.beside.items()}
    for each in files:
        if each.exists():
            raise ConfigError(f"{each} exists already.", remedy="Move it away, or choose another folder with --config.")
    for each, text in files.items():
        write_new(each, text)
    output.say(f"Wrote {', '.join(str(each) for each in files)}.")
    for remark in draft.remarks:
        output.say(f"Worth a look: {remark}")
    offered(path, output, asking_plainly, rate or (), asking=draft.works and sys.stdin.isatty() and not yes)
    output.say(step)


def asking_plainly(question: str, default: str) -> str:
    """What a person types; Enter gives the default, which is shown where there is one."""
    return str(typer.prompt(question, default=default, show_default=bool(default)))


def check(config: ConfigOption = "bothways.toml", as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Test credentials, permissions, fields, activity coverage and limits; each problem comes with its remedy."""
    from config import settings as config_settings
    from config.loading import load_model
    from connectors.base import Diagnosis
    from sync.console.results import with_config
    from sync.ratings.cost import cost_of_last_run
    from sync.registry import connect
    from sync.state import file_system as storage

    settings = config_settings.load(Path(config))
    model = load_model(settings)
    connector = connect(settings)
    try:
        diagnosis = connector.check()
        kept = storage.findings(settings.workspace.dir, settings.workspace.state_url)
        diagnosis = Diagnosis((*diagnosis.findings, *kept))
    finally:
        connector.close()
    if (cost := cost_of_last_run(settings, model)) is not None:
        rating = cost.finding(f"bothways rate{with_config(Path(config))}")
        diagnosis = Diagnosis((*diagnosis.findings, rating))
    output = Output(as_json=as_json, quiet=quiet)
    if as_json:
        findings = [
            {"level": f.level, "topic": f.topic, "message": f.message, "remedy": f.remedy} for f in diagnosis.findings
        ]
        output.result(
            {
                "schema": 1,
                "crm": connector.name,
                "ok": diagnosis.ok,
                "model_version": model.version_string,
                "findings": findings,
            }
        )
    else:
        show_findings(output, diagnosis.findings)
    if not diagnosis.ok:
        raise typer.Exit(4)


def provision(
    config: ConfigOption = "bothways.toml",
    plan: Annotated[bool, typer.Option("--plan", help="Show what would be added; change nothing.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Add the fields, their group and permission sets to the CRM. Only ever adds; safe to repeat."""
    from config import settings as config_settings
    from connectors.errors import SchemaError
    from enrichment.fields import fields
    from sync.registry import connect

    settings = config_settings.load(Path(config))
    specs = fields(settings.score.profile)
    connector = connect(settings)
    output = Output(as_json=as_json, quiet=quiet)
    try:
        outcome = connector.plan_provision(specs) if plan else connector.provision(specs)
    finally:
        connector.close()
    _show(output, connector.name, outcome, planned=plan)
    if outcome.conflicts:
        names = ", ".join(item.name for item in outcome.conflicts)
        raise SchemaError(
            f"In the way: {names}.",
            remedy="Rename or remove them in the CRM; bothways never changes what is not its own.",
        )


def uninstall(
    config: ConfigOption = "bothways.toml",
    plan: Annotated[bool, typer.Option("--plan", help="List exactly what would be removed; change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Remove the fields bothways added, with their values, and nothing else."""
    from config import settings as config_settings
    from connectors.errors import ConfigError
    from enrichment.fields import FIELDS
    from sync.registry import connect

    settings = config_settings.load(Path(config))
    connector = connect(settings)
    output = Output(as_json=as_json, quiet=quiet)
    try:
        outcome = connector.plan_unprovision(FIELDS)
        if not plan and outcome.to_do:
            if not yes and (
                as_json
                or not typer.confirm(
                    f"Remove {len(outcome.to_do)} components and every value in them from {connector.name}?"
                )
            ):
                raise ConfigError("Nothing was removed.", remedy="Look at --plan first, then confirm, or add --yes.")
            outcome = connector.unprovision(FIELDS)
    finally:
        connector.close()
    _show(output, connector.name, outcome, planned=plan, verb="remove")


def _show(output: Output, crm: str, plan: ProvisionPlan, *, planned: bool, verb: str = "add") -> None:
    if output.as_json:
        items = [{"step": i.step, "kind": i.kind, "name": i.name, "detail": i.detail} for i in plan.items]
        output.result({"schema": 1, "crm": crm, "planned": planned, "items": items})
        return
    for item in plan.items:
        output.say(f"{item.step:8}  {item.kind:16}  {item.name}" + (f"  ({item.detail})" if item.detail else ""))
    to_do = len(plan.to_do)
    if planned:
        output.say(f"{to_do} to {verb}." if to_do else f"Nothing to {verb}.")
    elif to_do:
        output.say(f"{to_do} {'added' if verb == 'add' else 'removed'}.")
    else:
        output.say("Everything was there already." if verb == "add" else "Nothing of ours was there.")
