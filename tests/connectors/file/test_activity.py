"""Mail, calendars and call logs become activities: whose, of which side, in which thread, and never what was
automatic.
"""

from __future__ import annotations

import gzip

import pytest

from connectors.base import Organisation
from connectors.errors import ConfigError
from connectors.file.activity.calls import phone_key
from connectors.file.activity.mailbox import messages, parsed
from connectors.file.config import FilesConfig, parse_mapping
from connectors.file.connector import FileConnector

ACCOUNTS = (
    "id,name,domain,phone\nA,Zelkova,https://www.zelkova.example/en,+49 30 1234560\nB,Brackish,brackish.example,\n"
)
MAPPING = {
    "accounts": {"from": "accounts.csv", "columns": {"id": "id", "name": "name", "domain": "domain", "phone": "phone"}}
}


def read(folder, stream="activities", own=("ours.example",), zone="Europe/Berlin", **sources):
    """Rows by id, the rejects' messages, and what check says of activity."""
    folder.put("accounts.csv", ACCOUNTS)
    config = FilesConfig(input=str(folder.input), output=str(folder.output), time_zone=zone)
    connector = FileConnector(
        config, parse_mapping({**MAPPING, **sources}, "mapping.toml"), (), Organisation(own, "EUR")
    )
    try:
        pages = list(connector.read(stream, None))
        rows = {r["id"]: r for p in pages for r in p.batch.to_pylist()}
        told = " ".join(f.message for f in connector.check().findings if f.topic == "activity")
        return rows, [f"{r.source} {r.message}" for p in pages for r in p.rejects], told
    finally:
        connector.close()


def mail(number: int, sender: str, to: str, *more: str, day: int = 4, body: str = "hello\n") -> str:
    head = [
        f"From: {sender}",
        f"To: {to}",
        f"Date: Wed, {day} Mar 2026 13:05:00 +0100",
        f"Message-ID: <{number}@x>",
        *more,
    ]
    return f"From {sender} Wed Mar {day:2} 13:05:00 2026\n" + "\n".join(head) + f"\n\n{body}\n"


MBOX = (
    mail(1, "Rep <rep@ours.example>", '"B, Bea" <b@zelkova.example>, c@zelkova.example')
    + mail(2, "b@zelkova.example", "rep@ours.example", "In-Reply-To: <1@x>", day=5)
    + mail(3, "rep@ours.example", "b@zelkova.example", "References: <1@x> <2@x>", day=6)
    + mail(4, "news@brackish.example", "rep@ours.example", "List-Unsubscribe: <https://x.example>")
    + mail(5, "c@brackish.example", "rep@ours.example", "Auto-Submitted: auto-replied")
    + mail(6, "rep@ours.example", "boss@ours.example")
    + mail(7, "stranger@elsewhere.example", "rep@ours.example")
    + mail(
        8,
        "c@brackish.example",
        "rep@ours.example",
        body="From here on it is the body\n\nFrom Monday 5 on too\nNot a header\n",
    )
)


def test_a_mailbox_gives_sides_people_and_threads_and_marks_what_is_automatic(folder) -> None:
    folder.put("takeout.mbox", MBOX)
    rows, rejects, told = read(folder, mailbox={"file": "takeout.mbox"})
    assert rejects == []
    assert {
        i.removeprefix("mail <").removesuffix("@x>"): (r["direction"], r["person_ids"], r["automated"])
        for i, r in rows.items()
    } == {
        "1": ("outbound", ["b@zelkova.example", "c@zelkova.example"], False),
        "2": ("inbound", ["b@zelkova.example"], False),
        "3": ("outbound", ["b@zelkova.example"], False),
        "4": ("inbound", ["news@brackish.example"], True),
        "5": ("inbound", ["c@brackish.example"], True),
        "8": ("inbound", ["c@brackish.example"], False),
    }
    assert {rows[f"mail <{n}@x>"]["thread_id"] for n in (1, 2, 3)} == {"mail <1@x>"}
    assert rows["mail <1@x>"]["occurred_at"].isoformat() == "2026-03-04T12:05:00+00:00"
    assert "1 mail among ourselves" in told
    assert "elsewhere.example 1" in told
    people = read(folder, "people", mailbox={"file": "takeout.mbox"})[0]
    assert {p: r["account_id"] for p, r in people.items()} == {
        "b@zelkova.example": "A", "c@zelkova.example": "A", "c@brackish.example": "B", "news@brackish.example": "B",
    }  # fmt: skip
    assert set(read(folder, "users", mailbox={"file": "takeout.mbox"})[0]) >= {"rep@ours.example"}


