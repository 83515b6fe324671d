"""The text of a first `bothways.toml`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
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


def folder_of(
    given: str | None, suggestion: Suggestion, ask: Callable[[str, str, bool], str] | None, say: Callable[[str], None]
) -> Path:
    """The folder of files; a person who names none that is there is asked again. Raises ConfigError where nobody is
    asked.
    """
    while True:
        answer = (
            given
            if given is not None
            else suggestion.url
            if ask is None
            else ask(suggestion.question, suggestion.url, False)
        )
        folder = Path(answer.strip()).expanduser()
        if folder.is_dir():
            return folder
        problem = f"{folder} is {'no folder' if folder.exists() else 'not there'}."
        if given is not None or ask is None:
            raise ConfigError(problem, remedy="Name the folder of your CSV, Excel or Parquet files with --url.")
        say(problem)


def settings_text(
    kind: str, url: str, own_domains: Sequence[str], currency: str | None, time_zone: str | None = None
) -> str:
    """The least that a first run needs; `config/bothways.toml` has every setting."""
    place = f"input = {json.dumps(url)}" if kind == "files" else f"url = {json.dumps(url)}"
    auth = "" if kind == "files" else 'auth = { method = "token", token = { env = "BOTHWAYS_CRM_TOKEN" } }\n'
    zone = f"time_zone = {json.dumps(time_zone)}\n" if time_zone else ""
    mapping = '[mapping]\nfile = "mapping.toml"\n\n' if kind == "files" else ""
    money = f"corporate_currency = {json.dumps(currency)}\n" if currency else ""
    return (
        f'[crm]\nkind = "{kind}"\n{place}\n{auth}\n'
        f"{mapping}"
        '[workspace]\ndir = ".bothways"\n\n'
        f"[organisation]\nown_domains = {json.dumps(list(own_domains))}   # mail from these is ours\n{money}{zone}"
    )


@dataclass(frozen=True, slots=True)
class Answers:
    """What was given as flags; None and () are asked. With `yes` nothing is asked and the proposals are taken."""

    own_domains: Sequence[str] = ()
    currency: str | None = None
    time_zone: str | None = None
    won: Sequence[str] = ()
    dates: str | None = None
    numbers: str | None = None
    yes: bool = False
    presets: Path | None = None
    """A folder of presets besides those that are shipped."""


def from_folder(folder: Path, settings: Path, given: Answers, ask: Callable[[str, str], str]) -> list[str]:
    """Writes settings and a mapping for the exports of a folder; gives what to say. Asks only what they do not tell.

    Raises ConfigError when nothing there is known, or when a file to be written exists.
    """
    from connectors.file.presets.draft import draft

    made = draft(folder, given.presets)
    mapping = settings.parent / "mapping.toml"
    for path in (settings, mapping):
        if path.exists():
            raise ConfigError(f"{path} exists already.", remedy="Edit it, or name another file with --config.")

    def answer(value: str | None, question: str, proposal: str) -> str:
        return value if value is not None else proposal if given.yes else ask(question, proposal)

    domains = answer(
        ",".join(given.own_domains) or None,
        "Your own mail domains, separated by commas (mail from them is ours)",
        ",".join(made.own_domains),
    )
    zone = answer(given.time_zone, "Your time zone, such as Europe/Berlin (of times in the files)", "UTC")
    currency = answer(given.currency, "Your corporate currency", next(iter(made.currencies), "EUR"))
    flags = {"won": ";".join(given.won) or None, "dates": given.dates, "numbers": given.numbers}
    answers = {q.key: answer(flags[q.key], q.text, q.default) for q in made.questions}
    text = made.text(answers)
    own = [d.strip().lower() for d in domains.split(",") if d.strip()]
    write_new(
        settings, settings_text("files", os.path.relpath(folder, settings.parent), own, currency.strip().upper(), zone)
    )
    write_new(mapping, text)
    read = ", ".join(f for r in made.folder.tables for f in r.files)
    said = [f"Found exports of {made.preset.name}: {read}.", f"Wrote {settings} and {mapping}."]
    if made.folder.others:
        said.append(f"Not used: {', '.join(made.folder.others)}.")
    return [*said, f"Next: bothways check --config {settings}"]


def write_new(path: Path, text: str) -> None:
    """Writes a file that does not exist yet, readable by its owner only. Raises ConfigError when it does or cannot be
    written.
    """
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written: {error.strerror}.", remedy="Name another file with --config."
        ) from None
