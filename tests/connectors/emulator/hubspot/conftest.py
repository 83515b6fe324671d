"""A portal on a real socket, and a client that shares nothing with any connector."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.emulator.hubspot.app import HubSpotEmulator
from connectors.emulator.organisation.model import Organisation, demo_organisation
from connectors.emulator.server.http import EmulatorServer

NOW = datetime(2026, 11, 1, tzinfo=UTC)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.time = NOW.timestamp()

    def __call__(self) -> float:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += seconds


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Portal:
    """A running emulator, its clock, and calls over its socket."""

    app: HubSpotEmulator
    server: EmulatorServer
    clock: Clock
    headers: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        sent = {"Authorization": f"Bearer {self.app.token}", "Content-Type": "application/json", **(headers or {})}
        payload = body if isinstance(body, (str, bytes, type(None))) else json.dumps(body)
        connection.request(method, path, payload, {k: v for k, v in sent.items() if v})
        answer = connection.getresponse()
        read = Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        connection.close()
        return read

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status == 200, answer.body
        return answer.json

    def post(self, path: str, body: Any, status: int = 200) -> Any:
        answer = self.call("POST", path, body)
        assert answer.status == status, answer.body
        return answer.json if answer.body else None

    def id(self, stream: str, key: str) -> str:
        return self.app.ids[stream][key]

    def company_ids(self, count: int) -> list[str]:
        return [one["id"] for one in self.get(f"/crm/v3/objects/companies?limit={count}")["results"]]


@pytest.fixture(scope="session")
def organisation() -> Organisation:
    return demo_organisation(accounts=30, now=NOW)


@pytest.fixture
def make_portal(organisation: Organisation) -> Iterator[Callable[..., Portal]]:
    with ExitStack() as stack:

        def make(**arguments: Any) -> Portal:
            clock = Clock()
            given = {"rate_limits": False, "clock": clock, **arguments}
            app = HubSpotEmulator(organisation, **given)
            return Portal(app, stack.enter_context(EmulatorServer(app)), clock)

        yield make


@pytest.fixture
def portal(make_portal: Callable[..., Portal]) -> Portal:
    return make_portal()
