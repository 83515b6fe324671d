"""Secrets by reference: from a command, a file, the environment, systemd or the keyring; never in the settings
themselves.
"""

from __future__ import annotations

import os
import re
import stat
import subprocess
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from connectors.errors import ConfigError
from connectors.redaction import redact, remember

__all__ = ["Secret", "redact", "remember"]

_SOURCES = ("env", "file", "command", "credential", "keyring")
_CONTAINER = Path("/run/secrets")
"""Where container runtimes mount secrets, with rights that the program cannot choose, in a mount of its own."""
_COMMAND_SECONDS = 60


class Secret(BaseModel):
    """Where a secret is. Exactly one of `env` (a variable's name), `file` (a path, readable by its owner only),
    `command` (a list of words), `credential` (a name of systemd's LoadCredential) and `keyring` ("service/user"; needs
    the extra).

    `read()` fetches it anew each time, so a rotated secret needs no restart. The value is never part of the model, so
    no `repr`, log line or error can show it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    env: str | None = None
    file: Path | None = None
    command: tuple[str, ...] | None = None
    credential: str | None = None
    keyring: str | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(getattr(self, source) is not None for source in _SOURCES) != 1:
            raise ValueError(
                f'a secret is given by exactly one of {", ".join(_SOURCES)}, e.g. {{ env = "BOTHWAYS_CRM_TOKEN" }}'
            )
        # Whoever pastes the secret itself must not find it in the message that refuses it.
        if self.env is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,127}", self.env):
            raise ValueError("env is the name of an environment variable, not the secret itself")
        if self.credential is not None and not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", self.credential):
            raise ValueError("credential is a name, as given to LoadCredential=")
        if self.command is not None and not self.command:
            raise ValueError('command is a list of words, e.g. ["op", "read", "op://crm/token"]')
        if self.keyring is not None and "/" not in self.keyring.strip("/"):
            raise ValueError('keyring is "service/user"')
        return self

    def read(self) -> str:
        """The secret's value, without surrounding white space. Raises ConfigError that names the source, never the
        value.
        """
        value = self._fetch().strip()
        if not value:
            raise ConfigError(
                f"The secret from {self.describe()} is empty.", remedy="Set it, then run the command again."
            )
        remember(value)
        return value

    def read_token(self) -> str:
        """As `read`, for a token or password that is sent in a header: one line of plain characters. Raises
        ConfigError.
        """
        value = self.read()
        if not (value.isascii() and value.isprintable()) or " " in value:
            raise ConfigError(
                f"The secret from {self.describe()} is not a token: it holds blanks, line ends or other characters.",
                remedy="Put the token alone there, without quotes or further lines.",
            )
        return value

    def describe(self) -> str:
        """The source in words."""
        if self.env is not None:
            return f"environment variable {self.env}"
        if self.file is not None:
            return f"file {self.file}"
        if self.credential is not None:
            return f"systemd credential {self.credential}"
        return f"keyring entry {self.keyring}" if self.keyring is not None else f"command {(self.command or ('',))[0]}"

    def _fetch(self) -> str:
        if self.env is not None:
            return _from_environment(self.env)
        if self.file is not None:
            return _from_file(self.file, checked=not self.file.is_relative_to(_CONTAINER))
        if self.credential is not None:
            return _from_systemd(self.credential)
        return _from_keyring(self.keyring) if self.keyring is not None else self._from_command()

    def _from_command(self) -> str:
        try:
            done = subprocess.run(
                list(self.command or ()),
                capture_output=True,
                text=True,
                timeout=_COMMAND_SECONDS,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except UnicodeDecodeError:
            raise ConfigError(
                f"The secret's {self.describe()} printed something that is not text.",
                remedy="Make it print the secret alone.",
            ) from None
        except (OSError, ValueError, subprocess.TimeoutExpired):
            raise ConfigError(
                f"The secret's {self.describe()} could not be run.", remedy="Check where the settings name it."
            ) from None
        if done.returncode != 0:
            raise ConfigError(
                f"The secret's {self.describe()} ended with code {done.returncode}.",
                remedy="Run it by hand to see why.",
            )
        return done.stdout


def _from_environment(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise ConfigError(
            f"Environment variable {name} is not set.", remedy="Set it to the secret, then run the command again."
        )
    return value


def _from_file(path: Path, *, checked: bool) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)  # of what is open: the name may change hands meanwhile
            if checked and mode & 0o077:
                raise ConfigError(
                    f"Secret file {path} can be read by others (mode {mode:04o}).", remedy=f"Run: chmod 600 {path}"
                )
            return file.read()
    except OSError as error:
        raise ConfigError(
            f"Secret file {path} cannot be read ({error.strerror}).", remedy="Check the path and its permissions."
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"Secret file {path} is not text.", remedy="Put the secret alone into it.") from None


def _from_systemd(name: str) -> str:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise ConfigError(
            f"There are no systemd credentials to find {name} in: CREDENTIALS_DIRECTORY is not set.",
            remedy=f"Put LoadCredential={name}:/path/of/the/secret into the unit; by hand use env, file or command.",
        )
    return _from_file(Path(folder) / name, checked=False)  # systemd gives access by rule; the mode shows its mask


def _from_keyring(entry: str) -> str:
    service, _, user = entry.rpartition("/")
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise ConfigError(
            "The keyring needs an extra.", remedy="Install it with: pip install 'bothways[keyring]'"
        ) from None
    try:
        value = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise ConfigError(
            f"The keyring cannot be asked ({type(error).__name__}).",
            remedy="A machine without a desktop has none: use a file, the environment or a command.",
        ) from None
    if value is None:
        raise ConfigError(f"The keyring has no entry {entry}.", remedy=f"Make it with: keyring set {service} {user}")
    return str(value)
