"""Records as organisations really hold them: what was reported in public, and the value that is right."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from connectors.salesforce.config import SalesforceMapping
from connectors.salesforce.read.activities import objects
from connectors.salesforce.translate.columns import from_json
from connectors.salesforce.translate.email_message import EmailMessages
from connectors.salesforce.translate.event import Events
from connectors.salesforce.translate.participants import Sides, Tie, Ties
from connectors.salesforce.translate.records import records
from connectors.salesforce.translate.task import Tasks

SHIPPED = tomllib.loads((Path(__file__).parents[4] / "config/mappings/salesforce.toml").read_text("utf-8"))
MAPPING = SalesforceMapping.model_validate(SHIPPED)
EVENT = next(mapping for kinds, mapping in objects(MAPPING.activities) if kinds == ("meeting",))
ANN, BEN = "003Bw0000000001IAA", "003Bw0000000002IAA"
OURS = tuple(f"005Bw000000000{n}IAA" for n in range(3))


@dataclass
class Held:
    people: Ties = field(default_factory=dict)

    def ties(self, *_: Any) -> Ties:
        return self.people

    def tie_need(self, *_: Any) -> None:
        return None


def meetings(*rows: dict[str, Any], invited: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    ties = {row["Id"]: [Tie(one, "Accepted") for one in invited] for row in rows}
    events = Events(EVENT, Held(ties), Sides())  # type: ignore[arg-type]
    paths = ("Id", "CreatedDate", "SystemModstamp", *EVENT.fields.values())
    found: list[dict[str, Any]] = events.translate(from_json(rows, paths)).batch.to_pylist()
    return found


def event(number: int, owner: str, **more: Any) -> dict[str, Any]:
    start = {"StartDateTime": "2026-05-04T09:00:00.000+0000", "DurationInMinutes": 60}
    return {"Id": f"00UBw000000000{number}IAA", "OwnerId": owner, "WhoId": ANN, **start, **more}


def test_a_meeting_from_every_colleagues_calendar_is_one() -> None:
    """calcom/cal.diy#7703: "three events each, one from each of the calendars"; each is owned by the one whose calendar
    it came from, so that owners made three meetings of it. Who has met whom at that time is one.
    """
    same = meetings(*(event(n, owner) for n, owner in enumerate(OURS)), invited=(BEN,))
    assert len({row["dedupe_key"] for row in same}) == 1
    assert [row["user_ids"] for row in same] == [[owner] for owner in OURS]
    other = meetings(event(7, OURS[0]))
    later = meetings(event(8, OURS[0], StartDateTime="2026-05-04T10:00:00.000+0000"), invited=(BEN,))
    assert len({row["dedupe_key"] for row in (*same, *other, *later)}) == 3


def test_the_copies_that_an_invitation_makes_for_colleagues_are_none() -> None:
    """deejay-hub/timeline-lwc#209: inviting users makes a clone of the event for each, with IsChild true."""
    found = meetings(event(1, OURS[0]), *(event(n, OURS[1], IsChild=True) for n in (2, 3, 4, 5)))
    assert [row["id"] for row in found] == ["00UBw0000000001IAA"]


@pytest.mark.parametrize(
    ("seconds", "result", "expected"),
    [
        (0, None, (None, None)),
        (None, None, ("done", None)),
        (90, None, ("done", 1.5)),
        (0, "Connected", ("done", None)),
    ],
)
def test_a_call_of_no_length_is_not_known_to_have_been_answered(
    seconds: int | None, result: str | None, expected: tuple[str | None, float | None]
) -> None:
    """Placetel/call-control-notify-api#15: "duration is always 0 for outgoing calls", those that were answered too."""
    mapping = next(mapping for kinds, mapping in objects(MAPPING.activities) if "call" in kinds)
    row = {"Id": "00TBw0000000001IAA", "TaskSubtype": "Call", "IsClosed": True, "ActivityDate": "2026-05-04"}
    row |= {"CallDurationInSeconds": seconds, "CallDisposition": result, "OwnerId": OURS[0], "WhoId": ANN}
    tasks = Tasks(mapping, Held(), Sides())  # type: ignore[arg-type]
    [made] = tasks.translate(from_json([row], ("Id", "SystemModstamp", *mapping.fields.values()))).batch.to_pylist()
    assert (made["outcome"], made["minutes"]) == expected


