"""`init` for a CRM: asks little, forgives spelling, tests the credentials, proposes what the CRM shows, writes a
commented file.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING

from connectors.errors import BothwaysError, ConfigError
from sync.onboarding.look import Seen, look, worth_a_look

if TYPE_CHECKING:
    from connectors.base import Connector

TOKEN = "BOTHWAYS_CRM_TOKEN"  # noqa: S105  (a variable's name)
SECRET = "BOTHWAYS_CRM_SECRET"  # noqa: S105  (a variable's name)
KINDS = {"salesforce": "salesforce", "sf": "salesforce", "sfdc": "salesforce", "hubspot": "hubspot", "hs": "hubspot",
         "files": "files", "file": "files", "csv": "files"}  # fmt: skip

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
    excluded: Sequence[str] | None = None
    """Account types to leave out."""
    segment: str | None = None
    """The CRM's field that says a customer's segment."""
    yes: bool = False
    asking: bool = True
    """Whether there is somebody to ask what the CRM or a default answers otherwise."""


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
    """The text of a settings file, whether its credentials were tested and work, and the files beside it that it
    names.
    """

    text: str
    works: bool
    beside: Mapping[str, str] = field(default_factory=dict)
    remarks: Sequence[str] = ()


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
    domains, zone, currency = given.domains, given.time_zone, given.currency
    seen, remarks = _look(kind, url, given, path, say) if os.environ.get(variable) else (None, [])
    if seen is not None:
        domains = domains if domains is not None else _confirm(ask, given.yes, seen.domains)
        zone = zone or seen.zone
    if domains is None:
        domains = (
            []
            if given.yes
            else _split(ask("Your own mail domains, separated by commas (mail from them is ours)", "", False))
        )
    if not domains:
        say("Without own domains bothways cannot tell who wrote a mail by its address: fill in own_domains.")
    asking = given.asking and not given.yes
    if currency is None and seen is not None and asking:
        currency = _currency(ask, say)
    beside = _beside(given, seen, ask, say, lambda name: _filled(kind, url, given, path, name))
    text = text_of(kind, url, given.client_id, domains, currency, zone, beside)
    return Draft(text, seen is not None, beside, remarks)


def _currency(ask: Ask, say: Callable[[str], None]) -> str | None:
    while True:
        answer = ask("Corporate currency, such as EUR (Enter: what the CRM says)", "", False).strip().upper()
        if not answer or re.fullmatch(r"[A-Z]{3}", answer):
            return answer or None
        say("A currency is three letters, like EUR.")


def _beside(
    given: Given, seen: Seen | None, ask: Ask, say: Callable[[str], None], filled: Callable[[str], float]
) -> dict[str, str]:
    """The model and the mapping that the answers ask for; none where the defaults do. `filled` says in what share of
    the accounts looked at a field is filled in.
    """
    excluded, segment = given.excluded, given.segment
    if excluded is None and seen is not None and len(seen.types) > 1:
        excluded = seen.no_customers if given.yes else _types(seen, ask, say) if given.asking else None
        if given.yes and excluded:
            say(f"Not scored, as no customers by their type: {seen.counted(excluded)}. To change it: model.toml.")
    if segment is None and seen is not None and seen.accounts and given.asking and not given.yes:
        segment = _segment(seen, ask, say, filled)
    files = {}
    if excluded:
        files["model.toml"] = (
            "# The scoring model, laid over the defaults (config/model.toml of bothways).\n\n[accounts]\n"
            f"# No customers: not scored.\nexcluded_types = {json.dumps(list(excluded), ensure_ascii=False)}\n"
        )
    if segment:
        files["mapping.toml"] = _mapping(segment)
    return files


def _mapping(segment: str) -> str:
    return (
        "# Fields of your own, laid over the shipped mapping (config/mappings of bothways).\n\n[accounts.fields]\n"
        f"# The segment: balances are compared within it.\nindustry = {json.dumps(segment, ensure_ascii=False)}\n"
    )


def _segment(seen: Seen, ask: Ask, say: Callable[[str], None], filled: Callable[[str], float]) -> str:
    share = f"{seen.segmented / seen.accounts:.0%}"
    while True:
        question = f"Field with a customer's segment (Enter: the standard industry, filled in for {share})"
        name = ask(question, "", False).strip()
        if not name or filled(name):
            return name
        say(f"No account looked at has anything in a field {name}.")


def _filled(kind: str, url: str, given: Given, path: Path, segment: str) -> float:
    try:
        with _trial(kind, url, given, path, segment) as connector:
            seen = look(connector)
    except BothwaysError:
        return 0.0  # no such field
    return seen.segmented / max(seen.accounts, 1)


def _types(seen: Seen, ask: Ask, say: Callable[[str], None]) -> list[str]:
    say(f"Account types: {seen.counted([name for name, _ in seen.types[:12]])}.")
    while True:
        answer = ask(
            "Types that are no customers, to leave out (none: score all)", ", ".join(seen.no_customers) or "none", False
        )
        names = (
            [] if answer.strip().lower() in ("none", "no", "-", "") else re.split(r"\s*[,;]\s*", answer.strip(" ,;"))
        )
        found, unknown = seen.known_types(names)
        if not unknown:
            return found
        say(f"No account looked at is of type {', '.join(unknown)}.")


def next_step(path: Path, client_id: str | None) -> str:
    """What to type after the file was written."""
    variable = SECRET if client_id else TOKEN
    flag = "" if path == Path("bothways.toml") else f" --config {path}"
    return f"Next: export {variable}=...   then: bothways check{flag}"


def text_of(
    kind: str,
    url: str,
    client_id: str | None,
    domains: Sequence[str],
    currency: str | None,
    zone: str | None,
    beside: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """A commented settings file with these answers, which names the files beside it."""
    model, mapping = "model.toml" in beside, "mapping.toml" in beside
    if client_id:
        auth = (
            f'{{ method = "client_credentials", client_id = {json.dumps(client_id)}, client_secret = {{ '
            f'env = "{SECRET}" }} }}'
        )
    else:
        auth = f'{{ method = "token", token = {{ env = "{TOKEN}" }} }}'
    money = (
        f"corporate_currency = {json.dumps(currency)}"
        if currency
        else '# corporate_currency = "EUR"   # default: what the CRM says'
    )
    return f"""\
