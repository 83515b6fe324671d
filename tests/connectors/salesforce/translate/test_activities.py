"""Who acted, towards whom, and was it counted before."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.records import SCHEMAS
from connectors.salesforce.config import ActivityKind, SalesforceMapping
from connectors.salesforce.read.activities import objects
from connectors.salesforce.translate.columns import from_json
from connectors.salesforce.translate.email_message import EmailMessages
from connectors.salesforce.translate.event import Events
from connectors.salesforce.translate.participants import Sides, Tie, Ties
from connectors.salesforce.translate.records import Translated
from connectors.salesforce.translate.task import Tasks

SHIPPED = tomllib.loads((Path(__file__).parents[4] / "config/mappings/salesforce.toml").read_text("utf-8"))
ACTIVITIES = SalesforceMapping.model_validate(SHIPPED).activities
EMAIL, EVENT, TASK = (mapping for _, mapping in objects(ACTIVITIES))
SIDES = Sides(
    frozenset({"seller.example"}),
    ACTIVITIES.automated_subjects,
    ACTIVITIES.automatic_replies,
    ACTIVITIES.cancelled_subjects,
)
UNSURE = Sides()


@dataclass
class Held:
    """What other objects know of a page."""

    people: Ties = field(default_factory=dict)
    stood_for: frozenset[str] = frozenset()

    def ties(self, kind: str, ids: Any) -> Ties:
        return self.people

    def twins(self, email_object: str, task_field: str, task_ids: Any) -> frozenset[str]:
        return self.stood_for

    def tie_need(self, kind: str, ids: Any) -> None: ...

    def twin_need(self, email_object: str, task_field: str, task_ids: Any) -> None: ...


AT = "2026-01-02T17:38:59.000+0000"
ANN, BOB, SAM, UMA = "003000000000001AAA", "003000000000002AAA", "005000000000001AAA", "005000000000002AAA"


def _frame(rows: list[dict[str, Any]], mapping: Any) -> Any:
    return from_json([{"CreatedDate": AT, "SystemModstamp": AT, **row} for row in rows],
                     ["Id", "CreatedDate", "SystemModstamp", *mapping.fields.values()])  # fmt: skip


def mail(row: dict[str, Any], *ties: Tie, sides: Sides = SIDES) -> dict[str, Any]:
    made = EmailMessages(EMAIL, Held({"02s1": ties}), sides).translate(
        _frame([{"Id": "02s1", "MessageDate": AT, **row}], EMAIL)
    )
    return one(made)


def meeting(row: dict[str, Any], *ties: Tie) -> dict[str, Any]:
    return one(
        Events(EVENT, Held({"00U1": ties}), SIDES).translate(
            _frame([{"Id": "00U1", "StartDateTime": AT, **row}], EVENT)
        )
    )


def task(row: dict[str, Any], **kw: Any) -> dict[str, Any]:
    return one(todo(row, **kw))


def todo(
    row: dict[str, Any], twins: frozenset[str] = frozenset(), kinds: tuple[ActivityKind, ...] = ("call", "task")
) -> Translated:
    base = {"Id": "00T1", "ActivityDate": "2026-01-02", "IsClosed": True, "WhoId": ANN, "OwnerId": SAM}
    return Tasks(TASK, Held({}, twins), SIDES, kinds, EMAIL).translate(_frame([{**base, **row}], TASK))


def one(made: Translated) -> dict[str, Any]:
    assert made.rejects == ()
    [row] = made.batch.to_pylist()
    return dict(row)


@pytest.mark.parametrize(
    ("sender", "incoming", "author", "sides", "direction"),
    [
        ("sam@seller.example", False, None, SIDES, "outbound"),
        ("sam@mail.seller.example", True, None, SIDES, "outbound"),  # the flag is only a hint
        ("ann@acme.example", True, None, SIDES, "inbound"),
        ("ann@acme.example", None, None, SIDES, "inbound"),
        ("ann@acme.example", False, ANN, SIDES, "inbound"),  # a linked person beats the flag
        ("sam@notseller.example", None, None, SIDES, "inbound"),
        ("sam@brand.example", False, SAM, SIDES, "outbound"),  # a user of ours, whatever the domain
        ("ann@acme.example", True, SAM, SIDES, "inbound"),  # a user of a customer portal
        ("sales@brand.example", False, None, SIDES, "outbound"),  # sent to a customer by nobody that the CRM knows
        (None, True, None, SIDES, "inbound"),
        (None, None, None, SIDES, None),
        ("ann@acme.example", False, None, UNSURE, "outbound"),
        ("ann@acme.example", False, ANN, UNSURE, "inbound"),  # a person beats the flag
        ("sam@gmail.example", True, SAM, UNSURE, "outbound"),
    ],
)
def test_the_side_of_an_email(
    sender: str | None, incoming: bool | None, author: str | None, sides: Sides, direction: str | None
) -> None:
    ties = [Tie(author, "FromAddress")] if author else []
    row = mail({"FromAddress": sender, "Incoming": incoming}, *ties, Tie(BOB, "ToAddress"), sides=sides)
    assert row["direction"] == direction


def test_a_mail_of_a_stranger_that_reached_one_of_us_is_theirs() -> None:
    """Incoming is false unless whoever logs the mail sets it: who received it tells."""
    row = mail({"FromAddress": "new@acme.example", "Incoming": False}, Tie(SAM, "ToAddress"), Tie(BOB, "CcAddress"))
    assert row["direction"] == "inbound"


@pytest.mark.parametrize(
    ("subject", "automated"),
    [
        ("Automatische Antwort: Angebot", True),
        ("Réponse automatique : offre", True),
        ("OUT OF OFFICE: your offer", True),
        ("Re: out of office next week?", False),
        ("Who handles automatic replies?", False),
    ],
)
def test_automatic_replies_in_their_own_language(subject: str, automated: bool) -> None:
    """Mail programs put the words before the subject in the language of who is away; a person's mail about it is a
    person's.
    """
    assert mail({"Subject": subject})["automated"] is automated


@pytest.mark.parametrize(
    "subject", ["Canceled: Review", "Abgesagt: Besprechung", "Annulé : point", "Geannuleerd: overleg"]
)
def test_meetings_that_were_called_off_in_another_language(subject: str) -> None:
    """Calendars put the word before the subject in the organiser's language (inovex/CalendarSync and others look for
    both "Cancelled:" and "Abgesagt:"); such a meeting counted as held.
    """
    assert meeting({"Subject": subject, "OwnerId": SAM, "WhoId": ANN})["outcome"] == "cancelled"
    assert meeting({"Subject": "Review of canceled orders", "OwnerId": SAM, "WhoId": ANN})["outcome"] == "done"


def test_mail_among_colleagues_is_internal() -> None:
    row = mail({"FromAddress": "sam@seller.example"}, Tie(SAM, "FromAddress"), Tie(UMA, "ToAddress"))
    assert (row["direction"], row["user_ids"], row["person_ids"]) == ("internal", [SAM, UMA], [])


def test_the_author_comes_first() -> None:
    row = mail({"FromAddress": "b@acme.example"}, Tie(ANN, "CcAddress"), Tie(SAM, "ToAddress"), Tie(BOB, "FromAddress"))
    assert row["person_ids"] == [BOB, ANN]


def test_related_records_by_their_prefix() -> None:
    assert mail({"RelatedToId": "006000000000001AAA"})["opportunity_id"] == "006000000000001AAA"
    assert mail({"RelatedToId": "001000000000001AAA"})["account_id"] == "001000000000001AAA"
    row = mail({"ParentId": "500000000000001AAA"})
    assert (row["case_id"], row["channel"]) == ("500000000000001AAA", "case_reply")


def test_drafts_bounces_and_tools() -> None:
    made = EmailMessages(EMAIL, Held(), SIDES).translate(_frame([{"Id": "02s1", "Status": "5"}], EMAIL))
    assert (made.batch.num_rows, made.gone) == (0, ("02s1",))
    assert mail({"IsBounced": True})["outcome"] == "bounced"
    assert mail({"Subject": "AUTOMATIC REPLY: hello"})["automated"] is True
    assert mail({"Subject": "Your offer"})["automated"] is False


def test_the_same_message_has_one_key() -> None:
    assert mail({"MessageIdentifier": "<a@b>"})["dedupe_key"] == "<a@b>"
    assert mail({}, Tie(ANN, "ToAddress"))["dedupe_key"] == mail({}, Tie(ANN, "ToAddress"))["dedupe_key"]
    assert mail({}, Tie(ANN, "ToAddress"))["dedupe_key"] != mail({}, Tie(BOB, "ToAddress"))["dedupe_key"]


def test_children_and_series_are_no_meetings() -> None:
    for flag in ("IsChild", "IsRecurrence"):
        made = Events(EVENT, Held(), SIDES).translate(_frame([{"Id": "00U1", "StartDateTime": AT, flag: True}], EVENT))
        assert (made.batch.num_rows, made.gone) == (0, ("00U1",))


def test_a_meeting_with_its_people() -> None:
    row = meeting(
        {"DurationInMinutes": 45, "WhoId": ANN, "OwnerId": SAM, "WhatId": "006000000000001AAA"},
        Tie(BOB, "Accepted"), Tie(UMA, "New"),
    )  # fmt: skip
    assert (row["person_ids"], row["user_ids"], row["minutes"]) == ([ANN, BOB], [SAM, UMA], 45.0)
    assert (row["direction"], row["outcome"], row["opportunity_id"]) == ("outbound", "done", "006000000000001AAA")


def test_a_meeting_that_they_called() -> None:
    row = meeting({"OwnerId": SAM, "WhoId": ANN}, Tie(BOB, "Accepted", organiser=True))
    assert (row["direction"], row["person_ids"]) == ("inbound", [BOB, ANN])


def test_who_declined_was_not_there() -> None:
    row = meeting({"OwnerId": SAM, "WhoId": ANN}, Tie(BOB, "Declined"), Tie(UMA, "Declined"))
    assert (row["person_ids"], row["user_ids"], row["outcome"]) == ([ANN], [SAM], "done")
    everyone = meeting({"OwnerId": SAM, "WhoId": ANN}, Tie(ANN, "Declined"), Tie(BOB, "Declined"))
    assert everyone["outcome"] == "cancelled"


def test_a_whole_day_has_no_hour_and_no_length() -> None:
    row = meeting({"IsAllDayEvent": True, "DurationInMinutes": 1440})
    assert (row["date_only"], row["minutes"]) == (True, None)


def test_a_meeting_among_ourselves_is_internal() -> None:
    assert meeting({"OwnerId": SAM}, Tie(UMA, "Accepted"))["direction"] == "internal"


def test_a_call() -> None:
    row = task(
        {"TaskSubtype": "Call", "CallType": "Inbound", "CallDurationInSeconds": 750, "AccountId": "001000000000001AAA"}
    )
    assert (row["channel"], row["direction"], row["minutes"], row["outcome"]) == ("call", "inbound", 12.5, "done")
    assert (row["date_only"], row["occurred_at"].hour, row["account_id"]) == (True, 0, "001000000000001AAA")
    assert (row["person_ids"], row["user_ids"]) == ([ANN], [SAM])


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"TaskSubtype": "Call", "CallDisposition": "No Answer"}, ("call", None, "not_connected", False)),
        ({"TaskSubtype": "Call", "CallDisposition": "Great chat"}, ("call", None, None, False)),
        ({"TaskSubtype": "Call", "CallDisposition": "connected"}, ("call", None, "done", False)),
        ({"CallType": "Outbound"}, ("call", "outbound", "done", False)),
        ({"TaskSubtype": "Email"}, ("email", None, "done", False)),
        ({"TaskSubtype": "ListEmail"}, ("email", None, "done", True)),
        ({"TaskSubtype": "Cadence"}, ("task", "outbound", "done", True)),
        ({"Subject": "Email: Hello"}, ("email", None, "done", False)),
        ({"Subject": "[Outreach] step 3"}, ("task", "outbound", "done", True)),
        ({"TaskSubtype": "Task", "IsClosed": False}, ("task", "outbound", "scheduled", False)),
    ],
)
def test_kinds_of_tasks(row: dict[str, Any], expected: tuple[Any, ...]) -> None:
    made = task(row)
    assert (made["channel"], made["direction"], made["outcome"], made["automated"]) == expected


def test_the_task_of_an_email_counts_once() -> None:
    made = todo({"TaskSubtype": "Email"}, twins=frozenset({"00T1"}))
    assert (made.batch.num_rows, made.gone) == (0, ("00T1",))


def test_a_task_without_a_day_happened_when_it_was_completed() -> None:
    row = task({"ActivityDate": None, "CompletedDateTime": AT})
    assert (row["occurred_at"].hour, row["date_only"]) == (17, False)


def test_a_task_that_was_done_before_its_day_was_done_then() -> None:
    """A call that was planned for next week and made today (CompletedDateTime) was one of the future until then."""
    row = task({"TaskSubtype": "Call", "ActivityDate": "2026-01-20", "CompletedDateTime": AT})
    assert (row["occurred_at"].isoformat()[:10], row["date_only"]) == ("2026-01-02", False)
    late = task({"TaskSubtype": "Call", "ActivityDate": "2025-12-01", "CompletedDateTime": AT})
    assert (late["occurred_at"].isoformat()[:10], late["date_only"]) == ("2025-12-01", True)


def test_a_lead_or_a_queue_is_no_person_of_the_account() -> None:
    row = task({"WhoId": "00Q000000000001AAA", "OwnerId": "00G000000000001AAA"})
    assert (row["person_ids"], row["user_ids"]) == ([], [])


FLAG = st.none() | st.booleans()
TASK_ROW = st.fixed_dictionaries(
    {
        "TaskSubtype": st.sampled_from([None, "Task", "Email", "Call", "Cadence", "ListEmail", "New one"]),
        "CallType": st.sampled_from([None, "Inbound", "Outbound", "Internal"]),
        "CallDurationInSeconds": st.none() | st.integers(0, 10_000),
        "CallDisposition": st.none() | st.text(max_size=5),
        "WhoId": st.sampled_from([None, ANN, "00Q000000000001AAA"]),
        "OwnerId": st.sampled_from([None, SAM, "00G000000000001AAA"]),
        "IsClosed": FLAG,
        "IsRecurrence": FLAG,
        "Subject": st.none() | st.text(max_size=10),
        "ActivityDate": st.none() | st.dates().map(str).filter(lambda day: day > "1000"),
    }
)


@given(st.lists(TASK_ROW, max_size=5), st.sets(st.integers(0, 5)))
def test_every_task_is_a_row_or_gone_and_words_are_canonical(rows: list[dict[str, Any]], twins: set[int]) -> None:
    frame = _frame([{"Id": f"00T{n}", **row} for n, row in enumerate(rows)], TASK)
    made = Tasks(TASK, Held({}, frozenset(f"00T{n}" for n in twins)), SIDES, ("call", "task"), EMAIL).translate(frame)
    assert made.batch.schema.equals(SCHEMAS["activities"])
    kept = made.batch.to_pylist()
    assert sorted([row["id"] for row in kept] + list(made.gone)) == [f"00T{n}" for n in range(len(rows))]
    for row in kept:
        assert row["channel"] in {"call", "email", "task"}
        assert row["direction"] in {None, "inbound", "outbound", "internal"}
        assert row["outcome"] in {None, "done", "scheduled", "not_connected"}
        assert row["occurred_at"] is not None
        assert all(person.startswith("003") for person in row["person_ids"])
