"""Call logs, mailboxes, message traces and calendars as they come out of other programs and countries. Own values."""

from __future__ import annotations

import pytest

from connectors.base import Organisation
from connectors.errors import ConfigError
from connectors.file.config import FilesConfig, parse_mapping
from connectors.file.connector import FileConnector
from enrichment.fields import FIELDS

ACCOUNTS = "id,name,domain,phone\n1,Zelkova,zelkova.example,+49 30 1234500\n2,Brackish,brackish.example,\n"
PEOPLE = (
    "id,name,email,account,phone\np1,Ann Zel,ann@zelkova.example,1,030 1234567\np2,Bo "
    "Brack,bo@brackish.example,2,+4722123499\n"
)


def _connect(folder, source: str, own: tuple[str, ...] = ("ours.example",), **files: str | bytes) -> FileConnector:
    folder.put("accounts.csv", ACCOUNTS)
    folder.put("people.csv", PEOPLE)
    for name, content in files.items():
        folder.put(name.replace("__", "."), content)
    key, name = source.split(" ")
    mapping = {
        "accounts": {"from": "accounts.csv", "columns": {c: c for c in ("id", "name", "domain", "phone")}},
        "people": {"from": "people.csv", "columns": {"id": "id", "name": "name", "email": "email",
            "account_id": "account", "phone": "phone"}},
        key: {"file": name, **({"region": "DE"} if key == "calls" else {})},
    }  # fmt: skip
    config = FilesConfig(input=str(folder.input), output=str(folder.output), time_zone="Europe/Berlin")
    return FileConnector(
        config, parse_mapping(mapping, "mapping.toml"), FIELDS, Organisation(own, "EUR", "Europe/Berlin")
    )


def _acts(connector: FileConnector) -> tuple[list[dict[str, object]], list[str], str]:
    rows, rejects = [], []
    for page in connector.read("activities", None):
        rows += page.batch.to_pylist()
        rejects += [r.message for r in page.rejects]
    told = "\n".join(f"{f.message} {f.remedy}" for f in connector.check().findings)
    connector.close()
    return rows, rejects, told


def _call(row: dict[str, object]) -> tuple[object, ...]:
    return (row["direction"], row["outcome"], f"{row['occurred_at']:%Y-%m-%d %H:%M}", row["minutes"], row["person_ids"])


def test_a_log_with_weekdays_and_american_dates_and_no_faxes(folder) -> None:
    """RingCentral's call log gives `Mon 01/12/2026` and `9:17 AM` apart, and lists faxes. A day beyond the 12th
    tells the order.
    """
    text = (
        "Direction,Type,Phone Number,Date,Time,Action Result,Duration\n"
        "Outgoing,Voice,(030) 123-4567,Mon 01/12/2026,9:17 AM,Call connected,0:05:30\n"
        "Incoming,Voice,+4722123499,Tue 01/13/2026,10:17 PM,Missed,0:00:00\n"
        "Incoming,Fax,+4722123499,Tue 01/13/2026,10:18 PM,Received,0:01:00\n"
    )
    rows, rejects, told = _acts(_connect(folder, "calls log.csv", log__csv=text))
    assert [_call(r) for r in rows] == [
        ("outbound", "done", "2026-01-12 08:17", 5.5, ["p1"]),
        ("inbound", "not_connected", "2026-01-13 21:17", 0.0, ["p2"]),
    ]
    assert rejects == []
    assert "1 faxes and texts" in told


def test_a_log_whose_dates_tell_nothing_names_both_formats(folder) -> None:
    text = "Direction,Phone Number,Start Time,Duration\nInbound,+4722123499,04/03/2026 9:17 AM,0:05:30\n"
    rows, rejects, _ = _acts(_connect(folder, "calls log.csv", log__csv=text))
    assert rows == []
    assert '"%d/%m/%Y %I:%M %p" or "%m/%d/%Y %I:%M %p"' in rejects[0]


def test_aircall_gives_seconds_and_its_utc_column_is_utc(folder) -> None:
    """Aircall's export names `datetime (UTC)` and `duration (in call)`, in seconds."""
    text = (
        "number timezone,datetime (UTC),direction,from,to,answered,duration (total),duration (in call),call id\n"
        "Europe/Berlin,2026-01-12T08:17:05,outbound,+4930999,+49301234567,Yes,350,330,111\n"
    )
    rows, _, _ = _acts(_connect(folder, "calls log.csv", log__csv=text))
    assert [_call(r) for r in rows] == [("outbound", "done", "2026-01-12 08:17", 5.5, ["p1"])]


