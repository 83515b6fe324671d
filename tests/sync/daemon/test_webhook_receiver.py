"""The webhook receiver over a real socket: nothing is answered 200 before its marks are durable, nothing else marks
anything.
"""

from __future__ import annotations

import multiprocessing
import random
import signal
import socket
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import receive_once
import urllib3
from hubspot.utils.signature import Signature

from sync.daemon.http_server import Listener
from sync.daemon.webhook_receiver import BODY, Receiver, StateFile
from sync.options import Workspace
from sync.pull.rereads import Marks
from sync.state import flags as holds
from sync.state.database import open_state

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def deal(number: int, kind: str = "deal.propertyChange", **more: Any) -> dict[str, Any]:
    return {"subscriptionType": kind, "objectId": number, "propertyName": "amount", "appId": 4, "portalId": 3, **more}


def signed(body: bytes, at: datetime = NOW) -> dict[str, str]:
    stamp = str(int(at.timestamp() * 1000))
    made = Signature.get_signature(receive_once.CLIENT_SECRET, body.decode(), "v3", receive_once.URL, "POST", stamp)
    return {"X-HubSpot-Signature-v3": made, "X-HubSpot-Request-Timestamp": stamp, "Content-Type": "application/json"}


@dataclass
class Door:
    """A receiver that listens."""

    workspace: Path
    receiver: Receiver
    state: StateFile
    port: int
    pool: urllib3.PoolManager
    marked: list[int]

    def post(self, body: bytes, headers: dict[str, str] | None = None, method: str = "POST") -> int:
        url = f"http://127.0.0.1:{self.port}/any/path"
        return self.pool.request(method, url, body=body, headers=headers or signed(body), retries=False).status

    def deliver(self, *events: Any, at: datetime = NOW) -> int:
        body = orjson.dumps(list(events))
        return self.post(body, signed(body, at))

    def marks(self) -> set[tuple[str, str]]:
        return marks_in(self.workspace)


def marks_in(workspace: Path) -> set[tuple[str, str]]:
    with closing(open_state(workspace)) as state:
        found = Marks(state, "hubspot").now()
    return {(stream, record) for stream in found.tokens for record in found.ids(stream)}


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    marked: list[int] = []
    made, state = receive_once.receiver(tmp_path, clock=lambda: NOW, marked=lambda: marked.append(1))
    with (
        Listener(made, "127.0.0.1", 0, body=BODY, name="webhooks") as listener,
        urllib3.PoolManager(maxsize=10) as pool,
        closing(state),
    ):
        yield Door(tmp_path, made, state, listener.port, pool, marked)


def test_a_genuine_delivery_marks_and_is_answered_200(door):
    assert (
        door.deliver(deal(5), deal(6, "deal.deletion"), deal(7, "contact.creation"), deal(8, "product.creation")) == 200
    )
    assert door.marks() == {("opportunities", "5"), ("opportunities", "6"), ("people", "7")}
    assert door.marked == [1]
    assert door.receiver.counts() == ({"200": 1}, {"marked": 3, "other": 1})


def test_the_same_again_late_and_out_of_order_changes_nothing(door):
    events = [deal(n, attemptNumber=n) for n in range(1, 9)]
    for seed in range(4):
        random.Random(seed).shuffle(events)
        assert door.deliver(*events, *events[:3], at=NOW + timedelta(seconds=seed * 60)) == 200
    assert door.marks() == {("opportunities", str(n)) for n in range(1, 9)}


def test_a_contact_erased_for_privacy_is_kept_out_from_that_moment(door):
    """HubSpot Developer Changelog, "Webhooks now support privacy-compliant contact deletions": the deletion comes as an
    event of its own besides the usual one, in any order."""
    assert (
        door.deliver(deal(9, "contact.deletion"), deal(9, "contact.privacyDeletion"), deal(8, "contact.deletion"))
        == 200
    )
    assert door.marks() == {("people", "9"), ("people", "8")}
    with closing(open_state(door.workspace)) as state:
        assert holds.kept_out(state, "hubspot", "people") == {holds.digest("9")}


