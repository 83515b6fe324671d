"""Fewer runs of the garbage collector while answers are read: JSON holds no cycles, and looking for them costs as much
as reading it.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_THRESHOLDS = 50_000, 20, 50
_lock = threading.Lock()
_before: list[tuple[int, int, int]] = []
_inside = 0


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Within it, in any thread, the collector looks for cycles once in 50,000 new objects; afterwards as before."""
    global _inside  # noqa: PLW0603
    with _lock:
        if _inside == 0:
            _before[:] = [gc.get_threshold()]
            gc.set_threshold(*_THRESHOLDS)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                gc.set_threshold(*_before.pop())
