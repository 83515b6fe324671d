"""Alerts and heartbeats: who must know hears of it, and nothing that goes wrong with that can fail a run.

A heartbeat address is asked with `/start` when a run begins, as it is when it succeeded, and with `/fail` when it
failed (as healthchecks.io and those like it want it). An incoming webhook gets `{"text": ...}` (Slack, Mattermost,
Rocket.Chat and others take that). Both addresses are secrets. No names of customers and no words of the CRM are sent.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from connectors.errors import ConfigError
from connectors.http.addresses import address as http_address
from connectors.secrets import Secret
from sync.errors import ending
from sync.observe.last_outcome import Outcome
from sync.system import logs
from sync.system.times import parse_time

if TYPE_CHECKING:
    from config.sections import NotifySettings
    from sync.result import RunResult

SECONDS = 10.0
"""The longest that one alert may take, headers and body."""


class Notifier:
    """Sends what the settings ask for. No method raises for what goes wrong on the way; a warning in the log says
    so.
    """

    def __init__(self, settings: NotifySettings, crm: str) -> None:
        self._settings, self._crm = settings, crm

    def started(self) -> None:
        """A run begins."""
        self._beat("/start")

    def ended(self, code: int, before: Outcome | None, result: RunResult | None) -> bool:
        """A run ended; returns whether an alert went out. The same failure is told again after `repeat_hours` only."""
        if not (ending(code).success or ending(code).failure):
            return False
        self._beat("" if ending(code).success else "/fail")
        text = self._alert(code, before, result)
        return text is not None and self._post(text)

    def summary(self, lines: list[str]) -> bool:
        """Sends a message that is no alert; returns whether it went out."""
        return self._post("\n".join(lines))

    def _alert(self, code: int, before: Outcome | None, result: RunResult | None) -> str | None:
        wanted, events = self._settings.on, {5: "brake", 0: "recovery"}
        event = events.get(code, "failure")
        if event not in wanted:
            return None
        if code == 0:
            if before is None or not ending(before.exit_code).failure:
                return None
            return f":white_check_mark: bothways ({self._crm}): recovered. {_counts(result)}".rstrip()
        if before is not None and before.exit_code == code and before.alerted_at:
            again = parse_time(before.alerted_at) + timedelta(hours=self._settings.repeat_hours)
            if datetime.now(UTC) < again:
                return None
        mark = ":octagonal_sign:" if code == 5 else ":warning:"
        said = f"{mark} bothways ({self._crm}): {ending(code).meaning} (exit code {code}). {_counts(result)}"
        return f"{said.rstrip()} Look at `bothways status`."

    def _beat(self, suffix: str) -> None:
        if self._settings.heartbeat is not None:
            self._send("heartbeat", self._settings.heartbeat, suffix, None)

    def _post(self, text: str) -> bool:
        return self._settings.webhook is not None and self._send("webhook", self._settings.webhook, "", {"text": text})

    def _send(self, what: str, address: Secret, suffix: str, body: dict[str, str] | None) -> bool:
        import requests
        from requests.adapters import HTTPAdapter

        from connectors.http.deadline import Deadline, watch_connections, within

        try:
            try:
                url = http_address(address.read())
            except ValueError as error:
                raise ConfigError(f"the address from {address.describe()} {error}") from None
            with requests.Session() as session, within(Deadline(SECONDS)):
                for scheme in ("https://", "http://"):
                    adapter = HTTPAdapter(max_retries=0)
                    watch_connections(adapter.poolmanager)
                    session.mount(scheme, adapter)
                session.trust_env = not url.loopback
                answer = session.post(
                    url.origin + _with(url.path, suffix),
                    json=body,
                    timeout=(SECONDS / 2, SECONDS),
                    allow_redirects=False,
                    stream=True,
                )
                if answer.status_code < 300:
                    return True
                why = f"HTTP {answer.status_code}"
        except (requests.RequestException, ConfigError, OSError, ValueError) as error:
            # Not the error's own words: those of requests hold the address, which is the secret.
            why = str(error) if isinstance(error, ConfigError) else type(error).__name__
        logs.write("warning", f"The {what} of [notify] could not be told: {why}. The run is not affected.")
        return False


def _with(path: str, suffix: str) -> str:
    """The path with a suffix, before a query if there is one."""
    before, question, query = path.partition("?")
    return before.rstrip("/") + suffix + question + query


def _counts(result: RunResult | None) -> str:
    if result is None:
        return ""
    parts = {name: getattr(result, name) for name in ("written", "unchanged", "rejected", "deferred")}
    return ", ".join(f"{count:,} {name}" for name, count in parts.items() if count or name == "written") + "."
