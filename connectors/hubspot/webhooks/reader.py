"""HubSpot's webhooks: which records a delivery is about. Old-style events (`deal.merge`) and generic ones
(`object.merge`).

A delivery is a list of events. They come more than once, late and in any order, and their ids are not unique: so
nothing is taken from an event but the records it names, and marking a record twice is the same as once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TypedDict

import orjson

from connectors.hubspot.config import KINDS, HubSpotMapping, Kind
from connectors.hubspot.setup.provision import PREFIX
from connectors.hubspot.webhooks.signature import verify
from connectors.records import SCHEMAS, Stream
from connectors.secrets import Secret
from connectors.webhooks import Malformed, Mark, Notices

EVENTS = frozenset(
    {"creation", "deletion", "merge", "restore", "propertyChange", "associationChange", "privacyDeletion"}
)
_OURSELVES = frozenset({"INTEGRATION", "INTEGRATIONS_PLATFORM"})
STANDARD: dict[str, tuple[str, str]] = {
    "0-1": ("contact", "contacts"),
    "0-2": ("company", "companies"),
    "0-3": ("deal", "deals"),
    "0-5": ("ticket", "tickets"),
    "0-7": ("product", "products"),
    "0-8": ("line_item", "line_items"),
    "0-18": ("communication", "communications"),
    "0-27": ("task", "tasks"),
    "0-47": ("meeting", "meetings"),
    "0-48": ("call", "calls"),
    "0-49": ("email", "emails"),
}
_BY_NAME = {name: type_id for type_id, names in STANDARD.items() for name in names}


class Event(TypedDict, total=False):
    """One event; which keys it has depends on its kind."""

    subscriptionType: str
    portalId: int
    appId: int
    objectId: int
    objectTypeId: str
    propertyName: str
    changeSource: str
    sourceId: str
    primaryObjectId: int
    mergedObjectIds: list[int]
    newObjectId: int
    associationType: str
    fromObjectTypeId: str
    toObjectTypeId: str
    fromObjectId: int
    toObjectId: int


class HubSpotWebhooks:
    """Implements `connectors.webhooks.Webhooks`. `url` is the address that HubSpot calls, exactly as in the app;
    `portal`
    None: events of any portal are ours."""

    def __init__(self, secret: Secret, url: str, mapping: HubSpotMapping, portal: int | None = None) -> None:
        self._secret, self._url, self._portal = secret, url, portal
        self._kinds: dict[str, Kind] = {}
        for kind in KINDS:
            name = mapping.of(kind).object.lower()
            if name:  # a custom object is known by its type id (2-123456), which is what events carry
                self._kinds[_BY_NAME.get(name, name)] = kind

    def read(self, method: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Notices:
        """See `connectors.webhooks.Webhooks`."""
        verify(self._secret.read(), method, self._url, headers, body, now)
        return self.notices(body)

    def notices(self, body: bytes) -> Notices:
        """What a body says, whoever sent it. Raises Malformed."""
        counts: Counter[str] = Counter()
        marks: set[Mark] = set()
        erased: set[Mark] = set()
        for event in _events(body):
            if self._portal is not None and event.get("portalId") != self._portal:
                counts["elsewhere"] += 1
            elif _own(event):
                counts["own"] += 1
            else:
                found = set(self._marks(event))
                marks |= found
                if str(event.get("subscriptionType") or "").endswith(".privacyDeletion"):
                    erased |= found
                counts["marked" if found else "other"] += 1
        return Notices(frozenset(marks), dict(counts), frozenset(erased))

    def _marks(self, event: Event) -> Iterator[Mark]:
        name, _, what = str(event.get("subscriptionType") or "").partition(".")
        if what not in EVENTS:
            return
        type_id = str(event.get("objectTypeId") or "") if name == "object" else _BY_NAME.get(name, "")
        if what == "associationChange":
            yield from self._ends(event, type_id)
            return
        ids = [event.get("objectId"), event.get("primaryObjectId"), event.get("newObjectId")]
        more = event.get("mergedObjectIds")
        for record_id in [*ids, *(more if isinstance(more, list) else ())]:
            yield from self._mark(type_id, _id(record_id))

    def _ends(self, event: Event, type_id: str) -> Iterator[Mark]:
        """Both records of an association, and the pair itself where it is a stream of its own."""
        source, _, target = str(event.get("associationType") or "").partition("_TO_")
        from_type = str(event.get("fromObjectTypeId") or "") or _named(source) or type_id
        to_type = str(event.get("toObjectTypeId") or "") or _named(target)
        from_id, to_id = _id(event.get("fromObjectId")), _id(event.get("toObjectId"))
        yield from self._mark(from_type, from_id)
        yield from self._mark(to_type, to_id)
        ends = {self._kinds.get(from_type): from_id, self._kinds.get(to_type): to_id}
        deal, person = ends.get("opportunities"), ends.get("people")
        if deal and person:
            yield Mark("opportunity_people", f"{deal}-{person}")

    def _mark(self, type_id: str, record_id: str) -> Iterator[Mark]:
        kind = self._kinds.get(type_id)
        if kind is None or not record_id:
            return
        stream: Stream | None = next((s for s in SCHEMAS if s == kind), None)
        if stream is not None:
            yield Mark(stream, record_id)
        elif kind != "products":
            yield Mark("activities", f"{kind}-{record_id}")


def _events(body: bytes) -> list[Event]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Malformed("The delivery is not JSON.") from None
    if not isinstance(found, list) or not all(isinstance(event, dict) for event in found):
        raise Malformed("The delivery is not a list of events.")
    return found


def _own(event: Event) -> bool:
    """Our own write, coming back. We write properties of ours and nothing else, so only such an event can be one."""
    if not str(event.get("subscriptionType") or "").endswith(".propertyChange"):
        return False
    if str(event.get("propertyName") or "").startswith(PREFIX):
        return True
    app = _id(event.get("appId"))
    return event.get("changeSource") in _OURSELVES and app != "" and str(event.get("sourceId") or "") == app


def _named(word: str) -> str:
    """The type id of a name as it stands in an association type: DEAL, LINE_ITEM, PARENT_COMPANY."""
    plain = word.lower().removeprefix("parent_").removeprefix("child_")
    return _BY_NAME.get(plain, "")


def _id(value: object) -> str:
    """A record's id as text; "" for what is none."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return str(value)
    return (
        str(int(value)) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20 else ""
    )
