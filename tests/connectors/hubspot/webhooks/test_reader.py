"""HubSpot's deliveries: who may send one, and which records each event marks."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hubspot.utils.signature import Signature
from hypothesis import given
from hypothesis import strategies as st

from connectors.hubspot.translate.values import milliseconds
from connectors.hubspot.webhooks.reader import HubSpotWebhooks
from connectors.hubspot.webhooks.signature import decoded, sign, verify
from connectors.secrets import Secret
from connectors.webhooks import Malformed, Mark, Notices, NotSigned

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SECRET, URL = "0b07a115-client-secret", "https://hooks.example.com/bothways/hubspot"
MERGE = {"objectId": 3, "primaryObjectId": 1, "mergedObjectIds": [2], "newObjectId": 3, "numberOfPropertiesMoved": 4}


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> Secret:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    return Secret(env="HOOK_SECRET")


@pytest.fixture
def mapping(use: Any) -> Any:
    return use.mapping_of("hubspot.toml", "hubspot-demo.toml")


def signed(body: bytes, at: datetime = NOW, url: str = URL, method: str = "POST") -> dict[str, str]:
    """The headers that HubSpot would send, by HubSpot's own library."""
    stamp = str(milliseconds(at))
    made = Signature.get_signature(SECRET, body.decode(), "v3", url, method, stamp)
    return {"x-hubspot-signature-v3": made, "x-hubspot-request-timestamp": stamp}


def event(kind: str, **more: Any) -> dict[str, Any]:
    base = {
        "eventId": 1,
        "subscriptionId": 2,
        "portalId": 3,
        "appId": 4,
        "occurredAt": 1767225600000,
        "attemptNumber": 0,
    }
    return {**base, "subscriptionType": kind, "changeSource": "CRM_UI", "sourceId": "userId:9", **more}


@pytest.fixture
def heard(secret: Secret, mapping: Any) -> Any:
    def hear(*events: Any, portal: int | None = None) -> Notices:
        body = orjson.dumps(list(events))
        return HubSpotWebhooks(secret, URL, mapping, portal).read("POST", signed(body), body, NOW)

    return hear


def test_what_hubspots_own_library_signs_is_accepted(heard: Any) -> None:
    assert heard(event("company.creation", objectId=512)).marks == {Mark("accounts", "512")}


def test_the_signature_is_that_of_the_documented_recipe() -> None:
    """Worked by hand with `printf ... | openssl dgst -sha256 -hmac yyyy -binary | base64`."""
    assert sign("yyyy", "POST", "https://www.example.com/webhook_uri", b'{"example_field":"v"}', "1700000000000") == (
        "X2881SwcReg6fBrZbiMXglUjcmkjZIDCVvApodW1uMQ="
    )


def test_twelve_escapes_are_undone_and_no_others() -> None:
    assert (
        decoded("https://h/a%3Ab%2Fc%3Fd%40e%21f%24g%27h%28i%29j%2Ak%2cl%3bm") == "https://h/a:b/c?d@e!f$g'h(i)j*k,l;m"
    )
    for other in ("%20", "%25", "%26", "%3D", "%253A", "%23", "%C3%BC", "?x=1&y=2", "%"):
        assert decoded(f"https://h/{other}") == f"https://h/{other}"


def test_an_escaped_address_is_signed_as_hubspot_signs_it(secret: Secret, mapping: Any) -> None:
    url, plain = "https://h.example.com/a%3Ab%20c?tenant=%40me", "https://h.example.com/a:b%20c?tenant=@me"
    body = orjson.dumps([event("deal.deletion", objectId=7)])
    found = HubSpotWebhooks(secret, url, mapping).read("POST", signed(body, url=plain), body, NOW)
    assert found.marks == {Mark("opportunities", "7")}


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_within_five_minutes_a_delivery_may_come_twice(secret: Secret, mapping: Any, seconds: int) -> None:
    body = orjson.dumps([event("deal.merge", **MERGE)])
    headers = signed(body, NOW + timedelta(seconds=seconds))
    hooks = HubSpotWebhooks(secret, URL, mapping)
    assert hooks.read("POST", headers, body, NOW) == hooks.read("POST", headers, body, NOW)