# Settings of bothways. Every setting with its default: config/bothways.toml.
# Secrets never stand here, only where they are.

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

{"" if model else "# "}[score]
# profile = "full"        # write every field instead of the essential ones
{"" if model else "# "}model = "model.toml"    # types left out, product families rated (bothways rate)

{"" if mapping else "# "}[mapping]
{"" if mapping else "# "}file = "mapping.toml"   # custom fields: the segment, the wallet, strategic customers
"""


def _look(kind: str, url: str, given: Given, path: Path, say: Callable[[str], None]) -> tuple[Seen | None, list[str]]:
    """What the CRM shows, and what is worth a look; says how the credentials fared, and gives None when badly."""
    try:
        with _trial(kind, url, given, path) as connector:
            seen = look(connector)
            remarks = worth_a_look(connector)
    except BothwaysError as error:
        say(f"The credentials did not work: {error}")
        return None, []
    say("The credentials work.")
    return seen, remarks


@contextmanager
def _trial(kind: str, url: str, given: Given, path: Path, segment: str = "") -> Iterator[Connector]:
    """A connector for the answers so far; the files it takes are removed again."""
    from config import settings as config_settings
    from sync.registry import connect

    with TemporaryDirectory(dir=path.absolute().parent, prefix=".bothways-init-") as folder:
        beside = {"mapping.toml": _mapping(segment)} if segment else {}
        text = text_of(kind, url, given.client_id, given.domains or (), given.currency, None, beside)
        for name, content in {"bothways.toml": text, **beside}.items():
            (Path(folder) / name).write_text(content, encoding="utf-8")
        connector = connect(config_settings.load(Path(folder) / "bothways.toml"))
    try:
        yield connector
    finally:
        connector.close()


def _confirm(ask: Ask, yes: bool, found: Sequence[str]) -> list[str]:
    if yes:
        return list(found)
    return _split(ask("Your own mail domains, separated by commas (mail from them is ours)", ", ".join(found), False))


def _split(answer: str) -> list[str]:
    parts = (part.strip().lower().rpartition("@")[2] for part in re.split(r"[,;\s]+", answer))
    return [part for part in parts if part]
