"""The daemon as a process: syncs, health pages and webhooks over real sockets, and how it ends at a signal."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Any

import orjson
import pytest
import urllib3

from config import settings as config_settings
from connectors.emulator.organisation.model import demo_organisation
from connectors.emulator.server.http import EmulatorServer
from connectors.errors import ConfigError
from enrichment.fields import fields
from sync.cli.daemon import daemon
from sync.onboarding.demo import build_emulator, write_demo_settings
from sync.registry import connect

PUBLIC = "https://hooks.example.com/bothways"


@dataclass
class Process:
    """A daemon that runs."""

    server: EmulatorServer
    running: subprocess.Popen[str]
    said: Queue[str]
    """Messages of the log, in order."""
    printed: Queue[str]
    """Lines of the standard output, in order."""

    def hears(self, pattern: str) -> re.Match[str]:
        """Waits for a message."""
        while True:
            found = re.search(pattern, self.said.get(timeout=120))
            if found:
                return found

    def syncs(self) -> str:
        """Waits for the end of the next sync; gives what it says of it."""
        told = ""
        while ", run " not in told:
            line = self.printed.get(timeout=120)
            if told or line.startswith("Done"):
                told += line
        return told

    def page(self, address: str, path: str) -> tuple[int, str]:
        with urllib3.PoolManager() as pool:
            answer = pool.request("GET", f"http://{address}{path}", retries=False)
        return answer.status, answer.data.decode()

    def call(self, method: str, path: str, body: object = None) -> None:
        headers = {"Authorization": f"Bearer {self.server.app.token}"}
        with urllib3.PoolManager() as pool:
            answer = pool.request(method, self.server.url + path, body=orjson.dumps(body), headers=headers)
        assert answer.status < 300, answer.data

    def ends(self, number: signal.Signals) -> int:
        self.running.send_signal(number)
        return self.running.wait(timeout=60)


def _listen(stream: Any, said: Queue[str]) -> None:
    for line in stream:
        said.put(str(json.loads(line)["message"]) if line.startswith("{") else line)


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Process]]:
    """Starts a daemon against an emulated portal that has our properties."""
    with ExitStack() as stack:
        organisation = demo_organisation(7, 10, activities_per_account=8)
        server = stack.enter_context(build_emulator("hubspot", organisation, limits=False))
        path = write_demo_settings("hubspot", server.url, organisation, tmp_path)
        path.write_text(
            path.read_text()
            + f'\n[webhooks]\npublic_url = "{PUBLIC}"\nclient_secret = {{ env = "CLIENT_SECRET" }}\n'
            + 'listen = "127.0.0.1:0"\nrun_after_minutes = 0.001\n'
        )
        environment = {**os.environ, "BOTHWAYS_CRM_TOKEN": server.app.token, "CLIENT_SECRET": "secret-of-the-app"}
        command = [sys.executable, "-c", "from sync.cli.app import main; main()"]
        monkeypatch.setenv("BOTHWAYS_CRM_TOKEN", server.app.token)
        with closing(connect(config_settings.load(path))) as connector:
            connector.provision(fields("essential"))

        def start(*words: str) -> Process:
            running = subprocess.Popen(
                [*command, "daemon", *words, "--config", str(path)],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(running)
            stack.callback(running.kill)
            said, printed = Queue[str](), Queue[str]()
            for stream, lines in ((running.stderr, said), (running.stdout, printed)):
                threading.Thread(target=_listen, args=(stream, lines), daemon=True).start()
            return Process(server, running, said, printed)

        yield start


@pytest.mark.slow
def test_it_syncs_serves_its_pages_and_runs_early_for_a_webhook(started):
    process = started("--every", "6h", "--webhooks", "--health", "127.0.0.1:0")
    door = process.hears(r"received at (\S+)\.$")[1]
    pages = process.hears(r"are at http://(\S+)/\.$")[1]
    assert process.page(pages, "/readyz")[0] == 200
    first = process.syncs()
    assert re.search(r" ([1-9]\d*) updated", first)
    status, told = process.page(pages, "/healthz")
    assert status == 200
    assert json.loads(told)["status"] == "ok"

    target = {"url": f"http://{door}/", "secret": "secret-of-the-app", "public": PUBLIC, "app": 77}
    process.call("POST", "/__emulator__/webhooks", target)
    company = process.server.app.ids["accounts"]["A000003"]
    process.call("PATCH", f"/crm/objects/2026-03/companies/{company}", {"properties": {"bothways_stance": "maintain"}})
    process.call("POST", "/__emulator__/webhooks/flush")  # a property of ours: no run for that
    process.call("PATCH", f"/crm/objects/2026-03/companies/{company}", {"properties": {"name": "Renamed"}})
    assert "1 record had been edited" in process.syncs()

    status, metrics = process.page(pages, "/metrics")
    assert status == 200
    for name in ("last_success_timestamp_seconds", "score_age_seconds", 'records{crm="hubspot"', "daemon_healthy 1.0"):
        assert f"bothways_{name}" in metrics
    assert 'bothways_webhook_events_total{outcome="own"}' in metrics
    assert process.ends(signal.SIGTERM) == 143


@pytest.mark.slow
def test_a_signal_in_the_middle_of_a_sync_ends_it_cleanly(started):
    process = started()
    process.server.faults.add({"match": {"path": "emails"}, "kind": "stall", "seconds": 1, "times": None})
    process.hears(r"^pull")
    assert process.ends(signal.SIGTERM) == 143
    process.server.faults.clear()
    again = started()
    assert " updated" in again.syncs()
    assert again.ends(signal.SIGINT) == 130


@pytest.mark.slow
def test_what_a_person_must_mend_is_told_and_does_not_end_it(started, tmp_path):
    (tmp_path / "model.toml").rename(tmp_path / "model.away")
    process = started("--health", "127.0.0.1:0")
    pages = process.hears(r"are at http://(\S+)/\.$")[1]
    process.hears("model.toml does not exist")
    process.hears("ended with exit code 2. The next one is at")
    status, told = process.page(pages, "/healthz")
    assert (status, json.loads(told)["last_exit_code"]) == (503, 2)
    assert process.page(pages, "/readyz")[0] == 200
    assert process.ends(signal.SIGTERM) == 143


@pytest.mark.slow
def test_a_sync_that_hangs_is_cut_off(started):
    """An answer that never comes would hold the run for its whole limit of two minutes."""
    process = started()
    process.server.faults.add({"match": {"path": "companies"}, "kind": "stall", "seconds": 90, "times": None})
    process.hears(r"^pull")
    assert process.ends(signal.SIGTERM) == 143
    process.server.faults.clear()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"every": "10"}, "not a length of time"),
        ({"every": "0h"}, "too often"),
        ({"health": "0.0.0.0:9464"}, "no loopback address"),
        ({"health": "nowhere"}, "no loopback address"),
        ({"webhooks": True}, "from HubSpot only"),
    ],
)
def test_what_cannot_be_is_refused_at_the_start(tmp_path, asked, message):
    (tmp_path / "bothways.toml").write_text('[crm]\nkind = "files"\ninput = "."\n')
    with pytest.raises(ConfigError, match=message):
        daemon(str(tmp_path / "bothways.toml"), **asked)


def test_webhooks_need_an_address_and_a_secret(tmp_path, monkeypatch):
    text = '[crm]\nkind = "hubspot"\nauth = { method = "token", token = { env = "T" } }\n[webhooks]\n'
    address, secret = f'public_url = "{PUBLIC}"\n', 'client_secret = { env = "CLIENT_SECRET" }\n'
    for given, message in (
        (secret, "public_url is not set"),
        (address, "client_secret is not set"),
        (address + secret, "CLIENT_SECRET"),
    ):
        (tmp_path / "bothways.toml").write_text(text + given)
        with pytest.raises(ConfigError, match=message):
            daemon(str(tmp_path / "bothways.toml"), webhooks=True)