def test_two_legs_of_a_call_are_one_and_withheld_numbers_nobodys(folder) -> None:
    text = (
        "call id;direction;from;to;start time;duration;result\n"
        "1;inbound;+4722123499;+4930999;2026-01-12 09:17:05;00:00:20;Missed\n"
        "1;inbound;+4722123499;+4930999;2026-01-12 09:17:25;00:05:00;Accepted\n"
        "2;inbound;anonymous;+4930999;2026-01-12 09:17:05;00:00:20;Accepted\n"
        "3;inbound;+4722123499;+4930999;1768209425;00:01:00;Juggled\n"
    )
    rows, rejects, told = _acts(_connect(folder, "calls log.csv", log__csv=text))
    assert [_call(r) for r in rows] == [
        ("inbound", "done", "2026-01-12 08:17", 5.0, ["p2"]),
        ("inbound", None, "2026-01-12 09:17", 1.0, ["p2"]),
    ]
    assert "'Juggled' is no outcome that is known" in rejects[0]
    assert "1 calls with a number that is withheld" in told


def test_a_log_with_german_headers(folder) -> None:
    text = (
        "Anruf-ID;Richtung;Von;An;Startzeit;Dauer;Ergebnis\n"
        "1;Ausgehend;+4930999;0301234567;04.03.2026 09:17:05;00:05:20;Angenommen\n"
    )
    rows, _, _ = _acts(_connect(folder, "calls log.csv", log__csv=text))
    assert [_call(r)[:3] for r in rows] == [("outbound", "done", "2026-03-04 08:17")]