def test_one_message_in_two_mailboxes_is_one(folder) -> None:
    copy = mail(1, "rep@ours.example", "b@zelkova.example").replace("\n", "\r\n")
    folder.put("a.mbox.gz", gzip.compress(MBOX.encode()))
    folder.put("b.mbox", copy)
    rows, _, _ = read(folder, mailbox={"file": ["a.mbox.gz", "*.mbox"]})
    assert len(rows) == 6
    assert rows["mail <1@x>"]["person_ids"] == ["b@zelkova.example", "c@zelkova.example"]


def test_maildir_and_eml_files_are_read_and_drafts_left_out(folder) -> None:
    (folder.input / "Mail/cur").mkdir(parents=True)
    (folder.input / "Mail/tmp").mkdir()
    body = MBOX.split("\n", 1)[1]
    (folder.input / "Mail/cur/1.M1.host:2,S").write_text(body)
    (folder.input / "Mail/tmp/2.M2.host").write_text(body.replace("<1@x>", "<9@x>"))
    (folder.input / "draft.eml").write_text("X-Unsent: 1\n" + body.replace("<1@x>", "<10@x>"))
    (folder.input / "empty.eml").write_text("")
    rows, _, _ = read(folder, mailbox={"file": ["Mail", "*.eml"]})
    assert set(rows) == {"mail <1@x>"}


def test_lines_of_a_body_that_begin_with_from_do_not_cut_a_message(tmp_path) -> None:
    """Python's own mailbox cuts there, and stops at bytes beyond ASCII: cpython issue 86599."""
    path = tmp_path / "m"
    path.write_bytes(
        MBOX.encode()
        + (
            b"From x@y Wed Mar  4 13:05:00 2026\nFrom: =?utf-8?q?=C3=A9?= <d@y.example>\nX: "
            b"caf\xe9\n\nFrom caf\xe9 2026\n"
        )
    )
    found = [parsed(head) for head in messages(path)]
    assert len(found) == 9
    assert found[-1] is not None
    assert found[-1].sender == "d@y.example"


def test_mail_to_many_and_by_named_robots_is_automatic(folder) -> None:
    many = ", ".join(f"p{i}@zelkova.example" for i in range(25))
    folder.put(
        "m.mbox",
        mail(1, "rep@ours.example", many)
        + mail(2, "rep@ours.example", "b@zelkova.example")
        + mail(3, "no-reply@zelkova.example", "rep@ours.example"),
    )
    rows, _, _ = read(folder, mailbox={"file": "m.mbox"})
    assert [r["automated"] for _, r in sorted(rows.items())] == [True, False, True]
    rows, _, _ = read(folder, mailbox={"file": "m.mbox", "automatic": ["rep@ours.example"]})
    assert [r["automated"] for _, r in sorted(rows.items())] == [True, True, True]


