"""What a disk holds after the power went: everything that was flushed, and of the rest whatever chance left.

The calls that a process made to change files are read from an strace log (`-f -y -xx -s 1000000`) and played upon a
model of a journalling file system: bytes of a file are safe once that file was flushed, names once any folder was
flushed afterwards; names that were not are kept up to some moment, bytes that were not each by themselves, in whole
sectors.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CALLS = "openat,pwrite64,write,ftruncate,fsync,fdatasync,rename,unlink,unlinkat,mkdir,rmdir"
STRACE = ("-y", "-xx", "-s", "1000000", "-e", f"trace={CALLS}")
SECTOR = 512

_LINE = re.compile(r"^\d+ +(\w+)\((.*)$")
_FD = re.compile(r"^\w+<([^>]*)>")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True)
class Call:
    """One change: `path` is what it is done to; `to` the new name of a rename."""

    kind: str
    path: str
    to: str = ""
    offset: int | None = None
    data: bytes = b""


def calls(log: Path, root: Path) -> list[Call]:
    """The changes of files under a folder, in the order they were asked for."""
    found = []
    with log.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            call = _call(line)
            if call is not None and call.path.startswith(str(root)):
                found.append(call)
    return found


def _call(line: str) -> Call | None:
    matched = _LINE.match(line)
    if matched is None or " = -1 E" in line[-120:]:
        return None
    kind, rest = matched.groups()
    texts = [_bytes(text) for text in _TEXT.findall(rest)]
    names = [text.decode(errors="replace") for text in texts]
    if kind == "openat":
        return (
            Call("truncate", names[0], offset=0)
            if "O_TRUNC" in rest
            else Call("open", names[0])
            if "O_CREAT" in rest
            else None
        )
    if kind in ("rename", "unlink", "mkdir", "rmdir"):
        return Call("unlink" if kind == "rmdir" else kind, names[0], *names[1:])
    fd = _FD.match(rest)
    at = _bytes(fd.group(1)).decode(errors="replace") if fd else ""
    if kind == "unlinkat":
        return Call("unlink", names[0] if names[0].startswith("/") else f"{at}/{names[0]}")
    if kind in ("fsync", "fdatasync"):
        return Call("flush", at)
    if kind == "ftruncate":
        return Call("truncate", at, offset=int(rest.split(", ")[1].split(")")[0].split()[0]))
    offset = int(rest.rsplit(", ", 1)[1].split(")")[0].split()[0]) if kind == "pwrite64" else None
    return Call("write", at, offset=offset, data=texts[0])


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", "")) if text.startswith("\\x") else text.encode()


@dataclass
class _File:
    safe: bytearray = field(default_factory=bytearray)
    seen: bytearray = field(default_factory=bytearray)
    pending: list[Call] = field(default_factory=list)

    def do(self, call: Call) -> None:
        offset = len(self.seen) if call.offset is None else call.offset
        done = Call(call.kind, call.path, offset=offset, data=call.data)
        _apply(self.seen, done)
        self.pending.append(done)

    def flush(self) -> None:
        self.safe, self.pending = bytearray(self.seen), []


class Disk:
    """A disk with a cache that forgets. Begins empty, or with files that are safe."""

    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        self._now = {path: _File(bytearray(data), bytearray(data)) for path, data in (files or {}).items()}
        self._names: list[dict[str, _File]] = [dict(self._now)]
        """As they were after each change of names since a folder was last flushed."""

    def do(self, call: Call) -> None:
        """A change as the running program sees it."""
        if call.kind in ("open", "truncate", "write") and call.path not in self._now:
            self._now[call.path] = _File()
            self._names.append(dict(self._now))
        if call.kind in ("truncate", "write"):
            self._now[call.path].do(call)
        elif call.kind in ("rename", "unlink"):
            self._rename(call)
        elif call.kind == "flush" and call.path in self._now:
            self._now[call.path].flush()
        elif call.kind == "flush":
            self._names = [dict(self._now)]

    def _rename(self, call: Call) -> None:
        for path in [p for p in self._now if p == call.path or p.startswith(call.path + "/")]:
            moved = self._now.pop(path)
            if call.kind == "rename":
                self._now[call.to + path.removeprefix(call.path)] = moved
        self._names.append(dict(self._now))

    def after_a_loss(self, dice: random.Random) -> Iterator[tuple[str, bytes]]:
        """Each file and its bytes when the machine starts again."""
        for path, file in dice.choice(self._names).items():
            data = bytearray(file.safe)
            for call in file.pending:
                if dice.random() < 0.5:
                    _apply(data, _torn(call, dice))
            yield path, bytes(data)

    def as_seen(self, path: str) -> bytes:
        """The bytes of a file as the running program sees it."""
        return bytes(self._now[path].seen)


def _torn(call: Call, dice: random.Random) -> Call:
    if call.kind != "write" or len(call.data) <= SECTOR or dice.random() < 0.7:
        return call
    kept = SECTOR * dice.randrange(1, 1 + len(call.data) // SECTOR)
    return Call(call.kind, call.path, offset=call.offset, data=call.data[:kept])


def _apply(data: bytearray, call: Call) -> None:
    offset = call.offset or 0
    if len(data) < offset:
        data.extend(b"\0" * (offset - len(data)))
    if call.kind == "truncate":
        del data[offset:]
    else:
        data[offset : offset + len(call.data)] = call.data
