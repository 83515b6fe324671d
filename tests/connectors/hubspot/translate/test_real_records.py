"""Records as portals really hold them: what was reported in public, and the value that is right."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from connectors.base import Organisation
from connectors.hubspot.config import Kind, KindMapping
from connectors.hubspot.links import Link
from connectors.hubspot.translate import records as translate
from connectors.hubspot.translate.activities import Linked, activities, envelopes
from connectors.hubspot.translate.participants import Sides
from connectors.hubspot.translate.records import Record, Sheet
from connectors.hubspot.translate.stages import stages
from connectors.hubspot.translate.ticket import tickets
from connectors.records import TIME

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SIDES = Sides.of(Organisation(("seller.example",)), {})
CALL = KindMapping(
    object="calls",
    fields={f: f for f in ("occurred_at", "owner_id", "direction", "status", "disposition", "milliseconds")},
)
MEETING = KindMapping(
    object="meetings", fields={f: f for f in ("occurred_at", "owner_id", "starts_at", "ends_at", "status", "attendees")}
)
CONTACT = KindMapping(object="contacts", fields={"merged": "merged", "merged_vids": "vids"})
COMPANY = KindMapping(object="companies", fields={"contract_start": "starts", "contract_end": "ends"})


def record(number: int, **properties: str | None) -> Record:
    stamp = "2026-01-02T10:00:00.123Z"
    return {"id": str(number), "properties": dict(properties), "createdAt": stamp, "updatedAt": stamp}


def acts(kind: Kind, mapping: KindMapping, *rows: dict[str, str | None], contacts: Any = None) -> list[dict[str, Any]]:
    sheet = Sheet("activities", mapping, [record(n, **row) for n, row in enumerate(rows, 1)])
    linked = Linked(contacts={str(n): [Link(one, frozenset())] for n, one in enumerate(contacts or (), 1)})
    made: list[dict[str, Any]] = activities(kind, sheet, linked, SIDES, NOW, envelopes(sheet)).to_pylist()
    return made


def test_a_call_that_a_phone_system_logs_on_every_contact_with_the_number_is_one() -> None:
    """ringcentral/hubspot-embeddable-ringcentral-phone#230: "multiple call logs against each of the contacts that have
    the same number assigned". One owner speaks to one at a time.
    """
    call = {"occurred_at": "2026-05-04T09:12:37.412Z", "owner_id": "7", "milliseconds": "184000", "status": "COMPLETED"}
    three = acts("calls", CALL, call, call, call, contacts=("1", "2", "3"))
    assert len({row["dedupe_key"] for row in three}) == 1
    assert [row["person_ids"] for row in three] == [["1"], ["2"], ["3"]]
    others = [
        {**call, "owner_id": "8"},  # a colleague's
        {**call, "milliseconds": "184500"},
        {**call, "milliseconds": "0"},  # nobody answered: two numbers tried at once by a dialler
        {**call, "occurred_at": "2026-05-04T09:12:00.000Z"},  # typed by a person, to the minute
    ]
    for other in others:
        assert len({row["dedupe_key"] for row in acts("calls", CALL, other, other, contacts=("1", "2"))}) <= 2
    typed = acts("calls", CALL, others[3], others[3], contacts=("1", "2"))
    assert typed[0]["dedupe_key"] != typed[1]["dedupe_key"]
    assert acts("calls", CALL, others[0], contacts=("1",))[0]["dedupe_key"] != three[0]["dedupe_key"]


@pytest.mark.parametrize("status", ["RINGING", "QUEUED", "CONNECTING", "CALLING_CRM_USER", "IN_PROGRESS"])
def test_a_call_that_never_ended_is_no_call(status: str) -> None:
    """HubSpot/calling-extensions-sdk#46: an engagement that is made when a call begins stays without "completed" when
    the browser is closed: a ghost in the timeline.
    """
    [ghost] = acts("calls", CALL, {"occurred_at": "2026-05-04T09:12:37Z", "owner_id": "7", "status": status})
    assert ghost["outcome"] == "scheduled"


def test_a_meeting_from_every_colleagues_calendar_is_one() -> None:
    """calcom/cal.diy#7703: "three events each, one from each of the calendars"."""
    meeting = {"starts_at": "2026-05-04T09:00:00Z", "ends_at": "2026-05-04T10:00:00Z"}
    found = acts("meetings", MEETING, *({**meeting, "owner_id": owner} for owner in "789"), contacts=("1", "1", "1"))
    assert len({row["dedupe_key"] for row in found}) == 1


