"""Near real time, whole: what changes in the portal is delivered, marked, read again, and scored by the very next
sync.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
import urllib3

from config.daemon import WebhookSettings
from connectors.emulator.organisation.model import demo_organisation
from sync.daemon.http_server import Listener
from sync.daemon.webhook_receiver import BODY, Receiver, StateFile
from sync.options import workspace_of
from sync.pull.rereads import Marks
from sync.registry import connect_webhooks

PUBLIC, OBJECTS = "https://hooks.example.com/bothways", "/crm/objects/2026-03"


@dataclass
class Heard:
    """A portal that delivers to our receiver."""

    line: Any
    state: StateFile
    receiver: Receiver
    pool: urllib3.PoolManager

    def call(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self.line.server.app.token}"}
        answer = self.pool.request(method, self.line.server.url + path, body=orjson.dumps(body), headers=headers)
        assert answer.status < 300, answer.data
        return orjson.loads(answer.data or b"null")

    def delivered(self) -> int:
        """Waits until all that happened was delivered; gives how many records are marked."""
        assert self.call("POST", "/__emulator__/webhooks/flush")["waiting"] == 0
        return Marks(self.state.get(), "hubspot").count()

    def scored(self, result: Any, stream: str) -> dict[str, dict[str, Any]]:
        return {row["id"]: row for row in pq.read_table(result.scores_dir / f"{stream}.parquet").to_pylist()}


@pytest.fixture
def heard(line: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Heard]:
    monkeypatch.setenv("CLIENT_SECRET", "the-apps-own-secret")
    portal = line("hubspot", profile="essential", org=demo_organisation(7, 16, activities_per_account=12))
    hooks = WebhookSettings.model_validate({"public_url": PUBLIC, "client_secret": {"env": "CLIENT_SECRET"}})
    settings = portal.settings.model_copy(update={"webhooks": hooks})
    state = StateFile(workspace_of(settings))
    receiver = Receiver(connect_webhooks(settings), state, "hubspot")
    with (
        Listener(receiver, "127.0.0.1", 0, body=BODY, name="webhooks") as door,
        urllib3.PoolManager() as pool,
        closing(state),
    ):
        made = Heard(portal, state, receiver, pool)
        target = {"url": f"http://127.0.0.1:{door.port}/", "secret": "the-apps-own-secret", "public": PUBLIC}
        made.call("POST", "/__emulator__/webhooks", {**target, "duplicates": True, "shuffle": True, "app": 77})
        yield made
        made.call("DELETE", "/__emulator__/webhooks")


@pytest.mark.slow
def test_a_silent_change_is_scored_by_the_next_sync(heard: Heard) -> None:
    """A deal moves to another company, which bumps no stamp of the deal."""
    portal, now = heard.line, datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=30)
    first = portal.sync(now)
    assert heard.delivered() == 0  # our own writes came back, and marked nothing
    assert heard.receiver.counts()[1]["own"] > 2 * first.written  # some properties each, delivered twice

    deals = portal.server.app.records("opportunities")
    accounts = [portal.vendor_id("accounts", f"A{n:06d}") for n in (2, 3)]
    before = heard.scored(first, "opportunities")
    moved = next(one["id"] for one in deals if before[one["id"]]["account_id"] not in accounts)
    old = before[moved]["account_id"]
    heard.call("DELETE", f"/crm/v4/objects/deals/{moved}/associations/companies/{old}")
    heard.call("PUT", f"{OBJECTS}/deals/{moved}/associations/default/companies/{accounts[0]}")
    assert heard.delivered() == 3  # the deal and both companies
    second = portal.sync(now)
    assert heard.scored(second, "opportunities")[moved]["account_id"] == accounts[0]
    assert second.api_calls["read"] <= 40
    assert heard.delivered() == 0
    assert portal.sync(now).written == 0


@pytest.mark.slow
def test_what_the_search_index_does_not_show_yet_is_read_by_id(heard: Heard) -> None:
    portal, now = heard.line, datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=30)
    first = portal.sync(now)
    portal.server.app.behaviours.index_lag = 3600
    lost, kept, gone = (portal.vendor_id("accounts", f"A{n:06d}") for n in (2, 3, 4))
    heard.call("PATCH", f"{OBJECTS}/companies/{kept}", {"properties": {"name": "Renamed Ltd"}})
    heard.call("POST", f"{OBJECTS}/companies/merge", {"primaryObjectId": kept, "objectIdToMerge": lost})
    heard.call("DELETE", f"{OBJECTS}/companies/{gone}")
    assert heard.delivered() >= 4
    second = portal.sync(now, accept=True)
    told, names = heard.scored(second, "accounts"), {kept, lost, gone}
    assert len(told) == first.scored["accounts"] - 2
    assert not names & set(told) or names & set(told) == {kept}
    assert [row["name"] for row in told.values()].count("Renamed Ltd") == 1
    assert second.exit_code == 0
