"""The demo: emulators of both CRMs on loopback, and the same steps that a user would take against a real one."""

from __future__ import annotations

import os
import shlex
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.errors import ConfigError, FatalError

if TYPE_CHECKING:
    from connectors.emulator.organisation.model import Organisation
    from connectors.emulator.server.http import EmulatorServer
    from sync.console.output import Output

WEEK = timedelta(days=7)
"""The first sync of the demo is as of so long ago, so that its report can say what changed."""
CRMS = ("salesforce", "hubspot")
_PASSWORD = "emulated-password1"  # noqa: S105  (of emulated users)
_TOKEN_VARIABLE = "BOTHWAYS_CRM_TOKEN"  # noqa: S105  (a variable's name)


def organisation_for(
    load: Path | None, seed: int, accounts: int, opportunities_per_account: float, activities_per_account: float
) -> Organisation:
    """The organisation that an emulator is seeded with: made from a seed, or loaded from a folder of canonical
    tables.
    """
    from connectors.emulator.organisation.model import demo_organisation
    from connectors.emulator.organisation.tables.folder import load_tables

    if load is not None:
        return load_tables(load)
    return demo_organisation(
        seed,
        accounts,
        opportunities_per_account=opportunities_per_account,
        activities_per_account=activities_per_account,
    )


def build_emulator(
    crm: str,
    organisation: Organisation,
    *,
    port: int = 0,
    token: str | None = None,
    limits: bool = True,
    noise: bool = False,
) -> EmulatorServer:
    """A server for one CRM, not yet started; with `noise` it holds records that no score may count. Raises ConfigError
    for a CRM that is not known or a port that is taken.
    """
    from connectors.emulator.server.http import EmulatorServer

    if crm == "salesforce":
        from connectors.emulator.salesforce.app import SalesforceEmulator

        app: SalesforceEmulator | HubSpotEmulator = SalesforceEmulator(
            organisation, token=token, user_password=_PASSWORD, noise=noise
        )
    elif crm == "hubspot":
        from connectors.emulator.hubspot.app import HubSpotEmulator

        app = HubSpotEmulator(organisation, token=token, rate_limits=limits, noise=noise)
    else:
        raise ConfigError(f"{crm!r} is not a CRM that can be emulated.", remedy=f"Choose one of {', '.join(CRMS)}.")
    try:
        return EmulatorServer(app, port)
    except OSError as error:
        raise ConfigError(
            f"Port {port} cannot be opened: {error.strerror}.", remedy="Give another port, or --port 0 for any."
        ) from None


def run_demo(
    directory: Path, *, accounts: int, seed: int, only: str | None, output: Output, keep: bool = False
) -> None:
    """Provision, sync as of a week ago, sync now, sync again and report for each emulated CRM.

    With `keep` the emulators go on until the caller is interrupted. Raises FatalError if the last sync writes anything.
    """
    crms = [only] if only else list(CRMS)
    output.say(f"An emulated organisation of {accounts} accounts (seed {seed}); no account of yours is needed.\n")
    organisation = organisation_for(None, seed, accounts, 5.0, 50.0)
    with ExitStack() as kept:
        settings = [_one(crm, organisation, directory / crm, output, kept if keep else None) for crm in crms]
        _closing_words(output, settings[0], [directory / crm / "report.html" for crm in crms])
        if keep:
            output.say("\nThe emulators go on; stop them with Ctrl-C.")
            threading.Event().wait()


def _closing_words(output: Output, config: Path, reports: Sequence[Path]) -> None:
    """Five accounts, four sentences, the reports and a command to paste."""
    from config import settings as config_settings
    from sync.console.results import accounts_to_show, show_cards
    from sync.report.build import last_report
    from sync.report.summary import tiles

    data = last_report(config_settings.load(config), names=True)
    shown = accounts_to_show(data.accounts, 5)
    show_cards(output, shown)
    for tile in tiles(data):
        names = ", ".join(row.name for row in tile.rows[:3])
        output.say(f"{tile.question} {tile.figure} {tile.whole} {tile.sentence}{f' First: {names}.' if names else ''}")
    output.say("\nOpen in a browser:")
    for path in reports:
        output.say(f"  {path}")
    if shown:
        output.say(f"\nNext: bothways explain {shlex.quote(shown[0].name)} --config {shlex.quote(str(config))}")