def test_our_own_writes_and_unknown_kinds_mark_nothing_and_are_answered_200(door):
    assert door.deliver(deal(5, propertyName="bothways_deal_stance"), deal(6, "deal.somethingNew"), {}) == 200
    assert door.deliver() == 200
    assert (door.marks(), door.marked) == (set(), [])
    assert door.receiver.counts() == ({"200": 2}, {"own": 1, "other": 2})


def test_what_is_not_genuine_is_refused_and_marks_nothing(door):
    body = orjson.dumps([deal(5)])
    good = signed(body)
    assert door.post(body + b" ", good) == 401
    assert door.post(body, {**good, "X-HubSpot-Signature-v3": "x"}) == 401
    assert door.post(body, {"Content-Type": "application/json"}) == 401
    assert door.deliver(deal(5), at=NOW - timedelta(minutes=6)) == 401
    assert door.deliver(deal(5), at=NOW + timedelta(minutes=6)) == 401
    assert (door.marks(), door.receiver.counts()[0]) == (set(), {"401": 5})


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"[1]", b'[{"a":NaN}]', b"null"])
def test_genuine_garbage_is_a_400_and_marks_nothing(door, body):
    assert door.post(body) == 400
    assert door.marks() == set()


def test_only_post_is_taken(door):
    body = orjson.dumps([deal(5)])
    assert [door.post(body, signed(body), method) for method in ("GET", "PUT", "DELETE")] == [405, 405, 405]
    assert door.marks() == set()


def test_a_huge_body_is_refused_without_being_read(door):
    body = b"[" + b" " * BODY + b"]"
    assert door.post(body) == 413
    with socket.create_connection(("127.0.0.1", door.port)) as raw:
        raw.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n[")
        assert b" 413 " in raw.recv(200)
    with socket.create_connection(("127.0.0.1", door.port)) as raw:
        raw.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 70_000 + b"\r\n\r\n")
        assert b" 431 " in raw.recv(200)
    assert door.deliver(deal(5)) == 200
    assert door.marks() == {("opportunities", "5")}


def test_ten_deliveries_at_once_are_all_kept_and_are_no_news(door, caplog):
    with ThreadPoolExecutor(10) as pool:
        sent = [pool.submit(door.deliver, *(deal(n * 7 + k) for k in range(1, 15))) for n in range(40)]
        assert {one.result() for one in sent} == {200}
    assert door.marks() == {("opportunities", str(n)) for n in range(1, 39 * 7 + 15)}
    assert caplog.records == []


def test_a_state_that_cannot_be_written_is_a_503_so_that_the_delivery_comes_again(door, monkeypatch):
    door.deliver(deal(1))
    with closing(sqlite3.connect(door.workspace / "state.sqlite")) as other:
        other.execute("create trigger full before insert on marks begin select raise(fail, 'disk full'); end")
        other.commit()
        assert door.deliver(deal(5)) == 503
        other.execute("drop trigger full")
        other.commit()
    assert door.deliver(deal(5)) == 200
    assert door.marks() == {("opportunities", "1"), ("opportunities", "5")}


def test_marks_go_to_the_new_state_when_a_run_has_replaced_a_damaged_one(door):
    assert door.deliver(deal(1)) == 200
    (door.workspace / "state.sqlite").rename(door.workspace / "state.sqlite.corrupt-1")
    assert door.deliver(deal(5)) == 200
    assert door.marks() == {("opportunities", "5")}


PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["sync.daemon.webhook_receiver", "connectors.hubspot.webhooks.reader", "waitress.server"]
)


