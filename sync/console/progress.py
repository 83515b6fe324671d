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
    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

_STAGES = {
    "pull": "Reading the CRM",
    "land": "Putting records in order",
    "enrich": "Scoring",
    "diff": "Comparing with the CRM",
    "write": "Writing to the CRM",
}
PLAIN_EVERY = 30.0
"""Seconds between plain lines while a stage is under way."""


class PlainProgress:
    """One line a stage, and one every PLAIN_EVERY seconds within it."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._rows: Counter[str] = Counter()
        self._expected: dict[str, int] = {}
        self._last = time.monotonic()

    def stage(self, name: str) -> None:
        self._rows.clear()
        self._expected.clear()
        self._output.note(f"{name} ...")
        self._last = time.monotonic()

    def expect(self, stream: str, rows: int) -> None:
        self._expected[stream] = rows

    def advance(self, stream: str, rows: int) -> None:
        self._rows[stream] += rows
        if time.monotonic() - self._last >= PLAIN_EVERY:
            self._last = time.monotonic()
            done = (f"{name} {_of(count, self._expected.get(name))}" for name, count in sorted(self._rows.items()))
            self._output.note("  " + ", ".join(done))

    def note(self, text: str) -> None:
        self._output.note(text)


class LiveProgress:
    """The stage under way, and a line for each stream with its count: a bar and the time left where it is known how
    much there is.
    """

    def __init__(self, display: RichProgress) -> None:
        self._display = display
        self._rows: Counter[str] = Counter()
        self._expected: dict[str, int] = {}
        self._tasks: dict[str, TaskID] = {}
        self._stage = display.add_task("starting", total=None, count="")

    def stage(self, name: str) -> None:
        for task in self._tasks.values():
            self._display.remove_task(task)
        for kept in (self._rows, self._expected, self._tasks):
            kept.clear()
        self._display.update(self._stage, description=_STAGES.get(name, name))

    def expect(self, stream: str, rows: int) -> None:
        self._expected[stream] = rows
        self._shown(stream)

    def advance(self, stream: str, rows: int) -> None:
        self._rows[stream] += rows
        self._shown(stream)

    def note(self, text: str) -> None:
        self._display.console.print(printable(redact(text)), markup=False, highlight=False)

    def _shown(self, stream: str) -> None:
        done, expected = self._rows[stream], self._expected.get(stream)
        if stream not in self._tasks:
            self._tasks[stream] = self._display.add_task(f"  {stream.replace('_', ' ')}", total=None, count="")
        total = None if expected is None else max(expected, done)  # records come in while we read
        self._display.update(self._tasks[stream], completed=done, total=total, count=_of(done, total))


def _of(done: int, expected: int | None) -> str:
    return f"{done:,}" if expected is None else f"{done:,} of {max(expected, done):,}"


@contextmanager
def progress_for(output: Output) -> Iterator[PlainProgress | LiveProgress]:
    """The display that fits: live on a terminal's stderr, plain lines otherwise."""
    if output.quiet or not sys.stderr.isatty():
        yield PlainProgress(output)
        return
    from rich.console import Console

    with display_on(Console(stderr=True)) as display:
        yield LiveProgress(display)


def display_on(console: Console) -> RichProgress:
    """Spinner, name, bar, count, time passed and time left."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[count]}", markup=False, justify="right"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
