from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Organisation
from connectors.hubspot.config import Kind, KindMapping
from connectors.hubspot.links import Link
from connectors.hubspot.translate import records as translate
from connectors.hubspot.translate.activities import Linked, activities, envelopes
from connectors.hubspot.translate.participants import Sides, email_direction, envelope
from connectors.hubspot.translate.records import Record, Sheet
from connectors.hubspot.translate.stages import Stage
from connectors.records import Stream

NOW = datetime(2026, 6, 1, tzinfo=UTC)
OURS, THEIRS = "sam@seller.example", "ann@acme.example"
SIDES = Sides.of(Organisation(("seller.example",)), {OURS: "7"})
EMAIL = KindMapping(
    object="emails",
    fields={
        f: f
        for f in (
            "occurred_at",
            "owner_id",
            "direction",
            "status",
            "sender",
            "recipients",
            "headers",
            "thread_id",
            "message_id",
        )
    },
)
CALL = KindMapping(
    object="calls",
    fields={f: f for f in ("occurred_at", "owner_id", "direction", "status", "disposition", "milliseconds")},
    values={"disposition": {"guid-1": "connected", "guid-2": "not_connected"}},
)
MEETING = KindMapping(
    object="meetings",
    fields={f: f for f in ("occurred_at", "owner_id", "starts_at", "ends_at", "status", "source", "attendees")},
)
TASK = KindMapping(object="tasks", fields={f: f for f in ("occurred_at", "owner_id", "status", "completed_at")})
DEAL = KindMapping(
    object="deals",
    fields={
        f: f
        for f in (
            "amount",
            "home_amount",
            "currency",
            "is_closed",
            "is_won",
            "stage",
            "probability",
            "merged",
            "rivals",
        )
    },
)
STAGES = {
    "won": Stage("Closed Won", True, 1.0),
    "lost": Stage("Closed Lost", True, 0.0),
    "open": Stage("Proposal", False, 0.4),
}


def record(number: int, **properties: str | None) -> Record:
    stamp = "2026-01-02T10:00:00.123Z"
    return {"id": str(number), "properties": dict(properties), "createdAt": stamp, "updatedAt": stamp}


def sheet(stream: Stream, mapping: KindMapping, *records: Record) -> Sheet:
    return Sheet(stream, mapping, records)


def act(
    kind: Kind, mapping: KindMapping, linked: Linked | None = None, sides: Sides = SIDES, **properties: str | None
) -> dict[str, Any]:
    rows = sheet("activities", mapping, record(1, **properties))
    made = activities(kind, rows, linked or Linked(), sides, NOW, envelopes(rows))
    row: dict[str, Any] = made.to_pylist()[0]
    return row


def links(*ids: str) -> dict[str, list[Link]]:
    return {"1": [Link(one, frozenset()) for one in ids]}


def deals(*records: Record, home: str | None = "EUR") -> list[dict[str, Any]]:
    made = translate.opportunities(sheet("opportunities", DEAL, *records), {}, STAGES, home, ())
    rows: list[dict[str, Any]] = made.to_pylist()
    return rows


WITH_ANN = Sides(SIDES.domains, SIDES.owners, {"5": ("ann@home.example", THEIRS)})


@given(st.sampled_from(["EMAIL", "INCOMING_EMAIL", "DRAFT_EMAIL", None]), st.booleans())
def test_a_sender_who_is_ours_or_a_contact_of_the_mail_decides(hint: str | None, we_wrote: bool) -> None:
    sender, receiver = (OURS, THEIRS) if we_wrote else (THEIRS, OURS)
    mail = envelope(hint, sender, receiver, None, None)
    assert email_direction(hint, mail, WITH_ANN, ["5"]) == ("outbound" if we_wrote else "inbound")


@given(st.booleans())
def test_mail_of_a_second_brand_is_ours_where_hubspot_says_so(domains_known: bool) -> None:
    """developers.hubspot.com, "Activities | Email": EMAIL was sent from the CRM, or sent and logged to it;
    INCOMING_EMAIL answers a logged one. A domain that own_domains lacks makes no customer of a colleague."""
    sides = WITH_ANN if domains_known else Sides(frozenset(), SIDES.owners, WITH_ANN.contact_emails)
    brand = envelope("EMAIL", "kim@brand-two.example", THEIRS, None, None)
    assert email_direction("EMAIL", brand, sides, ["5"]) == "outbound"
    assert email_direction("INCOMING_EMAIL", brand, sides, ["5"]) == "inbound"


