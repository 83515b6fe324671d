"""The members of a fleet: every settings file of a folder, each with a workspace of its own."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from config import settings as config_settings
from config.settings import Settings
from connectors.errors import BothwaysError, ConfigError
from sync.state.history import status


@dataclass(frozen=True, slots=True)
class Member:
    """One settings file. `trouble` is why it cannot be loaded; then `settings` is None. `last_success` is "" before the
    first.
    """

    name: str
    config: Path
    settings: Settings | None
    trouble: str = ""
    last_success: str = ""


def members(folder: Path) -> list[Member]:
    """`*.toml` in the folder and `*/bothways.toml` below it; who has waited longest comes first, so that a fleet run
    which was cut off is continued by the next one where it stopped.

    A file that cannot be loaded is a member in trouble: it must not keep the others waiting. Raises ConfigError where
    there is no folder or no member, and where two members share a workspace or a state database.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder} is not a folder.", remedy="Give a folder of settings files, one for each CRM.")
    files = sorted([*folder.glob("*.toml"), *folder.glob("*/bothways.toml")])
    files = [path for path in files if path.name not in ("mapping.toml", "model.toml")]
    if not files:
        raise ConfigError(
            f"{folder} holds no settings.", remedy="Put one CRM.toml for each CRM there, or CRM/bothways.toml."
        )
    found = [_member(path, folder) for path in files]
    _apart(found)
    return sorted(found, key=lambda member: (member.last_success, member.name))


def _member(path: Path, folder: Path) -> Member:
    name = path.stem if path.parent == folder else path.parent.name
    try:
        settings = config_settings.load(path)
        last = status(settings, most=1).last_success or ""
    except BothwaysError as error:
        return Member(name, path, None, str(error))
    return Member(name, path, settings, "", last)


def _apart(found: list[Member]) -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for member in found:
        if member.settings is not None:
            workspace = member.settings.workspace
            homes[str(workspace.dir.resolve())].append(member.name)
            if workspace.state_url is not None:
                homes[workspace.state_url].append(member.name)
    for home, names in homes.items():
        if len(names) > 1:
            raise ConfigError(
                f"{' and '.join(names)} share {home}.", remedy="Give each its own workspace.dir and its own state."
            )