def _mail(sender: str, to: str, number: int, **headers: str) -> str:
    lines = {"From": sender, "To": to, "Date": "Wed, 4 Mar 2026 13:05:00 +0100", "Message-ID": f"<{number}@x>"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    return "".join(f"{name}: {value}\n" for name, value in lines.items()) + "\nbody\n"


def _mbox(*mails: str) -> str:
    return "".join(f"From x@y.example Wed Mar  4 13:05:00 2026\n{mail}\n" for mail in mails)


def test_a_bounce_a_suppressed_reply_spam_and_a_subdomain(folder) -> None:
    """RFC 3464: a delivery status is a multipart/report that refers to the message. Microsoft: X-Auto-Response-
    Suppress is set by
    programs that send by themselves. Takeout labels drafts and spam in the language of the account."""
    box = _mbox(
        _mail("rep@ours.example", "ann@zelkova.example", 1),
        _mail("MAILER-DAEMON@x.example", "rep@ours.example", 2,
            Content_Type="multipart/report; report-type=delivery-status", In_Reply_To="<1@x>"),
        _mail("ann@zelkova.example", "rep@ours.example", 3, X_Auto_Response_Suppress="All"),
        _mail("ann@zelkova.example", "rep@ours.example", 4, X_Gmail_Labels="=?UTF-8?Q?Entw=C3=BCrfe?="),
        _mail("ann@zelkova.example", "rep@ours.example", 5, X_Gmail_Labels="Spam"),
        _mail("cy@mail.zelkova.example", "rep@ours.example", 6),
        _mail("ann@zelkova.example", "rep@ours.example", 7, Date="2026-03-04T13:05:00Z"),
        _mail("ann@zelkova.example", "rep@ours.example", 8, Date="Thu, 1 Jan 1970 00:00:00 +0000"),
    )  # fmt: skip
    rows, rejects, told = _acts(_connect(folder, "mailbox m.mbox", m__mbox=box))
    found = {r["id"]: (r["outcome"], r["automated"]) for r in rows}
    assert found == {
        "mail <1@x>": ("bounced", False),
        "mail <3@x>": ("done", True),
        "mail <6@x>": ("done", False),
        "mail <7@x>": ("done", False),
    }
    assert len(rejects) == 1
    assert "2 mail without a sender, or never sent" in told


def test_mail_that_is_nobodys_of_ours_doubts_the_domains(folder) -> None:
    box = _mbox(*(_mail("rep@ours.example", "ann@zelkova.example", i) for i in range(3)))
    connector = _connect(folder, "mailbox m.mbox", ("other.example",), m__mbox=box)
    _, _, told = _acts(connector)
    assert "3 of 3 mails are neither from nor to your own domains" in told


@pytest.mark.parametrize(
    ("source", "name", "content", "words"),
    [
        ("mailbox m.mbox", "m__mbox", "hello\nworld\n", "no mail was found in it"),
        ("calendar c.ics", "c__ics", "hello\nworld\n", "no calendar was found in it"),
    ],
)
def test_a_file_that_holds_nothing_of_its_kind_is_named(
    folder, source: str, name: str, content: str, words: str
) -> None:
    rows, rejects, _ = _acts(_connect(folder, source, **{name: content}))
    assert rows == []
    assert words in rejects[0]


def test_a_message_trace_with_semicolons_american_times_and_a_bad_row(folder) -> None:
    """Get-MessageTrace writes times as the computer's locale does."""
    text = (
        "Date (UTC);Sender;Recipient;Subject;Status;Message ID\n"
        "1/31/2026 1:05:00 PM;bo@brackish.example;rep@ours.example;hi;Delivered;<0@x>\n"
        "1/12/2026 1:05:00 PM;rep@ours.example;bo@brackish.example;Re: hi;Delivered;<1@x>\nx;y\n"
    )
    rows, rejects, _ = _acts(_connect(folder, "mailbox t.csv", t__csv=text))
    assert sorted(f"{r['occurred_at']:%Y-%m-%d %H:%M}" for r in rows) == ["2026-01-12 13:05", "2026-01-31 13:05"]
    assert len(rejects) == 1


def _event(uid: str, start: str, extra: str = "", organiser: str = "rep@ours.example") -> str:
    return (
        f"BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART:{start}\r\nDURATION:PT1H\r\nORGANIZER:mailto:{organiser}\r\n"
        f"ATTENDEE:mailto:ann@zelkova.example\r\n{extra}END:VEVENT\r\n"
    )


def _ics(*events: str, before: str = "") -> str:
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{before}{''.join(events)}END:VCALENDAR\r\n"


def test_a_moved_meeting_counts_once_and_a_calendar_is_no_organiser(folder) -> None:
    """RFC 5545: of two components with one UID the higher SEQUENCE holds; METHOD:CANCEL calls off. Google's shared
    calendars organise
    as `...@group.calendar.google.com`."""
    calendar = _ics(
        _event("u1", "20260304T090000Z", "SEQUENCE:0\r\n"),
        _event("u1", "20260305T090000Z", "SEQUENCE:1\r\n"),
        _event("u2", "20260306T090000Z", organiser="abc@group.calendar.google.com"),
        _event("u3", "20260307T090000Z").replace("DTSTART:", "DTSTART;TZID=Nowhere:").replace("0000Z", "0000"),
    )
    rows, _, told = _acts(_connect(folder, "calendar c.ics", c__ics=calendar.encode("utf-16")))
    assert [(f"{r['occurred_at']:%d %H:%M}", r["direction"]) for r in rows] == [
        ("05 09:00", "outbound"),
        ("06 09:00", "outbound"),
        ("07 08:00", "outbound"),
    ]
    assert "the time zone 'Nowhere', which is not known" in told
    rows, _, _ = _acts(
        _connect(folder, "calendar c.ics", c__ics=_ics(_event("u1", "20260304T090000Z"), before="METHOD:CANCEL\r\n"))
    )
    assert [r["outcome"] for r in rows] == ["cancelled"]


OUTLOOK = '"Start Date","Start Time","End Date","End Time","All day event","Meeting Organizer","Required Attendees"\n'


@pytest.mark.parametrize(
    ("day", "other"),
    [
        ("04.03.2026", "14.03.2026"),
        ("04/03/2026", "14/03/2026"),
        ("3/4/2026", "3/14/2026"),
        ("2026-03-04", "2026-03-14"),
    ],
)
def test_outlooks_dates_are_as_all_of_them_show(folder, day: str, other: str) -> None:
    lines = [f'"{d}","9:00:00","{d}","10:00:00","False","Rep One","Ann Zel;Rep One"\n' for d in (day, other)]
    rows, _, _ = _acts(_connect(folder, "calendar o.csv", o__csv=OUTLOOK + "".join(lines)))
    # who organises is not among the people whose account is known, so it is one of us
    assert [(f"{r['occurred_at']:%Y-%m-%d %H:%M}", r["direction"]) for r in rows] == [
        ("2026-03-04 08:00", "outbound"),
        ("2026-03-14 08:00", "outbound"),
    ]


def test_outlooks_dates_that_show_nothing_are_asked(folder) -> None:
    text = OUTLOOK + '"04/03/2026","9:00:00","04/03/2026","10:00:00","False","Rep One","Ann Zel"\n'
    with pytest.raises(ConfigError, match="is 04/03/2026 written day first or month first"):
        _acts(_connect(folder, "calendar o.csv", o__csv=text))


def test_outlook_in_german(folder) -> None:
    text = (
        '"Betreff","Beginnt am","Beginnt um","Endet am","Endet um","Ganztägiges '
        'Ereignis","Besprechungsplanung","Erforderliche Teilnehmer"\n'
        '"x","14.03.2026","09:00:00","14.03.2026","10:00:00","Wahr","Rep One","Ann Zel"\n'
    )
    rows, _, _ = _acts(_connect(folder, "calendar o.csv", o__csv=text))
    assert [(r["date_only"], r["minutes"]) for r in rows] == [(True, None)]
