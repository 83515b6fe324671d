"""`demo` and `emulator`: everything on this machine, no account needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from sync.console.output import Output


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    app.command()(demo)
    app.command()(emulator)


def demo(
    directory: Annotated[Path, typer.Option("--dir", help="Where the demo keeps its files.")] = Path("bothways-demo"),
    accounts: Annotated[int, typer.Option(min=24, help="Size of the emulated organisation.")] = 60,
    seed: Annotated[int, typer.Option(help="The same seed makes the same organisation.")] = 7,
    only: Annotated[str | None, typer.Option(help="salesforce or hubspot; both when left out.")] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the emulators running, to try commands against them.")
    ] = False,
) -> None:
    """See it run on emulated CRMs: provision, sync, sync again (writes nothing), report. No account needed."""
    from sync.onboarding.demo import run_demo

    run_demo(directory, accounts=accounts, seed=seed, only=only, output=Output(), keep=keep)


def emulator(
    crm: Annotated[str, typer.Argument(help="salesforce or hubspot")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 picks a free one.")] = 0,
    seed: Annotated[int, typer.Option(help="The same seed makes the same organisation.")] = 7,
    accounts: Annotated[int, typer.Option(min=24, help="How many accounts to make.")] = 60,
    opportunities_per_account: Annotated[float, typer.Option(min=0)] = 5.0,
    activities_per_account: Annotated[float, typer.Option(min=0)] = 50.0,
    load: Annotated[
        Path | None, typer.Option(help="Seed from a folder of canonical CSV or Parquet tables instead.")
    ] = None,
    faults: Annotated[Path | None, typer.Option(help="A JSON file of fault rules.")] = None,
    token: Annotated[str | None, typer.Option(help="The access token to accept; default a fixed demo token.")] = None,
    limits: Annotated[bool, typer.Option("--limits/--no-limits", help="Enforce the CRM's rate limits.")] = True,
) -> None:
    """Serve a stand-in for a CRM on loopback. Prints one JSON line when it is ready; stop it with Ctrl-C."""
    from connectors.errors import ConfigError
    from sync.onboarding.demo import build_emulator, organisation_for

    organisation = organisation_for(load, seed, accounts, opportunities_per_account, activities_per_account)
    rules = None if faults is None else _rules(faults)
    server = build_emulator(crm, organisation, port=port, token=token, limits=limits)
    if rules is not None:
        try:
            server.faults.add(rules)
        except (ValueError, TypeError, KeyError) as error:
            server.stop()
            raise ConfigError(f"{faults}: {error}.", remedy="docs/emulators.md lists the rules.") from None
    typer.echo(json.dumps({"ready": server.url, "crm": crm, "token": server.app.token}))
    server.serve_forever()


def _rules(path: Path) -> object:
    from connectors.errors import ConfigError

    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", remedy="Name a JSON file of rules.") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not JSON: {error}.", remedy="docs/emulators.md shows how rules look.") from None
