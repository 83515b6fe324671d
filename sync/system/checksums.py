"""Checksums of files, so that one that was changed on the disk is not taken for what was written.

A folder carries them in `SHA256SUMS`, in the format of coreutils: `sha256sum -c SHA256SUMS` checks it too.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

SUMS = "SHA256SUMS"
_known: dict[tuple[str, int, int, int], str] = {}
"""Of files that this process has read or written, by name, inode, size and time of change."""
_MOST_KNOWN = 10_000


def of(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal; read once in a process as long as the file is not changed. Raises
    OSError.
    """
    status = path.stat()
    key = (str(path), status.st_ino, status.st_size, status.st_mtime_ns)
    if key not in _known:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        with path.open("rb") as file:
            _known[key] = hashlib.file_digest(file, "sha256").hexdigest()
    return _known[key]


def forget() -> None:
    """From now on every file is read again: a disk can change one without a trace in its times."""
    _known.clear()


def holds(path: Path, sha256: str | None) -> bool:
    """Whether the file is there and is the one that the checksum was taken of."""
    try:
        return sha256 is not None and of(path) == sha256
    except OSError:
        return False


def seal_folder(folder: Path) -> None:
    """Writes the checksums of all files of a folder into it; before it is moved to its place."""
    lines = [f"{of(path)}  {path.name}\n" for path in sorted(folder.iterdir()) if path.is_file() and path.name != SUMS]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")
    (folder / SUMS).chmod(0o600)


def folder_holds(folder: Path) -> bool:
    """Whether every file of a folder is as it was written, and none is missing. One without `SHA256SUMS`, of an earlier
    release, cannot be judged: it holds as long as it is there."""
    if not (folder / SUMS).exists():
        return folder.is_dir()
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return False
    files = {path.name for path in folder.iterdir()} - {SUMS}
    named = [line.split("  ", 1) for line in lines]
    return (
        all(len(parts) == 2 for parts in named)
        and files == {name for _, name in named}
        and all(holds(folder / name, digest) for digest, name in named)
    )
