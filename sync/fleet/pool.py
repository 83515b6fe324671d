"""Runs a command for every member, a few at a time, each in a process of its own: what breaks one, breaks one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from typing import Any

from sync.errors import ending
from sync.fleet.members import Member

PROGRAM = (sys.executable, "-c", "from sync.cli.app import main; main()")
_LOOK = 0.2
"""Seconds between looks at whether a run was asked to stop."""
COUNTS = ("changed", "written", "rejected", "deferred", "dead_letters")


@dataclass(frozen=True, slots=True)
class Ended:
    """How one member's run ended. `calls` are API calls; counts are 0 where it did not get so far."""

    name: str
    code: int
    seconds: float
    error: str = ""
    calls: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))

    @property
    def meaning(self) -> str:
        return ending(self.code).meaning


@dataclass(frozen=True, slots=True)
class FleetResult:
    """All members that were run, in the order in which they ended, and the names of those that the stop left out."""

    ended: tuple[Ended, ...]
    left: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0 when every member succeeded; the code of one that needs a person; else 8 where one may succeed later; else
        7.
        """
        codes = [one.code for one in self.ended]
        waiting_for_a_person = sorted(code for code in codes if ending(code).needs_a_person)
        if waiting_for_a_person:
            return waiting_for_a_person[0]
        if any(ending(code).failure for code in codes):
            return 8
        return 7 if self.left or any(not ending(code).success for code in codes) else 0

    def to_json(self) -> dict[str, Any]:
        """One JSON object; the totals are sums over the members."""
        total = {name: sum(one.counts[name] for one in self.ended) for name in COUNTS}
        return {
            "schema": 1,
            "exit_code": self.exit_code,
            "members": [{**asdict(one), "meaning": one.meaning} for one in self.ended],
            "left": list(self.left),
            "total": {**total, "calls": sum(one.calls for one in self.ended)},
        }


def run_fleet(
    members: Sequence[Member],
    words: Sequence[str],
    stop: threading.Event,
    *,
    parallel: int = 4,
    tell: Callable[[Ended], None] = lambda _: None,
) -> FleetResult:
    """Runs `bothways WORDS --config FILE --json` for each member, at most `parallel` at a time, in the given order.

    When `stop` is set no further run begins, and those under way are asked to end (SIGTERM); each then ends cleanly and
    is resumed by its next run. Raises nothing for what goes wrong with a member.
    """
    done: list[Ended] = []
    waiting = iter(members)
    with ThreadPoolExecutor(parallel) as pool:
        running = {pool.submit(_run, member, words, stop) for member in _some(waiting, parallel)}
        while running:
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                done.append(_told(future, tell))
                if not stop.is_set():
                    running |= {pool.submit(_run, member, words, stop) for member in _some(waiting, 1)}
    return FleetResult(tuple(done), tuple(member.name for member in waiting))


def _some(members: Iterator[Member], count: int) -> list[Member]:
    return [member for _, member in zip(range(count), members, strict=False)]


def _told(future: Future[Ended], tell: Callable[[Ended], None]) -> Ended:
    ended = future.result()
    tell(ended)
    return ended


def _run(member: Member, words: Sequence[str], stop: threading.Event) -> Ended:
    if member.settings is None:
        return Ended(member.name, 2, 0.0, member.trouble)
    began = time.monotonic()
    command = [*PROGRAM, *words, "--config", str(member.config.resolve()), "--json"]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        out, error = _wait(process, stop)
    seconds = round(time.monotonic() - began, 1)
    code = process.returncode if process.returncode >= 0 else 128 - process.returncode
    try:
        result = json.loads(out)
    except ValueError:
        return Ended(member.name, code, seconds, error.strip().rpartition("\n")[2])
    broken = result.get("error") or ""
    message = broken.get("message", "") if isinstance(broken, dict) else str(broken)
    calls = result.get("api_calls", {})
    return Ended(
        member.name,
        code,
        seconds,
        message,
        calls.get("read", 0) + calls.get("write", 0),
        {name: result.get(name, 0) for name in COUNTS},
    )


def _wait(process: subprocess.Popen[str], stop: threading.Event) -> tuple[str, str]:
    asked = False
    while True:
        try:
            return process.communicate(timeout=_LOOK)
        except subprocess.TimeoutExpired:
            if stop.is_set() and not asked:
                asked = True
                process.send_signal(signal.SIGTERM)