def test_what_went_into_a_contact_is_in_either_of_two_lists() -> None:
    """fivetran/dbt_hubspot#168: an id that was merged in is only in hs_merged_object_ids; in portals of old it is the
    other way round. Its activities were a stranger's.
    """
    rows = [
        record(30, merged="1;2", vids="2:1600000000000;3:1500000000000;30:1400000000000"),
        record(4, merged=None, vids=None),
    ]
    assert translate.merged(Sheet("people", CONTACT, rows)) == {"1": "30", "2": "30", "3": "30"}


def test_seconds_that_were_sent_as_milliseconds_are_no_time() -> None:
    """n8n-io/n8n#14659: "startTime and endTime must be specified in UNIX milliseconds ... HubSpot will register with an
    unintended date": a meeting of January 1970. Unknown, and said."""
    sheet = Sheet("activities", MEETING, [record(1, starts_at="1970-01-21T04:21:40.000Z", owner_id="7")])
    [row] = activities("meetings", sheet, Linked(), SIDES, NOW, ()).to_pylist()
    assert row["occurred_at"] is None
    assert [(reject.record_id, reject.message) for reject in sheet.rejects] == [
        ("1", "1970-01-21 cannot be meant as starts_at")
    ]


@pytest.mark.parametrize(
    ("starts", "ends", "expected"),
    [
        ("0022-03-01", "9999-12-31", (None, 9999)),  # a year of two digits; never ends
        ("1746057600", "2026-01-01", (None, 2026)),  # seconds (airbytehq/airbyte#58105)
        ("1633996800000.0", "4000-01-01", (2021, 4000)),  # milliseconds with a point (airbytehq/airbyte#60962)
        ("1998-01-01", "0", (1998, None)),
        ("4000-12-31", "", (None, None)),
    ],
)
def test_a_date_that_nobody_means_is_unknown(starts: str, ends: str, expected: tuple[int | None, int | None]) -> None:
    sheet = Sheet("accounts", COMPANY, [record(1, starts=starts, ends=ends)])
    found = tuple(sheet.column(name, TIME)[0].as_py() for name in ("contract_start", "contract_end"))
    assert tuple(None if at is None else at.year for at in found) == expected
    assert len(sheet.rejects) == sum(
        bool(text) and year is None for text, year in zip((starts, ends), expected, strict=True)
    )


def test_a_primary_company_that_is_listed_twice_is_one() -> None:
    """airbytehq/airbyte#30292: the primary company comes twice, once with its label, before any other."""
    twice = [Link("789", frozenset({341})), Link("345", frozenset({341})), Link("345", frozenset({5}))]
    assert translate.company(twice) == "345"
    sheet = Sheet("opportunities", KindMapping(object="deals", fields={}), [record(1)])
    made = translate.opportunities(sheet, {"1": twice}, {}, "EUR", ())
    assert made.column("account_id").equals(pa.array(["345"]))


@pytest.mark.parametrize(
    ("own", "expected"), [("2025-03-01T00:00:00Z", 2025), ("2026-05-01T00:00:00Z", 2026), (None, 2026)]
)
def test_an_imported_deal_is_as_old_as_its_own_create_date(own: str | None, expected: int) -> None:
    """HubSpot's definition of a deal's `createdate` lets people set it (`readOnlyValue` false), `hs_createdate` does
    not: a deal that comes from another CRM was made before the import, and what happened in between is its own.
    """
    mapping = KindMapping(object="deals", fields={"born": "createdate"})
    made = translate.opportunities(Sheet("opportunities", mapping, [record(1, createdate=own)]), {}, {}, "EUR", ())
    at = made.column("created_at")[0].as_py()
    assert (at.year, at.month) == (expected, 3 if expected == 2025 else 1)


