"""Every setting of a run, read from `bothways.toml` and the environment, refused with the key, the line and the remedy.

Order: environment (`BOTHWAYS_CRM__URL=...`, sections and keys joined by two underscores) over the file over the
defaults. Relative paths in the file are relative to the file. `config/bothways.toml` is the commented reference.
"""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.daemon import DaemonSettings, WebhookSettings
from config.error_messages import explain, line_of
from connectors.base import Organisation
from connectors.errors import ConfigError
from connectors.file.config import FilesConfig
from connectors.hubspot.config import HubSpotConfig
from connectors.salesforce.config import SalesforceConfig
from connectors.secrets import Secret, remember
from enrichment.fields import Profile

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

DEFAULT_FILE = Path("bothways.toml")
Fraction = Annotated[float, Field(ge=0, le=1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class WorkspaceSettings(_Section):
    """Where landing, state, scores and reports are kept."""

    dir: Path = Path(".bothways")
    state_url: str | None = Field(default=None, repr=False)
    """SQLAlchemy URL of the state database; default SQLite in `dir`. Without the password in the file."""
    state_password: Secret | None = None
    """The password of `state_url`."""
    keep: str = Field(default="30d", pattern=r"^[1-9][0-9]{0,3}[dw]$")
    """How long runs, their scores, plans and what they wrote are kept; the time in which a run can be rolled back."""

    @property
    def kept(self) -> timedelta:
        return timedelta(**{"days" if self.keep[-1] == "d" else "weeks": int(self.keep[:-1])})

    @field_validator("state_url")
    @classmethod
    def _postgresql(cls, value: str | None) -> str | None:
        if value is not None and _database(value).get_backend_name() != "postgresql":
            raise ValueError("must be of PostgreSQL, like postgresql+psycopg://bothways@localhost/bothways")
        return value

    @model_validator(mode="after")
    def _password_has_a_url(self) -> Self:
        if self.state_password is not None and self.state_url is None:
            raise ValueError("state_password without state_url: SQLite has no password")
        return self

    def state_address(self) -> str | None:
        """`state_url` with its password. Raises ConfigError when the password cannot be had."""
        if self.state_url is None:
            return None
        url = _database(self.state_url)
        if url.password:
            remember(str(url.password))
        if self.state_password is not None:
            url = url.set(password=self.state_password.read())
        return url.render_as_string(hide_password=False)


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
    words: Path | None = None
    """Another language, or other words, for reasons and advice: a file like enrichment/words.toml."""
    engine: Literal["duckdb", "spark"] = "duckdb"


class SyncSettings(_Section):
    """What a pass reads and writes."""

    full_every_hours: float = Field(default=168.0, gt=0, le=24 * 3660)
    """A whole read at least that often: the only way to see hard deletes and association changes."""
    min_delta: float = Field(default=0.5, ge=0)
    """A number is written when it moved by at least this much."""
    max_age_days: float = Field(default=7.0, gt=0, le=3660)
    """A record whose written as-of is older is written again."""
    reject_threshold: Fraction = 0.02
    """More than this share of rejected changes: exit code 3."""
    max_runtime_minutes: float | None = Field(default=None, gt=0, le=60 * 24 * 31)
    """A run that takes longer ends at the next page or batch with exit code 7; the next one goes on."""

    @property
    def max_runtime(self) -> timedelta | None:
        return None if self.max_runtime_minutes is None else timedelta(minutes=self.max_runtime_minutes)


class BrakeSettings(_Section):
    """A run that would change far more than usual stops and asks (exit code 5) unless `--accept` is given."""

    stance_share: Fraction = 0.30
    gone_share: Fraction = 0.20
    cleared_share: Fraction = 0.05
    from_records: int = Field(default=50, ge=1)


class NotifySettings(_Section):
    """Who is told how syncs go. Both addresses are secrets: whoever has them can write in your name."""

    webhook: Secret | None = None
    """An incoming webhook that takes {"text": ...}: Slack, Mattermost, Rocket.Chat."""
    on: tuple[Literal["failure", "recovery", "brake"], ...] = ("failure", "recovery", "brake")
    repeat_hours: float = Field(default=24.0, ge=0, le=24 * 3660)
    """The same failure is told again after so long."""
    weekly: bool = False
    """Once a week also counts of accounts by stance and of moves between stances; no names."""
    heartbeat: Secret | None = None
    """An address that is asked with /start at the beginning, as it is after a success, with /fail after a failure."""


class MetricsSettings(_Section):
    """Figures for Prometheus."""

    textfile: Path | None = None
    """Where the node exporter's textfile collector looks, e.g. /var/lib/node_exporter/textfile/bothways.prom."""


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


def read_toml(path: Path) -> tuple[dict[str, Any], str]:
    """A TOML file and its text. Raises ConfigError when it is missing or not TOML."""
    try:
        with path.open(encoding="utf-8", newline=None) as file:
            text = file.read(_MOST + 1)  # no more: it may be a device, or a wrong file
    except FileNotFoundError:
        raise ConfigError(
            f"{path} does not exist.", remedy="Run `bothways init`, or give the file with --config."
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} is not UTF-8 text: {error.reason} at byte {error.start}.", remedy="Save it as UTF-8."
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}.", remedy="Name a file of settings that this user may read."
        ) from None
    try:
        if len(text) > _MOST:
            raise ConfigError(f"{path} is larger than {_MOST:,} characters.", remedy="Is it the right file?")
        if _DEEP.search(text):  # the parser takes time by the square of that
            raise RecursionError
        return tomllib.loads(text), text
    except RecursionError:
        raise ConfigError(
            f"{path} is nested too deeply.", remedy="Write its values without so many brackets."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{path} is not valid TOML: {error}.",
            remedy="Correct that line: text needs quotes around it, lists need brackets.",
        ) from None


def _refuse_password(data: dict[str, Any], path: Path, text: str) -> None:
    workspace = data.get("workspace")
    url = workspace.get("state_url") if isinstance(workspace, dict) else None
    if isinstance(url, str) and _holds_password(url):
        raise ConfigError(
            f"{path}:{line_of(text, ['workspace', 'state_url'])}: workspace.state_url: secrets are not kept in "
            f"this file.",
            remedy='Take the password out of it and add state_password = { env = "BOTHWAYS_STATE_PASSWORD" }.',
        )


def _database(url: str) -> URL:
    """The parts of a database's address, by the library that will use it."""
    from sqlalchemy.engine import make_url  # only where there is one: the library takes a moment
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError("is not the address of a database, like postgresql+psycopg://user@host/name") from None


def _holds_password(url: str) -> bool:
    """Also among the parameters, where the PostgreSQL driver takes one too."""
    try:
        found = _database(url)
    except ValueError:
        return ":" in url.partition("://")[2].rpartition("@")[0]  # refused afterwards, but never shown
    return bool(found.password) or any("password" in name.lower() for name in found.query)


_DEEP = re.compile(r"(?<![\w\"'-])(?:[\w\"'-]{1,100}\.){64}")
_MOST = 2_000_000
"""Characters of a file of settings, of a model or a mapping."""
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
