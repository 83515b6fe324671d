"""Standard streams that cannot break a run: what nobody reads any more is dropped, what was closed leads nowhere.

A dropped ssh connection, a restarted logger or a full log disk is no reason to stop syncing, and the exit code must be
that of the work. A closed descriptor would be given to the next file that is opened, and a stray print would land in
it.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_NOBODY = frozenset({errno.EPIPE, errno.ESHUTDOWN, errno.ECONNRESET})


class _Forgiving(io.FileIO):
    """A descriptor whose writes are dropped once they fail: any failure for logs, a reader that is gone for results."""

    def __init__(self, descriptor: int, *, everything: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._everything, self._gone = everything, False

    def write(self, data: ReadableBuffer, /) -> int:
        if not self._gone:
            try:
                return super().write(data) or 0
            except OSError as error:
                if not self._everything and error.errno not in _NOBODY:
                    raise
                self._gone = True
        return memoryview(data).nbytes


def make_robust() -> None:
    """From now on this process has three open streams, and writing to one that nobody reads is no error."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free, which is this one
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115  for as long as the process lives
    sys.stdout = _text(1, "strict", everything=False)
    sys.stderr = _text(2, "backslashreplace", everything=True)


def _text(descriptor: int, errors: str, *, everything: bool) -> io.TextIOWrapper:
    before = sys.stdout if descriptor == 1 else sys.stderr
    if before is not None:
        before.flush()
    raw = _Forgiving(descriptor, everything=everything)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=getattr(before, "encoding", None) or "utf-8",
        errors=getattr(before, "errors", None) or errors,
        line_buffering=everything or raw.isatty(),
        write_through=everything,
    )