def tasks(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    mapping = next(mapping for kinds, mapping in objects(MAPPING.activities) if "call" in kinds)
    usual = {"TaskSubtype": "Call", "IsClosed": True, "ActivityDate": "2026-05-04", "OwnerId": OURS[0], "WhoId": ANN}
    given = [{"Id": f"00TBw000000000{n}IAA", **usual, **row} for n, row in enumerate(rows)]
    frame = from_json(given, ("Id", "SystemModstamp", *mapping.fields.values()))
    found: list[dict[str, Any]] = Tasks(mapping, Held(), Sides()).translate(frame).batch.to_pylist()  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ("no-answer", "not_connected"),
        ("NO ANSWER", "not_connected"),
        ("Busy ", "not_connected"),
        ("voicemail", "not_connected"),
        ("call unsuccessful", "not_connected"),
        ("Meaningful Connect", "done"),
        ("we'll call back", None),
        ("Gatekeeper", None),
    ],
)
def test_a_call_result_in_other_words_is_no_call_that_was_held(result: str, expected: str | None) -> None:
    """Object Reference, Task: CallDisposition is free text, "for example, 'we'll call back', or 'call unsuccessful'";
    phone systems write their own words in their own case (instedd/surveda#1073: every provider another "failed"). What
    nobody has mapped counted as held. Minutes still tell that somebody spoke.
    """
    assert tasks({"CallDisposition": result})[0]["outcome"] == expected
    assert tasks({"CallDisposition": "Gatekeeper", "CallDurationInSeconds": 240})[0]["minutes"] == 4.0


@pytest.mark.parametrize(
    ("status", "closed", "expected"),
    [
        ("Canceled", True, "cancelled"),
        ("cancelled", True, "cancelled"),
        ("No Show", True, "no_show"),
        ("Completed", True, "done"),
        ("Done and dusted", True, "done"),
        ("Deferred", False, "scheduled"),
        (None, True, "done"),
    ],
)
def test_a_task_that_was_closed_undone_was_not_done(status: str | None, closed: bool, expected: str) -> None:
    """Object Reference, TaskStatus: "Multiple task status values can represent a closed Task"; accorto.freshdesk.com,
    "Task Completed vs. Canceled", has admins add a closed "Canceled". Such calls were held.
    """
    for subtype in ("Call", "Task"):
        [made] = tasks({"TaskSubtype": subtype, "Status": status, "IsClosed": closed})
        assert made["outcome"] == expected


@pytest.mark.parametrize(
    ("close", "expected"), [("0022-03-01", None), ("1700-01-01", None), ("4000-12-31", None), ("2026-03-01", 2026)]
)
def test_a_date_that_nobody_means_is_unknown(close: str, expected: int | None) -> None:
    """SOAP API Developer Guide, "Primitive Data Types": a date lies between 1700-01-01 and 4000-12-31, so that a year
    typed as "22", or one of a placeholder, is kept: a customer of three centuries. (n8n-io/n8n#14659 is the same on
    HubSpot.)
    """
    mapping = MAPPING.opportunities
    row = {"Id": "006Bw0000000001IAA", "CloseDate": close, "CreatedDate": "2026-01-02T10:00:00.000+0000"}
    made = records("opportunities", mapping, from_json([row], ("Id", "SystemModstamp", *mapping.fields.values())))
    found = made.batch.column("close_at")[0].as_py()
    assert (None if found is None else found.year) == expected
    assert [(r.record_id, r.field) for r in made.rejects] == ([] if expected else [(row["Id"], "close_at")])


def test_a_contract_that_never_ends_may_say_so() -> None:
    mapping = MAPPING.contracts
    assert mapping is not None
    row = {"Id": "800Bw0000000001IAA", "EndDate": "4000-12-31", "StartDate": "2020-01-01"}
    made = records("contracts", mapping, from_json([row], ("Id", "SystemModstamp", *mapping.fields.values())))
    assert (made.batch.column("end_at")[0].as_py().year, made.rejects) == (4000, ())


def test_the_first_rate_of_a_currency_holds_since_ever() -> None:
    """Object Reference, DatedConversionRate: the dates of a currency's rates leave no gap; the first may begin, and the
    last end, where no deal is.
    """
    mapping = MAPPING.currency_rates
    assert mapping is not None
    row = {"Id": "04wBw0000000001IAA", "StartDate": "0001-01-01", "NextStartDate": "9999-12-31", "ConversionRate": 2.0}
    made = records("currency_rates", mapping, from_json([row], ("Id", "SystemModstamp", *mapping.fields.values())))
    assert (made.batch.num_rows, made.rejects) == (1, ())
    assert made.batch.column("rate").to_pylist() == [0.5]


