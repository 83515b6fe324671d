"""`init` for a CRM: asks little, forgives spelling, tests the credentials, proposes what the CRM shows, writes a commented file."""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.errors import BothwaysError, ConfigError

if TYPE_CHECKING:
    from connectors.base import Connector

TOKEN = "BOTHWAYS_CRM_TOKEN"  # noqa: S105  (a variable's name)
SECRET = "BOTHWAYS_CRM_SECRET"  # noqa: S105  (a variable's name)
KINDS = {"salesforce": "salesforce", "sf": "salesforce", "sfdc": "salesforce", "hubspot": "hubspot", "hs": "hubspot",
         "files": "files", "file": "files", "csv": "files"}  # fmt: skip
_PAGES = 5
"""Pages of users that are read to propose domains and a time zone."""
_PUBLIC = frozenset(
    ("gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "salesforce.com", "hubspot.com")
)

Ask = Callable[[str, str, bool], str]
"""A question, the answer proposed for it, and whether what is typed is hidden; gives the answer."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line says already; None: ask for it (with `yes`: take what is proposed)."""

    url: str | None = None
    client_id: str | None = None
    domains: Sequence[str] | None = None
    currency: str | None = None
    time_zone: str | None = None
    yes: bool = False


def kind_of(answer: str) -> str | None:
    """The CRM that is meant, whatever the case or abbreviation; None when it is none."""
    return KINDS.get(re.sub(r"[^a-z]", "", answer.lower()))


def ask_kind(ask: Ask, given: str | None) -> str:
    """The CRM; asks until one is named. Raises ConfigError for a flag that names none."""
    if given is not None:
        kind = kind_of(given)
        if kind is None:
            raise ConfigError(
                f"{given!r} is not a CRM that bothways knows.", remedy="Choose one of salesforce, hubspot, files."
            )
        return kind
    while (kind := kind_of(ask("Which CRM: salesforce, hubspot or files?", "salesforce", False))) is None:
        pass
    return kind


def address_of(answer: str) -> str:
    """An address as people paste it, reduced to scheme and host: of Salesforce's pages the API's host."""
    text = answer.strip()
    if "://" not in text:
        text = f"https://{text}"
    scheme, _, rest = text.partition("://")
    host = rest.partition("/")[0]
    return f"{scheme}://{host.replace('.lightning.force.com', '.my.salesforce.com')}"


@dataclass(frozen=True, slots=True)
class Draft:
    """The text of a settings file, and whether its credentials were tested and work."""

    text: str
    works: bool


def crm_settings(kind: str, given: Given, path: Path, ask: Ask, say: Callable[[str], None]) -> Draft:
    """A first settings file for Salesforce or HubSpot, after asking, testing and proposing.

    The token is read from its variable; one that is typed is used for the test only and never written.
    """
    url = given.url
    if url is None and kind == "salesforce":
        url = ask("Your Salesforce address (as in the browser)", "https://example.my.salesforce.com", False)
    url = address_of(url or "https://api.hubapi.com")
    variable = SECRET if given.client_id else TOKEN
    if not os.environ.get(variable) and not given.yes and sys.stdin is not None and sys.stdin.isatty():
        what = "Client secret" if given.client_id else "Access token" if kind == "salesforce" else "Service key"
        typed = ask(f"{what} to test now (never written; Enter to skip)", "", True)
        if typed:
            os.environ[variable] = typed.strip()
    domains, zone, works = given.domains, given.time_zone, False
    if os.environ.get(variable):
        seen = _look(kind, url, given, path, say)
        works, (found_domains, found_zone) = seen is not None, seen or ([], None)
        domains = domains if domains is not None else _confirm(ask, given.yes, found_domains)
        zone = zone or found_zone
    if domains is None:
        domains = (
            []
            if given.yes
            else _split(ask("Your own mail domains, separated by commas (mail from them is ours)", "", False))
        )
    if not domains:
        say("Without own domains bothways cannot tell who wrote a mail by its address: fill in own_domains.")
    return Draft(text_of(kind, url, given.client_id, domains, given.currency, zone), works)


def next_step(path: Path, client_id: str | None) -> str:
    """What to type after the file was written."""
    variable = SECRET if client_id else TOKEN
    flag = "" if path == Path("bothways.toml") else f" --config {path}"
    return f"Next: export {variable}=...   then: bothways check{flag}"


def text_of(
    kind: str, url: str, client_id: str | None, domains: Sequence[str], currency: str | None, zone: str | None
) -> str:
    """A commented settings file with these answers."""
    if client_id:
        auth = f'{{ method = "client_credentials", client_id = {json.dumps(client_id)}, client_secret = {{ env = "{SECRET}" }} }}'
    else:
        auth = f'{{ method = "token", token = {{ env = "{TOKEN}" }} }}'
    money = (
        f"corporate_currency = {json.dumps(currency)}"
        if currency
        else '# corporate_currency = "EUR"   # default: what the CRM says'
    )
    return f"""# Settings of bothways. Every setting with its default: config/bothways.toml. Secrets never stand here, only where they are.

[crm]
kind = "{kind}"
url = {json.dumps(url)}
auth = {auth}

[workspace]
dir = ".bothways"   # what was read, the state and the scores are kept here

[organisation]
own_domains = {json.dumps(list(domains))}   # mail from these domains is ours
time_zone = {json.dumps(zone or "UTC")}   # business hours and days are counted in it
{money}

# [score]
# profile = "full"        # write every field instead of the essential ones
# model = "model.toml"    # your product families rated: docs/the-scores.md

# [mapping]
# file = "mapping.toml"   # custom fields: the segment, the wallet, strategic customers
"""


def _look(
    kind: str, url: str, given: Given, path: Path, say: Callable[[str], None]
) -> tuple[list[str], str | None] | None:
    """Own domains and the time zone that the CRM's users have most; says how the credentials fared, None when badly."""
    from config import settings as config_settings
    from sync.registry import connect

    trial = path.with_name(f".{path.name}.trial")
    try:
        trial.write_text(text_of(kind, url, given.client_id, (), given.currency, None), encoding="utf-8")
        connector = connect(config_settings.load(trial))
    finally:
        trial.unlink(missing_ok=True)
    try:
        domains, zone = _of_users(connector)
    except BothwaysError as error:
        say(f"The credentials did not work: {error}")
        return None
    finally:
        connector.close()
    say("The credentials work.")
    return domains, zone


def _of_users(connector: Connector) -> tuple[list[str], str | None]:
    domains: Counter[str] = Counter()
    zones: Counter[str] = Counter()
    for page in islice(connector.read("users", None), _PAGES):
        for row in page.batch.to_pylist():
            if row.get("active") is not False and row.get("email"):
                domains[row["email"].rpartition("@")[2].lower()] += 1
                zones[row.get("time_zone") or ""] += 1
    most = sum(domains.values())
    ours = [name for name, count in domains.most_common() if name not in _PUBLIC and count >= 0.05 * most]
    zone = next((name for name, _ in zones.most_common() if name), None)
    return ours, zone


def _confirm(ask: Ask, yes: bool, found: Sequence[str]) -> list[str]:
    if yes:
        return list(found)
    return _split(ask("Your own mail domains, separated by commas (mail from them is ours)", ", ".join(found), False))


def _split(answer: str) -> list[str]:
    parts = (part.strip().lower().rpartition("@")[2] for part in re.split(r"[,;\s]+", answer))
    return [part for part in parts if part]
