"""Secrets that a server replaces while we run: the new one must survive this process, for the old one may be used
up.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from connectors.errors import ConfigError
from connectors.secrets import Secret, remember


def keep(source: Secret, value: str) -> bool:
    """Puts the value where the secret comes from; False when that is no file and cannot be written.

    Raises ConfigError when the file cannot be replaced.
    """
    remember(value)
    if source.file is None:
        return False
    try:
        _replace(source.file, value)
    except OSError as error:
        raise ConfigError(
            f"Secret file {source.file} cannot be replaced ({error.strerror}), and what it holds is used up.",
            remedy="Let this user write the file and its directory, then connect the app to the account again.",
        ) from None
    return True


def _replace(path: Path, text: str) -> None:
    """Writes the file so that a kill leaves either the old content or the new, readable by its owner only."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)
