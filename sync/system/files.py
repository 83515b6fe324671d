"""Files that are whole or not there: written beside, flushed to the disk, then renamed into place."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

from connectors.errors import ConfigError, FatalError


def make_dir(path: Path) -> Path:
    """Makes a folder, and those above it that are missing, that only its owner can enter."""
    for missing in reversed([folder for folder in (path, *path.parents) if not folder.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)  # `parents=True` would give those above the rights of the umask
    return path


def put(path: Path, write: Callable[[Path], None]) -> int:
    """Lets `write` fill a file and puts it at `path` durably; returns its size. A crash leaves the old file or the
    new.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    write(temporary)
    os.chmod(temporary, 0o600)
    with temporary.open("rb") as handle:
        os.fsync(handle.fileno())
        size = os.fstat(handle.fileno()).st_size
    temporary.replace(path)
    sync_dir(path.parent)
    return size


def sync_dir(path: Path) -> None:
    """Makes the names in a folder durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def flush(folder: Path) -> None:
    """Makes the bytes of every file in a folder durable."""
    for path in folder.iterdir():
        with path.open("rb") as handle:
            os.fsync(handle.fileno())


def replace_dir(temporary: Path, final: Path) -> None:
    """Puts a finished folder in the place of an old one. Not atomic: only for what can be made again; what must not be
    found torn after a power loss is to be flushed before."""
    if final.exists():
        shutil.rmtree(final)
    temporary.rename(final)
    sync_dir(final.parent)


def check_output(path: Path) -> None:
    """Raises ConfigError when a file that a person asked for cannot be made: to be called before the work."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        status = None
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.", remedy="Name another file.") from None
    if status is not None and not stat.S_ISREG(status.st_mode):
        kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISLNK, "a link"))
        what = next((words for test, words in kinds if test(status.st_mode)), "no ordinary file")
        raise ConfigError(f"{path} is {what}; it is not replaced.", remedy="Name a file.")
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not above.is_dir():
        raise ConfigError(f"{above} is not a folder.", remedy="Name a file in a folder.")


def put_output(path: Path, write: Callable[[Path], None]) -> Path:
    """Lets `write` fill a file that a person asked for: whole or not at all, for its owner only; nothing else is left
    behind.

    Raises ConfigError for a folder, a link or a device, FatalError when the disk refuses it.
    """
    check_output(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.", remedy="Name another file.") from None
    os.close(handle)
    part = Path(name)
    try:
        write(part)
        part.replace(path)
    except OSError as error:
        raise FatalError(
            f"{path} cannot be written: {error.strerror or error}.", remedy="Free some space, or name another file."
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return path
