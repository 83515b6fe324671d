"""Ready units for whatever starts programs at night: cron, systemd, Kubernetes, GitHub Actions, Airflow.

What each needs to know of the secrets is taken from the settings, which name their sources; their values are not read.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from string import Template

from pydantic import BaseModel

from config.settings import Settings
from connectors.errors import ConfigError
from connectors.secrets import Secret

FILES: dict[str, tuple[str, ...]] = {
    "cron": ("cron.txt",),
    "systemd": ("systemd.service", "systemd.timer", "systemd-purge.service", "systemd-purge.timer"),
    "kubernetes": ("kubernetes.yaml",),
    "github-actions": ("github-actions.yml",),
    "airflow": ("airflow.txt",),
}
"""Templates by kind."""
_MADE = {
    "cron.txt": "{name}.cron",
    "systemd.service": "{name}.service",
    "systemd.timer": "{name}.timer",
    "systemd-purge.service": "{name}-purge.service",
    "systemd-purge.timer": "{name}-purge.timer",
    "kubernetes.yaml": "{name}.yaml",
    "github-actions.yml": "{name}.yml",
    "airflow.txt": "{name}_dag.py",
}
_DIRECTORY = "/etc/bothways"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a unit is made for. `program` and `config` are absolute paths; `at` is HH:MM, UTC where the unit can say
    so.
    """

    config: Path
    program: str
    at: str = "02:17"
    name: str = "bothways"
    image: str = "registry.example.com/bothways:latest"

    def check(self) -> tuple[str, str]:
        """Hour and minute. Raises ConfigError for what cannot stand in a unit."""
        match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", self.at)
        if match is None:
            raise ConfigError(f"{self.at!r} is not a time of day.", remedy="Write it like 02:17.")
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,50}", self.name):
            raise ConfigError(f"{self.name!r} cannot name a unit.", remedy="Use small letters, digits and dashes.")
        for text in (str(self.config), self.program, self.image):
            if not re.fullmatch(r"[\w@./:+-]+", text):
                raise ConfigError(f"{text!r} cannot stand in a unit.", remedy="Use a path without spaces or quotes.")
        return match[1], match[2]


def units(kind: str, settings: Settings | None, asked: Asked) -> dict[str, str]:
    """File name -> text of the units of a kind; without settings for one token in BOTHWAYS_CRM_TOKEN. Raises
    ConfigError.
    """
    if kind not in FILES:
        raise ConfigError(f"There is no scheduler {kind!r}.", remedy=f"Known: {', '.join(FILES)}.")
    hour, minute = asked.check()
    secrets = list(_secrets(settings)) if settings is not None else [Secret(env="BOTHWAYS_CRM_TOKEN")]
    values = {
        "name": asked.name,
        "config": str(asked.config),
        "program": asked.program,
        "image": asked.image,
        "version": version("bothways"),
        "hour": hour if kind == "systemd" else str(int(hour)),
        "minute": minute if kind == "systemd" else str(int(minute)),
        "purge_hour": f"{(int(hour) + 12) % 24:02d}" if kind == "systemd" else str((int(hour) + 12) % 24),
        "keep": settings.workspace.keep if settings is not None else "30d",
        "state": f"/var/lib/{asked.name}",
        "environment": _sourced(secrets),
        "secrets": _HOW[kind](secrets, asked.name) if kind in _HOW else "",
    }
    folder = resources.files("sync.schedule.units")
    return {
        _MADE[file].format(name=asked.name): Template((folder / file).read_text(encoding="utf-8")).substitute(values)
        for file in FILES[kind]
    }


def _secrets(settings: Settings) -> Iterator[Secret]:
    """Every reference to a secret in the settings, each once."""
    seen: set[str] = set()
    for secret in _within(settings):
        if secret.describe() not in seen:
            seen.add(secret.describe())
            yield secret


def _within(model: BaseModel) -> Iterator[Secret]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, Secret):
            yield value
        elif isinstance(value, BaseModel):
            yield from _within(value)


def _variables(secrets: list[Secret]) -> list[str]:
    return [secret.env for secret in secrets if secret.env is not None]


def _sourced(secrets: list[Secret]) -> str:
    return f"; set -a; . {shlex.quote(_DIRECTORY)}/environment; set +a" if _variables(secrets) else ""


def _systemd(secrets: list[Secret], name: str) -> str:
    del name
    lines = [f"LoadCredential={s.credential}:{_DIRECTORY}/{s.credential}" for s in secrets if s.credential is not None]
    if variables := _variables(secrets):
        lines += [
            f'# {", ".join(variables)}: one NAME=value a line, mode 0600. Better: {{ credential = "NAME" }} in the '
            f"settings,",
            "# then LoadCredential= stands here, and no other process can see the value.",
            f"EnvironmentFile={_DIRECTORY}/environment",
        ]
    lines += [
        f"# {s.file}: change it to {{ credential = ... }}: DynamicUser cannot read it." for s in secrets if s.file
    ]
    return "\n".join(lines) or "# No secret is needed."


def _kubernetes(secrets: list[Secret], name: str) -> str:
    lines = []
    for variable in _variables(secrets):
        key = variable.lower().replace("_", "-")
        lines += [
            f"                - name: {variable}",
            f"                  valueFrom: {{secretKeyRef: {{name: {name}, key: {key}}}}}",
        ]
    return "\n".join(lines) or "                # The settings name no environment variable with a secret."


def _github(secrets: list[Secret], name: str) -> str:
    del name
    lines = [f"          {variable}: ${{{{ secrets.{variable} }}}}" for variable in _variables(secrets)]
    return "\n".join(lines) or "          # The settings name no environment variable with a secret."


_HOW = {"systemd": _systemd, "kubernetes": _kubernetes, "github-actions": _github}
