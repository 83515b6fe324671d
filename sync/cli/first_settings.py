"""The text of a first `bothways.toml`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What `init` asks and says for one kind of CRM."""

    question: str
    url: str
    next_step: str


_TOKEN_STEP = "Put the token into the environment variable BOTHWAYS_CRM_TOKEN, then run: bothways check"  # noqa: S105  (a sentence)
_SUGGESTIONS = {
    "salesforce": Suggestion("Instance URL (My Domain)", "https://example.my.salesforce.com", _TOKEN_STEP),
    "hubspot": Suggestion("API base", "https://api.hubapi.com", _TOKEN_STEP),
    "files": Suggestion(
        "Folder of CSV or Parquet files",
        "./data",
        "Describe your files in mapping.toml (docs/tutorial-files.md), then run: bothways check",
    ),
}


def defaults_for(kind: str) -> Suggestion:
    """Raises ConfigError for a CRM that is not known."""
    if kind not in _SUGGESTIONS:
        raise ConfigError(
            f"{kind!r} is not a CRM that bothways knows.", remedy=f"Choose one of {', '.join(_SUGGESTIONS)}."
        )
    return _SUGGESTIONS[kind]


def settings_text(kind: str, url: str, own_domains: Sequence[str], currency: str | None) -> str:
    """The least that a first run needs; `config/bothways.toml` has every setting."""
    place = f"input = {json.dumps(url)}" if kind == "files" else f"url = {json.dumps(url)}"
    auth = "" if kind == "files" else 'auth = { method = "token", token = { env = "BOTHWAYS_CRM_TOKEN" } }\n'
    money = f"corporate_currency = {json.dumps(currency)}\n" if currency else ""
    return (
        f'[crm]\nkind = "{kind}"\n{place}\n{auth}\n'
        '[workspace]\ndir = ".bothways"\n\n'
        f"[organisation]\nown_domains = {json.dumps(list(own_domains))}   # mail from these is ours\n{money}"
    )


def write_new(path: Path, text: str) -> None:
    """Writes a file that does not exist yet, readable by its owner only. Raises ConfigError when it does or cannot be written."""
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written: {error.strerror}.", remedy="Name another file with --config."
        ) from None
