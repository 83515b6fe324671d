"""The emulated portal delivers what changes in it, signed as HubSpot signs it; checked with HubSpot's own library."""

from __future__ import annotations

import http.server
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
import urllib3
from hubspot.utils.signature import Signature

from connectors.emulator.hubspot.app import HubSpotEmulator
from connectors.emulator.organisation.model import demo_organisation
from connectors.emulator.server.http import EmulatorServer

SECRET, PUBLIC = "app-client-secret", "https://hooks.example.com/a%3Ab?x=%20y"
SIGNED = "https://hooks.example.com/a:b?x=%20y"


@dataclass
class Listener:
    """Notes deliveries that are signed; answers `status`."""

    port: int = 0
    status: int = 200
    batches: list[list[dict[str, Any]]] = field(default_factory=list)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for batch in self.batches for event in batch]


@pytest.fixture
def listener() -> Iterator[Listener]:
    heard = Listener()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            stamp = self.headers["X-HubSpot-Request-Timestamp"]
            assert Signature.is_valid(self.headers["X-HubSpot-Signature-v3"], SECRET, body, SIGNED, "POST", "v3", stamp)
            heard.batches.append(orjson.loads(body))
            self.send_response(heard.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        heard.port = server.server_address[1]
        yield heard
        server.shutdown()
        thread.join()


@dataclass
class Portal:
    server: EmulatorServer
    pool: urllib3.PoolManager
    listener: Listener

    def call(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self.server.app.token}"}
        answer = self.pool.request(method, self.server.url + path, body=orjson.dumps(body), headers=headers)
        assert answer.status < 300, answer.data
        return orjson.loads(answer.data or b"null")

    def subscribe(self, **more: Any) -> None:
        target = {"url": f"http://127.0.0.1:{self.listener.port}/hook", "secret": SECRET, "public": PUBLIC, **more}
        assert self.call("POST", "/__emulator__/webhooks", target) == {}

    def flush(self) -> dict[str, int]:
        return self.call("POST", "/__emulator__/webhooks/flush")  # type: ignore[no-any-return]

    def id_of(self, stream: str, number: int = 0) -> int:
        return int(list(self.server.app.ids[stream].values())[number])  # type: ignore[attr-defined]


@pytest.fixture
def portal(listener: Listener) -> Iterator[Portal]:
    app = HubSpotEmulator(demo_organisation(7, 6, activities_per_account=2), rate_limits=False)
    with EmulatorServer(app) as server, urllib3.PoolManager() as pool:
        yield Portal(server, pool, listener)
        pool.request("DELETE", server.url + "/__emulator__/webhooks")


def test_every_kind_of_change_is_an_event(portal, listener):
    portal.subscribe()
    company, other, deal = portal.id_of("accounts"), portal.id_of("accounts", 1), portal.id_of("opportunities")
    person = portal.id_of("people")
    made = portal.call("POST", "/crm/v3/objects/companies", {"properties": {"name": "New"}})
    portal.call("PATCH", f"/crm/v3/objects/companies/{company}", {"properties": {"name": "A", "city": "B"}})
    portal.call("PATCH", f"/crm/v3/objects/companies/{company}", {"properties": {"name": "A"}})  # as it was
    portal.call("DELETE", f"/crm/v3/objects/companies/{made['id']}")
    portal.call("PUT", f"/crm/v4/objects/deals/{deal}/associations/default/contacts/{person}")
    portal.call("DELETE", f"/crm/v4/objects/deals/{deal}/associations/contacts/{person}")
    portal.call("POST", "/crm/v3/objects/companies/merge", {"primaryObjectId": company, "objectIdToMerge": other})
    portal.call("POST", "/crm/v3/objects/contacts/gdpr-delete", {"objectId": person})
    assert portal.flush() == {"delivered": 11, "waiting": 0, "dropped": 0}

    kinds = [event["subscriptionType"] for event in listener.events]
    assert kinds == [
        "company.creation",
        "company.propertyChange",
        "company.propertyChange",
        "company.deletion",
        "deal.associationChange",
        "contact.associationChange",
        "deal.associationChange",
        "contact.associationChange",
        "company.merge",
        "contact.privacyDeletion",
        "contact.deletion",
    ]
    changed = listener.events[1]
    assert (changed["propertyName"], changed["propertyValue"], changed["attemptNumber"]) == ("city", "B", 0)
    linked, back, unlinked = (listener.events[n] for n in (4, 5, 6))
    assert (linked["associationType"], linked["fromObjectId"], linked["toObjectId"]) == (
        "DEAL_TO_CONTACT",
        deal,
        person,
    )
    assert (back["associationType"], back["fromObjectId"]) == ("CONTACT_TO_DEAL", person)
    assert (linked["associationRemoved"], unlinked["associationRemoved"]) == (False, True)
    merge = listener.events[8]
    assert (merge["primaryObjectId"], merge["mergedObjectIds"]) == (company, [other])
    assert merge["newObjectId"] not in (company, other)
    assert len({event["eventId"] for event in listener.events}) == 11


def test_generic_events_name_the_type_and_cover_every_object(portal, listener):
    portal.subscribe(generic=True)
    call = portal.call("POST", "/crm/v3/objects/calls", {"properties": {"hs_timestamp": "2026-01-01T00:00:00Z"}})
    portal.flush()
    assert [(e["subscriptionType"], e["objectTypeId"], e["objectId"]) for e in listener.events] == [
        ("object.creation", "0-48", int(call["id"]))
    ]


def test_batches_are_of_a_hundred_and_may_come_twice_and_mixed(portal, listener):
    portal.subscribe(duplicates=True, shuffle=True)
    for start in (0, 100, 200):
        inputs = [{"properties": {"name": f"New {start + n}"}} for n in range(100)]
        portal.call("POST", "/crm/v3/objects/companies/batch/create", {"inputs": inputs})
    assert portal.flush()["delivered"] == 300
    assert max(len(batch) for batch in listener.batches) <= 100
    times = Counter(event["eventId"] for event in listener.events)
    assert set(times.values()) == {2}
    assert len(times) == 300
    assert [e["eventId"] for e in listener.events] != sorted(e["eventId"] for e in listener.events)


def test_what_was_not_taken_comes_again(portal, listener):
    portal.subscribe()
    listener.status = 503
    portal.call("POST", "/crm/v3/objects/companies", {"properties": {"name": "New"}})
    assert portal.flush()["waiting"] == 1
    listener.status = 200
    assert portal.flush() == {"delivered": 1, "waiting": 0, "dropped": 0}
    attempts = [event["attemptNumber"] for event in listener.events]
    assert attempts == sorted(attempts)
    assert attempts[-1] >= 1


@pytest.mark.parametrize(
    "body",
    [None, [], {}, {"url": "http://example.com/", "secret": "x"}, {"url": "http://127.0.0.1/", "secret": "x", "y": 1}],
)
def test_a_target_that_is_none_is_refused(portal, body):
    answer = portal.pool.request("POST", portal.server.url + "/__emulator__/webhooks", body=orjson.dumps(body))
    assert answer.status == 400