def test_an_address_may_stand_with_its_name() -> None:
    """developers.hubspot.com, "Activities | Email", "Set email headers": `"email":"ToFirst ToLast<to@test.com>"`."""
    headers = orjson.dumps({"from": {"email": f"Ann Smith<{THEIRS.upper()}>"}, "to": [{"email": f"Sam <{OURS}>"}]})
    mail = envelope("FORWARDED_EMAIL", None, None, None, headers.decode())
    assert (mail.sender, mail.recipients) == (THEIRS, (OURS,))
    assert email_direction("FORWARDED_EMAIL", mail, SIDES, ["5"]) == "inbound"


def test_a_contact_is_known_by_every_address_of_its_own() -> None:
    """A merge of two contacts keeps the loser's address in `hs_additional_emails` (rudderlabs/rudder-transformer,
    "Additional-email resolution"): mail from there is that contact's."""
    row = act(
        "emails", EMAIL, Linked(contacts=links("5", "9")), WITH_ANN, sender=THEIRS, recipients=OURS, direction="EMAIL"
    )
    assert (row["direction"], row["person_ids"]) == ("inbound", ["5", "9"])


@given(st.booleans())
def test_of_a_forwarded_mail_the_headers_name_the_author(we_wrote: bool) -> None:
    headers = orjson.dumps({"from": {"email": OURS if we_wrote else THEIRS}, "to": [{"email": "x@y.example"}]}).decode()
    mail = envelope("FORWARDED_EMAIL", OURS, "log@crm.example", None, headers)
    assert email_direction("FORWARDED_EMAIL", mail, SIDES, ["5"]) == ("outbound" if we_wrote else "inbound")
    unknown = envelope("FORWARDED_EMAIL", OURS, THEIRS, None, "not json")
    assert email_direction("FORWARDED_EMAIL", unknown, SIDES, ["5"]) is None


def test_without_own_domains_owners_are_ours_and_the_hint_serves_for_the_rest() -> None:
    sides = Sides.of(Organisation(), {OURS: "7"})
    assert email_direction("INCOMING_EMAIL", envelope(None, OURS, THEIRS, None, None), sides, []) == "outbound"
    assert email_direction("INCOMING_EMAIL", envelope(None, THEIRS, OURS, None, None), sides, []) == "inbound"
    assert email_direction(None, envelope(None, THEIRS, OURS, None, None), sides, []) is None


def test_mail_among_us_is_internal_unless_a_contact_hangs_on_it() -> None:
    mail = envelope("EMAIL", OURS, "eve@seller.example", None, None)
    assert email_direction("EMAIL", mail, SIDES, []) == "internal"
    assert email_direction("EMAIL", mail, SIDES, ["5"]) == "outbound"


def test_only_sent_mail_is_done() -> None:
    outcomes = {s: act("emails", EMAIL, status=s)["outcome"] for s in ("SENT", None, "BOUNCED", "SCHEDULED", "SENDING")}
    assert outcomes == {
        "SENT": "done",
        None: "done",
        "BOUNCED": "bounced",
        "SCHEDULED": "scheduled",
        "SENDING": "scheduled",
    }
    draft = act("emails", EMAIL, direction="DRAFT_EMAIL", sender=OURS, recipients=THEIRS)
    assert draft["outcome"] == "scheduled", "nobody has had it"


def test_an_activity_keeps_every_company_and_deal_it_is_associated_with() -> None:
    """HubSpot associates by itself with the contact's primary company and open deals (knowledge.hubspot.com, "Set up
    automatic associations for records and activities"; fivetran/dbt_hubspot#35): the lowest id is no reason."""
    row = act("calls", CALL, Linked(companies=links("9", "10"), deals=links("100", "20")))
    assert (row["account_id"], row["account_ids"]) == ("9", ["9", "10"])
    assert (row["opportunity_id"], row["opportunity_ids"]) == ("20", ["20", "100"])
    alone = act("calls", CALL, Linked(companies=links("9")))
    assert (alone["account_id"], alone["account_ids"], alone["opportunity_ids"]) == ("9", None, None)


