"""Files that are whole or not there: written beside, flushed to the disk, then renamed into place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path


def make_dir(path: Path) -> Path:
    """Makes a folder, and those above it that are missing, that only its owner can enter."""
    for missing in reversed([folder for folder in (path, *path.parents) if not folder.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)  # `parents=True` would give those above the rights of the umask
    return path


def put(path: Path, write: Callable[[Path], None]) -> int:
    """Lets `write` fill a file and puts it at `path` durably; returns its size. A crash leaves the old file or the new."""
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
