"""Every setting of a run, read from `bothways.toml` and the environment, refused with the key, the line and the remedy.

Order: environment (`BOTHWAYS_CRM__URL=...`, sections and keys joined by two underscores) over the file over the
defaults. Relative paths in the file are relative to the file. `config/bothways.toml` is the commented reference.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.daemon import DaemonSettings, WebhookSettings
from config.database_url import holds_password
from config.error_messages import explain, line_of
from config.sections import (
    BrakeSettings,
    MappingSettings,
    MetricsSettings,
    NotifySettings,
    OrganisationSettings,
    ScoreSettings,
    SyncSettings,
    WorkspaceSettings,
)
from config.toml_file import read_toml
from connectors.base import Organisation
from connectors.errors import ConfigError
from connectors.file.config import FilesConfig
from connectors.hubspot.config import HubSpotConfig
from connectors.salesforce.config import SalesforceConfig

if TYPE_CHECKING:
    pass

DEFAULT_FILE = Path("bothways.toml")


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
    notify: NotifySettings = NotifySettings()
    metrics: MetricsSettings = MetricsSettings()
    daemon: DaemonSettings = DaemonSettings()
    webhooks: WebhookSettings = WebhookSettings()

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
    """The settings of a file (default `./bothways.toml`). Raises ConfigError that lists every fault with its key, line
    and remedy.
    """
    path = path or DEFAULT_FILE
    data, text = read_toml(path)
    _refuse_password(data, path, text)
    base = path.resolve().parent
    _mapping_beside(data, base)
    _resolve(data, base)
    try:
        return Settings(**data)
    except ValidationError as error:
        raise ConfigError(explain(error, path, text, Settings), remedy="") from None


def for_folder(folder: Path, path: Path) -> Settings:
    """Settings for a folder of canonical tables: those of `path` if it exists (model, organisation), with files as the
    CRM.
    """
    data = read_toml(path)[0] if path.exists() else {}
    data["crm"] = {"kind": "files", "input": str(folder.resolve())}
    data.pop("mapping", None)
    _resolve(data, path.resolve().parent)
    try:
        return Settings(**data)
    except ValidationError as error:
        raise ConfigError(explain(error, path, "", Settings)) from None


def _refuse_password(data: dict[str, Any], path: Path, text: str) -> None:
    workspace = data.get("workspace")
    url = workspace.get("state_url") if isinstance(workspace, dict) else None
    if isinstance(url, str) and holds_password(url):
        raise ConfigError(
            f"{path}:{line_of(text, ['workspace', 'state_url'])}: workspace.state_url: secrets are not kept in "
            f"this file.",
            remedy='Take the password out of it and add state_password = { env = "BOTHWAYS_STATE_PASSWORD" }.',
        )


_PATHS = (
    ("workspace", "dir"),
    ("mapping", "file"),
    ("score", "model"),
    ("score", "words"),
    ("metrics", "textfile"),
    ("crm", "input"),
    ("crm", "output"),
    ("crm", "ca_file"),
)


def _mapping_beside(data: dict[str, Any], base: Path) -> None:
    """Files need a mapping: `mapping.toml` beside the settings is it, unless they name one."""
    crm = data.get("crm")
    if (
        isinstance(crm, dict)
        and crm.get("kind") == "files"
        and "mapping" not in data
        and (base / "mapping.toml").is_file()
    ):
        data["mapping"] = {"file": "mapping.toml"}


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
        if isinstance(value, str) and not value.isprintable():
            raise ConfigError(f"{section}.{key} is not a path: it holds characters that cannot be printed.")
        if isinstance(table, dict) and isinstance(value, str) and not value.startswith(("$", "~", "/")):
            table[key] = str(base / value)