def test_messages_are_read_and_who_wrote_them_is_not_guessed() -> None:
    """developers.hubspot.com, "Communications API": the properties of a WhatsApp, SMS or LinkedIn message tell no
    direction (PipedreamHQ/pipedream#11809 missed these records altogether)."""
    fields = {f: f for f in ("occurred_at", "owner_id", "direction", "thread_id")}
    mapping = KindMapping(object="communications", fields=fields)
    given = {"occurred_at": "2026-05-01T10:00:00.000Z", "owner_id": "7", "thread_id": "t1"}
    row = act("communications", mapping, Linked(contacts=links("5"), tickets=links("3")), **given)
    assert (row["channel"], row["direction"], row["outcome"], row["thread_id"]) == ("message", None, "done", "t1")
    assert (row["person_ids"], row["user_ids"], row["case_id"]) == (["5"], ["7"], "3")
    told = {d: act("communications", mapping, direction=d)["direction"] for d in ("INBOUND", "outbound", "?")}
    assert told == {"INBOUND": "inbound", "outbound": "outbound", "?": None}


@given(st.permutations([OURS, THEIRS, "bob@acme.example"]))
def test_the_fallback_thread_is_the_set_of_participants(order: Sequence[str]) -> None:
    one = act("emails", EMAIL, sender=order[0], recipients=";".join(order[1:]))
    other = act("emails", EMAIL, sender=OURS, recipients=f"{THEIRS};bob@acme.example")
    assert one["thread_id"] == other["thread_id"] is not None
    assert act("emails", EMAIL, sender=OURS, recipients=THEIRS, thread_id="t1")["thread_id"] == "t1"
    assert act("emails", EMAIL)["thread_id"] is None


def test_copies_of_a_mail_share_their_key() -> None:
    given_id = act(
        "emails", EMAIL, sender=OURS, recipients=THEIRS, message_id="<m1>", occurred_at="2026-01-01T00:00:00.000Z"
    )
    assert given_id["dedupe_key"] == "<m1>"
    same = [act("emails", EMAIL, sender=OURS, recipients=THEIRS, occurred_at="2026-01-01T00:00:00.000Z") for _ in "ab"]
    later = act("emails", EMAIL, sender=OURS, recipients=THEIRS, occurred_at="2026-01-01T00:00:00.001Z")
    assert same[0]["dedupe_key"] == same[1]["dedupe_key"] != later["dedupe_key"]


def test_the_author_of_an_inbound_mail_comes_first() -> None:
    sides = Sides(SIDES.domains, SIDES.owners, {"5": ("bob@acme.example",), "9": (THEIRS,)})
    given = {"sender": THEIRS, "recipients": OURS, "owner_id": "8"}
    row = act("emails", EMAIL, Linked(contacts=links("5", "9")), sides, **given)
    assert (row["person_ids"], row["user_ids"]) == (["9", "5"], ["7", "8"])


def test_a_mail_on_a_ticket_is_a_case_reply() -> None:
    row = act("emails", EMAIL, Linked(tickets={"1": [Link("3", frozenset())]}))
    assert (row["channel"], row["case_id"]) == ("case_reply", "3")


def test_calls_are_minutes_and_the_disposition_beats_the_status() -> None:
    row = act("calls", CALL, milliseconds="90000", status="COMPLETED", direction="INBOUND")
    assert (row["minutes"], row["outcome"], row["direction"]) == (1.5, "done", "inbound")
    cases = {
        ("COMPLETED", "guid-2"): "not_connected",
        ("NO_ANSWER", None): "not_connected",
        ("NO_ANSWER", "guid-1"): "done",
        (None, None): None,
        ("COMPLETED", "a portal's own"): None,
        ("NO_ANSWER", "a portal's own"): "not_connected",
    }
    assert cases == {k: act("calls", CALL, status=k[0], disposition=k[1])["outcome"] for k in cases}


def test_a_meeting_without_an_outcome_was_held_when_it_is_over() -> None:
    past = {"starts_at": "2026-05-01T10:00:00.000Z", "ends_at": "2026-05-01T10:45:00.000Z"}
    future = {"starts_at": "2026-07-01T10:00:00.000Z", "ends_at": "2026-07-01T10:45:00.000Z"}
    held = act("meetings", MEETING, owner_id="7", **past)
    assert (held["outcome"], held["minutes"], held["direction"]) == ("done", 45.0, "outbound")
    assert act("meetings", MEETING, **future)["outcome"] == "scheduled"
    assert act("meetings", MEETING, status="SCHEDULED", **past)["outcome"] == "done", "nobody updates the outcome"
    assert act("meetings", MEETING, status="SCHEDULED", **future)["outcome"] == "scheduled"
    assert act("meetings", MEETING, status="An admin's own", **past)["outcome"] is None
    assert act("meetings", MEETING, status="NO_SHOW", **past)["outcome"] == "no_show"
    assert act("meetings", MEETING, status="CANCELED", **past)["outcome"] == "cancelled"