@pytest.mark.parametrize(
    "change",
    [
        lambda h, b: ({**h, "x-hubspot-signature-v3": ""}, b),
        lambda h, b: ({**h, "x-hubspot-signature-v3": "é" * 44}, b),
        lambda h, b: ({**h, "x-hubspot-signature-v3": h["x-hubspot-signature-v3"].lower()}, b),
        lambda h, b: ({"x-hubspot-request-timestamp": h["x-hubspot-request-timestamp"]}, b),
        lambda h, b: ({"x-hubspot-signature-v3": h["x-hubspot-signature-v3"]}, b),
        lambda h, b: (h, b + b" "),
        lambda h, b: (signed(b, NOW - timedelta(seconds=301)), b),
        lambda h, b: (signed(b, NOW + timedelta(seconds=301)), b),
        lambda h, b: (signed(b, url=URL + "/"), b),
        lambda h, b: (signed(b, url=URL.replace("https", "http")), b),
        lambda h, b: (signed(b, method="PUT"), b),
        lambda h, b: ({**h, "x-hubspot-request-timestamp": "9" * 400}, b),
        lambda h, b: ({**h, "x-hubspot-request-timestamp": "-1"}, b),
        lambda h, b: ({**h, "x-hubspot-request-timestamp": "٣"}, b),
        lambda h, b: ({**h, "x-hubspot-request-timestamp": str(int(h["x-hubspot-request-timestamp"]) + 1)}, b),
    ],
)
def test_what_is_not_signed_is_refused(secret: Secret, mapping: Any, change: Any) -> None:
    body = orjson.dumps([event("deal.creation", objectId=7)])
    headers, sent = change(signed(body), body)
    with pytest.raises(NotSigned) as refused:
        HubSpotWebhooks(secret, URL, mapping).read("POST", headers, sent, NOW)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"{}", b"null", b'"x"', b"[1]", b"[[]]", b'[{"a":1},null]', b"\xff\xfe", b"[NaN]"]
)
def test_what_is_signed_but_is_no_list_of_events_is_malformed(secret: Secret, mapping: Any, body: bytes) -> None:
    stamp = str(milliseconds(NOW))
    headers = {
        "x-hubspot-signature-v3": sign(SECRET, "POST", URL, body, stamp),
        "x-hubspot-request-timestamp": stamp,
    }
    with pytest.raises(Malformed):
        HubSpotWebhooks(secret, URL, mapping).read("POST", headers, body, NOW)


EXAMPLES: list[tuple[dict[str, Any], set[Mark]]] = [
    (event("contact.propertyChange", objectId=9, propertyName="email", propertyValue="a@b.c"), {Mark("people", "9")}),
    (event("contact.privacyDeletion", objectId=9), {Mark("people", "9")}),
    (event("company.restore", objectId="9"), {Mark("accounts", "9")}),
    (event("ticket.deletion", objectId=9), {Mark("cases", "9")}),
    (event("line_item.creation", objectId=9), {Mark("line_items", "9")}),
    (event("company.merge", **MERGE), {Mark("accounts", "1"), Mark("accounts", "2"), Mark("accounts", "3")}),
    (event("object.deletion", objectTypeId="0-49", objectId=9), {Mark("activities", "emails-9")}),
    (event("object.creation", objectTypeId="0-47", objectId=9), {Mark("activities", "meetings-9")}),
    (event("object.restore", objectTypeId="0-3", objectId=9), {Mark("opportunities", "9")}),
    (
        event(
            "deal.associationChange",
            associationType="DEAL_TO_COMPANY",
            fromObjectId=5,
            toObjectId=6,
            associationRemoved=True,
        ),
        {Mark("opportunities", "5"), Mark("accounts", "6")},
    ),
    (
        event("contact.associationChange", associationType="CONTACT_TO_DEAL", fromObjectId=5, toObjectId=6),
        {Mark("people", "5"), Mark("opportunities", "6"), Mark("opportunity_people", "6-5")},
    ),
    (
        event(
            "object.associationChange",
            fromObjectTypeId="0-3",
            toObjectTypeId="0-1",
            fromObjectId=6,
            toObjectId=5,
            associationCategory="HUBSPOT_DEFINED",
            associationTypeId=3,
            associationRemoved=False,
            isPrimaryAssociation=False,
        ),
        {Mark("people", "5"), Mark("opportunities", "6"), Mark("opportunity_people", "6-5")},
    ),
    (
        event(
            "company.associationChange", associationType="PARENT_COMPANY_TO_CHILD_COMPANY", fromObjectId=5, toObjectId=6
        ),
        {Mark("accounts", "5"), Mark("accounts", "6")},
    ),
    (
        event("company.associationChange", associationType="COMPANY_TO_MYSTERY", fromObjectId=5, toObjectId=6),
        {Mark("accounts", "5")},
    ),
    (
        event("line_item.associationChange", associationType="LINE_ITEM_TO_DEAL", fromObjectId=5, toObjectId=6),
        {Mark("line_items", "5"), Mark("opportunities", "6")},
    ),
]