def _one(crm: str, organisation: Organisation, directory: Path, output: Output, kept: ExitStack | None) -> Path:
    from config import settings as config_settings
    from config.loading import load_model
    from enrichment.fields import fields
    from sync.console.progress import progress_for
    from sync.console.results import show_result
    from sync.options import RunContext, options_from, workspace_of
    from sync.registry import connect
    from sync.report.build import build_report
    from sync.run import run_sync

    try:
        directory.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise ConfigError(f"{directory.parent} is not a folder.", remedy="Name a folder with --dir.") from None
    except OSError as error:
        raise ConfigError(
            f"{directory} cannot be made: {error.strerror or error}.",
            remedy="Name a folder you may write to with --dir.",
        ) from None
    with ExitStack() as here:
        held = here if kept is None else kept
        server = held.enter_context(build_emulator(crm, organisation))
        here.enter_context(_token(server.app.token))
        path = write_demo_settings(crm, server.url, organisation, directory)
        settings = config_settings.load(path)
        specs, model = fields(settings.score.profile), load_model(settings)
        output.say(f"== {crm} on {server.url}")
        if kept is not None:
            output.say(f"   export {_TOKEN_VARIABLE}={server.app.token}")
        connector = connect(settings)
        try:
            added = len(connector.provision(specs).to_do)
        finally:
            connector.close()
        output.say(f"provision: {added} components added.")
        now = datetime.now(UTC)
        for attempt, moment in (("sync as of a week ago", now - WEEK), ("sync", None), ("sync again", None)):
            connector = connect(settings)
            output.say(f"{attempt}:")
            try:
                with progress_for(output) as progress:
                    options = replace(options_from(settings, moment), accept=True)
                    result = run_sync(RunContext(connector, workspace_of(settings), model, specs, options, progress))
            finally:
                connector.close()
            show_result(output, result, step=False)
        if result.written:
            raise FatalError(f"The last sync wrote {result.written} records; it should have found nothing to write.")
        build_report(settings, directory / "report.html", names=True)
        output.say("")
        return path


def write_demo_settings(crm: str, url: str, organisation: Organisation, directory: Path) -> Path:
    """`bothways.toml`, its mapping of the emulated CRM's custom fields, and a model that knows the product families."""
    from connectors.emulator.organisation.model import demo_model_toml

    shipped = resources.files("config") / "mappings" / f"{crm}-demo.toml"
    (directory / "mapping.toml").write_text(shipped.read_text(encoding="utf-8"), encoding="utf-8")
    (directory / "model.toml").write_text(demo_model_toml(), encoding="utf-8")
    domains = ", ".join(f'"{domain}"' for domain in organisation.own_domains)
    path = directory / "bothways.toml"
    path.write_text(
        f'[crm]\nkind = "{crm}"\nurl = "{url}"\nauth = {{ method = "token", token = {{ env = '
        f'"{_TOKEN_VARIABLE}" }} }}\n\n'
        '[workspace]\ndir = "workspace"\n\n'
        f"[organisation]\nown_domains = [{domains}]\ncorporate_currency = "
        f'"{organisation.corporate_currency}"\ntime_zone = "{organisation.time_zone}"\n\n'
        '[mapping]\nfile = "mapping.toml"\n\n[score]\nmodel = "model.toml"\n',
        encoding="utf-8",
    )
    return path


@contextmanager
def _token(value: str) -> Iterator[None]:
    before = os.environ.get(_TOKEN_VARIABLE)
    os.environ[_TOKEN_VARIABLE] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[_TOKEN_VARIABLE]
        else:
            os.environ[_TOKEN_VARIABLE] = before