def test_a_meeting_booked_through_our_link_is_the_customers_initiative() -> None:
    row = act("meetings", MEETING, source="meetings_link", owner_id="7", attendees="8;7")
    assert (row["direction"], row["user_ids"]) == ("inbound", ["7", "8"])


def test_a_meeting_that_ends_before_it_starts_has_no_length() -> None:
    row = act("meetings", MEETING, starts_at="2026-05-01T10:00:00.000Z", ends_at="2026-05-01T09:00:00.000Z")
    assert row["minutes"] is None


def test_a_task_counts_when_it_was_completed() -> None:
    row = act(
        "tasks",
        TASK,
        status="COMPLETED",
        occurred_at="2026-05-09T00:00:00.000Z",
        completed_at="2026-05-02T00:00:00.000Z",
    )
    assert (datetime(2026, 5, 2, tzinfo=UTC), "done", "outbound") == (
        row["occurred_at"],
        row["outcome"],
        row["direction"],
    )


def test_money_is_at_home_where_hubspot_converted_it() -> None:
    rows = deals(
        record(1, amount="100", home_amount="90", currency="USD"),
        record(2, amount="100", home_amount=None, currency="EUR"),
        record(3, amount="100", home_amount=None, currency=None),
        record(4, amount="100", home_amount=None, currency="usd"),
        record(5, amount=None, home_amount=None, currency=None),
    )
    assert [(r["amount"], r["currency"]) for r in rows] == [
        (90.0, "EUR"),
        (100.0, "EUR"),
        (100.0, "EUR"),
        (100.0, "USD"),
        (None, "EUR"),
    ]


def test_a_stage_tells_what_a_search_left_out() -> None:
    rows = deals(
        record(1, stage="won", is_closed=None, is_won=None),
        record(2, stage="lost"),
        record(3, stage="open"),
        record(4, stage="open", is_closed="true", is_won="true", probability="1"),
        record(5, stage="from another pipeline"),
    )
    assert [(r["is_closed"], r["is_won"], r["probability"], r["stage"]) for r in rows] == [
        (True, True, 1.0, "Closed Won"),
        (True, False, 0.0, "Closed Lost"),
        (False, False, 0.4, "Proposal"),
        (True, True, 1.0, "Proposal"),
        (None, None, None, "from another pipeline"),
    ]


@given(st.permutations([Link("12", frozenset({341})), Link("9", frozenset({341})), Link("30", frozenset({341, 5}))]))
def test_the_primary_company_wins_whatever_the_order(links: Sequence[Link]) -> None:
    assert translate.company(links) == "30"
    assert translate.company([x for x in links if 5 not in x.types]) == "9"
    assert translate.company([]) is None


def test_losers_point_to_the_survivor() -> None:
    found = translate.merged(sheet("opportunities", DEAL, record(30, merged="1;2;30"), record(4, merged=None)))
    assert found == {"1": "30", "2": "30"}


def test_a_bad_value_is_null_and_a_reject_that_names_it() -> None:
    made = sheet("opportunities", DEAL, record(1, amount="a lot"), record(2, amount="5"))
    rows = translate.opportunities(made, {}, {}, "EUR", ()).to_pylist()
    assert [r["amount"] for r in rows] == [None, 5.0]
    assert [(r.record_id, r.field, r.source) for r in made.rejects] == [("1", "amount", "deals")]


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from([*EMAIL.fields, *MEETING.fields, *CALL.fields]), st.one_of(st.none(), st.text(max_size=20))
        ),
        max_size=5,
    )
)
def test_no_record_breaks_a_batch(properties: list[dict[str, str | None]]) -> None:
    kinds: list[tuple[Kind, KindMapping]] = [("emails", EMAIL), ("calls", CALL), ("meetings", MEETING), ("tasks", TASK)]
    for kind, mapping in kinds:
        made = Sheet("activities", mapping, [record(n, **p) for n, p in enumerate(properties)])
        batch = activities(kind, made, Linked(), SIDES, NOW, envelopes(made))
        batch.validate(full=True)
        assert len(properties) == batch.num_rows