def test_a_call_of_no_length_is_not_known_to_have_been_answered() -> None:
    """Placetel/call-control-notify-api#15: "duration is always 0 for outgoing calls", those that were answered too; and
    a call that nobody took has none either. HubSpot shows both as COMPLETED.
    """
    call = {"occurred_at": "2026-05-04T09:12:37Z", "owner_id": "7", "status": "COMPLETED", "milliseconds": "0"}
    [row] = acts("calls", CALL, call)
    assert (row["outcome"], row["minutes"]) == (None, None)
    [row] = acts("calls", CALL, {**call, "milliseconds": None})  # logged by hand
    assert (row["outcome"], row["minutes"]) == ("done", None)


def test_a_mail_program_that_answers_for_an_absent_person_is_nobodys_effort() -> None:
    """Portals have `hs_incoming_email_is_out_of_office` on mails that came through a mailbox; such a reply counted as
    the customer's, and as a prompt answer (warmbly/warmbly#470: an out-of-office reply is no human reply). Salesforce
    tells it by the subject, mail files by their headers.
    """
    mapping = KindMapping(object="emails", fields={f: f for f in ("direction", "out_of_office", "automated")})
    mail: dict[str, str | None] = {"direction": "INCOMING_EMAIL", "automated": None}
    said = [{**mail, "out_of_office": value} for value in ("true", "false", None)]
    said.append({**mail, "automated": "true", "out_of_office": "false"})
    assert [row["automated"] for row in acts("emails", mapping, *said)] == [True, None, None, True]


def test_a_line_item_that_is_paid_in_parts_is_worth_all_of_them() -> None:
    """HubSpot Knowledge Base, "Edit price and term details in the line items editor": TCV is "any recurring revenue and
    one-time charges", the amount is one payment: setting up for 5,000 counted for five times a service of 36 months at
    1,000, and that family was the one that mattered.
    """
    mapping = KindMapping(object="line_items", fields={f: f for f in ("product_id", "amount", "total")})
    rows = [record(1, amount="5000", total="5000"), record(2, amount="1000", total="36000"), record(3, amount="7")]
    made = translate.line_items(Sheet("line_items", mapping, rows), {}, {})
    assert made.column("amount").to_pylist() == [5000.0, 36000.0, 7.0]


def test_a_stage_that_does_not_say_whether_it_is_closed_is_by_its_probability() -> None:
    """developers.hubspot.com, "Create a new pipeline" (CRM Pipelines v1): a stage's metadata may be the probability
    alone; "1.0" is Closed Won and "0.0" Closed Lost. Won deals of such a pipeline were open.
    """
    metadata: dict[str, dict[str, str]] = {
        "won": {"probability": "1.0"},
        "lost": {"probability": "0.0"},
        "open": {"probability": "0.5"},
        "told": {"probability": "1.0", "isClosed": "false"},
        "mute": {},
    }
    listed = [{"id": name, "label": name, "metadata": said} for name, said in metadata.items()]
    assert {name: stage.closed for name, stage in stages([{"stages": listed}]).items()} == {
        "won": True,
        "lost": True,
        "open": False,
        "told": False,
        "mute": False,
    }


