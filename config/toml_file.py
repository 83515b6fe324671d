"""Reads a TOML file of bounded size and depth."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from connectors.errors import ConfigError

_DEEP = re.compile(r"(?<![\w\"'-])(?:[\w\"'-]{1,100}\.){64}")
_MOST = 2_000_000
"""Characters of a file of settings, of a model or a mapping."""


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