@pytest.mark.parametrize(("point", "kept"), [("delivery.read", set()), ("delivery.kept", {("opportunities", "5")})])
def test_killed_before_its_answer_a_delivery_is_kept_or_comes_again(tmp_path, point, kept):
    """No answer is no 200: HubSpot sends it again, whether or not the marks were there already."""
    here, there = PROCESSES.Pipe()
    process = PROCESSES.Process(target=receive_once.main, args=(tmp_path, point, there))
    process.start()
    port, body = here.recv(), orjson.dumps([deal(5)])
    with urllib3.PoolManager() as pool, pytest.raises(urllib3.exceptions.ProtocolError):
        pool.request(
            "POST", f"http://127.0.0.1:{port}/", body=body, headers=signed(body, datetime.now(UTC)), retries=False
        )
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    process.close()
    assert marks_in(tmp_path) == kept


def test_a_request_that_drips_is_ended_whatever_its_pace(door, monkeypatch):
    """Each byte resets the time of silence; the whole request has a time of its own, headers and body alike."""
    monkeypatch.setattr("sync.daemon.http_server.REQUEST", 0.6)
    starts = [
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900\r\n\r\n",
    ]
    for start in starts:
        with socket.create_connection(("127.0.0.1", door.port)) as raw:
            raw.sendall(start)
            raw.settimeout(0.1)
            while True:
                try:
                    raw.sendall(b"x")
                    if raw.recv(100) == b"":
                        break
                except TimeoutError:
                    continue
                except OSError:
                    break
    assert door.deliver(deal(5)) == 200


def test_many_slow_connections_do_not_keep_a_genuine_delivery_out(door):
    slow = []
    try:
        for _ in range(140):
            raw = socket.create_connection(("127.0.0.1", door.port))
            raw.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
            slow.append(raw)
        assert [door.deliver(deal(n)) for n in range(1, 6)] == [200] * 5
    finally:
        for raw in slow:
            raw.close()
    assert door.marks() == {("opportunities", str(n)) for n in range(1, 6)}


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:99", 200),
        ("[::1]", 200),
        ("hooks.example.com", 200),
        ("Hooks.Example.Com:443", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("127.0.0.1@evil.example", 421),
        ("", 421),
        ("a b", 421),
    ],
)
def test_a_page_that_leads_its_own_name_here_is_turned_away(tmp_path, host, status):
    """DNS rebinding: a browser on this machine would ask loopback under the name of somebody else's page."""
    made, state = receive_once.receiver(tmp_path, clock=lambda: NOW, marked=lambda: None)
    body = orjson.dumps([deal(5)])
    known = ["hooks.example.com"]
    with (
        closing(state),
        Listener(made, "127.0.0.1", 0, body=BODY, name="webhooks", hosts=known) as listener,
        urllib3.PoolManager() as pool,
    ):
        headers = {**signed(body), "Host": host}
        url = f"http://127.0.0.1:{listener.port}/"
        found = pool.request("POST", url, body=body, headers=headers, retries=False).status
    assert found == status
    assert bool(marks_in(tmp_path)) == (status == 200)


@pytest.mark.parametrize(
    ("listen", "fine"), [("127.0.0.1:1", True), ("[::1]:1", True), ("0.0.0.0:1", False), ("10.0.0.1:1", False)]
)
def test_beyond_this_machine_only_when_asked_to(listen, fine):
    from pydantic import ValidationError

    from config.daemon import WebhookSettings

    assert WebhookSettings(listen=listen, public=True).listen == listen
    if fine:
        assert WebhookSettings(listen=listen).listen == listen
    else:
        with pytest.raises(ValidationError, match="public = true"):
            WebhookSettings(listen=listen)


def test_the_address_that_is_taken_is_named(door):
    from connectors.errors import ConfigError

    with pytest.raises(ConfigError, match=f"127.0.0.1:{door.port} for health is in use"):
        Listener(door.receiver, "127.0.0.1", door.port, body=0, name="health")


def test_a_workspace_is_begun_by_the_first_delivery(tmp_path):
    with closing(StateFile(Workspace(tmp_path / "new"))) as state:
        assert Marks(state.get(), "hubspot").count() == 0