def test_a_call_without_a_person_belongs_to_the_account_it_is_about() -> None:
    """SalesforceLabs/ActivityTimelineLWC#69: a task of subtype Call without WhoId was "a task". It is a call, of the
    account that Salesforce derives (Object Reference, Task.AccountId)."""
    account = "001Bw0000000001IAA"
    [made] = tasks({"WhoId": None, "WhatId": "006Bw0000000001IAA", "AccountId": account, "CallType": "Outbound"})
    assert (made["channel"], made["account_id"], made["person_ids"]) == ("call", account, [])
    assert made["opportunity_id"] == "006Bw0000000001IAA"


def test_what_was_done_for_a_lead_is_a_contacts_once_the_lead_is_converted() -> None:
    """rudderlabs/rudder-transformer#1052: a converted lead is its contact. Before, it is no customer: no person and no
    account; Salesforce then moves the activity."""
    before, after = tasks({"WhoId": "00QBw0000000001IAA"}, {"AccountId": "001Bw0000000001IAA"})
    assert (before["person_ids"], before["account_id"]) == ([], None)
    assert (after["person_ids"], after["account_id"]) == ([ANN], "001Bw0000000001IAA")


def test_the_person_of_a_person_account_is_its_contact() -> None:
    """jsforce/jsforce#1006: WhoId takes no account ("id value of incorrect type"); danhowellnz/SendEmail#11: people of
    person accounts come as 003 ids."""
    [made] = tasks({"WhoId": ANN, "WhatId": "001Bw0000000001IAA", "AccountId": None})
    assert (made["person_ids"], made["account_id"]) == ([ANN], "001Bw0000000001IAA")


def test_the_day_of_a_task_is_not_moved_by_any_zone() -> None:
    """Object Reference, Task.ActivityDate: "always set to midnight in UTC ... do not attempt to alter it to accommodate
    time zone differences"."""
    [made] = tasks({"ActivityDate": "2026-05-04", "CompletedDateTime": "2026-05-09T01:00:00.000+0000"})
    assert (made["occurred_at"].isoformat(), made["date_only"]) == ("2026-05-04T00:00:00+00:00", True)


def test_a_mail_and_its_answer_are_one_thread_where_none_is_named() -> None:
    """Object Reference, EmailMessage: ThreadIdentifier is nillable, ReplyToEmailMessageId names the record that is
    answered. The first mail was in a thread of its own: a question without an answer, and an answer to nothing.
    """
    mapping = next(mapping for kinds, mapping in objects(MAPPING.activities) if kinds == ("email",))
    first = {"Id": "02sBw0000000001IAA", "FromAddress": "ann@customer.example", "Incoming": True}
    rows = [
        {**first, "MessageIdentifier": "<a@mail.example>"},
        {"Id": "02sBw0000000002IAA", "ReplyToEmailMessageId": first["Id"], "MessageIdentifier": "<b@mail.example>"},
        {"Id": "02sBw0000000003IAA", "MessageIdentifier": "<c@mail.example>", "ThreadIdentifier": "T1"},
    ]
    frame = from_json(rows, ("Id", "CreatedDate", "SystemModstamp", *mapping.fields.values()))
    made = EmailMessages(mapping, Held(), Sides()).translate(frame).batch.to_pylist()  # type: ignore[arg-type]
    assert [row["thread_id"] for row in made] == [first["Id"], first["Id"], "T1"]


@pytest.mark.parametrize(
    ("code", "expected"), [("Activated", True), ("Signed", False), ("Expired", False), ("Draft", False), (None, None)]
)
def test_a_contract_is_in_force_when_it_is_activated(code: str | None, expected: bool | None) -> None:
    """Object Reference, ContractStatus: statuses are the organisation's own, StatusCode is the category behind each."""
    mapping = MAPPING.contracts
    assert mapping is not None
    row = {"Id": "800Bw0000000001IAA", "Status": "In Kraft", "StatusCode": code}
    made = records("contracts", mapping, from_json([row], ("Id", "SystemModstamp", *mapping.fields.values())))
    assert made.batch.column("active").to_pylist() == [expected]
