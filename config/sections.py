"""The sections of `bothways.toml` that belong to no CRM, one class each."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from config.database_url import parse
from connectors.secrets import Secret, remember
from enrichment.fields import Profile

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
        if value is not None and parse(value).get_backend_name() != "postgresql":
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
        url = parse(self.state_url)
        if url.password:
            remember(str(url.password))
        if self.state_password is not None:
            url = url.set(password=self.state_password.read())
        return url.render_as_string(hide_password=False)


def _spellings(domain: str) -> tuple[str, ...]:
    """A domain as people write it and as mail programs do: müller.example is xn--mller-kva.example."""
    labels = unicodedata.normalize("NFC", domain).split(".")
    try:
        coded = [one if one.isascii() else "xn--" + one.encode("punycode").decode() for one in labels]
        plain = [one[4:].encode().decode("punycode") if one.startswith("xn--") else one for one in coded]
    except UnicodeError:
        return (domain,)
    return domain, ".".join(coded), ".".join(plain)


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
        return tuple(dict.fromkeys(spelling for domain in value for spelling in _spellings(domain.lower())))

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