def test_a_message_trace_is_mail_with_threads_by_subject(folder) -> None:
    """Columns of the enhanced summary report: learn.microsoft.com, "Message trace in the new Exchange admin center"."""
    head = '"origin_timestamp_utc","sender_address","recipient_status","message_subject","total_bytes",'
    head += '"message_id","network_message_id","directionality"\n'
    lines = [
        (
            '"2026-01-10T13:05:00.0000000Z","rep@ours.example","b@zelkova.example##Receive, '
            'Deliver;c@zelkova.example##Receive, Fail","Offer","1","<1@x>","n","Originating"'
        ),
        (
            '"2026-01-10T13:05:00.0000000Z","rep@ours.example","b@zelkova.example##Receive, '
            'Deliver","Offer","1","<1@x>","n","Originating"'
        ),
        (
            '"2026-01-11T13:05:00.0000000Z","b@zelkova.example","rep@ours.example##Receive, '
            'Deliver","RE: Offer","1","<2@x>","n","Incoming"'
        ),
        (
            '"2026-01-12T13:05:00.0000000Z","b@zelkova.example","rep@ours.example##Receive, '
            'Deliver","Other","1","<3@x>","n","Incoming"'
        ),
    ]
    folder.put("trace.csv", (head + "\n".join(lines) + "\n").encode("utf-16-le"))
    rows, _, _ = read(folder, mailbox={"file": "trace.csv"})
    assert [(r["direction"], r["person_ids"], r["thread_id"]) for _, r in sorted(rows.items())] == [
        ("outbound", ["b@zelkova.example"], "mail <1@x>"),
        ("inbound", ["b@zelkova.example"], "mail <1@x>"),
        ("inbound", ["b@zelkova.example"], "mail <3@x>"),
    ]
    assert "Offer" not in str(rows)


ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//y
BEGIN:VTIMEZONE
TZID:Own zone
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0300
TZOFFSETTO:+0300
END:STANDARD
END:VTIMEZONE
{events}END:VCALENDAR
"""


def event(
    uid: str, start: str, *more: str, attendee: str = "b@zelkova.example", organizer: str = "rep@ours.example"
) -> str:
    people = f"ORGANIZER:mailto:{organizer}\nATTENDEE;PARTSTAT=ACCEPTED:mailto:{attendee}\n"
    return (
        f"BEGIN:VEVENT\nUID:{uid}\nSUMMARY:secret\nDTSTART{start}\n{people}"
        + "".join(f"{m}\n" for m in more)
        + "END:VEVENT\n"
    )


def test_a_calendar_gives_each_occurrence_once_in_its_zone(folder) -> None:
    events = (
        event("w", ";TZID=W. Europe Standard Time:20260304T130500", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;UNTIL=20260318")
        + event(
            "w", ";TZID=W. Europe Standard Time:20260312T090000", "DURATION:PT30M", "RECURRENCE-ID;VALUE=DATE:20260311"
        )
        + event(
            "own",
            ";TZID=Own zone:20260301T100000",
            "DTEND;TZID=Own zone:20260301T101500",
            organizer="b@zelkova.example",
            attendee="rep@ours.example",
        )
        + event("day", ";VALUE=DATE:20260305", "DTEND;VALUE=DATE:20260306")
        + event("off", ":20260306T100000Z", "STATUS:CANCELLED")
        + event("alone", ":20260306T110000Z", attendee="boss@ours.example")
        + event("bad", ":not a time")
    )
    folder.put("a.ics", ICS.format(events=events))
    folder.put("b.ics", ICS.format(events=event("day", ";VALUE=DATE:20260305", "DTEND;VALUE=DATE:20260306")))
    rows, rejects, told = read(folder, calendar={"file": "*.ics"})
    found = sorted(
        (i.split()[1], r["occurred_at"].isoformat()[:16], r["minutes"], r["direction"], r["outcome"], r["date_only"])
        for i, r in rows.items()
    )
    assert found == [
        ("day", "2026-03-04T23:00", None, "outbound", None, True),
        ("off", "2026-03-06T10:00", None, "outbound", "cancelled", False),
        ("own", "2026-03-01T07:00", 15.0, "inbound", None, False),
        ("w", "2026-03-04T12:05", 60.0, "outbound", None, False),
        ("w", "2026-03-12T08:00", 30.0, "outbound", None, False),
        ("w", "2026-03-18T12:05", 60.0, "outbound", None, False),
    ]
    assert len(rejects) == 1
    assert rejects[0].startswith("a.ics:")
    assert "1 appointments without anybody of another company" in told
    assert "secret" not in str(rows)


def test_a_zone_of_a_calendar_of_its_own_is_that_of_no_other(folder) -> None:
    """icalendar keeps the first definition of a name for good: github.com/collective/icalendar/issues/799."""
    one = ICS.format(events=event("e", ";TZID=Own zone:20260301T100000"))
    folder.put("a.ics", one)
    folder.put("b.ics", one.replace("+0300", "-0500").replace("UID:e", "UID:w"))
    rows, _, _ = read(folder, calendar={"file": "*.ics"})
    assert sorted((i.split()[1], r["occurred_at"].hour) for i, r in rows.items()) == [("e", 7), ("w", 15)]


def test_who_declined_was_not_there(folder) -> None:
    declined = event("d", ":20260306T100000Z").replace("PARTSTAT=ACCEPTED", "PARTSTAT=DECLINED")
    folder.put("a.ics", ICS.format(events=declined))
    (row,) = read(folder, calendar={"file": "a.ics"})[0].values()
    assert row["outcome"] == "cancelled"


def test_the_csv_of_outlook_names_people_as_the_address_book_does(folder) -> None:
    """Columns as classic Outlook exports a calendar: support.microsoft.com, "Export or back up ... to a .csv file"."""
    folder.put(
        "calendar.csv",
        '"Subject","Start Date","Start Time","End Date","End Time","All day event","Meeting '
        'Organizer","Required Attendees","Optional Attendees"\n'
        '"x","3/14/2026","1:05:00 PM","3/14/2026","2:05:00 PM","False","Rep, Rita","Rep, Rita;Bea B","Carl C"\n'
        '"x","the 4th","13:05","","","False","Rep, Rita","Bea B",""\n',
    )
    folder.put("people.csv", "id,account_id,name,email\np1,A,Bea B,b@zelkova.example\n")
    rows, rejects, _ = read(folder, calendar={"file": "calendar.csv"})
    assert [(r["person_ids"], r["minutes"], r["occurred_at"].isoformat()) for r in rows.values()] == [
        (["p1"], 60.0, "2026-03-14T12:05:00+00:00")
    ]
    assert "date_format" in rejects[0]


@pytest.mark.parametrize(
    ("text", "region", "key"),
    [
        ("030 1234560", "DE", "+49301234560"),
        ("+1 (650) 253-0000 ext. 12", None, "+16502530000;ext=12"),
        ("030 123456 / 123457", "DE", ""),
        ("030 1234560 Durchwahl 5", "DE", ""),
        ("030 1234560", None, ""),
        ("anonymous", "DE", ""),
    ],
)
def test_a_phone_number_is_one_or_none(text: str, region: str | None, key: str) -> None:
    assert phone_key(text, region) == key


def test_a_call_log_finds_people_by_their_number_and_accounts_by_theirs(folder) -> None:
    """Fields as in support.aircall.io, "Analytics: Call attributes" and RingCentral's call log guide; values made
    up.
    """
    folder.put("contacts.csv", "id,account,phone\np1,B,030 / 99\np2,B,0171 2345678\n")
    folder.put(
        "log.csv",
        "Call ID,Direction,From,To,Start Time,Duration,Result,User\n"
        "1,Outbound,+49 30 5550000,0171-2345678,2026-03-04 13:05:00,0:05:30,Call connected,rep@ours.example\n"
        "2,Inbound,+49301234560,+49 30 5550000,2026-03-05 13:05:00,0:00:00,Missed,\n"
        "3,Inbound,anonymous,+49 30 5550000,2026-03-06 13:05:00,0:00:09,Voicemail,\n"
        "4,Internal,101,102,2026-03-06 13:05:00,0:09:00,Answered,\n",
    )
    people = {"people": {"from": "contacts.csv", "columns": {"id": "id", "account_id": "account", "phone": "phone"}}}
    rows, rejects, told = read(folder, calls={"file": "log.csv", "region": "DE"}, **people)
    assert [
        (i, r["direction"], r["outcome"], r["minutes"], r["person_ids"], r["account_id"])
        for i, r in sorted(rows.items())
    ] == [
        ("call 1", "outbound", "done", 5.5, ["p2"], None),
        ("call 2", "inbound", "not_connected", 0.0, None, "A"),
    ]
    assert rows["call 1"]["occurred_at"].isoformat() == "2026-03-04T12:05:00+00:00"
    assert rejects == []
    assert "1 calls among ourselves" in told


def test_the_calls_that_hubspot_exports_are_in_milliseconds(folder) -> None:
    """hs_call_duration is in milliseconds: developers.hubspot.com, "Calls"; columns as knowledge.hubspot.com,
    "Export records".
    """
    folder.put("contacts.csv", "id,account\n5001,A\n5002,A\n")
    folder.put(
        "hubspot-calls.csv",
        "Record ID,Call Title,Activity date,Call outcome,Call direction,Call "
        "duration,Activity assigned to,Associated Contact IDs\n"
        "8800,Call,2026-01-10 10:05,Connected,Outbound,300000,Rep One,5001;5002\n"
        "8801,Call,2026-01-11 10:05,Left voicemail,Outbound,0,Rep One,5001\n",
    )
    people = {"people": {"from": "contacts.csv", "columns": {"id": "id", "account_id": "account"}}}
    rows, _, _ = read(folder, calls={"file": "hubspot-calls.csv"}, **people)
    assert [(r["minutes"], r["outcome"], r["person_ids"]) for _, r in sorted(rows.items())] == [
        (5.0, "done", ["5001", "5002"]),
        (0.0, "not_connected", ["5001"]),
    ]


def test_lengths_in_bare_numbers_need_their_unit(folder) -> None:
    folder.put("log.csv", "Direction,Phone Number,Start Time,Duration\nOutbound,+49301234560,2026-03-04 13:05:00,330\n")
    with pytest.raises(ConfigError, match="bare numbers") as told:
        read(folder, calls={"file": "log.csv"})
    assert 'unit = "seconds"' in told.value.remedy
    (row,) = read(folder, calls={"file": "log.csv", "unit": "seconds"})[0].values()
    assert row["minutes"] == 5.5


@pytest.mark.parametrize(
    ("sources", "own", "words"),
    [
        ({"mailbox": {"file": "no.mbox"}}, ("ours.example",), "names 'no.mbox', which is no file"),
        ({"mailbox": {"file": "accounts.csv"}}, ("ours.example",), "not those of a message trace"),
        ({"calls": {"file": "accounts.csv"}}, ("ours.example",), "not those of a call log"),
        ({"calendar": {"file": "accounts.csv"}}, ("ours.example",), "not those of Outlook"),
        ({"mailbox": {"file": "m.mbox"}}, (), "which addresses are yours"),
    ],
)
def test_a_source_that_cannot_be_read_is_named(folder, sources, own, words: str) -> None:
    folder.put("m.mbox", MBOX)
    with pytest.raises(ConfigError, match=words):
        read(folder, own=own, **sources)
