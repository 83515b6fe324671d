"""The sender of webhooks: what changes in the portal is posted to an app's address, in batches, signed (version 3).

Written from developers.hubspot.com, "Webhooks" and "Validating requests". Delivery is at least once and in no order:
`duplicates` sends every batch twice, `shuffle` mixes events. What is not answered with 2xx within five seconds stays
and is sent again at the next flush, its attemptNumber one higher, ten times at most.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import random
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from connectors.emulator.hubspot.schema.objects import PRIMARY, ObjectType
from connectors.emulator.hubspot.store.portal import Portal
from connectors.emulator.hubspot.wire import APP_ID, PORTAL_ID, Json

BATCH, SECONDS, ATTEMPTS = 100, 5.0, 10
_OLD_STYLE = {"contacts", "companies", "deals", "tickets", "products", "line_items"}
_UNESCAPED = {
    "%3A": ":",
    "%2F": "/",
    "%3F": "?",
    "%40": "@",
    "%21": "!",
    "%24": "$",
    "%27": "'",
    "%28": "(",
    "%29": ")",
    "%2A": "*",
    "%2C": ",",
    "%3B": ";",
}


@dataclass(frozen=True, slots=True)
class Target:
    """Where and how to deliver. `public` is the address that is signed; `generic`: events of the new kind
    (`object.merge`); `app` is whose subscription it is.
    """

    url: str
    secret: str
    public: str
    app: int = APP_ID
    generic: bool = False
    duplicates: bool = False
    shuffle: bool = False
    batch: int = BATCH

    @classmethod
    def of(cls, given: Any) -> Target:
        """From the body of a request. Raises ValueError."""
        if (
            not isinstance(given, dict)
            or not isinstance(given.get("url"), str)
            or not isinstance(given.get("secret"), str)
        ):
            raise ValueError("url and secret are needed")
        if urlsplit(given["url"]).hostname not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("an emulated portal calls loopback only")
        unknown = set(given) - set(cls.__slots__)
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        return cls(**{"public": given["url"], **given})


@dataclass(slots=True)
class Sender:
    """Delivers what it was told, from a thread of its own."""

    target: Target
    seed: int = 0
    delivered: int = 0
    dropped: int = 0
    _waiting: deque[Json] = field(default_factory=deque)
    _failed: list[Json] = field(default_factory=list)
    _state: threading.Condition = field(default_factory=threading.Condition)
    _busy: bool = False
    _closed: bool = False
    _made: int = 0

    def start(self) -> None:
        """Begins to deliver."""
        threading.Thread(target=self._run, name="webhooks", daemon=True).start()

    def close(self) -> None:
        """Delivers nothing more."""
        with self._state:
            self._closed = True
            self._state.notify_all()

    def tell(self, what: str, kind: ObjectType, at: int, fields: Json) -> None:
        """Something happened in the portal."""
        event = self._event(what, kind, at, fields)
        if event is not None:
            with self._state:
                self._made += 1
                self._waiting.append({"eventId": self._made, "subscriptionId": 1000 + len(what), **event})
                self._state.notify_all()

    def flush(self) -> Json:
        """Sends again what failed and waits until all was tried."""
        with self._state:
            self._waiting.extend(self._failed)
            self._failed.clear()
            self._state.notify_all()
            self._state.wait_for(lambda: (not self._waiting and not self._busy) or self._closed)
            return {"delivered": self.delivered, "waiting": len(self._failed), "dropped": self.dropped}

    def _event(self, what: str, kind: ObjectType, at: int, fields: Json) -> Json | None:
        old = not self.target.generic and kind.plural in _OLD_STYLE
        if not old and not self.target.generic:
            return None
        event: Json = {"portalId": PORTAL_ID, "appId": self.target.app, "occurredAt": at, "attemptNumber": 0}
        event["subscriptionType"] = f"{kind.singular if old or what == 'privacyDeletion' else 'object'}.{what}"
        if not old and what != "associationChange":
            event["objectTypeId"] = kind.type_id
        return {**event, "changeSource": "INTEGRATION", "sourceId": str(APP_ID), **fields}

    def _run(self) -> None:
        chance = random.Random(self.seed)
        while True:
            with self._state:
                self._state.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                events = [self._waiting.popleft() for _ in range(min(len(self._waiting), 10 * self.target.batch))]
                self._busy = True
            if self.target.shuffle:
                chance.shuffle(events)
            for start in range(0, len(events), self.target.batch):
                self._deliver(events[start : start + self.target.batch])
            with self._state:
                self._busy = False
                self._state.notify_all()

    def _deliver(self, events: list[Json]) -> None:
        answers = [self._post(json.dumps(events).encode()) for _ in range(1 + self.target.duplicates)]
        with self._state:
            if all(answers):
                self.delivered += len(events)
                return
            again = [{**event, "attemptNumber": event["attemptNumber"] + 1} for event in events]
            kept = [event for event in again if event["attemptNumber"] <= ATTEMPTS]
            self.dropped += len(again) - len(kept)
            self._failed += kept

    def _post(self, body: bytes) -> bool:
        address, stamp = urlsplit(self.target.url), str(int(time.time() * 1000))
        headers = {
            "Content-Type": "application/json",
            "X-HubSpot-Request-Timestamp": stamp,
            "X-HubSpot-Signature-v3": signature(self.target.secret, "POST", self.target.public, body, stamp),
        }
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=SECONDS)
        try:
            connection.request(
                "POST", (address.path or "/") + (f"?{address.query}" if address.query else ""), body, headers
            )
            answer = connection.getresponse()
            answer.read()
            return 200 <= answer.status < 300
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def signature(secret: str, method: str, uri: str, body: bytes, stamp: str) -> str:
    """base64 of HMAC-SHA256 over method, address (twelve escapes undone), body and time."""
    for escape, plain in _UNESCAPED.items():
        uri = uri.replace(escape, plain).replace(escape.lower(), plain)
    digest = hmac.new(secret.encode(), b"".join((method.encode(), uri.encode(), body, stamp.encode())), hashlib.sha256)
    return base64.b64encode(digest.digest()).decode()


def told_of_link(portal: Portal, pair: tuple[str, str], start: int, end: int) -> None:
    """Tells of an association that was just made, changed or taken away, from both sides."""
    for one, other, source, target in ((*pair, start, end), (pair[1], pair[0], end, start)):
        kinds = next((types for to, types in portal.links.of((one, other), source) if to == target), None)
        first, second = portal.kind(one), portal.kind(other)
        fields: Json = {
            "associationType": f"{first.singular}_TO_{second.singular}".upper(),
            "fromObjectTypeId": first.type_id,
            "toObjectTypeId": second.type_id,
            "fromObjectId": source,
            "toObjectId": target,
            "associationRemoved": kinds is None,
            "isPrimaryAssociation": any(kind.label == PRIMARY for kind in kinds or ()),
        }
        portal.tell("associationChange", first, fields)