def test_two_pipelines_may_call_their_stages_the_same() -> None:
    """developers.hubspot.com, "Pipelines overview": New Sales and Contract Renewals; "each object stage is a member of
    exactly one pipeline". Both have a "Signed", which is the end of one only: the id decides.
    """
    won, on = {"probability": "1.0", "isClosed": "true"}, {"probability": "0.8", "isClosed": "false"}
    known = stages(
        [
            {"stages": [{"id": "signed", "label": "Signed", "metadata": won}]},
            {"stages": [{"id": "90210", "label": "Signed", "metadata": on}]},
        ]
    )
    mapping = KindMapping(object="deals", fields={"stage": "dealstage"})
    rows = [record(1, dealstage="signed"), record(2, dealstage="90210"), record(3, dealstage="deleted")]
    made = translate.opportunities(Sheet("opportunities", mapping, rows), {}, known, "EUR", ())
    assert made.column("stage").to_pylist() == ["Signed", "Signed", "deleted"]
    assert made.column("is_won").to_pylist() == [True, False, None]


def test_a_deal_that_was_merged_is_not_counted_beside_the_one_it_went_into() -> None:
    """fivetran/dbt_hubspot#134: "Merged deals don't get removed in final models and can't be filtered"."""
    mapping = KindMapping(object="deals", fields={"merged": "hs_merged_object_ids"})
    rows = [record(30, hs_merged_object_ids="11;12"), record(31)]
    assert translate.merged(Sheet("opportunities", mapping, rows)) == {"11": "30", "12": "30"}


def test_a_won_deal_without_an_amount_is_worth_nobody_knows_how_much() -> None:
    """HubSpot Knowledge Base, "Use the line item editor": "when importing line items, the associated deal amount will
    not be updated": such deals are won and have none. Unknown, never 0.
    """
    mapping = KindMapping(object="deals", fields={f: f for f in ("amount", "home_amount", "is_won", "currency")})
    rows = [record(1, is_won="true", amount=None), record(2, is_won="true", amount="0", home_amount="0")]
    made = translate.opportunities(Sheet("opportunities", mapping, rows), {}, {}, "EUR", ())
    assert made.column("amount").to_pylist() == [None, 0.0]


def test_a_ticket_from_a_channel_without_a_source_was_raised_by_the_customer() -> None:
    """HubSpot Knowledge Base, "Connect channels to the conversations inbox": WhatsApp, Messenger and calls open tickets
    for which `source_type` (chat, e-mail, form, phone) has no value; the record was made by Conversations.
    """
    shipped = {"CONVERSATIONS": "true", "CRM_UI": "false", "*": ""}
    names = {"by_customer": "source_type", "source": "hs_object_source"}
    mapping = KindMapping(object="tickets", fields=names, values={"source": shipped})
    rows = [record(n, hs_object_source=one) for n, one in enumerate(("CONVERSATIONS", "CRM_UI", "IMPORT"), 1)]
    made = tickets(Sheet("cases", mapping, rows), {}, {}, {})
    assert made.column("by_customer").to_pylist() == [True, False, None]


def test_an_exchange_address_is_nobody_we_know() -> None:
    """Microsoft Learn, "legacyExchangeDN": mail inside an Exchange organisation names people by `/O=...`: no domain
    tells the side, so HubSpot's own direction does.
    """
    mapping = KindMapping(object="emails", fields={f: f for f in ("direction", "sender", "recipients")})
    sender = "/O=EXCHANGELABS/OU=EXCHANGE ADMINISTRATIVE GROUP/CN=RECIPIENTS/CN=0A1B-ANN"
    rows: list[dict[str, str | None]] = [
        {"direction": direction, "sender": sender} for direction in ("EMAIL", "INCOMING_EMAIL", None)
    ]
    found = acts("emails", mapping, *rows)
    assert [(row["direction"], row["sender"]) for row in found] == [("outbound", None), ("inbound", None), (None, None)]


def test_who_has_left_is_still_whom_they_spoke_with() -> None:
    """airbyte, source-hubspot: `owners` and `owners_archived` are two streams, and records keep the archived one's id:
    without them a year's calls were nobody's.
    """
    gone: translate.Owner = {"id": "9", "email": "left@seller.example", "firstName": "Al", "archived": True}
    rows = translate.users([gone, {"id": "8", "email": None}]).to_pylist()
    assert [(row["id"], row["name"], row["active"]) for row in rows] == [("9", "Al", False), ("8", None, True)]
