"""How far a run is: a live line on a terminal, plain lines otherwise, nothing when quiet."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from connectors.redaction import redact
from sync.console.output import Output
from sync.system.logs import printable

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

PLAIN_EVERY = 30.0
"""Seconds between plain lines while a stage is under way."""


class PlainProgress:
    """One line a stage, and one every PLAIN_EVERY seconds within it."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._rows: Counter[str] = Counter()
        self._last = time.monotonic()

    def stage(self, name: str) -> None:
        self._rows.clear()
        self._output.note(f"{name} ...")
        self._last = time.monotonic()

    def advance(self, stream: str, rows: int) -> None:
        self._rows[stream] += rows
        if time.monotonic() - self._last >= PLAIN_EVERY:
            self._last = time.monotonic()
            self._output.note("  " + ", ".join(f"{name} {count:,}" for name, count in sorted(self._rows.items())))

    def note(self, text: str) -> None:
        self._output.note(text)


class LiveProgress:
    """A spinner with the counts of the stage under way."""

    def __init__(self, display: RichProgress) -> None:
        self._display = display
        self._rows: Counter[str] = Counter()
        self._task = display.add_task("starting", total=None)

    def stage(self, name: str) -> None:
        self._rows.clear()
        self._display.update(self._task, description=name)

    def advance(self, stream: str, rows: int) -> None:
        self._rows[stream] += rows
        self._display.update(self._task, description=f"{stream} {self._rows[stream]:,}")

    def note(self, text: str) -> None:
        self._display.console.print(printable(redact(text)), markup=False, highlight=False)


@contextmanager
def progress_for(output: Output) -> Iterator[PlainProgress | LiveProgress]:
    """The display that fits: live on a terminal's stderr, plain lines otherwise."""
    if output.quiet or not sys.stderr.isatty():
        yield PlainProgress(output)
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as display:
        yield LiveProgress(display)
