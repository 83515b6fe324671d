"""Secrets by reference: from the environment, a file or a command; never in the settings themselves."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from connectors.errors import ConfigError

_SEEN: set[str] = set()


class Secret(BaseModel):
    """Where a secret is: exactly one of `env` (a variable's name), `file` (a path) or `command` (a list of words).

    `read()` fetches it anew each time, so a rotated secret needs no restart. The value is never part of the model, so
    no `repr`, log line or error can show it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    env: str | None = None
    file: Path | None = None
    command: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(source is not None for source in (self.env, self.file, self.command)) != 1:
            raise ValueError(
                'a secret is given by exactly one of env, file or command, e.g. { env = "BOTHWAYS_CRM_TOKEN" }'
            )
        return self

    def read(self) -> str:
        """The secret's value, without surrounding white space. Raises ConfigError that names the source, never the value."""
        value = self._fetch().strip()
        if not value:
            raise ConfigError(
                f"The secret from {self.describe()} is empty.", remedy="Set it, then run the command again."
            )
        _SEEN.add(value)
        return value

    def describe(self) -> str:
        """The source in words."""
        if self.env is not None:
            return f"environment variable {self.env}"
        return f"file {self.file}" if self.file is not None else f"command {(self.command or ('',))[0]}"

    def _fetch(self) -> str:
        if self.env is not None:
            value = os.environ.get(self.env)
            if value is None:
                raise ConfigError(
                    f"Environment variable {self.env} is not set.",
                    remedy="Set it to the secret, then run the command again.",
                )
            return value
        if self.file is not None:
            try:
                return self.file.read_text(encoding="utf-8")
            except OSError as error:
                raise ConfigError(
                    f"Secret file {self.file} cannot be read ({error.strerror}).",
                    remedy="Check the path and its permissions.",
                ) from None
        try:
            done = subprocess.run(list(self.command or ()), capture_output=True, text=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired):
            raise ConfigError(
                f"The secret's {self.describe()} could not be run.", remedy="Check crm.auth in the settings."
            ) from None
        if done.returncode != 0:
            raise ConfigError(
                f"The secret's {self.describe()} ended with code {done.returncode}.",
                remedy="Run it by hand to see why.",
            )
        return done.stdout


def remember(value: str) -> None:
    """Adds a value that was obtained at run time (an access token) to those that `redact` hides."""
    if len(value) >= 8:
        _SEEN.add(value)


def redact(text: str) -> str:
    """The text with every secret seen so far replaced by `[secret]`."""
    for value in sorted(_SEEN, key=len, reverse=True):
        text = text.replace(value, "[secret]")
    return text
