"""Every setting of a run, read from `bothways.toml` and the environment, refused with the key, the line and the remedy.

Order: environment (`BOTHWAYS_CRM__URL=...`, sections and keys joined by two underscores) over the file over the defaults.
Relative paths in the file are relative to the file. `config/bothways.toml` is the commented reference.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from connectors.base import Organisation
from connectors.errors import ConfigError
from connectors.file.config import FilesConfig
from connectors.hubspot.config import HubSpotConfig
from connectors.salesforce.config import SalesforceConfig
from enrichment.fields import Profile

DEFAULT_FILE = Path("bothways.toml")
Fraction = Annotated[float, Field(ge=0, le=1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WorkspaceSettings(_Section):
    """Where landing, state, scores and reports are kept."""

    dir: Path = Path(".bothways")
    state_url: str | None = None
    """SQLAlchemy URL of the state database; default SQLite in `dir`. A password belongs in the environment."""


class OrganisationSettings(_Section):
    """What the CRM does not say about ourselves."""

    own_domains: tuple[str, ...] = ()
    corporate_currency: str | None = None
    time_zone: str = "UTC"

    @field_validator("own_domains")
    @classmethod
    def _domains(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for domain in value:
            if "@" in domain or "." not in domain:
                raise ValueError(f"{domain!r} is not a domain; write it like example.com")
        return tuple(domain.lower() for domain in value)

    @field_validator("corporate_currency")
    @classmethod
    def _currency(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Z]{3}", value):
            raise ValueError("a currency is three capital letters, like EUR")
        return value

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{value!r} is not a time zone of the IANA list, like Europe/Berlin") from None
        return value


class MappingSettings(_Section):
    """A mapping file is laid over the shipped one of the CRM, field by field."""

    file: Path | None = None


class ScoreSettings(_Section):
    """What is computed, and how much of it is written."""

    profile: Profile = "essential"
    model: Path | None = None
    engine: Literal["duckdb", "spark"] = "duckdb"


class SyncSettings(_Section):
    """What a pass reads and writes."""

    full_every_hours: float = Field(default=168.0, gt=0)
    """A whole read at least that often: the only way to see hard deletes and association changes."""
    min_delta: float = Field(default=0.5, ge=0)
    """A number is written when it moved by at least this much."""
    max_age_days: float = Field(default=7.0, gt=0)
    """A record whose written as-of is older is written again."""
    reject_threshold: Fraction = 0.02
    """More than this share of rejected changes: exit code 3."""


class BrakeSettings(_Section):
    """A run that would change far more than usual stops and asks (exit code 5) unless `--accept` is given."""

    stance_share: Fraction = 0.30
    gone_share: Fraction = 0.20
    cleared_share: Fraction = 0.05
    from_records: int = Field(default=50, ge=1)


class Settings(BaseSettings):
    """One run's settings. Build with `load`."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix="BOTHWAYS_", env_nested_delimiter="__")

    crm: Annotated[SalesforceConfig | HubSpotConfig | FilesConfig, Field(discriminator="kind")]
    workspace: WorkspaceSettings = WorkspaceSettings()
    organisation: OrganisationSettings = OrganisationSettings()
    mapping: MappingSettings = MappingSettings()
    score: ScoreSettings = ScoreSettings()
    sync: SyncSettings = SyncSettings()
    brakes: BrakeSettings = BrakeSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  (the base class's signature)
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings

    def as_organisation(self) -> Organisation:
        """What a connector needs to know of us."""
        o = self.organisation
        return Organisation(o.own_domains, o.corporate_currency, o.time_zone)

    @property
    def full_every(self) -> timedelta:
        return timedelta(hours=self.sync.full_every_hours)

    @property
    def max_age(self) -> timedelta:
        return timedelta(days=self.sync.max_age_days)


def load(path: Path | None = None) -> Settings:
    """The settings of a file (default `./bothways.toml`). Raises ConfigError that lists every fault with its key, line and remedy."""
    path = path or DEFAULT_FILE
    data, text = read_toml(path)
    base = path.resolve().parent
    _resolve(data, base)
    try:
        return Settings(**data)
    except ValidationError as error:
        raise ConfigError(_explain(error, path, text), remedy="") from None


def for_folder(folder: Path, path: Path) -> Settings:
    """Settings for a folder of canonical tables: those of `path` if it exists (model, organisation), with files as the CRM."""
    data = read_toml(path)[0] if path.exists() else {}
    data["crm"] = {"kind": "files", "input": str(folder.resolve())}
    data.pop("mapping", None)
    _resolve(data, path.resolve().parent)
    try:
        return Settings(**data)
    except ValidationError as error:
        raise ConfigError(_explain(error, path, "")) from None


def read_toml(path: Path) -> tuple[dict[str, Any], str]:
    """A TOML file and its text. Raises ConfigError when it is missing or not TOML."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"{path} does not exist.", remedy="Run `bothways init`, or give the file with --config."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from None
    try:
        return tomllib.loads(text), text
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{path} is not valid TOML: {error}.", remedy="Mend that line; values of text need quotes."
        ) from None


_PATHS = (("workspace", "dir"), ("mapping", "file"), ("score", "model"), ("crm", "input"), ("crm", "output"))


def _resolve(data: dict[str, Any], base: Path) -> None:
    data.setdefault("workspace", {})
    if isinstance(data["workspace"], dict):
        data["workspace"].setdefault("dir", ".bothways")
        crm = data.get("crm")
        if isinstance(crm, dict) and crm.get("kind") == "files":
            crm.setdefault("output", f"{data['workspace']['dir']}/files")
    for section, key in _PATHS:
        table = data.get(section)
        value = table.get(key) if isinstance(table, dict) else None
        if isinstance(table, dict) and isinstance(value, str) and not value.startswith(("$", "~", "/")):
            table[key] = str(base / value)


def _explain(error: ValidationError, path: Path, text: str) -> str:
    lines = []
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        keys = [
            str(part)
            for part in fault["loc"]
            if part not in ("salesforce", "hubspot", "files", "token", "client_credentials", "jwt", "refresh", "oauth")
            or part == fault["loc"][-1]
        ]
        line = _line_of(text, keys)
        where = f"{path}:{line}" if line else str(path)
        lines.append(f"{where}: {'.'.join(keys)}: {_words(fault, keys)}")
    return "The settings were refused.\n" + "\n".join(f"  {line}" for line in lines)


def _words(fault: Any, keys: list[str]) -> str:
    kind, message = fault["type"], str(fault["msg"]).removeprefix("Value error, ")
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(keys[-1], _known_keys(keys[:-1]), n=1)
        return (
            f"unknown key; did you mean {near[0]!r}?"
            if near
            else "unknown key; remove it, or see config/bothways.toml for those that exist"
        )
    if kind == "missing":
        return "missing; add it"
    if keys[-1] in ("token", "client_secret", "private_key", "refresh_token") and kind in (
        "model_type",
        "string_type",
        "model_attributes_type",
    ):
        return 'secrets are not kept in this file; write { env = "NAME" }, { file = "PATH" } or { command = ["..."] }'
    return message[0].lower() + message[1:]


def _known_keys(keys: list[str]) -> list[str]:
    fields: dict[str, Any] = dict(Settings.model_fields)
    if not keys:
        return list(fields)
    if keys[0] == "crm":
        return [name for model in (SalesforceConfig, HubSpotConfig, FilesConfig) for name in model.model_fields]
    section = fields.get(keys[0])
    return list(getattr(section.annotation, "model_fields", {})) if section is not None else []


def _line_of(text: str, keys: list[str]) -> int | None:
    """The line of a key in the file: that of the longest leading part of the path that can be found."""
    section: list[str] = []
    best: tuple[int, int | None] = (0, None)
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+\s*([^\]#]+?)\s*\]+", line):
            section = [part.strip().strip('"') for part in header[1].split(".")]
            found = section
        elif entry := re.match(r"\s*([A-Za-z0-9_.\"-]+)\s*=", line):
            found = section + [part.strip('"') for part in entry[1].split(".")]
        else:
            continue
        depth = len(found)
        if found == keys[:depth] and depth > best[0]:
            best = (depth, number)
    return best[1]
