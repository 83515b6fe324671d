"""What the workspace is kept on: SQLite's locks do not hold on network storage, so a state must not be there."""

from __future__ import annotations

import shutil
from pathlib import Path

from connectors.base import Finding

NETWORK = frozenset(
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "afs",
        "ncpfs",
        "9p",
        "ceph",
        "fuse.ceph",
        "glusterfs",
        "fuse.glusterfs",
        "lustre",
        "gpfs",
        "beegfs",
        "gfs2",
        "ocfs2",
        "fuse.sshfs",
        "fuse.s3fs",
        "fuse.gcsfuse",
        "fuse.blobfuse2",
        "fuse.rclone",
        "fuse.davfs",
        "davfs",
        "virtiofs",
    ]
)
"""Types of file systems that several machines may have open at once, as Linux names them."""
_LEAST_FREE = 200 * 1024 * 1024
"""Bytes. A run of a small organisation needs far less; below this something else is filling the disk."""
_MOUNTS = Path("/proc/self/mountinfo")


def file_system(path: Path, mounts: Path = _MOUNTS) -> str | None:
    """The type of the file system that a path (which need not exist yet) is on; None where the system does not tell."""
    if not mounts.exists():
        return None
    wanted, longest, kind = path.resolve(), -1, None
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        before, _, after = line.partition(" - ")
        point = Path(before.split(" ")[4].encode().decode("unicode_escape"))  # blanks are written as \040
        # Of two mounts on one point the later one is seen.
        if wanted.is_relative_to(point) and len(point.parts) >= longest:
            longest, kind = len(point.parts), after.split(" ")[0]
    return kind


def findings(workspace: Path, state_url: str | None, mounts: Path = _MOUNTS) -> tuple[Finding, ...]:
    """Whether the workspace can be kept where it is."""
    kind = file_system(workspace, mounts)
    problems = []
    if state_url is None and kind in NETWORK:
        problems.append(
            Finding(
                "fail",
                "workspace",
                f"{workspace} is on network storage ({kind}), where SQLite's locks do not hold.",
                "Set workspace.dir to a local disk, or workspace.state_url to a PostgreSQL database.",
            )
        )
    there = next(p for p in (workspace.resolve(), *workspace.resolve().parents) if p.exists())
    free = shutil.disk_usage(there).free
    if free < _LEAST_FREE:
        problems.append(
            Finding("warn", "workspace", f"{workspace} has {free / 1e6:.0f} MB left.", "Free some space on its disk.")
        )
    return tuple(problems) or (Finding("ok", "workspace", f"{workspace} ({kind or 'unknown'} file system)"),)
