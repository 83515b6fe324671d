"""Puts the daemon together: the syncs in a thread, the pages and the receiver beside it, signals in the main thread."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

import sqlalchemy as sa

from config import settings as config_settings
from config.daemon import split_address
from config.settings import Settings
from connectors.errors import BothwaysError, ConfigError
from sync.console.output import Output
from sync.console.results import show_result
from sync.daemon.daemon import Daemon, Standing
from sync.daemon.health import Health, Sources
from sync.daemon.http_server import Listener
from sync.daemon.timetable import Agenda
from sync.daemon.webhook_receiver import BODY, Receiver, StateFile
from sync.execute import connected
from sync.observe.hooks import observed
from sync.observe.metrics import figures_of
from sync.options import options_from, workspace_of
from sync.pull.rereads import Marks
from sync.registry import connect_webhooks
from sync.run import run_sync
from sync.state.run_queries import rows_of
from sync.state.tables import runs
from sync.system import logs
from sync.system.signals import EXIT_CODES
from sync.system.times import parse_time

GRACE = 7.0
"""Seconds that a sync under way has, after a signal, to end at its next page or batch; then the process ends as it is,
which is no worse than a power cut: the next sync goes on from there."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for."""

    config: Path
    settings: Settings
    every: timedelta
    health: str | None
    webhooks: bool


def serve(asked: Asked, output: Output) -> int:
    """Runs until a signal; gives the exit code. Raises ConfigError when an address is taken or a setting is missing."""
    with ExitStack() as stack:
        state = StateFile(workspace_of(asked.settings)) if asked.webhooks else None
        if state is not None:
            stack.callback(state.close)
        early = asked.settings.webhooks.run_after if asked.webhooks else None
        agenda = Agenda.after(_last_began(asked.settings), datetime.now(UTC), asked.every, early)
        crm = asked.settings.crm.kind
        daemon = Daemon(_Pass(asked.config, output), agenda, waiting=lambda: _marks(state, crm), after=_tell)
        receiver, door = None, None
        if state is not None:
            receiver = Receiver(connect_webhooks(asked.settings), state, crm, marked=daemon.marked)
            host, port = split_address(asked.settings.webhooks.listen)
            hosts = asked.settings.webhooks.all_hosts
            door = stack.enter_context(Listener(receiver, host, port, body=BODY, name="webhooks", hosts=hosts))
            logs.write("info", f"Webhooks are received at {door.host}:{door.port}.")
        if asked.health is not None:
            sources = Sources(
                daemon.standing, lambda: figures_of(asked.settings), asked.every, lambda: _marks(state, crm)
            )
            if receiver is not None and door is not None:
                sources = replace(sources, heard=receiver.counts, listening=lambda: door.alive)
            host, port = split_address(asked.health)
            pages = stack.enter_context(Listener(Health(sources), host, port, body=0, name="health"))
            logs.write("info", f"Health and metrics are at http://{pages.host}:{pages.port}/.")
        logs.write("info", f"A sync every {asked.every}, the next at {daemon.standing().next_at:%Y-%m-%d %H:%M} UTC.")
        return _until_signalled(daemon)


class _Pass:
    """One sync, as `bothways sync` runs it. The settings are read anew each time: what a person mends holds from the
    next one on.
    """

    def __init__(self, config: Path, output: Output) -> None:
        self._config, self._output = config, output

    def __call__(self, stop: threading.Event) -> int:
        from sync.console.exit import ended

        return ended(lambda: self._once(stop), self._output)

    def _once(self, stop: threading.Event) -> int:
        settings = config_settings.load(self._config)
        options = replace(options_from(settings), stop=stop)
        with observed(settings) as seen:
            result = seen.result = connected(run_sync, settings, options, self._output, settings.sync.max_runtime)
        show_result(self._output, result)
        if result.error:
            self._output.error(result.error, "", result.exit_code)
        return result.exit_code


def _tell(standing: Standing) -> None:
    level = "warning" if standing.waits_for_a_person else "info"
    ended = f"The sync ended with exit code {standing.code}. " if standing.code else ""
    logs.write(level, f"{ended}The next one is at {standing.next_at:%Y-%m-%d %H:%M} UTC.")


def _last_began(settings: Settings) -> datetime | None:
    """When the last sync began that ended well; None when there is none, or the state tells nothing."""
    query = sa.select(sa.func.max(runs.c.started_at)).where(
        (runs.c.crm == settings.crm.kind) & (runs.c.kind == "sync") & (runs.c.status == "finished")
    )
    try:
        newest = rows_of(settings, query)
    except ConfigError:  # no workspace yet
        return None
    return parse_time(newest[0][0]) if newest and newest[0][0] else None


def _marks(state: StateFile | None, crm: str) -> int:
    """How many records are marked; 0 when that cannot be told now."""
    try:
        return Marks(state.get(), crm).count() if state is not None else 0
    except (BothwaysError, sa.exc.SQLAlchemyError, OSError) as error:
        logs.write("warning", f"The marks cannot be counted: {str(error).splitlines()[0]}")
        return 0


def _until_signalled(daemon: Daemon) -> int:
    """The syncs have a thread of their own, so that a signal is heard whatever a sync is at."""
    received: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        del frame
        if received:  # asked twice: at once
            os._exit(EXIT_CODES[signal.Signals(number)])
        received.append(number)

    before = {number: signal.signal(number, handle) for number in EXIT_CODES}
    thread = threading.Thread(target=daemon.run, name="syncs", daemon=True)
    thread.start()
    try:
        while thread.is_alive() and not received:
            thread.join(0.25)
        daemon.stop()
        thread.join(GRACE)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    code = EXIT_CODES[signal.Signals(received[0])] if received else 1  # 1: a defect ended the thread, and is in the log
    if thread.is_alive():
        logs.write("warning", "The sync under way did not end in time and is cut off; the next one goes on from there.")
        os._exit(code)
    return code