@pytest.mark.parametrize(
    ("given_event", "marks"),
    EXAMPLES,
    ids=lambda value: value.get("subscriptionType") if isinstance(value, dict) else "",
)
def test_an_event_marks_the_records_it_names(heard: Any, given_event: dict[str, Any], marks: set[Mark]) -> None:
    found = heard(given_event)
    assert (marks, {"marked": 1}) == (set(found.marks), dict(found.events))


@pytest.mark.parametrize(
    ("given_event", "outcome"),
    [
        (event("company.propertyChange", objectId=1, propertyName="bothways_stance", changeSource="CRM_UI"), "own"),
        (
            event("company.propertyChange", objectId=1, propertyName="name", changeSource="INTEGRATION", sourceId="4"),
            "own",
        ),
        (
            event("company.propertyChange", objectId=1, propertyName="name", changeSource="INTEGRATION", sourceId="5"),
            "marked",
        ),
        (event("company.deletion", objectId=1, changeSource="INTEGRATION", sourceId="4"), "marked"),
        (event("product.creation", objectId=1), "other"),
        (event("conversation.newMessage", objectId=1), "other"),
        (event("company.futureKind", objectId=1), "other"),
        (event("object.creation", objectTypeId="0-99", objectId=1), "other"),
        (event("company.creation"), "other"),
        (event("company.creation", objectId=True), "other"),
        (event("company.creation", objectId=-1), "other"),
        (event("company.creation", objectId="1; drop table"), "other"),
        (event("company.merge", objectId=None, mergedObjectIds="2"), "other"),
        ({"subscriptionType": ["x"]}, "other"),
        ({}, "other"),
    ],
)
def test_what_marks_nothing_is_counted_and_is_no_error(heard: Any, given_event: dict[str, Any], outcome: str) -> None:
    assert {outcome: 1} == dict(heard(given_event).events)


def test_events_of_another_account_are_left_out(heard: Any) -> None:
    found = heard(event("deal.creation", objectId=1), event("deal.creation", objectId=2, portalId=8), portal=3)
    assert (found.marks, dict(found.events)) == (frozenset({Mark("opportunities", "1")}), {"marked": 1, "elsewhere": 1})


def test_a_hundred_events_in_any_order_and_any_number_mark_the_same(heard: Any) -> None:
    events = [one for one, _ in EXAMPLES] * 6
    want = heard(*events[: len(EXAMPLES)]).marks
    for seed in range(5):
        random.Random(seed).shuffle(events)
        assert want == heard(*events).marks


def test_an_object_that_is_switched_off_marks_nothing(secret: Secret, use: Any) -> None:
    plain = use.mapping_of("hubspot.toml")
    off = plain.model_copy(update={"cases": plain.cases.model_copy(update={"object": ""})})
    body = orjson.dumps([event("ticket.creation", objectId=1)])
    assert dict(HubSpotWebhooks(secret, URL, off).read("POST", signed(body), body, NOW).events) == {"other": 1}


def test_a_custom_object_is_known_by_its_type_id(secret: Secret, use: Any) -> None:
    plain = use.mapping_of("hubspot.toml")
    custom = plain.model_copy(update={"contracts": plain.contracts.model_copy(update={"object": "2-1234"})})
    body = orjson.dumps([event("object.creation", objectTypeId="2-1234", objectId=1)])
    assert HubSpotWebhooks(secret, URL, custom).read("POST", signed(body), body, NOW).marks == {Mark("contracts", "1")}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    sorted({*event(""), *MERGE, "associationType", "fromObjectTypeId", "fromObjectId", "toObjectId", "propertyName"})
)


@given(
    events=st.lists(
        st.dictionaries(KEYS, JSON | st.sampled_from(["company.merge", "deal.associationChange", "DEAL_TO_CONTACT"]))
    )
)
def test_no_event_however_odd_breaks_the_reader(events: list[dict[str, Any]]) -> None:
    """Whatever values an event's keys have, it is counted, and every mark is an id of digits."""
    found = _reader().notices(orjson.dumps(events))
    assert sum(found.events.values()) == len(events)
    assert all(m.record_id.replace("-", "").isalnum() for m in found.marks)


def _reader() -> HubSpotWebhooks:
    import tomllib
    from pathlib import Path

    from connectors.hubspot.config import HubSpotMapping

    mapping = tomllib.loads((Path(__file__).parents[4] / "config" / "mappings" / "hubspot.toml").read_text("utf-8"))
    return HubSpotWebhooks(Secret(env="HOOK_SECRET"), URL, HubSpotMapping.model_validate(mapping))


def test_verify_compares_bytes_of_equal_length_too() -> None:
    body = b"[]"
    wrong = {**signed(body), "x-hubspot-signature-v3": sign("another", "POST", URL, body, str(milliseconds(NOW)))}
    with pytest.raises(NotSigned, match="signature"):
        verify(SECRET, "POST", URL, wrong, body, NOW)
