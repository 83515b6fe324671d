"""Places where a test may kill this process as if the power had gone: `BOTHWAYS_FAILPOINT=name:n`, on the n-th hit.

Does nothing unless the variable is set, so that the very code that ships is what the tests kill.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter

FAILPOINTS: tuple[str, ...] = (
    "pull.landed",  # a part is on disk, its cursor is not committed
    "pull.committed",  # its cursor is
    "pull.done",
    "normalized",
    "scored",
    "plan.committed",
    "batch.unknown",  # journalled as unknown, not sent
    "batch.sent",  # the CRM has answered, the answer is not journalled
    "batch.confirmed",
    "run.end",  # everything is written, the run is not marked finished
)

_hits: Counter[str] = Counter()
_lock = threading.Lock()


def failpoint(name: str) -> None:
    """SIGKILLs this process when `BOTHWAYS_FAILPOINT` names this point and this is the hit it asks for."""
    wanted = os.environ.get("BOTHWAYS_FAILPOINT")
    if not wanted:
        return
    with _lock:
        _hits[name] += 1
        hits = _hits[name]
    point, _, number = wanted.partition(":")
    if point == name and hits == int(number or 1):
        os.kill(os.getpid(), signal.SIGKILL)
